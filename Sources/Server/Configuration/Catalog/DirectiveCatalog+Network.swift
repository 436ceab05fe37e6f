/// Directives about listening, connections and who may do what.

extension DirectiveCatalog {
    static let network: [Directive] = [
        .integer("port", 0...65_535, 6_379, { $0.port = $1 }),
        .special(
            "bind", is: .severalWords, .addresses, .words("* -::*"),
            project: { $1.bindAddresses = $0.listed }),
        .text("bind-source-addr", nil),
        .text(
            "unixsocket", is: .immutable, nil,
            project: { $1.unixSocketPath = $0 == .absent ? nil : $0.printedText }),
        Directive(
            "unixsocketperm", alias: nil, .octal(0...0o777), .immutable, default: .octal(0),
            project: { value, settings in
                if case .octal(let mode) = value { settings.unixSocketPermissions = Int(mode) }
            }),
        .flag("protected-mode", true, { $0.isProtected = $1 }),
        .integer("tcp-keepalive", 0...Bound.int, 300, { $0.keepaliveSeconds = $1 }),
        .integer("tcp-backlog", is: .immutable, 0...Bound.int, 511, { $0.listenBacklog = $1 }),
        .integer("timeout", 0...Bound.int, 0, { $0.idleTimeoutSeconds = $1 }),
        .integer("maxclients", 1...Int64(UInt32.max), 10_000, { $0.maximumClients = $1 }),
        .integer("socket-mark-id", is: .immutable, 0...Int64(UInt32.max), 0),
        .special(
            "client-output-buffer-limit", is: .severalWords, .outputBufferLimits,
            .words("normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60"),
            project: { $1.outputBufferLimits = OutputBufferLimits($0) }),
        .memory(
            "client-query-buffer-limit", (1 << 20)...Bound.size, 1 << 30,
            { $0.maximumQueryBufferBytes = $1 }),
        .memory(
            "proto-max-bulk-len", (1 << 20)...Bound.size, 512 << 20, { $0.maximumBulkBytes = $1 }),
        .text(
            "requirepass", is: .sensitive, nil,
            project: { $1.password = $0 == .absent ? nil : $0.printed }),
        .text("aclfile", is: .immutable, "") { $0.accessFilePath = $1 },
        .choice(
            "acl-pubsub-default", ["allchannels", "resetchannels"], "resetchannels",
            { $0.channelsOfNewUsers = $1 }),
        .integer("acllog-max-len", 0...Bound.long, 128, { $0.accessLogLength = $1 }),
        .choice(
            "enable-debug-command", is: .immutable, ["no", "yes", "local"], "no",
            { $0.debugCommand = $1 }),
        .choice(
            "enable-protected-configs", is: .immutable, ["no", "yes", "local"], "no",
            { $0.protectedConfigs = $1 }),
        .choice("enable-module-command", is: .immutable, ["no", "yes", "local"], "no"),
        .integer("io-threads", is: .immutable, 1...128, 1),
        .flag("io-threads-do-reads", is: .immutable, false),
        .integer(
            "tracking-table-max-keys", 0...Bound.long, 1_000_000, { $0.maximumTrackedKeys = $1 }),
    ]
}
