/// Directives about the cluster: accepted and checked, not acted on.

extension DirectiveCatalog {
    static let cluster: [Directive] = [
        .flag("cluster-enabled", is: .immutable, false),
        .text("cluster-config-file", is: .immutable, "nodes.conf"),
        .integer("cluster-node-timeout", 0...Bound.long, 15_000),
        .integer("cluster-port", is: .immutable, 0...65_535, 0),
        .text("cluster-announce-ip", nil),
        .integer("cluster-announce-port", 0...65_535, 0),
        .integer("cluster-announce-bus-port", 0...65_535, 0),
        .integer("cluster-announce-tls-port", 0...65_535, 0),
        .text("cluster-announce-hostname", nil, check: hostName("Hostnames")),
        .text("cluster-announce-human-nodename", nil, check: hostName("Human-readable names")),
        .choice(
            "cluster-preferred-endpoint-type", ["ip", "hostname", "unknown-endpoint"], "ip"),
        .flag("cluster-require-full-coverage", true),
        .flag("cluster-replica-no-failover", or: "cluster-slave-no-failover", false),
        .integer(
            "cluster-replica-validity-factor", or: "cluster-slave-validity-factor",
            0...Bound.int, 10),
        .integer("cluster-migration-barrier", 0...Bound.int, 1),
        .flag("cluster-allow-replica-migration", true),
        .flag("cluster-allow-reads-when-down", false),
        .flag("cluster-allow-pubsubshard-when-down", true),
        .memory("cluster-link-sendbuf-limit", 0...UInt64.max, 0),
    ]

    private static func hostName(_ kind: String) -> Directive.Check {
        Directive.refusing { name in
            if name.utf8.count >= 256 { return "\(kind) must be less than 256 characters" }
            let isPlain = name.utf8.allSatisfy { byte in
                (byte | 0x20) &- 97 < 26 || byte &- 48 < 10 || byte == UInt8(ascii: "-")
                    || byte == UInt8(ascii: ".")
            }
            return isPlain
                ? nil : "\(kind) may only contain alphanumeric characters, hyphens or dots"
        }
    }
}
