/// The logs of Fixtures/aof, and ways to run tools and servers on copies of them.
import Foundation
import TestSupport
import Testing

/// One defect.
struct Defect: Decodable, CustomTestStringConvertible {
    /// What a real Redis did.
    struct Verdict: Decodable {
        var outcome: String
        var keys: Int?
        var cutBytes: Int
    }

    var name: String
    var about: String
    var readOnly: Bool
    var files: [String: String]
    var redis: Verdict

    var testDescription: String { name }

    private struct Document: Decodable {
        var cases: [Defect]
    }

    /// All of them.
    static let all: [Defect] = {
        let url = OfflineProject.root.appendingPathComponent("Fixtures/aof/defects.v1.json")
        guard let data = try? Data(contentsOf: url),
            let document = try? JSONDecoder().decode(Document.self, from: data)
        else { return [] }
        return document.cases
    }()

    static func named(_ name: String) throws -> Defect {
        struct Missing: Error {}
        guard let found = all.first(where: { $0.name == name }) else { throw Missing() }
        return found
    }

    /// Puts the files into a fresh folder.
    func copy() throws -> TemporaryDirectory {
        let folder = try TemporaryDirectory()
        for (path, text) in files {
            let url = URL(fileURLWithPath: folder.path).appendingPathComponent(path)
            try FileManager.default.createDirectory(
                at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
            try (Data(base64Encoded: text) ?? Data()).write(to: url)
            if readOnly {
                try FileManager.default.setAttributes(
                    [.posixPermissions: 0o444], ofItemAtPath: url.path)
            }
        }
        return folder
    }
}

/// Where things are.
enum OfflineProject {
    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    /// A tool that was built beside the tests.
    static func tool(_ name: String) throws -> String {
        struct NotBuilt: Error {}
        guard let server = ServerProcess.executable(.holdfast) else { throw NotBuilt() }
        let path = URL(fileURLWithPath: server).deletingLastPathComponent()
            .appendingPathComponent(name).path
        guard FileManager.default.isExecutableFile(atPath: path) else { throw NotBuilt() }
        return path
    }

    /// Runs a tool to its end.
    static func run(
        _ name: String, _ arguments: [String], input: String = ""
    ) throws -> SystemProgram.Outcome {
        try SystemProgram.run(tool(name), arguments, input: input)
    }

    /// The bytes of all logs and snapshots below a folder.
    static func logBytes(_ folder: String) -> Int {
        guard let paths = FileManager.default.enumerator(atPath: folder) else { return 0 }
        var total = 0
        for case let path as String in paths where path.hasSuffix(".aof") || path.hasSuffix(".rdb")
        {
            let attributes = try? FileManager.default.attributesOfItem(atPath: folder + "/" + path)
            total += (attributes?[.size] as? Int) ?? 0
        }
        return total
    }
}

/// What `aof-check --json` says.
struct CheckDocument: Decodable {
    /// A server's verdict.
    struct Verdict: Decodable {
        var outcome: String
        var message: String
        var cutBytes: Int
        var keys: Int?
    }

    /// A file.
    struct File: Decodable {
        var name: String
        var regions: [Region]
        var records: Int
    }

    /// A damaged region.
    struct Region: Decodable {
        var offset: Int
        var length: Int
        var firstSequence: Int?
        var lastSequence: Int?
        var mayTouchOtherKeys: Bool
    }

    var status: Int
    var holdfast: Verdict
    var redis: Verdict
    var files: [File]

    /// Runs the tool.
    static func of(_ path: String, _ arguments: [String] = []) throws -> CheckDocument {
        let outcome = try OfflineProject.run("aof-check", ["--json", path] + arguments)
        let document = try JSONDecoder().decode(
            CheckDocument.self, from: Data(outcome.output.utf8))
        struct ExitCodeDiffers: Error {}
        if document.status != Int(outcome.exitCode) { throw ExitCodeDiffers() }
        return document
    }
}
