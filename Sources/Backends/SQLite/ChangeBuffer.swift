/// Mutations as bytes, from the engine's thread to the lane that writes them: no SQLite here, and no allocation.
///
///     change:  u64 code + database << 8 | items
///     item:    number (8 bytes, lowest first) | bytes (count as a number, then the bytes)
///
/// How many items a change has follows from its code and its counts. The buffer never leaves the process.
///
/// INVARIANT 1: changes of one unit stand in one buffer.
/// Threads: one at a time: the engine's until it is handed over, the lane's from then on.
import Bytes
import Records

/// What a change is; see `Mutation`.
enum ChangeCode: UInt64 {
    case set, setKeepingDeadline, append, setRange, delete, expire, persist, rename, copy, move
    case swapDatabases, flushDatabase, flushAll
    case hashSet, hashDelete, hashExpire, hashPersist
    case listPush, listPop, listSet, listInsert, listTrim, listRemove, listMove
    case setAdd, setRemove, setMove
    case sortedSetAdd, sortedSetRemove, sortedSetRemoveRanks
    case streamAdd, streamDelete, streamTrim, streamSetID
    case createGroup, setGroup, destroyGroup, createConsumer, deleteConsumer, acknowledge, claim
}

/// Changes in the order in which they were made.
final class ChangeBuffer: @unchecked Sendable {
    // BECAUSE: it belongs to one thread at a time, see the header.
    let bytes: ByteWriter
    /// Sequence of the last mutation in it.
    var lastSequence: UInt64 = 0

    init() { bytes = ByteWriter(capacity: 1 << 16) }

    /// Appends one mutation.
    @inline(__always)
    func append(_ mutation: Mutation, database: Int) {
        if case .set(let key, let value, let deadline) = mutation {
            begin(.set, database)
            put(key)
            put(value)
            put(deadline)
        } else {
            appendOther(mutation, database)
        }
    }

    @inline(__always)
    private func begin(_ code: ChangeCode, _ database: Int) {
        bytes.append(littleEndian: code.rawValue | UInt64(database) << 8)
    }

    @inline(__always)
    private func put(_ number: Int) {
        bytes.append(littleEndian: UInt64(bitPattern: Int64(number)))
    }

    @inline(__always)
    private func put(_ view: ByteView) {
        put(view.count)
        bytes.append(view)
    }

    /// No deadline is the lowest number, which is none that a client can set.
    @inline(__always)
    private func put(_ deadline: Deadline?) {
        put(Int(deadline?.millisecondsSinceEpoch ?? .min))
    }

    private func put(_ end: ListEnd) { put(end == .left ? 0 : 1) }

    private func put(_ id: StreamID) {
        bytes.append(littleEndian: id.milliseconds)
        bytes.append(littleEndian: id.sequence)
    }

    private func put(_ ids: [StreamID]) {
        put(ids.count)
        for id in ids { put(id) }
    }

    private func put(_ views: ByteViews) {
        put(views.count)
        for index in 0..<views.count { put(views[index]) }
    }

    @inline(never)
    private func appendOther(_ mutation: Mutation, _ database: Int) {
        func begin(_ code: ChangeCode, _ key: ByteView) {
            self.begin(code, database)
            put(key)
        }
        switch mutation {
        case .set: preconditionFailure("handled by the caller")
        case .setKeepingDeadline(let key, let value):
            begin(.setKeepingDeadline, key)
            put(value)
        case .setMany(let pairs):
            for index in stride(from: 0, to: pairs.count, by: 2) {
                begin(.set, pairs[index])
                put(pairs[index + 1])
                put(Deadline?.none)
            }
        case .append(let key, let suffix):
            begin(.append, key)
            put(suffix)
        case .setRange(let key, let offset, let part):
            begin(.setRange, key)
            put(offset)
            put(part)
        case .delete(let key): begin(.delete, key)
        case .deleteMany(let keys):
            for index in 0..<keys.count { begin(.delete, keys[index]) }
        case .expire(let key, let deadline):
            begin(.expire, key)
            put(deadline)
        case .persist(let key): begin(.persist, key)
        case .rename(let key, let newKey):
            begin(.rename, key)
            put(newKey)
        case .copy(let key, let destination, let target):
            begin(.copy, key)
            put(destination)
            put(target)
        case .move(let key, let target):
            begin(.move, key)
            put(target)
        case .swapDatabases(let first, let second):
            self.begin(.swapDatabases, first)
            put(second)
        case .flushDatabase: self.begin(.flushDatabase, database)
        case .flushAll: self.begin(.flushAll, database)
        default: appendCollection(mutation, begin)
        }
    }

