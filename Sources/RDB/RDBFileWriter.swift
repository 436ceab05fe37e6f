/// Writes a whole snapshot: the file that a Redis of today loads as its dump.rdb or as a base of its log.
///
///     "REDIS" version | auxiliary fields | functions | (database, sizes, keys)* | 0xFF | CRC64
///
/// Version 10 (Redis 7.0), or 12 (7.4) where a hash's field has a deadline, which the file's first bytes must
/// tell; a walk over the view finds out, and counts the deadlines for the sizes on the way.
/// Everything goes out through the drain as it comes, on the thread that calls.
import Bytes
import Records

/// What a snapshot says about itself.
public struct RDBFileFacts: Sendable {
    /// The version of the server that Redis's tools show.
    public var serverVersion = "7.0.15"
    /// When it was written, in seconds since 1970.
    public var creationSeconds: Int64 = 0
    /// The server's memory.
    public var usedMemoryBytes: Int64 = 0
    /// Whether it is the base of an append-only file.
    public var isAppendOnlyBase = false

    /// Facts to be filled in.
    public init() {}
}

/// Writes a snapshot; one thread at a time.
public final class RDBFileWriter {
    private let output: RDBOutput
    private let values: RDBValueWriter
    /// The version of the file.
    public let version: Int

    /// A writer; `begin` comes next.
    public init(
        version: Int = RDBVersion.written, compresses: Bool = true,
        limits: RDBPackingLimits = RDBPackingLimits(), drain: @escaping RDBOutput.Drain
    ) {
        self.version = version
        output = RDBOutput(compresses: compresses, drain: drain)
        values = RDBValueWriter(output, version: version, limits: limits)
    }

    /// A writer into an output of the caller's; `begin` comes next.
    public init(
        version: Int, to output: RDBOutput, limits: RDBPackingLimits = RDBPackingLimits()
    ) {
        self.version = version
        self.output = output
        values = RDBValueWriter(output, version: version, limits: limits)
    }

    /// Bytes written so far.
    public var position: Int { output.position }

    /// Writes magic and facts.
    ///
    /// - Throws: what the drain throws, as all verbs do.
    public func begin(_ facts: RDBFileFacts) throws {
        let digits = String(version)
        output.buffer.append(
            text: "REDIS" + String(repeating: "0", count: 4 - digits.utf8.count) + digits)
        append("redis-ver", facts.serverVersion)
        append("redis-bits", "64")
        append("ctime", String(facts.creationSeconds))
        append("used-mem", String(facts.usedMemoryBytes))
        append("aof-base", facts.isAppendOnlyBase ? "1" : "0")
        try output.settle()
    }

    /// Writes a fact; readers pass over those they don't know.
    public func auxiliary(_ name: String, _ value: String) throws {
        append(name, value)
        try output.settle()
    }

    private func append(_ name: String, _ value: String) {
        output.buffer.append(RDBOpcode.auxiliary)
        Array(name.utf8).withByteView { output.append(uncompressed: $0) }
        Array(value.utf8).withByteView { output.append(uncompressed: $0) }
    }

    /// Writes a function library's source.
    public func functionLibrary(_ source: ByteView) throws {
        output.buffer.append(RDBOpcode.functionLibrary)
        output.append(blob: source)
        try output.settle()
    }

    /// Begins a database.
    public func database(_ number: Int, keys: Int, deadlines: Int) throws {
        output.buffer.append(RDBOpcode.selectDatabase)
        output.append(count: number)
        output.buffer.append(RDBOpcode.resize)
        output.append(count: keys)
        output.append(count: deadlines)
        try output.settle()
    }

    /// Writes a key of the database begun last.
    public func entry(_ entry: FrozenEntry) throws {
        let needed = try RDBValueWriter.version(of: entry.value)
        precondition(needed <= version, "the version can't hold the value")
        if let deadline = entry.deadline {
            output.buffer.append(RDBOpcode.deadlineMilliseconds)
            output.append(littleEndian: deadline.millisecondsSinceEpoch)
        }
        let type = try values.type(of: entry.value)
        output.buffer.append(type)
        output.append(string: entry.key)
        try values.write(entry.value, as: type)
    }

    /// Writes end and checksum (0, "not computed", where the output doesn't hash), and drains what is left.
    public func end() throws {
        output.buffer.append(RDBOpcode.end)
        output.buffer.append(littleEndian: output.checksum(), width: 8)
        try output.flush()
    }
}

extension RDBFileWriter {
    /// What must be known of a view before its first byte is written.
    private struct Survey {
        var version = RDBVersion.written
        var deadlines: [Int] = []
    }

    private static func survey(_ dataset: any FrozenDataset) throws -> Survey {
        var survey = Survey()
        for database in 0..<dataset.databaseCount {
            var deadlines = 0
            try dataset.forEachEntry(database: database) { entry in
                if entry.deadline != nil { deadlines += 1 }
                survey.version = max(survey.version, try RDBValueWriter.version(of: entry.value))
            }
            survey.deadlines.append(deadlines)
        }
        return survey
    }

    /// Writes a frozen view as a snapshot; empty databases are left out.
    ///
    /// - Parameters:
    ///   - more: facts behind the standard ones.
    ///   - visited: called after every key; may throw to give up.
    /// - Returns: the version and size of the snapshot.
    /// - Throws: what the drain and `visited` throw; the bytes so far are then no snapshot.
    @discardableResult
    public static func write(
        _ dataset: any FrozenDataset, facts: RDBFileFacts,
        more: [(name: String, value: String)] = [], functionLibraries: [[UInt8]] = [],
        compresses: Bool = true, limits: RDBPackingLimits = RDBPackingLimits(),
        visited: () throws -> Void = {}, drain: @escaping RDBOutput.Drain
    ) throws -> (version: Int, sizeBytes: Int) {
        let survey = try survey(dataset)
        let writer = RDBFileWriter(
            version: survey.version, compresses: compresses, limits: limits, drain: drain)
        try writer.begin(facts)
        for fact in more { try writer.auxiliary(fact.name, fact.value) }
        for source in functionLibraries {
            try source.withByteView { try writer.functionLibrary($0) }
        }
        for database in 0..<dataset.databaseCount {
            let keys = dataset.keyCount(database: database)
            if keys == 0 { continue }
            try writer.database(database, keys: keys, deadlines: survey.deadlines[database])
            try dataset.forEachEntry(database: database) { entry in
                try writer.entry(entry)
                try visited()
            }
        }
        try writer.end()
        return (survey.version, writer.position)
    }
}
