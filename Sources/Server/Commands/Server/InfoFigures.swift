/// INFO's sections of figures: memory, stats, and what commands took; field names are Redis's where Redis
/// has the field. What this server has no counterpart of is 0, for monitors that expect the name.
import Bytes
import Engine
import Persistence

extension Server {
    func memoryInfo() -> [(String, String)] {
        let used = engine.usedMemory
        let peak = max(used, engine.statistics.peakMemory)
        let resident = ProcessFacts.residentBytes
        let settings = configuration.settings
        let clients = connections.values.reduce(0) { $0 + $1.memoryBytes }
        let logBuffer =
            backend?.status().fields.first { $0.name == "aof_buffer_length" }?.value ?? "0"
        let ratio = Figures.hundredths(Double(resident) / Double(max(1, used)))
        var fields: [(String, String)] = []
        func bytes(_ name: String, _ value: Int, human: Bool = false) {
            fields.append((name, "\(value)"))
            if human { fields.append(("\(name)_human", ProcessFacts.human(value))) }
        }
        bytes("used_memory", used, human: true)
        bytes("used_memory_rss", resident, human: true)
        bytes("used_memory_peak", peak, human: true)
        fields.append(("used_memory_peak_perc", Figures.percent(used, of: peak)))
        bytes("used_memory_overhead", clients)
        bytes("used_memory_startup", 0)
        bytes("used_memory_dataset", used)
        fields.append(("used_memory_dataset_perc", Figures.percent(used, of: used)))
        bytes("frozen_bytes", engine.keyspace.frozenBytes)
        bytes("copied_bytes", engine.keyspace.copiedBytes)
        bytes("allocator_allocated", used)
        bytes("allocator_active", resident)
        bytes("allocator_resident", resident)
        bytes("total_system_memory", ProcessFacts.systemBytes, human: true)
        for name in [
            "used_memory_lua", "used_memory_vm_eval", "used_memory_scripts_eval",
            "number_of_cached_scripts", "number_of_functions", "number_of_libraries",
            "used_memory_vm_functions", "used_memory_vm_total", "used_memory_functions",
            "used_memory_scripts",
        ] {
            let isShownToPeople = [
                "used_memory_lua", "used_memory_vm_total", "used_memory_scripts",
            ].contains(name)
            bytes(name, 0, human: isShownToPeople)
        }
        bytes("maxmemory", settings.maximumMemoryBytes, human: true)
        fields += [
            ("maxmemory_policy", settings.evictionPolicy.rawValue),
            ("allocator_frag_ratio", ratio), ("allocator_frag_bytes", "\(max(0, resident - used))"),
            ("allocator_rss_ratio", "1.00"), ("allocator_rss_bytes", "0"),
            ("rss_overhead_ratio", "1.00"), ("rss_overhead_bytes", "0"),
            ("mem_fragmentation_ratio", ratio),
            ("mem_fragmentation_bytes", "\(resident - used)"),
            ("mem_not_counted_for_evict", logBuffer), ("mem_replication_backlog", "0"),
            ("mem_total_replication_buffers", "0"), ("mem_clients_slaves", "0"),
            ("mem_clients_normal", "\(clients)"), ("mem_cluster_links", "0"),
            ("mem_aof_buffer", logBuffer), ("mem_allocator", "libc"),
            ("active_defrag_running", "0"), ("lazyfree_pending_objects", "0"),
            ("lazyfreed_objects", "0"),
        ]
        return fields
    }

