/// Reads the snapshot that a plain Redis begins a log with: an RDB base, or the preamble of a base or an old
/// single file whose commands follow it.
///
/// Redis's rules: keys past their deadline are kept, for commands that follow may still use them (a
/// `dump.rdb` drops them); a key without elements is passed over; a name that stands twice, a database
/// beyond `databases` and a module's data end the start. A snapshot was whole before anything
/// named it, so whatever is wrong in it is corruption, never a tail to cut. The checksum stands behind the
/// keys: what was loaded before it is in a dataset that nobody serves yet.
///
/// How long ago or how often a key was used is not taken over.
///
/// Threads: the loading thread.
import Bytes
import Persistence
import RDB
import Records

/// Reads a snapshot from where its window stands; the window is behind it afterwards.
struct PreambleReader {
    let window: LogWindow
    let replay: LogReplay

    /// Whether bytes begin as a snapshot does.
    static func begins(_ front: ByteView) -> Bool {
        front.starts(with: ByteView("REDIS")) || front.starts(with: ByteView("VALKEY"))
    }

    /// Feeds the snapshot to the target.
    ///
    /// - Throws: `.corrupt`, `.unsupportedVersion`, `.unsupportedFormat`, `.conflict` (`databases` is too
    ///   low), `.io`; with file and offset.
    func read() throws(PersistenceError) {
        let window = window
        // An entry's key or value can have no more (Entry's lengths have 32 bits).
        let reader = RDBFileReader(
            limits: RDBLimits(stringBytes: Int(UInt32.max)), start: window.offset
        ) { bytes, count in try window.pull(count, into: bytes) }
        var skipped = 0
        replay.target.beginLoading()
        do {
            while let event = try reader.next() {
                switch event {
                case .entry(let entry):
                    if try !load(entry, reader) {
                        skipped += 1
                        if skipped <= 10 { noteEmpty(entry) }
                    }
                default: try take(event, at: reader.position)
                }
            }
            if let key = replay.target.endLoading() {
                throw RDBError(
                    .corrupt, "the key '\(key.withByteView { Self.name($0) })' stands twice",
                    offset: reader.position)
            }
        } catch let error as PersistenceError {
            throw error
        } catch let error as RDBError {
            throw failure(error)
        } catch {
            throw PersistenceError(.io, "\(error)", path: window.path, offset: reader.position)
        }
        if skipped > 10 {
            replay.warnings.append("\(skipped) keys without elements were passed over")
        }
        window.move(to: reader.position)
    }

    /// Puts a key in; false where it has no elements.
    private func load(_ entry: RDBFileEntry, _ reader: RDBFileReader) throws -> Bool {
        let target = replay.target
        try check(database: entry.database, at: reader.position)
        var isEmpty = false
        let outcome = try target.load(
            entry.key, database: entry.database, deadline: Self.deadline(entry)
        ) { sink in
            if case .empty = try reader.readValue(into: sink) { isEmpty = true }
        }
        switch outcome {
        case .new: return true
        case .empty where isEmpty: return false
        case .empty, .replaced:
            throw RDBError(
                .corrupt,
                "the key '\(Self.name(entry.key))' stands twice in database \(entry.database)",
                offset: reader.position)
        }
    }

    /// What another record than a key means.
    private func take(_ event: RDBEvent, at offset: Int) throws(PersistenceError) {
        switch event {
        case .database(let number): try check(database: number, at: offset)
        case .functionLibrary(let source): noteLibrary(source, offset)
        case .moduleData(let module):
            throw unsupported("data of the module type '\(module)'", offset)
        case .end(let isChecked):
            if !isChecked {
                replay.warnings.append(
                    "The snapshot was saved without a checksum: none was checked "
                        + "(\(window.path), offset \(offset))")
            }
        case .header, .auxiliary, .sizes, .slotSizes, .entry, .moduleValue: break
        }
    }

    private func check(database: Int, at offset: Int) throws(PersistenceError) {
        let count = replay.target.databaseCount
        if database < count { return }
        throw PersistenceError(
            .conflict,
            "The snapshot has keys of database \(database), this server has databases 0 to "
                + "\(count - 1)", path: window.path, offset: offset,
            remedy: "Start with '--databases \(database &+ 1)' or more")
    }

    /// A time before 1970 has passed as one of then has.
    private static func deadline(_ entry: RDBFileEntry) -> Deadline? {
        entry.deadline.map { max($0, Deadline(millisecondsSinceEpoch: 0)) }
    }
}

/// What an operator is told.
extension PreambleReader {
    private static func name(_ bytes: ByteView) -> String {
        bytes[0..<min(bytes.count, 128)].text
    }

    private func noteEmpty(_ entry: RDBFileEntry) {
        replay.warnings.append(
            "The key '\(Self.name(entry.key))' of database \(entry.database) has no elements: passed "
                + "over (\(window.path))")
    }

    /// A library is named by its first line: `#!lua name=...`.
    private func noteLibrary(_ source: ByteView, _ offset: Int) {
        let head = source[0..<min(source.count, 256)]
        let line = head[0..<(head.firstIndex(of: 10) ?? head.count)].text
        let word = line.split(separator: " ").first { $0.lowercased().hasPrefix("name=") }
        let name = word.map { String($0.dropFirst(5)) } ?? line
        replay.warnings.append(
            "The function library '\(name)' is left out, for functions aren't supported; a rewrite "
                + "of the log drops it (\(window.path), offset \(offset))")
    }

    private func unsupported(_ what: String, _ offset: Int) -> PersistenceError {
        PersistenceError(
            .unsupportedFormat, "The snapshot holds \(what), which can't be loaded",
            path: window.path, offset: offset,
            remedy: "Remove it with the server that wrote it, then 'bgrewriteaof' there")
    }

    private func failure(_ error: RDBError) -> PersistenceError {
        let offset = error.offset ?? window.offset
        let key = error.key.map { ", key '\($0.withByteView { Self.name($0) })'" } ?? ""
        switch error.code {
        case .unsupportedType: return unsupported(error.message + key, offset)
        case .unsupportedVersion:
            return PersistenceError(
                .unsupportedVersion, "The file begins with " + error.message, path: window.path,
                offset: offset,
                remedy: "Load it with the server that wrote it, or a later version of this one")
        case .corrupt, .truncated, .checksum, .tooLarge:
            return PersistenceError(
                .corrupt, "The snapshot in the file is damaged: \(error.message)\(key)",
                path: window.path, offset: offset,
                remedy: "Bring the file back from a backup; 'redis-check-rdb' tells more about it")
        }
    }
}
