/// aof-rewrite: the same data in fewer bytes, in a new directory or in place; a damaged log is left alone.
import Foundation
import TestSupport
import Testing

@Suite("Offline compaction of logs")
struct AOFRewriteTests {
    private struct Document: Decodable {
        var oldBytes: Int
        var newBytes: Int
        var keys: Int
        var digest: String
    }

    private func run(_ arguments: [String]) throws -> (Int32, Document?) {
        let outcome = try OfflineProject.run("aof-rewrite", ["--json"] + arguments)
        let document = try? JSONDecoder().decode(Document.self, from: Data(outcome.output.utf8))
        return (outcome.exitCode, document)
    }

    @Test(
        "a rewrite keeps the digest, and a dry run predicts its size",
        arguments: ["whole", "preamble", "annotations", "ours", "ours-base", "multi-nested"],
        [[], ["--rdb"]])
    func keepsData(name: String, options: [String]) throws {
        let folder = try Defect.named(name).copy()
        let (_, dry) = try run(["--dry-run", folder.path] + options)
        let output = folder.path + "/out"
        let (_, written) = try run(["--output", output, folder.path] + options)
        let (_, again) = try run(["--dry-run", output] + options)
        #expect(dry?.digest != nil)
        #expect(dry?.digest == written?.digest)
        #expect(written?.digest == again?.digest)
        #expect(written?.keys == again?.keys)
        if let dry, let written { #expect(abs(dry.newBytes - written.newBytes) < 120) }
        // In place.
        let (code, _) = try run([folder.path] + options)
        #expect(code <= 1)
        let (_, inPlace) = try run(["--dry-run", folder.path] + options)
        #expect(inPlace?.digest == dry?.digest)
        #expect(try CheckDocument.of(folder.path).status <= 1)
    }

    @Test(
        "a log that a server wouldn't load whole is left as it is",
        arguments: ["torn-last", "zeroes-middle", "ours-value-bit", "base-bit", "ours-manifest"])
    func refusesDamage(name: String) throws {
        let defect = try Defect.named(name)
        let folder = try defect.copy()
        let (code, _) = try run([folder.path])
        #expect(code == 2)
        for (path, text) in defect.files {
            #expect(
                FileManager.default.contents(atPath: folder.path + "/" + path)
                    == Data(base64Encoded: text))
        }
    }

    @Test("a running server's directory is left alone")
    func locked() throws {
        let folder = try TemporaryDirectory()
        let server = try ServerProcess(.holdfast, in: folder.path)
        _ = try server.connect().run("SET", "a", "1")
        #expect(try run([folder.path]).0 == 74)
        #expect(try server.connect().run("GET", "a") == .bulk(Array("1".utf8)))
    }

    @Test("each tool says what is wrong with its input", arguments: ["aof-check", "aof-rewrite"])
    func badInput(tool: String) throws {
        let folder = try TemporaryDirectory()
        let noise = folder.path + "/noise"
        try Data((0..<2000).map { UInt8(truncatingIfNeeded: $0 &* 7919 >> 3) }).write(
            to: URL(fileURLWithPath: noise))
        let more = tool == "aof-rewrite" ? ["--dry-run"] : []
        let missing = try OfflineProject.run(tool, [folder.path + "/missing"] + more)
        #expect(missing.exitCode == 74)
        #expect(missing.output.contains("no such file"))
        let nothing = try OfflineProject.run(tool, [folder.path] + more)
        #expect(nothing.exitCode == 3)
        #expect(nothing.output.contains("no append-only log"))
        let random = try OfflineProject.run(tool, [noise] + more)
        #expect(random.exitCode == 3 || random.exitCode == 2)
        #expect(random.output.contains("Bad file format"))
        #expect(try OfflineProject.run(tool, []).exitCode == 64)
        #expect(try OfflineProject.run(tool, ["--help"]).exitCode == 0)
    }
}
