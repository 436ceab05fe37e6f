/// The JSON format itself: its text, what a person may do to it, and what is said about mistakes.
import Backends
import Bytes
import Digest
import Foundation
import Persistence
import Records
import TestSupport
import Testing

@Suite("JSON snapshots")
struct JSONSnapshotTests {
    private let format = SampleFormat("json", JSONSnapshot.self)
    private let sorted = SampleFormat("json, sorted", JSONSnapshot.self) { $0.sortsText = true }

    /// A document of these entries, without a foot.
    private func document(_ entries: String, header: String = Self.header) -> String {
        "{\"header\":\(header),\n\"entries\":[\n\(entries)\n]}\n"
    }

    private static let header = "{\"format\":\"holdfast-json\",\"version\":1}"

    private func load(_ text: String) throws -> NaiveDataset {
        let target = NaiveTarget()
        _ = try format.read(Array(text.utf8), into: target)
        return target.dataset
    }

    private func refusal(_ text: String) -> PersistenceError? {
        do {
            _ = try format.read(Array(text.utf8), into: NaiveTarget())
            return nil
        } catch {
            return error as? PersistenceError
        }
    }

    @Test("the text is as FORMAT.md shows it")
    func text() throws {
        let data = NaiveDataset()
        data.put(
            [97], NaiveEntry(value: .string(Array("é\"\n".utf8)), deadline: 1_900_000_000_000), 0)
        data.put([98], NaiveEntry(value: .list([[0xFF], [50]])), 0)
        data.put([99], NaiveEntry(value: .sortedSet([[97]: -0.0, [98]: 1.5, [99]: .infinity])), 2)
        let (bytes, report) = try format.write(NaiveFrozen(data, at: Samples.time))
        let text = String(decoding: bytes, as: UTF8.self)
        let head = """
            {"header":{"format":"holdfast-json","version":1,"server_version":"1.2.3","server_id":"me",\
            "sequence":77,"time_ms":1700000000000},
            "entries":[
            {"db":0,"key":"a","type":"string","deadline_ms":1900000000000,"value":"é\\"\\n"},
            {"db":0,"key":"b","type":"list","value":[{"base64":"/w=="},"2"]},
            {"db":2,"key":"c","type":"zset","value":[["a",-0.0],["b",1.5],["c","inf"]]}
            ],
            "footer":{"keys":3,"databases":[\
            {"db":0,"keys":2,"expires":1,"string":1,"list":1,"set":0,"zset":0,"hash":0,"stream":0},\
            {"db":2,"keys":1,"expires":0,"string":0,"list":0,"set":0,"zset":1,"hash":0,"stream":0}],\
            "digest_version":1,"digest":"\(report.digest.root.hex)",

            """
        #expect(text.hasPrefix(head), "\(text)")
        // The checksum covers every byte before it.
        var hash = RunningHash256()
        Array(head.utf8).withByteView { hash.update($0) }
        #expect(text.dropFirst(head.count) == "\"checksum\":\"\(hash.value.hex)\"}}\n")
    }

    @Test("sorted files are equal for equal data, whatever order it is in and when it is saved")
    func sortedFiles() throws {
        let data = Samples.everything()
        let view = NaiveFrozen(data, at: Samples.time)
        let (one, _) = try sorted.write(view)
        let later = Deadline(millisecondsSinceEpoch: Samples.time.millisecondsSinceEpoch + 5)
        let (two, _) = try sorted.write(BackwardsView(NaiveFrozen(data, at: later)))
        #expect(one == two)
        let (plain, _) = try format.write(BackwardsView(NaiveFrozen(data, at: later)))
        #expect(plain != one)
        let target = NaiveTarget()
        _ = try format.read(one, into: target)
        #expect(target.dataset.digest == data.digest)
    }

    @Test("files beyond the window come back, whatever stands at its edge")
    func large() throws {
        var random = SeededGenerator(seed: TestKnobs.seed)
        let data = NaiveDataset()
        let parts = ["plain text ", "\u{1}\"\\", "é中😀", "0123456789"]
        for number in 0..<100 {
            var bytes: [UInt8] = []
            let size = Int.random(in: 0..<20_000, using: &random)
            let isText = number % 3 != 0
            while bytes.count < size {
                bytes += isText ? Array(parts[number % 4].utf8) : [UInt8(bytes.count & 255)]
            }
            let key = Array("k\(number)".utf8)
            let scores = Dictionary(
                uniqueKeysWithValues: (0..<30).map {
                    (Array("\(number)m\($0)".utf8), Double(number) / Double($0 + 3))
                })
            data.put(key, NaiveEntry(value: .list([bytes, [1], bytes])), 0)
            data.put(key, NaiveEntry(value: .sortedSet(scores), deadline: Int64.max), 1)
            data.put(key, NaiveEntry(value: .hash([bytes: bytes, [2]: [3]])), 2)
        }
        let long = Array(repeating: UInt8(ascii: "\n"), count: 3 << 20)
        data.put([1], NaiveEntry(value: .string(long)), 3)
        data.put([2], NaiveEntry(value: .string([UInt8](repeating: 0xFE, count: 3 << 20))), 3)
        let (bytes, report) = try format.write(NaiveFrozen(data, at: Samples.time))
        #expect(bytes.count > 8 << 20)
        #expect(try format.digest(bytes) == report)
    }

