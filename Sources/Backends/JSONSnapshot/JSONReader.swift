/// JSON from a file, token by token: strict as RFC 8259 is, bounded, and exact about where something is wrong.
///
/// A window slides over the file. What a read answers lies in the window or in `scratch` and is valid until
/// the next read. `seek` goes back to a place that was passed over, for members in an order of their own.
///
/// INVARIANT 1: `window` is `store`'s view, `windowStart` the offset of its first byte.
/// INVARIANT 2: memory is the window (a chunk, or the longest number or name) and the longest string decoded.
/// INVARIANT 3: every byte is hashed once, in order, and none from `pin` on before the pin is lifted.
import Bytes
import Digest
import Persistence
import Records

/// Reads tokens; one thread.
final class JSONReader {
    /// Nested deeper than that is nothing of ours.
    private static let maximumDepth = 16
    /// Bytes of a string, decoded; 512 MB in base64 are fewer.
    private static let maximumText = 1 << 30
    private static let maximumNumber = 512
    private static let chunk = 256 << 10

    let input: SnapshotInput
    private let store = ByteWriter(capacity: chunk + 4096)
    private var window = ByteView.empty
    private var next = 0
    private var windowStart = 0
    private let scratch = ByteWriter(capacity: 4096)
    private let decoded = ByteWriter(capacity: 256)
    private var hash = RunningHash256()
    private var hashed = 0
    /// Bytes from this offset on are neither hashed nor dropped.
    private var pin: Int?

    init(_ input: SnapshotInput) { self.input = input }

    /// The place of the next byte.
    var offset: Int { windowStart + next }

    // MARK: The window

    /// Gets more bytes behind the window; false at the file's end.
    @inline(never)
    private func refill() throws -> Bool {
        let keep = min(next, pin.map { $0 - windowStart } ?? next)
        if keep > 0 {
            takeIntoHash(upTo: windowStart + keep)
            store.discardFirst(keep)
            windowStart += keep
            next -= keep
        }
        let got = try input.read(Self.chunk, at: windowStart + store.count, into: store)
        window = store.view
        return got > 0
    }

    private func takeIntoHash(upTo end: Int) {
        if end <= hashed { return }
        hash.update(window[(hashed - windowStart)..<(end - windowStart)])
        hashed = end
    }

    /// Goes on reading at `offset`, where it has been before.
    func seek(to offset: Int) throws {
        pin = nil
        takeIntoHash(upTo: self.offset)
        store.removeAll(keepingUpTo: 1 << 20)
        window = store.view
        windowStart = offset
        next = 0
    }

    /// Keeps everything from the next token on from being hashed, until the pin is lifted.
    func pinHere() throws {
        _ = try peek()
        pin = offset
    }

    /// Lifts the pin.
    func unpin() { pin = nil }

    /// The hash of everything before the pin, which is lifted.
    func hashBeforePin() -> Hash256 {
        takeIntoHash(upTo: pin ?? offset)
        pin = nil
        return hash.value
    }

    // MARK: Tokens

    /// The next byte that is no white space, not taken; 0 at the file's end.
    @inline(__always)
    func peek() throws -> UInt8 {
        if next < window.count, window[next] > 0x20 { return window[next] }
        return try peekBehindSpace()
    }

    private func peekBehindSpace() throws -> UInt8 {
        while true {
            while next < window.count {
                let byte = window[next]
                if byte != 0x20 && byte != 10 && byte != 13 && byte != 9 { return byte }
                next += 1
            }
            if try !refill() { return 0 }
        }
    }

    /// Takes a byte, which must be `expected`.
    @inline(__always)
    func take(_ expected: UInt8) throws {
        guard try peek() == expected else {
            throw try unexpected("'\(Character(UnicodeScalar(expected)))'")
        }
        next += 1
    }

    /// Takes a byte if it is the next one.
    @inline(__always)
    func takeIf(_ byte: UInt8) throws -> Bool {
        guard try peek() == byte else { return false }
        next += 1
        return true
    }

    /// Whether there is another item of what `[` or `{` opened; takes the comma or the closing byte.
    ///
    /// - Parameter isFirst: set to false by the first call.
    @inline(__always)
    func hasNext(_ isFirst: inout Bool, closing: UInt8) throws -> Bool {
        let byte = try peek()
        if byte == closing {
            next += 1
            return false
        }
        if isFirst {
            isFirst = false
            return true
        }
        guard byte == 0x2C else {
            throw try unexpected("',' or '\(Character(UnicodeScalar(closing)))'")
        }
        next += 1
        return true
    }

