/// The sqlite backend beside a model: the same data after every kind of end, and what it refuses.
import Backends
import Bytes
import Digest
import Foundation
import Persistence
import Records
import TestSupport
import Testing

@Suite("The sqlite backend")
struct SQLiteBackendTests {
    @Test("holds what a random history leads to, read back, killed and reopened", arguments: 1...6)
    func history(seed: Int) throws {
        var random = SeededGenerator(seed: TestKnobs.seed &+ UInt64(seed))
        let units = TestKnobs.isCampaign ? 20_000 : 1500
        let policy = SyncPolicy.allCases[seed % 3]
        var rig = try SQLiteRig(policy: policy)
        for number in 0..<units {
            rig.unit { record in
                WorkloadForTests.unit(number, rig.model, &random) { record($0, $1) }
            }
            if Int.random(in: 0..<300, using: &random) == 0 { rig.record(.flushDatabase, 1) }
            if Int.random(in: 0..<700, using: &random) == 0 { rig.record(.flushAll) }
            if Int.random(in: 0..<5, using: &random) == 0 { rig.commit() }
            if Int.random(in: 0..<150, using: &random) == 0 {
                rig.commit()
                #expect(try rig.found() == rig.expected, "seed \(seed), unit \(number)")
            }
            if Int.random(in: 0..<300, using: &random) == 0 {
                let ticket = rig.commit()
                let expected = try rig.expected
                let next: SQLiteRig
                if Bool.random(using: &random) {
                    next = try SQLiteRig(in: rig.killed(), policy: policy)
                    try rig.backend.close()
                } else {
                    try rig.backend.close()
                    next = try SQLiteRig(in: rig.folder, policy: policy)
                }
                rig = next
                #expect(rig.report.sequence == ticket)
                #expect(try rig.expected == expected, "seed \(seed), unit \(number), reopened")
            }
        }
        rig.commit()
        #expect(try rig.found() == rig.expected)
        try rig.backend.close()
    }

    @Test("takes every type with everything it carries, written and loaded at once")
    func everything() throws {
        let view = NaiveFrozen(Samples.everything(), at: Samples.time)
        let expected = try DatasetDigest.of(view).digest
        // Written as changes.
        let rig = try SQLiteRig()
        let speller = MutationSpeller()
        for database in 0..<view.databaseCount {
            try view.forEachEntry(database: database) { entry in
                try speller.spell(entry) { rig.record($0, database) }
            }
        }
        rig.commit()
        #expect(try rig.found() == expected)
        try rig.backend.close()
        #expect(try SQLiteRig.digest(SQLiteRig(in: rig.folder).model) == expected)
    }

