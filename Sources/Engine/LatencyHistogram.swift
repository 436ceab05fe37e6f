/// How long a command's executions took: counts in buckets that grow with the time.
///
/// Eight buckets to a doubling, so a bucket's bound is at most an eighth above what is in it; up to 137 s.
/// Counting is a few instructions and allocates nothing.
///
///     bucket 0: below 1,024 ns;  1 + 8 * o + s: from (8 + s) * 2^(o + 7) ns on, s in 0..<8

/// A histogram of durations.
public struct LatencyHistogram: Sendable {
    private static let octaves = 27
    private var counts = InlineArray<217, UInt64>(repeating: 0)

    /// Nothing counted.
    public init() {}

    /// Counts one duration.
    @inline(__always)
    mutating func add(_ nanoseconds: UInt64) {
        if nanoseconds < 1024 {
            counts[0] &+= 1
            return
        }
        let bounded = min(nanoseconds, 1 << 37 - 1)
        let octave = 63 - bounded.leadingZeroBitCount
        let step = Int(bounded >> UInt64(octave - 3)) & 7
        counts[1 + (octave - 10) * 8 + step] &+= 1
    }

    /// Durations counted.
    public var count: Int {
        var sum: UInt64 = 0
        for index in counts.indices { sum &+= counts[index] }
        return Int(sum)
    }

    /// The duration in nanoseconds that `percent` of those counted don't exceed; 0 without any.
    public func percentile(_ percent: Double) -> UInt64 {
        let total = count
        if total == 0 { return 0 }
        let wanted = max(1, Int((Double(total) * percent / 100).rounded(.up)))
        var sum = 0
        for index in counts.indices {
            sum += Int(counts[index])
            if sum >= wanted { return Self.upperBound(index) }
        }
        return Self.upperBound(counts.count - 1)
    }

    /// Cumulative counts at the powers of two that Redis reports, as microseconds, only where
    /// they rise.
    public var cumulative: [(microseconds: Int, count: Int)] {
        var found: [(microseconds: Int, count: Int)] = []
        var sum = Int(counts[0])
        if sum > 0 { found.append((1, sum)) }
        for octave in 0..<Self.octaves {
            let before = sum
            for step in 0..<8 { sum += Int(counts[1 + octave * 8 + step]) }
            // Redis's buckets are 1/128 wide, and it names the upper end of the one it reached.
            let power = 2048 << octave
            if sum > before { found.append(((power + power / 128 - 1) / 1000, sum)) }
        }
        return found
    }

    private static func upperBound(_ index: Int) -> UInt64 {
        if index == 0 { return 1023 }
        let octave = (index - 1) / 8
        let step = (index - 1) % 8
        return UInt64(9 + step) << UInt64(octave + 7) - 1
    }
}
