/// A thread with a queue, and the gate that tells when a piece of work is done.
///
/// Plain pthreads: the standard library has no condition variable, and Foundation stays out of here.
///
/// INVARIANT 1: `queue`, `isStopping` and `isOpen` are touched with their monitor held.
#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// A lock with a condition.
@safe
final class Monitor: @unchecked Sendable {
    // BECAUSE: pthread's objects are made for several threads; they live as long as we do.
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let condition: UnsafeMutablePointer<pthread_cond_t>

    init() {
        unsafe mutex = .allocate(capacity: 1)
        unsafe condition = .allocate(capacity: 1)
        unsafe mutex.initialize(to: pthread_mutex_t())
        unsafe condition.initialize(to: pthread_cond_t())
        unsafe _ = pthread_mutex_init(mutex, nil)
        unsafe _ = pthread_cond_init(condition, nil)
    }

    deinit {
        unsafe _ = pthread_cond_destroy(condition)
        unsafe _ = pthread_mutex_destroy(mutex)
        unsafe condition.deallocate()
        unsafe mutex.deallocate()
    }

    /// Runs `body` with the lock held.
    func locked<R>(_ body: () -> R) -> R {
        unsafe _ = pthread_mutex_lock(mutex)
        defer { unsafe _ = pthread_mutex_unlock(mutex) }
        return body()
    }

    /// Waits for a signal; the lock must be held.
    func wait() { unsafe _ = pthread_cond_wait(condition, mutex) }

    /// Wakes all who wait.
    func wake() { unsafe _ = pthread_cond_broadcast(condition) }
}

/// Shut until opened, once; for any thread.
public final class Gate: @unchecked Sendable {
    // BECAUSE: invariant 1.
    private let monitor = Monitor()
    private var isOpen = false

    /// A gate that is shut.
    public init() {}
    /// Lets everybody through from now on.
    public func open() {
        monitor.locked {
            isOpen = true
            monitor.wake()
        }
    }

    /// Returns once the gate is open.
    public func wait() {
        monitor.locked {
            while !isOpen { monitor.wait() }
        }
    }
}

/// A thread that runs what it is handed, in order.
final class LaneThread: @unchecked Sendable {
    // BECAUSE: invariant 1.
    private let monitor = Monitor()
    private var queue: [@Sendable () -> Void] = []
    private var isStopping = false
    private let isBackground: Bool

    /// - Parameter isBackground: whether the thread yields to the engine's.
    init(isBackground: Bool) {
        self.isBackground = isBackground
        var thread = pthread_t()
        // SAFETY: the thread owns the reference that is passed to it and gives it back at its end.
        let own = unsafe Unmanaged.passRetained(self).toOpaque()
        let status = unsafe pthread_create(
            &thread, nil,
            { context in
                guard let context = unsafe context else { return nil }
                let lane = unsafe Unmanaged<LaneThread>.fromOpaque(context).takeRetainedValue()
                lane.loop()
                return nil
            }, own)
        precondition(status == 0, "the system refuses another thread")
        pthread_detach(thread)
    }

    /// Hands a piece of work over.
    func enqueue(_ work: @escaping @Sendable () -> Void) {
        monitor.locked {
            queue.append(work)
            monitor.wake()
        }
    }

    /// Ends the thread once its queue is empty.
    func stop() {
        monitor.locked {
            isStopping = true
            monitor.wake()
        }
    }

    private func loop() {
        // On Linux this is the nice value of the calling thread alone.
        if isBackground { _ = setpriority(.init(PRIO_PROCESS.rawValue), 0, 10) }
        while let work = next() { work() }
    }

    private func next() -> (@Sendable () -> Void)? {
        monitor.locked {
            while queue.isEmpty && !isStopping { monitor.wait() }
            return queue.isEmpty ? nil : queue.removeFirst()
        }
    }
}
