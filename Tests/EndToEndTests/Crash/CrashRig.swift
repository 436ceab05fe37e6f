/// Kills a server under load, starts it again in its folder, and holds it to what it had acknowledged.
///
/// What is wrong is collected, not asserted, so that a test can also show that the rig finds a server that
/// keeps nothing.
import Foundation
import TestSupport

/// A folder, the writers that write to the servers living in it, and the servers.
final class CrashRig {
    private(set) var server: ServerProcess
    private let folder: TemporaryDirectory
    private let writers: [Writer]
    /// Recoveries that a signal ended.
    private(set) var deathsInRecovery = 0
    private var generator: SeededGenerator
    private let fillers: Int
    private var shared = 0
    private var life = 0
    /// What was lost, invented or torn.
    private(set) var findings: [String] = []
    /// Operations acknowledged over all lives.
    var acknowledged: Int { writers.reduce(0) { $0 + $1.snapshot.acknowledgedCount } }

    /// - Parameter fillers: keys that are never written again, to give rewrites and restarts work.
    init(directives: [String], fillers: Int, seed: UInt64) throws {
        generator = SeededGenerator(seed: seed)
        folder = try TemporaryDirectory()
        server = try ServerProcess(.holdfast, in: folder.path, arguments: directives)
        // Alone and in pipelines, shallow and deep.
        writers = [1, 1, 4, 16, 50].enumerated().map { index, depth in
            Writer(index: index, depth: depth, seed: seed)
        }
        let client = try server.connect()
        try client.run("SELECT", "5")
        let commands = (0..<fillers).map { index in
            ["SET", "filler:\(index)", String(repeating: "\(index)", count: 30)]
                .map { Array($0.utf8) }
        }
        self.fillers = fillers
        for reply in try client.pipeline(commands) where reply.isError {
            findings.append("a filler was refused: \(reply)")
        }
    }

    /// One life: load, death at a random moment, restart, judgement.
    func killAtRandom(duringRewrite: Bool) throws {
        try live { server in
            pause(milliseconds: 20...250)
            if duringRewrite {
                _ = try? server.connect().run("BGREWRITEAOF")
                pause(milliseconds: 0...60)
            }
            server.kill()
        }
    }

    /// One life that a signal at the `count`-th call of `calls` ends; it may outlive the load. Whether the
    /// signal came.
    @discardableResult
    func killAtCall(_ calls: String, count: Int) throws -> Bool {
        var died = false
        try live(operations: 40) { server in
            let fault = try? SystemCallFault(
                ["\(calls):signal=SIGKILL:when=\(count)"], in: server.processID)
            _ = try? server.connect().run("BGREWRITEAOF")
            died = Eventually.holds(seconds: 20) {
                !server.isRunning
            } unless: {
                self.writers.allSatisfy { $0.hasFinished } && !self.isRewriting(server)
            }
            fault?.end()
            server.kill()
        }
        return died
    }

    private func isRewriting(_ server: ServerProcess) -> Bool {
        let text = (try? server.connect().run("INFO", "persistence"))?.text ?? ""
        return text.contains("aof_rewrite_in_progress:1")
    }

    /// One life that ends at random, and a recovery that a signal at the `count`-th call of `calls` may end
    /// before another one gets through.
    func killInRecovery(_ calls: String, count: Int) throws {
        try live(recoveryCall: (calls, count)) { server in
            pause(milliseconds: 20...80)
            server.kill()
        }
    }

    private func dieInRecovery(_ call: (calls: String, count: Int)) throws {
        let strace = [
            "strace", "-f", "-qqq", "-o", "/dev/null", "-e", "trace=\(call.calls)", "-e",
            "inject=\(call.calls):signal=SIGKILL:when=\(call.count)",
        ]
        let doomed = try ServerProcess(
            server.kind, in: server.directory, arguments: server.arguments, wrapper: strace,
            waits: false)
        // It is dead, or it has survived its recovery.
        _ = Eventually.holds(seconds: 20) {
            !doomed.isRunning || (try? doomed.connect().run("PING"))?.isError == false
        }
        if !doomed.isRunning { deathsInRecovery += 1 }
        doomed.kill()
    }

    private func live(
        operations: Int = .max, recoveryCall: (calls: String, count: Int)? = nil,
        _ death: (ServerProcess) throws -> Void
    ) throws {
        life += 1
        for writer in writers { writer.start(port: server.port, life: life, limit: operations) }
        try death(server)
        for writer in writers where !writer.join() {
            findings.append("life \(life): a writer still waits for a server that is gone")
        }
        if let call = recoveryCall { try dieInRecovery(call) }
        server = try server.restarted()
        try judge()
    }

    /// Everything acknowledged is there, in a state that the writer once asked for.
    private func judge() throws {
        let client = try server.connect()
        var bounds = (least: shared, most: shared)
        for writer in writers {
            let state = writer.snapshot
            if let strange = state.strange { findings.append("life \(life): \(strange)") }
            let found = try WriterModel(of: writer.keys, from: client)
            var expected = state.acknowledged
            var isLegal = found == expected
            for operation in state.pending where !isLegal {
                expected.apply(operation)
                isLegal = found == expected
            }
            if !isLegal {
                findings.append(
                    """
                    life \(life), writer \(writer.keys.index): no prefix of what it sent.
                    acknowledged: \(state.acknowledged)
                    pending: \(state.pending)
                    found: \(found)
                    log: \(server.log.suffix(3000))
                    """)
            }
            bounds.least += state.shared.acknowledged
            bounds.most += state.shared.sent
            writer.adopt(found)
        }
        try judgeShared(client, bounds)
        try client.run("SELECT", "5")
        let size = try client.run("DBSIZE")
        if size != .integer(fillers) {
            findings.append("life \(life): \(size) of \(fillers) fillers")
        }
    }

    private func judgeShared(_ client: RESPClient, _ bounds: (least: Int, most: Int)) throws {
        shared = 0
        // Each database has a counter of this name; the writers' increments are spread over them.
        for database in 0..<3 {
            try client.run("SELECT", "\(database)")
            shared += Int(try client.run("GET", "shared").text ?? "0") ?? -1
        }
        if shared < bounds.least || shared > bounds.most {
            findings.append("life \(life): the shared counter is \(shared), not in \(bounds)")
        }
    }

    private func pause(milliseconds range: ClosedRange<Int>) {
        usleep(UInt32(Int.random(in: range, using: &generator)) * 1000)
    }
}
