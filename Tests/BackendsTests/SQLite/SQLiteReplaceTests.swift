/// Other data in the place of all that the tables hold: in one transaction, or not at all.
import Backends
import Persistence
import Records
import TestSupport
import Testing

@Suite("SQLite, other data in the place of all")
struct SQLiteReplaceTests {
    private func fill(_ rig: SQLiteRig, seed: UInt64, units: Int) {
        var random = SeededGenerator(seed: seed)
        for number in 0..<units {
            rig.backend.beginUnit()
            WorkloadForTests.unit(number, rig.model, &random) {
                rig.backend.record($0, database: $1)
                rig.model.apply($0, database: $1)
            }
            rig.backend.endUnit()
        }
    }

    @Test(
        "is what is read back, killed and reopened, and what follows builds on it", arguments: 1...4
    )
    func replace(seed: UInt64) throws {
        let rig = try SQLiteRig()
        fill(rig, seed: seed, units: 60)
        rig.commit()
        let other = Samples.random(seed: seed + 100, units: 80)
        var result: Result<CheckpointReport, PersistenceError>?
        try rig.backend.replace(with: NaiveFrozen(other, at: rig.clock.now)) { result = $0 }
        rig.runner.drain()
        #expect(try result?.get().keys == other.keyCount)
        rig.model.become(other)
        #expect(try rig.found() == rig.expected)
        // A killed process has it, with the digest that the start compares.
        let killed = try SQLiteRig(in: try rig.killed())
        #expect(try killed.expected == rig.expected)
        try killed.backend.close()
        fill(rig, seed: seed + 200, units: 60)
        rig.commit()
        #expect(try rig.found() == rig.expected)
        try rig.backend.close()
        let again = try SQLiteRig(in: rig.folder)
        #expect(try again.expected == rig.expected)
        try again.backend.close()
    }

    @Test("leaves the tables as they were where it is given up")
    func givenUp() throws {
        let rig = try SQLiteRig()
        fill(rig, seed: 9, units: 60)
        rig.commit()
        let other = Samples.random(seed: 10, units: 80)
        var result: Result<CheckpointReport, PersistenceError>?
        let view = GivenUp(NaiveFrozen(other, at: rig.clock.now)) { rig.backend.cancelCheckpoint() }
        try rig.backend.replace(with: view) { result = $0 }
        rig.runner.drain()
        #expect(throws: PersistenceError.self) { try result?.get() }
        #expect(try rig.found() == rig.expected)
        fill(rig, seed: 11, units: 60)
        rig.commit()
        #expect(try rig.found() == rig.expected)
        try rig.backend.close()
        let again = try SQLiteRig(in: rig.folder)
        #expect(try again.expected == rig.expected)
        try again.backend.close()
    }
}

/// A view in whose middle somebody gives up.
private final class GivenUp: FrozenDataset, @unchecked Sendable {
    // BECAUSE: a test uses it on one thread.
    private let view: NaiveFrozen
    private let giveUp: () -> Void
    private var visited = 0

    init(_ view: NaiveFrozen, _ giveUp: @escaping () -> Void) {
        self.view = view
        self.giveUp = giveUp
    }

    var frozenAt: Deadline { view.frozenAt }
    var databaseCount: Int { view.databaseCount }
    func keyCount(database: Int) -> Int { view.keyCount(database: database) }

    func forEachEntry(database: Int, _ visit: (FrozenEntry) throws -> Void) throws {
        try view.forEachEntry(database: database) { entry in
            visited += 1
            if visited == 5 { giveUp() }
            try visit(entry)
        }
    }
}
