/// The family of sorted sets: one file a command or a tight pair, one line here.
import Bytes
import RESP
import Records

enum SortedSetCommands {
    static var all: [CommandSpec] {
        [
            ZAddCommand.zadd, ZAddCommand.zincrby, ZRemCommand.spec, ZRemRangeCommands.byRank,
            ZRemRangeCommands.byScore, ZRemRangeCommands.byMember, ZCountCommands.zcard,
            ZCountCommands.zcount, ZCountCommands.zlexcount, ZScoreCommands.zscore,
            ZScoreCommands.zmscore, ZRankCommands.zrank, ZRankCommands.zrevrank,
            ZRangeCommands.zrange, ZRangeCommands.zrevrange, ZRangeCommands.zrangebyscore,
            ZRangeCommands.zrevrangebyscore, ZRangeCommands.zrangebylex,
            ZRangeCommands.zrevrangebylex, ZRangeStoreCommand.spec, ZAlgebraCommands.zunion,
            ZAlgebraCommands.zinter, ZAlgebraCommands.zdiff, ZAlgebraCommands.zunionstore,
            ZAlgebraCommands.zinterstore, ZAlgebraCommands.zdiffstore,
            ZAlgebraCommands.zintercard, ZScanCommand.spec, ZRandMemberCommand.spec,
            ZPopCommands.zpopmin, ZPopCommands.zpopmax, ZPopCommands.bzpopmin,
            ZPopCommands.bzpopmax, ZMPopCommand.zmpop, ZMPopCommand.bzmpop,
        ]
    }
}

extension EntryKind {
    /// Whether it is one of a sorted set's.
    @inline(__always)
    var isSortedSet: Bool { self == .packedSortedSet || self == .treeSortedSet }
}

extension Engine {
    /// The sorted set at `key` for a reading command; nil where it is absent.
    @inline(__always)
    func readSortedSet(
        _ key: ByteView, _ session: Session
    ) throws(CommandError) -> SortedSetValue? {
        guard let entry = read(key, session) else { return nil }
        guard entry.kind.isSortedSet else { throw .wrongType }
        return SortedSetValue(entry)
    }

    /// Where the sorted set of `key` is, for a writing command; nil where it is absent.
    @inline(__always)
    func locateSortedSet(_ key: ByteView, _ session: Session) throws(CommandError) -> Position? {
        guard let position = locate(key, session) else { return nil }
        guard position.entry.kind.isSortedSet else { throw .wrongType }
        return position
    }

    /// Writes the sorted set at `position`.
    @inline(__always)
    func sortedSetWriter(_ position: Position, _ session: Session) -> SortedSetWriter {
        stampAccess(position.entry)
        return SortedSetWriter(
            position, in: table(session), heap, settings.limits, scratch,
            keepsSigns: session.keepsSigns)
    }

    /// A writer for the sorted set of `key`, which is made empty where `position` is nil.
    func sortedSetWriter(
        _ key: ByteView, at position: Position?, _ session: Session
    ) -> SortedSetWriter {
        if let position { return sortedSetWriter(position, session) }
        let empty = Entry.make(
            key: key, kind: .packedSortedSet, value: ByteView("\0\0"), deadline: nil)
        let position = insertNewAndLocate(empty, session.database)
        return SortedSetWriter(
            position, in: table(session), heap, settings.limits, scratch,
            keepsSigns: session.keepsSigns)
    }

    /// A writer for the sorted set of `key`, which is made empty where it is absent.
    func sortedSetWriter(
        _ key: ByteView, _ session: Session
    ) throws(CommandError) -> SortedSetWriter {
        sortedSetWriter(key, at: try locateSortedSet(key, session), session)
    }

    /// After members were taken: the key's watchers are told, and an emptied set goes.
    func finishTaking(
        _ writer: SortedSetWriter, _ key: ByteView, _ event: StaticString, _ session: Session
    ) {
        touch(key, session.database)
        notify(.sortedSet, event, key, session.database)
        if writer.count > 0 { return }
        remove(writer.position, database: session.database)
        notify(.generic, "del", key, session.database)
    }

    /// Takes the members of these ranks (some, within the set) out; recorded.
    func removeRanks(
        _ ranks: Range<Int>, at position: Position, _ key: ByteView, _ event: StaticString,
        _ session: Session
    ) {
        let database = session.database
        if ranks.count == SortedSetValue(position.entry).count {
            // The whole set goes at once, whatever its size.
            notify(.sortedSet, event, key, database)
            remove(position, database: database)
            record(.delete(key: key), database: database)
            notify(.generic, "del", key, database)
            return
        }
        let writer = sortedSetWriter(position, session)
        writer.removeRanks(ranks)
        record(
            .sortedSetRemoveRanks(key: key, ranks: ranks.lowerBound...(ranks.upperBound - 1)),
            database: database)
        finishTaking(writer, key, event, session)
    }

    /// `key` becomes a sorted set of these members, which are different and in order, or goes where there are
    /// none; recorded. They may be those of the set that goes.
    func storeSortedSet(
        _ key: ByteView, _ members: some Collection<(member: ByteView, score: Double)>,
        _ event: StaticString, _ session: Session
    ) {
        let database = session.database
        if members.isEmpty {
            if let old = locate(key, session) {
                remove(old, database: database)
                record(.delete(key: key), database: database)
                notify(.generic, "del", key, database)
            }
            return
        }
        let built = SortedSetBuilder.build(members, key, heap, settings.limits, scratch)
        if locate(key, session) != nil { record(.delete(key: key), database: database) }
        stampNew(built)
        put(built, in: database)
        recordMembers(of: SortedSetValue(built), key, database)
        notify(.sortedSet, event, key, database)
    }

    /// Records what makes a new sorted set.
    private func recordMembers(of set: SortedSetValue, _ key: ByteView, _ database: Int) {
        let batch = SortedSetBatch()
        set.forEach { member, score in
            batch.add(member, score)
            if batch.isFull {
                batch.record(key, self, database)
            }
        }
        batch.record(key, self, database)
    }
}

/// Members and scores on their way into a mutation.
final class SortedSetBatch {
    /// Members in one mutation.
    private static let limit = 64
    /// Bytes that no score's text exceeds.
    private static let scoreBytes = 32

    private let texts = ByteWriter(capacity: limit * scoreBytes * 2)
    private var views: [ByteView] = []

    /// Whether it must be recorded before more is added.
    var isFull: Bool { views.count >= 2 * Self.limit }

    /// Adds a member, whose bytes stay where they are until it is recorded.
    func add(_ member: ByteView, _ score: Double) {
        // The texts never grow beyond the room they began with, so they don't move.
        let start = texts.count
        FloatText.append(score, to: texts)
        views.append(texts.view[start..<texts.count])
        views.append(member)
    }

    /// Records what was added, if anything, and forgets it.
    func record(_ key: ByteView, _ engine: Engine, _ database: Int) {
        if views.isEmpty { return }
        views.withByteViews {
            engine.record(.sortedSetAdd(key: key, scoresAndMembers: $0), database: database)
        }
        views.removeAll(keepingCapacity: true)
        texts.removeAll()
    }
}
