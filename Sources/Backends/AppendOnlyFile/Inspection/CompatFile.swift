/// Reads one file as `redis-check-aof` 7.0 does, for scripts that were written for it.
///
/// Its rules: `fgets` of at most 127 bytes for a length, `strtol`, and CR LF looked at everywhere; MULTI and
/// EXEC must pair; an unfinished transaction is not part of what is good. Nothing is executed.
import Bytes
import Persistence
import RDB
import Records

/// Reads one file; see the file's header.
public final class CompatFile {
    /// What it found.
    public struct Outcome: Sendable {
        /// What to print before the line `AOF analyzed`.
        public var lines: [String] = []
        /// Bytes of the file.
        public var size = 0
        /// Up to where it is good.
        public var good = 0
        /// Lines counted, as Redis counts them.
        public var line = 1
        /// The preamble is damaged: nothing more is said.
        public var isInsane = false
        /// Whether the file is good.
        public var isValid: Bool { size == good }
    }

    private let name: String
    private let path: String
    private let window: LogWindow
    private var outcome = Outcome()
    private var error: String?
    private var multi = 0
    /// Where the last read began: what an error names, whatever it is about.
    private var place = 0

    /// - Parameters:
    ///   - name: as it is to be printed.
    ///   - line: lines counted in the files before.
    public init(
        _ path: String, name: String, line: Int = 1, _ disk: any FileSystem
    ) throws(PersistenceError) {
        self.name = name
        self.path = path
        outcome.line = line
        window = try LogWindow(path: path, disk, moved: { _ in })
        outcome.size = window.size
    }

    /// Whether it begins with a snapshot.
    public func hasPreamble() throws(PersistenceError) -> Bool {
        try window.show(8)
        return window.front.count >= 8 && window.front.starts(with: ByteView("REDIS"))
    }

    /// Reads the file to its end or the first error.
    public func run() throws(PersistenceError) -> Outcome {
        if try hasPreamble() {
            try preamble()
            if outcome.isInsane { return outcome }
        }
        var position = window.offset
        while true {
            if multi == 0 { position = window.offset }
            try window.show(1)
            guard let first = window.front.isEmpty ? nil : window.front[0] else {
                if multi > 0 && error == nil {
                    fail("Reached EOF before reading EXEC for MULTI")
                }
                break
            }
            if first == UInt8(ascii: "#") {
                place = window.offset
                _ = try line(1024)
            } else if first == UInt8(ascii: "*") {
                if try !record() { break }
            } else {
                outcome.lines.append("AOF \(name) format error")
                break
            }
        }
        if let error { outcome.lines.append(error) }
        outcome.good = position
        return outcome
    }

    private func fail(_ reason: String) {
        let hex = String(place, radix: 16)
        error = "0x" + String(repeating: " ", count: max(0, 16 - hex.count)) + hex + ": " + reason
    }

    private func record() throws(PersistenceError) -> Bool {
        guard let count = try number(UInt8(ascii: "*")) else { return false }
        var index = 0
        while index < count {
            guard let place = try string(isName: index == 0) else { return false }
            if index == 0, !countTransaction(place) { return false }
            index += 1
        }
        return true
    }

    private func countTransaction(_ name: [UInt8]) -> Bool {
        let text = String(decoding: name, as: UTF8.self).lowercased()
        if text == "multi" {
            multi += 1
            if multi > 1 {
                fail("Unexpected MULTI in AOF \(path)")
                return false
            }
        } else if text == "exec" {
            multi -= 1
            if multi != 0 {
                fail("Unexpected EXEC in AOF \(path)")
                return false
            }
        }
        return true
    }

    /// A string with its line end; its bytes where it is a name, which are needed.
    private func string(isName: Bool) throws(PersistenceError) -> [UInt8]? {
        let length: Int
        guard let number = try number(UInt8(ascii: "$")) else { return nil }
        length = number
        if length < 0 || length > Int.max - 2 {
            fail(
                "Expected to read string of \(length) bytes, which is not in the suitable range")
            return nil
        }
        place = window.offset
        let left = window.size - place
        if left < length + 2 {
            fail("Expected to read \(length + 2) bytes, got \(left) bytes")
            window.move(to: window.size)
            return nil
        }
        let name = isName ? try window.bytes(at: place, count: min(length, 16)) : []
        let end = try window.bytes(at: place + length, count: 2)
        if window.front.count >= length + 2 {
            window.skip(length + 2)
        } else {
            window.move(to: place + length + 2)
        }
        return newline(end[...]) ? name : nil
    }

    private func number(_ prefix: UInt8) throws(PersistenceError) -> Int? {
        place = window.offset
        guard let line = try line(128), let first = line.first else { return nil }
        if first != prefix {
            fail(
                "Expected prefix '\(Character(UnicodeScalar(prefix)))', got: "
                    + "'\(Character(UnicodeScalar(first)))'")
            return nil
        }
        let (value, rest) = Self.strtol(line.dropFirst())
        return newline(rest) ? value : nil
    }

