/// Tickets, syncs and back pressure under each policy, and when a rewrite is wanted.
import Backends
import Persistence
import Records
import TestSupport
import Testing

/// The append-only file on a simulated disk, its background under the test's control.
final class CommitBench {
    let disk = SimDisk()
    let clock = SimClock()
    let runner: SimRunner
    let backend: any PersistenceBackend
    let model = NaiveDataset()

    init(_ adjust: (inout BackendSettings) -> Void) throws {
        runner = SimRunner(disk: disk)
        let environment = BackendEnvironment(
            fileSystem: disk, clock: clock, runner: runner, log: .silent, progress: { _ in })
        var settings = BackendSettings()
        settings.directory = "/data"
        adjust(&settings)
        backend = try appendOnlyFile(environment, settings)
        _ = try backend.restore(into: NaiveTarget(), progress: { _ in })
        try backend.start()
        runner.drain()
    }

    @discardableResult
    func write(bytes: Int = 1) -> CommitTicket {
        backend.beginUnit()
        [[107], [UInt8](repeating: 118, count: bytes)].withByteViews {
            let change = Mutation.set(key: $0[0], value: $0[1], deadline: nil)
            backend.record(change, database: 0)
            model.apply(change, database: 0)
        }
        backend.endUnit()
        return backend.commit()
    }

    func tick() {
        clock.advance(milliseconds: 100)
        backend.tick(nowNanoseconds: clock.monotonicNanoseconds)
    }

    func rewrite() throws -> Result<CheckpointReport, PersistenceError>? {
        try backend.willFreeze()
        var outcome: Result<CheckpointReport, PersistenceError>?
        try backend.checkpoint(NaiveFrozen(model, at: clock.now)) { outcome = $0 }
        runner.drain()
        return outcome
    }
}

@Suite("Commit")
struct CommitTests {
    @Test("under always a ticket is released by the sync that covers it, and one sync serves all")
    func always() throws {
        let bench = try CommitBench { $0.syncPolicy = .always }
        let first = bench.write()
        #expect(bench.backend.released < first)
        let second = bench.write()
        let third = bench.write()
        bench.runner.step(.sync)
        #expect(bench.backend.released < first)
        bench.runner.step(.sync)
        #expect(bench.backend.released == first)
        bench.runner.step(.sync)
        bench.runner.step(.sync)
        #expect(bench.backend.released == third)
        #expect(second < third)
    }

    @Test("under everysec a ticket is released by its write, and nothing stays dirty over 1.1 s")
    func everysec() throws {
        let bench = try CommitBench { $0.syncPolicy = .everysec }
        var pending: [(ticket: CommitTicket, at: UInt64)] = []
        for _ in 0..<100 {
            let ticket = bench.write()
            #expect(bench.backend.released == ticket)
            pending.append((ticket, bench.clock.monotonicNanoseconds))
            bench.tick()
            bench.runner.drain()
            pending.removeAll { $0.ticket <= bench.backend.durable }
            let oldest = pending.first?.at ?? bench.clock.monotonicNanoseconds
            #expect(bench.clock.monotonicNanoseconds - oldest <= 1_100_000_000)
        }
    }

    @Test("under everysec writers wait once the oldest unsynced write is over two seconds old")
    func congestedByAge() throws {
        let bench = try CommitBench { $0.syncPolicy = .everysec }
        bench.write()
        for _ in 0..<15 { bench.tick() }
        #expect(!bench.backend.isCongested)
        for _ in 0..<10 { bench.tick() }
        #expect(bench.backend.isCongested)
        bench.runner.drain()
        #expect(!bench.backend.isCongested)
    }

    @Test("writers wait while the queue is over its bound", arguments: SyncPolicy.allCases)
    func congestedBySize(policy: SyncPolicy) throws {
        let bench = try CommitBench {
            $0.syncPolicy = policy
            $0.maximumQueueBytes = 100_000
        }
        for _ in 0..<9 { bench.write(bytes: 10_000) }
        #expect(!bench.backend.isCongested)
        bench.write(bytes: 20_000)
        #expect(bench.backend.isCongested)
        bench.runner.drain()
        bench.tick()
        bench.runner.drain()
        #expect(!bench.backend.isCongested)
    }

