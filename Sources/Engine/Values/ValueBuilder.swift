/// Builds one value beside the databases, item by item: what RESTORE and the loading of a dump do.
///
/// The value stands in a table of its own until `finish`, so a payload that turns out bad half-way leaves
/// the dataset as it was. A string, of which datasets have most, needs no table: it comes in one piece.
import Bytes
import RDB
import Records

/// A value in the making; what reads an RDB hands its parts to it.
final class ValueBuilder: ValueSink {
    private let engine: Engine
    /// Made when a collection begins.
    private var madeTable: Table?
    /// A string, ours until `finish` hands it over.
    private var whole: Entry?
    private let key: [UInt8]
    private let hash: UInt64
    /// The consumer group and the consumer that parts belong to now.
    private var group: [UInt8] = []
    private var consumer: [UInt8] = []

    /// A builder of the value of `key`.
    init(_ engine: Engine, key: ByteView) {
        self.engine = engine
        self.key = key.array
        hash = engine.heap.sip.hash(key)
    }

    /// Where a collection stands until it is finished.
    var table: Table {
        if let madeTable { return madeTable }
        let table = Table.make(engine.heap)
        madeTable = table
        return table
    }

    deinit {
        // What was not taken by `finish` goes.
        whole?.free()
        if let madeTable {
            engine.heap.retire(.table(madeTable), bytes: madeTable.bytes, isPrivate: true)
        }
    }

    var heap: Heap { engine.heap }

    /// Where the value is, once it has begun.
    var position: Position? { key.withByteView { table.locate($0, hash: hash) } }

    /// The place of the value, which begins as `kind` with these bytes.
    private func position(_ kind: EntryKind, _ empty: ByteView) -> Position {
        if let position { return position }
        key.withByteView { name in
            table.insert(
                Entry.make(key: name, kind: kind, value: empty, deadline: nil), hash: hash,
                engine.heap)
        }
        guard let position else { preconditionFailure("an entry just put in is there") }
        return position
    }

    /// Puts in the value as a header of `kind`; its bytes are in the table's account already.
    func insert(kind: EntryKind, nested: Nested) -> Position {
        key.withByteView { name in
            table.insert(
                Entry.make(key: name, kind: kind, nested: nested, deadline: nil), hash: hash, heap)
        }
        guard let position else { preconditionFailure("an entry just put in is there") }
        return position
    }

    /// The value is this string.
    func string(_ bytes: ByteView) {
        precondition(whole == nil && madeTable == nil, "a string is the whole value")
        let integer = bytes.count <= 20 ? Decimal.parse(bytes) : nil
        whole = key.withByteView { name in
            if let integer {
                Entry.make(
                    key: name, kind: .integer, word: UInt64(bitPattern: integer), deadline: nil)
            } else {
                Entry.make(key: name, kind: .string, value: bytes, deadline: nil)
            }
        }
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
            key.withByteView { name in
                table.insert(
                    Entry.make(key: name, kind: .stream, nested: nested, deadline: nil),
                    hash: hash, heap)
            }
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

    /// Whether anything was added.
    var isEmpty: Bool { whole == nil && (madeTable == nil || position == nil) }

    /// The entry with the value, which no table holds any more; nil where nothing was added.
    func finish(deadline: Deadline?) -> Entry? {
        if let whole { return finish(whole, deadline) }
        guard madeTable != nil, let position else { return nil }
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
        table.remove(position, engine.heap)
        return entry
    }

    private func finish(_ string: Entry, _ deadline: Deadline?) -> Entry {
        whole = nil
        if deadline == nil { return string }
        defer { string.free() }
        return Entry.make(
            key: string.key, kind: string.kind, value: string.value, deadline: deadline)
    }
}
