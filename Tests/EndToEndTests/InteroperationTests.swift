/// The files change hands: a real redis-server loads ours, writes to them, and we load them again.
///
/// "The same" is always the digest that both compute, DEBUG DIGEST.
import Foundation
import TestSupport
import Testing

extension EndToEndTests {
    @Suite("The same folder for Redis and for us", Needs.redis, Needs.holdfast)
    struct InteroperationTests {
        /// Values, fields, deadlines, databases, transactions and overwritten keys.
        private func populate(_ client: RESPClient, count: Int) throws {
            let families = [
                CommandShapes.strings, CommandShapes.hashes, CommandShapes.lists,
                CommandShapes.sets, CommandShapes.sortedSets, CommandShapes.streams,
                CommandShapes.bitmaps, CommandShapes.sketches, CommandShapes.places,
                CommandShapes.keys,
            ].flatMap { $0 }
            var source = EpisodeSource(
                seed: TestKnobs.seed, epochMilliseconds: Int(Date().timeIntervalSince1970 * 1000),
                shapes: families, names: Set(families.map(\.name)))
            for database in 0..<3 {
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
            try client.run("MULTI")
            try client.run("SET", "pair:left", "1")
            try client.run("SET", "pair:right", "1")
            try client.run("EXEC")
        }

        private func stop(_ server: ServerProcess) throws -> String {
            let digest = try server.connect().digest()
            #expect(server.terminate() == 0, "\(server.log.suffix(2000))")
            return digest
        }

        private func manifest(_ folder: TemporaryDirectory) -> String {
            "\(folder.path)/appendonlydir/appendonly.aof.manifest"
        }

        @Test(
            "Redis loads what we wrote, with the same digest, and we load what it added",
            arguments: ["always", "everysec", "no"], [false, true])
        func thereAndBack(policy: String, rewritten: Bool) throws {
            let folder = try TemporaryDirectory()
            let directives = ServerProcess.appendOnly(policy)
            let ours = try ServerProcess(.holdfast, in: folder.path, arguments: directives)
            try populate(try ours.connect(), count: 1500)
            if rewritten {
                try rewrite(ours)
                try populate(try ours.connect(), count: 300)
            }
            let written = try stop(ours)
            let check = try SystemProgram.run("redis-check-aof", [manifest(folder)])
            #expect(
                check.exitCode == 0
                    && check.output.contains("All AOF files and manifest are valid"),
                "\(check.output)")

            let redis = try ServerProcess(.redis, in: folder.path, arguments: directives)
            let client = try redis.connect()
            #expect(try client.digest() == written, "\(redis.log.suffix(2000))")
            try populate(client, count: 300)
            try client.run("SET", "from", "Redis")
            let added = try stop(redis)
            #expect(added != written)

            let again = try ServerProcess(.holdfast, in: folder.path, arguments: directives)
            #expect(try again.connect().digest() == added, "\(again.log.suffix(2000))")
            if try again.isHoldfast() {
                #expect(
                    again.log.contains("A plain Redis has written to"), "\(again.log.suffix(2000))")
            }
            // What we add behind Redis's records is ours again, for us and for Redis.
            try again.connect().run("SET", "from", "Holdfast")
            let last = try stop(again)
            let finally = try ServerProcess(.redis, in: folder.path, arguments: directives)
            #expect(try finally.connect().digest() == last)
        }

        private func rewrite(_ server: ServerProcess) throws {
            let client = try server.connect()
            try client.run("BGREWRITEAOF")
            let isDone = Eventually.holds(seconds: 30) {
                let text = (try? client.run("INFO", "persistence"))?.text ?? ""
                return text.contains("aof_rewrite_in_progress:0")
                    && text.contains("aof_rewrite_scheduled:0")
            }
            #expect(isDone)
        }

        @Test("we load a folder that Redis wrote and rewrote", arguments: [false, true])
        func fromRedis(rewritten: Bool) throws {
            let folder = try TemporaryDirectory()
            let directives = ServerProcess.appendOnly("everysec")
            let redis = try ServerProcess(.redis, in: folder.path, arguments: directives)
            try populate(try redis.connect(), count: 1500)
            if rewritten {
                try rewrite(redis)
                try populate(try redis.connect(), count: 300)
            }
            let written = try stop(redis)
            let ours = try ServerProcess(.holdfast, in: folder.path, arguments: directives)
            #expect(try ours.connect().digest() == written, "\(ours.log.suffix(2000))")
            let again = try ours.restarted()
            #expect(try again.connect().digest() == written, "\(again.log.suffix(2000))")
        }

        @Test("DEBUG RELOAD and DEBUG LOADAOF bring back the same data")
        func reload() throws {
            let folder = try TemporaryDirectory()
            let server = try ServerProcess(
                .holdfast, in: folder.path, arguments: ServerProcess.appendOnly("everysec"))
            let client = try server.connect()
            try populate(client, count: 1000)
            let before = try client.digest()
            #expect(try client.run("DEBUG", "RELOAD") == .simple(Array("OK".utf8)))
            #expect(try client.digest() == before)
            #expect(try client.run("DEBUG", "LOADAOF") == .simple(Array("OK".utf8)))
            #expect(try client.digest() == before)
            #expect(try client.run("SET", "after", "reload") == .simple(Array("OK".utf8)))
            let after = try client.digest()
            #expect(try server.restarted().connect().digest() == after)
        }

        @Test("two servers never share a folder", Needs.noStandIn)
        func exclusive() throws {
            let folder = try TemporaryDirectory()
            let first = try ServerProcess(.holdfast, in: folder.path)
            try first.connect().run("SET", "k", "v")
            let second = try ServerProcess(.holdfast, in: folder.path, waits: false)
            let hasEnded = Eventually.holds(seconds: 20) { !second.isRunning }
            #expect(hasEnded && second.waitForExit() != 0, "\(second.log)")
            #expect(try first.connect().run("GET", "k") == .bulk(Array("v".utf8)))
        }
    }
}
