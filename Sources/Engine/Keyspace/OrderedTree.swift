/// A copy-on-write B+tree with counts: the order of sorted sets, the chunks of lists, the nodes of streams
/// and their pending entries.
///
/// It knows no keys: a search is given a predicate that holds for a prefix of the elements, or a rank. Elements
/// are fixed-size words of bits (`TreeElement`); each stands for `weight` items (a chunk of a list for all
/// that are in it), and inner nodes keep the sums, so ranks cost O(log n).
///
///     header   0 root   8 height   16 weight   24 bytes (of nodes)
///     node     0 birth   8 count u16   10 level u8 (0: leaf)   16 payload
///     leaf     elements
///     inner    child addresses, weights (8 bytes each), the first element below each child
///
/// A write under a live view copies the nodes of one path once each, then writes in place.
///
/// INVARIANT 1: an inner node's weights and first elements are exact; none is empty but a root leaf.
/// INVARIANT 2: a node with `birth <= newestView` is never written (Heap's invariant 1).
/// INVARIANT 3: a path is good until the tree changes through anything but that path's own `set`.
import Bytes

/// What a tree is made of: trivial bits that know how many items they stand for.
protocol TreeElement: BitwiseCopyable {
    /// Items it stands for.
    var weight: Int { get }
    /// Elements of a leaf.
    static var leafCapacity: Int { get }
}

/// The address of a node.
@safe
struct TreeNode: Equatable {
    let raw: UnsafeMutableRawPointer

    @inline(__always)
    init(raw: UnsafeMutableRawPointer) { unsafe self.raw = raw }

    @inline(__always)
    static func == (left: TreeNode, right: TreeNode) -> Bool { unsafe left.raw == right.raw }

    /// Children of an inner node.
    static let innerCapacity = 32
    static let head = 16

    @inline(__always)
    var birth: UInt64 { unsafe raw.load(as: UInt64.self) }

    @inline(__always)
    var count: Int {
        get { unsafe Int(raw.load(fromByteOffset: 8, as: UInt16.self)) }
        nonmutating set {
            unsafe raw.storeBytes(
                of: UInt16(truncatingIfNeeded: newValue), toByteOffset: 8, as: UInt16.self)
        }
    }

    @inline(__always)
    var level: Int { unsafe Int(raw.load(fromByteOffset: 10, as: UInt8.self)) }

    @inline(__always)
    func child(_ index: Int) -> TreeNode {
        precondition(index >= 0 && index < TreeNode.innerCapacity, "child out of bounds")
        return unsafe TreeNode(
            raw: raw.load(fromByteOffset: 16 &+ index &<< 3, as: UnsafeMutableRawPointer.self))
    }

    @inline(__always)
    func setChild(_ index: Int, _ node: TreeNode) {
        precondition(index >= 0 && index < TreeNode.innerCapacity, "child out of bounds")
        unsafe raw.storeBytes(
            of: node.raw, toByteOffset: 16 &+ index &<< 3, as: UnsafeMutableRawPointer.self)
    }

    private static let weightsAt = head + innerCapacity * 8

    @inline(__always)
    func childWeight(_ index: Int) -> Int {
        precondition(index >= 0 && index < TreeNode.innerCapacity, "child out of bounds")
        return unsafe raw.load(fromByteOffset: TreeNode.weightsAt &+ index &<< 3, as: Int.self)
    }

    @inline(__always)
    func setChildWeight(_ index: Int, _ weight: Int) {
        precondition(index >= 0 && index < TreeNode.innerCapacity, "child out of bounds")
        unsafe raw.storeBytes(
            of: weight, toByteOffset: TreeNode.weightsAt &+ index &<< 3, as: Int.self)
    }

    /// Where the first elements below the children begin.
    static let firstsAt = weightsAt + innerCapacity * 8
}

/// A place in a tree: nodes and places by level, the leaf at 0.
struct TreePath {
    static let maximumLevels = 12
    var nodes: InlineArray<12, TreeNode>
    var places: InlineArray<12, Int>

    init(root: TreeNode) {
        nodes = InlineArray(repeating: root)
        places = InlineArray(repeating: 0)
    }
}

/// A tree by the address of its header, which its owner keeps.
@safe
struct OrderedTree<Element: TreeElement> {
    let raw: UnsafeMutableRawPointer

    /// The tree whose header is at `raw`.
    @inline(__always)
    init(raw: UnsafeMutableRawPointer) { unsafe self.raw = raw }

    /// Bytes of a header.
    static var headerBytes: Int { 32 }

