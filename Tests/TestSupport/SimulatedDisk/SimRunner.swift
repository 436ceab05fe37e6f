/// Background work one step at a time, under the test's control; and a clock that a test moves.
///
/// A job's work and its `finish` are separate steps, so that a test can let the engine go on before,
/// between and after them. A sync within a job covers only what was written before the job was handed
/// over: the least that a real fsync might.
import Persistence
import Records

/// A runner whose steps the test takes.
public final class SimRunner: BackgroundRunner {
    private final class Job {
        let lane: BackgroundLane?
        let submitted: Int
        let work: () -> Void
        let finish: () -> Void
        var isDone = false

        init(
            lane: BackgroundLane?, submitted: Int, work: @escaping () -> Void,
            finish: @escaping () -> Void
        ) {
            self.lane = lane
            self.submitted = submitted
            self.work = work
            self.finish = finish
        }
    }

    private let disk: SimDisk
    private var jobs: [Job] = []

    /// A runner for work on `disk`.
    public init(disk: SimDisk) { self.disk = disk }

    /// Queues a job.
    public func run<Output: Sendable>(
        on lane: BackgroundLane, _ work: @escaping @Sendable () -> Output,
        finish: @escaping (Output) -> Void
    ) {
        var output: Output?
        jobs.append(
            Job(
                lane: lane, submitted: disk.events.count, work: { output = work() },
                finish: { if let output { finish(output) } }))
    }

    /// Queues a step of the engine's.
    public func later(_ body: @escaping () -> Void) {
        jobs.append(Job(lane: nil, submitted: 0, work: {}, finish: body))
    }

    /// Whether nothing is queued.
    public var isIdle: Bool { jobs.isEmpty }

    /// Lanes whose next step can be taken; nil stands for steps of the engine's.
    public var ready: [BackgroundLane?] {
        var lanes: [BackgroundLane?] = []
        for job in jobs where !lanes.contains(job.lane) { lanes.append(job.lane) }
        return lanes
    }

    /// Takes the next step of a lane: a job's work, or its finish.
    public func step(_ lane: BackgroundLane?) {
        guard let job = jobs.first(where: { $0.lane == lane }) else { return }
        if job.isDone || lane == nil {
            jobs.removeAll { $0 === job }
            job.finish()
        } else {
            perform(job)
        }
    }

    private func perform(_ job: Job) {
        disk.horizon = job.lane == .sync ? (job.submitted, disk.events.count) : nil
        job.work()
        disk.horizon = nil
        job.isDone = true
    }

    /// Takes all steps, those that come of them included.
    public func drain() {
        while let job = jobs.first {
            if !job.isDone { perform(job) }
            jobs.removeAll { $0 === job }
            job.finish()
        }
    }
}

/// A clock that a test moves.
public final class SimClock: Clock, @unchecked Sendable {
    // BECAUSE: a simulation runs on one thread.
    /// Time since the simulation began.
    public private(set) var monotonicNanoseconds: UInt64 = 1_000_000_000

    /// A clock.
    public init() {}

    /// Wall-clock time: November 2023 and on.
    public var now: Deadline {
        Deadline(
            millisecondsSinceEpoch: 1_700_000_000_000 + Int64(monotonicNanoseconds / 1_000_000))
    }

    /// Moves time on.
    public func advance(milliseconds: Int) {
        monotonicNanoseconds += UInt64(milliseconds) * 1_000_000
    }
}
