/// Redis's own way of keeping a log: a base that is a snapshot, commands behind it. We start on it, go on, and
/// Redis takes it back. "The same" is the digest that both compute, DEBUG DIGEST.
import Foundation
import TestSupport
import Testing

extension EndToEndTests {
    @Suite("A log of Redis's with a snapshot for its base", Needs.redis, Needs.holdfast)
    struct SnapshotBaseTests {
        private let directives = ["--appendonly", "yes", "--save", ""]

        /// Random commands of every family that makes data, in several databases.
        private func populate(_ client: RESPClient, count: Int, seed: UInt64) throws {
            let shapes =
                CommandShapes.strings + CommandShapes.hashes + CommandShapes.keys
                + CommandShapes.lists + CommandShapes.sets + CommandShapes.sortedSets
                + CommandShapes.streams + CommandShapes.bitmaps + CommandShapes.sketches
                + CommandShapes.places
            let waiting: Set<String> = [
                "blpop", "brpop", "blmove", "brpoplpush", "blmpop", "bzpopmin", "bzpopmax",
                "bzmpop", "xread",
            ]
            let names = Set(shapes.map(\.name)).subtracting(waiting)
            var source = EpisodeSource(
                seed: seed, epochMilliseconds: Int(Date().timeIntervalSince1970 * 1000),
                shapes: shapes.filter { !waiting.contains($0.name) }, names: names)
            for database in [0, 5, 9] {
                try client.run("SELECT", "\(database)")
                var sent = 0
                while sent < count {
                    for step in source.next() where !step.requests.isEmpty {
                        let words = step.requests.map { $0.words.map(\.bytes) }
                        _ = try client.pipeline(words)
                        sent += words.count
                    }
                }
            }
        }

        /// Every type small and large, so that each of Redis's encodings is there, with and without deadlines.
        private func populateEncodings(_ client: RESPClient) throws {
            let long = String(repeating: "abcdefgh", count: 40)
            for size in [3, 700] {
                for database in [0, 2] {
                    try client.run("SELECT", "\(database)")
                    for number in 0..<size {
                        try client.run("RPUSH", "list:\(size)", "\(number)", long)
                        try client.run("SADD", "integers:\(size)", "\(number * 7 - 900)")
                        try client.run("SADD", "words:\(size)", "word-\(number)")
                        try client.run("ZADD", "scores:\(size)", "\(number).25", "m\(number)")
                        try client.run("HSET", "hash:\(size)", "f\(number)", "\(number)")
                        try client.run("XADD", "stream:\(size)", "\(number + 1)-1", "f", "v")
                        try client.run("PFADD", "sketch:\(size)", "\(number)")
                    }
                    try client.run("XGROUP", "CREATE", "stream:\(size)", "g", "0")
                    try client.run(
                        "XREADGROUP", "GROUP", "g", "c", "COUNT", "9", "STREAMS",
                        "stream:\(size)", ">")
                    try client.run("XACK", "stream:\(size)", "g", "2-1")
                    try client.run("SET", "text:\(size)", String(repeating: "z", count: size))
                    try client.run("EXPIREAT", "words:\(size)", "4000000000")
                    try client.run("EXPIREAT", "hash:\(size)", "4000000000")
                }
            }
        }

        private func rewrite(_ client: RESPClient) throws {
            try client.run("BGREWRITEAOF")
            let isDone = Eventually.holds(seconds: 30) {
                let text = (try? client.run("INFO", "persistence"))?.text ?? ""
                return text.contains("aof_rewrite_in_progress:0")
                    && text.contains("aof_rewrite_scheduled:0")
            }
            #expect(isDone)
        }

        private func stop(_ server: ServerProcess) throws -> String {
            let digest = try server.connect().digest()
            #expect(server.terminate() == 0, "\(server.log.suffix(2000))")
            return digest
        }

        private func hasSnapshotBase(_ folder: TemporaryDirectory) throws -> Bool {
            let manifest = "\(folder.path)/appendonlydir/appendonly.aof.manifest"
            let text = try String(contentsOfFile: manifest, encoding: .utf8)
            return text.contains(".base.rdb")
        }

