/// What a Redis 7.0 would do with a log on its start: its loader's rules, read off what the real one does.
///
/// Its rules are looser than ours: lengths are read as C's `strtol` reads them, what stands behind a value isn't
/// looked at, and a record that is longer than the rest of the last file is an unfinished tail, whatever lies
/// behind it. `Fixtures/aof/defects.v1.json` holds what a real redis-server 7.0.15 did with every defect of the
/// fixtures; the tests compare.
///
/// Memory: one argument of a record at a time.
import Bytes
import Persistence

/// Asks what Redis would do; see the file's header.
public struct RedisVerdict: Sendable {
    /// How its start ends.
    public enum Outcome: String, Sendable {
        /// With all data, as far as Redis can tell.
        case starts
        /// After it has cut the last file.
        case cuts
        /// Not at all.
        case refuses
        /// It crashes, or its behaviour isn't defined.
        case crashes
    }

    /// How its start ends.
    public internal(set) var outcome = Outcome.starts
    /// What its log says.
    public internal(set) var message = ""
    /// Bytes that it would cut.
    public internal(set) var cutBytes = 0
    /// Whether it would begin with no data although there is some.
    public internal(set) var ignoresData = false

    /// A start that goes well.
    public init() {}

    static func refuses(_ message: String) -> RedisVerdict {
        var verdict = RedisVerdict()
        verdict.outcome = .refuses
        verdict.message = message
        return verdict
    }

    /// What a Redis with `appendonly yes` would do with a log that was looked at.
    ///
    /// - Throws: `.io`.
    public static func of(
        _ source: LogSource, _ scan: LogScan, _ disk: any FileSystem
    ) throws(PersistenceError) -> RedisVerdict {
        switch source.shape {
        case .nothing, .withoutManifest:
            var verdict = RedisVerdict()
            verdict.ignoresData = true
            verdict.message = "it begins with no data and writes a new log"
            return verdict
        case .file, .oldFile, .multiPart: break
        }
        guard let parts = try source.partsAsRedis(disk) else {
            return refuses(source.manifestError?.message ?? "")
        }
        if let missing = parts.first(where: { part in
            scan.parts.contains { $0.part.path == part.path && $0.kind == .missing }
        }) {
            return refuses("The AOF file \(missing.name) doesn't exist")
        }
        var verdict = RedisVerdict()
        for (index, part) in parts.enumerated() {
            if let finding = scan.parts.first(where: { $0.part.path == part.path }),
                finding.isPlainToRedis
            {
                continue
            }
            let loader = try RedisLoader(part.path, disk)
            let end = try loader.run()
            let isLast = index == parts.count - 1
            switch end {
            case .loaded: continue
            case .failed(let message): return refuses(message)
            case .crashed(let message):
                verdict.outcome = .crashes
                verdict.message = message
                return verdict
            case .truncated(let size):
                if !isLast {
                    return refuses("Fatal error: the truncated file is not the last file")
                }
                verdict.outcome = .cuts
                verdict.cutBytes = loader.size - size
                verdict.message = "AOF loaded anyway because aof-load-truncated is enabled"
            }
        }
        return verdict
    }
}

extension PartFinding {
    /// Whether every rule of Redis's loader was kept, as far as the scan's stricter ones were.
    fileprivate var isPlainToRedis: Bool {
        switch kind {
        case .groups, .commands: break
        case .snapshot, .snapshotAndCommands, .groupsAndCommands, .empty, .missing: return false
        }
        if isIrregular || !notes.isEmpty { return false }
        return commands.keys.allSatisfy { RedisCommands.knows($0) }
    }
}

extension LogSource {
    /// The files that Redis reads by the manifest: to it our checksum is a comment; nil where it is outside the grammar.
    public func partsAsRedis(_ disk: any FileSystem) throws(PersistenceError) -> [Part]? {
        guard manifestError != nil else { return parts }
        let bytes = try disk.contents(of: places.manifest, limit: Manifest.maximumBytes) ?? []
        // To Redis our first line is a comment, and our word for the salt any word.
        let text = String(decoding: bytes, as: UTF8.self)
            .replacing("#HF1 ", with: "#").replacing(" salt ", with: " other ")
        do throws(PersistenceError) {
            let manifest = try Manifest.parse(Array(text.utf8), path: places.manifest)
            return manifest.chain.map {
                Part(
                    name: $0.name, path: places.path($0.name),
                    role: $0.kind == .base ? .base : .increment, salt: nil, number: $0.number)
            }
        } catch {
            return nil
        }
    }
}

/// Reads one file as Redis 7.0 does.
final class RedisLoader {
    /// How it ended.
    enum End {
        case loaded
        case truncated(size: Int)
        case failed(String)
        case crashed(String)
    }