    private func appendCollection(_ mutation: Mutation, _ begin: (ChangeCode, ByteView) -> Void) {
        func items(_ code: ChangeCode, _ key: ByteView, _ items: ByteViews) {
            begin(code, key)
            put(items)
        }
        switch mutation {
        case .hashSet(let key, let pairs): items(.hashSet, key, pairs)
        case .hashDelete(let key, let fields): items(.hashDelete, key, fields)
        case .hashExpire(let key, let deadline, let fields):
            begin(.hashExpire, key)
            put(deadline)
            put(fields)
        case .hashPersist(let key, let fields): items(.hashPersist, key, fields)
        case .setAdd(let key, let members): items(.setAdd, key, members)
        case .setRemove(let key, let members): items(.setRemove, key, members)
        case .setMove(let source, let destination, let member):
            begin(.setMove, source)
            put(destination)
            put(member)
        case .sortedSetAdd(let key, let pairs): items(.sortedSetAdd, key, pairs)
        case .sortedSetRemove(let key, let members): items(.sortedSetRemove, key, members)
        case .sortedSetRemoveRanks(let key, let ranks):
            begin(.sortedSetRemoveRanks, key)
            put(ranks.lowerBound)
            put(ranks.upperBound)
        case .stream(let key, let change): appendStream(change) { begin($0, key) }
        default: appendList(mutation, begin)
        }
    }

    private func appendList(_ mutation: Mutation, _ begin: (ChangeCode, ByteView) -> Void) {
        switch mutation {
        case .listPush(let key, let end, let values):
            begin(.listPush, key)
            put(end)
            put(values)
        case .listPop(let key, let end, let count):
            begin(.listPop, key)
            put(end)
            put(count)
        case .listSet(let key, let index, let value):
            begin(.listSet, key)
            put(index)
            put(value)
        case .listInsert(let key, let pivot, let isBefore, let value):
            begin(.listInsert, key)
            put(pivot)
            put(isBefore ? 1 : 0)
            put(value)
        case .listTrim(let key, let start, let stop):
            begin(.listTrim, key)
            put(start)
            put(stop)
        case .listRemove(let key, let count, let value):
            begin(.listRemove, key)
            put(count)
            put(value)
        case .listMove(let source, let from, let destination, let to):
            begin(.listMove, source)
            put(from)
            put(destination)
            put(to)
        default: preconditionFailure("a mutation without a code")
        }
    }

    private func appendStream(_ change: StreamChange, _ begin: (ChangeCode) -> Void) {
        switch change {
        case .add(let id, let fields):
            begin(.streamAdd)
            put(id)
            put(fields)
        case .delete(let ids):
            begin(.streamDelete)
            put(ids)
        case .trimOldest(let count, _):
            begin(.streamTrim)
            put(count)
        case .setID(let last, let added, let deleted):
            begin(.streamSetID)
            put(last)
            bytes.append(littleEndian: added)
            put(deleted)
        case .createGroup(let name, let last, let read), .setGroup(let name, let last, let read):
            if case .createGroup = change { begin(.createGroup) } else { begin(.setGroup) }
            put(name)
            put(last)
            put(Int(read))
        case .destroyGroup(let name):
            begin(.destroyGroup)
            put(name)
        case .createConsumer(let group, let name), .deleteConsumer(let group, let name):
            if case .createConsumer = change {
                begin(.createConsumer)
            } else {
                begin(.deleteConsumer)
            }
            put(group)
            put(name)
        case .acknowledge(let group, let ids):
            begin(.acknowledge)
            put(group)
            put(ids)
        case .claim(let group, let consumer, let id, let time, let count, let last):
            begin(.claim)
            put(group)
            put(consumer)
            put(id)
            put(Int(time))
            bytes.append(littleEndian: count)
            put(last)
        }
    }
}

/// Reads the changes of a buffer; its views live as long as the buffer isn't changed.
struct ChangeReader {
    private let bytes: ByteView
    private var offset = 0

    init(_ buffer: ChangeBuffer) { bytes = buffer.bytes.view }

    /// Whether every change was read.
    var isAtEnd: Bool { offset == bytes.count }

    @inline(__always)
    mutating func word() -> UInt64 {
        defer { offset += 8 }
        return bytes.littleEndian64(at: offset)
    }

    /// The next change's code and database.
    @inline(__always)
    mutating func begin() -> (code: ChangeCode, database: Int) {
        let head = word()
        guard let code = ChangeCode(rawValue: head & 0xff) else {
            preconditionFailure("a change that no encoder wrote")
        }
        return (code, Int(head >> 8))
    }

    @inline(__always)
    mutating func number() -> Int { Int(Int64(bitPattern: word())) }

    @inline(__always)
    mutating func view() -> ByteView {
        let count = number()
        defer { offset += count }
        return bytes[offset..<(offset + count)]
    }

    mutating func views() -> [ByteView] {
        let count = number()
        return (0..<count).map { _ in view() }
    }

    mutating func deadline() -> Int64? {
        let number = Int64(bitPattern: word())
        return number == .min ? nil : number
    }

    mutating func end() -> ListEnd { number() == 0 ? .left : .right }

    mutating func id() -> StreamID {
        let milliseconds = word()
        return StreamID(milliseconds, word())
    }

    mutating func ids() -> [StreamID] {
        let count = number()
        return (0..<count).map { _ in id() }
    }
}
