/// Reads the snapshot that a log begins with: an RDB base, ours or a plain Redis's, or the preamble of an old
/// single file whose commands follow it.
///
/// Keys past their deadline are kept, for commands that follow may still use them (a `dump.rdb` drops
/// them). A snapshot was whole before anything named it, so whatever is wrong in it is corruption, never a tail to
/// cut. A base of ours names the sequence that it ends with (`holdfast-sequence`).
///
/// Threads: the loading thread.
import Bytes
import Persistence

/// Reads a snapshot from where its window stands; the window is behind it afterwards.
struct PreambleReader {
    let window: LogWindow
    let replay: LogReplay

    /// Feeds the snapshot to the target.
    ///
    /// - Throws: as `RDBReplay.read`.
    func read() throws(PersistenceError) {
        let window = window
        var snapshot = RDBReplay(
            .log, path: window.path, start: window.offset, into: replay.target
        ) { bytes, count in try window.pull(count, into: bytes) }
        try snapshot.read()
        replay.warnings += snapshot.warnings
        if let sequence = snapshot.facts[RDBFact.sequence].flatMap({ UInt64($0) }) {
            replay.sequence = sequence
            replay.isSequenceKnown = true
        }
        window.move(to: snapshot.position)
    }
}