    private let window: LogWindow
    private var valid = 0
    private var validBeforeMulti = 0
    private var isInMulti = false
    private static let badFormat = "Bad file format reading the append only file"

    var size: Int { window.size }

    init(_ path: String, _ disk: any FileSystem) throws(PersistenceError) {
        window = try LogWindow(path: path, disk, moved: { _ in })
    }

    func run() throws(PersistenceError) -> End {
        try window.show(16)
        if window.front.starts(with: ByteView("REDIS")) {
            if let end = try snapshot() { return end }
            valid = window.offset
        }
        while let line = try line() {
            if line.first == UInt8(ascii: "#") { continue }
            if line.first != UInt8(ascii: "*") { return .failed(Self.badFormat) }
            if line.count < 2 { return unfinished }
            let count = Self.number(line.dropFirst())
            if count < 1 || count > Int(Int32.max) { return .failed(Self.badFormat) }
            if let end = try record(count) { return end }
        }
        if isInMulti {
            valid = validBeforeMulti
            return unfinished
        }
        return .loaded
    }

    /// Within a transaction too, only the record that is torn goes: its beginning stays, without an EXEC.
    private var unfinished: End { .truncated(size: valid) }

    private func snapshot() throws(PersistenceError) -> End? {
        let version = window.front.dropFirst(5)[0..<min(4, max(0, window.front.count - 5))].text
        let message = "Error reading the RDB preamble of the AOF file, AOF loading aborted"
        guard let number = Int(version), number >= 1, number <= 10 else { return .failed(message) }
        do throws(PersistenceError) {
            let replay = LogReplay(target: NullReplayTarget())
            try PreambleReader(window: window, replay: replay).read()
            return nil
        } catch {
            if error.code == .io { throw error }
            return .failed(message)
        }
    }

    /// One record behind its first line; nil: it was executed.
    private func record(_ count: Int) throws(PersistenceError) -> End? {
        var name: [UInt8] = []
        for index in 0..<count {
            guard let line = try line() else { return unfinished }
            if line.first != UInt8(ascii: "$") { return .failed(Self.badFormat) }
            let length = Self.number(line.dropFirst())
            if length < 0 || length > 1 << 46 {
                return .crashed(
                    "Out Of Memory allocating \(UInt64(bitPattern: Int64(length))) bytes")
            }
            if length > window.size - window.offset { return unfinished }
            if index == 0 { name = try window.bytes(at: window.offset, count: min(length, 256)) }
            try skip(length)
            if window.size - window.offset < 2 { return unfinished }
            try skip(2)
        }
        return name.withByteView { execute($0, count) }
    }

    private func execute(_ name: ByteView, _ count: Int) -> End? {
        guard let arity = RedisCommands.arity(of: name) else {
            return .failed("Unknown command '\(name.text)' reading the append only file")
        }
        // The number isn't checked while it loads: what is missing is read from beyond the arguments.
        if count < abs(arity) {
            return .crashed(
                "Redis doesn't check the number of arguments of '\(name.text)' while it loads")
        }
        if name.equalsIgnoringCase("multi") {
            if !isInMulti { validBeforeMulti = valid }
            isInMulti = true
        } else if name.equalsIgnoringCase("exec") {
            isInMulti = false
        }
        valid = window.offset
        return nil
    }

    private func skip(_ count: Int) throws(PersistenceError) {
        var left = count
        while left > 0 {
            try window.show(1)
            let step = min(left, window.front.count)
            if step == 0 { return }
            window.skip(step)
            left -= step
        }
    }

    /// What `fgets` reads: up to 1,023 bytes, to a line's end or the file's; nil at the end.
    private func line() throws(PersistenceError) -> [UInt8]? {
        try window.show(1023)
        let front = window.front[0..<min(1023, window.front.count)]
        if front.isEmpty { return nil }
        let count = front.firstIndex(of: 10).map { $0 + 1 } ?? front.count
        let line = front[0..<count].array
        window.skip(count)
        // A NUL ends C's text.
        return Array(line.prefix { $0 != 0 })
    }

    /// As C's `strtol` reads a number.
    private static func number(_ text: ArraySlice<UInt8>) -> Int {
        let rest = text.drop { $0 == 32 || $0 >= 9 && $0 <= 13 }
        let isNegative = rest.first == UInt8(ascii: "-")
        var value = 0
        for byte in rest.dropFirst(isNegative || rest.first == UInt8(ascii: "+") ? 1 : 0) {
            guard byte &- 48 < 10 else { break }
            if value > 1 << 56 { break }
            value = value * 10 + Int(byte &- 48)
        }
        return isNegative ? -value : value
    }
}
