/// A hash, whichever way it is stored: packed in its entry, or in a table of its own.
///
/// Reading is here; writing goes through `HashWriter`, which knows the place of the entry.
import Bytes
import Records

/// The fields of one hash entry; valid until the next write.
struct HashValue: FrozenHash {
    let entry: Entry
    /// Fields whose deadline is before this are not there; views and logs see them all.
    let now: Deadline

    init(_ entry: Entry, at now: Deadline = .distantPast) {
        self.entry = entry
        self.now = now
    }

    var isPacked: Bool { entry.kind == .packedHash }

    /// Fields in the hash, those past their deadline included.
    var count: Int { isPacked ? PackedFields(entry.value).count : entry.table.count }

    /// Fields in the hash, those past their deadline left out; O(n) only where some are.
    var presentCount: Int {
        guard mayHaveExpired else { return count }
        var present = 0
        forEach { _, _ in present += 1 }
        return present
    }

    private var mayHaveExpired: Bool { entry.hasFieldDeadlines && entry.table.soonest < now }

    @inline(__always)
    func isPresent(_ field: Entry) -> Bool {
        guard let deadline = field.deadline else { return true }
        return deadline >= now
    }

    /// The value of `field`, nil where it is absent.
    func value(of field: ByteView, _ heap: Heap) -> ByteView? {
        if isPacked { return PackedFields(entry.value).find(field)?.value }
        guard let found = entry.table.find(field, hash: heap.sip.hash(field)), isPresent(found)
        else { return nil }
        return found.value
    }

    /// Whether `field` is there, and its deadline.
    func deadline(of field: ByteView, _ heap: Heap) -> (isThere: Bool, deadline: Deadline?) {
        if isPacked { return (PackedFields(entry.value).find(field) != nil, nil) }
        guard let found = entry.table.find(field, hash: heap.sip.hash(field)), isPresent(found)
        else { return (false, nil) }
        return (true, found.deadline)
    }

    /// Whether any field has a deadline.
    var hasDeadlines: Bool { !isPacked && entry.table.deadlines > 0 }

    /// Hands every field, its value and its deadline to `visit`.
    func forEachField(
        _ visit: (_ field: ByteView, _ value: ByteView, _ deadline: Deadline?) throws -> Void
    ) throws {
        if isPacked {
            try PackedFields(entry.value).forEach { (field, value) throws in
                try visit(field, value, nil)
            }
        } else {
            try entry.table.forEachEntry { (pair) throws in
                try visit(pair.key, pair.value, pair.deadline)
            }
        }
    }

    /// The same for visitors that don't throw.
    func forEach(_ visit: (ByteView, ByteView) -> Void) {
        if isPacked {
            PackedFields(entry.value).forEach(visit)
        } else {
            entry.table.forEachEntry { if isPresent($0) { visit($0.key, $0.value) } }
        }
    }

    /// A field and its value, each as likely as any other; nil in an empty hash.
    func randomField(using random: inout some RandomNumberGenerator) -> (ByteView, ByteView)? {
        guard isPacked else {
            // Where some have expired, a few tries find one that has not, or else a walk does.
            for _ in 0..<64 {
                guard let found = entry.table.randomEntry(using: &random) else { return nil }
                if isPresent(found) { return (found.key, found.value) }
            }
            var rest: [(ByteView, ByteView)] = []
            forEach { rest.append(($0, $1)) }
            return rest.randomElement(using: &random)
        }
        let fields = PackedFields(entry.value)
        guard fields.count > 0 else { return nil }
        var rest = Int.random(in: 0..<fields.count, using: &random)
        var place = 2
        while let pair = fields.pair(at: place) {
            if rest == 0 { return (pair.field, pair.value) }
            rest -= 1
            place = pair.range.upperBound
        }
        return nil
    }
}

/// Where a hash stops being packed.
public struct HashLimits: Sendable, Hashable {
    /// `hash-max-listpack-entries`.
    public var maximumPackedFields = 128
    /// `hash-max-listpack-value`, bytes of a field or a value.
    public var maximumPackedBytes = 64
    /// Redis 7.0's defaults.
    public init() {}
}

/// Writes one hash at a writable place of a database's table.
///
/// Several fields may be written through one writer; `commit` says when the hash has become empty.
struct HashWriter {
    let table: Table
    let heap: Heap
    let limits: HashLimits
    let scratch: ByteWriter
    let now: Deadline
    private(set) var position: Position

    /// A writer for the hash at `position`, which is made writable here.
    init(
        _ position: Position, in table: Table, _ heap: Heap, _ limits: HashLimits,
        _ scratch: ByteWriter, at now: Deadline
    ) {
        self.now = now
        self.table = table
        self.heap = heap
        self.limits = limits
        self.scratch = scratch
        self.position = table.writable(position, heap)
    }

    /// Sets `field`; whether it is new.
    mutating func set(_ field: ByteView, _ value: ByteView) -> Bool {
        if position.entry.kind == .packedHash {
            let packed = PackedFields(position.entry.value)
            let old = packed.find(field)
            let isTooLong = max(field.count, value.count) > limits.maximumPackedBytes
            // Also an update converts, where the limit was lowered since.
            let count = packed.count + (old == nil ? 1 : 0)
            if !isTooLong && count <= limits.maximumPackedFields {
                setPacked(packed, old, field, value)
                return old == nil
            }
            convertToTable()
        }
        return setInTable(field, value)
    }

