/// The family of streams: one file a command or a tight pair, one line here.
import Bytes
import RESP
import Records

enum StreamCommands {
    static var all: [CommandSpec] {
        [
            XAddCommand.spec, XTrimCommand.spec, XLenCommand.spec, XRangeCommands.xrange,
            XRangeCommands.xrevrange, XDelCommand.spec, XSetIDCommand.spec, XReadCommand.xread,
            XReadCommand.xreadgroup, XGroupCommand.spec, XAckCommand.spec, XPendingCommand.spec,
            XClaimCommand.spec, XAutoClaimCommand.spec, XInfoCommand.spec,
        ]
    }
}

extension Engine {
    /// The stream at `key` for a reading command; nil where it is absent.
    @inline(__always)
    func readStream(_ key: ByteView, _ session: Session) throws(CommandError) -> StreamTree? {
        guard let entry = read(key, session) else { return nil }
        guard entry.kind == .stream else { throw .wrongType }
        return StreamValue(entry).tree
    }

    /// Where the stream of `key` is, for a writing command; nil where it is absent.
    @inline(__always)
    func locateStream(_ key: ByteView, _ session: Session) throws(CommandError) -> Position? {
        guard let position = locate(key, session) else { return nil }
        guard position.entry.kind == .stream else { throw .wrongType }
        return position
    }

    /// As `locateStream`, for commands that Redis counts as reading although they may write: a hit or a miss
    /// is counted, and who listens is told of a miss.
    func locateStreamRead(_ key: ByteView, _ session: Session) throws(CommandError) -> Position? {
        if let position = locate(key, session) {
            statistics.keyspaceHits &+= 1
            guard position.entry.kind == .stream else { throw .wrongType }
            return position
        }
        noteMiss(key, session.database)
        return nil
    }

    /// A place for the stream of `key`, which is made empty.
    func insertStream(_ key: ByteView, _ session: Session) -> Position {
        let header = StreamTree.make(heap)
        let nested = unsafe Nested(raw: header.raw)
        let entry = Entry.make(key: key, kind: .stream, nested: nested, deadline: nil)
        table(session).bytes += nested.bytes
        return insertNewAndLocate(entry, session.database)
    }

    /// Lets `body` change the stream at `position`; the header is the live side's own there.
    @inline(__always)
    func changeStream<R>(
        at position: Position, _ session: Session, _ body: (StreamTree) -> R
    ) -> R {
        stampAccess(position.entry)
        return table(session).changeNested(position, heap) {
            unsafe body(StreamTree(raw: $0.raw))
        }
    }

    /// Records a change of the stream of `key`.
    @inline(__always)
    func record(_ change: StreamChange, of key: ByteView, _ session: Session) {
        record(.stream(key: key, change: change), database: session.database)
    }

    /// Tells the watchers of the key and, where they ask for it, the listeners. What happens to groups is no
    /// change of the key to those who watch it, as in Redis.
    @inline(__always)
    func noteStream(_ event: StaticString, _ key: ByteView, _ session: Session) {
        touch(key, session.database)
        notify(.stream, event, key, session.database)
    }

    /// The time of a delivery.
    var milliseconds: Int64 { now.millisecondsSinceEpoch }
}

extension CommandError {
    /// `NOGROUP No such key 's' or consumer group 'g'`, and what else is said there.
    static func noGroup(
        _ key: ByteView, _ group: ByteView, _ rest: StaticString = ""
    ) -> CommandError {
        CommandError(
            bytes: Array("NOGROUP No such key '".utf8) + shown(key)
                + Array("' or consumer group '".utf8) + shown(group) + Array("'".utf8)
                + ByteView(rest).array)
    }

    /// `NOGROUP No such consumer group 'g' for key name 's'`.
    static func noGroup(_ group: ByteView, in key: ByteView) -> CommandError {
        CommandError(
            bytes: Array("NOGROUP No such consumer group '".utf8) + shown(group)
                + Array("' for key name '".utf8) + shown(key) + Array("'".utf8))
    }
}

extension ReplyWriter {
    /// An id as a bulk string.
    func bulk(_ id: StreamID) {
        let count = StreamIDText.count(id.milliseconds) + 1 + StreamIDText.count(id.sequence)
        bytes.append(UInt8(ascii: "$"))
        bytes.append(decimal: count)
        bytes.appendLineEnd()
        StreamIDText.append(id, to: bytes)
        bytes.appendLineEnd()
    }

    private func bulk(_ element: ListPackElement) {
        switch element {
        case .string(let string): bulk(string)
        case .integer(let integer): bulk(decimal: integer)
        }
    }

    /// An entry: its id and the array of its fields and values.
    func entry(_ entry: StreamEntry) {
        array(2)
        bulk(entry.id)
        array(entry.fieldCount * 2)
        entry.forEachField { field, value in
            bulk(field)
            bulk(value)
        }
    }

    /// At most `limit` entries (negative: all) of a range as an array.
    ///
    /// - Parameter visit: called with the id of each.
    func entries(
        _ cursor: StreamCursor, limit: Int, _ visit: (StreamID) -> Void = { _ in }
    ) {
        var cursor = cursor
        var count = 0
        let start = bytes.count
        while limit < 0 || count < limit, let found = cursor.next() {
            count += 1
            entry(found)
            visit(found.id)
        }
        array(count, before: start)
    }

    /// The head of an array whose elements were written from `start` on.
    func array(_ count: Int, before start: Int) {
        let head = Array("*\(count)\r\n".utf8)
        head.withByteView { bytes.insert($0, at: start) }
    }
}
