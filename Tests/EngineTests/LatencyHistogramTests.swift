/// Bounds, percentiles and cumulative counts of the latency histogram.
import Testing

@testable import Engine

@Suite("Latency histogram")
struct LatencyHistogramTests {
    @Test("a percentile is at least what was counted, and at most an eighth above")
    func bounds() {
        for nanoseconds: UInt64 in [1024, 1025, 1151, 1152, 5000, 999_999, 1 << 30, (1 << 37) - 1] {
            var histogram = LatencyHistogram()
            histogram.add(nanoseconds)
            let found = histogram.percentile(50)
            #expect(found >= nanoseconds)
            #expect(found - nanoseconds <= nanoseconds / 8)
        }
    }

    @Test("what is shorter than a bucket or longer than the last one is counted in them")
    func extremes() {
        var histogram = LatencyHistogram()
        histogram.add(0)
        histogram.add(1023)
        histogram.add(.max)
        #expect(histogram.count == 3)
        #expect(histogram.percentile(50) == 1023)
        #expect(histogram.percentile(100) == (1 << 37) - 1)
    }

    @Test("percentiles split the counts")
    func percentiles() {
        var histogram = LatencyHistogram()
        for _ in 0..<99 { histogram.add(2000) }
        histogram.add(1_000_000)
        #expect(histogram.percentile(50) < 2300)
        #expect(histogram.percentile(99) < 2300)
        #expect(histogram.percentile(99.9) >= 1_000_000)
        #expect(LatencyHistogram().percentile(50) == 0)
    }

    @Test("cumulative counts stand at the microseconds that Redis prints, only where they rise")
    func cumulative() {
        var histogram = LatencyHistogram()
        for nanoseconds: UInt64 in [500, 1500, 1600, 30_000, 60_000, 130_000, 1_000_000] {
            histogram.add(nanoseconds)
        }
        #expect(histogram.cumulative.map(\.microseconds) == [1, 2, 33, 66, 132, 1056])
        #expect(histogram.cumulative.map(\.count) == [1, 3, 4, 5, 6, 7])
    }
}
