/// How a tree changes: path copies under a view, splits, merges. On the engine's thread only.
///
/// A leaf that is filled from its end splits there and stays full, so trees built in order are dense; others
/// split in halves. A leaf that falls under a quarter joins a neighbour.
import Bytes

extension OrderedTree {
    /// Copies what views see of the nodes of `path`.
    @inline(__always)
    func own(_ path: inout TreePath, _ heap: Heap) {
        if heap.hasViews { copyShared(&path, heap) }
    }

    @inline(never)
    private func copyShared(_ path: inout TreePath, _ heap: Heap) {
        var level = height
        while level >= 0 {
            let node = path.nodes[level]
            if node.birth <= heap.newestView {
                let bytes = Self.bytes(level: level)
                let copy = Self.make(level: level, heap)
                unsafe (copy.raw + 8).copyMemory(from: node.raw + 8, byteCount: bytes - 8)
                if level == height {
                    root = copy
                } else {
                    path.nodes[level + 1].setChild(path.places[level + 1], copy)
                }
                path.nodes[level] = copy
                heap.copiedBytes += bytes
                heap.liveBytes += bytes
                unsafe heap.retire(.node(node.raw), bytes: bytes, isPrivate: false)
            }
            level -= 1
        }
    }

    /// Puts `element` at the place, before what stands there. The path then leads to it.
    func insert(_ element: Element, at path: inout TreePath, _ heap: Heap) {
        own(&path, heap)
        if path.nodes[0].count == Element.leafCapacity { split(0, &path, heap) }
        let leaf = path.nodes[0]
        let place = path.places[0]
        let stride = MemoryLayout<Element>.stride
        let from = unsafe leaf.raw + TreeNode.head + place * stride
        unsafe (from + stride).copyMemory(from: from, byteCount: (leaf.count - place) * stride)
        Self.setElement(leaf, place, element)
        leaf.count += 1
        addWeight(element.weight, path)
        if place == 0 { renameFirst(element, path) }
    }

    /// Replaces the element at a settled place.
    func set(_ element: Element, at path: inout TreePath, _ heap: Heap) {
        own(&path, heap)
        let old = self.element(path)
        Self.setElement(path.nodes[0], path.places[0], element)
        if element.weight != old.weight { addWeight(element.weight - old.weight, path) }
        if path.places[0] == 0 { renameFirst(element, path) }
    }

    /// Takes the element at a settled place out; the path is no good afterwards.
    @discardableResult
    func remove(at place: TreePath, _ heap: Heap) -> Element {
        var path = place
        own(&path, heap)
        let leaf = path.nodes[0]
        let place = path.places[0]
        let element = Self.element(leaf, place)
        let stride = MemoryLayout<Element>.stride
        let to = unsafe leaf.raw + TreeNode.head + place * stride
        unsafe to.copyMemory(from: to + stride, byteCount: (leaf.count - place - 1) * stride)
        leaf.count -= 1
        addWeight(-element.weight, path)
        if leaf.count == 0 {
            removeEmpty(0, &path, heap)
        } else {
            if place == 0 { renameFirst(Self.element(leaf, 0), path) }
            if leaf.count <= Element.leafCapacity / 4 { merge(0, &path, heap) }
        }
        while height > 0 && root.count == 1 {
            let old = root
            root = old.child(0)
            free(old, level: height, heap)
            height -= 1
        }
        return element
    }

    private func addWeight(_ more: Int, _ path: TreePath) {
        weight &+= more
        var level = 1
        let top = height
        while level <= top {
            let node = path.nodes[level]
            let place = path.places[level]
            node.setChildWeight(place, node.childWeight(place) &+ more)
            level &+= 1
        }
    }

    /// The path's leaf begins with another element.
    private func renameFirst(_ element: Element, _ path: TreePath) {
        var level = 1
        while level <= height {
            Self.setFirst(path.nodes[level], path.places[level], element)
            if path.places[level] > 0 { return }
            level += 1
        }
    }

    private func free(_ node: TreeNode, level: Int, _ heap: Heap) {
        let bytes = Self.bytes(level: level)
        self.bytes -= bytes
        unsafe heap.retire(
            .node(node.raw), bytes: bytes, isPrivate: node.birth > heap.newestView)
    }

    // MARK: Splitting

    /// Makes room in the path's full node of this level.
    private func split(_ level: Int, _ path: inout TreePath, _ heap: Heap) {
        if level == height { growRoot(&path, heap) }
        if path.nodes[level + 1].count == TreeNode.innerCapacity { split(level + 1, &path, heap) }
        let node = path.nodes[level]
        let count = node.count
        let place = path.places[level]
        let parent = path.nodes[level + 1]
        let parentPlace = path.places[level + 1]
        let isLast = parentPlace == parent.count - 1
        let kept: Int
        if level == 0 {
            kept = place == count && isLast ? count : place == 0 && parentPlace == 0 ? 0 : count / 2
        } else {
            kept = place == count - 1 ? count - 1 : place == 0 ? 1 : count / 2
        }
        let right = Self.make(level: level, heap)
        account(Self.bytes(level: level), heap)
        let moved = appendTail(of: node, from: kept, to: right)
        node.count = kept
        insertChild(right, weight: moved, at: parentPlace + 1, of: parent)
        parent.setChildWeight(parentPlace, parent.childWeight(parentPlace) - moved)
        if place >= kept && !(level == 0 && kept == 0) {
            path.nodes[level] = right
            path.places[level] = place - kept
            path.places[level + 1] = parentPlace + 1
        }
    }

