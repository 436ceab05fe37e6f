/// Reads a whole snapshot, of any version that Redis or Valkey wrote, from a source that is pulled.
///
///     magic: "REDIS" and 4 digits, or "VALKEY" and 3
///     records: auxiliary fields, functions, databases, keys (deadline, idle time and frequency before them)
///     0xFF, and from version 5 on the CRC64 of everything before it (0: not computed)
///
/// The caller asks for the next event; after `.entry` it reads the value into a sink, or the value is
/// passed over. Memory: the longest string of the file, the key, and what the sink builds.
///
/// The reader takes no byte behind the checksum: `position` is then where an append-only file goes on after
/// its preamble, and `unread` holds what was pulled of it already. Views in events live until the next call.
import Bytes
import Records

/// A key of a snapshot, whose value is to be read.
public struct RDBFileEntry {
    /// The database it belongs to.
    public let database: Int
    /// The key; valid until the next event.
    public let key: ByteView
    /// When it expires; it may have passed.
    public let deadline: Deadline?
    /// Seconds since it was used, where the snapshot says so.
    public let idleSeconds: UInt64?
    /// How often it is used, in Redis's logarithmic measure, where the snapshot says so.
    public let frequency: UInt8?
    /// The type byte of its value.
    public let type: UInt8
}

/// What a snapshot holds next.
public enum RDBEvent {
    /// The file's beginning.
    case header(version: Int, dialect: RDBDialect)
    /// A fact about the file; unknown ones are to be ignored.
    case auxiliary(name: ByteView, value: ByteView)
    /// The keys that follow belong to this database.
    case database(Int)
    /// How many keys follow, and how many of them expire: a hint, not to be trusted.
    case sizes(keys: Int, deadlines: Int)
    /// The source of a function library.
    case functionLibrary(ByteView)
    /// A cluster's slot and its sizes: nothing outside a cluster.
    case slotSizes
    /// Data of a module beside the keys; it was passed over.
    case moduleData(module: String)
    /// A key; `readValue` reads its value.
    case entry(RDBFileEntry)
    /// A key whose value belongs to a module; both were passed over.
    case moduleValue(key: ByteView, database: Int, module: String)
    /// The file's end; whether it had a checksum, which was right.
    case end(isChecked: Bool)
}

/// Reads a snapshot; one thread at a time.
public final class RDBFileReader {
    /// What is done about values of modules.
    public enum ModulePolicy: Sendable {
        /// They end the reading with an error.
        case refuse
        /// They are passed over and reported.
        case skip
    }

    private let input: RDBInput
    private let values: RDBValueReader
    private let modules: ModulePolicy
    private let checksChecksum: Bool
    private let key = ByteWriter(capacity: 256)
    private var hasBegun = false
    private var hasEnded = false
    private var version = 0
    private var database = 0
    /// The type of the value that stands at the place, unread.
    private var unreadType: UInt8?
    /// What stood before the key that is next.
    private var properties = Properties()

    private struct Properties {
        var deadline: Deadline?
        var idleSeconds: UInt64?
        var frequency: UInt8?
    }

    /// A reader over a source.
    ///
    /// - Parameters:
    ///   - checksChecksum: false reads over a wrong checksum, as `rdbchecksum no` does.
    ///   - start: the offset of the source's first byte, for errors and `position`.
    public init(
        limits: RDBLimits = RDBLimits(), modules: ModulePolicy = .refuse,
        checksChecksum: Bool = true, start: Int = 0, pull: @escaping RDBInput.Pull
    ) {
        input = RDBInput(limits: limits, start: start, pull: pull)
        values = RDBValueReader(input)
        self.modules = modules
        self.checksChecksum = checksChecksum
    }

    /// A reader over bytes that are all there.
    public init(
        _ bytes: ByteView, limits: RDBLimits = RDBLimits(), modules: ModulePolicy = .refuse,
        checksChecksum: Bool = true
    ) {
        input = RDBInput(bytes, limits: limits)
        values = RDBValueReader(input)
        self.modules = modules
        self.checksChecksum = checksChecksum
    }

    /// The offset of the next byte; after `.end` the offset behind the snapshot.
    public var position: Int { input.position }

    /// What was pulled and not read: after `.end` the first bytes behind the snapshot.
    public var unread: ByteView { input.unread }

    /// The next event; nil after `.end`.
    ///
    /// - Throws: `RDBError` with its offset, and what the source throws.
    public func next() throws -> RDBEvent? {
        if hasEnded { return nil }
        do {
            if !hasBegun { return try readHeader() }
            if unreadType != nil { _ = try readValue(into: NullValueSink()) }
            input.mark()
            while true {
                if let event = try readRecord(try input.readByte()) { return event }
            }
        } catch var error as RDBError {
            if error.offset == nil { error.offset = input.position }
            throw error
        }
    }

