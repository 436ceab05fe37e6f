/// Turns a snapshot that a log begins with into the commands that make it.
import Bytes
import Persistence
import RESP
import Records

/// Spells snapshots.
enum SnapshotSpelling {
    typealias Emit = (
        _ arguments: ByteViews, _ database: Int, _ isNewKey: Bool
    ) throws(PersistenceError) -> Void

    /// Reads a snapshot into the sandbox, then hands its keys on as commands.
    ///
    /// Of a damaged one, the keys before the damage.
    ///
    /// - Throws: what is wrong with it, after the keys were handed on; and what `emit` throws.
    static func read(
        _ window: LogWindow, _ sandbox: LogSalvage.Sandbox, _ emit: Emit
    ) throws(PersistenceError) {
        let replay = LogReplay(target: sandbox.target)
        var failure: PersistenceError?
        do throws(PersistenceError) {
            try PreambleReader(window: window, replay: replay).read()
        } catch {
            if error.code == .io { throw error }
            _ = sandbox.target.endLoading()
            failure = error
        }
        try spell(sandbox.freeze(), emit, path: window.path)
        if let failure { throw failure }
    }

    private static func spell(
        _ view: any FrozenDataset, _ emit: Emit, path: String
    ) throws(PersistenceError) {
        let speller = MutationSpeller()
        let command = ByteWriter()
        let parser = RequestParser()
        parser.limits.maximumArguments = .max
        parser.limits.maximumBulkBytes = 1 << 40
        do {
            for database in 0..<view.databaseCount {
                try view.forEachEntry(database: database) { entry in
                    var isNew = true
                    try speller.spell(entry) { mutation in
                        command.removeAll()
                        CommandEncoder.append(mutation, to: command)
                        guard case .request = try parser.parse(command.view) else { return }
                        try emit(parser.arguments.views, database, isNew)
                        isNew = false
                    }
                }
            }
        } catch let error as PersistenceError {
            throw error
        } catch {
            throw PersistenceError(.io, "\(error)", path: path)
        }
    }
}
