/// A second, read-only look at the file, in one state: what a change of engine compares, what DEBUG RELOAD loads.
///
/// The sync lane opens it between two transactions, so that the state is that of one sequence; whoever reads may
/// be on another thread and waits for the gate.
import Digest
import Persistence
import Records

/// See the file's header.
final class FileReader: @unchecked Sendable {
    // BECAUSE: written before the gate opens, used by one thread behind it.
    private let gate = Gate()
    private let path: String
    private let sequence: CommitTicket
    private let now: Deadline
    private var connection: SQLiteConnection?
    private var failure: PersistenceError?

    init(path: String, sequence: CommitTicket, now: Deadline) {
        self.path = path
        self.sequence = sequence
        self.now = now
    }

    /// Opens the file and takes hold of the state that it is in.
    func open() {
        do throws(PersistenceError) {
            let opened = try SQLiteConnection(path, isReadOnly: true)
            try opened.execute("BEGIN")
            _ = try opened.numbers("SELECT count(*) FROM meta")
            connection = opened
        } catch {
            failure = error
        }
        gate.open()
    }

    /// There is no such state.
    func fail(_ error: PersistenceError) {
        failure = error
        gate.open()
    }

    /// Waits until the file is open, and reads it.
    ///
    /// - Throws: `.corrupt` where it is not at the sequence that was asked for.
    func read(into target: any ReplayTarget) throws(PersistenceError) {
        gate.wait()
        if let failure { throw failure }
        guard let connection else { return }
        self.connection = nil
        let reader = try TableReader(connection, now: now)
        let facts = try reader.readFacts()
        if facts.sequence != sequence {
            throw PersistenceError(
                .corrupt,
                "The database is at sequence \(facts.sequence), but \(sequence) were written",
                path: path)
        }
        try reader.read(into: target, digest: nil) { _ in }
    }
}
