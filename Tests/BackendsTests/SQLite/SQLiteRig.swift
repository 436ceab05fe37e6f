/// The sqlite backend over a real folder, one step at a time on the test's thread, beside a model.
import Backends
import Bytes
import Digest
import Foundation
import Persistence
import Records
import TestSupport

/// Runs each job where it is handed over; its `finish` waits for `drain`.
final class StepRunner: BackgroundRunner {
    private var steps: [() -> Void] = []

    func run<Output: Sendable>(
        on lane: BackgroundLane, _ work: @escaping @Sendable () -> Output,
        finish: @escaping (Output) -> Void
    ) {
        let output = work()
        steps.append { finish(output) }
    }

    func later(_ body: @escaping () -> Void) { steps.append(body) }

    func drain() {
        while !steps.isEmpty { steps.removeFirst()() }
    }
}

/// A backend, what it was told, and what it says.
final class SQLiteRig {
    let folder: TemporaryDirectory
    let runner = StepRunner()
    let clock = SystemClock()
    let backend: any PersistenceBackend
    /// What the backend was told.
    let model: NaiveDataset
    /// What a start found.
    let report: RecoveryReport
    /// What the engine was told of failures.
    var failed: CommitTicket?

    /// Opens the database in `folder`, or in a fresh one; what is there is loaded into the model.
    init(
        in folder: TemporaryDirectory? = nil, policy: SyncPolicy = .everysec,
        logLimitBytes: Int = 1 << 30
    ) throws {
        let folder = try folder ?? TemporaryDirectory()
        self.folder = folder
        var settings = BackendSettings()
        settings.directory = folder.path
        settings.syncPolicy = policy
        settings.databaseLogLimitBytes = logLimitBytes
        let box = FailureBox()
        var environment = BackendEnvironment(
            fileSystem: SystemFileSystem(), clock: clock, runner: runner, log: .silent,
            progress: { box.rig?.failed = $0 ?? box.rig?.failed })
        environment.identity = ServerIdentity(version: "1.2.3", id: "rig")
        backend = try BackendCatalog.open(
            EngineRequest(name: "sqlite", isExplicit: true), settings: settings,
            environment: environment
        ).backend
        let target = NaiveTarget()
        do {
            report = try backend.restore(into: target, progress: { _ in })
            try backend.start()
        } catch {
            try backend.close()
            throw error
        }
        model = target.dataset
        box.rig = self
    }

    private final class FailureBox {
        weak var rig: SQLiteRig?
    }

    var path: String { folder.path + "/data.db" }

    /// One unit of one change.
    func record(_ mutation: Mutation, _ database: Int = 0) {
        unit { $0(mutation, database) }
    }

    /// One unit.
    func unit(_ body: ((Mutation, Int) -> Void) -> Void) {
        backend.beginUnit()
        body { mutation, database in
            backend.record(mutation, database: database)
            model.apply(mutation, database: database)
        }
        backend.endUnit()
    }

    /// Commits and lets everything that follows happen.
    @discardableResult
    func commit() -> CommitTicket {
        let ticket = backend.commit()
        runner.drain()
        return ticket
    }

    /// A figure of INFO.
    func figure(_ name: String) -> Int {
        backend.status().fields.first { $0.name == name }.flatMap { Int($0.value) } ?? -1
    }

    /// Rows of keys and elements that the transaction of `body`'s changes writes.
    func rows(_ body: () -> Void) -> Int {
        commit()
        let before = figure("sqlite_rows_written")
        body()
        commit()
        return figure("sqlite_rows_written") - before
    }

    /// The digest of the model.
    var expected: DatasetDigest { get throws { try Self.digest(model) } }

    /// The digest of what the file holds.
    func found() throws -> DatasetDigest {
        let target = NaiveTarget()
        let readback = backend.readback()
        runner.drain()
        try readback?(target)
        return try Self.digest(target.dataset)
    }

    static func digest(_ dataset: NaiveDataset) throws -> DatasetDigest {
        try DatasetDigest.of(NaiveFrozen(dataset, at: Deadline(millisecondsSinceEpoch: 0))).digest
    }

    /// A folder as a killed process leaves it now.
    func killed() throws -> TemporaryDirectory {
        let copy = try TemporaryDirectory()
        for name in ["data.db", "data.db-wal", "CURRENT"] {
            try FileManager.default.copyItem(
                atPath: "\(folder.path)/\(name)", toPath: "\(copy.path)/\(name)")
        }
        return copy
    }

    /// What the stock shell answers.
    static func shell(_ folder: TemporaryDirectory, _ sql: String) throws -> String {
        try SystemProgram.run("sqlite3", [folder.path + "/data.db", sql]).output
            .trimmingCharacters(in: .whitespacesAndNewlines)
    }
}

/// Lends texts as views.
func withTexts(_ texts: [String], _ body: (ByteViews) -> Void) {
    texts.map { Array($0.utf8) }.withByteViews { body($0) }
}
