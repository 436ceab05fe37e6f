/// Snapshots that redis-server 7.0.15 wrote, kept in `Fixtures/rdb`; its README tells how they were made.
import Foundation
import RDB
import Records
import Testing

@Suite("Fixtures of Redis 7.0")
struct FixtureTests {
    private func bytes(_ name: String) throws -> [UInt8] {
        let url = URL(fileURLWithPath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Fixtures/rdb/\(name)")
        return Array(try Data(contentsOf: url))
    }

    private func word(_ text: String) -> [UInt8] { Array(text.utf8) }

    @Test("hold every key, packed and plain", arguments: ["packed.v10.rdb", "plain.v10.rdb"])
    func contents(name: String) throws {
        let bytes = try bytes(name)
        let content = try FileContent.read(bytes)
        #expect(content.version == 10 && content.isChecked && content.end == bytes.count)
        #expect(content.facts["redis-ver"] == "7.0.15" && content.values.count == 11)
        #expect(content.value("text") == .text("hello world"))
        #expect(content.value("integer") == .text("12345"))
        #expect(content.value("repeated") == .text(String(repeating: "a", count: 80)))
        #expect(content.value("expiring") == .text("soon"))
        #expect(Array(content.deadlines.values) == [4_000_000_000_000])
        #expect(content.value("list") == .list(["a", "b", "3", "-70000", ""].map(word)))
        #expect(
            content.value("integers") == .set(Set(["1", "-2", "70000", "5000000000"].map(word))))
        #expect(content.value("words") == .set(Set(["x", "y", "7"].map(word))))
        #expect(
            content.value("scores")
                == .sortedSet([
                    word("one"): 1.5, word("least"): -.infinity, word("most"): .infinity,
                    word("three"): 3,
                ]))
        #expect(
            content.value("hash")
                == .hash([
                    word("field"): ModelField(value: word("value")),
                    word("number"): ModelField(value: word("42")),
                ]))
        #expect(content.value("elsewhere", 3) == .text("yes"))
        #expect(content.libraries.count == 1)
    }

    @Test("hold the stream with its group", arguments: ["packed.v10.rdb", "plain.v10.rdb"])
    func stream(name: String) throws {
        guard case .stream(let stream) = try FileContent.read(bytes(name)).value("stream") else {
            Issue.record("no stream")
            return
        }
        #expect(
            stream.entries == [
                ModelEntry(id: StreamID(5, 1), fields: ["place", "here", "value", "1"].map(word)),
                ModelEntry(id: StreamID(5, 2), fields: ["place", "there", "value", "2"].map(word)),
                ModelEntry(id: StreamID(7, 0), fields: ["other", "fields"].map(word)),
            ])
        #expect(
            stream.facts
                == StreamFacts(
                    length: 3, last: StreamID(9, 9), first: StreamID(5, 1),
                    maximumDeleted: StreamID(9, 9), entriesAdded: 4))
        let group = try #require(stream.groups[word("group")])
        #expect(group.last == StreamID(5, 2) && group.entriesRead == -1)
        #expect(group.consumers.count == 2)
        #expect(group.consumers[word("idle")]?.pending == [:])
        #expect(
            group.consumers[word("worker")]?.pending.map { $0.key } == [StreamID(5, 2)])
        #expect(group.consumers[word("worker")]?.pending[StreamID(5, 2)]?.count == 1)
    }

    @Test("torn and changed ones are told apart")
    func damage() throws {
        func code(_ name: String) throws -> RDBError.Code? {
            do {
                _ = try FileContent.read(bytes(name))
                return nil
            } catch let error as RDBError { return error.code }
        }
        #expect(try code("packed.v10.torn.rdb") == .truncated)
        #expect(try code("packed.v10.corrupt.rdb") == .checksum)
    }
}
