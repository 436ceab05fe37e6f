/// Reading the log again while it is written: DEBUG RELOAD and DEBUG LOADAOF.
import Bytes
import Persistence

extension AppendOnlyFileBackend: ReloadableBackend {
    /// Feeds what the files hold now into `target`; nothing is repaired, nothing changes.
    public func reload(
        into target: any ReplayTarget
    ) throws(PersistenceError) -> RecoveryReport {
        let recovery = LogRecovery(
            places: places, settings: settings, disk: environment.fileSystem, target: target,
            progress: { _ in })
        try recovery.run()
        return recovery.report
    }

    /// Reads the base and the increments up to the last group that was committed.
    public func readback() -> Readback? {
        let (places, settings, disk) = (places, settings, environment.fileSystem)
        let last = queue.writtenSequence
        return { target throws(PersistenceError) in
            let recovery = LogRecovery(
                places: places, settings: settings, disk: disk, target: target, upTo: last,
                progress: { _ in })
            try recovery.run()
            if recovery.log.sequence != last {
                throw LogReader.corrupt(
                    "The log ends with sequence \(recovery.log.sequence), but \(last) were written",
                    places.manifest, 0)
            }
        }
    }
}
