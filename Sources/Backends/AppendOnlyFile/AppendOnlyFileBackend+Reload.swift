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
}
