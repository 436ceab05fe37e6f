/// A stream: nodes of entries in a tree by their ids, figures, and a table of consumer groups.
///
///     header   0..32 tree (its weight is the stream's length, its bytes cover everything)
///              32 last id   48 first id   64 highest id deleted   80 entries added
///              88..144 table of groups, begun with the first one; its first word is 0 until then
///
/// INVARIANT 1: nodes stand in the order of their ids and so do the entries within; a node's id is at most that
/// of its first entry; the place of a node has the number of its entries that are not marked as deleted.
/// INVARIANT 2: a node may be left without entries by a trim, as Redis's may, never by a deletion.
/// INVARIANT 3: `first` is the id of the first entry, 0-0 in an empty stream.
import Bytes
import Records

/// A node in the tree.
struct StreamNodePlace: TreeElement {
    /// The node's id: that of its first entry, when it was made.
    let id: StreamID
    /// Its address.
    let address: UInt
    /// Entries in it.
    let count: Int

    init(_ id: StreamID, _ node: StreamNode, count: Int) {
        self.id = id
        address = unsafe UInt(bitPattern: node.raw)
        self.count = count
    }

    var weight: Int { count }
    static var leafCapacity: Int { 16 }

    /// What the node says.
    var pack: StreamPack { StreamNode(self).pack(id) }
}

/// The address of a stream's header.
@safe
struct StreamTree {
    let raw: UnsafeMutableRawPointer

    // SAFETY: whoever has the address has it from an entry of its kind, and the entry owns the header.
    init(raw: UnsafeMutableRawPointer) { unsafe self.raw = raw }

    private static let groupsAt = 88
    static let headerBytes = groupsAt + Table.headerBytes

    /// The nodes.
    @inline(__always)
    var tree: OrderedTree<StreamNodePlace> { unsafe OrderedTree(raw: raw) }

    /// An empty stream.
    static func make(_ heap: Heap) -> StreamTree {
        let raw = UnsafeMutableRawPointer.allocate(byteCount: headerBytes, alignment: 8)
        unsafe raw.initializeMemory(as: UInt8.self, repeating: 0, count: headerBytes)
        let tree = unsafe OrderedTree<StreamNodePlace>.begin(at: raw, heap)
        tree.account(headerBytes, heap)
        return unsafe StreamTree(raw: raw)
    }

    /// Frees everything; any thread, once.
    func freeEverything() {
        tree.freeNodes { StreamNode($0).free() }
        if hasGroups { groups.freeContents() }
        unsafe raw.deallocate()
    }

    /// A copy that shares nothing with this one.
    func deepCopy(_ heap: Heap) -> StreamTree {
        let copy = StreamTree.make(heap)
        tree.forEach { place in
            let bytes = StreamNode(place).bytes
            let node = StreamNode.make(bytes, capacity: bytes.count + StreamNode.slack, heap)
            copy.tree.account(node.allocatedBytes, heap)
            var end = copy.tree.endPath()
            copy.tree.insert(StreamNodePlace(place.id, node, count: place.count), at: &end, heap)
        }
        copy.last = last
        copy.first = first
        copy.maximumDeleted = maximumDeleted
        copy.entriesAdded = entriesAdded
        if hasGroups { copy.changeGroups(heap) { groups.copyEntries(to: $0, heap) } }
        return copy
    }

    // MARK: The header's fields

    /// Entries in the stream.
    @inline(__always)
    var length: Int { tree.weight }

    @inline(__always)
    private func id(at offset: Int) -> StreamID {
        unsafe raw.load(fromByteOffset: offset, as: StreamID.self)
    }

    @inline(__always)
    private func setID(_ id: StreamID, at offset: Int) {
        unsafe raw.storeBytes(of: id, toByteOffset: offset, as: StreamID.self)
    }

    /// The highest id ever added.
    @inline(__always)
    var last: StreamID {
        get { id(at: 32) }
        nonmutating set { setID(newValue, at: 32) }
    }

    /// The id of the first entry; 0-0 in an empty stream.
    @inline(__always)
    var first: StreamID {
        get { id(at: 48) }
        nonmutating set { setID(newValue, at: 48) }
    }

    /// The highest id that XDEL deleted; 0-0: none.
    @inline(__always)
    var maximumDeleted: StreamID {
        get { id(at: 64) }
        nonmutating set { setID(newValue, at: 64) }
    }

