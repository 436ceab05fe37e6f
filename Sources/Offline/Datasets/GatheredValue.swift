/// One value in memory, built from what a reader hands out: how a file's entries are looked at one by one, as those of a
/// frozen view are, without a dataset in memory.
///
///     arena   the bytes of all parts, one behind the other
///     parts   where each ends; a hash has two parts a field, a stream's fields lie in parts too
///
/// Memory: the value, some 16 bytes a part, and for collections a table of hashes that finds an element which stands
/// twice. One value after the other uses the same memory.
///
/// Threads: one.
import Bytes
import Digest
import Records

/// Takes a value and shows it as a frozen one; see the file's header.
public final class GatheredValue: ValueSink {
    /// The kind of the value; nil: none has come.
    public private(set) var type: DatasetType?
    let arena = ByteWriter(capacity: 4096)
    private var ends: [Int] = []
    private(set) var scores: [Double] = []
    private(set) var deadlines: [Deadline?] = []
    private var number: Int64?
    private(set) var hasDeadlines = false
    private(set) var isIntegers = false
    private var seen: Set<Int> = []
    let stream = GatheredStream()

    /// No value yet.
    public init() {}

    /// Forgets the value.
    public func reset() {
        type = nil
        arena.removeAll(keepingUpTo: 1 << 20)
        ends.removeAll(keepingCapacity: ends.count < 1 << 16)
        number = nil
        if !scores.isEmpty { scores.removeAll(keepingCapacity: scores.count < 1 << 16) }
        if !deadlines.isEmpty { deadlines.removeAll(keepingCapacity: deadlines.count < 1 << 16) }
        if !seen.isEmpty { seen.removeAll(keepingCapacity: seen.count < 1 << 12) }
        hasDeadlines = false
        isIntegers = false
        if stream.isUsed { stream.reset() }
    }

    /// Parts that have come.
    var partCount: Int { ends.count }

    /// A part's bytes; valid until the next part comes.
    @inline(__always)
    func part(_ index: Int) -> ByteView {
        arena.view[(index == 0 ? 0 : ends[index - 1])..<ends[index]]
    }

    @inline(__always)
    private func add(_ bytes: ByteView) {
        arena.append(bytes)
        ends.append(arena.count)
    }

    /// Adds a part that may be there only once; every `step`-th part is of its kind.
    private func addNew(_ bytes: ByteView, step: Int) -> Bool {
        var hasher = Hasher()
        bytes.hash(into: &hasher)
        if !seen.insert(hasher.finalize()).inserted {
            var index = 0
            while index < ends.count {
                if part(index) == bytes { return false }
                index += step
            }
        }
        add(bytes)
        return true
    }

    /// The value; nil where none came. Valid until `reset`.
    public var frozen: FrozenValue? {
        switch type {
        case .string: number.map { .integer($0) } ?? .string(arena.view)
        case .list: .list(GatheredList(value: self))
        case .set: .set(GatheredSet(value: self))
        case .sortedSet: .sortedSet(GatheredSortedSet(value: self, order: ranked()))
        case .hash: .hash(GatheredHash(value: self))
        case .stream: .stream(GatheredStreamView(value: self))
        case nil: nil
        }
    }

    private func ranked() -> [Int] {
        let indices = Array(scores.indices)
        return indices.sorted {
            scores[$0] != scores[$1] ? scores[$0] < scores[$1] : part($0) < part($1)
        }
    }

    // MARK: ValueSink

    /// A string.
    public func string(_ value: ByteView) {
        type = .string
        arena.append(value)
    }

    /// A string that spells an integer.
    public func integer(_ value: Int64) {
        type = .string
        number = value
    }

    /// A list.
    public func beginList(expecting count: Int) { type = .list }
    /// Its next element.
    public func element(_ value: ByteView) { add(value) }

    /// A set.
    public func beginSet(expecting count: Int, isIntegers: Bool) {
        type = .set
        self.isIntegers = isIntegers
    }
    /// A member.
    public func member(_ member: ByteView) -> Bool { addNew(member, step: 1) }

    /// A sorted set.
    public func beginSortedSet(expecting count: Int) { type = .sortedSet }
    /// A member and its score.
    public func member(_ member: ByteView, score: Double) -> Bool {
        if !addNew(member, step: 1) { return false }
        scores.append(score)
        return true
    }

    /// A hash.
    public func beginHash(expecting count: Int) { type = .hash }
    /// A field.
    public func field(_ field: ByteView, value: ByteView, deadline: Deadline?) -> Bool {
        if !addNew(field, step: 2) { return false }
        add(value)
        deadlines.append(deadline)
        if deadline != nil { hasDeadlines = true }
        return true
    }

    /// A stream.
    public func beginStream() {
        type = .stream
        stream.begin()
    }
    /// An entry.
    public func entry(_ id: StreamID, fields: ByteViews) {
        let start = partCount
        for field in fields { add(field) }
        stream.entries.append((id, start..<partCount))
    }
    /// Its figures.
    public func streamFacts(_ facts: StreamFacts) { stream.facts = facts }
    /// A group.
    public func beginGroup(_ name: ByteView, last: StreamID, entriesRead: Int64) -> Bool {
        stream.beginGroup(name.array, last: last, entriesRead: entriesRead)
    }
    /// A consumer of it.
    public func consumer(_ name: ByteView, seenTime: Int64, activeTime: Int64) -> Bool {
        stream.consumer(name.array, seenTime: seenTime, activeTime: activeTime)
    }
    /// An entry pending for the consumer.
    public func pending(_ id: StreamID, time: Int64, count: UInt64) {
        stream.pending(id, time: time, count: count)
    }
}

private struct GatheredList: FrozenList {
    let value: GatheredValue
    var count: Int { value.partCount }

    func forEachElement(_ visit: (ByteView) throws -> Void) throws {
        for index in 0..<count { try visit(value.part(index)) }
    }
}

private struct GatheredSet: FrozenSet {
    let value: GatheredValue
    var count: Int { value.partCount }
    var isIntegers: Bool { value.isIntegers }

    func forEachMember(_ visit: (ByteView) throws -> Void) throws {
        for index in 0..<count { try visit(value.part(index)) }
    }
}

private struct GatheredSortedSet: FrozenSortedSet {
    let value: GatheredValue
    let order: [Int]
    var count: Int { order.count }

    func forEachMember(_ visit: (ByteView, Double) throws -> Void) throws {
        for index in order { try visit(value.part(index), value.scores[index]) }
    }
}

private struct GatheredHash: FrozenHash {
    let value: GatheredValue
    var count: Int { value.deadlines.count }
    var hasDeadlines: Bool { value.hasDeadlines }

    func forEachField(_ visit: (ByteView, ByteView, Deadline?) throws -> Void) throws {
        for index in 0..<count {
            try visit(value.part(2 * index), value.part(2 * index + 1), value.deadlines[index])
        }
    }
}

private struct GatheredStreamView: FrozenStream {
    let value: GatheredValue
    var facts: StreamFacts { value.stream.facts }

    func forEachEntry(_ visit: (StreamID, ByteViews) throws -> Void) throws {
        for entry in value.stream.entries {
            try entry.parts.map { value.part($0) }.withByteViews { try visit(entry.id, $0) }
        }
    }

    func forEachGroup(_ visit: (any FrozenStreamGroup) throws -> Void) throws {
        for group in value.stream.groups {
            try group.name.withByteView { (name) throws in
                try visit(GatheredGroupView(name: name, group: group))
            }
        }
    }
}