    @Test("Python and jq read the file, and what they write is read")
    func otherPrograms() throws {
        guard ServerProcess.find("python3") != nil, ServerProcess.find("jq") != nil else {
            return TestKnobs.skip("python3 and jq are not both installed")
        }
        let data = Samples.everything()
        // jq holds numbers as doubles: ids and counts near 2^64 don't come back from it.
        data.put(Array("empty stream".utf8), nil, 0)
        let (bytes, report) = try format.write(NaiveFrozen(data, at: Samples.time))
        let folder = try TemporaryDirectory()
        let path = folder.path + "/dump.json"
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        let rewrite = """
            import json, sys
            d = json.load(open(sys.argv[1], encoding="utf-8"))
            assert len(d["entries"]) == d["footer"]["keys"]
            d["footer"]["checksum"] = None
            json.dump(d, sys.stdout, indent=2, sort_keys=True, ensure_ascii=len(sys.argv) > 2)
            """
        let programs: [[String]] = [
            ["python3", "-c", rewrite, path], ["python3", "-c", rewrite, path, "ascii"],
            ["jq", ".footer.checksum = null", path], ["jq", "-S", "-c", "del(.footer)", path],
        ]
        for program in programs {
            let outcome = try SystemProgram.run(program[0], Array(program.dropFirst()))
            #expect(outcome.exitCode == 0, "\(program): \(outcome.output.prefix(500))")
            let output = Array(outcome.output.utf8)
            let contents = try format.read(output, into: NaiveTarget())
            #expect(contents.warnings.count == 1)
            #expect(try format.digest(output) == report, "\(program)")
        }
    }

