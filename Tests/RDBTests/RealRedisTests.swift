/// A real redis-server: what it dumps we read, what we write it restores, and whole files both ways.
///
/// Skipped aloud where no redis-server is installed.
import Bytes
import Foundation
import RDB
import Records
import TestSupport
import Testing

@Suite("A real redis-server", .serialized)
struct RealRedisTests {
    private func start(_ arguments: [String] = []) throws -> (ServerProcess, RESPClient)? {
        guard ServerProcess.executable(.redis) != nil else {
            TestKnobs.skip("no redis-server is installed")
            return nil
        }
        let folder = try TemporaryDirectory()
        let server = try ServerProcess(
            .redis, in: folder.path, arguments: ["--save", ""] + arguments)
        Self.keep.append(folder)
        return (server, try server.connect())
    }

    /// Folders live until the process ends.
    private final class Keeper: @unchecked Sendable {
        // BECAUSE: the suite is serialized.
        var folders: [TemporaryDirectory] = []
        func append(_ folder: TemporaryDirectory) { folders.append(folder) }
    }
    private static let keep = Keeper()

    private func bytes(_ reply: RESPValue) -> [UInt8] {
        if case .bulk(let bytes) = reply { return bytes }
        return []
    }

    private func dump(_ client: RESPClient, _ key: String) throws -> ModelValue? {
        try ModelReading.payload(bytes(try client.run("DUMP", key)))
    }

    /// Thresholds that force packed, middling and plain forms.
    private static let settings: [[String]] = [
        [],
        [
            "hash-max-listpack-entries", "0", "zset-max-listpack-entries", "0",
            "set-max-intset-entries", "0", "list-max-listpack-size", "1",
            "stream-node-max-entries", "1",
        ],
        [
            "hash-max-listpack-entries", "100000", "hash-max-listpack-value", "1000000",
            "zset-max-listpack-entries", "100000", "zset-max-listpack-value", "1000000",
            "set-max-intset-entries", "100000", "list-max-listpack-size", "-5",
            "stream-node-max-entries", "0", "stream-node-max-bytes", "0",
        ],
    ]

    /// Writes a model value with the type's own commands; nil where Redis 7.0 can't hold it.
    private func create(_ value: ModelValue, _ client: RESPClient, _ key: String) throws -> Bool {
        func words(_ name: String, _ rest: [[UInt8]]) -> [[UInt8]] {
            [Array(name.utf8), Array(key.utf8)] + rest
        }
        let reply: RESPValue
        switch value {
        case .string(let bytes): reply = try client.run(words("SET", [bytes]))
        case .list(let elements): reply = try client.run(words("RPUSH", elements))
        case .set(let members): reply = try client.run(words("SADD", Array(members)))
        case .sortedSet(let members):
            reply = try client.run(
                words("ZADD", members.flatMap { [FloatText.format($0.value), $0.key] }))
        case .hash(let fields):
            if fields.values.contains(where: { $0.deadline != nil }) { return false }
            reply = try client.run(words("HSET", fields.flatMap { [$0.key, $0.value.value] }))
        case .stream: return false
        }
        #expect(!reply.isError, "\(reply)")
        return true
    }

    @Test("dumps of every type and encoding are read", arguments: 0..<3)
    func dumps(setting: Int) throws {
        guard let (server, client) = try start() else { return }
        defer { server.kill() }
        if !Self.settings[setting].isEmpty {
            let reply = try client.run(
                ([["CONFIG", "SET"], Self.settings[setting]].flatMap { $0 }).map { Array($0.utf8) })
            #expect(reply.text == "OK", "\(reply)")
        }
        var generator = ModelGenerator(seed: TestKnobs.seed &+ UInt64(setting))
        var compared = 0
        for number in 0..<150 {
            let value = generator.value(kind: number % 6)
            guard try create(value, client, "k\(number)") else { continue }
            #expect(try dump(client, "k\(number)") == value, "\(number)")
            compared += 1
        }
        #expect(compared > 100)
        // Back lengths of listpacks change their size at borders that are not the obvious ones.
        for length in [126, 127, 4090, 4095, 16376, 16377, 16378, 16379, 16380, 65000] {
            let element = [UInt8](repeating: 120, count: length - 1) + [UInt8(length & 63)]
            let value = ModelValue.list([element, element, [49]])
            _ = try client.run("DEL", "border")
            _ = try create(value, client, "border")
            #expect(try dump(client, "border") == value, "\(length)")
        }
    }

