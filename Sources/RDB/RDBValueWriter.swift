/// Writes a frozen value: type byte, then body, in the oldest layouts that Redis 7.0 writes too.
///
/// What is small goes packed (listpack, intset), as Redis loads it back fastest; what is large goes element
/// by element and can be drained between them. A frozen value doesn't change, so where a count stands before
/// what it counts (a list's nodes, a stream's nodes) the value is walked twice instead of held.
///
///     string 0 | list 18, nodes of 8 KB, larger elements plain | set 11 or 2 | hash 16 or 4, with field
///     deadlines 24 (version 12) | sorted set 17 or 5 | stream 19, or 21 (version 11) where asked for
import Bytes
import Records

/// Up to which size collections are packed; Redis's defaults.
public struct RDBPackingLimits: Sendable {
    /// Fields or members of a packed hash or sorted set.
    public var entries = 128
    /// Bytes of the longest field, value or member in one.
    public var entryBytes = 64
    /// Members of a set that is written as an intset.
    public var intsetEntries = 512
    /// Bytes of a list's node.
    public var listNodeBytes = 8192
    /// Entries of a stream's node.
    public var streamNodeEntries = 100
    /// Bytes of a stream's node.
    public var streamNodeBytes = 4096

    /// Redis's defaults.
    public init() {}
}

/// Writes values; keep one for many.
public final class RDBValueWriter {
    /// Where it writes to.
    public let output: RDBOutput
    /// The version that may be used where a value doesn't need a later one.
    public let version: Int
    let limits: RDBPackingLimits
    var pack = ListpackBuilder()

    /// A writer. Version 11 and later: streams with the time their consumers were active.
    public init(
        _ output: RDBOutput, version: Int = RDBVersion.written,
        limits: RDBPackingLimits = RDBPackingLimits()
    ) {
        self.output = output
        self.version = version
        self.limits = limits
    }

    /// The lowest version that holds a value.
    ///
    /// - Throws: what walking the groups of a stream throws.
    public static func version(of value: FrozenValue) throws -> Int {
        switch value {
        case .hash(let hash) where hash.hasDeadlines: return RDBVersion.fieldDeadlines
        case .stream(let stream):
            let facts = stream.facts
            var isPlain =
                facts.maximumDeleted == .minimum && facts.entriesAdded == UInt64(facts.length)
            try stream.forEachGroup { if $0.entriesRead != -1 { isPlain = false } }
            return isPlain ? RDBVersion.lowest : RDBVersion.written
        default: return RDBVersion.lowest
        }
    }

    /// The type that a value is written as: `FrozenEntry`'s key stands between type and body.
    ///
    /// - Throws: what walking the value throws.
    public func type(of value: FrozenValue) throws -> UInt8 {
        switch value {
        case .string, .integer: RDBType.string
        case .list: version < RDBVersion.written ? RDBType.list : RDBType.quicklist2
        case .set(let set):
            set.isIntegers && set.count <= limits.intsetEntries ? RDBType.setIntset : RDBType.set
        case .hash(let hash):
            if hash.hasDeadlines {
                RDBType.hashDeadlines
            } else {
                try version >= RDBVersion.written && isSmall(hash)
                    ? RDBType.hashListpack : RDBType.hash
            }
        case .sortedSet(let set):
            try version >= RDBVersion.written && isSmall(set)
                ? RDBType.sortedSetListpack : RDBType.sortedSet
        case .stream:
            switch version {
            case ..<RDBVersion.written: RDBType.stream1
            case RDBVersion.written: RDBType.stream2
            default: RDBType.stream3
            }
        }
    }

    /// Writes type byte and body.
    ///
    /// - Throws: what the drain throws.
    public func write(_ value: FrozenValue) throws {
        let type = try type(of: value)
        output.buffer.append(type)
        try write(value, as: type)
    }

    /// Writes the body of a value whose `type` was asked for.
    ///
    /// - Throws: what the drain throws.
    public func write(_ value: FrozenValue, as type: UInt8) throws {
        switch value {
        case .string(let bytes): output.append(string: bytes)
        case .integer(let integer): output.append(integer: integer)
        case .list(let list):
            try type == RDBType.list ? writePlainList(list) : writeList(list)
        case .set(let set):
            try type == RDBType.setIntset ? writeIntset(set) : writeSet(set)
        case .hash(let hash):
            switch type {
            case RDBType.hashDeadlines: try writeHashWithDeadlines(hash)
            case RDBType.hashListpack: try writePackedHash(hash)
            default: try writeHash(hash)
            }
        case .sortedSet(let set):
            try type == RDBType.sortedSetListpack ? writePackedSortedSet(set) : writeSortedSet(set)
        case .stream(let stream): try writeStream(stream)
        }
        try output.settle()
    }

    /// Ends a walk over a value early.
    private struct EndOfWalk: Error {}

