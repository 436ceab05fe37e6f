/// Reads replies out of the engine's own bytes, into the values that a client would see.
import TestSupport

/// Cuts values off the front of bytes.
struct ReplyReader {
    private let bytes: [UInt8]
    private var place = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// Whether every byte was read.
    var isAtEnd: Bool { place == bytes.count }

    /// The next value, nil where the bytes are no whole reply.
    mutating func next() -> RESPValue? {
        guard let line = line(), let kind = line.first else { return nil }
        let rest = Array(line.dropFirst())
        switch kind {
        case UInt8(ascii: "+"): return .simple(rest)
        case UInt8(ascii: "-"): return .error(rest)
        case UInt8(ascii: ":"): return number(rest).map(RESPValue.integer)
        case UInt8(ascii: "_"): return .null
        case UInt8(ascii: ","): return .double(rest)
        case UInt8(ascii: "#"): return .boolean(rest == [UInt8(ascii: "t")])
        case UInt8(ascii: "$"):
            guard let count = number(rest) else { return nil }
            return count < 0 ? .null : run(count).map(RESPValue.bulk)
        case UInt8(ascii: "="): return number(rest).flatMap { run($0) }.map(RESPValue.verbatim)
        case UInt8(ascii: "*"):
            guard let count = number(rest) else { return nil }
            return count < 0 ? .null : many(count).map(RESPValue.array)
        case UInt8(ascii: "%"): return number(rest).flatMap { many(2 * $0) }.map(RESPValue.map)
        case UInt8(ascii: "~"): return number(rest).flatMap { many($0) }.map(RESPValue.set)
        case UInt8(ascii: ">"): return number(rest).flatMap { many($0) }.map(RESPValue.push)
        default: return nil
        }
    }

    private func number(_ text: [UInt8]) -> Int? { Int(String(decoding: text, as: UTF8.self)) }

    private mutating func line() -> [UInt8]? {
        guard let end = bytes[place...].firstIndex(of: 10), end > place, bytes[end - 1] == 13 else {
            return nil
        }
        defer { place = end + 1 }
        return Array(bytes[place..<(end - 1)])
    }

    private mutating func run(_ count: Int) -> [UInt8]? {
        guard bytes.count - place >= count + 2 else { return nil }
        defer { place += count + 2 }
        return Array(bytes[place..<(place + count)])
    }

    private mutating func many(_ count: Int) -> [RESPValue]? {
        var values: [RESPValue] = []
        for _ in 0..<count {
            guard let value = next() else { return nil }
            values.append(value)
        }
        return values
    }
}