    /// Reads the value of the entry that the last event was.
    ///
    /// - Throws: `RDBError` with offset and key, and what the sink and the source throw.
    public func readValue(into sink: any ValueSink) throws -> RDBOutcome {
        guard let type = unreadType else { preconditionFailure("there is no value to be read") }
        unreadType = nil
        do {
            return try values.read(type, into: sink)
        } catch var error as RDBError {
            error.key = key.array
            throw error
        }
    }
}

extension RDBFileReader {
    private func readHeader() throws -> RDBEvent {
        input.beginChecksum()
        let head = try input.readRaw(9)
        let isRedis = head[0..<5] == ByteView("REDIS")
        guard isRedis || head[0..<6] == ByteView("VALKEY") else {
            throw RDBError(.corrupt, "the file doesn't begin as a snapshot does", offset: 0)
        }
        let digits = head.dropFirst(isRedis ? 5 : 6)
        guard digits.allSatisfy({ (48...57).contains($0) }) else {
            throw RDBError.corrupt("the snapshot's version is no number")
        }
        version = digits.reduce(0) { $0 * 10 + Int($1 - 48) }
        let isKnown = isRedis ? (1...RDBVersion.highestFile).contains(version) : version == 80
        guard isKnown else {
            throw RDBError(
                .unsupportedVersion, "a snapshot of the unknown version \(head.text)", offset: 0)
        }
        values.dialect = isRedis ? .redis : .valkey
        hasBegun = true
        return .header(version: version, dialect: values.dialect)
    }

    /// Reads what an opcode opens; nil where it only said something about the next key.
    private func readRecord(_ opcode: UInt8) throws -> RDBEvent? {
        switch opcode {
        case RDBOpcode.deadlineSeconds:
            let seconds = Int64(Int32(bitPattern: try input.readLittleEndian32()))
            properties.deadline = Deadline(millisecondsSinceEpoch: seconds * 1000)
        case RDBOpcode.deadlineMilliseconds:
            properties.deadline = Deadline(millisecondsSinceEpoch: try input.readTime())
        case RDBOpcode.idle: properties.idleSeconds = try input.readLength()
        case RDBOpcode.frequency: properties.frequency = try input.readByte()
        case RDBOpcode.selectDatabase:
            database = try input.readCount()
            return .database(database)
        case RDBOpcode.resize:
            return .sizes(keys: try input.readCount(), deadlines: try input.readCount())
        case RDBOpcode.slotInfo:
            for _ in 0..<3 { _ = try input.readLength() }
            return .slotSizes
        case RDBOpcode.auxiliary:
            let name = try input.readText()
            let value = try input.readText()
            return .auxiliary(name: input.view(name), value: input.view(value))
        case RDBOpcode.functionLibrary:
            return .functionLibrary(input.view(try input.readText()))
        case RDBOpcode.moduleAuxiliary: return try readModuleData()
        case RDBOpcode.end: return try readEnd()
        case 0xF0...0xFF: throw unknown(opcode)
        default: return try readEntry(opcode)
        }
        return nil
    }

    private func unknown(_ opcode: UInt8) -> RDBError {
        let what =
            switch opcode {
            case RDBOpcode.functionBefore7: "a function of before Redis 7's release"
            case RDBOpcode.keyMetadata where values.dialect == .redis: "metadata of keys"
            case RDBOpcode.keyMetadata: "an import of slots"
            default: "a record of the unknown kind \(opcode)"
            }
        return RDBError(.unsupportedType, what)
    }

    private func readModuleData() throws -> RDBEvent {
        let module = try values.readModuleName()
        // When it is to be loaded: a number behind the mark of one.
        guard try input.readLength() == 2 else {
            throw RDBError.corrupt("a module's data doesn't begin as it should")
        }
        _ = try input.readLength()
        try values.skipModuleFields()
        return .moduleData(module: module)
    }

    private func readEntry(_ type: UInt8) throws -> RDBEvent {
        let text = try input.readText()
        key.removeAll(keepingUpTo: 1 << 20)
        key.append(input.view(text))
        defer { properties = Properties() }
        if type == RDBType.module && modules == .skip {
            let module = try values.skipModuleValue()
            return .moduleValue(key: key.view, database: database, module: module)
        }
        unreadType = type
        return .entry(
            RDBFileEntry(
                database: database, key: key.view, deadline: properties.deadline,
                idleSeconds: properties.idleSeconds, frequency: properties.frequency, type: type))
    }

    private func readEnd() throws -> RDBEvent {
        let computed = input.checksum()
        let expected = version >= 5 ? try input.readLittleEndian64() : 0
        if expected != 0 && checksChecksum && expected != computed {
            throw RDBError(
                .checksum,
                "the checksum is \(String(computed, radix: 16)), where the file says "
                    + String(expected, radix: 16))
        }
        hasEnded = true
        return .end(isChecked: expected != 0 && checksChecksum)
    }
}
