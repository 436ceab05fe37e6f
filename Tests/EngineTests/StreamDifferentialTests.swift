/// The same random stream commands to this engine and to a real redis-server: equal replies, equal data, equal nodes.
import Bytes
import Foundation
import Records
import TestSupport
import Testing

@testable import Engine

@Suite("Streams as redis-server answers them", .serialized)
struct StreamDifferentialTests {
    @Test(
        "random stream commands, nodes of any size",
        arguments: [
            (2, 100, 4096), (3, 3, 200), (2, 1, 4096), (3, 0, 64), (2, 10, 0), (3, 200, 4096),
        ])
    func replies(version: Int, entries: Int, bytes: Int) throws {
        guard ServerProcess.executable(.redis) != nil else {
            TestKnobs.skip("no redis-server to compare with")
            return
        }
        let folder = try TemporaryDirectory()
        let server = try ServerProcess(
            .redis, in: folder.path,
            arguments: [
                "--save", "", "--enable-debug-command", "yes", "--rdbcompression", "no",
                "--stream-node-max-entries", "\(entries)", "--stream-node-max-bytes", "\(bytes)",
            ])
        let client = try server.connect()
        if version == 3 { _ = try client.run("HELLO", "3") }
        let f = EngineFixture(version: version)
        f.engine.settings.limits.streamNodeEntries = entries
        f.engine.settings.limits.streamNodeBytes = bytes
        var draw = StreamCommandDraw(seed: TestKnobs.seed ^ UInt64(version * 1000 + entries))
        let total = TestKnobs.isCampaign ? 100_000 : 3_000
        var errors = 0
        for round in 0..<total {
            let command = draw.next()
            let words = command.map { Array($0.utf8) }
            if command[0] == "XSETID", try isBelowDeleted(command, client) { continue }
            let theirs = StreamReplies.comparable(try client.run(words), to: command)
            let ours = StreamReplies.comparable(f.value(words), to: command)
            if theirs.isError { errors += 1 }
            // Redis takes a stale errno for its reason there.
            if theirs.text?.hasSuffix("too large to be stored") == true { continue }
            #expect(
                ours == theirs,
                "seed \(TestKnobs.seed), round \(round): \(command.map { $0.prefix(60) })")
            if ours != theirs { return }
            if round % 100 == 99 { try compareNodes(f, client, "round \(round)") }
        }
        #expect(errors * 10 < total * 5)
        let digest = try client.run("DEBUG", "DIGEST").text
        #expect(DebugDigest.of(f.engine.keyspace).text == digest)
        #expect(DebugDigest.of(f.replayed().keyspace).text == digest)
    }

    /// Redis 7.0 lets XSETID go below the highest id deleted; what replays that is refused.
    private func isBelowDeleted(_ command: [String], _ client: RESPClient) throws -> Bool {
        let facts = try client.run("XINFO", "STREAM", command[1]).elements
        guard facts.count > 9, let text = facts[9].text, let id = Int(command[2]) else {
            return false
        }
        return id <= Int(text.split(separator: "-")[0]) ?? 0
    }

    /// The nodes are the same, byte for byte.
    private func compareNodes(
        _ f: EngineFixture, _ client: RESPClient, _ place: String
    ) throws {
        for key in ["s", "t", "u"] {
            let theirs: [DumpedStream.Node]
            if case .bulk(let payload) = try client.run("DUMP", key), payload[0] == 19 {
                theirs = DumpedStream(payload).nodes
            } else {
                theirs = []
            }
            var ours: [DumpedStream.Node] = []
            Array(key.utf8).withByteView { name in
                guard let entry = f.engine.peek(name, f.session), entry.kind == .stream else {
                    return
                }
                StreamValue(entry).forEachNode { id, pack in
                    #expect(StreamPack(pack, id: id)?.isSound() == true)
                    ours.append(DumpedStream.Node(id: id, pack: pack.array))
                }
            }
            #expect(ours == theirs, "\(key), \(place), seed \(TestKnobs.seed)")
        }
    }

    @Test("nodes of a dump, put together again, are the stream; damaged ones are refused")
    func builder() throws {
        let f = EngineFixture()
        f.engine.settings.limits.streamNodeEntries = 7
        for number in 1...100 { f.run("XADD", "s", "\(number)", "name", "v\(number)", "n", "7") }
        f.run("XDEL", "s", "3", "50", "51")
        f.run("XGROUP", "CREATE", "s", "g", "0")
        f.run("XREADGROUP", "GROUP", "g", "c", "COUNT", "5", "STREAMS", "s", ">")
        let dump = try StreamDump(f.engine.freeze())
        let name = Array("s".utf8)
        var random = SeededGenerator(seed: TestKnobs.seed)
        try name.withByteView { key in
            guard let source = f.engine.peek(key, f.session) else { return }
            let stream = StreamValue(source)
            let builder = ValueBuilder(f.engine)
            builder.begin(key, deadline: nil)
            stream.forEachNode { id, pack in
                var damaged = pack.array
                let place = Int.random(in: 0..<damaged.count, using: &random)
                damaged[place] ^= UInt8(1 << Int.random(in: 0..<8, using: &random))
                // A damaged pack may be another sound one; it is never read beyond its end.
                damaged.withByteView { view in
                    let other = ValueBuilder(f.engine)
                    other.begin(key, deadline: nil)
                    if other.streamNode(id, view) { #expect(StreamPack(view, id: id) != nil) }
                }
                for count in 0..<pack.count { #expect(!builder.streamNode(id, pack[0..<count])) }
                #expect(builder.streamNode(id, pack))
                #expect(!builder.streamNode(id, pack))
            }
            #expect(builder.streamFacts(stream.facts))
            try stream.forEachGroup { group in
                #expect(
                    builder.streamGroup(
                        group.name, last: group.last, entriesRead: group.entriesRead))
                #expect(!builder.streamGroup(group.name, last: group.last, entriesRead: 0))
                try group.forEachConsumer {
                    #expect(builder.streamConsumer($0.name, of: group.name, seen: 1, active: 2))
                    #expect(!builder.streamConsumer($0.name, of: group.name, seen: 1, active: 2))
                }
                try group.forEachPending {
                    #expect(
                        builder.streamPending(
                            $0.id, of: group.name, $0.consumer, time: $0.time, count: $0.count))
                }
            }
            let entry = builder.finish()
            #expect(entry != nil)
            if let entry { f.engine.put(entry, in: 0) }
        }
        #expect(try StreamDump(f.engine.freeze()) == dump)
        #expect(f.engine.keyspace.liveBytes == StreamWalk.bytes(f.engine.keyspace))
    }
}

