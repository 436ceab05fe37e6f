/// What aof-check says of each defect is what servers do: ours, started here on a copy, and a real Redis, whose
/// starts are recorded in the fixtures.
import Foundation
import TestSupport
import Testing

@Suite("aof-check and the servers agree")
struct AOFDefectTests {
    @Test("there are defects to check")
    func defectsAreFound() { #expect(Defect.all.count > 50) }

    @Test("our server does what aof-check says", arguments: Defect.all)
    func holdfast(defect: Defect) throws {
        let checked = try defect.copy()
        let said = try CheckDocument.of(checked.path, ["--replay"])
        let started = try defect.copy()
        let before = OfflineProject.logBytes(started.path)
        let server = try ServerProcess(
            .holdfast, in: started.path, arguments: ["--appendonly", "yes", "--save", ""],
            waits: false)
        do {
            try server.waitUntilReady()
        } catch ServerProcess.StartError.notReady {
            #expect(said.holdfast.outcome == "refuses", "\(server.log)")
            #expect(
                server.log.contains(said.holdfast.message),
                "\(said.holdfast.message)\n\(server.log)")
            return
        }
        #expect(said.holdfast.outcome != "refuses", "\(said.holdfast.message)")
        let client = try server.connect()
        #expect(try client.run("DBSIZE") == .integer(said.holdfast.keys ?? -1))
        // A start on a whole log may open a new increment; it never makes the others shorter.
        let cut = before - OfflineProject.logBytes(started.path)
        if said.holdfast.outcome == "cuts" {
            #expect(said.holdfast.cutBytes >= max(1, cut), "\(cut)")
            #expect(server.log.contains(said.holdfast.message))
        } else {
            #expect(cut <= 0)
        }
    }

    @Test("a real Redis did what aof-check says", arguments: Defect.all)
    func redis(defect: Defect) throws {
        let folder = try defect.copy()
        let said = try CheckDocument.of(folder.path, ["--no-replay"])
        #expect(said.redis.outcome == defect.redis.outcome, "\(said.redis.message)")
        #expect(said.redis.cutBytes == defect.redis.cutBytes)
    }

    @Test("without a replay the verdict is the same", arguments: Defect.all)
    func withoutReplay(defect: Defect) throws {
        let folder = try defect.copy()
        let replayed = try CheckDocument.of(folder.path, ["--replay"])
        let read = try CheckDocument.of(folder.path, ["--no-replay"])
        #expect(read.holdfast.outcome == replayed.holdfast.outcome)
        #expect(read.holdfast.cutBytes == replayed.holdfast.cutBytes)
    }

    @Test("nothing is changed by looking", arguments: Defect.all)
    func readOnly(defect: Defect) throws {
        let folder = try defect.copy()
        _ = try CheckDocument.of(folder.path)
        for (path, text) in defect.files {
            let data = FileManager.default.contents(atPath: folder.path + "/" + path)
            #expect(data == Data(base64Encoded: text))
        }
        let names = try FileManager.default.subpathsOfDirectory(atPath: folder.path)
        #expect(names.filter { !$0.hasSuffix("dir") }.sorted() == defect.files.keys.sorted())
    }

    @Test("--fix makes of an unfinished tail what a start makes of it", arguments: Defect.all)
    func fix(defect: Defect) throws {
        let folder = try defect.copy()
        let before = try CheckDocument.of(folder.path)
        let outcome = try OfflineProject.run("aof-check", ["--fix", "--yes", folder.path])
        let after = try CheckDocument.of(folder.path)
        if before.holdfast.outcome == "cuts" {
            #expect(outcome.exitCode == 0, "\(outcome.output)")
            #expect(after.holdfast.outcome == "starts")
            #expect(after.holdfast.keys == before.holdfast.keys)
            #expect(after.status <= 1)
        } else {
            #expect(after.status == before.status)
            #expect(outcome.exitCode == Int32(before.status))
        }
    }

    @Test(
        "--compat says what redis-check-aof says",
        .enabled(if: ServerProcess.find("redis-check-aof") != nil),
        // redis-check-aof reads memory that it didn't write (torn-count), or is killed by a length.
        arguments: Defect.all.filter {
            !$0.name.hasPrefix("manifest") && $0.name != "torn-count"
                && $0.name != "length-enormous"
        })
    func compat(defect: Defect) throws {
        // The words of redis-check-rdb about damage differ; its verdict doesn't.
        let isSnapshot = defect.name.hasPrefix("base-") || defect.name.hasPrefix("preamble-")
        let folder = try defect.copy()
        for path in defect.files.keys.sorted() where !path.hasSuffix("dump.rdb") {
            let file = folder.path + "/" + path
            let theirs = try SystemProgram.run("redis-check-aof", [file])
            let ours = try OfflineProject.run("aof-check", ["--compat", file])
            #expect(ours.exitCode == theirs.exitCode, "\(path)")
            if isSnapshot || defect.name == "increment-missing" { continue }
            #expect(ours.output == theirs.output, "\(path)")
        }
    }
}
