/// The ends of a change: commit, rollback, a failure, a shutdown; the header of EngineChange has the order.
import Persistence

extension EngineChange {
    /// Gives up the old engine.
    public func commitChange(_ finish: @escaping (PersistenceError?) -> Void) {
        guard stage == .switched, let new else { return finish(busy) }
        stage = .committing
        waiting.append(finish)
        // ORDER: the new engine counts alone before the old one stops.
        _ = commit()
        recordsOld = false
        do throws(PersistenceError) {
            try old.close()
        } catch {
            environment.log.write(
                .warning,
                "The engine '\(from.name)', which is given up, did not close well: \(error)")
        }
        removeFiles(of: oldSide) { [self] error in end(new, error) }
    }

    /// Returns to the old engine.
    public func rollBack(_ finish: @escaping (PersistenceError?) -> Void) {
        switch stage {
        case .committing, .ended, .rollingBack: finish(busy)
        case .copying, .verifying:
            waiting.append(finish)
            giveUp(nil)
        case .switching:
            waiting.append(finish)
            if unsettled == nil { wantsReturn = true } else { beginReturn() }
        case .switched:
            waiting.append(finish)
            beginReturn()
        }
    }

    func beginReturn() {
        stage = .rollingBack
        unsettled = nil
        returnToOld()
    }

    /// Puts the old engine into force again.
    func returnToOld() {
        hold()
        settle(old) { [self] error in
            if isClosed || stage != .rollingBack { return }
            if let error {
                release()
                return retryReturn(error)
            }
            writeOldCurrent()
        }
    }

    private func retryReturn(_ error: PersistenceError) {
        unsettled = error
        environment.log.write(
            .warning, "Can't return to '\(from.name)' yet, it will be tried again: \(error)")
    }

    private func writeOldCurrent() {
        let (disk, path) = (environment.fileSystem, directory.path)
        let content = CurrentFile(engine: from.name, generation: directory.generation + 1)
        // An engine that keeps nothing is in force where nothing says otherwise.
        let keepsFiles = !from.abilities.isDisjoint(with: [.journal, .snapshots])
        onDisk { () throws(PersistenceError) in
            if keepsFiles { return try content.write(in: path, disk) }
            if try disk.status(path + "/" + CurrentFile.name) != nil {
                try disk.unlink(path + "/" + CurrentFile.name)
            }
            try disk.syncDirectory(path)
        } then: { [self] error in
            if let error {
                release()
                return retryReturn(error)
            }
            if keepsFiles { directory.didWrite(content) }
            returned = true
            release()
            giveUp(nil)
        }
    }

    // MARK: Giving up the new engine

    /// The change can't go on: the old engine stays.
    func fail(_ error: PersistenceError) {
        switch stage {
        case .copying, .verifying, .switching: break
        case .switched, .committing, .rollingBack, .ended: return
        }
        environment.log.write(
            .warning, "The change of engine from '\(from.name)' to '\(to.name)' failed: \(error)")
        // Where CURRENT may name the new engine already, the old one is put into force first.
        if stage == .switching && unsettled != nil {
            stage = .rollingBack
            return returnToOld()
        }
        giveUp(error)
    }

    /// Closes the new engine and removes its files; the old one is in force.
    func giveUp(_ failure: PersistenceError?) {
        stage = .rollingBack
        returned = true
        recordsNew = false
        release()
        closeNew()
        removeFiles(of: newSide) { [self] error in end(old, failure ?? error) }
    }

    private func closeNew() {
        token.cancel()
        guard let new else { return }
        new.cancelCheckpoint()
        do throws(PersistenceError) {
            try new.close()
        } catch {
            environment.log.write(
                .notice, "The engine '\(to.name)', which is given up, did not close well: \(error)")
        }
    }

    /// Removes an engine's files, then what announces the change.
    private func removeFiles(
        of side: Side, _ finish: @escaping (PersistenceError?) -> Void
    ) {
        let (disk, path) = (environment.fileSystem, directory.path)
        let (entry, settings) = (side.entry, side.settings)
        onDisk { () throws(PersistenceError) in
            try MigrationRemains.remove(entry, settings, in: path, disk)
        } then: {
            finish($0)
        }
    }

    private func end(_ winner: any PersistenceBackend, _ failure: PersistenceError?) {
        stage = .ended
        self.winner = winner
        let waiting = waiting
        self.waiting = []
        host.migrationEnded(self, winner: winner, failure: failure)
        for finish in waiting { finish(failure) }
    }

    // MARK: Shutdown

    /// Closes both; before the switch the change is given up with the server.
    public func close() throws(PersistenceError) {
        if isClosed { return }
        // What is under way comes to its end first, one way or the other.
        token.cancel()
        if !hasSwitched { new?.cancelCheckpoint() }
        environment.runner.drain()
        isClosed = true
        release()
        switch stage {
        case .ended: return
        case .committing: try new?.close()
        case .switched, .switching, .rollingBack:
            // Which of them CURRENT names may be open: both have everything.
            let failure = closing(new)
            try old.close()
            if let failure { throw failure }
        case .copying, .verifying:
            closeNew()
            try old.close()
            try MigrationRemains.remove(
                newSide.entry, newSide.settings, in: directory.path, environment.fileSystem)
        }
    }

    private func closing(_ backend: (any PersistenceBackend)?) -> PersistenceError? {
        do throws(PersistenceError) {
            try backend?.close()
            return nil
        } catch {
            return error
        }
    }
}

/// What a change of engine leaves of the engine that lost.
enum MigrationRemains {
    /// Removes an engine's files, then MIGRATION; durable when it returns.
    ///
    /// ORDER: a crash before the last step finds MIGRATION and the rest of the files.
    static func remove(
        _ entry: BackendEntry, _ settings: BackendSettings, in path: String, _ disk: any FileSystem
    ) throws(PersistenceError) {
        var folders: Set<String> = [path]
        for file in try entry.files(disk, settings) {
            try unlink(file, disk)
            folders.insert(String(file[..<(file.lastIndex(of: "/") ?? file.endIndex)]))
        }
        for folder in folders.sorted() { try disk.syncDirectory(folder) }
        if try disk.status(path + "/" + MigrationFile.name) == nil { return }
        try disk.unlink(path + "/" + MigrationFile.name)
        try disk.syncDirectory(path)
    }

    /// Removes a file, unless it went by itself: SQLite's own helpers do when the last connection is closed.
    private static func unlink(_ file: String, _ disk: any FileSystem) throws(PersistenceError) {
        do throws(PersistenceError) {
            try disk.unlink(file)
        } catch {
            if try disk.status(file) != nil { throw error }
        }
    }
}
