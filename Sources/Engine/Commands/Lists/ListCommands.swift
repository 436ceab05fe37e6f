/// The family of lists: one file a command or a tight pair, one line here.
import Bytes
import RESP
import Records

enum ListCommands {
    static var all: [CommandSpec] {
        [
            PushCommands.lpush, PushCommands.rpush, PushCommands.lpushx, PushCommands.rpushx,
            PopCommands.lpop, PopCommands.rpop, LMPopCommand.lmpop, LMPopCommand.blmpop,
            LMoveCommands.lmove, LMoveCommands.rpoplpush, LMoveCommands.blmove,
            LMoveCommands.brpoplpush, BlockingPopCommands.blpop, BlockingPopCommands.brpop,
            ListLookCommands.llen, ListLookCommands.lindex, ListLookCommands.lrange,
            LPosCommand.spec, ListEditCommands.lset, ListEditCommands.linsert,
            ListEditCommands.lrem, ListEditCommands.ltrim,
        ]
    }
}

extension ListEnd {
    /// LEFT or RIGHT, in any case.
    static func parse(_ word: ByteView) throws(CommandError) -> ListEnd {
        if word.equalsIgnoringCase("left") { return .left }
        if word.equalsIgnoringCase("right") { return .right }
        throw .syntax
    }

    var pushEvent: StaticString { self == .left ? "lpush" : "rpush" }
    var popEvent: StaticString { self == .left ? "lpop" : "rpop" }
}

extension Engine {
    /// The list at `key` for a reading command; nil where it is absent.
    @inline(__always)
    func readList(_ key: ByteView, _ session: Session) throws(CommandError) -> ListValue? {
        guard let entry = read(key, session) else { return nil }
        guard entry.kind == .packedList || entry.kind == .chunkList else { throw .wrongType }
        return ListValue(entry)
    }

    /// Where the list of `key` is, for a writing command; nil where it is absent.
    @inline(__always)
    func locateList(_ key: ByteView, _ session: Session) throws(CommandError) -> Position? {
        guard let position = locate(key, session) else { return nil }
        let kind = position.entry.kind
        guard kind == .packedList || kind == .chunkList else { throw .wrongType }
        return position
    }

    /// Writes the list at `position`.
    @inline(__always)
    func listWriter(_ position: Position, _ session: Session) -> ListWriter {
        stampAccess(position.entry)
        return ListWriter(position, in: table(session), self)
    }

    /// A writer for the list of `key`, which is made empty where `position` is nil.
    ///
    /// - Parameter isNew: false where the list takes the place of what the key held before.
    func listWriter(
        _ key: ByteView, at position: Position?, _ session: Session, isNew: Bool = true
    ) -> ListWriter {
        if let position { return listWriter(position, session) }
        let empty = Entry.make(key: key, kind: .packedList, value: ByteView("\0\0"), deadline: nil)
        let position = insertNewAndLocate(empty, session.database, isNew: isNew)
        return ListWriter(position, in: table(session), self)
    }

    /// After elements were taken: the key's watchers are told, and an emptied list goes.
    func finishTaking(
        _ writer: ListWriter, _ key: ByteView, _ event: StaticString, _ session: Session
    ) {
        touch(key, session.database)
        notify(.list, event, key, session.database)
        if writer.count > 0 { return }
        remove(writer.position, database: session.database)
        notify(.generic, "del", key, session.database)
    }

    /// Puts in an entry whose key is absent, and says where.
    func insertNewAndLocate(
        _ entry: Entry, _ database: Int, isNew: Bool = true
    ) -> Position {
        let hash = heap.sip.hash(entry.key)
        insertNew(entry, hash: hash, database, isNew: isNew)
        let segment = keyspace.tables[database].segment(hash)
        return Position(segment: segment, slot: segment.find(entry.key, hash: hash), hash: hash)
    }
}
