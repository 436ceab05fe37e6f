/// Production's threads for slow work: one serial thread a lane, made when first needed.
///
/// Why not a dispatch queue or a task: fsync blocks for milliseconds to seconds, which would starve a
/// shared pool; and the lower priority of rewriting is a property of a thread (its nice value).
///
/// A job's `finish` runs on the engine's thread, either through `deliver` or inside `drain`, whichever
/// comes first.
///
/// INVARIANT 1: `jobs` and the `finish` steps belong to the engine's thread; a lane sees only `work`.
/// INVARIANT 2: jobs finish in the order in which they were handed over within a lane.

/// Runs work on a thread a lane; see the file's header.
public final class LaneRunner: BackgroundRunner {
    private let deliver: @Sendable (@escaping @Sendable () -> Void) -> Void
    private var lanes: [BackgroundLane: LaneThread] = [:]
    private var jobs: [Job] = []

    /// A runner.
    ///
    /// - Parameter deliver: runs a step on the engine's thread, soon; called on any thread.
    public init(deliver: @escaping @Sendable (@escaping @Sendable () -> Void) -> Void) {
        self.deliver = deliver
    }

    deinit {
        for lane in lanes.values { lane.stop() }
    }

    /// Runs `work` on the lane's thread, then `finish` on the engine's.
    public func run<Output: Sendable>(
        on lane: BackgroundLane,
        _ work: @escaping @Sendable () -> Output,
        finish: @escaping (Output) -> Void
    ) {
        let result = OnceBox<Output>()
        let job = Job { if let output = result.value { finish(output) } }
        jobs.append(job)
        let deliver = deliver
        let runner = WeakRunner(self)
        thread(lane).enqueue {
            result.value = work()
            job.done.open()
            // `deliver` brings us to the engine's thread, where the runner may be used.
            deliver { runner.value?.settle(job) }
        }
    }

    /// Runs `body` on the engine's thread, soon.
    public func later(_ body: @escaping () -> Void) {
        let job = Job(finish: body)
        job.done.open()
        jobs.append(job)
        let runner = WeakRunner(self)
        deliver { runner.value?.settle(job) }
    }

    /// Waits for everything handed over and finishes it here.
    public func drain() {
        while let job = jobs.first {
            job.done.wait()
            settle(job)
        }
    }

    private func settle(_ job: Job) {
        guard let index = jobs.firstIndex(where: { $0 === job }) else { return }
        jobs.remove(at: index)
        job.finish()
    }

    private func thread(_ lane: BackgroundLane) -> LaneThread {
        if let thread = lanes[lane] { return thread }
        let thread = LaneThread(isBackground: lane != .sync)
        lanes[lane] = thread
        return thread
    }
}

/// One piece of work on its way.
private final class Job: @unchecked Sendable {
    // BECAUSE: `finish` is touched on the engine's thread only (invariant 1); `done` locks itself.
    let finish: () -> Void
    let done = Gate()

    init(finish: @escaping () -> Void) { self.finish = finish }
}

/// A result on its way from a lane to the engine.
private final class OnceBox<Value: Sendable>: @unchecked Sendable {
    // BECAUSE: written before the job's gate opens, read after it.
    var value: Value?
}

private final class WeakRunner: @unchecked Sendable {
    // BECAUSE: dereferenced on the engine's thread only.
    weak let value: LaneRunner?

    init(_ value: LaneRunner?) { self.value = value }
}