    @Test("members may stand in any order, with any white space")
    func order() throws {
        let text = """
            { "entries" : [
              {"value":"v","deadline_ms":1900000000000,"type":"string","key":"a","db":0},
              {"db":1,"key":"b","type":"hash","value":[["f","v",null],["g","w",1900000000001]],
               "deadline_ms":1900000000002},\r\n\t
              {"type":"stream","value":{"groups":[{"consumers":[{"pending":[["1-0",5,2]],"name":"c"}],
                "entries_read":null,"last_id":"1-0","name":"g"}],"entries_added":3,
                "max_deleted_id":"0-0","last_id":"2-0","entries":[["1-0",["x","y"]]]},
               "key":{ "base64" : "\\u002fw==" },"db":0}
            ],
            "header":{"version":1,"something":[{"else":null},true,false,-1.5e3],"format":"holdfast-json"} }
            """
        let data = try load(text)
        #expect(
            data.entry([97]) == NaiveEntry(value: .string([118]), deadline: 1_900_000_000_000))
        var hash = NaiveEntry(
            value: .hash([[102]: [118], [103]: [119]]), deadline: 1_900_000_000_002)
        hash.fieldDeadlines[[103]] = 1_900_000_000_001
        #expect(data.entry([98], 1) == hash)
        guard case .stream(let stream)? = data.entry([0xFF])?.value else {
            Issue.record("no stream")
            return
        }
        #expect(stream.facts.last == StreamID(2, 0) && stream.facts.entriesAdded == 3)
        var pending = 0
        try stream.forEachGroup { group in
            #expect(group.entriesRead == -1)
            try group.forEachPending {
                #expect($0.id == StreamID(1, 0) && $0.time == 5 && $0.count == 2)
                pending += 1
            }
        }
        #expect(pending == 1)
    }

    @Test("escapes of every kind are read")
    func escapes() throws {
        let value = "\"\\\" \\\\ \\/ \\b\\f\\n\\r\\t \\u0041\\u00e9\\u4e2d\\ud83d\\uDE00\\u0000\""
        let data = try load(
            document("{\"db\":0,\"key\":\"k\",\"type\":\"string\",\"value\":\(value)}"))
        #expect(
            data.entry([107])?.value
                == .string(Array("\" \\ / \u{8}\u{C}\n\r\t Aé中😀\u{0}".utf8)))
    }

    @Test("an edited file is read with a warning, once its checksum is null or its foot gone")
    func edited() throws {
        let data = NaiveDataset()
        data.put([97], NaiveEntry(value: .string([98])), 0)
        let (bytes, _) = try format.write(NaiveFrozen(data, at: Samples.time))
        let text = String(decoding: bytes, as: UTF8.self)
        let edited = text.replacingOccurrences(of: "\"value\":\"b\"", with: "\"value\":\"c\"")
        let error = try #require(refusal(edited))
        #expect(error.code == .corrupt && error.description.contains("checksum"))
        #expect(error.description.contains("line 6"))
        let start = try #require(edited.range(of: "\"checksum\"")).lowerBound
        #expect(error.offset == edited[..<start].utf8.count)
        let nulled = edited[..<start] + "\"checksum\":null}}"
        #expect(try load(String(nulled)).entry([97])?.value == .string([99]))
        let foot = try #require(edited.range(of: ",\n\"footer\"")).lowerBound
        let target = NaiveTarget()
        let contents = try format.read(Array((edited[..<foot] + "}").utf8), into: target)
        #expect(contents.warnings.count == 1)
        #expect(target.dataset.entry([97])?.value == .string([99]))
    }

    private static let wrong: [(entries: String, says: String)] = [
        ("{\"db\":0,\"key\":\"k\",\"type\":\"string\",\"value\":5}", "expected a string"),
        ("{\"db\":0,\"key\":\"k\",\"type\":\"strin\",\"value\":\"\"}", "expected string, list"),
        ("{\"db\":16,\"key\":\"k\",\"type\":\"string\",\"value\":\"\"}", "database 16"),
        ("{\"db\":-1,\"key\":\"k\",\"type\":\"string\",\"value\":\"\"}", "expected an integer"),
        ("{\"db\":0,\"key\":\"k\",\"type\":\"string\"}", "without a value"),
        ("{\"db\":0,\"type\":\"string\",\"value\":\"\"}", "needs 'db', 'key'"),
        ("{\"db\":0,\"db\":0,\"key\":\"k\",\"type\":\"string\",\"value\":\"\"}", "each once"),
        ("{\"db\":0,\"key\":\"k\",\"ttl\":1,\"type\":\"string\",\"value\":\"\"}", "each once"),
        ("{\"db\":0,\"key\":\"k\",\"type\":\"list\",\"value\":[]}", "without elements"),
        ("{\"db\":0,\"key\":\"k\",\"type\":\"list\",\"value\":[\"a\",]}", "expected a string"),
        ("{\"db\":0,\"key\":\"k\",\"type\":\"set\",\"value\":[\"a\",\"a\"]}", "twice"),
        ("{\"db\":0,\"key\":\"k\",\"type\":\"zset\",\"value\":[[\"a\",\"one\"]]}", "\"inf\""),
        ("{\"db\":0,\"key\":\"k\",\"type\":\"zset\",\"value\":[[\"a\",01]]}", "as JSON spells"),
        ("{\"db\":0,\"key\":\"k\",\"type\":\"zset\",\"value\":[[\"a\",1e999]]}", "a double"),
        ("{\"db\":0,\"key\":\"k\",\"type\":\"zset\",\"value\":[[\"a\",1],[\"a\",2]]}", "twice"),
        ("{\"db\":0,\"key\":\"k\",\"type\":\"hash\",\"value\":[[\"a\"]]}", "expected ','"),
        ("{\"db\":0,\"key\":\"k\",\"type\":\"hash\",\"value\":[[\"a\",\"b\",1.5]]}", "integer"),
        ("{\"db\":0,\"key\":{\"base64\":\"a\"},\"type\":\"string\",\"value\":\"\"}", "base64"),
        ("{\"db\":0,\"key\":{\"base64\":\"/x==\"},\"type\":\"string\",\"value\":\"\"}", "base64"),
        ("{\"db\":0,\"key\":{\"hex\":\"00\"},\"type\":\"string\",\"value\":\"\"}", "'base64'"),
        ("{\"db\":0,\"key\":\"\u{1}\",\"type\":\"string\",\"value\":\"\"}", "control character"),
        ("{\"db\":0,\"key\":\"\\ud800\",\"type\":\"string\",\"value\":\"\"}", "second half"),
        ("{\"db\":0,\"key\":\"\\x\",\"type\":\"string\",\"value\":\"\"}", "escape"),
        ("{\"db\":0,\"key\":\"a\",\"type\":\"string\",\"value\":\"\"} {}", "expected ',' or ']'"),
        (
            "{\"db\":0,\"key\":\"a\",\"type\":\"string\",\"value\":\"\"},\n"
                + "{\"db\":0,\"key\":\"a\",\"type\":\"string\",\"value\":\"\"}",
            "line 4: the key was"
        ),
        (
            "{\"db\":0,\"key\":\"x\",\"type\":\"stream\",\"value\":{\"entries\":[[\"2-0\",[\"a\",\"b\"]],"
                + "[\"2-0\",[\"a\",\"b\"]]],\"last_id\":\"2-0\",\"max_deleted_id\":\"0-0\","
                + "\"entries_added\":2}}", "not above"
        ),
        (
            "{\"db\":0,\"key\":\"x\",\"type\":\"stream\",\"value\":{\"entries\":[[\"2-0\",[\"a\",\"b\"]]],"
                + "\"last_id\":\"1-0\",\"max_deleted_id\":\"0-0\",\"entries_added\":2}}", "lower"
        ),
        (
            "{\"value\":" + String(repeating: "[", count: 1000)
                + String(repeating: "]", count: 1000)
                + "}", "nested deeper"
        ),
    ]

    @Test("mistakes are named with line, place and what was expected")
    func mistakes() throws {
        for (entries, says) in Self.wrong {
            let error = try #require(refusal(document(entries)), "\(entries.prefix(80))")
            #expect(error.description.contains(says), "\(entries.prefix(80)): \(error)")
            #expect(error.description.contains("line "), "\(error)")
            #expect(error.offset != nil && error.path != nil && error.remedy != nil)
        }
    }

    @Test("another program's JSON, and a later version, are refused by name")
    func foreign() throws {
        #expect(refusal("{\"a\":1}")?.code == .corrupt)
        #expect(refusal("[]")?.code == .corrupt)
        #expect(refusal("")?.code == .corrupt)
        let other = document("", header: "{\"format\":\"other\",\"version\":1}")
        #expect(refusal(other)?.code == .unsupportedFormat)
        let later = document("", header: "{\"format\":\"holdfast-json\",\"version\":2}")
        let error = try #require(refusal(later))
        #expect(error.code == .unsupportedVersion && error.description.contains("version 2"))
    }

    @Test("memory grows with what a file holds, not with what it announces")
    func bounded() {
        // A string that never ends, a number without end, a name without end.
        for text in [
            "{\"header\":\"" + String(repeating: "a", count: 1 << 20),
            "{\"header\":{\"sequence\":" + String(repeating: "1", count: 1 << 20),
            "{\"" + String(repeating: "é", count: 1 << 20),
        ] {
            #expect(refusal(text)?.code == .corrupt)
        }
    }
}