    /// The bytes of a string; valid until the next read.
    @inline(__always)
    func text() throws -> ByteView {
        guard try peek() == 0x22 else { throw try unexpected("a string") }
        next += 1
        let end = window.plainEnd(from: next)
        if end < window.count, window[end] == 0x22 {
            let text = window[next..<end]
            next = end + 1
            return text
        }
        return try longText()
    }

    /// A name or value in a string and the colon behind it, where a member begins.
    func memberName() throws -> ByteView {
        let name = try text()
        // The colon may lie behind the window's end: the name is kept where a refill doesn't move it.
        if next < window.count, window[next] == 0x3A {
            next += 1
            return name
        }
        decoded.removeAll()
        decoded.append(name)
        try take(0x3A)
        return decoded.view
    }

    /// A string with escapes, with more than ASCII, or beyond the window's end.
    @inline(never)
    private func longText() throws -> ByteView {
        scratch.removeAll(keepingUpTo: 1 << 20)
        while true {
            let end = window.plainEnd(from: next)
            scratch.append(window[next..<end])
            next = end
            if scratch.count > Self.maximumText {
                throw damaged("a string of more than \(Self.maximumText) bytes")
            }
            guard next < window.count else {
                if try refill() { continue }
                throw damaged("expected the end of a string, found that of the file")
            }
            switch window[next] {
            case 0x22:
                next += 1
                return scratch.view
            case 0x5C: try takeEscape()
            case 0..<0x20: throw try unexpected("a control character as \\u00…, as JSON asks for")
            default:
                try need(4)
                guard let length = window.multibyteLength(at: next) else {
                    throw damaged(
                        "expected UTF-8; bytes that are none are written as {\"base64\":\"…\"}")
                }
                scratch.append(window[next..<(next + length)])
                next += length
            }
        }
    }

    /// Tries to have `count` bytes in the window; fewer at the file's end.
    private func need(_ count: Int) throws {
        while window.count - next < count { if try !refill() { return } }
    }

    private func takeEscape() throws {
        try need(2)
        guard window.count - next >= 2 else { throw damaged("expected an escape") }
        switch window[next + 1] {
        case 0x22, 0x5C, 0x2F: scratch.append(window[next + 1])
        case 0x62: scratch.append(8)
        case 0x66: scratch.append(12)
        case 0x6E: scratch.append(10)
        case 0x72: scratch.append(13)
        case 0x74: scratch.append(9)
        case 0x75: return try takeUnicode()
        default: throw damaged("expected an escape that JSON knows")
        }
        next += 2
    }

