/// Sorted sets as dictionaries, and a walk that checks everything a keyspace of them promises.
import Bytes
import Records
import Testing

@testable import Engine

/// Sorted sets by key, the naive way.
struct SortedSetModel: Equatable {
    var sets: [String: [String: Double]] = [:]

    /// Members of a key in order, as `member score`.
    func inOrder(_ key: String) -> [(member: String, score: Double)] {
        (sets[key] ?? [:]).map { ($0.key, $0.value) }.sorted {
            $0.score < $1.score
                || $0.score == $1.score && $0.member.utf8.lexicographicallyPrecedes($1.member.utf8)
        }
    }

    mutating func change(_ key: String, _ body: (inout [String: Double]) -> Void) {
        var set = sets[key] ?? [:]
        body(&set)
        sets[key] = set.isEmpty ? nil : set
    }

    /// The same keys in the same order as a frozen view hands them out.
    func expectEqual(_ view: FrozenKeyspace, _ note: String) throws {
        var keys = 0
        try view.forEachEntry(database: 0) { entry in
            keys += 1
            guard case .sortedSet(let set) = entry.value else {
                Issue.record("no sorted set: \(entry.key.text)")
                return
            }
            let expected = inOrder(entry.key.text)
            var place = 0
            try set.forEachMember { member, score in
                if place < expected.count {
                    #expect(member.text == expected[place].member, "\(note), \(entry.key.text)")
                    #expect(score == expected[place].score, "\(note), \(entry.key.text)")
                }
                place += 1
            }
            #expect(place == expected.count && set.count == place, "\(note), \(entry.key.text)")
        }
        #expect(keys == sets.count, "\(note)")
    }
}

/// Counts the bytes of a live keyspace anew, and checks its sorted sets on the way.
enum SortedSetWalk {
    static func bytes(_ keyspace: Keyspace) -> Int {
        (0..<keyspace.databaseCount).reduce(0) { $0 + bytes(keyspace.tables[$1]) }
    }

    static func bytes(_ table: Table, headerBytes: Int = Table.headerBytes) -> Int {
        var sum = headerBytes + Root.bytes(table.rootBits)
        forEachChunk(root: table.root, bits: table.rootBits) { chunk in
            sum += chunk.bytes
            forEachSegment(of: chunk) { segment in
                sum += Segment.bytes
                for slot in 0..<Segment.capacity where segment.isOccupied(slot) {
                    let entry = segment.entry(slot)
                    sum += entry.allocatedBytes
                    if entry.kind == .treeSortedSet {
                        let large = unsafe SortedSetTree(raw: entry.nested.raw)
                        let below = bytes(large)
                        #expect(below == entry.nested.bytes)
                        sum += below
                    }
                }
            }
        }
        return sum
    }

    private static func bytes(_ large: SortedSetTree) -> Int {
        var members = 0
        large.tree.forEach { ranked in
            members += 1
            let hash = large.table.count > 0 ? ranked.entry : nil
            #expect(hash?.score.bitPattern == ranked.score.bitPattern)
        }
        #expect(members == large.table.count && members == large.tree.weight)
        let nodes = bytes(large.tree.root, level: large.tree.height)
        #expect(nodes == large.tree.bytes)
        return bytes(large.table, headerBytes: SortedSetTree.headerBytes) + nodes
    }

    private static func bytes(_ node: TreeNode, level: Int) -> Int {
        var sum = OrderedTree<RankedMember>.bytes(level: level)
        if level > 0 {
            for place in 0..<node.count { sum += bytes(node.child(place), level: level - 1) }
        }
        return sum
    }
}