/// Replies without what depends on the clock, and without what Redis 7.2 added.
enum StreamReplies {
    static func comparable(_ reply: RESPValue, to command: [String]) -> RESPValue {
        if command[0] == "XPENDING", command.count > 3, case .array(let rows) = reply {
            return .array(rows.map { row($0, times: [2]) })
        }
        return command[0] == "XINFO" ? facts(reply) : reply
    }

    private static func row(_ row: RESPValue, times: Set<Int>) -> RESPValue {
        .array(row.elements.enumerated().map { times.contains($0) ? age($1) : $1 })
    }

    /// Long ago or not: a time since 1970, or milliseconds since then.
    private static func age(_ value: RESPValue) -> RESPValue {
        guard case .integer(let number) = value else { return value }
        if number < 1_000_000_000_000 { return .integer(number > 300_000 ? 1 : 0) }
        // The test's clock stands in 2023, redis-server's doesn't.
        let isReal = number > 1_710_000_000_000
        let now = isReal ? Int(Date().timeIntervalSince1970 * 1000) : 1_700_000_000_000
        return .integer(now - number > 300_000 ? 1 : 0)
    }

    private static func facts(_ reply: RESPValue) -> RESPValue {
        switch reply {
        case .map(let fields): .map(named(fields))
        case .array(let values):
            values.first == .bulk(Array("name".utf8)) || values.first == .bulk(Array("length".utf8))
                ? .array(named(values)) : .array(values.map(facts))
        default: reply
        }
    }

    private static func named(_ fields: [RESPValue]) -> [RESPValue] {
        var kept: [RESPValue] = []
        for index in stride(from: 0, to: fields.count - 1, by: 2) {
            let value = fields[index + 1]
            switch fields[index].text {
            case "seen-time", "active-time", "idle", "inactive": continue
            case "pending":
                if case .array(let rows) = value {
                    kept += [
                        fields[index],
                        .array(rows.map { row($0, times: [$0.elements.count - 2]) }),
                    ]
                } else {
                    kept += [fields[index], value]
                }
            default: kept += [fields[index], facts(value)]
            }
        }
        return kept
    }
}

/// The nodes of a stream in the payload of Redis's DUMP.
struct DumpedStream {
    struct Node: Equatable {
        let id: StreamID
        let pack: [UInt8]
    }

    private(set) var nodes: [Node] = []

    init(_ payload: [UInt8]) {
        var rest = payload.dropFirst()
        func length() -> Int {
            guard let first = rest.popFirst() else { return 0 }
            switch first >> 6 {
            case 0: return Int(first & 63)
            case 1: return Int(first & 63) << 8 | Int(rest.popFirst() ?? 0)
            default:
                let bytes = rest.prefix(4)
                rest = rest.dropFirst(4)
                return bytes.reduce(0) { $0 << 8 | Int($1) }
            }
        }
        func run() -> [UInt8] {
            let count = length()
            defer { rest = rest.dropFirst(count) }
            return Array(rest.prefix(count))
        }
        for _ in 0..<length() {
            let id = run()
            let words = [id.prefix(8), id.dropFirst(8)].map {
                $0.reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            }
            nodes.append(Node(id: StreamID(words[0], words[1]), pack: run()))
        }
    }
}