    @Test("what we dump it restores, to the same digest")
    func restores() throws {
        guard let (server, client) = try start(["--sanitize-dump-payload", "yes"]) else { return }
        defer { server.kill() }
        var generator = ModelGenerator(seed: TestKnobs.seed)
        generator.hasNegativeZero = false
        for number in 0..<200 {
            let value = generator.value(kind: [0, 1, 2, 3, 4, 5, 7][number % 7])
            let payload = try ModelFrozen.payload(value)
            if payload[payload.count - 10] != 10 { continue }  // Field deadlines: Redis 7.4.
            let key = "k\(number)"
            let reply = try client.run(
                ["RESTORE", key, "0"].map { Array($0.utf8) } + [payload])
            #expect(reply.text == "OK", "\(reply) for \(payload[0])")
            #expect(equalBesideTimes(try dump(client, key), value), "\(payload[0])")
            guard try create(value, client, "native") else { continue }
            let one = try client.run("DEBUG", "DIGEST-VALUE", key)
            let other = try client.run("DEBUG", "DIGEST-VALUE", "native")
            #expect(one == other, "\(payload[0])")
            _ = try client.run("DEL", "native")
        }
    }

    /// Redis gives back what it was given, except the first id, which we compute.
    private func equalBesideTimes(_ found: ModelValue?, _ value: ModelValue) -> Bool {
        guard case .stream(var stream) = value, case .stream(let other) = found else {
            return found == value
        }
        stream.facts.first = other.facts.first
        return stream == other
    }

