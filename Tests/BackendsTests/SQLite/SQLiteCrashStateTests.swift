/// Crash states of the real server over SQLite: a traced run, the states that a power cut or a kill may leave at each of
/// its system calls, and a recovery from each, which must find a prefix of the history with all that was acknowledged.
import Digest
import Foundation
import Records
import TestSupport
import Testing

@Suite("Crash states of a server over SQLite")
struct SQLiteCrashStateTests {
    static let canTrace: ConditionTrait = .enabled(
        if: SystemCallFault.isAvailable && ServerProcess.executable(.holdfast) != nil,
        "strace is not installed, or holdfast-server is not built")

    @Test(
        "hold a prefix with all that was acknowledged", canTrace, arguments: ["always", "everysec"])
    func explore(policy: String) throws {
        let run = try TracedRun(policy: policy, operations: TestKnobs.isCampaign ? 400 : 120)
        let wanted = TestKnobs.count("HOLDFAST_STATES", or: TestKnobs.isCampaign ? 5000 : 250)
        var exploration = StateExploration(run, seed: TestKnobs.seed)
        try exploration.explore(states: wanted)
        for finding in exploration.findings.prefix(10) { Issue.record("\(finding)") }
        print(
            "sqlite: appendfsync \(policy), \(run.calls.count) events, \(exploration.states) crash states, "
                + "\(exploration.findings.count) findings (seed \(TestKnobs.seed))")
        #expect(exploration.states >= wanted * 9 / 10)
    }

    @Test("under always each reply comes behind a sync of the log that holds its write", canTrace)
    func syncs() throws {
        let run = try TracedRun(policy: "always", operations: 40)
        var lastWrite = -1
        var coveredFrom = -1
        var acknowledged = 0
        for call in run.calls {
            switch call.event {
            case .write(let path, _, _) where path == "data.db-wal": lastWrite = call.end
            case .sync(let path) where path == "data.db-wal": coveredFrom = call.begin
            case .acknowledged(let number) where number > 0:
                // The client waits for each reply: there is no later write in between.
                #expect(lastWrite >= 0 && coveredFrom > lastWrite, "operation \(number)")
                acknowledged += 1
            default: break
            }
        }
        #expect(acknowledged == 40)
    }

    @Test("the explorer finds a server that acknowledges before it syncs", canTrace)
    func planted() throws {
        // A run whose log is synced once a second, judged as if each reply promised the platter.
        let run = try TracedRun(policy: "everysec", operations: 60)
        var exploration = StateExploration(run, seed: TestKnobs.seed, promisesAlways: true)
        try exploration.explore(states: 60)
        #expect(!exploration.findings.isEmpty)
    }
}

/// A history that a server was told under strace, and its system calls.
struct TracedRun {
    let policy: String
    let calls: [TracedCall]
    /// The digest of the data after each number of operations, with the last number that has it.
    let digests: [Hash256: Int]
    let operations: Int

    init(policy: String, operations: Int) throws {
        self.policy = policy
        self.operations = operations
        let folder = try TemporaryDirectory()
        let home = try TemporaryDirectory()
        // The trace has the path that the system knows.
        let path = URL(fileURLWithPath: folder.path).resolvingSymlinksInPath().path
        let trace = home.path + "/trace"
        let server = try ServerProcess(
            .holdfast, in: path,
            arguments: [
                "--backend", "sqlite", "--appendfsync", policy, "--sqlite-wal-limit", "1mb",
            ],
            wrapper: [
                "strace", "-f", "-y", "-xx", "-s", "10000000", "-qqq", "-o", trace, "-e",
                "trace=openat,write,writev,sendto,sendmsg,pwrite64,pwritev,fsync,fdatasync,ftruncate,rename,"
                    + "renameat,renameat2,unlink,unlinkat",
            ])
        let client = try server.connect()
        let model = NaiveDataset()
        var digests: [Hash256: Int] = [try SQLiteRig.digest(model).root: 0]
        for number in 1...operations {
            let commands = Self.operation(number, model) + [["ECHO", "ack:\(number)"]]
            for reply in try client.pipeline(commands.map { $0.map { Array($0.utf8) } }) {
                #expect(!reply.isError, "\(number): \(reply)")
            }
            digests[try SQLiteRig.digest(model).root] = number
        }
        // strace keeps a SIGTERM to itself. The connection ends without a reply.
        _ = try? client.run("SHUTDOWN")
        #expect(server.waitForExit() == 0)
        self.digests = digests
        let text = String(
            decoding: try Data(contentsOf: URL(fileURLWithPath: trace)), as: UTF8.self)
        calls = TraceReader(text, folder: path).calls
    }