    @Test("a checkpoint records the digest, and the next start compares")
    func checkpoint() throws {
        let rig = try SQLiteRig()
        withTexts(["a", "b"]) { rig.record(.set(key: $0[0], value: $0[1], deadline: nil)) }
        rig.commit()
        try rig.backend.willFreeze()
        var result: Result<CheckpointReport, PersistenceError>?
        try rig.backend.checkpoint(NaiveFrozen(rig.model, at: rig.clock.now)) { result = $0 }
        rig.runner.drain()
        #expect(try result?.get().keys == 1)
        #expect(rig.backend.durable == 1)
        let digest = try rig.expected.root.hex
        #expect(
            try SQLiteRig.shell(rig.folder, "SELECT digest, digest_sequence FROM meta")
                == "\(digest)|1")
        try rig.backend.close()
        _ = try SQLiteRig.shell(rig.folder, "UPDATE keys SET value = x'00'")
        expectFailure(.corrupt, "digest") { _ = try SQLiteRig(in: rig.folder) }
    }

    @Test("refuses a schema of a later version, and changes nothing")
    func laterVersion() throws {
        let rig = try SQLiteRig()
        withTexts(["a", "b"]) { rig.record(.set(key: $0[0], value: $0[1], deadline: nil)) }
        rig.commit()
        try rig.backend.close()
        _ = try SQLiteRig.shell(
            rig.folder, "PRAGMA user_version = 99; PRAGMA journal_mode = DELETE")
        let before = try Data(contentsOf: URL(fileURLWithPath: rig.path))
        expectFailure(.unsupportedVersion, "99") { _ = try SQLiteRig(in: rig.folder) }
        #expect(try Data(contentsOf: URL(fileURLWithPath: rig.path)) == before)
    }

    @Test("brings a schema of an earlier version up to date")
    func earlierVersion() throws {
        let rig = try SQLiteRig()
        withTexts(["a", "b"]) { rig.record(.set(key: $0[0], value: $0[1], deadline: nil)) }
        rig.commit()
        try rig.backend.close()
        _ = try SQLiteRig.shell(
            rig.folder, "ALTER TABLE meta DROP COLUMN digest_ms; PRAGMA user_version = 1")
        let next = try SQLiteRig(in: rig.folder)
        #expect(try next.expected == rig.expected)
        #expect(try SQLiteRig.shell(rig.folder, "PRAGMA user_version") == "2")
        try next.backend.close()
    }

    @Test("refuses another program's database, damage, and a database that is gone")
    func strangers() throws {
        let foreign = try TemporaryDirectory()
        _ = try SQLiteRig.shell(foreign, "CREATE TABLE t (x)")
        expectFailure(.unsupportedFormat, "another program") { _ = try SQLiteRig(in: foreign) }
        let rig = try SQLiteRig()
        for number in 0..<5000 {
            withTexts(["key\(number)", String(repeating: "v", count: 50)]) {
                rig.record(.set(key: $0[0], value: $0[1], deadline: nil))
            }
        }
        try rig.backend.close()
        let good = try Data(contentsOf: URL(fileURLWithPath: rig.path))
        for place in stride(from: 0, to: good.count, by: good.count / 40) {
            var bad = good
            bad[place] ^= 0x55
            try bad.write(to: URL(fileURLWithPath: rig.path))
            // Nothing is taken for the data that was written but the data itself.
            do {
                let next = try SQLiteRig(in: rig.folder)
                #expect(try next.expected == rig.expected, "byte \(place)")
                try next.backend.close()
            } catch let error as PersistenceError {
                #expect(error.path == rig.path, "byte \(place): \(error)")
            }
        }
        try good.prefix(good.count / 2).write(to: URL(fileURLWithPath: rig.path))
        expectFailure(.corrupt, "") { _ = try SQLiteRig(in: rig.folder) }
        try FileManager.default.removeItem(atPath: rig.path)
        expectFailure(.conflict, "gone") { _ = try SQLiteRig(in: rig.folder) }
    }

    @Test("notices another program's write, and refuses to write beside it")
    func outsider() throws {
        let rig = try SQLiteRig()
        func set(_ key: String, _ value: String) {
            withTexts([key, value]) { rig.record(.set(key: $0[0], value: $0[1], deadline: nil)) }
            rig.commit()
        }
        set("a", "b")
        // Readers harm nobody, nor does one that copies the log.
        #expect(try SQLiteRig.shell(rig.folder, "SELECT value FROM strings") == "b")
        _ = try SQLiteRig.shell(rig.folder, "PRAGMA wal_checkpoint(PASSIVE)")
        set("b", "b")
        #expect(rig.backend.refusal == nil)
        #expect(rig.backend.released == 2)
        let write = "UPDATE keys SET value = x'63' WHERE key = x'61'"
        #expect(try SQLiteRig.shell(rig.folder, write).isEmpty)
        set("b", "a")
        #expect(rig.backend.refusal?.reason.contains("Another program has written") == true)
        #expect(rig.backend.released == 2)
        #expect(rig.failed == 3, "the reply that waited is told")
        #expect(throws: PersistenceError.self) { try rig.backend.close() }
        let next = try SQLiteRig(in: rig.folder)
        #expect(next.report.sequence == 2)
        #expect(next.model.entry(Array("a".utf8))?.value == .string(Array("c".utf8)))
        #expect(next.model.entry(Array("b".utf8))?.value == .string(Array("b".utf8)))
        try next.backend.close()
    }

    @Test("under always a ticket is durable when released; under everysec after the next sync")
    func tickets() throws {
        for policy in SyncPolicy.allCases {
            let rig = try SQLiteRig(policy: policy)
            withTexts(["a", "b"]) { rig.record(.set(key: $0[0], value: $0[1], deadline: nil)) }
            #expect(rig.backend.commit() == 1)
            #expect(rig.backend.released == 0, "its transaction has not been told of")
            rig.runner.drain()
            #expect(rig.backend.released == 1)
            #expect(rig.backend.durable == (policy == .always ? 1 : 0))
            let now = rig.clock.monotonicNanoseconds
            rig.backend.tick(nowNanoseconds: now &+ 1_100_000_000)
            rig.runner.drain()
            #expect(rig.backend.durable == (policy == .no ? 0 : 1))
            var settled = false
            rig.backend.settle { settled = $0 == nil }
            rig.runner.drain()
            #expect(settled && rig.backend.durable == 1)
            try rig.backend.close()
        }
    }

    private func expectFailure(
        _ code: PersistenceError.Code, _ text: String, _ body: () throws -> Void,
        at location: SourceLocation = #_sourceLocation
    ) {
        do {
            try body()
            Issue.record("nothing was refused", sourceLocation: location)
        } catch let error as PersistenceError {
            #expect(error.code == code, "\(error)", sourceLocation: location)
            #expect(text.isEmpty || "\(error)".contains(text), "\(error)", sourceLocation: location)
        } catch {
            Issue.record("\(error)", sourceLocation: location)
        }
    }
}