    /// Makes the header at `raw` that of an empty tree.
    static func begin(at raw: UnsafeMutableRawPointer, _ heap: Heap) -> OrderedTree {
        let tree = unsafe OrderedTree(raw: raw)
        tree.height = 0
        tree.weight = 0
        tree.bytes = 0
        tree.root = make(level: 0, heap)
        tree.account(bytes(level: 0), heap)
        return tree
    }

    // MARK: The header's fields

    @inline(__always)
    var root: TreeNode {
        get { unsafe TreeNode(raw: raw.load(as: UnsafeMutableRawPointer.self)) }
        nonmutating set {
            unsafe raw.storeBytes(of: newValue.raw, as: UnsafeMutableRawPointer.self)
        }
    }

    /// The root's level.
    @inline(__always)
    var height: Int {
        get { unsafe raw.load(fromByteOffset: 8, as: Int.self) }
        nonmutating set { unsafe raw.storeBytes(of: newValue, toByteOffset: 8, as: Int.self) }
    }

    /// The sum of the elements' weights.
    @inline(__always)
    var weight: Int {
        get { unsafe raw.load(fromByteOffset: 16, as: Int.self) }
        nonmutating set { unsafe raw.storeBytes(of: newValue, toByteOffset: 16, as: Int.self) }
    }

    /// Bytes of the nodes; owners add what their elements lead to.
    @inline(__always)
    var bytes: Int {
        get { unsafe raw.load(fromByteOffset: 24, as: Int.self) }
        nonmutating set { unsafe raw.storeBytes(of: newValue, toByteOffset: 24, as: Int.self) }
    }

    @inline(__always)
    func account(_ more: Int, _ heap: Heap) {
        bytes &+= more
        heap.liveBytes &+= more
    }

    /// Whether there is no element.
    var isEmpty: Bool { root.count == 0 }

    // MARK: Nodes

    @inline(__always)
    static func bytes(level: Int) -> Int {
        level == 0
            ? TreeNode.head + Element.leafCapacity * MemoryLayout<Element>.stride
            : TreeNode.firstsAt + TreeNode.innerCapacity * MemoryLayout<Element>.stride
    }

    static func make(level: Int, _ heap: Heap) -> TreeNode {
        let raw = UnsafeMutableRawPointer.allocate(byteCount: bytes(level: level), alignment: 8)
        unsafe raw.storeBytes(of: heap.current, as: UInt64.self)
        unsafe raw.storeBytes(of: UInt64(level) << 16, toByteOffset: 8, as: UInt64.self)
        return unsafe TreeNode(raw: raw)
    }

    /// The element at a place of a leaf.
    @inline(__always)
    static func element(_ leaf: TreeNode, _ index: Int) -> Element {
        precondition(index >= 0 && index < Element.leafCapacity, "element out of bounds")
        return unsafe leaf.raw.load(
            fromByteOffset: TreeNode.head &+ index &* MemoryLayout<Element>.stride,
            as: Element.self)
    }

    @inline(__always)
    static func setElement(_ leaf: TreeNode, _ index: Int, _ element: Element) {
        precondition(index >= 0 && index < Element.leafCapacity, "element out of bounds")
        unsafe leaf.raw.storeBytes(
            of: element, toByteOffset: TreeNode.head &+ index &* MemoryLayout<Element>.stride,
            as: Element.self)
    }

    /// The first element below a child.
    @inline(__always)
    static func first(_ node: TreeNode, _ index: Int) -> Element {
        precondition(index >= 0 && index < TreeNode.innerCapacity, "child out of bounds")
        return unsafe node.raw.load(
            fromByteOffset: TreeNode.firstsAt &+ index &* MemoryLayout<Element>.stride,
            as: Element.self)
    }

    @inline(__always)
    static func setFirst(_ node: TreeNode, _ index: Int, _ element: Element) {
        precondition(index >= 0 && index < TreeNode.innerCapacity, "child out of bounds")
        unsafe node.raw.storeBytes(
            of: element, toByteOffset: TreeNode.firstsAt &+ index &* MemoryLayout<Element>.stride,
            as: Element.self)
    }

    // MARK: Finding

    /// The place of the first element for which `isBefore` does not hold; it may be a leaf's end, where an
    /// element would be inserted (see `settle`).
    @inline(__always)
    func path(where isBefore: (Element) -> Bool) -> TreePath {
        var path = TreePath(root: root)
        var node = root
        var level = height
        while level > 0 {
            var low = 0
            var high = node.count
            while low < high {
                let middle = (low &+ high) &>> 1
                if isBefore(Self.first(node, middle)) {
                    low = middle &+ 1
                } else {
                    high = middle
                }
            }
            let place = max(0, low &- 1)
            path.nodes[level] = node
            path.places[level] = place
            node = node.child(place)
            level &-= 1
        }
        var low = 0
        var high = node.count
        while low < high {
            let middle = (low &+ high) &>> 1
            if isBefore(Self.element(node, middle)) { low = middle &+ 1 } else { high = middle }
        }
        path.nodes[0] = node
        path.places[0] = low
        return path
    }