    func statsInfo() -> [(String, String)] {
        let figures = engine.statistics
        let rates = statistics.rates
        return [
            ("total_connections_received", "\(statistics.connectionsReceived)"),
            ("total_commands_processed", "\(figures.commandsProcessed)"),
            ("instantaneous_ops_per_sec", "\(rates.operations)"),
            ("total_net_input_bytes", "\(statistics.bytesRead)"),
            ("total_net_output_bytes", "\(statistics.bytesWritten)"),
            ("total_net_repl_input_bytes", "0"), ("total_net_repl_output_bytes", "0"),
            ("instantaneous_input_kbps", Figures.hundredths(rates.inputKilobytes)),
            ("instantaneous_output_kbps", Figures.hundredths(rates.outputKilobytes)),
            ("instantaneous_input_repl_kbps", "0.00"), ("instantaneous_output_repl_kbps", "0.00"),
            ("rejected_connections", "\(statistics.connectionsRejected)"),
            ("sync_full", "0"), ("sync_partial_ok", "0"), ("sync_partial_err", "0"),
            ("expired_keys", "\(figures.expiredKeys)"), ("expired_stale_perc", "0.00"),
            ("expired_time_cap_reached_count", "\(statistics.expiryCyclesCut)"),
            ("expire_cycle_cpu_milliseconds", "\(statistics.expiryNanoseconds / 1_000_000)"),
            ("evicted_keys", "\(figures.evictedKeys)"), ("evicted_clients", "0"),
            ("total_eviction_exceeded_time", "0"), ("current_eviction_exceeded_time", "0"),
            ("keyspace_hits", "\(figures.keyspaceHits)"),
            ("keyspace_misses", "\(figures.keyspaceMisses)"),
            ("pubsub_channels", "\(subscriptions[.channel].count)"),
            ("pubsub_patterns", "\(subscriptions[.pattern].count)"),
            ("pubsubshard_channels", "\(subscriptions[.shard].count)"), ("latest_fork_usec", "0"),
            ("total_forks", "0"), ("migrate_cached_sockets", "0"),
            ("slave_expires_tracked_keys", "0"), ("active_defrag_hits", "0"),
            ("active_defrag_misses", "0"), ("active_defrag_key_hits", "0"),
            ("active_defrag_key_misses", "0"), ("total_active_defrag_time", "0"),
            ("current_active_defrag_time", "0"), ("tracking_total_keys", "\(tracking.table.count)"),
            ("tracking_total_items", "\(tracking.table.itemCount)"),
            ("tracking_total_prefixes", "\(tracking.prefixes.count)"),
            ("unexpected_error_replies", "0"),
            ("total_error_replies", "\(figures.errorReplies)"),
            ("dump_payload_sanitizations", "0"),
            ("total_reads_processed", "\(statistics.reads)"),
            ("total_writes_processed", "\(statistics.writes)"),
            ("io_threaded_reads_processed", "0"), ("io_threaded_writes_processed", "0"),
            ("reply_buffer_shrinks", "0"), ("reply_buffer_expands", "0"),
            ("client_query_buffer_limit_disconnections", "\(statistics.queryLimitDisconnections)"),
            (
                "client_output_buffer_limit_disconnections",
                "\(statistics.outputLimitDisconnections)"
            ),
            ("acl_access_denied_auth", "\(figures.deniedLogins)"),
            ("acl_access_denied_cmd", "\(figures.deniedCommands)"),
            ("acl_access_denied_key", "\(figures.deniedKeys)"),
            ("acl_access_denied_channel", "\(figures.deniedChannels)"),
            ("holdfast_max_command_cpu_us", "\(figures.maximumCommandCPU / 1000)"),
        ]
    }

    func commandStatsInfo() -> [(String, String)] {
        usedCommands.map { command in
            let each = Double(command.nanoseconds) / 1000 / Double(max(1, command.calls))
            return (
                "cmdstat_\(command.fullName)",
                "calls=\(command.calls),usec=\(command.nanoseconds / 1000),"
                    + "usec_per_call=\(Figures.hundredths(each)),"
                    + "rejected_calls=\(command.rejectedCalls),failed_calls=\(command.failedCalls)"
            )
        }
    }

    /// Commands and subcommands that were called, by name.
    var usedCommands: [Command] {
        engine.commands.all.flatMap { [$0] + $0.subcommands.values }
            .filter { $0.calls > 0 || $0.rejectedCalls > 0 }
            .sorted { $0.fullName < $1.fullName }
    }

    func errorStatsInfo() -> [(String, String)] {
        engine.statistics.errors.sorted { $0.key < $1.key }
            .map { ("errorstat_\($0.key)", "count=\($0.value)") }
    }

    func latencyStatsInfo() -> [(String, String)] {
        let percentiles = configuration.settings.latencyPercentiles
        return usedCommands.filter { $0.latency.count > 0 }.map { command in
            let figures = percentiles.map { percentile in
                let name = Int(exactly: percentile).map(String.init) ?? "\(percentile)"
                return "p\(name)=\(Figures.microseconds(command.latency.percentile(percentile)))"
            }
            return (
                "latency_percentiles_usec_\(command.fullName)", figures.joined(separator: ",")
            )
        }
    }
}

/// Numbers as INFO prints them.
enum Figures {
    /// With two decimals.
    static func hundredths(_ value: Double) -> String {
        decimal(Int((value * 100).rounded()), digits: 2)
    }

    /// Nanoseconds as microseconds with three decimals.
    static func microseconds(_ nanoseconds: UInt64) -> String {
        decimal(Int(clamping: nanoseconds), digits: 3)
    }

    /// `12.50%`.
    static func percent(_ part: Int, of whole: Int) -> String {
        hundredths(whole == 0 ? 100 : Double(part) * 100 / Double(whole)) + "%"
    }

    private static func decimal(_ scaled: Int, digits: Int) -> String {
        let text = String(scaled.magnitude)
        let padded = String(repeating: "0", count: max(0, digits + 1 - text.count)) + text
        return (scaled < 0 ? "-" : "") + padded.dropLast(digits) + "." + padded.suffix(digits)
    }
}
