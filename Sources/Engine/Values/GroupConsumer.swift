/// A consumer of a group: the ids that are pending for it, and when it was there.
///
///     header   0..32 tree of ids (its bytes cover everything)   32 seen   40 active   48 name's address
import Bytes
import Records

/// An id that is pending for a consumer.
struct PendingID: TreeElement {
    let id: StreamID

    var weight: Int { 1 }
    static var leafCapacity: Int { 16 }
}

/// The address of a consumer's header.
@safe
struct GroupConsumer {
    let raw: UnsafeMutableRawPointer

    // SAFETY: whoever has the address has it from an entry of its kind, and the entry owns the header.
    init(raw: UnsafeMutableRawPointer) { unsafe self.raw = raw }

    static let headerBytes = 56

    /// The ids.
    @inline(__always)
    var tree: OrderedTree<PendingID> { unsafe OrderedTree(raw: raw) }

    /// A consumer for which nothing is pending.
    static func make(_ name: ByteView, now: Int64, _ heap: Heap) -> GroupConsumer {
        let raw = UnsafeMutableRawPointer.allocate(byteCount: headerBytes, alignment: 8)
        let block = ConsumerName(name)
        unsafe OrderedTree<PendingID>.begin(at: raw, heap)
            .account(headerBytes + block.allocatedBytes, heap)
        let consumer = unsafe GroupConsumer(raw: raw)
        unsafe raw.storeBytes(of: block, toByteOffset: 48, as: ConsumerName.self)
        consumer.seen = now
        consumer.active = -1
        return consumer
    }

    /// Frees everything; any thread, once.
    func freeEverything() {
        tree.freeNodes { _ in }
        unsafe name.raw.deallocate()
        unsafe raw.deallocate()
    }

    /// When it last tried anything, in milliseconds since 1970.
    var seen: Int64 {
        get { unsafe raw.load(fromByteOffset: 32, as: Int64.self) }
        nonmutating set { unsafe raw.storeBytes(of: newValue, toByteOffset: 32, as: Int64.self) }
    }

    /// When it last got an entry; -1: never.
    var active: Int64 {
        get { unsafe raw.load(fromByteOffset: 40, as: Int64.self) }
        nonmutating set { unsafe raw.storeBytes(of: newValue, toByteOffset: 40, as: Int64.self) }
    }

    /// The address of its name.
    var name: ConsumerName {
        unsafe raw.load(fromByteOffset: 48, as: ConsumerName.self)
    }

    /// Entries pending for it.
    var pendingCount: Int { tree.weight }

    /// The ids above `id`, in order, for as long as `visit` answers true.
    func forEachID(after id: StreamID, _ visit: (StreamID) -> Bool) {
        var path = tree.path { $0.id <= id }
        guard tree.settle(&path) else { return }
        while visit(tree.element(path).id) {
            if !tree.next(&path) { return }
        }
    }

    // MARK: Changing; the header is the live side's own

    /// The id, which isn't there, is pending.
    func insert(_ id: StreamID, _ heap: Heap) {
        var path = tree.path { $0.id < id }
        tree.insert(PendingID(id: id), at: &path, heap)
    }

    /// The id is not pending any more.
    func remove(_ id: StreamID, _ heap: Heap) {
        var path = tree.path { $0.id < id }
        if tree.settle(&path), tree.element(path).id == id { tree.remove(at: path, heap) }
    }
}
