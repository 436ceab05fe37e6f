/// Datasets that commands made: the engine's digest against the naive dataset's, a snapshot file's and Python's.
import Bytes
import Digest
import Persistence
import RDB
import RESP
import Records
import Synchronization
import TestSupport
import Testing

@testable import Engine

/// A clock that stands still until told.
private final class StillClock: Clock {
    let milliseconds = Atomic<Int64>(1_700_000_000_000)
    var now: Deadline {
        Deadline(millisecondsSinceEpoch: milliseconds.load(ordering: .relaxed))
    }
    var monotonicNanoseconds: UInt64 {
        UInt64(milliseconds.load(ordering: .relaxed)) * 1_000_000
    }
}

/// An engine, and a naive dataset that what it records is applied to.
private final class Twins {
    let clock = StillClock()
    let engine: Engine
    let recorder = Recorder()
    private let session = Session(id: 1)
    private let reply = ReplyWriter()

    init() {
        engine = Engine(databases: 4, clock: clock)
        engine.backend = recorder
        engine.expiresActively = false
    }

    @discardableResult
    func run(_ words: [String]) -> String {
        reply.bytes.removeAll()
        engine.beginBatch()
        words.map { Array($0.utf8) }.withByteViews { engine.execute(session, $0, reply) }
        return reply.bytes.view.text
    }

    func engineReport() throws -> DigestReport { try DatasetDigest.of(engine.freeze()) }
}

@Suite("Digests of datasets that commands made")
struct DatasetTests {
    /// Reads a snapshot file into a sink, as a verification does.
    private func report(of snapshot: [UInt8], at time: Deadline) throws -> DigestReport {
        let sink = DigestSink(at: time)
        try snapshot.withByteView { bytes in
            let reader = RDBFileReader(bytes)
            while let event = try reader.next() {
                guard case .entry(let entry) = event else { continue }
                try sink.begin(
                    database: entry.database, key: entry.key, deadline: entry.deadline)
                if try reader.readValue(into: sink) == .value { sink.end() }
            }
        }
        return DigestReport(digest: sink.digest, counts: sink.counts)
    }

    private func snapshot(
        _ view: any FrozenDataset, _ limits: RDBPackingLimits
    ) throws -> [UInt8] {
        var file: [UInt8] = []
        try RDBFileWriter.write(view, facts: RDBFileFacts(), limits: limits) { file += $0.array }
        return file
    }

    @Test("engine, naive dataset, packed and plain snapshot, and Python agree", arguments: 0..<6)
    func agreement(_ round: Int) throws {
        let seed = TestKnobs.seed &+ UInt64(round)
        let twins = Twins()
        var draw = CommandDraw(seed: seed)
        var cases: [DatasetCase] = []
        var reports: [DigestReport] = []
        for step in 1...1200 {
            twins.run(draw.next())
            twins.clock.milliseconds.add(Int64(draw.below(20)), ordering: .relaxed)
            twins.engine.refreshTime()
            if step % 400 > 0 { continue }
            let view = twins.engine.freeze()
            let report = try DatasetDigest.of(view)
            let naive = NaiveFrozen(twins.recorder.dataset, at: view.frozenAt)
            if try DatasetDigest.of(naive) != report {
                let difference = try DatasetCase.difference(view, naive)
                Issue.record("seed \(seed), step \(step): \(difference)")
            }
            for limits in [RDBPackingLimits(), .plain] {
                let read = try self.report(of: snapshot(view, limits), at: view.frozenAt)
                #expect(read == report, "seed \(seed), step \(step)")
            }
            cases.append(try DatasetCase("step \(step)", view))
            reports.append(report)
            checkLevels(report.digest)
            #expect(report.digest.keyCount == UInt64(report.counts.keys))
        }
        #expect(Set(reports.map(\.digest.root)).count == 3)
        #expect(DatasetType.allCases.allSatisfy { reports[2].counts[$0] > 0 })
        guard let answers = try CaseFile.python(cases) else { return }
        #expect(answers == reports.map { DigestCase($0) }, "seed \(seed)")
    }

    private func checkLevels(_ digest: DatasetDigest) {
        for level in 0..<DatasetDigest.finestLevel {
            let fine = digest.level(level + 1)
            let coarse = digest.level(level)
            #expect(fine.count == 16 * coarse.count)
            for (index, bucket) in coarse.enumerated() {
                var sum = DigestBucket()
                for part in fine[(16 * index)..<(16 * index + 16)] { sum &+= part }
                #expect(sum == bucket)
            }
        }
    }

