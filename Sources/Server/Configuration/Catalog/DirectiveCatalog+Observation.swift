/// Directives about what the server tells of itself.
import Engine

extension DirectiveCatalog {
    static let observation: [Directive] = [
        .integer(
            "slowlog-log-slower-than", -1...Bound.long, 10_000,
            { $0.slowlogThresholdMicroseconds = $1 }),
        .integer("slowlog-max-len", 0...Bound.long, 128, { $0.slowlogLength = $1 }),
        .integer(
            "latency-monitor-threshold", 0...Bound.long, 0, { $0.latencyThresholdMilliseconds = $1 }
        ),
        .flag("latency-tracking", true, { $0.tracksLatency = $1 }),
        .special(
            "latency-tracking-info-percentiles", is: .severalWords, .percentiles,
            .words("50 99 99.9"),
            project: { $1.latencyPercentiles = $0.listed.compactMap(Double.init) }),
        .special(
            "notify-keyspace-events", .keyspaceEvents, .text(""),
            project: { $1.notifiedEvents = KeyspaceEvents(letters: $0.printed) }),
    ]
}