    @Test("its streams with groups, deleted entries and pending ones are read")
    func streams() throws {
        guard let (server, client) = try start() else { return }
        defer { server.kill() }
        for number in 1...250 {
            _ = try client.run(
                "XADD", "s", "\(number)-1", "temperature", "\(number)", "place", "here")
        }
        _ = try client.run("XADD", "s", "300-0", "other", "fields")
        for number in [1, 2, 7, 101, 250] { _ = try client.run("XDEL", "s", "\(number)-1") }
        _ = try client.run("XGROUP", "CREATE", "s", "g", "0")
        _ = try client.run("XGROUP", "CREATE", "s", "unused", "$")
        _ = try client.run("XREADGROUP", "GROUP", "g", "alice", "COUNT", "20", "STREAMS", "s", ">")
        _ = try client.run("XREADGROUP", "GROUP", "g", "bob", "COUNT", "10", "STREAMS", "s", ">")
        _ = try client.run("XACK", "s", "g", "3-1", "4-1")
        guard case .stream(let stream) = try dump(client, "s") else {
            Issue.record("no stream")
            return
        }
        #expect(stream.entries.count == 246 && stream.facts.length == 246)
        #expect(stream.facts.entriesAdded == 251)
        #expect(stream.facts.maximumDeleted == StreamID(250, 1))
        #expect(stream.entries.first?.id == StreamID(3, 1))
        #expect(
            stream.entries.first?.fields
                == ["temperature", "3", "place", "here"].map { Array($0.utf8) })
        #expect(stream.entries.last?.fields == ["other", "fields"].map { Array($0.utf8) })
        let group = try #require(stream.groups[Array("g".utf8)])
        #expect(group.consumers[Array("alice".utf8)]?.pending.count == 18)
        #expect(group.consumers[Array("bob".utf8)]?.pending.count == 10)
        #expect(stream.groups.count == 2)
        // Written by us and restored, it is the same stream again.
        let payload = try ModelFrozen.payload(.stream(stream))
        let reply = try client.run(["RESTORE", "t", "0"].map { Array($0.utf8) } + [payload])
        #expect(reply.text == "OK", "\(reply)")
        #expect(
            try client.run("DEBUG", "DIGEST-VALUE", "s")
                == (try client.run("DEBUG", "DIGEST-VALUE", "t")))
        for what in ["s", "t"] {
            #expect(try client.run("XPENDING", what, "g").elements.first == .integer(28))
        }
    }

    @Test("of damaged dumps we read the same or nothing")
    func damagedDumps() throws {
        guard let (server, client) = try start(["--sanitize-dump-payload", "yes"]) else { return }
        defer { server.kill() }
        var generator = ModelGenerator(seed: TestKnobs.seed)
        generator.isSmall = true
        generator.hasNegativeZero = false
        let restore = ["RESTORE", "k", "0"].map { Array($0.utf8) }
        var bothRead = 0
        for round in 0..<TestKnobs.count("HOLDFAST_DUMP_ROUNDS", or: 1500) {
            let value = generator.value(kind: [0, 1, 2, 3, 4, 5, 7][round % 7])
            var payload = try ModelFrozen.payload(value)
            if payload[payload.count - 10] != 10 { continue }
            payload.removeLast(8)
            for _ in 0..<Int.random(in: 1...2, using: &generator.random) {
                let place = Int.random(in: 1..<(payload.count - 2), using: &generator.random)
                payload[place] ^= 1 << UInt8.random(in: 0...7, using: &generator.random)
            }
            let checksum = CRC64.checksum(payload)
            payload += (0..<8).map { UInt8(truncatingIfNeeded: checksum >> ($0 * 8)) }
            // What is wrong with it is the other tests' matter.
            let ours = try? ModelReading.payload(payload)
            let reply = try client.run(restore + [payload])
            if ours != nil && !reply.isError {
                bothRead += 1
                let theirs = try dump(client, "k")
                #expect(equalBesideTimes(theirs, ours ?? value), "type \(payload[0])")
            } else {
                // Redis lets some damage pass: scores that are no numbers, streams of another length,
                // bodies that run into the frame. What it refuses we must refuse.
                #expect(ours == nil, "type \(payload[0]): \(reply)")
            }
            _ = try client.run("DEL", "k")
        }
        #expect(bothRead > 100)
    }

    @Test("its snapshot is read, ours it loads, and its checker finds nothing wrong")
    func files() throws {
        guard let (server, client) = try start(["--dbfilename", "dump.rdb"]) else { return }
        defer { server.kill() }
        var generator = ModelGenerator(seed: TestKnobs.seed)
        generator.hasNegativeZero = false
        var databases: [[ModelDataset.Entry]] = [[], [], []]
        for number in 0..<120 {
            let value = generator.value(kind: number % 5)
            let database = number % 3
            let deadline: Int64? = number % 4 == 0 ? 4_000_000_000_000 + Int64(number) : nil
            databases[database].append(
                .init(key: Array("k\(number)".utf8), deadline: deadline, make: { value }))
        }
        var ours: [UInt8] = []
        var facts = RDBFileFacts()
        facts.creationSeconds = 1_700_000_000
        let library = Array(
            "#!lua name=lib\nredis.register_function('f', function() return 1 end)".utf8)
        let result = try RDBFileWriter.write(
            ModelDataset(databases), facts: facts, functionLibraries: [library]
        ) { ours += $0.array }
        #expect(result.version == 10 && result.sizeBytes == ours.count)

        let folder = try TemporaryDirectory()
        let path = folder.path + "/dump.rdb"
        try Data(ours).write(to: URL(fileURLWithPath: path))
        let check = try SystemProgram.run("redis-check-rdb", [path])
        #expect(check.exitCode == 0 && check.output.contains("RDB looks OK"), "\(check.output)")
        let loaded = try ServerProcess(
            .redis, in: folder.path,
            arguments: ["--save", "", "--dbfilename", "dump.rdb", "--sanitize-dump-payload", "yes"])
        defer { loaded.kill() }
        let connection = try loaded.connect()
        #expect(try connection.run("FCALL", "f", "0") == .integer(1))
        _ = try connection.run("SAVE")
        let theirs = try FileContent.read(Array(try Data(contentsOf: URL(fileURLWithPath: path))))
        let back = try FileContent.read(ours)
        #expect(theirs.values == back.values && theirs.deadlines == back.deadlines)
        #expect(theirs.values.count == 120 && theirs.libraries == [library])
        #expect(theirs.isChecked && back.isChecked)

        // The same keys by commands give the same digest.
        for (number, database) in databases.enumerated() {
            _ = try client.run("SELECT", "\(number)")
            for entry in database {
                let key = String(decoding: entry.key, as: UTF8.self)
                _ = try create(entry.make(), client, key)
                if let deadline = entry.deadline {
                    _ = try client.run("PEXPIREAT", key, "\(deadline)")
                }
            }
        }
        #expect(try client.run("DEBUG", "DIGEST") == (try connection.run("DEBUG", "DIGEST")))
    }
}