        @Test("goes there and back with the same digest", arguments: [false, true])
        func thereAndBack(rewritten: Bool) throws {
            let folder = try TemporaryDirectory()
            let redis = try ServerProcess(.redis, in: folder.path, arguments: directives)
            let client = try redis.connect()
            try populateEncodings(client)
            try populate(client, count: 1200, seed: TestKnobs.seed)
            if rewritten {
                try rewrite(client)
                try populate(client, count: 400, seed: TestKnobs.seed &+ 1)
            }
            try client.run("SELECT", "9")
            try client.run("SET", "from", "Redis")
            let written = try stop(redis)
            #expect(try hasSnapshotBase(folder))

            let ours = try ServerProcess(.holdfast, in: folder.path, arguments: directives)
            let mine = try ours.connect()
            #expect(try mine.digest() == written, "\(ours.log.suffix(2000))")
            try mine.run("SET", "from", "Holdfast")
            try mine.run("SELECT", "5")
            try populate(mine, count: 200, seed: TestKnobs.seed &+ 2)
            let continued = try stop(ours)
            #expect(continued != written)
            #expect(try hasSnapshotBase(folder), "our increment stands behind Redis's base")

            let again = try ServerProcess(.holdfast, in: folder.path, arguments: directives)
            #expect(try stop(again) == continued, "\(again.log.suffix(2000))")
            let back = try ServerProcess(.redis, in: folder.path, arguments: directives)
            #expect(try back.connect().digest() == continued, "\(back.log.suffix(2000))")
        }

        @Test("that was one file with a preamble becomes a folder, as with Redis")
        func oldSingleFile() throws {
            let folder = try TemporaryDirectory()
            let redis = try ServerProcess(.redis, in: folder.path, arguments: directives)
            let client = try redis.connect()
            try populateEncodings(client)
            try rewrite(client)
            try client.run("SELECT", "7")
            try client.run("SET", "later", "yes")
            let written = try stop(redis)
            // Redis before 7 had both in one file, the snapshot first.
            let parts = "\(folder.path)/appendonlydir"
            let names = try FileManager.default.contentsOfDirectory(atPath: parts)
            var whole = Data()
            for ending in [".base.rdb", ".incr.aof"] {
                let name = try #require(names.first { $0.hasSuffix(ending) })
                whole += try Data(contentsOf: URL(fileURLWithPath: "\(parts)/\(name)"))
            }
            try FileManager.default.removeItem(atPath: parts)
            try whole.write(to: URL(fileURLWithPath: "\(folder.path)/appendonly.aof"))

            let ours = try ServerProcess(.holdfast, in: folder.path, arguments: directives)
            #expect(try stop(ours) == written, "\(ours.log.suffix(2000))")
            let back = try ServerProcess(.redis, in: folder.path, arguments: directives)
            #expect(try back.connect().digest() == written, "\(back.log.suffix(2000))")
        }

        @Test("is refused where it is damaged, and left as it is", Needs.noStandIn)
        func damaged() throws {
            let folder = try TemporaryDirectory()
            let redis = try ServerProcess(.redis, in: folder.path, arguments: directives)
            let client = try redis.connect()
            try populateEncodings(client)
            try rewrite(client)
            _ = try stop(redis)
            let parts = "\(folder.path)/appendonlydir"
            let names = try FileManager.default.contentsOfDirectory(atPath: parts)
            let base = "\(parts)/\(try #require(names.first { $0.hasSuffix(".base.rdb") }))"
            var bytes = try Data(contentsOf: URL(fileURLWithPath: base))
            bytes[bytes.count / 2] ^= 1
            try bytes.write(to: URL(fileURLWithPath: base))
            let ours = try ServerProcess(
                .holdfast, in: folder.path, arguments: directives, waits: false)
            let hasEnded = Eventually.holds(seconds: 20) { !ours.isRunning }
            #expect(hasEnded)
            ours.kill()
            #expect(ours.waitForExit() != 0)
            #expect(ours.log.contains("base.rdb, offset"), "\(ours.log.suffix(2000))")
            #expect(try Data(contentsOf: URL(fileURLWithPath: base)) == bytes)
        }
    }
}
