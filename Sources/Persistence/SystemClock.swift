/// The machine's clocks, read through the vDSO: about 20 ns a call.
import Records

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Wall-clock and monotonic time of this machine.
public final class SystemClock: Clock {
    /// The clocks.
    public init() {}

    /// Wall-clock time.
    public var now: Deadline {
        let time = Self.read(CLOCK_REALTIME)
        return Deadline(
            millisecondsSinceEpoch: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
    }

    /// Monotonic time in nanoseconds.
    public var monotonicNanoseconds: UInt64 {
        let time = Self.read(CLOCK_MONOTONIC)
        return UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
    }

    /// Wall-clock time in microseconds since 1970.
    public var microsecondsSinceEpoch: Int64 {
        let time = Self.read(CLOCK_REALTIME)
        return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000
    }

    private static func read(_ clock: clockid_t) -> timespec {
        var time = timespec()
        unsafe _ = clock_gettime(clock, &time)
        return time
    }
}
