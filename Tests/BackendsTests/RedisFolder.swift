/// Folders as a plain Redis leaves them: snapshots written by hand or by our writer, commands behind them.
import Bytes
import Persistence
import RDB
import Records
import TestSupport

/// The bytes of a snapshot, record by record.
struct SnapshotBytes {
    private(set) var bytes: [UInt8]

    init(magic: String = "REDIS0011") { bytes = Array(magic.utf8) }

    /// Appends raw bytes.
    func with(_ more: [UInt8]) -> SnapshotBytes {
        var copy = self
        copy.bytes += more
        return copy
    }

    /// Appends a string: its length and its bytes.
    func with(text: String) -> SnapshotBytes {
        with([UInt8(text.utf8.count)] + Array(text.utf8))
    }

    func database(_ number: UInt8) -> SnapshotBytes { with([0xFE, number]) }

    /// Appends a string's key.
    func key(_ name: String, _ value: String, deadline: Int64? = nil) -> SnapshotBytes {
        var head: [UInt8] = []
        if let deadline {
            head.append(0xFC)
            for place in 0..<8 { head.append(UInt8(truncatingIfNeeded: deadline >> (place * 8))) }
        }
        return with(head + [0]).with(text: name).with(text: value)
    }

    /// The end and the checksum of everything before it.
    func ended(isChecked: Bool = true) -> [UInt8] {
        let all = bytes + [0xFF]
        return all + Self.littleEndian(isChecked ? CRC64.checksum(all) : 0)
    }

    static func littleEndian(_ value: UInt64) -> [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: value >> UInt64($0 * 8)) }
    }

    /// A whole snapshot with the checksum that fits what is in it now.
    static func resealed(_ bytes: [UInt8]) -> [UInt8] {
        guard bytes.count > 8 else { return bytes }
        let body = Array(bytes.dropLast(8))
        return body + littleEndian(CRC64.checksum(body))
    }

    /// A dataset as a snapshot.
    static func of(_ dataset: NaiveDataset) throws -> [UInt8] {
        var facts = RDBFileFacts()
        facts.isAppendOnlyBase = true
        var bytes: [UInt8] = []
        let frozen = NaiveFrozen(dataset, at: Deadline(millisecondsSinceEpoch: 0))
        try RDBFileWriter.write(frozen, facts: facts) { bytes += $0.array }
        return bytes
    }
}

/// A folder with an append-only log of Redis's.
enum RedisFolder {
    static let folder = "/data/appendonlydir"
    static let base = folder + "/appendonly.aof.1.base.rdb"
    static let increment = folder + "/appendonly.aof.1.incr.aof"
    static let old = "/data/appendonly.aof"

    /// Base and increment of Redis 7.
    static func image(_ snapshot: [UInt8], _ commands: [UInt8] = []) -> DiskImage {
        var image = DiskImage()
        image.folders = [folder]
        image.files[base] = DiskContent(snapshot)
        image.files[increment] = DiskContent(commands)
        image.files[folder + "/appendonly.aof.manifest"] = DiskContent(
            Array(
                ("file appendonly.aof.1.base.rdb seq 1 type b\n"
                    + "file appendonly.aof.1.incr.aof seq 1 type i\n").utf8))
        return image
    }

    /// The single file of Redis before 7.
    static func oldImage(_ bytes: [UInt8]) -> DiskImage {
        var image = DiskImage()
        image.files[old] = DiskContent(bytes)
        return image
    }

    /// Commands as Redis writes them.
    static func commands(_ lines: [[String]]) -> [UInt8] {
        let texts = lines.map { words in
            "*\(words.count)\r\n" + words.map { "$\($0.utf8.count)\r\n\($0)\r\n" }.joined()
        }
        return Array(texts.joined().utf8)
    }

    /// A dataset with every type in several databases; the same for the same seed.
    static func dataset(seed: UInt64, units: Int, forRedis7: Bool = false) -> NaiveDataset {
        let dataset = NaiveDataset()
        var random = SeededGenerator(seed: seed)
        for number in 0..<units {
            WorkloadForTests.unit(number, dataset, &random, forRedis7: forRedis7) {
                dataset.apply($0, database: $1)
            }
        }
        return dataset
    }
}

/// A start over an image: what it came to, and what is in memory and on the disk then.
struct Trial {
    let target = NaiveTarget()
    let disk: SimDisk
    private(set) var report = RecoveryReport()
    private(set) var refusal: PersistenceError?

    init(
        _ image: DiskImage, unsupported: DiskCall? = nil,
        _ adjust: (inout BackendSettings) -> Void = { _ in }
    ) {
        disk = SimDisk(image)
        if let unsupported { disk.fault = { call, _ in call == unsupported ? .error(1) : nil } }
        let environment = BackendEnvironment(
            fileSystem: disk, clock: SimClock(), runner: SimRunner(disk: disk), log: .silent,
            progress: { _ in })
        var settings = BackendSettings()
        settings.directory = "/data"
        adjust(&settings)
        do {
            let backend = try appendOnlyFile(environment, settings)
            report = try backend.restore(into: target, progress: { _ in })
            try backend.start()
        } catch {
            refusal = error as? PersistenceError ?? PersistenceError(.io, "\(error)")
        }
    }

    /// The string at a key.
    func text(_ key: String, _ database: Int = 0) -> String? {
        guard case .string(let bytes) = target.dataset.entry(Array(key.utf8), database)?.value
        else { return nil }
        return String(decoding: bytes, as: UTF8.self)
    }
}
