/// What commands are, for readers of logs that don't execute them: the engine's table, seen through a slit.
import Bytes
import RESP

/// Knows commands; one thread at a time.
public protocol CommandVocabulary: AnyObject {
    /// Arguments with the name: exactly this many, or at least its magnitude where negative; nil: no such command.
    func arity(of name: ByteView) -> Int?
    /// The places of the keys amongst these arguments.
    func keyPlaces(in arguments: ByteViews) -> [Int]
}

extension CommandVocabulary {
    /// Whether so many arguments suit an arity.
    static func accepts(_ count: Int, arity: Int) -> Bool {
        arity >= 0 ? count == arity : count >= -arity
    }
}

/// Remembers what it was told about names, so that a record costs one look into a small table.
///
/// INVARIANT 1: a name of up to 16 bytes has one place; another name there is forgotten.
final class VocabularyCache {
    private struct Place {
        var low: UInt64 = 0
        var high: UInt64 = 0
        var arity: Int?
        var calls = 0
        var bytes = 0
        var isTaken = false
    }

    private let vocabulary: any CommandVocabulary
    private var places = [Place](repeating: Place(), count: 256)
    private var forgotten: [String: (calls: Int, bytes: Int)] = [:]

    init(_ vocabulary: any CommandVocabulary) { self.vocabulary = vocabulary }

    /// The arity of a command that stands in a record of `bytes` bytes, which is counted.
    @inline(__always)
    func arity(of name: ByteView, bytes: Int) -> Int? {
        guard name.count <= 16 else { return slow(name, bytes) }
        var low: UInt64 = 0
        var high: UInt64 = 0
        for index in 0..<name.count {
            let byte = name[index]
            let lower = UInt64(byte &- 65 < 26 ? byte | 0x20 : byte)
            if index < 8 { low = low << 8 | lower } else { high = high << 8 | lower }
        }
        let mixed = (low ^ (high &* 31)) &* 0x9E37_79B9_7F4A_7C15
        let number = Int(truncatingIfNeeded: mixed >> 56)
        if !places[number].isTaken || places[number].low != low || places[number].high != high {
            learn(name, number, low, high)
        }
        places[number].calls &+= 1
        places[number].bytes &+= bytes
        return places[number].arity
    }

    private func slow(_ name: ByteView, _ bytes: Int) -> Int? {
        forgotten[name.text.lowercased(), default: (0, 0)].calls += 1
        forgotten[name.text.lowercased(), default: (0, 0)].bytes += bytes
        return vocabulary.arity(of: name)
    }

    private func learn(_ name: ByteView, _ number: Int, _ low: UInt64, _ high: UInt64) {
        forget(number)
        places[number] = Place(
            low: low, high: high, arity: vocabulary.arity(of: name), isTaken: true)
    }

    private func forget(_ number: Int) {
        let old = places[number]
        if !old.isTaken { return }
        let bytes =
            (0..<8).map { UInt8(truncatingIfNeeded: old.low >> (56 - $0 * 8)) }
            + (0..<8).map { UInt8(truncatingIfNeeded: old.high >> (56 - $0 * 8)) }
        let name = String(decoding: bytes.filter { $0 != 0 }, as: UTF8.self)
        // A hostile file may have any number of names; only so many are told.
        if forgotten.count > 10_000 && forgotten[name] == nil { return }
        forgotten[name, default: (0, 0)].calls += old.calls
        forgotten[name, default: (0, 0)].bytes += old.bytes
    }

    /// Records and bytes by command, in lower case.
    func counts() -> [String: (calls: Int, bytes: Int)] {
        for number in places.indices {
            forget(number)
            places[number] = Place()
        }
        return forgotten
    }
}
