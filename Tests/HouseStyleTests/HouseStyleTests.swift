/// The house's rules that a machine can check: layers, sizes, headers, where unsafe code may stand.
import Foundation
import TestSupport
import Testing

@Suite("The house keeps its rules")
struct HouseStyleTests {
    private let sources = SourceTree.swiftFiles(below: "Sources")
    private let tests = SourceTree.swiftFiles(below: "Tests")
    private let tools = SourceTree.swiftFiles(below: "Tools")

    @Test("there are sources to look at")
    func sourcesAreFound() {
        #expect(sources.count > 50)
        #expect(tests.count > 10)
    }

    @Test("no file is longer than 500 lines")
    func sizes() {
        let long = (sources + tests).filter { $0.lines.count > 500 }
        #expect(long.isEmpty, "\(long)")
    }

    @Test("every source file opens with a comment that says what it is")
    func headers() {
        let bare = sources.filter {
            guard let first = $0.lines.first else { return true }
            return !first.hasPrefix("//") || first.count < 6
        }
        #expect(bare.isEmpty, "\(bare)")
    }

    /// What a module may import beside the standard library; arrows go to a lower layer only.
    private static let allowed: [String: Set<String>] = [
        "Bytes": ["CHardware"],
        "RESP": ["Bytes"],
        "Records": ["Bytes", "Crypto"],
        "RDB": ["Bytes", "Records"],
        "Digest": ["Bytes", "Records", "Crypto"],
        "Persistence": ["Bytes", "Records", "Synchronization"],
        "Engine": ["Bytes", "RDB", "RESP", "Records", "Persistence", "Crypto", "Synchronization"],
        "Backends": [
            "Bytes", "RESP", "Records", "RDB", "Digest", "Persistence", "Synchronization",
            "CZlib", "CSQLiteOptions", "GRDB", "GRDBSQLite",
        ],
        "Offline": [
            "Bytes", "RESP", "Records", "RDB", "Digest", "Persistence", "Engine", "Backends",
            "ArgumentParser", "Synchronization",
        ],
        "Server": [
            "Bytes", "RESP", "Records", "Digest", "Persistence", "Engine", "NIOCore", "NIOPosix",
            "Dispatch", "Synchronization",
        ],
        "holdfast-server": [
            "Bytes", "Persistence", "Engine", "Backends", "Server", "NIOCore", "NIOPosix",
            "Dispatch", "Synchronization",
        ],
    ]
    private static let system: Set<String> = ["Glibc", "Musl"]

