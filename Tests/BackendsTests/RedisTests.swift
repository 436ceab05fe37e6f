/// A real redis-server reads what we wrote, and we read what it wrote.
///
/// Skipped aloud where no redis-server is installed.
import Backends
import Bytes
import Foundation
import Persistence
import Records
import TestSupport
import Testing

/// Runs a program to its end.
func runProgram(_ name: String, _ arguments: [String]) throws -> (status: Int32, output: String) {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [name] + arguments
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = pipe
    try process.run()
    let data = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return (process.terminationStatus, String(decoding: data, as: UTF8.self))
}

/// A redis-server over a folder, reached through a socket in it.
final class RealRedis {
    private let process = Process()
    private let socket: String
    private let folder: String

    static var isInstalled: Bool {
        let found = ServerProcess.executable(.redis) != nil
        if !found { TestKnobs.skip("no redis-server is installed") }
        return found
    }

    init(_ folder: String, _ more: [String] = []) throws {
        self.folder = folder
        socket = folder + "/r.sock"
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments =
            ["redis-server", "--port", "0", "--unixsocket", socket, "--dir", folder]
            + ["--appendonly", "yes", "--save", "", "--logfile", folder + "/redis.log"]
            + ["--aof-use-rdb-preamble", "no"] + more
        try process.run()
        let end = Date().addingTimeInterval(20)
        while Date() < end && process.isRunning {
            if try command("PING").hasPrefix("PONG") { return }
            usleep(20_000)
        }
        let log = try String(contentsOfFile: folder + "/redis.log", encoding: .utf8)
        throw PersistenceError(.io, "redis-server doesn't start: \(log.suffix(800))")
    }

    func command(_ words: String...) throws -> String {
        try runProgram("redis-cli", ["-s", socket] + words).output
            .trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// Ends the server cleanly.
    func stop() throws {
        _ = try command("SHUTDOWN")
        process.waitUntilExit()
    }
}

/// A backend over the real disk, with the calls a test needs.
final class RealBackend {
    let backend: any PersistenceBackend
    let target = NaiveTarget()
    let report: RecoveryReport
    let warnings: [String]
    let runner: LaneRunner
    private let clock = SystemClock()

    init(_ folder: String, _ adjust: (inout BackendSettings) -> Void = { _ in }) throws {
        runner = LaneRunner { _ in }
        let environment = BackendEnvironment(
            fileSystem: SystemFileSystem(), clock: clock, runner: runner, log: .silent,
            progress: { _ in })
        var settings = BackendSettings()
        settings.directory = folder
        adjust(&settings)
        let opened = try BackendCatalog.open(
            EngineRequest(name: "aof", isExplicit: true), settings: settings,
            environment: environment)
        backend = opened.backend
        warnings = opened.warnings
        do {
            report = try backend.restore(into: target, progress: { _ in })
            try backend.start()
        } catch {
            // The lock goes with the backend, whatever became of it.
            do { try backend.close() } catch { print("close: \(error)") }
            throw error
        }
    }

    /// Records a mutation and applies it to the model.
    func make(_ database: Int = 0, _ parts: [[UInt8]], _ mutation: (ByteViews) -> Mutation) {
        parts.withByteViews {
            let change = mutation($0)
            backend.beginUnit()
            backend.record(change, database: database)
            backend.endUnit()
            target.dataset.apply(change, database: database)
        }
    }

    func set(_ key: String, _ value: String, _ database: Int = 0) {
        make(database, [Array(key.utf8), Array(value.utf8)]) {
            .set(key: $0[0], value: $0[1], deadline: nil)
        }
    }

    func rewrite() throws {
        _ = backend.commit()
        try backend.willFreeze()
        var outcome: Result<CheckpointReport, PersistenceError>?
        try backend.checkpoint(NaiveFrozen(target.dataset, at: clock.now)) { outcome = $0 }
        runner.drain()
        _ = try outcome?.get()
    }

    func close() throws {
        _ = backend.commit()
        try backend.close()
    }
}

@Suite("A real redis-server", .serialized, .enabled(if: RealRedis.isInstalled))
struct RedisTests {
    private func fill(_ backend: RealBackend) {
        var random = SeededGenerator(seed: 9)
        for number in 0..<500 {
            backend.backend.beginUnit()
            WorkloadForTests.unit(
                number, backend.target.dataset, &random, forRedis7: true
            ) {
                backend.backend.record($0, database: $1)
                backend.target.dataset.apply($0, database: $1)
            }
            backend.backend.endUnit()
            if number % 7 == 0 { _ = backend.backend.commit() }
        }
        _ = backend.backend.commit()
    }

    private func check(_ redis: RealRedis, _ dataset: NaiveDataset) throws {
        for (number, entries) in dataset.databases.enumerated() {
            let count = try redis.command("-n", "\(number)", "DBSIZE")
            #expect(count == "\(entries.count)", "database \(number)")
            for (key, entry) in entries.prefix(4) {
                let name = String(decoding: key, as: UTF8.self)
                switch entry.value {
                case .string(let bytes):
                    let length = try redis.command("-n", "\(number)", "STRLEN", name)
                    #expect(length == "\(bytes.count)", "\(name)")
                case .hash(let fields):
                    let length = try redis.command("-n", "\(number)", "HLEN", name)
                    #expect(length == "\(fields.count)", "\(name)")
                case .list(let elements):
                    let length = try redis.command("-n", "\(number)", "LLEN", name)
                    #expect(length == "\(elements.count)", "\(name)")
                case .set(let members):
                    let length = try redis.command("-n", "\(number)", "SCARD", name)
                    #expect(length == "\(members.count)", "\(name)")
                case .sortedSet(let members):
                    let length = try redis.command("-n", "\(number)", "ZCARD", name)
                    #expect(length == "\(members.count)", "\(name)")
                case .stream(let stream):
                    let length = try redis.command("-n", "\(number)", "XLEN", name)
                    #expect(length == "\(stream.facts.length)", "\(name)")
                }
            }
        }
    }

