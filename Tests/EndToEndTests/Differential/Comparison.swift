/// How the replies of two servers to the same command are compared.
///
/// Exactly, wherever the reply is decided by the command and the data; errors always by every byte. The
/// other cases say what is left to chance, time or the server's own nature, and compare the rest.
import TestSupport

/// A rule for two replies.
indirect enum Comparison: Sendable {
    /// Equal.
    case exact
    /// Elements in any order: KEYS, HKEYS.
    case unordered
    /// Field and value pairs in any order: HGETALL, CONFIG GET.
    case unorderedPairs
    /// Only the kind of the reply, of two aggregates not their elements.
    case shape
    /// Integers that may differ by the servers' delay.
    case near(Int)
    /// Cursor and elements: compared as a set where the walk ended at once, otherwise by shape.
    case scan(pairs: Bool)
    /// HRANDFIELD's fields with their values: flat in RESP2, arrays of two in RESP3.
    case randomPairs
    /// Anything: what depends on what the server is busy with.
    case either
    /// As many elements.
    case sameCount
    /// HELLO: the protocol's version and the fields' names.
    case hello
    /// What OBJECT ENCODING says: small lists and sets have a form of their own since 7.2.
    /// Hashes have not, but a key's name doesn't tell; an episode asks where it is known.
    case encoding
    /// XINFO's fields: what is a matter of clocks or of a server's tree not by value; fields since 7.2 left out.
    case clocked
    /// XPENDING's rows: the idle time, in the third place, only by its kind.
    case idleRows
    /// In order; in any order where an element holds a NUL, at which a collation stops reading.
    case collated
    /// In order; or refused by Redis, whose strtod may take any number for out of range once one was.
    case numbers
    /// Strings as their words in any order.
    case words
    /// Replies of queued commands.
    case queued([Comparison])

    func agrees(_ ours: RESPValue, _ theirs: RESPValue) -> Bool {
        if case .either = self { return true }
        if case .numbers = self, !ours.isError,
            theirs == .error(Array("ERR One or more scores can't be converted into double".utf8))
        {
            return true
        }
        if ours.isError || theirs.isError { return ours == theirs }
        switch self {
        case .exact, .numbers: return ours == theirs
        case .either: return true
        case .shape: return ours.kind == theirs.kind
        case .unordered:
            return ours.kind == theirs.kind && ours.elements.counted == theirs.elements.counted
        case .unorderedPairs:
            return ours.kind == theirs.kind && ours.pairs.counted == theirs.pairs.counted
        case .near(let tolerance):
            guard case .integer(let a) = ours, case .integer(let b) = theirs else {
                return ours == theirs
            }
            return a == b || (a > 0 && b > 0 && abs(a - b) <= tolerance)
        case .scan(let pairs): return agreesOnScan(ours, theirs, pairs: pairs)
        case .randomPairs:
            let isNested = theirs.elements.first?.kind == "array"
            return (isNested ? Comparison.unordered : .unorderedPairs).agrees(ours, theirs)
        case .sameCount:
            return ours.kind == theirs.kind && ours.elements.count == theirs.elements.count
        case .hello: return agreesOnHello(ours, theirs)
        case .encoding:
            let former = ["quicklist", "hashtable"]
            return ours == theirs
                || (ours.text == "listpack" && former.contains(theirs.text ?? ""))
        case .clocked: return ours.withoutClocks == theirs.withoutClocks
        case .collated:
            return ours == theirs
                || (ours.elements.counted == theirs.elements.counted
                    && theirs.elements.contains { $0.bytes.contains(0) })
        case .idleRows: return ours.withoutIdleTimes == theirs.withoutIdleTimes
        case .words: return ours.withSortedWords == theirs.withSortedWords
        case .queued(let comparisons):
            guard ours.elements.count == comparisons.count else { return ours == theirs }
            return ours.kind == theirs.kind && theirs.elements.count == comparisons.count
                && zip(comparisons, zip(ours.elements, theirs.elements)).allSatisfy {
                    $0.agrees($1.0, $1.1)
                }
        }
    }

    private func agreesOnScan(_ ours: RESPValue, _ theirs: RESPValue, pairs: Bool) -> Bool {
        let (a, b) = (ours.elements, theirs.elements)
        guard a.count == 2, b.count == 2 else { return ours == theirs }
        guard a[0].text == "0", b[0].text == "0" else {
            return a[0].kind == b[0].kind && a[1].kind == b[1].kind
        }
        return pairs
            ? a[1].pairs.counted == b[1].pairs.counted
            : a[1].elements.counted == b[1].elements.counted
    }

    private func agreesOnHello(_ ours: RESPValue, _ theirs: RESPValue) -> Bool {
        let (a, b) = (ours.pairs, theirs.pairs)
        guard ours.kind == theirs.kind, a.map(\.first) == b.map(\.first) else { return false }
        return a.contains { $0 == [.bulk(Array("proto".utf8)), .integer(2)] }
            == b.contains { $0 == [.bulk(Array("proto".utf8)), .integer(2)] }
    }
}

