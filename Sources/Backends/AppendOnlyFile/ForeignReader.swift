/// Reads what a plain Redis wrote: a whole file, or what it appended to one of ours.
///
/// Nothing guards these bytes, so Redis's own rules hold: annotation lines are skipped, a command that
/// answers an error is noted, a command cut short or a transaction without its EXEC at the end of the
/// last file is cut off, anything else is a bad format and stops the start.
///
/// Threads: the loading thread.
import Bytes
import Persistence

/// Reads commands from where its window stands to the end of the file.
struct ForeignReader {
    let window: LogWindow
    let replay: LogReplay

    /// - Returns: `.foreign`, or `.foreignTorn`.
    func read() throws(PersistenceError) -> LogEnd {
        var transaction: Int?
        replay.target.readsForeign(true)
        defer { replay.target.readsForeign(false) }
        while true {
            try window.show(1)
            let front = window.front
            if front.isEmpty {
                guard let transaction else { return .foreign }
                replay.target.discardOpenTransaction()
                return .foreignTorn(offset: transaction)
            }
            let offset = window.offset
            switch front[0] {
            case UInt8(ascii: "#"):
                if try !skipAnnotation() { return torn(at: offset, transaction) }
            case UInt8(ascii: "*"):
                let taken = try replay.applyFront(front, path: window.path, offset: offset) {
                    Self.follow($0, at: $1, &transaction)
                }
                if taken > 0 {
                    window.skip(taken)
                    continue
                }
                guard let length = try nextCommand(offset) else {
                    return torn(at: offset, transaction)
                }
                Self.follow(replay.parser.arguments.views[0], at: offset, &transaction)
                try replay.apply(path: window.path, offset: offset)
                window.skip(length)
            default: throw badFormat(offset)
            }
        }
    }

    /// Keeps where the open transaction began.
    @inline(__always)
    private static func follow(_ name: ByteView, at offset: Int, _ transaction: inout Int?) {
        if name.equalsIgnoringCase("multi") {
            transaction = offset
        } else if name.equalsIgnoringCase("exec") {
            transaction = nil
        }
    }

    private func torn(at offset: Int, _ transaction: Int?) -> LogEnd {
        replay.target.discardOpenTransaction()
        return .foreignTorn(offset: transaction ?? offset)
    }

    private func nextCommand(_ offset: Int) throws(PersistenceError) -> Int? {
        while true {
            switch replay.parse(window.front) {
            case .command(let length): return length
            case .incomplete:
                if try !window.showMore() {
                    replay.forgetUnfinished()
                    return nil
                }
            case .invalid: throw badFormat(offset)
            }
        }
    }

    /// Skips a line of at most 1,024 bytes; false where the file ends before the line does.
    private func skipAnnotation() throws(PersistenceError) -> Bool {
        try window.show(1024)
        let front = window.front
        // One of our groups behind foreign commands: a group before it has lost its head.
        if Annotation.startsLine(front) { throw badFormat(window.offset) }
        for index in 0..<min(1024, front.count) where front[index] == 10 {
            window.skip(index + 1)
            return true
        }
        if front.count >= 1024 { throw badFormat(window.offset) }
        return false
    }

    private func badFormat(_ offset: Int) -> PersistenceError {
        PersistenceError(
            .corrupt,
            "Bad file format reading the append only file: make a backup of your AOF file, then use "
                + "./redis-check-aof --fix <filename>", path: window.path, offset: offset,
            remedy: "Or salvage what can be read with 'aof-check --salvage \(window.path)'")
    }
}