    @Test("loads a log after a clean stop, calls it valid, and is understood in turn")
    func thereAndBack() throws {
        let folder = try TemporaryDirectory()
        let first = try RealBackend(folder.path) { $0.writesTimestamps = true }
        fill(first)
        try first.rewrite()
        fill(first)
        try first.close()
        let manifest = folder.path + "/appendonlydir/appendonly.aof.manifest"
        let checked = try runProgram("redis-check-aof", [manifest])
        #expect(checked.status == 0)
        #expect(checked.output.contains("All AOF files and manifest are valid"))

        let redis = try RealRedis(folder.path)
        try check(redis, first.target.dataset)
        _ = try redis.command("-n", "3", "SET", "from", "redis")
        try redis.stop()
        first.target.dataset.put(
            Array("from".utf8), NaiveEntry(value: .string(Array("redis".utf8))), 3)

        let second = try RealBackend(folder.path)
        #expect(second.target.dataset.digest == first.target.dataset.digest)
        #expect(second.report.warnings.contains { $0.contains("A plain Redis has written") })
        second.set("after", "redis", 1)
        try second.close()

        let third = try RealBackend(folder.path)
        #expect(third.target.dataset.digest == second.target.dataset.digest)
        try third.close()
        let again = try RealRedis(folder.path)
        try check(again, third.target.dataset)
        try again.stop()
    }

    @Test("a log that Redis wrote from the start is loaded and goes on")
    func fromRedis() throws {
        let folder = try TemporaryDirectory()
        let redis = try RealRedis(folder.path)
        _ = try redis.command("SET", "a", "1")
        _ = try redis.command("HSET", "h", "f", "v")
        _ = try redis.command("BGREWRITEAOF")
        let end = Date().addingTimeInterval(20)
        while Date() < end {
            if try redis.command("INFO", "persistence").contains("aof_rewrites:1") { break }
            usleep(20_000)
        }
        _ = try redis.command("-n", "2", "SET", "b", "2")
        try redis.stop()

        let ours = try RealBackend(folder.path)
        #expect(ours.report.keys == 3)
        ours.set("c", "3")
        try ours.rewrite()
        ours.set("d", "4")
        try ours.close()
        let back = try RealRedis(folder.path)
        #expect(try back.command("DBSIZE") == "4")
        #expect(try back.command("-n", "2", "GET", "b") == "2")
        try back.stop()
    }

    @Test("after Redis rewrote our log as commands, we load it again")
    func redisRewrites() throws {
        let folder = try TemporaryDirectory()
        let ours = try RealBackend(folder.path)
        fill(ours)
        try ours.close()
        let redis = try RealRedis(folder.path)
        _ = try redis.command("BGREWRITEAOF")
        let end = Date().addingTimeInterval(20)
        while Date() < end {
            if try redis.command("INFO", "persistence").contains("aof_rewrites:1") { break }
            usleep(20_000)
        }
        try redis.stop()
        let back = try RealBackend(folder.path)
        #expect(back.target.dataset.digest == ours.target.dataset.digest)
        try back.close()
    }

    @Test("an RDB base of Redis's is loaded, and Redis loads what we add to it")
    func rdbBase() throws {
        let folder = try TemporaryDirectory()
        let preamble = ["--aof-use-rdb-preamble", "yes"]
        let redis = try RealRedis(folder.path, preamble)
        _ = try redis.command("SET", "a", "1")
        _ = try redis.command("-n", "4", "RPUSH", "l", "x", "y")
        _ = try redis.command("BGREWRITEAOF")
        let end = Date().addingTimeInterval(20)
        while Date() < end {
            if try redis.command("INFO", "persistence").contains("aof_rewrites:1") { break }
            usleep(20_000)
        }
        _ = try redis.command("SET", "b", "2")
        try redis.stop()
        let bases = try FileManager.default.contentsOfDirectory(
            atPath: folder.path + "/appendonlydir")
        #expect(bases.contains { $0.hasSuffix(".base.rdb") })
        let ours = try RealBackend(folder.path)
        #expect(ours.report.keys == 3)
        ours.set("c", "3", 4)
        try ours.close()
        let back = try RealRedis(folder.path, preamble)
        #expect(try back.command("DBSIZE") == "2")
        #expect(try back.command("-n", "4", "DBSIZE") == "2")
        try back.stop()
    }

    @Test("a single file of Redis before 7 becomes the base")
    func oldSingleFile() throws {
        let folder = try TemporaryDirectory()
        let old = "*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\n1\r\n"
        let path = folder.path + "/appendonly.aof"
        try (old + "*3\r\n$3\r\nSET\r\n$1").write(toFile: path, atomically: false, encoding: .utf8)
        let ours = try RealBackend(folder.path)
        #expect(ours.report.keys == 1)
        #expect(ours.report.damages.map(\.offset) == [old.utf8.count])
        ours.set("b", "2")
        try ours.close()
        #expect(!FileManager.default.fileExists(atPath: path))
        let redis = try RealRedis(folder.path)
        #expect(try redis.command("DBSIZE") == "2")
        try redis.stop()
    }

    @Test("two backends never share a directory")
    func lock() throws {
        let folder = try TemporaryDirectory()
        let first = try RealBackend(folder.path)
        #expect {
            _ = try RealBackend(folder.path)
        } throws: { error in
            (error as? PersistenceError)?.code == .locked
        }
        try first.close()
        try RealBackend(folder.path).close()
    }
}
