/// Datasets and files that the tests of every snapshot format share.
import Backends
import Bytes
import Digest
import Persistence
import Records
import TestSupport
import Testing

/// Formats of snapshots, to be tested alike.
enum SnapshotFormats {
    /// Each with the settings it is tested with.
    static let all: [SampleFormat] = [
        SampleFormat("json", JSONSnapshot.self),
        SampleFormat("json, sorted", JSONSnapshot.self) { $0.sortsText = true },
        SampleFormat("rdb", RDBSnapshot.self),
        SampleFormat("rdb, uncompressed", RDBSnapshot.self) { $0.compressesStrings = false },
        SampleFormat("compressed", CompressedSnapshot.self),
        SampleFormat("compressed, level 9", CompressedSnapshot.self) { $0.compressionLevel = 9 },
    ]
    /// Names of their backends.
    static let backends = ["json", "rdb", "compressed"]
}

/// A format and its settings.
struct SampleFormat: CustomTestStringConvertible {
    let testDescription: String
    let format: any SnapshotFormat

    init<Format: SnapshotFormat>(
        _ name: String, _ type: Format.Type, _ adjust: (inout BackendSettings) -> Void = { _ in }
    ) {
        var settings = BackendSettings()
        settings.directory = "/data"
        adjust(&settings)
        testDescription = name
        format = Format(settings)
    }

    /// The bytes of a snapshot of `view`, and the digest of what is in it.
    func write(_ view: any FrozenDataset) throws -> (bytes: [UInt8], report: DigestReport) {
        let disk = SimDisk()
        let path = "/data/snapshot"
        let output = SnapshotOutput(try disk.open(path, .create))
        let walk = SnapshotWalk(view)
        let header = SnapshotHeader(
            version: "1.2.3", serverID: "me", sequence: 77, frozenAt: view.frozenAt)
        try format.write(walk, header, to: output)
        try output.finish()
        return (try disk.contents(of: path, limit: 1 << 30) ?? [], walk.report)
    }

    /// What a file with these bytes holds.
    func read(
        _ bytes: [UInt8], into target: any ReplayTarget
    ) throws -> SnapshotContents {
        var image = DiskImage()
        image.files["/data/snapshot"] = DiskContent(bytes)
        let input = try SnapshotInput("/data/snapshot", SimDisk(image), now: Samples.time)
        return try format.read(input, into: target)
    }

    /// The digest of a file with these bytes.
    func digest(_ bytes: [UInt8]) throws -> DigestReport {
        let target = DigestTarget()
        _ = try read(bytes, into: target)
        return target.report
    }
}

/// Datasets.
enum Samples {
    /// When they are frozen.
    static let time = Deadline(millisecondsSinceEpoch: 1_700_000_000_000)
    private static let later: Int64 = 1_900_000_000_000

    /// Every type with everything it can carry, and the values that formats stumble over.
    static func everything() -> NaiveDataset {
        let data = NaiveDataset()
        func put(_ key: String, _ value: NaiveValue, _ database: Int = 0, deadline: Int64? = nil) {
            data.put(Array(key.utf8), NaiveEntry(value: value, deadline: deadline), database)
        }
        let odd = oddTexts
        for (number, text) in odd.enumerated() {
            put("s\(number)", .string(text))
            data.put(text, NaiveEntry(value: .string([UInt8](repeating: 1, count: number))), 1)
        }
        for text in ["0", "-1", "9223372036854775807", "-9223372036854775808", "007", "1e3"] {
            put("n\(text)", .string(Array(text.utf8)), 2, deadline: later)
        }
        put("list", .list(odd + odd), 0, deadline: later)
        put("set", .set(Set(odd)))
        put("integers", .set(Set((-3...300).map { Array("\($0)".utf8) })))
        var scores: [[UInt8]: Double] = [:]
        let odds: [Double] = [
            0, -0.0, .infinity, -.infinity, .leastNonzeroMagnitude, .greatestFiniteMagnitude, 0.1,
            -1.5, 1e16, 123456789,
            9_007_199_254_740_992, 3.0000000000000004,
        ]
        for (number, score) in odds.enumerated() { scores[Array("m\(number)".utf8)] = score }
        for text in odd { scores[text] = 2 }
        put("zset", .sortedSet(scores))
        var fields: [[UInt8]: [UInt8]] = [:]
        for (number, text) in odd.enumerated() { fields[text] = odd[odd.count - 1 - number] }
        var hash = NaiveEntry(value: .hash(fields))
        hash.fieldDeadlines[odd[1]] = later
        hash.fieldDeadlines[odd[2]] = later + 1
        data.put(Array("hash".utf8), hash, 15)
        addStreams(data, odd)
        return data
    }

    /// Empty, plain, with every escape, in several scripts, at the limits of UTF-8, and no text at all.
    static let oddTexts: [[UInt8]] =
        ([
            "", "plain", "quote\" slash\\ /solidus", "\u{0}\u{1}\u{8}\t\n\u{B}\u{C}\r\u{1f}\u{7f}",
            "é ö 中文 😀 \u{2028}\u{FEFF}\u{FFFF}\u{10FFFF}\u{80}\u{7FF}\u{800}",
            "{\"base64\":\"\"}", "null", String(repeating: "long ", count: 30),
        ].map { Array($0.utf8) }) + [
            [0xFF], [0xC3], [0xED, 0xA0, 0x80], [0xC0, 0x80], [0xF4, 0x90, 0x80, 0x80],
            [0xE2, 0x82], [97, 0x80], Array(0...255),
        ]

    private static func addStreams(_ data: NaiveDataset, _ odd: [[UInt8]]) {
        let key = Array("stream".utf8)
        func change(_ key: [UInt8], _ change: StreamChange) {
            key.withByteView { data.apply(.stream(key: $0, change: change), database: 0) }
        }
        for (number, text) in odd.enumerated() {
            [text, Array("v".utf8), text, text].withByteViews {
                change(key, .add(id: StreamID(UInt64(number + 1), 5), fields: $0))
            }
        }
        change(key, .delete(ids: [StreamID(2, 5), StreamID(4, 5)]))
        for (number, name) in odd.prefix(4).enumerated() {
            name.withByteView { name in
                let read: Int64 = number == 1 ? -1 : 3
                change(key, .createGroup(name: name, last: StreamID(3, 5), entriesRead: read))
                for (place, consumer) in odd.prefix(number).enumerated() {
                    consumer.withByteView { consumer in
                        change(key, .createConsumer(group: name, name: consumer))
                        // Of an entry that is there, and of one that is deleted.
                        for id in [3, 4] where place < 2 {
                            change(
                                key,
                                .claim(
                                    group: name, consumer: consumer,
                                    id: StreamID(UInt64(id + place * 2), 5),
                                    time: 1_700_000_000_123, count: UInt64(place + 1),
                                    last: StreamID(3, 5)))
                        }
                    }
                }
            }
        }
        let empty = Array("empty stream".utf8)
        ByteView("g").array.withByteView { name in
            change(empty, .createGroup(name: name, last: .minimum, entriesRead: 0))
        }
        change(
            empty,
            .setID(last: .maximum, entriesAdded: .max, maximumDeleted: StreamID(.max, 0)))
    }

    /// What a seeded workload leaves.
    static func random(seed: UInt64, units: Int) -> NaiveDataset {
        let data = NaiveDataset()
        var random = SeededGenerator(seed: seed)
        for number in 0..<units {
            WorkloadForTests.unit(number, data, &random) { data.apply($0, database: $1) }
        }
        return data
    }
}
