/// The family of sets: one file a command or a tight pair, one line here.
import Bytes
import RESP
import Records

enum SetCommands {
    static var all: [CommandSpec] {
        [
            SAddCommand.spec, SRemCommand.spec, SMoveCommand.spec, SetLookCommands.sismember,
            SetLookCommands.smismember, SetLookCommands.scard, SetLookCommands.smembers,
            SPopCommand.spec, SRandMemberCommand.spec, SScanCommand.spec,
            SetAlgebraCommands.sinter, SetAlgebraCommands.sinterstore, SInterCardCommand.spec,
            SetAlgebraCommands.sunion, SetAlgebraCommands.sunionstore, SetAlgebraCommands.sdiff,
            SetAlgebraCommands.sdiffstore,
        ]
    }
}

extension EntryKind {
    /// Whether it is one of a set's.
    @inline(__always)
    var isSet: Bool { self == .intSet || self == .packedSet || self == .tableSet }
}

extension Engine {
    /// The set at `key` for a reading command; nil where it is absent.
    @inline(__always)
    func readSet(_ key: ByteView, _ session: Session) throws(CommandError) -> SetValue? {
        guard let entry = read(key, session) else { return nil }
        guard entry.kind.isSet else { throw .wrongType }
        return SetValue(entry)
    }

    /// Where the set of `key` is, for a writing command; nil where it is absent.
    @inline(__always)
    func locateSet(_ key: ByteView, _ session: Session) throws(CommandError) -> Position? {
        guard let position = locate(key, session) else { return nil }
        guard position.entry.kind.isSet else { throw .wrongType }
        return position
    }

    /// Writes the set at `position`.
    @inline(__always)
    func setWriter(_ position: Position, _ session: Session) -> SetWriter {
        stampAccess(position.entry)
        return SetWriter(position, in: table(session), self)
    }

    /// A writer for the set of `key`, which is made empty where `position` is nil.
    func setWriter(_ key: ByteView, at position: Position?, _ session: Session) -> SetWriter {
        if let position { return setWriter(position, session) }
        // No integers yet, two bytes wide.
        let empty = Entry.make(key: key, kind: .intSet, value: ByteView("\u{2}"), deadline: nil)
        let position = insertNewAndLocate(empty, session.database)
        return SetWriter(position, in: table(session), self)
    }

    /// After members were taken: the key's watchers are told, and an emptied set goes.
    func finishTaking(
        _ writer: SetWriter, _ key: ByteView, _ event: StaticString, _ session: Session
    ) {
        touch(key, session.database)
        notify(.set, event, key, session.database)
        if writer.count > 0 { return }
        remove(writer.position, database: session.database)
        notify(.generic, "del", key, session.database)
    }

    /// `key` becomes a set of these members, or goes where there are none; recorded.
    ///
    /// - Returns: members stored.
    func storeSet(
        _ key: ByteView, _ members: some Collection<ByteView>, _ event: StaticString,
        _ session: Session
    ) -> Int {
        let database = session.database
        if members.isEmpty {
            if let old = locate(key, session) {
                remove(old, database: database)
                record(.delete(key: key), database: database)
                notify(.generic, "del", key, database)
            }
            return 0
        }
        // The members may be those of the set that goes: the new one is made beside it.
        let built = SetBuilder.build(members, key, heap, settings.limits, scratch)
        if locate(key, session) != nil { record(.delete(key: key), database: database) }
        put(built, in: database)
        recordMembers(of: SetValue(built), key, database)
        notify(.set, event, key, database)
        return members.count
    }

    /// Records what makes a new set.
    private func recordMembers(of set: SetValue, _ key: ByteView, _ database: Int) {
        let keeper = ViewKeeper()
        var batch: [ByteView] = []
        func send() {
            if batch.isEmpty { return }
            batch.withByteViews { record(.setAdd(key: key, members: $0), database: database) }
            batch.removeAll(keepingCapacity: true)
        }
        withExtendedLifetime(keeper) {
            set.forEach { member in
                batch.append(keeper.keep(member, of: set))
                if batch.count == 64 { send() }
            }
            send()
        }
    }
}

/// Makes a set that no table holds yet.
enum SetBuilder {
    /// The entry of a set of different members.
    static func build(
        _ members: some Collection<ByteView>, _ key: ByteView, _ heap: Heap,
        _ limits: CollectionLimits, _ scratch: ByteWriter
    ) -> Entry {
        let integers = members.count <= limits.maximumIntSet ? self.integers(members) : nil
        scratch.removeAll()
        if let integers {
            let width = integers.map(IntegerSet.width).max() ?? 2
            scratch.append(UInt8(width))
            for integer in integers.sorted() {
                IntegerSet.append(integer, width: width, to: scratch)
            }
            return Entry.make(key: key, kind: .intSet, value: scratch.view, deadline: nil)
        }
        if members.count <= limits.maximumPackedSet,
            members.allSatisfy({ $0.count <= limits.maximumPackedSetBytes })
        {
            PackedMembers.append(count: members.count, to: scratch)
            for member in members { PackedFields.append(member, to: scratch) }
            return Entry.make(key: key, kind: .packedSet, value: scratch.view, deadline: nil)
        }
        let table = Table.make(heap)
        for member in members {
            table.insert(
                Entry.make(key: member, kind: .string, value: .empty, deadline: nil),
                hash: heap.sip.hash(member), heap)
        }
        return Entry.make(key: key, kind: .tableSet, table: table, deadline: nil)
    }

    private static func integers(_ members: some Collection<ByteView>) -> [Int64]? {
        var integers: [Int64] = []
        for member in members {
            guard let integer = Decimal.parse(member) else { return nil }
            integers.append(integer)
        }
        return integers
    }
}