    @Test("a failed write refuses writes in the system's words and heals by itself")
    func failedWrite() throws {
        let bench = try CommitBench { $0.syncPolicy = .everysec }
        bench.disk.fault = { call, _ in call == .write ? .error(28) : nil }
        let ticket = bench.write()
        #expect(bench.backend.refusal?.reason == "No space left on device")
        #expect(bench.backend.released < ticket)
        bench.tick()
        #expect(bench.backend.refusal != nil)
        bench.disk.fault = nil
        bench.tick()
        #expect(bench.backend.refusal == nil)
        #expect(bench.backend.released == ticket)
    }

    @Test("after a failed sync the log goes on in a new file and a rewrite is wanted")
    func failedSync() throws {
        let bench = try CommitBench { $0.syncPolicy = .always }
        bench.disk.fault = { call, _ in call == .sync ? .error(5) : nil }
        let ticket = bench.write()
        bench.runner.drain()
        #expect(bench.backend.refusal?.reason == "Input/output error")
        bench.disk.fault = nil
        bench.tick()
        bench.runner.drain()
        #expect(bench.backend.refusal == nil)
        #expect(bench.backend.released == ticket)
        #expect(bench.backend.wantsCheckpoint)
        #expect(bench.disk.live.files["/data/appendonlydir/appendonly.aof.2.incr.aof"] != nil)
        _ = try bench.rewrite()?.get()
        #expect(!bench.backend.wantsCheckpoint)
    }

    @Test("a rewrite is wanted past the thresholds, and not again for a minute after a failure")
    func wantsRewrite() throws {
        let bench = try CommitBench {
            $0.syncPolicy = .no
            $0.rewriteMinimumBytes = 1000
        }
        bench.tick()
        #expect(!bench.backend.wantsCheckpoint)
        bench.write(bytes: 2000)
        #expect(bench.backend.wantsCheckpoint)
        bench.disk.fault = { call, path in
            call == .sync && path.contains("base") ? .error(28) : nil
        }
        guard case .failure = try bench.rewrite() else {
            Issue.record("the rewrite succeeded")
            return
        }
        bench.disk.fault = nil
        #expect(!bench.backend.wantsCheckpoint)
        for _ in 0..<590 { bench.tick() }
        #expect(!bench.backend.wantsCheckpoint)
        for _ in 0..<20 { bench.tick() }
        #expect(bench.backend.wantsCheckpoint)
        let report = try bench.rewrite()?.get()
        #expect(report?.keys == 1)
        #expect(!bench.backend.wantsCheckpoint)
        let names = bench.disk.live.files.keys.filter { $0.contains("incr") }
        #expect(names.count == 1)
    }

    @Test("replaced files are kept as history for as long as asked")
    func history() throws {
        let bench = try CommitBench { $0.historyKeepSeconds = 30 }
        for _ in 0..<3 {
            bench.write()
            _ = try bench.rewrite()?.get()
        }
        let kept = bench.disk.live.files.keys.filter { $0.hasSuffix(".aof") }.count
        #expect(kept == 2 + 5)
        for _ in 0..<1300 { bench.tick() }
        bench.runner.drain()
        #expect(bench.disk.live.files.keys.filter { $0.hasSuffix(".aof") }.count == 2)
    }

    @Test("a cancelled rewrite leaves the old files in force")
    func cancelled() throws {
        let bench = try CommitBench { $0.syncPolicy = .always }
        bench.write()
        try bench.backend.willFreeze()
        var outcome: Result<CheckpointReport, PersistenceError>?
        try bench.backend.checkpoint(NaiveFrozen(bench.model, at: bench.clock.now)) {
            outcome = $0
        }
        bench.backend.cancelCheckpoint()
        bench.write()
        bench.runner.drain()
        guard case .failure = outcome else {
            Issue.record("it wasn't cancelled")
            return
        }
        guard case .started(let digest, _) = start(bench.disk.live) else {
            Issue.record("no start")
            return
        }
        #expect(digest == bench.model.digest)
    }
}
