/// Directives about replication: accepted and checked, not acted on yet.

extension DirectiveCatalog {
    static let replication: [Directive] = [
        .special(
            "replicaof", or: "slaveof", is: [.immutable, .severalWords], .replicaOf, .words("")),
        .text("masterauth", is: .sensitive, nil),
        .text("masteruser", is: .sensitive, nil),
        .text("replica-announce-ip", or: "slave-announce-ip", nil),
        .integer("replica-announce-port", or: "slave-announce-port", 0...65_535, 0),
        .flag("replica-announced", true),
        .integer("replica-priority", or: "slave-priority", 0...Bound.int, 100),
        .flag("replica-lazy-flush", or: "slave-lazy-flush", false),
        .flag("replica-serve-stale-data", or: "slave-serve-stale-data", true),
        .flag("replica-read-only", or: "slave-read-only", true),
        .flag("replica-ignore-maxmemory", or: "slave-ignore-maxmemory", true),
        .flag("replica-ignore-disk-write-errors", false),
        .choice(
            "propagation-error-behavior", ["ignore", "panic", "panic-on-replicas"], "ignore"),
        .flag("repl-disable-tcp-nodelay", false),
        .flag("repl-diskless-sync", true),
        .integer("repl-diskless-sync-delay", 0...Bound.int, 5),
        .integer("repl-diskless-sync-max-replicas", 0...Bound.int, 0),
        .choice(
            "repl-diskless-load", is: .deniedWhileLoading, ["disabled", "on-empty-db", "swapdb"],
            "disabled"),
        .integer("repl-timeout", 1...Bound.int, 60),
        .integer("repl-ping-replica-period", or: "repl-ping-slave-period", 1...Bound.int, 10),
        .memory(
            "repl-backlog-size", 1...Bound.size, 1 << 20,
            check: { (value, _) throws(ConfigurationRefusal) in
                // Less than 16 KB is raised to that, not refused.
                guard case .memory(let bytes) = value else { return value }
                return .memory(max(bytes, 16 << 10))
            }),
        .integer("repl-backlog-ttl", 0...Bound.long, 3_600),
        .integer("min-replicas-to-write", or: "min-slaves-to-write", 0...Bound.int, 0),
        .integer("min-replicas-max-lag", or: "min-slaves-max-lag", 0...Bound.int, 10),
        .flag("close-on-replica-write", is: .hidden, true),
    ]
}
