/// MEMORY USAGE key [SAMPLES count] | STATS | DOCTOR | PURGE | MALLOC-STATS | HELP
///
/// What takes the memory. USAGE is exact and O(1): every table knows its bytes.
import Bytes
import Engine
import RESP

extension Server {
    func memoryCommand() -> CommandSpec {
        func word(
            _ name: String, _ arity: Int, _ summary: String, _ syntax: String = "",
            keys: [KeySpec] = [], flags: CommandFlags = [], tips: [String] = [],
            _ run: @escaping CommandHandler
        ) -> CommandSpec {
            CommandSpec(
                name, arity: arity, flags, keys: keys, group: .server, since: "4.0.0",
                summary: summary, syntax: syntax, tips: tips, handler: run)
        }
        return CommandSpec(
            container: "memory", group: .server, since: "4.0.0",
            summary: "A container for memory diagnostics commands.",
            subcommands: [
                word(
                    "usage", -3, "Estimates the memory usage of a key.", "key [SAMPLES count]",
                    keys: [KeySpec(["RO"], first: 2)], flags: [.readonly]
                ) { engine, session, arguments, reply throws(CommandError) in
                    var index = 3
                    while index < arguments.count {
                        guard arguments[index].equalsIgnoringCase("samples"),
                            index + 1 < arguments.count
                        else { throw .syntaxError }
                        guard let count = Decimal.parse(arguments[index + 1]) else {
                            throw .integerExpected
                        }
                        if count < 0 { throw .syntaxError }
                        index += 2
                    }
                    if let bytes = engine.memoryUsage(of: arguments[2], session) {
                        reply.integer(bytes)
                    } else {
                        reply.null()
                    }
                },
                word(
                    "stats", 2, "Returns details about memory usage.",
                    tips: CommandTips.shardReports
                ) {
                    [unowned self] _, _, _, reply throws(CommandError) in memoryStats(reply)
                },
                word(
                    "doctor", 2, "Outputs a memory problems report.",
                    tips: CommandTips.shardReports
                ) {
                    engine, _, _, reply throws(CommandError) in
                    let frozen = engine.keyspace.frozenBytes
                    let text =
                        frozen > engine.usedMemory / 2 && frozen > 64 << 20
                        ? "\(frozen) bytes are held only by a running snapshot or rewrite; they go when it ends.\n"
                        : "The memory account shows nothing unusual.\n"
                    reply.verbatim(Array(text.utf8))
                },
                word(
                    "purge", 2, "Asks the allocator to release memory.",
                    tips: CommandTips.allShards
                ) {
                    _, _, _, reply throws(CommandError) in
                    Allocator.trim()
                    reply.ok()
                },
                word(
                    "malloc-stats", 2, "Returns the allocator statistics.",
                    tips: CommandTips.shardReports
                ) {
                    _, _, _, reply throws(CommandError) in
                    reply.verbatim(
                        Array("The C library's allocator keeps no statistics here.\n".utf8))
                },
                helpWord(
                    of: "memory", group: .server, since: "4.0.0",
                    [
                        "DOCTOR",
                        "    Return memory problems reports.",
                        "MALLOC-STATS",
                        "    Return internal statistics report from the memory allocator.",
                        "PURGE",
                        "    Attempt to purge dirty pages for reclamation by the allocator.",
                        "STATS",
                        "    Return information about the memory usage of the server.",
                        "USAGE <key> [SAMPLES <count>]",
                        "    Return memory in bytes used by <key> and its value. Nested values are",
                        "    sampled up to <count> times (default: 5, 0 means sample all).",
                    ]),
            ])
    }

    /// Redis's names where they mean something here, then ours.
    private func memoryStats(_ reply: ReplyWriter) {
        let used = engine.usedMemory
        let peak = max(used, engine.statistics.peakMemory)
        let resident = ProcessFacts.residentBytes
        let keys = engine.keyspace.keyCount
        let clients = connections.values.reduce(0) { $0 + $1.memoryBytes }
        let counts: [(StaticString, Int)] = [
            ("peak.allocated", peak), ("total.allocated", used), ("startup.allocated", 0),
            ("replication.backlog", 0), ("clients.slaves", 0), ("clients.normal", clients),
            ("cluster.links", 0), ("lua.caches", 0), ("functions.caches", 0),
            ("overhead.total", clients), ("keys.count", keys),
            ("keys.bytes-per-key", keys == 0 ? 0 : used / keys), ("dataset.bytes", used),
            ("allocator.allocated", used), ("allocator.active", resident),
            ("allocator.resident", resident), ("fragmentation.bytes", resident - used),
            ("frozen.bytes", engine.keyspace.frozenBytes), ("resident.bytes", resident),
        ]
        let shares: [(StaticString, Double)] = [
            ("dataset.percentage", 100),
            ("peak.percentage", peak == 0 ? 100 : Double(used) * 100 / Double(peak)),
            ("fragmentation", Double(resident) / Double(max(1, used))),
        ]
        reply.map(counts.count + shares.count)
        for (name, value) in counts {
            reply.bulk(ByteView(name))
            reply.integer(value)
        }
        for (name, value) in shares {
            reply.bulk(ByteView(name))
            reply.double(value)
        }
    }
}
