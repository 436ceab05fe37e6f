/// What stands in INFO's sections; field names are Redis's where Redis has the field.
import Bytes
import Engine
import Persistence
import Records

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

extension Server {
    /// All sections in the order they are printed.
    var infoSections: [InfoSection] {
        [
            InfoSection(title: "Server", fields: serverInfo),
            InfoSection(title: "Clients", fields: clientsInfo),
            InfoSection(title: "Memory", fields: memoryInfo),
            InfoSection(title: "Persistence", fields: persistenceInfo),
            InfoSection(title: "Stats", fields: statsInfo),
            InfoSection(title: "Replication", fields: replicationInfo),
            InfoSection(title: "CPU", fields: cpuInfo),
            InfoSection(title: "Modules", fields: { [] }),
            InfoSection(title: "Commandstats", isDefault: false, fields: commandStatsInfo),
            InfoSection(title: "Errorstats", fields: errorStatsInfo),
            InfoSection(title: "Latencystats", isDefault: false, fields: latencyStatsInfo),
            InfoSection(title: "Cluster", fields: { [("cluster_enabled", "0")] }),
            InfoSection(title: "Keyspace", fields: keyspaceInfo),
        ]
    }

    private func serverInfo() -> [(String, String)] {
        let uptime =
            (engine.clock.now.millisecondsSinceEpoch - startedAt.millisecondsSinceEpoch) / 1000
        let microseconds = engine.clock.microsecondsSinceEpoch
        let accessClock = engine.clock.now.millisecondsSinceEpoch / 1000 & 0xFF_FFFF
        return [
            ("redis_version", ServerVersion.redis), ("redis_git_sha1", "00000000"),
            ("redis_git_dirty", "0"), ("redis_build_id", "0"), ("redis_mode", "standalone"),
            ("os", ProcessFacts.operatingSystem), ("arch_bits", "\(Int.bitWidth)"),
            ("monotonic_clock", "POSIX clock_gettime"), ("multiplexing_api", "epoll"),
            ("atomicvar_api", "swift-synchronization"), ("gcc_version", "0.0.0"),
            ("process_id", "\(getpid())"),
            ("process_supervised", configuration.settings.supervision.rawValue), ("run_id", runID),
            ("tcp_port", "\(configuration.settings.port)"),
            ("server_time_usec", "\(microseconds)"), ("uptime_in_seconds", "\(uptime)"),
            ("uptime_in_days", "\(uptime / 86400)"),
            ("hz", "\(configuration.settings.frequencyHertz)"),
            ("configured_hz", "\(configuration.settings.frequencyHertz)"),
            ("lru_clock", "\(accessClock)"),
            ("executable", CommandLine.arguments.first ?? ""),
            ("config_file", configuration.filePath ?? ""), ("io_threads_active", "0"),
            ("holdfast_version", ServerVersion.holdfast),
        ]
    }

    private func clientsInfo() -> [(String, String)] {
        [
            ("connected_clients", "\(connections.count)"), ("cluster_connections", "0"),
            ("maxclients", "\(configuration.settings.maximumClients)"),
            (
                "client_recent_max_input_buffer",
                "\(connections.values.map(\.unreadBytes).max() ?? 0)"
            ),
            (
                "client_recent_max_output_buffer",
                "\(connections.values.map(\.pendingOutputBytes).max() ?? 0)"
            ),
            ("blocked_clients", "\(durabilityWaiters.count + engine.blockedClientCount)"),
            ("tracking_clients", "\(tracking.clientCount)"),
            ("clients_in_timeout_table", "0"),
        ]
    }