    /// Removes `field`; whether it was there.
    mutating func remove(_ field: ByteView) -> Bool {
        if position.entry.kind == .packedHash {
            let packed = PackedFields(position.entry.value)
            guard let old = packed.find(field) else { return false }
            scratch.removeAll()
            packed.rewrite(replacing: old.range, with: nil, to: scratch)
            replaceValue()
            return true
        }
        let hash = heap.sip.hash(field)
        guard let place = position.entry.table.locate(field, hash: hash) else { return false }
        if let deadline = place.entry.deadline, deadline < now { return false }
        let inner = ownTable()
        let before = inner.bytes
        inner.remove(inner.writable(place, heap), heap)
        table.bytes += inner.bytes - before
        return true
    }

    /// Fields in the hash now.
    var count: Int { HashValue(position.entry).count }

    private mutating func setPacked(
        _ packed: PackedFields, _ old: PackedFields.Pair?, _ field: ByteView, _ value: ByteView
    ) {
        if let old, old.value.count == value.count, position.isOwned(heap) {
            let offset = old.range.upperBound - value.count
            position.entry.overwriteValue(at: offset, with: value)
            return
        }
        scratch.removeAll()
        packed.rewrite(replacing: old?.range, with: (field, value), to: scratch)
        replaceValue()
    }

    private func replaceValue() {
        let old = position.entry
        let new = Entry.make(
            key: old.key, kind: .packedHash, value: scratch.view, deadline: old.deadline)
        new.adoptMarks(of: old)
        table.replace(position, with: new, heap)
    }

    private mutating func convertToTable() {
        let old = position.entry
        let inner = Table.make(heap)
        PackedFields(old.value).forEach { field, value in
            inner.insert(
                Entry.make(key: field, kind: .string, value: value, deadline: nil),
                hash: heap.sip.hash(field), heap)
        }
        let new = Entry.make(
            key: old.key, kind: .tableHash, table: inner, deadline: old.deadline)
        new.adoptMarks(of: old)
        table.bytes += inner.bytes
        table.replace(position, with: new, heap)
    }

    private mutating func setInTable(_ field: ByteView, _ value: ByteView) -> Bool {
        let inner = ownTable()
        let before = inner.bytes
        defer { table.bytes += inner.bytes - before }
        let hash = heap.sip.hash(field)
        guard let found = inner.locate(field, hash: hash) else {
            inner.insert(
                Entry.make(key: field, kind: .string, value: value, deadline: nil), hash: hash, heap
            )
            return true
        }
        let place = inner.writable(found, heap)
        let old = place.entry
        let isNew = old.deadline.map { $0 < now } ?? false
        if old.value.count == value.count && !old.hasDeadline && place.isOwned(heap) {
            old.overwriteValue(at: 0, with: value)
        } else {
            inner.replace(
                place, with: Entry.make(key: field, kind: .string, value: value, deadline: nil),
                heap)
        }
        return isNew
    }

    /// Gives a field that is there another deadline (nil: none).
    mutating func setDeadline(_ deadline: Deadline?, of field: ByteView) {
        if position.entry.kind == .packedHash {
            if deadline == nil { return }
            convertToTable()
        }
        let inner = ownTable()
        let before = inner.bytes
        let hash = heap.sip.hash(field)
        guard let found = inner.locate(field, hash: hash) else { return }
        let place = inner.writable(found, heap)
        let old = place.entry
        if let deadline, old.hasDeadline, place.isOwned(heap) {
            old.setDeadline(deadline)
            inner.noteSoonest(deadline, hash)
        } else if deadline != old.deadline {
            inner.replace(
                place,
                with: Entry.make(key: field, kind: .string, value: old.value, deadline: deadline),
                heap)
        }
        table.bytes += inner.bytes - before
        noteDeadlines()
    }

    /// Keeps the marks of the hash's entry true, and the bounds above it.
    func noteDeadlines() {
        let entry = position.entry
        guard entry.kind == .tableHash else { return }
        let has = entry.table.deadlines > 0
        if has != entry.hasFieldDeadlines, position.isOwned(heap) {
            entry.hasFieldDeadlines = has
            table.nestedDeadlines += has ? 1 : -1
        }
        if has { table.noteSoonest(entry.table.soonest, position.hash) }
    }

    /// Takes up to `limit` fields out whose deadline has passed, and hands each to `visit` before it goes.
    ///
    /// - Returns: whether there are none left.
    func removeExpired(limit: Int, _ visit: (ByteView) -> Void) -> Bool {
        let inner = ownTable()
        let before = inner.bytes
        var due: [[UInt8]] = []
        let isDone = inner.collectDue(before: now, limit: limit, &due)
        for field in due {
            field.withByteView { view in
                guard let place = inner.locate(view, hash: heap.sip.hash(view)) else { return }
                visit(view)
                inner.remove(inner.writable(place, heap), heap)
            }
        }
        table.bytes += inner.bytes - before
        noteDeadlines()
        return isDone
    }

    private func ownTable() -> Table { unsafe Table(raw: table.ownNested(position, heap).raw) }
}
