/// From the first file of the new engine to the moment it is in force; the header of EngineChange has the order.
import Bytes
import Digest
import Persistence
import Records

extension EngineChange {
    /// Announces the change, then copies.
    public func begin() {
        let marker = MigrationFile(from: from.name, to: to.name)
        let (disk, path) = (environment.fileSystem, directory.path)
        onDisk { () throws(PersistenceError) in
            try marker.write(in: path, disk)
        } then: { [self] error in
            if let error { return fail(error) }
            do throws(PersistenceError) {
                try copy()
            } catch {
                fail(error)
            }
        }
    }

    /// Changes a file on the sync lane, then goes on unless the change has ended meanwhile.
    func onDisk(
        _ work: @escaping @Sendable () throws(PersistenceError) -> Void,
        then finish: @escaping (PersistenceError?) -> Void
    ) {
        environment.runner.run(on: .sync) { () -> PersistenceError? in
            do throws(PersistenceError) {
                try work()
                return nil
            } catch {
                return error
            }
        } finish: { error in
            if !self.isClosed { finish(error) }
        }
    }

    // MARK: Copying

    private func copy() throws(PersistenceError) {
        guard stage == .copying else { return }
        var environment = environment
        let progress = environment.progress
        environment.progress = { [weak self] failed in
            // Once it is alone, the engine's progress is nobody else's matter.
            if let self, stage != .ended { targetProgressed(failed) } else { progress(failed) }
        }
        let new = newSide.entry.make(
            environment, newSide.settings, directory.guest(engine: newSide.name))
        self.new = new
        let ticket = old.commit()
        try new.start(after: ticket)
        try new.willFreeze()
        // ORDER: nothing is executed between the ticket, the view and the first change that both record.
        copiedThrough = ticket
        recordsNew = true
        try new.checkpoint(host.freezeForMigration()) { [self] result in
            if isClosed || stage != .copying { return }
            switch result {
            case .failure(let error): fail(error)
            case .success(let report):
                copied = report
                verify()
            }
        }
    }

    /// The new engine failed, or goes on.
    private func targetProgressed(_ failed: CommitTicket?) {
        if isClosed { return }
        if hasSwitched { return environment.progress(failed) }
        guard let refusal = new?.refusal else { return environment.progress(nil) }
        fail(
            PersistenceError(
                .io, "The engine '\(to.name)' can't write: \(refusal.reason)", path: directory.path)
        )
    }

    // MARK: Verifying

    private func verify() {
        stage = .verifying
        guard let new else { return }
        let ticket = commit()
        guard let readback = new.readback() else {
            // It was read back before the checkpoint counted.
            return settleAndSwitch()
        }
        let view = host.freezeForMigration()
        let makeSandbox = host.makeSandbox()
        let token = token
        environment.runner.run(on: .inspection) {
            Self.compare(view, readback, makeSandbox, token)
        } finish: { [self] result in
            if isClosed || stage != .verifying { return }
            switch result {
            case .failure(let error): fail(error)
            case .success(let digest):
                verified = (digest, ticket)
                settleAndSwitch()
            }
        }
    }

    /// The digest of the view and of what is read back, which must be the same.
    private static func compare(
        _ view: any FrozenDataset, _ readback: Readback,
        _ makeSandbox: @Sendable () -> MigrationSandbox, _ token: CancelToken
    ) -> Result<Hash256, PersistenceError> {
        do {
            let expected = try DatasetDigest.of(view) { token.isCancelled }
            let sandbox = makeSandbox()
            try readback(sandbox.target)
            let found = try DatasetDigest.of(sandbox.freeze(), at: view.frozenAt) {
                token.isCancelled
            }
            if found == expected { return .success(expected.digest.root) }
            return .failure(
                PersistenceError(
                    .corrupt,
                    "The new engine's files don't hold the data: \(found.counts.keys) keys of the "
                        + "digest \(found.digest.root.hex) instead of \(expected.counts.keys) of "
                        + "\(expected.digest.root.hex)"))
        } catch let error as PersistenceError {
            return .failure(error)
        } catch {
            return .failure(PersistenceError(.io, "\(error)"))
        }
    }

    // MARK: Switching

    private func settleAndSwitch() {
        stage = .switching
        guard let new else { return }
        hold()
        settle(new) { [self] error in
            if isClosed || stage != .switching { return }
            if let error {
                release()
                return fail(error)
            }
            writeCurrent()
        }
    }

    /// Makes everything executed so far durable in `backend`: by a sync of its journal, or a save.
    func settle(
        _ backend: any PersistenceBackend, _ finish: @escaping (PersistenceError?) -> Void
    ) {
        _ = commit()
        guard backend.descriptor.abilities.contains(.snapshots) else {
            return backend.settle(finish)
        }
        do throws(PersistenceError) {
            try backend.willFreeze()
            try backend.checkpoint(host.freezeForMigration()) { result in
                switch result {
                case .success: finish(nil)
                case .failure(let error): finish(error)
                }
            }
        } catch {
            finish(error)
        }
    }

    /// Puts the new engine into force. A failure leaves open which of the two `CURRENT` names: it is tried again.
    private func writeCurrent() {
        let content = CurrentFile(engine: to.name, generation: directory.generation + 1)
        let (disk, path) = (environment.fileSystem, directory.path)
        onDisk { () throws(PersistenceError) in
            try content.write(in: path, disk)
        } then: { [self] error in
            release()
            unsettled = error
            if let error {
                // Which of the two CURRENT names is open, and so is what a return would have to undo.
                if wantsReturn { return beginReturn() }
                return environment.log.write(
                    .warning,
                    "\(CurrentFile.name) can't be written, it will be tried again: \(error)")
            }
            directory.didWrite(content)
            stage = .switched
            environment.log.write(
                .notice,
                "'\(to.name)' is in force; '\(from.name)' goes on recording until PERSIST COMMIT or "
                    + "PERSIST ROLLBACK")
            environment.progress(nil)
            if wantsReturn { beginReturn() }
        }
    }

    /// Tries again what failed, once a second.
    func retry(now: UInt64) {
        if isClosed || unsettled == nil || now &- lastTick < 1_000_000_000 { return }
        lastTick = now
        unsettled = nil
        switch stage {
        case .switching: settleAndSwitch()
        case .rollingBack: returnToOld()
        default: break
        }
    }

    // MARK: Holding writes

    func hold() {
        if heldSince != 0 { return }
        heldSince = max(1, environment.clock.monotonicNanoseconds)
        host.holdWrites(true)
    }

    func release() {
        if heldSince == 0 { return }
        held += environment.clock.monotonicNanoseconds &- heldSince
        heldSince = 0
        host.holdWrites(false)
    }
}

extension EngineChange: QueryableBackend {
    /// What the engine in force answers.
    public func query(
        _ query: BackendQuery, finish: @escaping (Result<QueryAnswer, QueryError>) -> Void
    ) {
        if let queryable = inForce as? any QueryableBackend {
            return queryable.query(query, finish: finish)
        }
        let name = inForce.descriptor.name
        environment.runner.later {
            finish(.failure(QueryError("the engine '\(name)' answers no queries")))
        }
    }
}
