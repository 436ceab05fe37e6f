/// INFO: the names that clients and monitors rely on are there.
import NIOCore
import NIOEmbedded
import Testing

@testable import Server

@Suite("INFO")
struct InfoTests {
    /// Sections in Redis's order; those that only `all` shows are marked.
    private static let titles = [
        "Server", "Clients", "Memory", "Persistence", "Stats", "Replication", "CPU", "Modules",
        "Commandstats", "Errorstats", "Latencystats", "Cluster", "Keyspace",
    ]

    @Test("all sections stand in Redis's order; by default without those of single commands")
    func sections() throws {
        let world = try ServerWorld()
        let client = try world.connect()
        #expect(titles(try world.ask(client, "INFO everything")) == Self.titles)
        #expect(titles(try world.ask(client, "INFO all")) == Self.titles)
        let standard = Self.titles.filter { $0 != "Commandstats" && $0 != "Latencystats" }
        #expect(titles(try world.ask(client, "INFO")) == standard)
        #expect(titles(try world.ask(client, "INFO default commandstats")).count == 12)
        #expect(titles(try world.ask(client, "INFO keyspace SERVER")) == ["Server", "Keyspace"])
        #expect(titles(try world.ask(client, "INFO nonsense")).isEmpty)
    }

    @Test(
        "fields that libraries and monitors read are there",
        arguments: [
            "redis_version:7.2", "redis_mode:standalone", "process_id:", "run_id:", "tcp_port:",
            "uptime_in_seconds:", "holdfast_version:", "connected_clients:1", "blocked_clients:0",
            "maxclients:", "used_memory:", "used_memory_human:", "used_memory_rss:",
            "used_memory_peak:", "used_memory_dataset:", "total_system_memory:", "maxmemory:0",
            "maxmemory_policy:noeviction", "mem_fragmentation_ratio:", "mem_clients_normal:",
            "frozen_bytes:0", "loading:0", "async_loading:0", "rdb_changes_since_last_save:",
            "rdb_bgsave_in_progress:0", "rdb_last_save_time:", "rdb_last_bgsave_status:ok",
            "aof_enabled:", "aof_rewrite_in_progress:0", "aof_last_write_status:ok",
            "total_connections_received:", "total_commands_processed:",
            "instantaneous_ops_per_sec:", "instantaneous_input_kbps:", "total_net_input_bytes:",
            "rejected_connections:0", "expired_keys:0", "evicted_keys:0", "keyspace_hits:",
            "keyspace_misses:", "latest_fork_usec:", "total_error_replies:1",
            "holdfast_max_command_cpu_us:", "role:master", "connected_slaves:0",
            "master_replid:", "used_cpu_sys:", "used_cpu_user_main_thread:", "cmdstat_set:calls=1,",
            "errorstat_ERR:count=1", "latency_percentiles_usec_set:p50=", "cluster_enabled:0",
            "db0:keys=1,expires=0,avg_ttl=0",
        ])
    func fields(field: String) throws {
        let world = try ServerWorld()
        world.backend.releasesAtOnce = true
        let client = try world.connect()
        _ = try world.ask(client, "SET k v")
        _ = try world.ask(client, "NONSENSE")
        let lines = try world.ask(client, "INFO all").split(separator: "\r\n")
        #expect(lines.contains { $0.hasPrefix(field) })
    }

    private func titles(_ reply: String) -> [String] {
        reply.split(separator: "\r\n").filter { $0.hasPrefix("# ") }.map { String($0.dropFirst(2)) }
    }
}
