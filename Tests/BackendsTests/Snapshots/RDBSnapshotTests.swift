/// The rdb format as a backend: files of every version against the corpus and the fixtures, what a pinned version can't
/// hold, what is written where, and what others' files may do.
///
/// The corpus lies outside the project (its README asks for that); without it the test says so aloud.
import Backends
import Bytes
import Digest
import Foundation
import Persistence
import RDB
import Records
import TestSupport
import Testing

@Suite("RDB snapshots")
struct RDBSnapshotTests {
    private let format = SampleFormat("rdb", RDBSnapshot.self)
    private let sample = SnapshotBytes().database(0).key("a", "1").database(3).key("b", "2")

    private func refusal(
        _ bytes: [UInt8], _ format: SampleFormat? = nil
    ) -> PersistenceError? {
        do {
            _ = try (format ?? self.format).read(bytes, into: NaiveTarget())
            return nil
        } catch {
            return error as? PersistenceError
        }
    }

    private func load(_ bytes: [UInt8]) throws -> (NaiveDataset, SnapshotContents) {
        let target = NaiveTarget()
        let contents = try format.read(bytes, into: target)
        return (target.dataset, contents)
    }

    /// Files of the corpus: keys that are loaded, or words of the refusal.
    private static let corpus: [(name: String, keys: Int, refusal: [String])] = [
        ("empty.rdb", 0, []), ("function2.rdb", 10, []), ("hash_with_expire_v12.rdb", 1, []),
        ("hash_zl_v6.rdb", 1, []), ("hash_zm_v2.rdb", 1, []),
        ("invalid_chksum_v8.rdb", 0, ["checksum is"]), ("mem_policy_lfu.rdb", 1, []),
        ("module_aux.rdb", 0, ["data of the module type"]), ("multiple_dbs.rdb", -1, []),
        ("plain_list_v6.rdb", 1, []), ("plain_set_v6.rdb", 1, []), ("quicklist.rdb", 2, []),
        ("set_is_v11.rdb", 1, []), ("single_key.rdb", 1, []), ("stream_v11.rdb", 1, []),
        ("string_int_encoded.rdb", -1, []), ("string_lzf.rdb", 2, []), ("ziplist_v3.rdb", 1, []),
        ("zset_zl_v6.rdb", 1, []),
    ]
    private static let folder = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("shared/corpus/rdb")