/// The same entries, and members, from the last to the first.
private final class BackwardsView: FrozenDataset, @unchecked Sendable {
    // BECAUSE: the view behind it is never changed.
    private let view: NaiveFrozen
    init(_ view: NaiveFrozen) { self.view = view }
    var frozenAt: Deadline { view.frozenAt }
    var databaseCount: Int { view.databaseCount }
    func keyCount(database: Int) -> Int { view.keyCount(database: database) }

    func forEachEntry(database: Int, _ visit: (FrozenEntry) throws -> Void) throws {
        let count = view.keyCount(database: database)
        // Quadratic, and as simple as can be.
        for wanted in stride(from: count - 1, through: 0, by: -1) {
            var place = 0
            try view.forEachEntry(database: database) { entry in
                if place == wanted { try visit(backwards(entry)) }
                place += 1
            }
        }
    }

    private func backwards(_ entry: FrozenEntry) -> FrozenEntry {
        let value: FrozenValue =
            switch entry.value {
            case .set(let set): .set(BackwardsSet(members: set))
            case .hash(let hash): .hash(BackwardsHash(hash: hash))
            default: entry.value
            }
        return FrozenEntry(key: entry.key, deadline: entry.deadline, value: value)
    }

    private struct BackwardsSet: FrozenSet {
        let members: any FrozenSet
        var count: Int { members.count }
        var isIntegers: Bool { false }
        func forEachMember(_ visit: (ByteView) throws -> Void) throws {
            var members: [[UInt8]] = []
            try self.members.forEachMember { members.append($0.array) }
            for member in members.reversed() {
                try member.withByteView { (view) throws in try visit(view) }
            }
        }
    }

    private struct BackwardsHash: FrozenHash {
        let hash: any FrozenHash
        var count: Int { hash.count }
        var hasDeadlines: Bool { hash.hasDeadlines }
        func forEachField(_ visit: (ByteView, ByteView, Deadline?) throws -> Void) throws {
            var fields: [([UInt8], [UInt8], Deadline?)] = []
            try hash.forEachField { fields.append(($0.array, $1.array, $2)) }
            for (field, value, deadline) in fields.reversed() {
                try [field, value].withByteViews { try visit($0[0], $0[1], deadline) }
            }
        }
    }
}