    /// Entries ever added.
    @inline(__always)
    var entriesAdded: UInt64 {
        get { unsafe raw.load(fromByteOffset: 80, as: UInt64.self) }
        nonmutating set { unsafe raw.storeBytes(of: newValue, toByteOffset: 80, as: UInt64.self) }
    }

    /// Its figures.
    var facts: StreamFacts {
        StreamFacts(
            length: length, last: last, first: first, maximumDeleted: maximumDeleted,
            entriesAdded: entriesAdded)
    }

    // MARK: Groups

    /// Whether there was ever a group.
    @inline(__always)
    var hasGroups: Bool {
        unsafe raw.load(fromByteOffset: StreamTree.groupsAt, as: UInt.self) != 0
    }

    /// The groups by name; only where `hasGroups`.
    @inline(__always)
    var groups: Table { unsafe Table(raw: raw + StreamTree.groupsAt) }

    /// Groups in the stream.
    var groupCount: Int { hasGroups ? groups.count : 0 }

    /// The group of this name.
    func group(_ name: ByteView, _ heap: Heap) -> ConsumerGroup? {
        guard hasGroups, let entry = groups.find(name, hash: heap.sip.hash(name)) else {
            return nil
        }
        return unsafe ConsumerGroup(raw: entry.nested.raw)
    }

    /// The groups and their names, by rising bytes of the name.
    func sortedGroups() -> [(name: ByteView, group: ConsumerGroup)] {
        guard hasGroups else { return [] }
        var found: [(name: ByteView, group: ConsumerGroup)] = []
        groups.forEachEntry { entry in
            unsafe found.append((entry.key, ConsumerGroup(raw: entry.nested.raw)))
        }
        return found.sorted { $0.name < $1.name }
    }

    // MARK: Looking

    /// The entries of a range of ids, from its start or from its end.
    func cursor(
        from start: StreamID = .minimum, to end: StreamID = .maximum, reversed: Bool = false
    ) -> StreamCursor {
        StreamCursor(self, start, end, reversed: reversed)
    }

    /// The entry of this id.
    func find(_ id: StreamID) -> StreamEntry? {
        var cursor = cursor(from: id, to: id)
        return cursor.next()
    }

    /// The place of the node that the entry of this id is in, if it is anywhere.
    func path(to id: StreamID) -> TreePath? {
        if tree.isEmpty { return nil }
        var path = tree.path { $0.id <= id }
        return tree.previous(&path) ? path : nil
    }
}

/// Walks the entries of a range of ids; good until the next write.
struct StreamCursor {
    private let tree: OrderedTree<StreamNodePlace>
    private let start: StreamID
    private let end: StreamID
    private let isReversed: Bool
    private var path: TreePath
    private var pack: StreamPack?
    private var place = 0

    init(_ stream: StreamTree, _ start: StreamID, _ end: StreamID, reversed: Bool) {
        tree = stream.tree
        self.start = start
        self.end = end
        isReversed = reversed
        path = TreePath(root: stream.tree.root)
        if tree.isEmpty || end < start { return }
        let edge = reversed ? end : start
        path = tree.path { $0.id <= edge }
        // The node before the first that begins behind the edge.
        if !tree.previous(&path) {
            if reversed { return }
            path = tree.startPath()
        }
        enter()
    }

    private mutating func enter() {
        let pack = tree.element(path).pack
        place = isReversed ? pack.end : pack.entriesAt
        self.pack = pack
    }

    private mutating func leave() {
        let hasMore = isReversed ? tree.previous(&path) : tree.next(&path)
        if hasMore { enter() } else { pack = nil }
    }

    /// The next entry of the range; nil behind the last.
    mutating func next() -> StreamEntry? {
        while let pack {
            guard let entry = isReversed ? pack.entry(before: place) : pack.entry(at: place) else {
                leave()
                continue
            }
            place = isReversed ? entry.range.lowerBound : entry.range.upperBound
            let isBeyond = isReversed ? entry.id < start : end < entry.id
            if isBeyond {
                self.pack = nil
                return nil
            }
            let isBefore = isReversed ? end < entry.id : entry.id < start
            if !isBefore && !entry.isDeleted { return entry }
        }
        return nil
    }
}
