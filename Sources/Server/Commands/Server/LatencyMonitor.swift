/// Events that took longer than `latency-monitor-threshold`: what LATENCY tells.
import Records

/// Slow events by name, the last 160 of each, one a second (the longest of it).
final class LatencyMonitor {
    /// One event.
    struct Sample {
        var second: Int64
        var milliseconds: Int
    }

    /// What is kept of one kind of event, oldest first.
    struct Series {
        fileprivate(set) var samples: [Sample] = []
        /// The longest since the last reset.
        fileprivate(set) var maximum = 0
        /// The longest and the shortest of those kept.
        var range: (high: Int, low: Int) {
            let values = samples.map(\.milliseconds)
            return (values.max() ?? 0, values.min() ?? 0)
        }
    }

    /// From how many nanoseconds on an event counts; `.max` is off.
    var thresholdNanoseconds = UInt64.max
    private(set) var events: [String: Series] = [:]

    /// Notes an event, if it was slow.
    func add(_ event: String, nanoseconds: UInt64, at now: Deadline) {
        if nanoseconds < thresholdNanoseconds { return }
        let milliseconds = Int(nanoseconds / 1_000_000)
        let second = now.millisecondsSinceEpoch / 1000
        var series = events[event] ?? Series()
        series.maximum = max(series.maximum, milliseconds)
        if let last = series.samples.last, last.second == second {
            series.samples[series.samples.count - 1].milliseconds =
                max(last.milliseconds, milliseconds)
        } else {
            series.samples.append(Sample(second: second, milliseconds: milliseconds))
            if series.samples.count > 160 { series.samples.removeFirst() }
        }
        events[event] = series
    }

    /// Forgets an event; whether there was any of it.
    func reset(_ event: String) -> Bool { events.removeValue(forKey: event) != nil }

    /// Columns of `#`, the older to the left, their age below: LATENCY GRAPH.
    func graph(_ event: String, _ series: Series, at now: Deadline) -> String {
        let rows = 4
        let (high, low) = series.range
        var text =
            "\(event) - high \(high) ms, low \(low) ms (all time high \(series.maximum) ms)\n"
            + String(repeating: "-", count: 80) + "\n"
        let heights = series.samples.suffix(80).map { sample in
            high == low
                ? rows : 1 + (sample.milliseconds - low) * (rows - 1) / max(1, high - low)
        }
        for row in stride(from: rows, through: 1, by: -1) {
            let cells = heights.map { $0 == row ? "#" : $0 > row ? "|" : " " }
            text += cells.joined() + "\n"
        }
        let ages = series.samples.suffix(80).map { sample in
            Array(LatencyMonitor.age(now.millisecondsSinceEpoch / 1000 - sample.second))
        }
        text += "\n"
        for line in 0..<(ages.map(\.count).max() ?? 0) {
            text += String(ages.map { line < $0.count ? $0[line] : " " }) + "\n"
        }
        return text
    }

    private static func age(_ seconds: Int64) -> String {
        switch seconds {
        case ..<60: "\(max(0, seconds))s"
        case ..<3600: "\(seconds / 60)m"
        case ..<86400: "\(seconds / 3600)h"
        default: "\(seconds / 86400)d"
        }
    }
}
