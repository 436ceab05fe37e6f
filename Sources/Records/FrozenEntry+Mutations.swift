/// The mutations that make a frozen entry from nothing: what a log's base holds of it, what RESTORE records.
///
/// Collections come in batches of 64 items, so that no record is longer than it must be.
import Bytes

/// Collects items of a collection, whose views are valid during a visit only, and hands them out in batches.
public final class MutationSpeller {
    /// Items in one mutation.
    public static let itemsPerMutation = 64

    private var bytes: [UInt8] = []
    private var places: [Range<Int>] = []

    /// An empty speller; one may serve many entries.
    public init() {}

    /// Hands the mutations that make `entry` in an empty place to `emit`, in order.
    public func spell(_ entry: FrozenEntry, _ emit: (Mutation) throws -> Void) throws {
        let key = entry.key
        switch entry.value {
        case .string(let value):
            try emit(.set(key: key, value: value, deadline: entry.deadline))
            return
        case .integer(let number):
            try Decimal.text(number).withByteView {
                try emit(.set(key: key, value: $0, deadline: entry.deadline))
            }
            return
        case .hash(let hash): try spell(hash, key, emit)
        case .list(let list):
            try list.forEachElement { element in
                try add(element, size: 1) {
                    try emit(.listPush(key: key, end: .right, values: $0))
                }
            }
            try flush { try emit(.listPush(key: key, end: .right, values: $0)) }
        case .set(let set):
            try set.forEachMember { member in
                try add(member, size: 1) { try emit(.setAdd(key: key, members: $0)) }
            }
            try flush { try emit(.setAdd(key: key, members: $0)) }
        case .sortedSet(let set):
            try set.forEachMember { member, score in
                append(ScoreText.bytes(score))
                try add(member, size: 2) {
                    try emit(.sortedSetAdd(key: key, scoresAndMembers: $0))
                }
            }
            try flush { try emit(.sortedSetAdd(key: key, scoresAndMembers: $0)) }
        case .stream(let stream): try StreamSpeller.spell(stream, key, emit)
        }
        if let deadline = entry.deadline { try emit(.expire(key: key, deadline: deadline)) }
    }

    private func spell(
        _ hash: any FrozenHash, _ key: ByteView, _ emit: (Mutation) throws -> Void
    ) throws {
        try hash.forEachField { field, value, _ in
            append(field.array)
            try add(value, size: 2) { try emit(.hashSet(key: key, pairs: $0)) }
        }
        try flush { try emit(.hashSet(key: key, pairs: $0)) }
        if !hash.hasDeadlines { return }
        try hash.forEachField { field, _, deadline in
            guard let deadline else { return }
            try field.withSingleView {
                try emit(.hashExpire(key: key, deadline: deadline, fields: $0))
            }
        }
    }

    private func append(_ part: [UInt8]) {
        let start = bytes.count
        bytes.append(contentsOf: part)
        places.append(start..<bytes.count)
    }

    /// Adds the last part of an item of `size` parts; hands a full batch to `emit`.
    private func add(_ part: ByteView, size: Int, _ emit: (ByteViews) throws -> Void) throws {
        append(part.array)
        if places.count >= size * Self.itemsPerMutation { try flush(emit) }
    }

    private func flush(_ emit: (ByteViews) throws -> Void) throws {
        if places.isEmpty { return }
        try bytes.withByteView { all in
            try places.map { all[$0] }.withByteViews { try emit($0) }
        }
        bytes.removeAll(keepingCapacity: true)
        places.removeAll(keepingCapacity: true)
    }
}

/// Scores as text that gives the same double back.
public enum ScoreText {
    /// The shortest such text; `inf`, `-inf`, `nan` for what is no number.
    public static func bytes(_ score: Double) -> [UInt8] {
        if score.isInfinite { return Array((score < 0 ? "-inf" : "inf").utf8) }
        return Array("\(score)".utf8)
    }
}
