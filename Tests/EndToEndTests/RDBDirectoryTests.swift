/// Redis's dump.rdb changes hands: we start on what a real redis-server saved, it starts on what we saved.
///
/// "The same" is the digest that both compute, DEBUG DIGEST.
import Foundation
import TestSupport
import Testing

extension EndToEndTests {
    @Suite("A directory with a dump.rdb", Needs.redis, Needs.holdfast, Needs.noStandIn)
    struct RDBDirectoryTests {
        private let saving = ["--appendonly", "no", "--save", "900", "1"]

        private func stop(_ server: ServerProcess) throws -> String {
            let digest = try server.connect().digest()
            #expect(server.terminate() == 0, "\(server.log.suffix(2000))")
            return digest
        }

        private func persistence(_ client: RESPClient) throws -> String {
            try #require(try client.run("INFO", "persistence").text)
        }

        private func backend(_ client: RESPClient) throws -> String? {
            try client.run("CONFIG", "GET", "backend").elements.last?.text
        }

        private func expectOK(_ path: String) throws {
            let check = try SystemProgram.run("redis-check-rdb", [path])
            #expect(check.exitCode == 0 && check.output.contains("RDB looks OK"), "\(check.output)")
        }

        @Test(
            "is loaded, saved and loaded back with the same digest, whatever the options",
            arguments: [("yes", "yes"), ("no", "yes"), ("yes", "no")])
        func thereAndBack(compression: String, checksum: String) throws {
            let folder = try TemporaryDirectory()
            let directives =
                saving + ["--rdbcompression", compression, "--rdbchecksum", checksum]
            let redis = try ServerProcess(.redis, in: folder.path, arguments: directives)
            let client = try redis.connect()
            try client.populateEncodings()
            try client.populate(count: 800, seed: TestKnobs.seed)
            let written = try stop(redis)

            // Nothing names a backend: it is Redis's rule that chooses.
            let ours = try ServerProcess(.holdfast, in: folder.path, arguments: directives)
            let mine = try ours.connect()
            #expect(try mine.digest() == written, "\(ours.log.suffix(2000))")
            #expect(try backend(mine) == "rdb")
            #expect(try persistence(mine).contains("rdb_changes_since_last_save:0"))
            try mine.populate(count: 300, seed: TestKnobs.seed &+ 1)
            let continued = try stop(ours)
            #expect(continued != written)
            try expectOK(folder.path + "/dump.rdb")

            let again = try ServerProcess(.holdfast, in: folder.path, arguments: directives)
            #expect(try stop(again) == continued, "\(again.log.suffix(2000))")
            let back = try ServerProcess(.redis, in: folder.path, arguments: directives)
            #expect(try back.connect().digest() == continued, "\(back.log.suffix(2000))")
        }

        @Test("beside a log is not read: the log is in force, as with Redis")
        func both() throws {
            let folder = try TemporaryDirectory()
            let directives = ["--appendonly", "yes", "--save", "900", "1"]
            let redis = try ServerProcess(.redis, in: folder.path, arguments: directives)
            let client = try redis.connect()
            try client.populateEncodings()
            #expect(try client.run("SAVE").text == "OK")
            #expect(try client.rewriteLog())
            try client.run("SET", "later", "yes")
            let written = try client.digest()
            // Killed: dump.rdb stays without what came later.
            redis.kill()
            #expect(FileManager.default.fileExists(atPath: folder.path + "/dump.rdb"))
            let ours = try ServerProcess(.holdfast, in: folder.path, arguments: directives)
            let mine = try ours.connect()
            #expect(try mine.digest() == written, "\(ours.log.suffix(2000))")
            #expect(ours.log.contains("'aof' is in force"), "\(ours.log.suffix(2000))")
            try mine.run("SET", "later", "still")
            let continued = try stop(ours)
            let back = try ServerProcess(.redis, in: folder.path, arguments: directives)
            #expect(try back.connect().digest() == continued, "\(back.log.suffix(2000))")
        }

        @Test("a version that can't hold the data fails the save and says which key")
        func pinned() throws {
            let folder = try TemporaryDirectory()
            let server = try ServerProcess(
                .holdfast, in: folder.path, arguments: saving + ["--rdb-version", "10"])
            let client = try server.connect()
            try client.run("HSET", "session:1", "token", "v")
            #expect(try client.run("SAVE").text == "OK")
            let path = folder.path + "/dump.rdb"
            let old = try Data(contentsOf: URL(fileURLWithPath: path))
            #expect(old.prefix(9) == Data("REDIS0010".utf8))
            try client.run("HPEXPIREAT", "session:1", "4102444800000", "FIELDS", "1", "token")
            #expect(try client.run("SAVE").isError)
            #expect(
                server.log.contains("the hash 'session:1' of database 0 has fields with deadlines"))
            #expect(try persistence(client).contains("rdb_last_bgsave_status:err"))
            #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == old)
            let refused = try client.run("SET", "a", "b")
            #expect(refused.text?.hasPrefix("MISCONF") == true)
            #expect(try client.run("CONFIG", "SET", "rdb-version", "auto").text == "OK")
            #expect(try client.run("SAVE").text == "OK")
            let new = try Data(contentsOf: URL(fileURLWithPath: path))
            #expect(new.prefix(9) == Data("REDIS0012".utf8))
            let digest = try client.run("HOLDFAST", "DIGEST")
            let again = try server.restarted()
            let second = try again.connect()
            #expect(
                try second.run("HPEXPIRETIME", "session:1", "FIELDS", "1", "token")
                    == .array([.integer(4_102_444_800_000)]))
            #expect("\(try second.run("HOLDFAST", "DIGEST"))".prefix(80) == "\(digest)".prefix(80))
        }

        @Test("keys that expired meanwhile are left out at the start and counted")
        func expired() throws {
            let folder = try TemporaryDirectory()
            let first = try ServerProcess(.redis, in: folder.path, arguments: saving)
            let client = try first.connect()
            try client.run("DEBUG", "SET-ACTIVE-EXPIRE", "0")
            try client.run("SET", "gone", "v", "PX", "1")
            try client.run("SET", "stays", "v")
            // Asking for the key would delete it.
            try client.run("DEBUG", "SLEEP", "0.05")
            _ = try stop(first)
            let ours = try ServerProcess(.holdfast, in: folder.path, arguments: saving)
            let mine = try ours.connect()
            #expect(try mine.run("DBSIZE") == .integer(1))
            let info = try persistence(mine)
            #expect(info.contains("rdb_last_load_keys_loaded:1"))
            #expect(info.contains("rdb_last_load_keys_expired:1"))
        }

        @Test("'appendonly no' without save points keeps nothing")
        func nothing() throws {
            let folder = try TemporaryDirectory()
            let server = try ServerProcess(
                .holdfast, in: folder.path, arguments: ["--appendonly", "no", "--save", ""])
            let client = try server.connect()
            try client.run("SET", "a", "b")
            #expect(try backend(client) == "none")
            #expect(server.terminate() == 0)
            #expect(!FileManager.default.fileExists(atPath: folder.path + "/dump.rdb"))
        }
    }
}
