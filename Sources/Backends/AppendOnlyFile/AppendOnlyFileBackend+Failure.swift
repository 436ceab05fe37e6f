/// A failing disk: what is kept, what is tried again, and when writes are taken again.
///
/// A failed write(2) is undone to the group's start and tried again, ten times a second. A failed sync is
/// worse: the kernel may have dropped the pages and will call the next sync a success, so the file
/// is never trusted again. All that isn't durable goes from memory to a new increment; once the manifest names
/// it, the old file is cut at its durable offset (ORDER: not before: a process killed in between must
/// still find the bytes there), and a full rewrite is asked for.
import Bytes
import Persistence

/// What a failover needs, away from the engine's thread.
private struct FailoverPlan: Sendable {
    var header: IncrementHeader
    var number: Int
    var content: [UInt8]
    var manifest: [UInt8]
    var places: LogPlaces
    var cut: (path: String, size: Int)?
    var unlinked: [String]
    var lastSequence: UInt64
    var fileSystem: any FileSystem
}

extension AppendOnlyFileBackend {
    func writeFailed(_ error: PersistenceError) {
        if case .fine = health {
            environment.log.write(
                .warning, "Error writing to the AOF file: \(SystemErrorText.text(error.errno))")
        }
        health = .writeFailing(error)
        lastRetryNanoseconds = lastTickNanoseconds
        announceFailure(through: writer.sequence)
    }

    func writeHealed() {
        health = .fine
        environment.log.write(
            .warning, "AOF write error looks solved. The server can write again.")
    }

    /// The durability of what was executed up to `ticket` is unknown: told after the current call.
    func announceFailure(through ticket: CommitTicket) {
        environment.runner.later {
            if self.isClosed { return }
            self.environment.progress(self.released < ticket ? ticket : nil)
        }
    }

    func retryWrite(now: UInt64) {
        if now &- lastRetryNanoseconds < 90_000_000 { return }
        lastRetryNanoseconds = now
        writer.closeGroup()
        flush()
        if case .fine = health { environment.progress(nil) }
    }

    func syncFailed(_ error: PersistenceError) {
        environment.log.write(
            .warning,
            "Fail to fsync the AOF file: \(SystemErrorText.text(error.errno)). Its unsynced part will "
                + "be written to a new file")
        health = .distrusted(error)
        rewrite.isForced = true
        lastRetryNanoseconds = lastTickNanoseconds
        environment.progress(writer.sequence)
    }

    func retryFailover(now: UInt64) {
        // A rewrite that is about to be published finishes first: both write the manifest.
        if isManifestBusy || sync.isInFlight || now &- lastRetryNanoseconds < 90_000_000 { return }
        lastRetryNanoseconds = now
        let plan = planFailover()
        isManifestBusy = true
        environment.runner.run(on: .sync) {
            Self.run(plan.job)
        } finish: { result in
            self.endFailover(result, plan)
        }
    }

    /// Both halves of a failover: the job, and what the manifest will be.
    private func planFailover() -> (job: FailoverPlan, manifest: Manifest) {
        rewrite.cancel()
        writer.closeGroup()
        let copy = queue.copyForNewFile()
        let number = nextIncrement
        nextIncrement += 1
        // The same salt as before: the kept groups go over as they are.
        let salt = writer.salt
        let header = IncrementHeader(salt: salt, firstSequence: durable + 1, durable: durable)
        let out = LogFile.head(header)
        if copy.startDatabase >= 0 {
            GroupWriter.selectGroup(
                database: copy.startDatabase, firstSequence: durable + 1, durable: durable,
                time: UInt64(max(0, environment.clock.now.millisecondsSinceEpoch)), salt: salt,
                to: out)
        }
        out.append(copy.bytes)
        let void = files.filter { $0.firstSequence > durable }
        let cut = files.last { $0.firstSequence <= durable }
        var manifest = manifest
        let names = Set(void.map(\.name))
        manifest.increments.removeAll { names.contains($0.name) }
        let name = places.increment(number)
        manifest.increments.append(
            Manifest.Entry(name: name, number: number, kind: .increment, salt: salt.bits))
        let plan = FailoverPlan(
            header: header, number: number, content: out.array, manifest: manifest.serialized,
            places: places, cut: cut.map { ($0.path, $0.durableSize) },
            unlinked: void.map(\.path) + abandoned, lastSequence: copy.lastSequence,
            fileSystem: environment.fileSystem)
        return (plan, manifest)
    }

    private static func run(_ plan: FailoverPlan) -> Result<any FileHandle, PersistenceError> {
        let disk = plan.fileSystem
        let path = plan.places.path(plan.places.increment(plan.number))
        do throws(PersistenceError) {
            let handle = try disk.open(path, .create)
            do {
                try handle.writeAll(plan.content)
                try handle.sync()
                try disk.replace(
                    plan.places.manifestName, in: plan.places.directory, with: plan.manifest)
            } catch {
                handle.close()
                throw error
            }
            finishOldFiles(plan)
            return .success(handle)
        } catch {
            return .failure(error)
        }
    }

    /// Cuts and removes what the new file replaces. A reader ignores it anyway, so nothing here may
    /// fail the failover.
    private static func finishOldFiles(_ plan: FailoverPlan) {
        for path in plan.unlinked {
            do { try plan.fileSystem.unlink(path) } catch { continue }
        }
        guard let cut = plan.cut else { return }
        do throws(PersistenceError) {
            let old = try plan.fileSystem.open(cut.path, .update)
            defer { old.close() }
            try old.truncate(to: cut.size)
            try old.sync()
        } catch {
            // The next increment begins where this one's good part ends: the rest is void.
        }
    }

    private func endFailover(
        _ result: Result<any FileHandle, PersistenceError>,
        _ plan: (job: FailoverPlan, manifest: Manifest)
    ) {
        isManifestBusy = false
        let name = places.increment(plan.job.number)
        switch result {
        case .failure(let error):
            isManifestCertain = false
            abandoned.append(places.path(name))
            health = .distrusted(error)
            environment.log.write(.warning, "Can't open a new AOF file yet: \(error)")
        case .success(let handle):
            let file = LogFile(
                name: name, number: plan.job.number, path: places.path(name),
                salt: plan.job.header.salt, handle: handle, size: plan.job.content.count,
                firstSequence: plan.job.header.firstSequence)
            retire(files)
            files = [file]
            manifest = plan.manifest
            isManifestCertain = true
            abandoned = []
            health = .fine
            queue.markWritten(through: plan.job.lastSequence)
            raiseDurable(to: plan.job.lastSequence)
            environment.log.write(
                .warning, "The AOF goes on in \(name). The server can write again.")
            if isClosed { return }
            flush()
            environment.progress(nil)
        }
    }
}
