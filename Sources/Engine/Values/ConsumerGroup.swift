/// A consumer group of a stream: what was delivered and not acknowledged, and to whom.
///
///     header   0..32 tree of pending entries (its bytes cover everything)
///              32 last id   48 entries read, -1: unknown
///              56..112 table of consumers, begun with the first one; its first word is 0 until then
///
/// A pending entry names its consumer by the address of the consumer's name, a block that lives as long as the
/// consumer does, whoever copies headers meanwhile; so a view reads names without a search.
///
/// INVARIANT 1: an id is pending in the group exactly where it is pending for one of its consumers, the one
/// whose name the group's element has.
import Bytes
import Records

/// An entry that was delivered and not acknowledged.
struct PendingPlace: TreeElement {
    let id: StreamID
    /// When it was delivered last, in milliseconds since 1970.
    var time: Int64
    /// How often.
    var count: UInt64
    /// The name of its consumer.
    var owner: ConsumerName

    var weight: Int { 1 }
    static var leafCapacity: Int { 16 }
}

/// The address of a consumer's name: which consumer it is.
@safe
struct ConsumerName: Equatable, BitwiseCopyable {
    private let address: UInt

    /// A block with these bytes.
    init(_ name: ByteView) {
        let raw = UnsafeMutableRawPointer.allocate(byteCount: 8 + name.count, alignment: 8)
        unsafe raw.storeBytes(of: name.count, as: Int.self)
        unsafe name.withUnsafePointer { base, count in
            unsafe (raw + 8).copyMemory(from: base, byteCount: count)
        }
        address = UInt(bitPattern: raw)
    }

    /// The block.
    var raw: UnsafeMutableRawPointer {
        // SAFETY: the address was a block's when the name was made, and goes with its consumer.
        unsafe UnsafeMutableRawPointer(bitPattern: address).unsafelyUnwrapped
    }

    /// The name.
    var text: ByteView {
        unsafe ByteView(
            base: UnsafePointer((raw + 8).assumingMemoryBound(to: UInt8.self)),
            count: raw.load(as: Int.self))
    }

    /// Bytes of the block.
    var allocatedBytes: Int { 8 + text.count }
}

/// The address of a group's header.
@safe
struct ConsumerGroup {
    let raw: UnsafeMutableRawPointer

    // SAFETY: whoever has the address has it from an entry of its kind, and the entry owns the header.
    init(raw: UnsafeMutableRawPointer) { unsafe self.raw = raw }

    private static let consumersAt = 56
    static let headerBytes = consumersAt + Table.headerBytes

    /// What is pending, by id.
    @inline(__always)
    var pending: OrderedTree<PendingPlace> { unsafe OrderedTree(raw: raw) }

    /// A group that stands at `last`.
    static func make(last: StreamID, entriesRead: Int64, _ heap: Heap) -> ConsumerGroup {
        let raw = UnsafeMutableRawPointer.allocate(byteCount: headerBytes, alignment: 8)
        unsafe raw.initializeMemory(as: UInt8.self, repeating: 0, count: headerBytes)
        unsafe OrderedTree<PendingPlace>.begin(at: raw, heap).account(headerBytes, heap)
        let group = unsafe ConsumerGroup(raw: raw)
        group.last = last
        group.entriesRead = entriesRead
        return group
    }

    /// Frees everything; any thread, once.
    func freeEverything() {
        pending.freeNodes { _ in }
        if hasConsumers { consumers.freeContents() }
        unsafe raw.deallocate()
    }

    /// A copy that shares nothing with this one.
    func deepCopy(_ heap: Heap) -> ConsumerGroup {
        let copy = ConsumerGroup.make(last: last, entriesRead: entriesRead, heap)
        for (name, consumer) in sortedConsumers() {
            copy.createConsumer(name, now: 0, heap)
            copy.changeConsumer(name, heap) {
                $0.seen = consumer.seen
                $0.active = consumer.active
            }
        }
        pending.forEach {
            copy.deliver($0.id, time: $0.time, count: $0.count, to: $0.owner.text, heap)
        }
        return copy
    }

    // MARK: The header's fields

    /// The last id delivered.
    var last: StreamID {
        get { unsafe raw.load(fromByteOffset: 32, as: StreamID.self) }
        nonmutating set { unsafe raw.storeBytes(of: newValue, toByteOffset: 32, as: StreamID.self) }
    }

    /// Entries read; -1: unknown.
    var entriesRead: Int64 {
        get { unsafe raw.load(fromByteOffset: 48, as: Int64.self) }
        nonmutating set { unsafe raw.storeBytes(of: newValue, toByteOffset: 48, as: Int64.self) }
    }

    /// Whether there was ever a consumer.
    private var hasConsumers: Bool {
        unsafe raw.load(fromByteOffset: ConsumerGroup.consumersAt, as: UInt.self) != 0
    }

    private var consumers: Table { unsafe Table(raw: raw + ConsumerGroup.consumersAt) }

