/// Builds values beside the databases, item by item: what RESTORE and the loading of a snapshot do.
///
/// A string is an entry at once. Any other value grows in a table of its own until `finish`, so a payload
/// that turns out bad half-way leaves the dataset as it was; the table is made with the first such value and
/// kept for the next.
///
/// INVARIANT 1: between values the table is empty, and `whole` is nil.
import Bytes
import RDB
import Records

/// A value in the making; what reads an RDB hands its parts to it.
final class ValueBuilder: ValueSink {
    private let engine: Engine
    private let key = ByteWriter(capacity: 64)
    private(set) var hash: UInt64 = 0
    private var deadline: Deadline?
    /// The value where it is a string.
    private var whole: Entry?
    private var madeTable: Table?
    /// The consumer group and the consumer that parts belong to now.
    private var group: [UInt8] = []
    private var consumer: [UInt8] = []

    /// A builder of values for `engine`; `begin` is next.
    init(_ engine: Engine) { self.engine = engine }

    deinit { abandon() }

    /// The value of `key` follows, which goes at `deadline`.
    func begin(_ key: ByteView, deadline: Deadline?) {
        self.key.removeAll()
        self.key.append(key)
        self.deadline = deadline
        hash = engine.heap.sip.hash(key)
    }

    /// Throws away what was built and not taken by `finish`.
    func abandon() {
        if let whole { whole.free() }
        whole = nil
        if let table = madeTable {
            engine.heap.retire(.table(table), bytes: table.bytes, isPrivate: true)
        }
        madeTable = nil
    }

    var heap: Heap { engine.heap }

    /// The table that the value grows in.
    var table: Table {
        if let madeTable { return madeTable }
        let table = Table.make(heap)
        madeTable = table
        return table
    }

    /// Where the value is, once it has begun; nil for strings.
    var position: Position? { madeTable?.locate(key.view, hash: hash) }

    /// The place of the value, which begins as `kind` with these bytes.
    private func position(_ kind: EntryKind, _ empty: ByteView) -> Position {
        if let position { return position }
        return insert(Entry.make(key: key.view, kind: kind, value: empty, deadline: nil))
    }

    /// Puts in the value as a header of `kind`; its bytes are in the table's account already.
    func insert(kind: EntryKind, nested: Nested) -> Position {
        insert(Entry.make(key: key.view, kind: kind, nested: nested, deadline: nil))
    }

    private func insert(_ entry: Entry) -> Position {
        table.insert(entry, hash: hash, heap)
        guard let position else { preconditionFailure("an entry just put in is there") }
        return position
    }

    /// The value is this string.
    func string(_ bytes: ByteView) {
        if bytes.count <= 20, let integer = Decimal.parse(bytes) {
            self.integer(integer)
        } else {
            whole = Entry.make(key: key.view, kind: .string, value: bytes, deadline: deadline)
        }
    }

    /// The value is the string that spells this integer.
    func integer(_ value: Int64) {
        whole = Entry.make(
            key: key.view, kind: .integer, word: UInt64(bitPattern: value), deadline: deadline)
    }

    /// Adds an element at the tail of a list.
    func element(_ bytes: ByteView) {
        ListWriter(position(.packedList, ByteView("\0\0")), in: table, engine).push(bytes, .right)
    }

    /// Adds a member to a set; whether it is new.
    func member(_ bytes: ByteView) -> Bool {
        SetWriter(position(.intSet, ByteView("\u{2}")), in: table, engine).add(bytes)
    }

    /// Adds a member to a sorted set; whether it is new.
    func member(_ bytes: ByteView, score: Double) -> Bool {
        SortedSetWriter(
            position(.packedSortedSet, ByteView("\0\0")), in: table, engine.heap,
            engine.settings.limits,
            engine.scratch, keepsSigns: true
        ).set(bytes, score)
    }

    /// Adds a field to a hash; whether it is new.
    func field(_ name: ByteView, value: ByteView, deadline: Deadline?) -> Bool {
        var writer = HashWriter(
            position(.packedHash, ByteView("\0\0")), in: table, engine.heap,
            engine.settings.hashLimits,
            engine.scratch, at: .distantPast)
        let isNew = writer.set(name, value)
        if let deadline { writer.setDeadline(deadline, of: name) }
        return isNew
    }

    // What follows says itself what it is: nothing has to be begun.
    func beginList(expecting count: Int) {}
    func beginSet(expecting count: Int, isIntegers: Bool) {}
    func beginSortedSet(expecting count: Int) {}
    func beginHash(expecting count: Int) {}

    /// Lets `body` change the stream, which begins empty.
    private func stream<R>(_ body: (StreamTree, Heap) -> R) -> R {
        let heap = engine.heap
        if position == nil {
            let nested = unsafe Nested(raw: StreamTree.make(heap).raw)
            _ = insert(kind: .stream, nested: nested)
            table.bytes += nested.bytes
        }
        guard let position else { preconditionFailure("an entry just put in is there") }
        let nested = table.ownNested(position, heap)
        let before = nested.bytes
        defer { table.bytes += nested.bytes - before }
        return unsafe body(StreamTree(raw: nested.raw), heap)
    }

    func beginStream() { stream { _, _ in } }

    /// Adds an entry, whose id is above the last one's.
    func entry(_ id: StreamID, fields: ByteViews) {
        stream { $0.append(id, fields, engine.settings.limits, engine.scratch, $1) }
    }

    func streamFacts(_ facts: StreamFacts) {
        stream { tree, _ in
            tree.last = facts.last
            tree.maximumDeleted = facts.maximumDeleted
            tree.entriesAdded = facts.entriesAdded
        }
    }

    /// Begins a consumer group; whether its name is new.
    func beginGroup(_ name: ByteView, last: StreamID, entriesRead: Int64) -> Bool {
        group = name.array
        return stream { tree, heap in
            if tree.group(name, heap) != nil { return false }
            tree.createGroup(name, last: last, entriesRead: entriesRead, heap)
            return true
        }
    }

    /// Begins a consumer of the group; whether its name is new.
    func consumer(_ name: ByteView, seenTime: Int64, activeTime: Int64) -> Bool {
        consumer = name.array
        return inGroup { group, heap in
            if group.consumer(name, heap) != nil { return false }
            group.createConsumer(name, now: seenTime, heap)
            group.changeConsumer(name, heap) { $0.active = activeTime }
            return true
        } ?? false
    }

    /// An entry is pending for the consumer.
    func pending(_ id: StreamID, time: Int64, count: UInt64) {
        _ = inGroup { group, heap in
            consumer.withByteView { group.deliver(id, time: time, count: count, to: $0, heap) }
        }
    }

    private func inGroup<R>(_ body: (ConsumerGroup, Heap) -> R) -> R? {
        stream { tree, heap in
            group.withByteView { name in tree.changeGroup(name, heap) { body($0, heap) } }
        }
    }

    /// The entry with the value, which no table holds any more; nil where nothing was added.
    func finish() -> Entry? {
        if let whole {
            self.whole = nil
            return whole
        }
        guard let position else { return nil }
        let old = position.entry
        let entry: Entry
        if old.kind.isNested {
            entry = Entry.make(
                key: old.key, kind: old.kind, nested: engine.handOver(position), deadline: deadline)
            table.bytes -= old.nested.bytes
        } else {
            entry = Entry.make(
                key: old.key, kind: old.kind, value: old.value, deadline: deadline)
        }
        entry.adoptMarks(of: old)
        table.remove(position, heap)
        return entry
    }
}
