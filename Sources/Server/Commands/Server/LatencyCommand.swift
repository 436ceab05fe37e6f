/// LATENCY HISTORY event | LATEST | RESET [event ...] | HISTOGRAM [command ...] | DOCTOR | GRAPH event | HELP
///
/// Events that took longer than `latency-monitor-threshold` milliseconds (LatencyMonitor.swift), and
/// how long commands take. O(1) a sample.
import Bytes
import Engine
import RESP

extension Server {
    func latencyCommand() -> CommandSpec {
        CommandSpec(
            container: "latency", group: .server, since: "2.8.13",
            summary: "A container for latency diagnostics commands.",
            subcommands: [
                latencyWord("latest", 2, "Returns the latest latency samples for all events.") {
                    [unowned self] _, reply in latencyLatest(reply)
                },
                latencyWord(
                    "history", 3, "Returns timestamp-latency samples for an event.", "event"
                ) {
                    [unowned self] arguments, reply in
                    let samples = latency.events[arguments[2].text]?.samples ?? []
                    reply.array(samples.count)
                    for sample in samples {
                        reply.array(2)
                        reply.integer(Int(sample.second))
                        reply.integer(sample.milliseconds)
                    }
                },
                latencyWord(
                    "reset", -2, "Resets the latency data for one or more events.",
                    "[event [event ...]]", tips: CommandTips.allNodes
                ) {
                    [unowned self] arguments, reply in
                    let names =
                        arguments.count == 2
                        ? Array(latency.events.keys) : arguments.dropFirst(2).map(\.text)
                    reply.integer(names.filter { latency.reset($0) }.count)
                },
                latencyWord("graph", 3, "Returns a latency graph for an event.", "event") {
                    [unowned self] (arguments, reply) throws(CommandError) in
                    let event = arguments[2].text
                    guard let series = latency.events[event] else {
                        throw CommandError(
                            "ERR No samples available for event '\(event.prefix { $0 != "\0" })'")
                    }
                    let graph = latency.graph(event, series, at: engine.clock.now)
                    reply.verbatim(Array(graph.utf8))
                },
                latencyWord("doctor", 2, "Returns a human-readable latency analysis report.") {
                    [unowned self] _, reply in reply.verbatim(Array(latencyReport.utf8))
                },
                latencyWord(
                    "histogram", -2,
                    "Returns the cumulative distribution of latencies of commands.",
                    "[command [command ...]]"
                ) {
                    [unowned self] arguments, reply in
                    latencyHistogram(arguments.dropFirst(2).map { $0.text.lowercased() }, reply)
                },
                helpWord(
                    of: "latency", group: .server, since: "2.8.13",
                    [
                        "DOCTOR",
                        "    Return a human readable latency analysis report.",
                        "GRAPH <event>",
                        "    Return an ASCII latency graph for the <event> class.",
                        "HISTORY <event>",
                        "    Return time-latency samples for the <event> class.",
                        "LATEST",
                        "    Return the latest latency samples for all events.",
                        "RESET [<event> ...]",
                        "    Reset latency data of one or more <event> classes.",
                        "    (default: reset all data for all event classes)",
                        "HISTOGRAM [COMMAND ...]",
                        "    Return a cumulative distribution of latencies in the format of a histogram for the specified command names.",
                        "    If no commands are specified then all histograms are replied.",
                    ]),
            ])
    }

    private func latencyWord(
        _ name: String, _ arity: Int, _ summary: String, _ syntax: String = "",
        tips: [String] = CommandTips.nodeReports,
        _ run: @escaping (ByteViews, ReplyWriter) throws(CommandError) -> Void
    ) -> CommandSpec {
        CommandSpec(
            name, arity: arity, [.admin, .noscript, .loading, .stale], group: .server,
            since: name == "histogram" ? "7.0.0" : "2.8.13", summary: summary, syntax: syntax,
            tips: tips
        ) { _, _, arguments, reply throws(CommandError) in try run(arguments, reply) }
    }

    private func latencyLatest(_ reply: ReplyWriter) {
        let events = latency.events.sorted { $0.key < $1.key }
        reply.array(events.count)
        for (name, series) in events {
            reply.array(4)
            reply.bulk(text: name)
            reply.integer(Int(series.samples.last?.second ?? 0))
            reply.integer(series.samples.last?.milliseconds ?? 0)
            reply.integer(series.maximum)
        }
    }

    /// An event of the backend's for the latency monitor.
    public func measured(_ event: String, nanoseconds: UInt64) {
        latency.add(event, nanoseconds: nanoseconds, at: engine.now)
    }

    private var latencyReport: String {
        if configuration.settings.latencyThresholdMilliseconds == 0 {
            return "Latency monitoring is disabled. CONFIG SET latency-monitor-threshold "
                + "<milliseconds> enables it.\n"
        }
        if latency.events.isEmpty {
            return "No event was slower than latency-monitor-threshold.\n"
        }
        return latency.events.sorted { $0.key < $1.key }.map { name, series in
            let sum = series.samples.reduce(0) { $0 + $1.milliseconds }
            return "\(name): \(series.samples.count) slow samples, on average "
                + "\(sum / max(1, series.samples.count)) ms, the longest \(series.maximum) ms\n"
        }.joined()
    }

    private func latencyHistogram(_ names: [String], _ reply: ReplyWriter) {
        let used = usedCommands.filter { command in
            guard command.latency.count > 0 else { return false }
            let container = command.fullName.split(separator: "|").first.map(String.init)
            return names.isEmpty || names.contains(command.fullName)
                || container.map(names.contains) == true
        }
        reply.map(used.count)
        for command in used {
            let buckets = command.latency.cumulative
            reply.bulk(text: command.fullName)
            reply.map(2)
            reply.bulk(ByteView("calls"))
            reply.integer(command.latency.count)
            reply.bulk(ByteView("histogram_usec"))
            reply.map(buckets.count)
            for bucket in buckets {
                reply.integer(bucket.microseconds)
                reply.integer(bucket.count)
            }
        }
    }
}