    private func growRoot(_ path: inout TreePath, _ heap: Heap) {
        precondition(height + 1 < TreePath.maximumLevels, "a tree beyond all bounds")
        let old = root
        let wide = Self.make(level: height + 1, heap)
        account(Self.bytes(level: height + 1), heap)
        wide.setChild(0, old)
        wide.setChildWeight(0, weight)
        if height == 0 {
            Self.setFirst(wide, 0, Self.element(old, 0))
        } else {
            Self.setFirst(wide, 0, Self.first(old, 0))
        }
        wide.count = 1
        root = wide
        height += 1
        path.nodes[height] = wide
        path.places[height] = 0
    }

    /// Appends everything of `node` from `start` on to another node; answers its weight.
    @discardableResult
    private func appendTail(of node: TreeNode, from start: Int, to other: TreeNode) -> Int {
        let count = node.count - start
        let target = other.count
        var moved = 0
        for index in 0..<count {
            if node.level == 0 {
                let element = Self.element(node, start + index)
                Self.setElement(other, target + index, element)
                moved += element.weight
            } else {
                other.setChild(target + index, node.child(start + index))
                let below = node.childWeight(start + index)
                other.setChildWeight(target + index, below)
                Self.setFirst(other, target + index, Self.first(node, start + index))
                moved += below
            }
        }
        other.count = target + count
        return moved
    }

    private func insertChild(
        _ child: TreeNode, weight: Int, at place: Int, of parent: TreeNode
    ) {
        for index in stride(from: parent.count, to: place, by: -1) {
            parent.setChild(index, parent.child(index - 1))
            parent.setChildWeight(index, parent.childWeight(index - 1))
            Self.setFirst(parent, index, Self.first(parent, index - 1))
        }
        parent.setChild(place, child)
        parent.setChildWeight(place, weight)
        // An empty leaf gets its element, and so its name, at once.
        if child.count > 0 {
            Self.setFirst(
                parent, place,
                child.level == 0 ? Self.element(child, 0) : Self.first(child, 0))
        }
        parent.count += 1
    }

    private func removeChild(at place: Int, of parent: TreeNode) {
        for index in place..<max(place, parent.count - 1) {
            parent.setChild(index, parent.child(index + 1))
            parent.setChildWeight(index, parent.childWeight(index + 1))
            Self.setFirst(parent, index, Self.first(parent, index + 1))
        }
        parent.count -= 1
    }

    // MARK: Merging

    /// The path's node of this level is empty: it goes, unless it is the root.
    private func removeEmpty(_ level: Int, _ path: inout TreePath, _ heap: Heap) {
        if level == height { return }
        let parent = path.nodes[level + 1]
        let place = path.places[level + 1]
        free(path.nodes[level], level: level, heap)
        removeChild(at: place, of: parent)
        if parent.count == 0 {
            removeEmpty(level + 1, &path, heap)
        } else {
            if place == 0 { renameAbove(level + 1, Self.first(parent, 0), path) }
            if parent.count <= TreeNode.innerCapacity / 4 { merge(level + 1, &path, heap) }
        }
    }

    /// The node of this level begins with another element.
    private func renameAbove(_ level: Int, _ element: Element, _ path: TreePath) {
        var above = level + 1
        while above <= height {
            Self.setFirst(path.nodes[above], path.places[above], element)
            if path.places[above] > 0 { return }
            above += 1
        }
    }

    /// Joins the path's sparse node of this level with a neighbour of the same parent, where both fit.
    private func merge(_ level: Int, _ path: inout TreePath, _ heap: Heap) {
        if level == height { return }
        let capacity = level == 0 ? Element.leafCapacity : TreeNode.innerCapacity
        let parent = path.nodes[level + 1]
        let place = path.places[level + 1]
        for left in [place, place - 1] where left >= 0 && left + 1 < parent.count {
            let first = parent.child(left)
            let second = parent.child(left + 1)
            if first.count + second.count > capacity * 3 / 4 { continue }
            if left == place {
                // The neighbour behind is read only; its content comes over.
                appendTail(of: second, from: 0, to: first)
                finishMerge(left, parent, second, level, heap)
            } else {
                // The neighbour before may be a view's: both go into a new node.
                let joined = Self.make(level: level, heap)
                account(Self.bytes(level: level), heap)
                appendTail(of: first, from: 0, to: joined)
                appendTail(of: second, from: 0, to: joined)
                parent.setChild(left, joined)
                free(first, level: level, heap)
                finishMerge(left, parent, second, level, heap)
            }
            if parent.count <= TreeNode.innerCapacity / 4 { merge(level + 1, &path, heap) }
            return
        }
    }

    private func finishMerge(
        _ left: Int, _ parent: TreeNode, _ gone: TreeNode, _ level: Int, _ heap: Heap
    ) {
        parent.setChildWeight(left, parent.childWeight(left) + parent.childWeight(left + 1))
        removeChild(at: left + 1, of: parent)
        free(gone, level: level, heap)
    }
}