    @Test("a file of the corpus is loaded, and saved again with the same content, or refused")
    func corpus() throws {
        for one in Self.corpus {
            let url = Self.folder.appendingPathComponent(one.name)
            guard FileManager.default.fileExists(atPath: url.path) else {
                return TestKnobs.skip("no corpus file \(url.path)")
            }
            let bytes = Array(try Data(contentsOf: url))
            if !one.refusal.isEmpty {
                let error = try #require(refusal(bytes), "\(one.name) was loaded")
                #expect(error.path == "/data/snapshot" && error.offset != nil)
                for word in one.refusal { #expect("\(error)".contains(word), "\(error)") }
                continue
            }
            let (data, contents) = try load(bytes)
            #expect(contents.keys == data.keyCount, "\(one.name)")
            if one.keys >= 0 { #expect(data.keyCount == one.keys, "\(one.name)") }
            if one.keys < 0 { #expect(data.keyCount > 1, "\(one.name)") }
            let view = NaiveFrozen(data, at: Samples.time)
            let (again, report) = try format.write(view)
            #expect(try format.digest(again) == report, "\(one.name)")
            #expect(try load(again).0.digest == data.digest, "\(one.name)")
        }
    }

    @Test("what redis-server wrote is loaded; the packed and the plain form hold the same")
    func fixtures() throws {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Fixtures/rdb")
        func bytes(_ name: String) throws -> [UInt8] {
            Array(try Data(contentsOf: folder.appendingPathComponent(name)))
        }
        let (packed, contents) = try load(try bytes("packed.v10.rdb"))
        let (plain, _) = try load(try bytes("plain.v10.rdb"))
        #expect(packed.keyCount > 5 && packed.keyCount == plain.keyCount)
        #expect(contents.warnings.count == 1 && contents.warnings[0].contains("next save drops it"))
        #expect(contents.header.frozenAt.millisecondsSinceEpoch > 1_600_000_000_000)
        #expect(contents.digest == nil && contents.header.sequence == 0)
        #expect(refusal(try bytes("packed.v10.torn.rdb"))?.code == .corrupt)
        #expect(refusal(try bytes("packed.v10.corrupt.rdb"))?.code == .corrupt)
    }

    @Test(
        "the file says who wrote it, when, what is in it, and in the lowest version that holds it")
    func facts() throws {
        let plain = NaiveDataset()
        plain.put([97], NaiveEntry(value: .string([98])), 0)
        var hash = NaiveEntry(value: .hash([[1]: [2]]))
        plain.put([98], hash, 0)
        let (bytes, report) = try format.write(NaiveFrozen(plain, at: Samples.time))
        #expect(bytes.prefix(9) == Array("REDIS0010".utf8)[...])
        let contents = try load(bytes).1
        #expect(contents.header.version == "1.2.3" && contents.header.serverID == "me")
        #expect(contents.header.sequence == 77 && contents.header.frozenAt == Samples.time)
        #expect(contents.digest == report.digest.root)
        let text = String(decoding: bytes, as: UTF8.self)
        let fact =
            "keys=2,expires=0,string=1,list=0,set=0,zset=0,hash=1,stream=0"
        #expect(text.contains(fact))
        hash.fieldDeadlines[[1]] = Samples.time.millisecondsSinceEpoch + 1
        plain.put([98], hash, 0)
        let later = try format.write(NaiveFrozen(plain, at: Samples.time)).bytes
        #expect(later.prefix(9) == Array("REDIS0012".utf8)[...])
        // A field past its deadline isn't written, and needs no later version.
        hash.fieldDeadlines[[1]] = Samples.time.millisecondsSinceEpoch - 1
        hash.value = .hash([[1]: [2], [3]: [4]])
        plain.put([98], hash, 0)
        let past = try format.write(NaiveFrozen(plain, at: Samples.time)).bytes
        #expect(past.prefix(9) == Array("REDIS0010".utf8)[...])
        #expect(try load(past).0.entry([98])?.value == .hash([[3]: [4]]))
    }

    @Test(
        "a pinned version is written, or refused by key and reason",
        arguments: [SnapshotVersion.version10, .version11, .version12])
    func pinned(version: SnapshotVersion) throws {
        let format = SampleFormat("rdb", RDBSnapshot.self) { $0.snapshotVersion = version }
        let number = try #require(version.number)
        let data = Samples.random(seed: 9, units: 100)
        for index in data.databases.indices {
            for (key, entry) in data.databases[index] where !entry.fieldDeadlines.isEmpty {
                data.put(key, NaiveEntry(value: .string([1])), index)
            }
        }
        let (bytes, report) = try format.write(NaiveFrozen(data, at: Samples.time))
        #expect(bytes.prefix(9) == Array("REDIS00\(number)".utf8)[...])
        #expect(try format.digest(bytes) == report)
        var hash = NaiveEntry(value: .hash([[1]: [2]]))
        hash.fieldDeadlines[[1]] = Samples.time.millisecondsSinceEpoch + 1
        data.put(Array("dated".utf8), hash, 3)
        do {
            let (bytes, report) = try format.write(NaiveFrozen(data, at: Samples.time))
            #expect(number >= 12)
            #expect(try format.digest(bytes) == report)
        } catch let error as PersistenceError {
            #expect(number < 12 && error.code == .unsupportedFormat)
            #expect("\(error)".contains("the hash 'dated' of database 3"))
            #expect(error.remedy?.contains("rdb-version auto") == true)
        }
    }

    @Test(
        "without a checksum the file is loaded with a warning, and one that is wrong passes if told"
    )
    func unchecked() throws {
        let loose = SampleFormat("rdb", RDBSnapshot.self) { $0.checksumsSnapshots = false }
        let data = Samples.everything()
        let bytes = try loose.write(NaiveFrozen(data, at: Samples.time)).bytes
        #expect(bytes.suffix(8) == [0, 0, 0, 0, 0, 0, 0, 0])
        let (found, contents) = try load(bytes)
        #expect(found.digest == data.digest)
        #expect(contents.warnings.count == 1 && contents.warnings[0].contains("without a checksum"))
        var wrong = sample.ended()
        wrong[wrong.count - 1] ^= 1
        #expect(refusal(wrong)?.code == .corrupt)
        #expect(refusal(wrong, loose) == nil)
    }

    @Test("keys past their deadline are left out and counted, those without a value are told")
    func expired() throws {
        let now = Samples.time.millisecondsSinceEpoch
        let bytes = SnapshotBytes().database(0).key("old", "1", deadline: now - 1)
            .key("now", "2", deadline: now).key("before 1970", "3", deadline: -5)
            .with([1, 1, UInt8(ascii: "e"), 0]).ended()
        let (data, contents) = try load(bytes)
        #expect(data.databases[0].keys.map { $0 } == [Array("now".utf8)])
        #expect(contents.keys == 1 && contents.expiredKeys == 2)
        #expect(contents.warnings.count == 1 && contents.warnings[0].contains("'e' of database 0"))
    }

    /// What later servers write: the bytes behind the sample, and what the message must name.
    private static let later: [(String, [UInt8], [String])] = [
        ("REDIS0013", [0xF3, 1, 1], ["metadata of keys", "bgsave"]),
        ("REDIS0014", [27, 1, 97, 0], ["stream-v5", "key 'a'"]),
        ("REDIS0015", [28, 1, 97, 0], ["type 28", "key 'a'"]),
        ("REDIS0015", [0xF2, 1], ["242"]), ("VALKEY080", [0xF3, 1, 1], ["an import of slots"]),
        ("REDIS0011", [6, 1, 97, 0], ["a module's value of before Redis 4"]),
    ]

    @Test("a later version is read as far as it can be, and the first thing that can't is named")
    func laterVersions() throws {
        for (magic, record, words) in Self.later {
            let head = SnapshotBytes(magic: magic).database(0).key("plain", "1")
            #expect(try load(head.ended()).0.keyCount == 1)
            let error = try #require(refusal(head.with(record).ended()), "\(magic) \(record)")
            #expect(error.code == .unsupportedFormat, "\(error)")
            #expect((error.offset ?? 0) > head.bytes.count)
            for word in words { #expect("\(error)".contains(word), "\(error)") }
        }
        for magic in ["REDIS0016", "REDIS0000", "VALKEY081"] {
            let bytes = SnapshotBytes(magic: magic).key("plain", "1").ended()
            #expect(refusal(bytes)?.code == .unsupportedVersion, "\(magic)")
        }
    }

    @Test("a database beyond 'databases', a name twice and a foreign file are refused")
    func refused() {
        let twice = sample.key("b", "3").ended()
        #expect(refusal(twice)?.code == .corrupt)
        #expect(refusal(sample.database(16).key("c", "3").ended())?.code == .conflict)
        #expect(refusal(Array("{\"header\":{}}".utf8))?.code == .corrupt)
        #expect(refusal([])?.code == .corrupt)
    }

    @Test("the worked example of FORMAT.md")
    func example() throws {
        let page = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Sources/Backends/RDBSnapshot/FORMAT.md")
        var bytes: [UInt8] = []
        for line in try String(contentsOf: page, encoding: .utf8).split(separator: "\n")
        where line.hasPrefix("    0") {
            // Sixteen bytes stand between the offset and their text.
            bytes += line.dropFirst(10).prefix(47).split(separator: " ").compactMap {
                UInt8($0, radix: 16)
            }
        }
        let data = NaiveDataset()
        data.put([107], NaiveEntry(value: .string([118]), deadline: 1_900_000_000_000), 0)
        let (written, _) = try format.write(NaiveFrozen(data, at: Samples.time))
        #expect(written == bytes)
        #expect(try load(bytes).0.digest == data.digest)
    }
}
