/// The type bytes, opcodes and versions of Redis's snapshot format.
///
/// A key's record opens with a type below 64; opcodes stand at the other end, 242 ... 255. The same byte
/// can mean two things after the forks: 22 is a hash with absolute field deadlines in Redis 7.4's release
/// candidates and another layout in Valkey 9, so a reader is told whose bytes it reads (`RDBDialect`).

/// The type byte of a value.
public enum RDBType {
    static let string: UInt8 = 0
    static let list: UInt8 = 1
    static let set: UInt8 = 2
    static let sortedSetText: UInt8 = 3
    static let hash: UInt8 = 4
    static let sortedSet: UInt8 = 5
    static let moduleBefore4: UInt8 = 6
    static let module: UInt8 = 7
    static let hashZipmap: UInt8 = 9
    static let listZiplist: UInt8 = 10
    static let setIntset: UInt8 = 11
    static let sortedSetZiplist: UInt8 = 12
    static let hashZiplist: UInt8 = 13
    static let quicklist: UInt8 = 14
    static let stream1: UInt8 = 15
    static let hashListpack: UInt8 = 16
    static let sortedSetListpack: UInt8 = 17
    static let quicklist2: UInt8 = 18
    static let stream2: UInt8 = 19
    static let setListpack: UInt8 = 20
    static let stream3: UInt8 = 21
    /// Redis 7.4's candidates: deadlines absolute. Valkey 9: deadlines behind the values.
    static let hashDeadlinesAbsolute: UInt8 = 22
    static let hashListpackDeadlinesAbsolute: UInt8 = 23
    static let hashDeadlines: UInt8 = 24
    static let hashListpackDeadlines: UInt8 = 25

    /// The name of a type, for messages.
    public static func name(_ type: UInt8) -> String {
        let names = [
            "string", "list", "set", "zset-v1", "hash", "zset-v2", "module-pre-release", "module",
            "type 8", "hash-zipmap", "list-ziplist", "set-intset", "zset-ziplist", "hash-ziplist",
            "quicklist", "stream", "hash-listpack", "zset-listpack", "quicklist-v2", "stream-v2",
            "set-listpack", "stream-v3", "hash-fields-ttl-pre-release",
            "hash-listpack-fields-ttl-pre-release", "hash-fields-ttl", "hash-listpack-fields-ttl",
            "stream-v4", "stream-v5",
        ]
        return Int(type) < names.count ? names[Int(type)] : "type \(type)"
    }
}

/// The bytes of a file that open something else than a key.
enum RDBOpcode {
    static let keyMetadata: UInt8 = 0xF3
    static let slotInfo: UInt8 = 0xF4
    static let functionLibrary: UInt8 = 0xF5
    static let functionBefore7: UInt8 = 0xF6
    static let moduleAuxiliary: UInt8 = 0xF7
    static let idle: UInt8 = 0xF8
    static let frequency: UInt8 = 0xF9
    static let auxiliary: UInt8 = 0xFA
    static let resize: UInt8 = 0xFB
    static let deadlineMilliseconds: UInt8 = 0xFC
    static let deadlineSeconds: UInt8 = 0xFD
    static let selectDatabase: UInt8 = 0xFE
    static let end: UInt8 = 0xFF
}

/// Whose bytes they are.
public enum RDBDialect: Sendable {
    /// Redis, and Valkey before 9.
    case redis
    /// Valkey 9 and later.
    case valkey
}

/// Versions of the format.
public enum RDBVersion {
    /// Redis 7.0's: what is written unless a value needs more.
    public static let written = 10
    /// Redis 5's and 6's, the lowest that can be written.
    public static let lowest = 9
    /// The first that holds deadlines of hash fields.
    public static let fieldDeadlines = 12
    /// The highest that RESTORE takes.
    public static let highestPayload = 12
    /// The highest of Redis's whose files are opened; what is new in them is refused where it stands.
    public static let highestFile = 15
}

/// What a reader may be made to hold.
public struct RDBLimits: Sendable {
    /// The longest string, field, member or packed node.
    public var stringBytes: Int
    /// The most bytes that one value may hand to its sink.
    public var valueBytes: Int

    /// Limits; without arguments none but what the format itself can hold in 4 GB strings.
    public init(stringBytes: Int = 1 << 32, valueBytes: Int = .max) {
        self.stringBytes = stringBytes
        self.valueBytes = valueBytes
    }
}