    private func isSmall(_ hash: any FrozenHash) throws -> Bool {
        guard hash.count <= limits.entries else { return false }
        do {
            try hash.forEachField { field, value, _ in
                if max(field.count, value.count) > limits.entryBytes { throw EndOfWalk() }
            }
        } catch is EndOfWalk {
            return false
        }
        return true
    }

    private func isSmall(_ set: any FrozenSortedSet) throws -> Bool {
        guard set.count <= limits.entries else { return false }
        do {
            try set.forEachMember { member, _ in
                if member.count > limits.entryBytes { throw EndOfWalk() }
            }
        } catch is EndOfWalk {
            return false
        }
        return true
    }

    /// Writes the listpack that was built, and empties it.
    func writePack() throws {
        output.append(blob: pack.finish())
        pack.removeAll()
        try output.settle()
    }
}

/// Lists and sets.
extension RDBValueWriter {
    private func writeList(_ list: any FrozenList) throws {
        var nodes = 0
        try cutList(list, element: { _ in }, plain: { _ in nodes += 1 }, endOfNode: { nodes += 1 })
        output.append(count: nodes)
        try cutList(
            list, element: { pack.append($0) },
            plain: { element in
                output.append(length: 1)
                output.append(blob: element)
                try output.settle()
            },
            endOfNode: {
                output.append(length: 2)
                try writePack()
            })
    }

    /// As Redis before 3.2 wrote lists, and all later ones read them.
    private func writePlainList(_ list: any FrozenList) throws {
        output.append(count: list.count)
        try list.forEachElement { element in
            output.append(string: element)
            try output.settle()
        }
    }

    /// Walks a list as it is cut into nodes; both walks cut by the same sums.
    private func cutList(
        _ list: any FrozenList, element: (ByteView) -> Void,
        plain: (ByteView) throws -> Void, endOfNode: () throws -> Void
    ) throws {
        var size = 0
        try list.forEachElement { bytes in
            let more = ListpackBuilder.highestSize(bytes)
            if size > 0 && size + more > limits.listNodeBytes {
                try endOfNode()
                size = 0
            }
            if more > limits.listNodeBytes { return try plain(bytes) }
            element(bytes)
            size += more
        }
        if size > 0 { try endOfNode() }
    }

    private func writeSet(_ set: any FrozenSet) throws {
        output.append(count: set.count)
        try set.forEachMember { member in
            output.append(string: member)
            try output.settle()
        }
    }

    private func writeIntset(_ set: any FrozenSet) throws {
        var members: [Int64] = []
        members.reserveCapacity(set.count)
        try set.forEachMember { member in
            guard let integer = Decimal.parse(member) else {
                preconditionFailure("a set of integers holds something else")
            }
            members.append(integer)
        }
        let blob = ByteWriter(capacity: 8 + 8 * members.count)
        let width = IntsetWriter.width(members.first ?? 0, members.last ?? 0)
        IntsetWriter.begin(width: width, count: members.count, to: blob)
        for member in members {
            blob.append(littleEndian: UInt64(bitPattern: member), width: width)
        }
        output.append(blob: blob.view)
    }
}

/// Hashes and sorted sets.
extension RDBValueWriter {
    private func writeHash(_ hash: any FrozenHash) throws {
        output.append(count: hash.count)
        try hash.forEachField { field, value, _ in
            output.append(string: field)
            output.append(string: value)
            try output.settle()
        }
    }

    private func writePackedHash(_ hash: any FrozenHash) throws {
        try hash.forEachField { field, value, _ in
            pack.append(field)
            pack.append(value)
        }
        try writePack()
    }

    /// Deadlines go as distances to the lowest, which is found by a walk of its own.
    private func writeHashWithDeadlines(_ hash: any FrozenHash) throws {
        var lowest = Int64.max
        try hash.forEachField { _, _, deadline in
            if let deadline { lowest = min(lowest, deadline.millisecondsSinceEpoch) }
        }
        if lowest == .max { lowest = 0 }
        output.append(littleEndian: lowest)
        output.append(count: hash.count)
        try hash.forEachField { field, value, deadline in
            let distance = deadline.map { $0.millisecondsSinceEpoch - lowest + 1 } ?? 0
            output.append(length: UInt64(distance))
            output.append(string: field)
            output.append(string: value)
            try output.settle()
        }
    }

    /// Lowest score first; Redis writes its own highest first, and loads either.
    private func writeSortedSet(_ set: any FrozenSortedSet) throws {
        output.append(count: set.count)
        try set.forEachMember { member, score in
            output.append(string: member)
            output.buffer.append(littleEndian: score.bitPattern, width: 8)
            try output.settle()
        }
    }

    private func writePackedSortedSet(_ set: any FrozenSortedSet) throws {
        try set.forEachMember { member, score in
            pack.append(member)
            FloatText.format(score).withByteView { pack.append($0) }
        }
        try writePack()
    }
}
