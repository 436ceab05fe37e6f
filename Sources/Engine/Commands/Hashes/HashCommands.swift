/// The family of hashes: one file a command or a tight pair, one line here.
import Bytes
import Records

enum HashCommands {
    static var all: [CommandSpec] {
        [
            HSetCommand.hset, HSetCommand.hmset, HSetCommand.hsetnx, HGetCommand.spec,
            HMGetCommand.spec, HGetAllCommand.hgetall, HGetAllCommand.hkeys, HGetAllCommand.hvals,
            HDelCommand.spec, HLookCommands.hexists, HLookCommands.hlen, HLookCommands.hstrlen,
            HIncrByCommand.spec, HIncrByFloatCommand.spec, HRandFieldCommand.spec,
            HScanCommand.spec,
        ] + HExpireCommands.all + HTTLCommands.all
    }
}

extension Engine {
    /// The hash at `key` for a reading command; nil where it is absent.
    @inline(__always)
    func readHash(_ key: ByteView, _ session: Session) throws(CommandError) -> HashValue? {
        guard let entry = read(key, session) else { return nil }
        guard entry.kind == .packedHash || entry.kind == .tableHash else { throw .wrongType }
        return HashValue(entry, at: fieldTime(session))
    }

    /// Where the hash of `key` is, for a writing command; nil where it is absent.
    @inline(__always)
    func locateHash(_ key: ByteView, _ session: Session) throws(CommandError) -> Position? {
        guard let position = locate(key, session) else { return nil }
        let kind = position.entry.kind
        guard kind == .packedHash || kind == .tableHash else { throw .wrongType }
        return position
    }

    /// A writer for the hash of `key`, which is made empty where it is absent.
    func hashWriter(
        _ key: ByteView, _ session: Session
    ) throws(CommandError) -> HashWriter {
        if let position = try locateHash(key, session) {
            stampAccess(position.entry)
            return hashWriter(position, session)
        }
        let hash = heap.sip.hash(key)
        let empty = Entry.make(key: key, kind: .packedHash, value: ByteView("\0\0"), deadline: nil)
        insertNew(empty, hash: hash, session.database)
        let segment = table(session).segment(hash)
        let position = Position(
            segment: segment, slot: segment.find(key, hash: hash), hash: hash)
        return hashWriter(position, session)
    }
}
