/// Streams built by hand: deleted entries, every damage of counts, ids, groups and owners.
import Bytes
import Records
import Testing

@testable import RDB

/// A stream's body, part by part; the parts may lie.
private struct StreamBody {
    struct Consumer {
        var name = "alice"
        var pending: [UInt64] = []
    }

    struct Group {
        var name = "g"
        var pending: [UInt64] = []
        var consumers: [Consumer] = []
    }

    /// One node at id 10-0; two entries 10-0 and 12-0, and a deleted one between them.
    var pieces = [
        "2", "1", "1", "f", "0",
        "2", "0", "0", "v", "4",
        "1", "1", "0", "1", "g", "w", "6",
        "0", "2", "0", "2", "a", "1", "b", "2", "8",
    ]
    var nodes = 1
    var length = 2
    var last: UInt64 = 12
    var groups: [Group] = []

    func bytes(version: Int = 2) -> [UInt8] {
        let body = BodyBuilder().count(nodes)
        for node in 0..<nodes {
            body.blob([0, 0, 0, 0, 0, 0, 0, UInt8(10 + node), 0, 0, 0, 0, 0, 0, 0, 0])
            body.blob(BodyBuilder.listpack(pieces))
        }
        body.count(length).count(Int(last)).count(0)
        if version > 1 { body.count(10).count(0).count(11).count(0).count(3) }
        body.count(groups.count)
        for group in groups {
            body.text(group.name).count(10).count(0)
            if version > 1 { body.count(1) }
            body.count(group.pending.count)
            for id in group.pending { body.raw(Self.id(id)).number(77).count(3) }
            body.count(group.consumers.count)
            for consumer in group.consumers {
                body.text(consumer.name).number(88)
                if version > 2 { body.number(99) }
                body.count(consumer.pending.count)
                for id in consumer.pending { body.raw(Self.id(id)) }
            }
        }
        return body.bytes
    }

    private static func id(_ milliseconds: UInt64) -> [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: milliseconds >> UInt64(56 - $0 * 8)) }
            + [0, 0, 0, 0, 0, 0, 0, 0]
    }
}

@Suite("Streams")
struct StreamReaderTests {
    private func read(_ body: StreamBody, version: Int = 2) throws -> ModelStream {
        let type: UInt8 = version == 1 ? 15 : version == 2 ? 19 : 21
        guard case .stream(let stream) = try ModelReading.body(type, body.bytes(version: version))
        else {
            throw RDBError(.corrupt, "no stream")
        }
        return stream
    }

    private func expectCorrupt(
        _ location: SourceLocation = #_sourceLocation, _ change: (inout StreamBody) -> Void
    ) {
        var body = StreamBody()
        change(&body)
        #expect(throws: RDBError.self, sourceLocation: location) { try read(body) }
    }

    @Test("come with entries, figures and groups, in every version", arguments: 1...3)
    func versions(version: Int) throws {
        var body = StreamBody()
        body.groups = [
            .init(
                pending: [12, 10],
                consumers: [.init(pending: [10]), .init(name: "bob", pending: [12])])
        ]
        let stream = try read(body, version: version)
        #expect(stream.entries.map(\.id) == [StreamID(10, 0), StreamID(12, 0)])
        #expect(stream.entries[0].fields == [[102], [118]])
        #expect(stream.entries[1].fields == [[97], [49], [98], [50]])
        #expect(stream.facts.first == StreamID(10, 0) && stream.facts.last == StreamID(12, 0))
        #expect(stream.facts.entriesAdded == (version == 1 ? 2 : 3))
        #expect(stream.facts.maximumDeleted == (version == 1 ? .minimum : StreamID(11, 0)))
        let group = try #require(stream.groups[[103]])
        #expect(group.entriesRead == (version == 1 ? -1 : 1))
        let alice = try #require(group.consumers[Array("alice".utf8)])
        #expect(alice.seenTime == 88 && alice.activeTime == (version == 3 ? 99 : 88))
        #expect(alice.pending == [StreamID(10, 0): ModelDelivery(time: 77, count: 3)])
        #expect(group.consumers.count == 2)
    }

    @Test("may be empty")
    func empty() throws {
        var body = StreamBody()
        body.nodes = 0
        body.length = 0
        #expect(try read(body).entries.isEmpty)
        body.length = 1
        #expect(throws: RDBError.self) { try read(body) }
    }

    @Test("with counts or ids that don't add up are refused")
    func counts() {
        expectCorrupt { $0.length = 3 }
        expectCorrupt { $0.length = 1 }
        expectCorrupt { $0.last = 11 }
        expectCorrupt { $0.nodes = 2 }  // The second node begins below the first one's end.
        expectCorrupt { $0.pieces[0] = "3" }
        expectCorrupt { $0.pieces[0] = "1" }
        expectCorrupt { $0.pieces[0] = "-1" }
        expectCorrupt { $0.pieces[1] = "0" }
        expectCorrupt { $0.pieces[1] = "9223372036854775807" }
        expectCorrupt { $0.pieces[2] = "2" }
        expectCorrupt { $0.pieces[2] = "9223372036854775807" }
        expectCorrupt { $0.pieces[4] = "1" }
        expectCorrupt { $0.pieces[9] = "5" }
        expectCorrupt { $0.pieces[18] = "0" }
        expectCorrupt { $0.pieces[18] = "x" }
        expectCorrupt { $0.pieces[20] = "3" }
        expectCorrupt { $0.pieces[20] = "9223372036854775807" }
        expectCorrupt { $0.pieces[20] = "-2" }
        expectCorrupt { $0.pieces.append("1") }
        expectCorrupt { $0.pieces.removeLast() }
        expectCorrupt { $0.pieces = [] }
    }

    @Test("with groups whose pending entries and owners disagree are refused")
    func owners() {
        typealias Consumer = StreamBody.Consumer
        expectCorrupt { $0.groups = [.init(pending: [10])] }
        expectCorrupt { $0.groups = [.init(pending: [10], consumers: [.init()])] }
        expectCorrupt { $0.groups = [.init(consumers: [.init(pending: [10])])] }
        expectCorrupt { $0.groups = [.init(pending: [10], consumers: [.init(pending: [10, 10])])] }
        expectCorrupt {
            $0.groups = [
                .init(
                    pending: [10],
                    consumers: [.init(pending: [10]), .init(name: "bob", pending: [10])])
            ]
        }
        expectCorrupt {
            $0.groups = [.init(pending: [10, 10], consumers: [.init(pending: [10, 10])])]
        }
        expectCorrupt { $0.groups = [.init(consumers: [.init(), .init()])] }
        expectCorrupt { $0.groups = [.init(), .init()] }
    }

    @Test("whose node repeats large field names without end are refused")
    func repetition() {
        // A name of 1 MB in 4,000 entries of five pieces: 4 GB out of 1.1 MB.
        var pieces = ["4000", "0", "1", String(repeating: "n", count: 1 << 20), "0"]
        for number in 0..<4000 { pieces += ["2", "\(number)", "0", "v", "4"] }
        var body = StreamBody()
        body.pieces = pieces
        body.length = 4000
        body.last = 1 << 40
        let bytes = body.bytes()
        do {
            let status = try bytes.withByteView { view in
                try RDBValueReader(RDBInput(view)).read(19, into: RDBNullSink())
            }
            Issue.record("was read: \(status)")
        } catch {
            #expect((error as? RDBError)?.code == .tooLarge)
        }
    }
}
