/// CONFIG GET | SET | REWRITE | RESETSTAT | HELP
///
/// The configuration in force; what SET changes takes effect at once, REWRITE makes it last.
import Bytes
import Engine
import RESP

extension Server {
    func configCommand() -> CommandSpec {
        CommandSpec(
            container: "config", group: .server, since: "2.0.0",
            summary: "A container for server configuration commands.",
            subcommands: [
                configWord(
                    "get", -3, "Returns the effective values of configuration parameters.",
                    syntax: "parameter [parameter ...]"
                ) { [unowned self] (_, arguments, reply) in
                    let found = configuration.get(arguments.dropFirst(2).arrays)
                    reply.map(found.count)
                    for (name, value) in found {
                        reply.bulk(name)
                        reply.bulk(value)
                    }
                },
                configWord(
                    "set", -4, "Sets configuration parameters in-flight.",
                    syntax: "parameter value [parameter value ...]", flags: .secrets,
                    tips: CommandTips.allNodes, setConfiguration),
                configWord(
                    "rewrite", 2, "Persists the effective configuration to file."
                ) {
                    [unowned self] (_, _, reply) throws(CommandError) in
                    do throws(ConfigurationRefusal) {
                        try configuration.rewrite()
                    } catch {
                        log.warning(LogWording.rewriteFailed(error.reason))
                        throw CommandError("ERR " + error.reason)
                    }
                    log.notice(LogWording.rewriteSucceeded)
                    reply.ok()
                },
                configWord(
                    "resetstat", 2, "Resets the server's statistics."
                ) {
                    [unowned self] (_, _, reply) in
                    resetStatistics()
                    reply.ok()
                },
                helpWord(
                    of: "config", group: .server, since: "5.0.0",
                    [
                        "GET <pattern>",
                        "    Return parameters matching the glob-like <pattern> and their values.",
                        "SET <directive> <value>",
                        "    Set the configuration <directive> to <value>.",
                        "RESETSTAT",
                        "    Reset statistics reported by the INFO command.",
                        "REWRITE",
                        "    Rewrite the configuration file.",
                    ]),
            ])
    }

    private func configWord(
        _ name: String, _ arity: Int, _ summary: String, syntax: String = "",
        flags: CommandFlags = [], tips: [String] = [],
        _ run: @escaping (Session, ByteViews, ReplyWriter) throws(CommandError) -> Void
    ) -> CommandSpec {
        CommandSpec(
            name, arity: arity, flags.union([.admin, .noscript, .loading, .stale]), group: .server,
            since: "2.0.0", summary: summary,
            complexity: "O(N) where N is the number of parameters", syntax: syntax, tips: tips
        ) { _, session, arguments, reply throws(CommandError) in
            try run(session, arguments, reply)
        }
    }

    private func setConfiguration(
        _ session: Session, _ arguments: ByteViews, _ reply: ReplyWriter
    ) throws(CommandError) {
        guard arguments.count % 2 == 0 else {
            throw .syntaxError
        }
        var pairs: [(name: [UInt8], value: [UInt8])] = []
        var index = 2
        while index < arguments.count {
            pairs.append((arguments[index].array, arguments[index + 1].array))
            index += 2
        }
        let isLocal = try connection(session).info.isLocal
        do throws(ConfigurationSetError) {
            let ignored = try configuration.set(
                pairs, isLocalClient: isLocal, isLoading: engine.isLoading)
            if !ignored.isEmpty {
                log.warning("CONFIG SET: not acted on yet: \(ignored.joined(separator: ", "))")
            }
        } catch {
            switch error {
            case .loading:
                throw CommandError("LOADING Holdfast is loading the dataset in memory")
            case .refused(let text): throw CommandError("ERR " + text)
            }
        }
        reply.ok()
    }

    private func resetStatistics() {
        let peak = engine.statistics.peakMemory
        engine.statistics = EngineStatistics()
        engine.statistics.peakMemory = peak
        statistics = ServerStatistics()
        statistics.lastSample.nanoseconds = engine.clock.monotonicNanoseconds
        for command in engine.commands.all { command.resetStatistics() }
    }
}
