/// Feeds a snapshot in Redis's format to a target: a file of its own, or what a log begins with.
///
/// Redis's rules: a key without elements is passed over and told, a library of functions is left out and told; a
/// name that stands twice, a database beyond `databases` and a module's data end the reading. The checksum
/// stands behind the keys: whoever reads hands over a target that nobody is served from before it was right.
///
/// How long ago or how often a key was used is not taken over.
///
/// Threads: any; one at a time.
import Bytes
import Persistence
import RDB
import Records

/// Reads one snapshot; see the file's header.
struct RDBReplay {
    /// What the snapshot is part of: who rewrites it, and how.
    enum Place: String {
        case file = "bgsave"
        case log = "bgrewriteaof"
    }

    /// Facts in the file, by name: those of `RDBFact.read`.
    private(set) var facts: [String: String] = [:]
    /// The time that the source gives for keys to be past; nil: all are kept.
    let now: Deadline?
    /// Keys put in.
    private(set) var keys = 0
    /// Keys left out, as they were past their deadline.
    private(set) var expired = 0
    /// What an operator should know.
    private(set) var warnings: [String] = []
    /// Sources of function libraries.
    private(set) var libraries: [[UInt8]] = []
    private var emptyKeys = 0
    private let missing: ((SnapshotMissing) -> Void)?
    private let reader: RDBFileReader
    private let target: any ReplayTarget
    private let path: String
    private let place: Place

    /// - Parameters:
    ///   - pull: gives the bytes, from offset `start` of the file `path` on.
    ///   - now: keys that were past their deadline then are left out; nil: none is.
    ///   - missing: told what can't be held; nil: it ends the reading.
    init(
        _ place: Place, path: String, start: Int = 0, into target: any ReplayTarget,
        now: Deadline? = nil, checksChecksum: Bool = true,
        missing: ((SnapshotMissing) -> Void)? = nil, pull: @escaping RDBInput.Pull
    ) {
        self.place = place
        self.path = path
        self.target = target
        self.now = now
        self.missing = missing
        // An entry's key or value can have no more (its lengths have 32 bits).
        reader = RDBFileReader(
            limits: RDBLimits(stringBytes: Int(UInt32.max)),
            modules: missing == nil ? .refuse : .skip, checksChecksum: checksChecksum,
            start: start, pull: pull)
    }

    /// The offset behind what was read; after `read` behind the snapshot.
    var position: Int { reader.position }

    /// Whether bytes begin as a snapshot does.
    static func begins(_ front: ByteView) -> Bool {
        front.starts(with: ByteView("REDIS")) || front.starts(with: ByteView("VALKEY"))
    }

    /// Reads to the snapshot's end.
    ///
    /// - Throws: `.corrupt`, `.unsupportedVersion`, `.unsupportedFormat`, `.conflict` (`databases` is too
    ///   low), `.io`; with file and offset.
    mutating func read() throws(PersistenceError) {
        target.beginLoading()
        do {
            while let event = try reader.next() {
                if case .entry(let entry) = event {
                    try load(entry)
                } else {
                    try take(event, at: reader.position)
                }
            }
            if let key = target.endLoading() {
                throw RDBError(
                    .corrupt, "the key '\(key.withByteView { Self.name($0) })' stands twice",
                    offset: reader.position)
            }
        } catch let error as PersistenceError {
            throw error
        } catch let error as RDBError {
            throw failure(error)
        } catch {
            throw PersistenceError(.io, "\(error)", path: path, offset: reader.position)
        }
        if emptyKeys > 10 {
            warnings.append("\(emptyKeys) keys without elements were passed over")
        }
    }

    @inline(__always)
    private mutating func load(_ entry: RDBFileEntry) throws {
        try check(database: entry.database, at: reader.position)
        // A time before 1970 has passed as one of then has.
        let deadline = entry.deadline.map { max($0, Deadline(millisecondsSinceEpoch: 0)) }
        if let now, let deadline, deadline < now {
            expired += 1
            return
        }
        var isEmpty = false
        let outcome = try target.load(entry.key, database: entry.database, deadline: deadline) {
            if case .empty = try reader.readValue(into: $0) { isEmpty = true }
        }
        switch outcome {
        case .new: keys += 1
        case .empty where isEmpty: noteEmpty(entry)
        case .empty, .replaced:
            throw RDBError(
                .corrupt,
                "the key '\(Self.name(entry.key))' stands twice in database \(entry.database)",
                offset: reader.position)
        }
    }