    @Test("a changed key changes its own bucket on every level, and no other")
    func buckets() throws {
        let twins = Twins()
        for index in 0..<2000 { twins.run(["SET", "key\(index)", "value"]) }
        let before = try twins.engineReport().digest
        twins.run(["PEXPIREAT", "key1234", "1800000000000"])
        let after = try twins.engineReport().digest
        #expect(before.root != after.root)
        for level in 0...DatasetDigest.finestLevel {
            let different = zip(before.level(level), after.level(level)).count { $0 != $1 }
            #expect(different == 1)
        }
    }

    @Test("parts that were digested apart are merged to the digest of the whole")
    func merging() throws {
        let twins = Twins()
        var draw = CommandDraw(seed: TestKnobs.seed)
        for _ in 0..<600 { twins.run(draw.next()) }
        let view = twins.engine.freeze()
        var sum = DigestReport()
        for database in (0..<view.databaseCount).reversed() {
            sum.merge(try DatasetDigest.of(view, database: database))
        }
        let whole = try DatasetDigest.of(view)
        #expect(sum == whole)
        for parts in [2, 3] {
            let reports = try (0..<parts).map { try DatasetDigest.of(view, part: $0, of: parts) }
            let counts = reports.map(\.counts.keys)
            #expect((counts.max() ?? 0) - (counts.min() ?? 0) <= 1)
            var merged = DigestReport()
            for report in reports { merged.merge(report) }
            #expect(merged == whole)
        }
    }

    @Test("how a value is stored doesn't change its digest")
    func encodings() throws {
        let ways: [[[String]]] = [
            [
                ["SET", "s", "12345"], ["SADD", "t", "1", "2"], ["HSET", "h", "f", "v"],
                ["ZADD", "z", "1", "m"], ["RPUSH", "l", "a", "b"],
            ],
            [
                ["SET", "s", "123"], ["APPEND", "s", "45"], ["SADD", "t", "x", "2", "1"],
                ["SREM", "t", "x"],
                ["HSET", "h", "g", String(repeating: "x", count: 5000), "f", "v"],
                ["HDEL", "h", "g"],
                ["ZADD", "z", "1", "m", "2", String(repeating: "x", count: 5000)],
                ["ZREMRANGEBYRANK", "z", "1", "1"],
                ["RPUSH", "l", "a", "b", String(repeating: "x", count: 50_000)], ["RPOP", "l"],
            ],
        ]
        var encodings: [[String]] = []
        var roots: Set<Hash256> = []
        for way in ways {
            let twins = Twins()
            for command in way { twins.run(command) }
            encodings.append(["s", "t", "h", "z"].map { twins.run(["OBJECT", "ENCODING", $0]) })
            roots.insert(try twins.engineReport().digest.root)
        }
        for (first, second) in zip(encodings[0], encodings[1]) { #expect(first != second) }
        #expect(roots.count == 1)
    }

    @Test("what is past its deadline in the view is left out, deleted or not")
    func pastDeadlines() throws {
        let twins = Twins()
        twins.run(["SET", "stays", "1"])
        let bare = try twins.engineReport()
        twins.run(["SET", "goes", "1", "PXAT", "1700000000100"])
        twins.run(["HSET", "h", "f", "v"])
        twins.run(["HPEXPIREAT", "h", "1700000000100", "FIELDS", "1", "f"])
        let full = try twins.engineReport()
        #expect(full.counts.keys == 3 && full.counts.databases[0].deadlines == 1)
        twins.clock.milliseconds.store(1_700_000_000_100, ordering: .relaxed)
        twins.engine.refreshTime()
        #expect(try twins.engineReport() == full)
        twins.clock.milliseconds.store(1_700_000_000_101, ordering: .relaxed)
        twins.engine.refreshTime()
        #expect(twins.engine.keyspace.keyCount == 3)
        #expect(try twins.engineReport() == bare)
    }
}

extension RDBPackingLimits {
    /// Nothing is packed.
    fileprivate static var plain: RDBPackingLimits {
        var limits = RDBPackingLimits()
        limits.entries = 0
        limits.intsetEntries = 0
        limits.listNodeBytes = 1
        limits.streamNodeEntries = 1
        return limits
    }
}
