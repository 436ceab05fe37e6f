/// Files that servers of many versions wrote, against the contents that stand beside them as JSON.
///
/// The corpus lies outside the project (its README asks for that); without it the tests say so aloud.
import Bytes
import Foundation
import RDB
import Records
import TestSupport
import Testing

/// What a file held.
struct FileContent {
    struct Key: Hashable {
        let database: Int
        let name: [UInt8]
    }

    var version = 0
    var facts: [String: String] = [:]
    var values: [Key: ModelValue] = [:]
    var deadlines: [Key: Int64] = [:]
    var frequencies: [Key: UInt8] = [:]
    var libraries: [[UInt8]] = []
    var modules: [String] = []
    var emptyKeys = 0
    var isChecked = false
    var end = 0
    var behind: [UInt8] = []

    func value(_ name: String, _ database: Int = 0) -> ModelValue? {
        values[Key(database: database, name: Array(name.utf8))]
    }

    /// Reads a file that comes in pieces of `chunk` bytes.
    static func read(
        _ bytes: [UInt8], chunk: Int = .max, modules: RDBFileReader.ModulePolicy = .refuse,
        checksChecksum: Bool = true, limits: RDBLimits = RDBLimits(), start: Int = 0
    ) throws -> FileContent {
        var place = 0
        let reader = RDBFileReader(
            limits: limits, modules: modules, checksChecksum: checksChecksum, start: start
        ) { window, count in
            let taken = min(count, chunk, bytes.count - place)
            window.append(Array(bytes[place..<(place + taken)]))
            place += taken
            return taken
        }
        var content = FileContent()
        while let event = try reader.next() { try content.take(event, reader) }
        content.end = reader.position
        content.behind = reader.unread.array
        return content
    }

    private mutating func take(_ event: RDBEvent, _ reader: RDBFileReader) throws {
        switch event {
        case .header(let version, _): self.version = version
        case .auxiliary(let name, let value): facts[name.text] = value.text
        case .functionLibrary(let source): libraries.append(source.array)
        case .moduleData(let module): modules.append(module)
        case .moduleValue(_, _, let module): modules.append(module)
        case .end(let isChecked): self.isChecked = isChecked
        case .database, .sizes, .slotSizes: break
        case .entry(let entry):
            let sink = ModelSink()
            let key = Key(database: entry.database, name: entry.key.array)
            if try reader.readValue(into: sink) == .empty {
                emptyKeys += 1
                return
            }
            #expect(entry.key.array == key.name, "the key outlives the value")
            values[key] = sink.value
            deadlines[key] = entry.deadline?.millisecondsSinceEpoch
            frequencies[key] = entry.frequency
        }
    }
}

@Suite("Files of the corpus")
struct CorpusTests {
    private static let folder = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("shared/corpus/rdb")

    private func bytes(_ name: String) throws -> [UInt8]? {
        let url = Self.folder.appendingPathComponent(name)
        guard FileManager.default.fileExists(atPath: url.path) else {
            TestKnobs.skip("no corpus file \(url.path)")
            return nil
        }
        return Array(try Data(contentsOf: url))
    }

    /// The JSON beside a file: one object a database, or one object without its braces.
    private func expected(_ name: String) throws -> [[String: Any]] {
        var text = try String(
            contentsOf: Self.folder.appendingPathComponent(name), encoding: .utf8)
        if text.first != "[" { text = "[{" + text + "}]" }
        let parsed = try JSONSerialization.jsonObject(with: Data(text.utf8))
        return try #require(parsed as? [[String: Any]])
    }

    private static let files: [(String, String)] = [
        ("hash_zl_v6.rdb", "hash_zl_v6_data.json"), ("hash_zm_v2.rdb", "hash_zm_v2_data.json"),
        ("mem_policy_lfu.rdb", "mem_policy_lfu.json"),
        ("module_aux.rdb", "module_aux_data.json"),
        ("multiple_dbs.rdb", "multiple_dbs_data.json"),
        ("plain_list_v6.rdb", "plain_list_v6_data.json"),
        ("plain_set_v6.rdb", "plain_set_v6_data.json"), ("quicklist.rdb", "quicklist_data.json"),
        ("set_is_v11.rdb", "set_is_v11_data.json"), ("single_key.rdb", "single_key_data.json"),
        ("string_int_encoded.rdb", "string_int_encoded.json"),
        ("ziplist_v3.rdb", "ziplist_data.json"), ("zset_zl_v6.rdb", "zset_zl_v6_data.json"),
        ("stream_v11.rdb", "stream_data.json"), ("function2.rdb", "function2.json"),
    ]