    private func takeUnicode() throws {
        try need(12)
        guard let unit = codeUnit(at: next) else {
            throw damaged("expected four hexadecimal digits behind \\u")
        }
        var value = unit
        if (0xD800...0xDBFF).contains(unit) {
            guard let low = codeUnit(at: next + 6), (0xDC00...0xDFFF).contains(low) else {
                throw damaged("expected the second half of a pair of \\u escapes")
            }
            value = 0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00)
            next += 6
        }
        guard let scalar = UnicodeScalar(value) else {
            throw damaged("half of a pair of \\u escapes")
        }
        for byte in UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter { scratch.append(byte) }
        next += 6
    }

    private func codeUnit(at index: Int) -> UInt32? {
        guard window.count - index >= 6, window[index] == 0x5C, window[index + 1] == 0x75 else {
            return nil
        }
        var value: UInt32 = 0
        for place in 2..<6 {
            let digit: UInt32
            switch window[index + place] {
            case 48...57: digit = UInt32(window[index + place] - 48)
            case 65...70: digit = UInt32(window[index + place] - 55)
            case 97...102: digit = UInt32(window[index + place] - 87)
            default: return nil
            }
            value = value << 4 | digit
        }
        return value
    }

    /// A string, or {"base64":"…"}: any bytes; valid until the next read.
    @inline(__always)
    func bytes() throws -> ByteView {
        if try peek() == 0x22 { return try text() }
        return try base64()
    }

    @inline(never)
    private func base64() throws -> ByteView {
        let place = offset
        guard try takeIf(0x7B) else {
            throw try unexpected("a string, or bytes as {\"base64\":\"…\"}")
        }
        guard try memberName() == ByteView("base64") else {
            throw damaged("expected the one member 'base64'", at: place)
        }
        let text = try text()
        decoded.removeAll()
        guard Base64.decode(text, to: decoded) else {
            throw damaged("expected base64 (RFC 4648, padded)", at: place)
        }
        try take(0x7D)
        return decoded.view
    }

    /// Whether the byte at hand, without any reading, is `byte`: then what was read last is still valid.
    @inline(__always)
    func isAtHand(_ byte: UInt8) -> Bool { next < window.count && window[next] == byte }

    /// The characters of a number; valid until the next read.
    func number() throws -> ByteView {
        guard try isNumberByte(peek()) else { throw try unexpected("a number") }
        var end = next
        while true {
            while end < window.count, isNumberByte(window[end]) { end += 1 }
            if end < window.count { break }
            let length = end - next
            if length > Self.maximumNumber { throw damaged("a number that is too long") }
            // What was read moves to the window's front, at the file's end too.
            let hasMore = try refill()
            end = next + length
            if !hasMore { break }
        }
        let text = window[next..<end]
        guard text.count <= Self.maximumNumber, text.isJSONNumber else {
            throw damaged("expected a number as JSON spells it, found '\(text.text.prefix(40))'")
        }
        next = end
        return text
    }

    private func isNumberByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 48...57, 0x2D, 0x2B, 0x2E, 0x65, 0x45: true
        default: false
        }
    }

    /// Takes `null`; answers whether it was there.
    func takeNull() throws -> Bool {
        guard try peek() == 0x6E else { return false }
        try take(word: "null")
        return true
    }

    private func take(word: StaticString) throws {
        let word = ByteView(word)
        try need(word.count)
        guard window.count - next >= word.count, window[next..<(next + word.count)] == word else {
            throw try unexpected("a value")
        }
        next += word.count
    }

    /// Passes a value over, whatever it is, checking its spelling.
    func skip(depth: Int = 0) throws {
        if depth > Self.maximumDepth { throw damaged("nested deeper than anything in this format") }
        var isFirst = true
        switch try peek() {
        case 0x22: _ = try text()
        case 0x7B:
            next += 1
            while try hasNext(&isFirst, closing: 0x7D) {
                _ = try memberName()
                try skip(depth: depth + 1)
            }
        case 0x5B:
            next += 1
            while try hasNext(&isFirst, closing: 0x5D) { try skip(depth: depth + 1) }
        case 0x74: try take(word: "true")
        case 0x66: try take(word: "false")
        case 0x6E: try take(word: "null")
        default: _ = try number()
        }
    }

    /// - Throws: where anything but white space is left.
    func expectEnd() throws {
        guard try peek() == 0, next >= window.count else {
            throw try unexpected("the end of the file")
        }
    }
}

extension JSONReader {
    // MARK: Errors

    /// What stands here isn't what was expected.
    func unexpected(_ expected: String) throws -> PersistenceError {
        let byte = try peek()
        let found =
            offset >= input.size && byte == 0
            ? "the end of the file"
            : (0x21...0x7E).contains(byte)
                ? "'\(Character(UnicodeScalar(byte)))'" : "the byte \(byte)"
        return damaged("expected \(expected), found \(found)")
    }

    /// What is wrong at a place (nil: here), with its line.
    func damaged(
        _ message: String, at place: Int? = nil, code: PersistenceError.Code = .corrupt
    ) -> PersistenceError {
        let place = place ?? offset
        return input.damaged(
            "JSON snapshot, line \(line(of: place)): \(message)", at: place, code: code,
            remedy: "If a person edited the file, correct it there; else put the last good backup "
                + "in its place")
    }

    /// Counted only when something is wrong; 0 where the file can't be read any more.
    private func line(of place: Int) -> Int {
        let part = ByteWriter(capacity: Self.chunk)
        var line = 1
        var start = 0
        while start < place {
            part.removeAll()
            do throws(PersistenceError) {
                let got = try input.read(min(Self.chunk, place - start), at: start, into: part)
                if got == 0 { return line }
                start += got
            } catch {
                return 0
            }
            for byte in part.view where byte == 10 { line += 1 }
        }
        return line
    }
}

extension ByteView {
    /// Whether it is a number as JSON spells them: no plus, no leading zeros, digits around a point.
    fileprivate var isJSONNumber: Bool {
        var index = 0
        func digits() -> Int {
            let start = index
            while index < count, (48...57).contains(self[index]) { index += 1 }
            return index - start
        }
        if index < count, self[index] == 0x2D { index += 1 }
        let start = index
        let whole = digits()
        if whole == 0 || whole > 1 && self[start] == 48 { return false }
        if index < count, self[index] == 0x2E {
            index += 1
            if digits() == 0 { return false }
        }
        if index < count, self[index] | 0x20 == 0x65 {
            index += 1
            if index < count, self[index] == 0x2B || self[index] == 0x2D { index += 1 }
            if digits() == 0 { return false }
        }
        return index == count
    }
}
