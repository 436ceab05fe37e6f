/// Writes records to a new log: as plain commands, or in groups with checksums as a server of ours writes them.
///
/// The file is made under a temporary name; nobody sees it before `finish` has forced it to the platter and given
/// it its name. Memory: one group.
import Bytes
import Persistence

/// Writes one file of records; see the file's header.
final class RecordOutput {
    let path: String
    private let temporary: String
    private let disk: any FileSystem
    private let file: any FileHandle
    private let salt: Salt?
    private let group = ByteWriter(capacity: 128 << 10)
    private let out = ByteWriter(capacity: 256 << 10)
    private var groupMutations: UInt64 = 0
    private var groupTime: UInt64 = 0
    private var sequence: UInt64
    private var isUnitOpen = false
    private var isDone = false
    /// Database in force in the file; -1: none was selected yet.
    private(set) var database = -1
    /// Records written, SELECT not counted.
    private(set) var records = 0
    /// Bytes written.
    private(set) var bytes = 0
    /// The sequence of the last record.
    var lastSequence: UInt64 { sequence }

    /// - Parameters:
    ///   - salt: of a file with checksums; nil: plain commands.
    ///   - first: sequence of the first record.
    init(
        _ path: String, salt: UInt64?, first: UInt64, _ disk: any FileSystem
    ) throws(PersistenceError) {
        self.path = path
        self.disk = disk
        self.salt = salt.map { Salt(bits: $0) }
        sequence = first &- 1
        let slash = path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex
        temporary = path[..<slash] + LogPlaces.temporaryPrefix + path[slash...]
        file = try disk.open(temporary, .create)
        if let salt = self.salt {
            let header = IncrementHeader(salt: salt, firstSequence: first, durable: first &- 1)
            Annotation.increment(header).append(to: out, salt: salt)
        }
    }

    /// Closes what was not finished and removes it.
    func abandon() {
        if isDone { return }
        isDone = true
        file.close()
        // What can't be removed has a name that says what it is.
        do { try disk.unlink(temporary) } catch { return }
    }

    deinit { abandon() }

    /// Adds a record that belongs to `database`.
    func add(
        _ arguments: ByteViews, database: Int, time: UInt64?
    ) throws(PersistenceError) {
        if let time { groupTime = time }
        if database != self.database {
            CommandEncoder.select(database, group)
            self.database = database
        }
        group.append(request: arguments)
        if Self.isFrame(arguments[0]) {
            isUnitOpen = arguments[0].equalsIgnoringCase("multi")
        } else {
            groupMutations += 1
            sequence &+= 1
            records += 1
        }
        if !isUnitOpen && group.count >= GroupWriter.groupLimit { try closeGroup() }
    }

    /// Whether a command frames others and is no mutation.
    static func isFrame(_ name: ByteView) -> Bool {
        name.equalsIgnoringCase("multi") || name.equalsIgnoringCase("exec")
    }

    private func closeGroup() throws(PersistenceError) {
        if group.count == 0 { return }
        if let salt {
            let head = GroupHeader(
                firstSequence: sequence &- groupMutations &+ 1, count: groupMutations,
                payloadBytes: group.count, timeMilliseconds: groupTime,
                durable: sequence &- groupMutations,
                payloadSum: CRC32C.checksum(group.view, seed: salt.payloadSeed))
            Annotation.group(head).append(to: out, salt: salt)
        }
        out.append(group.view)
        group.removeAll()
        groupMutations = 0
        if out.count >= 256 << 10 { try flush() }
    }

    private func flush() throws(PersistenceError) {
        try file.writeAll(out.view)
        bytes += out.count
        out.removeAll()
    }

    /// Everything on the platter, and the file under its name; its folder is yet to be synced.
    func finish() throws(PersistenceError) {
        try closeGroup()
        if let salt {
            let mark = ClosingMark(lastSequence: sequence, timeMilliseconds: groupTime)
            Annotation.closing(mark).append(to: out, salt: salt)
        }
        try flush()
        try file.sync()
        file.close()
        isDone = true
        try disk.rename(temporary, to: path)
    }
}