    /// Commands that are one unit (or change nothing), and their mutations for the model; no state comes back.
    private static func operation(_ number: Int, _ model: NaiveDataset) -> [[String]] {
        func apply(_ mutation: Mutation) { model.apply(mutation, database: 0) }
        let (slot, value) = (
            "\(number % 23)", String(repeating: "\(number).", count: number % 40 + 1)
        )
        switch number % 6 {
        case 0:
            withTexts(["hash", "field:\(slot)", value]) {
                apply(.hashSet(key: $0[0], pairs: $0[1..<3]))
            }
            return [["HSET", "hash", "field:\(slot)", value]]
        case 1:
            withTexts(["list", value]) {
                apply(.listPush(key: $0[0], end: .right, values: $0[1..<2]))
            }
            return [["RPUSH", "list", value]]
        case 2:
            withTexts(["left", "right", value]) {
                apply(.set(key: $0[0], value: $0[2], deadline: nil))
                apply(.set(key: $0[1], value: $0[2], deadline: nil))
            }
            return [["MULTI"], ["SET", "left", value], ["SET", "right", value], ["EXEC"]]
        case 3 where number % 30 == 3:
            withTexts(["gone", value]) { apply(.set(key: $0[0], value: $0[1], deadline: nil)) }
            // Copies the log into the file; what follows goes into the log's beginning.
            return [["SET", "gone", value], ["SAVE"]]
        default:
            withTexts(["key:\(slot)", value]) {
                apply(.set(key: $0[0], value: $0[1], deadline: nil))
            }
            return [["SET", "key:\(slot)", value]]
        }
    }
}

/// Walks over a run's events and recovers from what a cut at each may leave.
struct StateExploration {
    private let run: TracedRun
    private let promisesAlways: Bool
    private var disk: TracedDisk
    private var random: SeededGenerator
    private var seen: Set<Int> = []
    private(set) var states = 0
    private(set) var findings: [String] = []

    init(_ run: TracedRun, seed: UInt64, promisesAlways: Bool? = nil) {
        self.run = run
        self.promisesAlways = promisesAlways ?? (run.policy == "always")
        disk = TracedDisk(seed: seed)
        random = SeededGenerator(seed: seed &+ 1)
    }

    /// Recovers from about `wanted` different states, spread over the run.
    mutating func explore(states wanted: Int) throws {
        var acknowledged = 0
        var synced = 0
        for (index, call) in run.calls.enumerated() {
            disk.take(call)
            switch call.event {
            case .acknowledged(let number):
                acknowledged = number
                continue
            case .sync(let path) where path == "data.db-wal":
                // What was acknowledged before the sync began was written before it began.
                synced = max(synced, acknowledgedBefore(call.begin))
            default: break
            }
            // Each event may bring its share of the states that are wanted so far.
            let due = wanted * (index + 1) / run.calls.count
            var attempts = 0
            while states < due && attempts < 12 {
                let kind = Int.random(in: 0..<8, using: &random)
                let isKill = kind == 0
                let image = isKill ? disk.newest() : disk.afterPowerCut(isStrict: kind == 1)
                let floor = isKill || promisesAlways ? acknowledged : synced
                attempts += 1
                if isNew(image) { try recover(image, floor, "event \(index), kind \(kind)") }
            }
        }
    }

    private func acknowledgedBefore(_ line: Int) -> Int {
        var last = 0
        for call in run.calls {
            if call.begin >= line { break }
            if case .acknowledged(let number) = call.event { last = number }
        }
        return last
    }

    private mutating func isNew(_ image: [String: [UInt8]]) -> Bool {
        var hasher = Hasher()
        for (name, bytes) in image.sorted(by: { $0.key < $1.key }) {
            hasher.combine(name)
            hasher.combine(bytes)
        }
        return seen.insert(hasher.finalize()).inserted
    }

    private mutating func recover(
        _ image: [String: [UInt8]], _ floor: Int, _ place: String
    ) throws {
        states += 1
        let folder = try TemporaryDirectory()
        for (name, bytes) in image {
            try Data(bytes).write(to: URL(fileURLWithPath: "\(folder.path)/\(name)"))
        }
        let listing = image.map { "\($0.key):\($0.value.count)" }.sorted().joined(separator: " ")
        do {
            let rig = try SQLiteRig(in: folder)
            let found = run.digests[try rig.expected.root]
            try rig.backend.close()
            guard let found else {
                findings.append("\(place): no state of the history (\(listing))")
                return
            }
            if found < floor {
                findings.append("\(place): \(found) operations, \(floor) promised (\(listing))")
            }
        } catch {
            findings.append("\(place): \(error) (\(listing))")
        }
    }
}