    private func newline(_ rest: ArraySlice<UInt8>) -> Bool {
        if rest.starts(with: [13, 10]) {
            outcome.line += 1
            return true
        }
        let bytes = Array(rest.prefix(2)) + [0, 0]
        let digits = bytes.prefix(2).map { byte in
            let text = String(byte, radix: 16)
            // A signed char is printed as an int.
            if byte >= 128 { return "ffffff" + text }
            return text.count == 1 ? "0" + text : text
        }
        fail("Expected \\r\\n, got: \(digits.joined())")
        return false
    }

    /// C's `strtol`, and what follows the number.
    private static func strtol(_ text: ArraySlice<UInt8>) -> (Int, ArraySlice<UInt8>) {
        var rest = text.drop { $0 == 32 || $0 >= 9 && $0 <= 13 }
        let isNegative = rest.first == UInt8(ascii: "-")
        if isNegative || rest.first == UInt8(ascii: "+") { rest = rest.dropFirst() }
        let digits = rest.prefix { $0 &- 48 < 10 }
        if digits.isEmpty { return (0, text) }
        var value = 0
        for digit in digits {
            let (tens, isOver) = value.multipliedReportingOverflow(by: 10)
            let (sum, isOverToo) = tens.addingReportingOverflow(Int(digit &- 48))
            if isOver || isOverToo {
                return (isNegative ? .min : .max, rest.dropFirst(digits.count))
            }
            value = sum
        }
        return (isNegative ? -value : value, rest.dropFirst(digits.count))
    }

    private func line(_ size: Int) throws(PersistenceError) -> [UInt8]? {
        try window.show(size - 1)
        let front = window.front[0..<min(size - 1, window.front.count)]
        if front.isEmpty { return nil }
        let count = front.firstIndex(of: 10).map { $0 + 1 } ?? front.count
        let line = front[0..<count].array
        window.skip(count)
        return line
    }

    // MARK: The preamble

    private func preamble() throws(PersistenceError) {
        let window = window
        let reader = RDBFileReader(
            limits: RDBLimits(stringBytes: Int(UInt32.max)), checksChecksum: true, start: 0
        ) { bytes, count in try window.pull(count, into: bytes) }
        outcome.lines.append("[offset 0] Checking RDB file \(name)")
        var figures = (keys: 0, deadlines: 0, expired: 0)
        do {
            try read(reader, &figures)
            add(figures)
            outcome.lines.append("RDB preamble is OK, proceeding with AOF tail...")
            window.move(to: reader.position)
        } catch let failure as PersistenceError {
            throw failure
        } catch {
            let failure = error as? RDBError
            outcome.lines.append("--- RDB ERROR DETECTED ---")
            outcome.lines.append(
                "[offset \(failure?.offset ?? reader.position)] \(failure?.message ?? "\(error)")")
            add(figures)
            outcome.lines.append("RDB preamble of AOF file is not sane, aborting.")
            outcome.isInsane = true
        }
    }

    private func add(_ figures: (keys: Int, deadlines: Int, expired: Int)) {
        outcome.lines.append("[info] \(figures.keys) keys read")
        outcome.lines.append("[info] \(figures.deadlines) expires")
        outcome.lines.append("[info] \(figures.expired) already expired")
    }

    private func read(
        _ reader: RDBFileReader, _ figures: inout (keys: Int, deadlines: Int, expired: Int)
    ) throws {
        let sink = NullValueSink()
        let now = SystemClock().now
        while let event = try reader.next() {
            switch event {
            case .auxiliary(let name, let value):
                outcome.lines.append(
                    "[offset \(reader.position)] AUX FIELD \(name.text) = '\(value.text)'")
            case .database(let number):
                outcome.lines.append("[offset \(reader.position)] Selecting DB ID \(number)")
            case .entry(let entry):
                figures.keys += 1
                if let deadline = entry.deadline {
                    figures.deadlines += 1
                    if deadline < now { figures.expired += 1 }
                }
                _ = try reader.readValue(into: sink)
            case .end(let isChecked):
                outcome.lines.append(
                    "[offset \(reader.position)] "
                        + (isChecked
                            ? "Checksum OK"
                            : "RDB file was saved with checksum disabled: no check performed."))
                outcome.lines.append("[offset \(reader.position)] \\o/ RDB looks OK! \\o/")
            default: break
            }
        }
    }
}

extension LogSource {
    /// Whether a path names a manifest by its content, as `redis-check-aof` finds it: the first line that is no
    /// comment begins with `file`.
    public static func isManifest(
        _ path: String, _ disk: any FileSystem
    ) throws(PersistenceError) -> Bool {
        let window = try LogWindow(path: path, disk, moved: { _ in })
        try window.show(64 << 10)
        var rest = window.front
        while !rest.isEmpty && rest[0] == UInt8(ascii: "#") {
            guard let end = rest.firstIndex(of: 10) else { return false }
            rest = rest.dropFirst(end + 1)
        }
        return rest.starts(with: ByteView("file"))
    }
}
