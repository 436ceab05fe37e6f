/// The counted tree against an array: random insertions, removals and replacements, under views and without.
import Bytes
import Records
import TestSupport
import Testing

@testable import Engine

/// Small leaves would hide nothing; few per leaf make deep trees of few elements.
private struct Item: TreeElement, Equatable {
    var key: Int
    var weight: Int
    static var leafCapacity: Int { 5 }
}

@Suite("An ordered tree")
struct OrderedTreeTests {
    /// A tree with its header, on a heap of its own, and the array that it must equal.
    @safe private final class Rig {
        let heap = Heap()
        private let header = UnsafeMutableRawPointer.allocate(byteCount: 32, alignment: 8)
        let tree: OrderedTree<Item>
        var model: [Item] = []

        init() { unsafe tree = OrderedTree.begin(at: header, heap) }

        deinit {
            tree.freeNodes { _ in }
            unsafe header.deallocate()
        }

        func insert(_ item: Item) {
            var path = tree.path { $0.key < item.key }
            tree.insert(item, at: &path, heap)
            #expect(tree.element(path) == item)
            let place = model.firstIndex { $0.key >= item.key } ?? model.count
            model.insert(item, at: place)
        }

        func removeOne(at place: Int) {
            let key = model[place].key
            var path = tree.path { $0.key < key }
            #expect(tree.settle(&path))
            #expect(tree.remove(at: path, heap).key == key)
            model.remove(at: model.firstIndex { $0.key == key } ?? place)
        }

        func check() {
            var found: [Item] = []
            tree.forEach { found.append($0) }
            #expect(found.map(\.key) == model.map(\.key))
            #expect(tree.weight == model.reduce(0) { $0 + $1.weight })
            #expect(tree.bytes == heap.liveBytes)
        }

        func checkRanks() {
            var rank = 0
            for item in model {
                let (path, offset) = tree.path(rank: rank)
                #expect(tree.element(path).key == item.key)
                #expect(offset == 0)
                #expect(tree.rank(path) == rank)
                if item.weight > 1 { #expect(tree.path(rank: rank + 1).offset == 1) }
                rank += item.weight
            }
            var path = tree.endPath()
            var backwards: [Int] = []
            while tree.previous(&path) { backwards.append(tree.element(path).key) }
            #expect(backwards == model.reversed().map(\.key))
        }
    }

    @Test("holds what an array holds, with ranks", arguments: [1, 2, 3])
    func againstAnArray(seed: UInt64) {
        var generator = SeededGenerator(seed: TestKnobs.seed &+ seed)
        let rig = Rig()
        for round in 0..<1500 {
            let grows = (round / 300) % 2 == 0
            if rig.model.isEmpty || Int.random(in: 0..<10, using: &generator) < (grows ? 7 : 2) {
                let key =
                    seed == 1
                    ? round : seed == 2 ? -round : Int.random(in: 0..<100_000, using: &generator)
                let weight = Int.random(in: 1...3, using: &generator)
                if !rig.model.contains(where: { $0.key == key }) {
                    rig.insert(Item(key: key, weight: weight))
                }
            } else {
                rig.removeOne(at: Int.random(in: 0..<rig.model.count, using: &generator))
            }
            if round % 50 == 0 { rig.check() }
            if round % 300 == 299 { rig.checkRanks() }
        }
        rig.check()
        while !rig.model.isEmpty { rig.removeOne(at: rig.model.count / 2) }
        rig.check()
    }

    @Test("keeps what a view sees, and copies a path a write at most")
    func underViews() {
        var generator = SeededGenerator(seed: TestKnobs.seed)
        let rig = Rig()
        for key in 0..<2000 { rig.insert(Item(key: key * 10, weight: 1)) }
        for round in 0..<40 {
            let generation = rig.heap.freeze()
            let root = rig.tree.root
            let height = rig.tree.height
            let frozen = rig.model
            for _ in 0..<30 {
                let before = rig.heap.copiedBytes
                if Bool.random(using: &generator) {
                    let key = Int.random(in: 0..<20_000, using: &generator)
                    if !rig.model.contains(where: { $0.key == key }) {
                        rig.insert(Item(key: key, weight: 1))
                    }
                } else {
                    rig.removeOne(at: Int.random(in: 0..<rig.model.count, using: &generator))
                }
                let bound =
                    OrderedTree<Item>.bytes(level: 0)
                    + (height + 1) * OrderedTree<Item>.bytes(level: 1)
                #expect(rig.heap.copiedBytes - before <= bound)
            }
            rig.check()
            #expect(keys(below: root) == frozen.map(\.key), "round \(round)")
            rig.heap.release(generation)
            rig.heap.collect()
            #expect(rig.heap.frozenBytes == 0)
        }
        rig.checkRanks()
    }

    private func keys(below node: TreeNode) -> [Int] {
        (0..<node.count).flatMap { place in
            node.level == 0
                ? [OrderedTree<Item>.element(node, place).key] : keys(below: node.child(place))
        }
    }
}