    @Test("hold what their JSON says", arguments: files)
    func contents(file: (String, String)) throws {
        guard let bytes = try bytes(file.0) else { return }
        let content = try FileContent.read(bytes)
        let databases = try expected(file.1)
        // The module's file keeps its key in database 9, and its JSON doesn't say so.
        let isNumbered = databases.count > 1
        var keys = 0
        for (number, object) in databases.enumerated() {
            for (name, wanted) in object {
                if name == "__aux__" {
                    #expect(wanted as? [String: String] == content.facts)
                } else if name == "__func__" {
                    let sources = try #require(wanted as? [String: String]).values
                    let found = content.libraries.map { String(decoding: $0, as: UTF8.self) }
                    #expect(sources.sorted() == found.sorted())
                } else {
                    keys += 1
                    let found = content.values.first {
                        $0.key.name == Array(name.utf8)
                            && (!isNumbered || $0.key.database == number)
                    }
                    try compare(try #require(found?.value, "\(name)"), wanted)
                }
            }
        }
        #expect(keys == content.values.count)
        #expect(content.end == bytes.count)
        #expect(content.isChecked == (content.version >= 5))
        for chunk in [1, 7] {
            #expect(try FileContent.read(bytes, chunk: chunk).values == content.values)
        }
    }

    private func compare(_ value: ModelValue, _ wanted: Any) throws {
        switch value {
        case .string(let bytes):
            #expect(String(decoding: bytes, as: UTF8.self) == wanted as? String)
        case .list(let elements):
            #expect(elements.map { String(decoding: $0, as: UTF8.self) } == wanted as? [String])
        case .set(let members):
            let texts = members.map { String(decoding: $0, as: UTF8.self) }
            #expect(texts.sorted() == (wanted as? [String])?.sorted())
        case .sortedSet(let members):
            let scores = try #require(wanted as? [String: String]).mapValues { Double($0) }
            var found: [String: Double?] = [:]
            for (name, score) in members { found[String(decoding: name, as: UTF8.self)] = score }
            #expect(found.count == scores.count)
            for (name, score) in scores {
                let wanted = try #require(score)
                let score = try #require(found[name] ?? nil)
                // The JSON's numbers are rounded to 17 digits, not always to the nearest.
                #expect(score == wanted || abs(score - wanted) <= abs(wanted) * 1e-15, "\(name)")
            }
        case .hash(let fields):
            var found: [String: String] = [:]
            for (name, field) in fields {
                found[String(decoding: name, as: UTF8.self)] = String(
                    decoding: field.value, as: UTF8.self)
            }
            #expect(found == wanted as? [String: String])
        case .stream(let stream):
            let object = try #require(wanted as? [String: Any])
            let entries = try #require(object["entries"] as? [[String: Any]])
            #expect(entries.count == stream.entries.count)
            for (entry, wanted) in zip(stream.entries, entries) {
                #expect(
                    "\(entry.id.milliseconds)-\(entry.id.sequence)" == wanted["id"] as? String)
                var found: [String: String] = [:]
                for index in stride(from: 0, to: entry.fields.count, by: 2) {
                    found[String(decoding: entry.fields[index], as: UTF8.self)] = String(
                        decoding: entry.fields[index + 1], as: UTF8.self)
                }
                #expect(found == wanted["items"] as? [String: String])
            }
        }
    }

    @Test("the stream's groups come with their consumers and what is pending")
    func streamGroups() throws {
        guard let bytes = try bytes("stream_v11.rdb") else { return }
        let content = try FileContent.read(bytes)
        guard case .stream(let stream) = content.value("mystream") else {
            Issue.record("no stream")
            return
        }
        #expect(stream.facts.length == 6 && stream.facts.entriesAdded == 6)
        #expect(stream.facts.last == StreamID(1_695_893_015_933, 0))
        #expect(stream.groups.keys.sorted { $0.last ?? 0 < $1.last ?? 0 }.count == 2)
        let first = try #require(stream.groups[Array("groupA".utf8)])
        #expect(first.last == StreamID(1_695_649_446_276, 0) && first.entriesRead == 4)
        let owner = try #require(first.consumers[Array("consumerA2".utf8)])
        #expect(owner.pending[StreamID(1_695_649_446_276, 0)]?.count == 1)
        #expect(first.consumers[Array("consumerA1".utf8)]?.activeTime == 1_696_679_585_023)
    }

    @Test("deadlines of fields, frequencies, modules' data and functions are handed out")
    func extras() throws {
        guard let hash = try bytes("hash_with_expire_v12.rdb") else { return }
        guard case .hash(let fields) = try FileContent.read(hash).value("myhash") else {
            Issue.record("no hash")
            return
        }
        #expect(fields[Array("field1".utf8)]?.deadline == 0x3FFF_FFFF_E4A7)
        #expect(fields[Array("field2".utf8)]?.deadline == 0x3FFF_FFFF_E24F)
        #expect(fields[Array("field3".utf8)] == ModelField(value: Array("value3".utf8)))
        let frequent = try FileContent.read(try #require(try bytes("mem_policy_lfu.rdb")))
        #expect(Array(frequent.frequencies.values) == [5])
        let modules = try FileContent.read(try #require(try bytes("module_aux.rdb")))
        #expect(modules.modules.count == 2 && modules.modules[0].count == 9)
        let empty = try FileContent.read(try #require(try bytes("empty.rdb")))
        #expect(empty.values.isEmpty && empty.isChecked)
        let compressed = try FileContent.read(try #require(try bytes("string_lzf.rdb")))
        let both = compressed.values.sorted { $0.key.name.count < $1.key.name.count }
        func run(_ letter: Character, _ count: Int) -> [UInt8] {
            Array(String(repeating: letter, count: count).utf8)
        }
        #expect(both.map(\.key.name) == [run("x", 26), run("y", 50)])
        #expect(both.map(\.value) == [.string(run("A", 64)), .string(run("B", 116))])
    }

    @Test("a wrong checksum is an error at its place, unless it is not looked at")
    func checksum() throws {
        guard let bytes = try bytes("invalid_chksum_v8.rdb") else { return }
        do {
            _ = try FileContent.read(bytes)
            Issue.record("the checksum passed")
        } catch let error as RDBError {
            #expect(error.code == .checksum && error.offset == bytes.count)
        }
        let content = try FileContent.read(bytes, checksChecksum: false)
        #expect(content.value("x") == .text("y") && content.values.count == 3)
    }
}
