/// From start to "Ready to accept connections": the dataset is loaded on a thread of its own while the loop
/// already answers (with -LOADING, and INFO with the progress).
import Bytes
import Dispatch
import Engine
import NIOCore
import Persistence
import Records
import Synchronization

/// How far loading is; written by the loading thread, read by the loop.
final class LoadingProgress: Sendable {
    private let loaded = Atomic<Int>(0)
    private let total = Atomic<Int>(0)

    func set(_ progress: RecoveryProgress) {
        loaded.store(progress.loadedBytes, ordering: .relaxed)
        total.store(progress.totalBytes, ordering: .relaxed)
    }

    var value: RecoveryProgress {
        RecoveryProgress(
            loadedBytes: loaded.load(ordering: .relaxed),
            totalBytes: total.load(ordering: .relaxed))
    }
}

/// What INFO says about loading.
struct LoadingState {
    let progress = LoadingProgress()
    var startedAt = Deadline(millisecondsSinceEpoch: 0)
    /// The report of the last load.
    var report: RecoveryReport?
    /// How long it took, in nanoseconds.
    var nanoseconds: UInt64 = 0
}

/// Carries what is owned by one thread at a time to the next.
struct Handover<Value>: @unchecked Sendable {
    // BECAUSE: the giver never touches the value again before it is given back (loading thread <-> loop).
    let value: Value
}

extension Server {
    /// Loads what `backend` keeps, then starts it; the future fails where the data can't be loaded.
    public func start(backend: (any PersistenceBackend)?) -> EventLoopFuture<Void> {
        startCron()
        guard let backend else {
            becomeReady()
            return loop.makeSucceededVoidFuture()
        }
        engine.isLoading = true
        loading.startedAt = engine.clock.now
        let promise = loop.makePromise(of: Void.self)
        let bound = NIOLoopBound(self, eventLoop: loop)
        let given = Handover(value: (backend, freshEngine()))
        let progress = loading.progress
        let loop = loop
        DispatchQueue(label: "holdfast.load", qos: .userInitiated).async {
            let (backend, engine) = given.value
            let outcome: Result<RecoveryReport, PersistenceError>
            do throws(PersistenceError) {
                let report = try backend.restore(
                    into: engine.replayTarget(), progress: { progress.set($0) })
                outcome = .success(report)
            } catch {
                outcome = .failure(error)
            }
            loop.execute { bound.value.loaded(given.value.0, given.value.1, outcome, promise) }
        }
        return promise.futureResult
    }

    /// An engine like ours to load into.
    func freshEngine() -> Engine {
        let fresh = Engine(databases: configuration.settings.databases, clock: engine.clock)
        fresh.settings = engine.settings
        fresh.settings.maximumMemory = 0
        return fresh
    }

    private func loaded(
        _ backend: any PersistenceBackend, _ loaded: Engine,
        _ outcome: Result<RecoveryReport, PersistenceError>, _ promise: EventLoopPromise<Void>
    ) {
        do throws(PersistenceError) {
            let report = try outcome.get()
            tell(report, backend.descriptor)
            try backend.start()
            engine.adopt(loaded.keyspace)
            disposeElsewhere()
            self.backend = backend
            engine.backend = backend
            loading.report = report
            becomeReady()
            promise.succeed()
        } catch {
            promise.fail(error)
        }
    }

    private func tell(_ report: RecoveryReport, _ descriptor: BackendDescriptor) {
        for damage in report.damages {
            log.log(
                .warning,
                "\(damage.reason) (\(damage.path), offset \(damage.offset), \(damage.length) bytes\(damage.isCut ? ", cut off" : ""))"
            )
        }
        for warning in report.warnings { log.log(.warning, warning) }
        guard report.foundData else { return }
        log.log(
            .notice,
            descriptor.abilities.contains(.snapshots)
                ? LogWording.loadedFromDisk(seconds: report.seconds)
                : LogWording.loadedFromAppendOnlyFile(seconds: report.seconds))
    }

    private func becomeReady() {
        engine.isLoading = false
        engine.refreshTime()
        saveState.lastSave = engine.now
        if configuration.settings.port != 0 { log.notice(LogWording.readyToAccept("tcp")) }
        if configuration.settings.unixSocketPath != nil {
            log.notice(LogWording.readyToAccept("unix"))
        }
    }
}