    /// What another record than a key means.
    private mutating func take(_ event: RDBEvent, at offset: Int) throws(PersistenceError) {
        switch event {
        case .database(let number): try check(database: number, at: offset)
        case .functionLibrary(let source): noteLibrary(source, offset)
        case .moduleData(let module):
            guard let missing else {
                throw unsupported("data of the module type '\(module)'", offset)
            }
            missing(.moduleData(module: module))
        case .moduleValue(let key, let database, let module):
            missing?(.moduleValue(database: database, key: key.array, module: module))
        case .auxiliary(let name, let value):
            if value.count <= 256, let name = RDBFact.read.first(where: { name == ByteView($0) }) {
                facts["\(name)"] = value.text
            }
        case .end(let isChecked):
            if !isChecked {
                warnings.append(
                    "The snapshot was saved without a checksum: none was checked "
                        + "(\(path), offset \(offset))")
            }
        case .header, .sizes, .slotSizes, .entry: break
        }
    }

    @inline(__always)
    private func check(database: Int, at offset: Int) throws(PersistenceError) {
        if database >= target.databaseCount { throw beyond(database, offset) }
    }
}

/// What an operator is told.
extension RDBReplay {
    private static func name(_ bytes: ByteView) -> String {
        bytes[0..<min(bytes.count, 128)].text
    }

    private func beyond(_ database: Int, _ offset: Int) -> PersistenceError {
        PersistenceError(
            .conflict,
            "The snapshot has keys of database \(database), this server has databases 0 to "
                + "\(target.databaseCount - 1)", path: path, offset: offset,
            remedy: "Start with '--databases \(database &+ 1)' or more")
    }

    private mutating func noteEmpty(_ entry: RDBFileEntry) {
        emptyKeys += 1
        if emptyKeys > 10 { return }
        warnings.append(
            "The key '\(Self.name(entry.key))' of database \(entry.database) has no elements: passed "
                + "over (\(path))")
    }

    /// A library is named by its first line: `#!lua name=...`.
    private mutating func noteLibrary(_ source: ByteView, _ offset: Int) {
        libraries.append(source.array)
        if missing != nil { return }
        let head = source[0..<min(source.count, 256)]
        let line = head[0..<(head.firstIndex(of: 10) ?? head.count)].text
        let word = line.split(separator: " ").first { $0.lowercased().hasPrefix("name=") }
        let name = word.map { String($0.dropFirst(5)) } ?? line
        let loss = place == .log ? "a rewrite of the log" : "the next save"
        warnings.append(
            "The function library '\(name)' is left out, for functions aren't supported; \(loss) "
                + "drops it (\(path), offset \(offset))")
    }

    private func unsupported(_ what: String, _ offset: Int) -> PersistenceError {
        PersistenceError(
            .unsupportedFormat, "The snapshot holds \(what), which can't be loaded",
            path: path, offset: offset,
            remedy: "Remove it with the server that wrote it, then '\(place.rawValue)' there")
    }

    private func failure(_ error: RDBError) -> PersistenceError {
        let offset = error.offset ?? reader.position
        let key = error.key.map { ", key '\($0.withByteView { Self.name($0) })'" } ?? ""
        switch error.code {
        case .unsupportedType: return unsupported(error.message + key, offset)
        case .unsupportedVersion:
            return PersistenceError(
                .unsupportedVersion, "The file begins with " + error.message, path: path,
                offset: offset,
                remedy: "Load it with the server that wrote it, or a later version of this one")
        case .corrupt, .truncated, .checksum, .tooLarge:
            return PersistenceError(
                .corrupt, "The snapshot in the file is damaged: \(error.message)\(key)",
                path: path, offset: offset,
                remedy: "Bring the file back from a backup; 'redis-check-rdb' tells more about it")
        }
    }
}
