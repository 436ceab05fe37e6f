/// Redis's own way of keeping a log: a base that is a snapshot, commands behind it. We start on it, go on, and
/// Redis takes it back. "The same" is the digest that both compute, DEBUG DIGEST.
import Foundation
import TestSupport
import Testing

extension EndToEndTests {
    @Suite("A log of Redis's with a snapshot for its base", Needs.redis, Needs.holdfast)
    struct SnapshotBaseTests {
        private let directives = ["--appendonly", "yes", "--save", ""]

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
            try client.populateEncodings()
            try client.populate(count: 1200, seed: TestKnobs.seed)
            if rewritten {
                #expect(try client.rewriteLog())
                try client.populate(count: 400, seed: TestKnobs.seed &+ 1)
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
            try mine.populate(count: 200, seed: TestKnobs.seed &+ 2)
            let continued = try stop(ours)
            #expect(continued != written)
            #expect(try hasSnapshotBase(folder), "our increment stands behind Redis's base")

            let again = try ServerProcess(.holdfast, in: folder.path, arguments: directives)
            #expect(try stop(again) == continued, "\(again.log.suffix(2000))")
            let back = try ServerProcess(.redis, in: folder.path, arguments: directives)
            #expect(try back.connect().digest() == continued, "\(back.log.suffix(2000))")
        }

        @Test(
            "is what our rewrite writes, too, where it is asked for; Redis loads it",
            Needs.noStandIn, arguments: [true, false])
        func ours(isAsked: Bool) throws {
            let folder = try TemporaryDirectory()
            let directives = directives + ["--aof-use-rdb-preamble", isAsked ? "yes" : "no"]
            let first = try ServerProcess(.holdfast, in: folder.path, arguments: directives)
            let client = try first.connect()
            try client.populateEncodings()
            try client.populate(count: 600, seed: TestKnobs.seed)
            #expect(try client.rewriteLog())
            #expect(try hasSnapshotBase(folder) == isAsked)
            try client.populate(count: 100, seed: TestKnobs.seed &+ 1)
            #expect(try client.rewriteLog())
            try client.populate(count: 100, seed: TestKnobs.seed &+ 2)
            let digest = try stop(first)
            #expect(try hasSnapshotBase(folder) == isAsked)
            let manifest = "\(folder.path)/appendonlydir/appendonly.aof.manifest"
            let check = try SystemProgram.run("redis-check-aof", [manifest])
            #expect(check.output.contains("All AOF files and manifest are valid"))
            #expect(check.output.contains("RDB preamble is OK") == isAsked, "\(check.output)")
            let again = try ServerProcess(.holdfast, in: folder.path, arguments: directives)
            #expect(try stop(again) == digest, "\(again.log.suffix(2000))")
            let redis = try ServerProcess(.redis, in: folder.path, arguments: directives)
            let other = try redis.connect()
            #expect(try other.digest() == digest, "\(redis.log.suffix(2000))")
            try other.run("SET", "from", "Redis")
            let written = try stop(redis)
            let back = try ServerProcess(.holdfast, in: folder.path, arguments: directives)
            #expect(try stop(back) == written, "\(back.log.suffix(2000))")
        }

        @Test("that was one file with a preamble becomes a folder, as with Redis")
        func oldSingleFile() throws {
            let folder = try TemporaryDirectory()
            let redis = try ServerProcess(.redis, in: folder.path, arguments: directives)
            let client = try redis.connect()
            try client.populateEncodings()
            #expect(try client.rewriteLog())
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
            try client.populateEncodings()
            #expect(try client.rewriteLog())
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