    @Test("a module imports only what lies below it")
    func imports() {
        for file in sources {
            guard let allowed = Self.allowed[file.module] else {
                Issue.record("\(file): a module that the import matrix doesn't know")
                continue
            }
            for line in file.lines where line.hasPrefix("import ") {
                let name = String(line.dropFirst(7))
                #expect(
                    allowed.contains(name) || Self.system.contains(name), "\(file) imports \(name)")
            }
        }
    }

    @Test("a tool knows nothing of the server")
    func toolImports() {
        for file in tools {
            for line in file.lines where line.hasPrefix("import ") {
                #expect(
                    ![" Server", " NIOCore", " NIOPosix"].contains { line.hasSuffix($0) },
                    "\(file): \(line)")
            }
        }
    }

    @Test("a C module is imported by one file")
    func cModules() {
        let homes = [
            "CHardware": "Sources/Bytes/Hardware.swift",
            "CZlib": "Sources/Backends/CompressedSnapshot/Deflate.swift",
            "CSQLiteOptions": "Sources/Backends/SQLite/SQLiteOptions.swift",
            "GRDBSQLite": "Sources/Backends/SQLite/PreparedStatement.swift",
        ]
        for (module, home) in homes {
            let importers = sources.filter { $0.lines.contains("import \(module)") }
            #expect(importers.map(\.path) == [home])
        }
    }

    @Test("no comment leaves work for later, no code forces its luck")
    func marks() {
        // Spelled apart, so that this file doesn't find itself.
        let words = ["TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK", "try" + "!", "as" + "! "]
        for file in sources + tests {
            for (number, line) in file.lines.enumerated() {
                for word in words where line.contains(word) {
                    Issue.record("\(file):\(number + 1): \(word)")
                }
            }
        }
    }

    @Test("every unchecked Sendable says why it may be one")
    func uncheckedSendable() {
        for file in sources {
            for (number, line) in file.lines.enumerated() where line.contains("@unchecked Sendable")
            {
                let near = file.lines[max(0, number - 3)...min(file.lines.count - 1, number + 3)]
                #expect(near.contains { $0.contains("BECAUSE:") }, "\(file):\(number + 1)")
            }
        }
    }

    @Test("unsafe memory stays in Bytes, the keyspace and the rooms that talk to the system")
    func unsafePointers() {
        let words = ["UnsafeMutablePointer<", "UnsafeMutableRawPointer", "UnsafePointer<"]
        for file in sources {
            let isFenced =
                ["Bytes"].contains(file.module)
                || file.path.hasPrefix("Sources/Engine/Keyspace/")
                || file.path == "Sources/RESP/ArgumentTable.swift"
            if isFenced { continue }
            let isUnsafe = file.lines.contains { line in words.contains { line.contains($0) } }
            let hasProof = file.lines.contains { $0.contains("SAFETY:") }
            #expect(!isUnsafe || hasProof, "\(file) points into memory and doesn't say why it may")
        }
    }

    @Test("a backend's name is decided in its own folder and nowhere else")
    func backendNames() {
        for file in sources where !file.path.hasPrefix("Sources/Backends/") {
            for (number, line) in file.lines.enumerated()
            where line.contains("case \"aof\"") || line.contains("== \"aof\"") {
                Issue.record("\(file):\(number + 1): a switch on a backend's name")
            }
        }
    }

    @Test("backends don't know each other")
    func backendsAreIndependent() {
        let folders = Set(
            sources.filter { $0.module == "Backends" && $0.path.split(separator: "/").count > 3 }
                .map { String($0.path.split(separator: "/")[2]) })
        for file in sources where file.module == "Backends" {
            let parts = file.path.split(separator: "/")
            guard parts.count > 3 else { continue }
            for other in folders where other != parts[2] {
                let mentions = file.lines.contains { $0.contains("\(other)Backend") }
                #expect(!mentions, "\(file) mentions \(other)")
            }
        }
    }

    @Test("every fixture is explained")
    func fixtures() {
        let paths = SourceTree.paths(below: "Fixtures").filter { !$0.hasSuffix("README.md") }
        guard !paths.isEmpty else { return }
        let url = SourceTree.root.appendingPathComponent("Fixtures/README.md")
        let readme = (try? String(contentsOf: url, encoding: .utf8)) ?? ""
        for path in paths {
            let name = path.split(separator: "/").last.map(String.init) ?? path
            #expect(readme.contains(name), "\(path)")
        }
    }

    @Test("every planted bug can still be planted")
    func plantedBugs() throws {
        let folder = SourceTree.root.appendingPathComponent("Tests/BackendsTests/PlantedBugs")
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
            .filter { $0.hasSuffix(".patch") }
        #expect(names.count > 10)
        for name in names {
            let outcome = try SystemProgram.run(
                "patch",
                [
                    "--dry-run", "-p1", "-s", "-d", SourceTree.root.path, "-i",
                    folder.appendingPathComponent(name).path,
                ])
            #expect(outcome.exitCode == 0, "\(name): \(outcome.output)")
        }
    }

    @Test("the top level holds what it may hold")
    func topLevel() {
        let allowed: Set<String> = [
            "Package.swift", "Sources", "Tests", "Tools", "Fixtures", "README.md", "data",
            "Package.resolved", "bench-results",
        ]
        let names =
            (try? FileManager.default.contentsOfDirectory(atPath: SourceTree.root.path)) ?? []
        let others = names.filter { !$0.hasPrefix(".") && !allowed.contains($0) }
        #expect(others.isEmpty, "\(others)")
    }
}
