/// LATENCY HISTORY event | LATEST | RESET [event ...] | HISTOGRAM [command ...] | DOCTOR | GRAPH event | HELP
///
/// Events that took longer than `latency-monitor-threshold` milliseconds. O(1) a sample.
import Bytes
import Engine
import RESP
import Records

/// Slow events by name, the last 160 of each.
final class LatencyMonitor {
    /// One event.
    struct Sample {
        var second: Int64
        var milliseconds: Int
    }

    private(set) var events: [String: [Sample]] = [:]
    private(set) var maxima: [String: Int] = [:]

    func add(_ event: String, nanoseconds: UInt64, at now: Deadline) {
        let milliseconds = Int(nanoseconds / 1_000_000)
        let second = now.millisecondsSinceEpoch / 1000
        maxima[event] = max(maxima[event] ?? 0, milliseconds)
        var samples = events[event] ?? []
        if let last = samples.last, last.second == second {
            samples[samples.count - 1].milliseconds = max(last.milliseconds, milliseconds)
        } else {
            samples.append(Sample(second: second, milliseconds: milliseconds))
        }
        events[event] = Array(samples.suffix(160))
    }

    /// Forgets an event; whether there was any of it.
    func reset(_ event: String) -> Bool {
        maxima[event] = nil
        return events.removeValue(forKey: event) != nil
    }
}

extension Server {
    func latencyCommand() -> CommandSpec {
        func word(
            _ name: String, _ arity: Int, _ summary: String, _ syntax: String = "",
            _ run: @escaping (ByteViews, ReplyWriter) -> Void
        ) -> CommandSpec {
            CommandSpec(
                name, arity: arity, [.admin, .noscript, .loading, .stale], group: .server,
                since: "2.8.13", summary: summary, syntax: syntax
            ) { _, _, arguments, reply throws(CommandError) in run(arguments, reply) }
        }
        return CommandSpec(
            container: "latency", group: .server, since: "2.8.13",
            summary: "A container for latency diagnostics commands.",
            subcommands: [
                word("latest", 2, "Returns the latest latency samples for all events.") {
                    [unowned self] _, reply in latencyLatest(reply)
                },
                word("history", 3, "Returns timestamp-latency samples for an event.", "event") {
                    [unowned self] arguments, reply in
                    let samples = latency.events[arguments[2].text] ?? []
                    reply.array(samples.count)
                    for sample in samples {
                        reply.array(2)
                        reply.integer(Int(sample.second))
                        reply.integer(sample.milliseconds)
                    }
                },
                word(
                    "reset", -2, "Resets the latency data for one or more events.",
                    "[event [event ...]]"
                ) {
                    [unowned self] arguments, reply in
                    let names =
                        arguments.count == 2
                        ? Array(latency.events.keys) : arguments.dropFirst(2).map(\.text)
                    reply.integer(names.filter { latency.reset($0) }.count)
                },
                word("doctor", 2, "Returns a human-readable latency analysis report.") {
                    [unowned self] _, reply in
                    let lines = latency.events.keys.sorted().map { event in
                        "\(event): \(latency.events[event]?.count ?? 0) slow samples, the worst \(latency.maxima[event] ?? 0) ms\n"
                    }
                    let text =
                        lines.isEmpty
                        ? "No event was slower than latency-monitor-threshold.\n" : lines.joined()
                    reply.verbatim(Array(text.utf8))
                },
                word(
                    "histogram", -2,
                    "Returns the cumulative distribution of latencies of commands.",
                    "[command [command ...]]"
                ) {
                    [unowned self] arguments, reply in
                    let names = Set(arguments.dropFirst(2).map { $0.text.lowercased() })
                    latencyHistogram(names, reply)
                },
                word("help", 2, "Returns helpful text about the different subcommands.") {
                    _, reply in
                    reply.help(
                        "LATENCY",
                        [
                            "DOCTOR",
                            "    Return a human readable latency analysis report.",
                            "HISTORY <event>",
                            "    Return time-latency samples for the <event> class.",
                            "LATEST",
                            "    Return the latest latency samples for all events.",
                            "RESET [<event> ...]",
                            "    Reset latency data of one or more <event> classes.",
                            "HISTOGRAM [COMMAND ...]",
                            "    Return calls and mean latency of commands.",
                        ])
                },
            ])
    }

    private func latencyLatest(_ reply: ReplyWriter) {
        let events = latency.events.keys.sorted()
        reply.array(events.count)
        for event in events {
            let last = latency.events[event]?.last
            reply.array(4)
            reply.bulk(text: event)
            reply.integer(Int(last?.second ?? 0))
            reply.integer(last?.milliseconds ?? 0)
            reply.integer(latency.maxima[event] ?? 0)
        }
    }

    /// Calls and their time: the mean stands for the distribution, which costs nothing a command.
    private func latencyHistogram(_ names: Set<String>, _ reply: ReplyWriter) {
        let used = usedCommands.filter {
            $0.calls > 0 && (names.isEmpty || names.contains($0.fullName))
        }
        reply.map(used.count)
        for command in used {
            reply.bulk(text: command.fullName)
            reply.map(2)
            reply.bulk(ByteView("calls"))
            reply.integer(command.calls)
            reply.bulk(ByteView("histogram_usec"))
            reply.map(1)
            let mean = Int(command.nanoseconds / 1000) / command.calls
            var bucket = 1
            while bucket < mean { bucket *= 2 }
            reply.integer(bucket)
            reply.integer(command.calls)
        }
    }
}
