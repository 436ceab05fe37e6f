/// Threads that share pieces of work among them: what compresses and inflates the blocks of a snapshot on all cores.
///
/// Why not a lane: lanes are serial. Why not tasks or a dispatch queue: they would run at the engine's priority;
/// a crew belongs to a save and yields to the engine, as the lane that waits for it does.
///
/// Who hands work over decides when to wait for it, by counting, never by asking what is ready: so the calls
/// that the disk sees don't depend on how fast a thread is, and the simulated disk sees the same ones in every run.
///
/// INVARIANT 1: `queue` and `isEnding` are touched with the monitor held.
#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// A crew of threads; see the file's header.
public final class WorkCrew: Sendable {
    /// Threads in it; work is told which one does it, 0 ..< `size`.
    public let size: Int
    private let queue = WorkQueue()

    /// A crew of as many threads as there are cores.
    public convenience init(isBackground: Bool) {
        self.init(size: Self.cores, isBackground: isBackground)
    }

    /// A crew.
    ///
    /// - Parameter isBackground: whether the threads yield to the engine's.
    public init(size: Int, isBackground: Bool) {
        precondition(size > 0, "a crew of nobody")
        self.size = size
        for number in 0..<size { queue.start(number, isBackground: isBackground) }
    }

    /// What wasn't begun yet isn't done any more.
    deinit { queue.end() }

    /// Hands a piece of work over; one thread of the crew does it.
    public func hand(_ work: @escaping @Sendable (_ thread: Int) -> Void) -> HandedWork {
        let handed = HandedWork()
        queue.append { thread in
            work(thread)
            handed.gate.open()
        }
        return handed
    }

    /// The cores of this machine.
    public static var cores: Int { max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))) }
}

/// A piece of work that was handed over.
public final class HandedWork: Sendable {
    let gate = Gate()

    /// Returns once it is done; what it wrote may be read then.
    public func wait() { gate.wait() }
}

/// What a crew's threads take from.
private final class WorkQueue: @unchecked Sendable {
    // BECAUSE: invariant 1.
    private let monitor = Monitor()
    private var queue: [@Sendable (Int) -> Void] = []
    private var isEnding = false

    private final class Start {
        let queue: WorkQueue
        let number: Int
        let isBackground: Bool

        init(_ queue: WorkQueue, _ number: Int, _ isBackground: Bool) {
            self.queue = queue
            self.number = number
            self.isBackground = isBackground
        }
    }

    func start(_ number: Int, isBackground: Bool) {
        var thread = pthread_t()
        let start = Start(self, number, isBackground)
        // SAFETY: the thread owns the reference that is passed to it and gives it back at its end.
        let own = unsafe Unmanaged.passRetained(start).toOpaque()
        let status = unsafe pthread_create(
            &thread, nil,
            { context in
                guard let context = unsafe context else { return nil }
                let start = unsafe Unmanaged<Start>.fromOpaque(context).takeRetainedValue()
                start.queue.loop(start.number, isBackground: start.isBackground)
                return nil
            }, own)
        precondition(status == 0, "the system refuses another thread")
        pthread_detach(thread)
    }

    func append(_ work: @escaping @Sendable (Int) -> Void) {
        monitor.locked {
            queue.append(work)
            monitor.wake()
        }
    }

    func end() {
        monitor.locked {
            isEnding = true
            queue.removeAll()
            monitor.wake()
        }
    }

    private func loop(_ number: Int, isBackground: Bool) {
        // On Linux this is the nice value of the calling thread alone.
        if isBackground { _ = setpriority(.init(PRIO_PROCESS.rawValue), 0, 10) }
        while let work = next() { work(number) }
    }

    private func next() -> (@Sendable (Int) -> Void)? {
        monitor.locked {
            while queue.isEmpty && !isEnding { monitor.wait() }
            return queue.isEmpty ? nil : queue.removeFirst()
        }
    }
}
