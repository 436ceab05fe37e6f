/// Takes keys and values as a reader of any format hands them out, and digests them without building anything.
///
///     begin(database:key:deadline:)  the calls of ValueSink  end()
///
/// A value that is begun and not ended is not part of the digest: so `begin` of the next key, or `abandon`, drops
/// what a reader found damaged. Memory: four runs of 64 KB at most, and the digest; nothing grows with a value.
///
/// Elements of sets, hashes and sorted sets may come in any order. Since nothing is kept, whether an element was
/// new is not known: the answer is always yes. One that comes twice changes the digest and the count, so the
/// comparison that the digest is made for finds it.
///
/// Keys past their deadline when the data was frozen are left out, so are fields, and hashes without a
/// field left; and collections without elements, which no dataset has.
///
/// INVARIANT 1: one thread at a time; a sink for each thread, then `merge`.
import Bytes
import Records

/// Digests what it is handed; see the file's header.
public final class DigestSink: ValueSink {
    /// The digest of the keys that were ended.
    public private(set) var digest = DatasetDigest()
    /// Their number by database and type.
    public private(set) var counts = DatasetCounts()

    /// Told the digest of each key that is taken in, and its bucket of the finest level.
    public var onKey: ((Hash256, Int) -> Void)?

    let now: Deadline
    private let isCancelled: () -> Bool
    private var stepsToCheck = DigestSink.stepsBetweenChecks
    private static let stepsBetweenChecks = 4096

    let entry = DigestMessage()
    let element = DigestMessage()
    let group = DigestMessage()
    private let digits = ByteWriter(capacity: 64)
    private var key = Key()
    /// Elements of the value that were taken in.
    var items = 0
    /// The sum of the digests of an unordered value's elements.
    var sum = Hash256.zero
    var stream = StreamState()

    private struct Key {
        var database = 0
        var bucket = 0
        var hasDeadline = false
        /// Set once the value begins.
        var type: DatasetType?
        /// Past its deadline, or not begun: nothing of it is taken in.
        var isOut = true
    }

    /// A sink.
    ///
    /// - Parameters:
    ///   - now: when the data was frozen; what was past its deadline then is left out.
    ///   - isCancelled: asked now and then; true ends the call with `DigestError.cancelled`.
    public init(at now: Deadline, isCancelled: @escaping () -> Bool = { false }) {
        self.now = now
        self.isCancelled = isCancelled
    }

    /// Whether the value that comes is not to be taken in.
    var isOut: Bool { key.isOut }

    /// A key; its value follows, then `end`.
    ///
    /// - Throws: `DigestError.cancelled`, as all that takes something in.
    public func begin(database: Int, key name: ByteView, deadline: Deadline?) throws(DigestError) {
        try step()
        key = Key(database: database, hasDeadline: deadline != nil)
        if let deadline, deadline < now { return }
        key.isOut = false
        entry.begin(.bucket)
        entry.append(database)
        entry.append(name)
        // The first two bytes are the four hexadecimal digits of the finest level.
        key.bucket = Int(UInt16(truncatingIfNeeded: entry.finish().word0).byteSwapped)
        digest.prefetch(bucket: key.bucket)
        entry.begin(.entry)
        entry.append(database)
        entry.append(name)
        entry.append(deadline)
    }

    /// The key and its value are complete.
    public func end() {
        defer { key.isOut = true }
        guard !key.isOut, let type = key.type else { return }
        switch type {
        case .string: break
        case .stream: endStream()
        default:
            if items == 0 { return }
            if type != .list { entry.append(sum) }
            entry.append(items)
        }
        let sum = entry.finish()
        digest.add(sum, bucket: key.bucket)
        onKey?(sum, key.bucket)
        counts.add(type, database: key.database, hasDeadline: key.hasDeadline)
    }

    /// The key and its value are to be forgotten.
    public func abandon() { key.isOut = true }

    func begin(_ type: DatasetType) {
        key.type = type
        items = 0
        sum = .zero
        entry.append(UInt8(type.rawValue))
    }

    @inline(__always)
    func step() throws(DigestError) {
        stepsToCheck &-= 1
        if stepsToCheck > 0 { return }
        stepsToCheck = Self.stepsBetweenChecks
        if isCancelled() { throw .cancelled }
    }

    /// Lends the decimal text of a number.
    func withDigits<R, E: Error>(
        _ number: Int64, _ body: (ByteView) throws(E) -> R
    ) throws(E) -> R {
        digits.truncate(to: 0)
        digits.append(decimal: Int(number))
        return try body(digits.view)
    }

    // MARK: Strings and lists

    /// The value is a string.
    public func string(_ value: ByteView) {
        if isOut { return }
        begin(.string)
        entry.append(value)
    }

    /// The value is a string that spells an integer.
    public func integer(_ value: Int64) { withDigits(value) { string($0) } }

    /// The value is a list; its elements follow.
    public func beginList(expecting count: Int) { if !isOut { begin(.list) } }

    /// The next element of the list.
    public func element(_ value: ByteView) throws(DigestError) {
        if isOut { return }
        try step()
        entry.append(value)
        items += 1
    }

    // MARK: Sets, sorted sets and hashes

    /// The value is a set; its members follow.
    public func beginSet(expecting count: Int, isIntegers: Bool) { if !isOut { begin(.set) } }

    /// A member of the set.
    public func member(_ member: ByteView) throws(DigestError) -> Bool {
        if isOut { return true }
        try step()
        element.begin(.member)
        element.append(member)
        addElement()
        return true
    }

    /// A member of the set that is an integer.
    public func integerMember(_ value: Int64) throws(DigestError) -> Bool {
        try withDigits(value) { (text) throws(DigestError) in try member(text) }
    }

    /// The value is a sorted set; its members follow.
    public func beginSortedSet(expecting count: Int) { if !isOut { begin(.sortedSet) } }

    /// A member of the sorted set and its score.
    public func member(_ member: ByteView, score: Double) throws(DigestError) -> Bool {
        if isOut { return true }
        try step()
        element.begin(.scored)
        element.append(member)
        element.append(score.isNaN ? 0x7ff8_0000_0000_0000 : score.bitPattern)
        addElement()
        return true
    }

    /// The value is a hash; its fields follow.
    public func beginHash(expecting count: Int) { if !isOut { begin(.hash) } }

    /// A field of the hash.
    public func field(
        _ field: ByteView, value: ByteView, deadline: Deadline?
    ) throws(DigestError) -> Bool {
        if isOut { return true }
        try step()
        if let deadline, deadline < now { return true }
        element.begin(.field)
        element.append(field)
        element.append(value)
        element.append(deadline)
        addElement()
        return true
    }

    @inline(__always)
    private func addElement() {
        sum &+= element.finish()
        items += 1
    }
}