    /// The consumers by name, once there was any.
    var table: Table? { hasConsumers ? consumers : nil }

    /// Consumers in the group.
    var consumerCount: Int { hasConsumers ? consumers.count : 0 }

    // MARK: Looking

    /// What is pending under this id.
    func find(_ id: StreamID) -> PendingPlace? {
        path(to: id).map { pending.element($0) }
    }

    private func path(to id: StreamID) -> TreePath? {
        var path = pending.path { $0.id < id }
        guard pending.settle(&path), pending.element(path).id == id else { return nil }
        return path
    }

    /// What is pending from `start` to `end`, in order, for as long as `visit` answers true.
    func forEachPending(
        from start: StreamID = .minimum, to end: StreamID = .maximum,
        _ visit: (PendingPlace) -> Bool
    ) {
        var path = pending.path { $0.id < start }
        guard pending.settle(&path) else { return }
        while true {
            let place = pending.element(path)
            if end < place.id || !visit(place) || !pending.next(&path) { return }
        }
    }

    /// The consumer of this name.
    func consumer(_ name: ByteView, _ heap: Heap) -> GroupConsumer? {
        guard hasConsumers, let entry = consumers.find(name, hash: heap.sip.hash(name)) else {
            return nil
        }
        return unsafe GroupConsumer(raw: entry.nested.raw)
    }

    /// The consumers and their names, by rising bytes of the name.
    func sortedConsumers() -> [(name: ByteView, consumer: GroupConsumer)] {
        guard hasConsumers else { return [] }
        var found: [(name: ByteView, consumer: GroupConsumer)] = []
        consumers.forEachEntry { entry in
            unsafe found.append((entry.key, GroupConsumer(raw: entry.nested.raw)))
        }
        return found.sorted { $0.name < $1.name }
    }

    // MARK: Changing; the header is the live side's own

    private func changeConsumers<R>(_ heap: Heap, _ body: (Table) -> R) -> R {
        if !hasConsumers {
            let table = unsafe Table.begin(at: consumers.raw, headerBytes: 0, heap)
            pending.bytes += table.bytes
        }
        let before = consumers.bytes
        defer { pending.bytes += consumers.bytes - before }
        return body(consumers)
    }

    /// A consumer begins; its name is new.
    func createConsumer(_ name: ByteView, now: Int64, _ heap: Heap) {
        changeConsumers(heap) { table in
            let consumer = GroupConsumer.make(name, now: now, heap)
            let nested = unsafe Nested(raw: consumer.raw)
            table.bytes += nested.bytes
            table.insert(
                Entry.make(key: name, kind: .streamConsumer, nested: nested, deadline: nil),
                hash: heap.sip.hash(name), heap)
        }
    }

    /// Lets `body` change the consumer of this name, if there is one.
    func changeConsumer(_ name: ByteView, _ heap: Heap, _ body: (GroupConsumer) -> Void) {
        guard hasConsumers, let place = consumers.locate(name, hash: heap.sip.hash(name)) else {
            return
        }
        changeConsumers(heap) { table in
            table.changeNested(place, heap) { unsafe body(GroupConsumer(raw: $0.raw)) }
        }
    }

    /// A consumer goes, with what was pending for it; its name is that of one.
    func deleteConsumer(_ name: ByteView, _ heap: Heap) {
        guard let consumer = consumer(name, heap) else { return }
        consumer.tree.forEach { pendingID in
            if let path = path(to: pendingID.id) { pending.remove(at: path, heap) }
        }
        changeConsumers(heap) { table in
            guard let place = table.locate(name, hash: heap.sip.hash(name)) else { return }
            let position = table.writable(place, heap)
            let nested = position.entry.nested
            let bytes = nested.bytes
            table.bytes -= bytes
            table.remove(position, heap)
            heap.retire(.nested(nested, .streamConsumer), bytes: bytes, isPrivate: false)
        }
    }

    /// The entry is pending for the consumer, which is there; whoever had it hasn't any more.
    func deliver(_ id: StreamID, time: Int64, count: UInt64, to name: ByteView, _ heap: Heap) {
        guard let consumer = consumer(name, heap) else { return }
        let owner = consumer.name
        let place = PendingPlace(id: id, time: time, count: count, owner: owner)
        let open = pending.path { $0.id < id }
        var path = open
        if pending.settle(&path), pending.element(path).id == id {
            let old = pending.element(path).owner
            pending.set(place, at: &path, heap)
            if old == owner { return }
            changeConsumer(old.text, heap) { $0.remove(id, heap) }
        } else {
            path = open
            pending.insert(place, at: &path, heap)
        }
        changeConsumer(name, heap) { $0.insert(id, heap) }
    }

    /// The entry is not pending any more; whether it was.
    func acknowledge(_ id: StreamID, _ heap: Heap) -> Bool {
        guard let path = path(to: id) else { return false }
        let owner = pending.remove(at: path, heap).owner
        changeConsumer(owner.text, heap) { $0.remove(id, heap) }
        return true
    }
}