    private func persistenceInfo() -> [(String, String)] {
        let now = engine.clock.monotonicNanoseconds
        let running =
            saveState.running == .save ? Int((now &- saveState.runningSince) / 1_000_000_000) : -1
        let changes = engine.changes &- saveState.changesAtLastSave
        var fields: [(String, String)] = [
            ("loading", engine.isLoading ? "1" : "0"), ("async_loading", "0"),
            ("current_cow_peak", "\(saveState.frozenPeak.now)"),
            ("current_cow_size", "\(engine.keyspace.frozenBytes)"),
            ("current_cow_size_age", "0"), ("current_fork_perc", "0.00"),
            ("current_save_keys_processed", "0"), ("current_save_keys_total", "0"),
            ("rdb_changes_since_last_save", "\(changes)"),
            ("rdb_bgsave_in_progress", saveState.running == .save ? "1" : "0"),
            ("rdb_last_save_time", "\(saveState.lastSave.millisecondsSinceEpoch / 1000)"),
            ("rdb_last_bgsave_status", saveState.lastSucceeded ? "ok" : "err"),
            ("rdb_last_bgsave_time_sec", "\(saveState.lastSeconds)"),
            ("rdb_current_bgsave_time_sec", "\(running)"), ("rdb_saves", "\(saveState.saves)"),
            ("rdb_last_cow_size", "\(saveState.frozenPeak.last)"),
            ("rdb_last_load_keys_expired", "\(loading.report?.expiredKeys ?? 0)"),
            ("rdb_last_load_keys_loaded", "\(loading.report?.keys ?? 0)"),
        ]
        if let backend { fields += backend.status().fields.map { ($0.name, $0.value) } }
        if let place = fields.firstIndex(where: { $0.0 == "aof_rewrite_scheduled" }) {
            fields[place].1 = saveState.scheduled.contains(.rewrite) ? "1" : "0"
        }
        if !fields.contains(where: { $0.0 == "aof_enabled" }) {
            fields += [
                ("aof_enabled", "0"), ("aof_rewrite_in_progress", "0"),
                ("aof_rewrite_scheduled", "0"), ("aof_last_rewrite_time_sec", "-1"),
                ("aof_current_rewrite_time_sec", "-1"), ("aof_last_bgrewrite_status", "ok"),
                ("aof_last_write_status", "ok"), ("aof_last_cow_size", "0"),
            ]
        }
        fields += snapshotInfo(fields.map(\.0))
        fields += [("module_fork_in_progress", "0"), ("module_fork_last_cow_size", "0")]
        if engine.isLoading { fields += loadingInfo() }
        return fields
    }

    private func loadingInfo() -> [(String, String)] {
        let progress = loading.progress.value
        let share =
            progress.totalBytes == 0
            ? 0 : Double(progress.loadedBytes) / Double(progress.totalBytes)
        let elapsed =
            Double(
                engine.clock.now.millisecondsSinceEpoch - loading.startedAt.millisecondsSinceEpoch)
            / 1000
        let eta = share > 0 ? Int(elapsed / share - elapsed) : 1
        return [
            ("loading_start_time", "\(loading.startedAt.millisecondsSinceEpoch / 1000)"),
            ("loading_total_bytes", "\(progress.totalBytes)"), ("loading_rdb_used_mem", "0"),
            ("loading_loaded_bytes", "\(progress.loadedBytes)"),
            ("loading_loaded_perc", Figures.hundredths(share * 100)),
            ("loading_eta_seconds", "\(max(0, eta))"),
        ]
    }

    private func replicationInfo() -> [(String, String)] {
        [
            ("role", "master"), ("connected_slaves", "0"), ("master_failover_state", "no-failover"),
            ("master_replid", runID), ("master_replid2", String(repeating: "0", count: 40)),
            ("master_repl_offset", "0"), ("second_repl_offset", "-1"), ("repl_backlog_active", "0"),
            ("repl_backlog_size", "1048576"), ("repl_backlog_first_byte_offset", "0"),
            ("repl_backlog_histlen", "0"),
        ]
    }

    private func cpuInfo() -> [(String, String)] {
        let (system, user) = ProcessFacts.cpuSeconds
        // The loop's thread, which executes the commands and answers this one.
        let own = ProcessFacts.threadCPUSeconds
        return [
            ("used_cpu_sys", "\(system)"), ("used_cpu_user", "\(user)"),
            ("used_cpu_sys_children", "0.000000"), ("used_cpu_user_children", "0.000000"),
            ("used_cpu_sys_main_thread", own.system), ("used_cpu_user_main_thread", own.user),
        ]
    }

    private func keyspaceInfo() -> [(String, String)] {
        (0..<engine.keyspace.databaseCount).compactMap { database in
            let keys = engine.keyspace.keyCount(database: database)
            if keys == 0 { return nil }
            let deadlines = engine.keyspace.deadlineCount(database: database)
            return ("db\(database)", "keys=\(keys),expires=\(deadlines),avg_ttl=0")
        }
    }
}