    /// The element that the item of this rank (0 ..< `weight`) belongs to, and the item's place among those
    /// that the element stands for; a rank of `weight` is the end.
    func path(rank: Int) -> (path: TreePath, offset: Int) {
        if rank >= weight { return (endPath(), 0) }
        var path = TreePath(root: root)
        var rest = max(0, rank)
        var node = root
        var level = height
        while level > 0 {
            var place = 0
            var below = node.childWeight(0)
            while rest >= below {
                rest &-= below
                place &+= 1
                below = node.childWeight(place)
            }
            path.nodes[level] = node
            path.places[level] = place
            node = node.child(place)
            level &-= 1
        }
        var place = 0
        var here = Self.element(node, 0).weight
        while rest >= here {
            rest &-= here
            place &+= 1
            here = Self.element(node, place).weight
        }
        path.nodes[0] = node
        path.places[0] = place
        return (path, rest)
    }

    /// The place of the first element.
    func startPath() -> TreePath { path(where: { _ in false }) }

    /// The place behind the last element.
    func endPath() -> TreePath {
        var path = TreePath(root: root)
        var node = root
        var level = height
        while level > 0 {
            path.nodes[level] = node
            path.places[level] = node.count - 1
            node = node.child(node.count - 1)
            level -= 1
        }
        path.nodes[0] = node
        path.places[0] = node.count
        return path
    }

    /// Items before the place.
    func rank(_ path: TreePath) -> Int {
        var sum = 0
        for level in stride(from: height, to: 0, by: -1) {
            for place in 0..<path.places[level] { sum &+= path.nodes[level].childWeight(place) }
        }
        for place in 0..<path.places[0] { sum &+= Self.element(path.nodes[0], place).weight }
        return sum
    }

    /// Moves a place at a leaf's end to the next leaf's first element; whether there is an element.
    @inline(__always)
    func settle(_ path: inout TreePath) -> Bool {
        path.places[0] < path.nodes[0].count || climb(&path, forward: true)
    }

    /// The element at a settled place.
    @inline(__always)
    func element(_ path: TreePath) -> Element { Self.element(path.nodes[0], path.places[0]) }

    /// Goes to the next element; false at the end.
    @inline(__always)
    func next(_ path: inout TreePath) -> Bool {
        path.places[0] &+= 1
        return path.places[0] < path.nodes[0].count || climb(&path, forward: true)
    }

    /// Goes to the element before; false at the start.
    @inline(__always)
    func previous(_ path: inout TreePath) -> Bool {
        if path.places[0] > 0 {
            path.places[0] &-= 1
            return true
        }
        return climb(&path, forward: false)
    }

    private func climb(_ path: inout TreePath, forward: Bool) -> Bool {
        var level = 1
        while level <= height {
            let place = path.places[level] + (forward ? 1 : -1)
            if place >= 0 && place < path.nodes[level].count {
                path.places[level] = place
                descend(&path, from: level, forward: forward)
                return true
            }
            level += 1
        }
        return false
    }

    private func descend(_ path: inout TreePath, from top: Int, forward: Bool) {
        var level = top
        while level > 0 {
            let node = path.nodes[level].child(path.places[level])
            level -= 1
            path.nodes[level] = node
            path.places[level] = forward ? 0 : node.count - 1
        }
    }

    /// Hands every element to `visit`, from the first to the last.
    func forEach<E: Error>(_ visit: (Element) throws(E) -> Void) throws(E) {
        try Self.forEach(below: root, visit)
    }

    private static func forEach<E: Error>(
        below node: TreeNode, _ visit: (Element) throws(E) -> Void
    ) throws(E) {
        if node.level == 0 {
            for place in 0..<node.count { try visit(element(node, place)) }
        } else {
            for place in 0..<node.count { try forEach(below: node.child(place), visit) }
        }
    }

    /// Frees the nodes; any thread, once. `visit` frees what the elements lead to.
    func freeNodes(_ visit: (Element) -> Void) { Self.free(root, visit) }

    private static func free(_ node: TreeNode, _ visit: (Element) -> Void) {
        for place in 0..<node.count {
            if node.level == 0 {
                visit(element(node, place))
            } else {
                free(node.child(place), visit)
            }
        }
        unsafe node.raw.deallocate()
    }
}
