/// The manifest: which files make up the log, in which order; Redis 7's grammar.
///
///     #HF1 manifest crc=5f3a9c01
///     file appendonly.aof.1.base.aof seq 1 type b salt 9a..
///     file appendonly.aof.3.incr.aof seq 3 type i salt 07..
///
/// Redis skips the first line and the keys it doesn't know (`salt`, `kept`). When Redis rewrites
/// the manifest it drops them; such a manifest is foreign, and accepted. The sum covers every byte behind the
/// first line. `salt` says that the file is ours and how its head must read; `kept` since when (seconds
/// since 1970) a history file is one.
///
/// INVARIANT 1: at most one base; increments with strictly rising numbers, in the order of replay.
import Bytes
import Persistence
import RESP

/// The content of a manifest.
struct Manifest: Sendable, Hashable {
    /// What a file is to the log.
    enum Kind: String, Sendable {
        case base = "b"
        case increment = "i"
        case history = "h"
    }

    /// One file.
    struct Entry: Sendable, Hashable {
        var name: String
        var number: Int
        var kind: Kind
        /// The file's salt where it is ours.
        var salt: UInt64?
        /// Since when it is history, seconds since 1970.
        var keptSince: Int?
    }

    var base: Entry?
    var history: [Entry] = []
    var increments: [Entry] = []
    /// Whether Holdfast wrote it (and its sum is right).
    var isOurs = true

    /// No line is longer, its LF included.
    static let maximumLine = 1024
    /// No manifest is longer.
    static let maximumBytes = 16 << 20

    /// Base and increments in the order of replay.
    var chain: [Entry] { (base.map { [$0] } ?? []) + increments }

    /// The bytes of the file: base, history, increments.
    var serialized: [UInt8] {
        let body = ByteWriter()
        for entry in (base.map { [$0] } ?? []) + history + increments {
            var line = "file \(Self.quoted(entry.name)) seq \(entry.number)"
            line += " type \(entry.kind.rawValue)"
            if let salt = entry.salt { line += " salt \(String(salt, radix: 16))" }
            if let kept = entry.keptSince { line += " kept \(kept)" }
            body.append(text: line + "\n")
        }
        let out = ByteWriter(capacity: body.count + 64)
        out.append(text: Self.headPrefix)
        out.append(hex: UInt64(CRC32C.checksum(body.view)))
        out.append("\n")
        out.append(body.view)
        return out.array
    }

    private static let headPrefix = "#HF1 manifest crc="

    /// Names with blanks or bytes that don't print are quoted as Redis quotes them.
    private static func quoted(_ name: String) -> String {
        if name.utf8.allSatisfy({ $0 > 32 && $0 < 127 && $0 != 34 && $0 != 39 && $0 != 92 }) {
            return name
        }
        var text = "\""
        for byte in name.utf8 {
            if byte == 34 || byte == 92 {
                text += "\\" + String(UnicodeScalar(byte))
            } else if byte >= 32 && byte < 127 {
                text += String(UnicodeScalar(byte))
            } else {
                let digits = String(byte, radix: 16)
                text += "\\x" + (digits.count == 1 ? "0" : "") + digits
            }
        }
        return text + "\""
    }
}

extension Manifest {
    /// Reads a manifest.
    ///
    /// - Throws: `.corrupt` with the line's offset; the messages are Redis's.
    static func parse(_ bytes: [UInt8], path: String) throws(PersistenceError) -> Manifest {
        if bytes.isEmpty { throw damage("Found an empty AOF manifest", path, 0) }
        var manifest = Manifest()
        manifest.isOurs = try checkHead(bytes, path: path)
        var start = 0
        while start < bytes.count {
            guard let end = bytes[start...].firstIndex(of: 10), end - start < maximumLine else {
                throw damage("The AOF manifest file contains too long line", path, start)
            }
            if bytes[start] != 35 {
                let entry = try parseLine(Array(bytes[start..<end]), path: path, offset: start)
                try manifest.add(entry, path: path, offset: start)
            }
            start = end + 1
        }
        return manifest
    }

    /// Whether the first line is ours; its sum must be right then.
    private static func checkHead(
        _ bytes: [UInt8], path: String
    ) throws(PersistenceError) -> Bool {
        guard bytes.starts(with: "#HF1 ".utf8) else { return false }
        let end = bytes.firstIndex(of: 10) ?? bytes.count
        let sum = CRC32C.checksum(Array(bytes[min(end + 1, bytes.count)...]))
        let expected = headPrefix + String(sum, radix: 16) + "\n"
        if bytes.starts(with: expected.utf8) { return true }
        throw damage("The AOF manifest's checksum is wrong", path, 0)
    }

    private static func parseLine(
        _ line: [UInt8], path: String, offset: Int
    ) throws(PersistenceError) -> Entry {
        let invalid = damage("Invalid AOF manifest file format", path, offset)
        guard let words = line.withByteView({ InlineWords.split($0) }) else { throw invalid }
        if words.count < 6 || words.count % 2 != 0 { throw invalid }
        var entry = Entry(name: "", number: 0, kind: .history)
        var kind: Kind?
        for index in stride(from: 0, to: words.count, by: 2) {
            let value = words[index + 1]
            let text = String(decoding: value, as: UTF8.self)
            switch String(decoding: words[index], as: UTF8.self).lowercased() {
            case "file":
                if value.contains(47) {
                    throw damage("File can't be a path, just a filename", path, offset)
                }
                entry.name = text
            case "seq": entry.number = Int(text) ?? 0
            case "type":
                guard let first = text.first, let known = Kind(rawValue: String(first)) else {
                    throw damage("Unknown AOF file type", path, offset)
                }
                kind = known
            case "salt": entry.salt = UInt64(text, radix: 16)
            case "kept": entry.keptSince = Int(text)
            default: break
            }
        }
        guard let kind, !entry.name.isEmpty, entry.number != 0 else { throw invalid }
        entry.kind = kind
        return entry
    }

    private mutating func add(
        _ entry: Entry, path: String, offset: Int
    ) throws(PersistenceError) {
        if entry.salt != nil && !isOurs {
            throw Self.damage("The AOF manifest's first line is damaged", path, 0)
        }
        switch entry.kind {
        case .base:
            if base != nil {
                throw Self.damage("Found duplicate base file information", path, offset)
            }
            base = entry
        case .increment:
            if let last = increments.last, entry.number <= last.number {
                throw Self.damage("Found a non-monotonic sequence number", path, offset)
            }
            increments.append(entry)
        case .history: history.append(entry)
        }
    }

    private static func damage(_ what: String, _ path: String, _ offset: Int) -> PersistenceError {
        PersistenceError(
            .corrupt, what, path: path, offset: offset,
            remedy: "Make a backup of the directory, then write the manifest anew with "
                + "'aof-check --salvage \(path)'")
    }
}