extension RESPValue {
    /// Which case this is.
    var kind: String {
        switch self {
        case .simple: "simple"
        case .error: "error"
        case .integer: "integer"
        case .bulk: "bulk"
        case .null: "null"
        case .array: "array"
        case .map: "map"
        case .set: "set"
        case .push: "push"
        case .double: "double"
        case .boolean: "boolean"
        case .verbatim: "verbatim"
        case .bigNumber: "bigNumber"
        }
    }

    /// The elements two by two.
    var pairs: [[RESPValue]] {
        let all = elements
        return stride(from: 0, to: all.count, by: 2).map { Array(all[$0..<min($0 + 2, all.count)]) }
    }
}

extension RESPValue {
    /// The same with these elements.
    func replacing(_ elements: [RESPValue]) -> RESPValue {
        switch self {
        case .array: .array(elements)
        case .map: .map(elements)
        case .set: .set(elements)
        case .push: .push(elements)
        default: self
        }
    }

    /// Of a string, its bytes.
    fileprivate var bytes: [UInt8] {
        if case .bulk(let bytes) = self { bytes } else { [] }
    }

    /// Without what a clock or an implementation decides, at any depth.
    fileprivate var withoutClocks: RESPValue {
        // Milliseconds since 1970, of this century.
        if case .integer(1_000_000_000_000..<4_000_000_000_000) = self { return .integer(-1) }
        var kept: [RESPValue] = []
        var place = 0
        let all = elements
        while place < all.count {
            let name = all[place].text ?? ""
            place += 1
            if ["inactive", "active-time"].contains(name) {
                place += 1
                continue
            }
            kept.append(all[place - 1].withoutClocks)
            if ["idle", "radix-tree-keys", "radix-tree-nodes"].contains(name), place < all.count {
                kept.append(.simple(Array(all[place].kind.utf8)))
                place += 1
            }
        }
        return replacing(kept)
    }

    fileprivate var withoutIdleTimes: RESPValue {
        replacing(
            elements.map { row in
                guard row.elements.count == 4, case .integer = row.elements[2] else { return row }
                var fields = row.elements
                fields[2] = .integer(-1)
                return row.replacing(fields)
            })
    }

    fileprivate var withSortedWords: RESPValue {
        if case .bulk(let bytes) = self {
            let words = bytes.split(separator: 32, omittingEmptySubsequences: false)
            return .bulk(
                Array(words.sorted { $0.lexicographicallyPrecedes($1) }.joined(separator: [32])))
        }
        return replacing(elements.map(\.withSortedWords))
    }
}

extension Array where Element: Hashable {
    /// How often each element occurs.
    var counted: [Element: Int] {
        reduce(into: [:]) { $0[$1, default: 0] += 1 }
    }
}
