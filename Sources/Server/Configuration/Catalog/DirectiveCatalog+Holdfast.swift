/// Holdfast's own directives.

extension DirectiveCatalog {
    /// The directive that names the backend.
    static let backendName = "backend"

    static let holdfast: [Directive] = [
        .text(
            backendName, is: [.actedOn], nil,
            check: { (value, environment) throws(ConfigurationRefusal) in
                let offered = environment.backends.names
                let name = value.printedText.lowercased()
                guard value != .absent, offered.contains(name) else {
                    throw ConfigurationRefusal(
                        "this server has no backend '\(value.printedText)'; it has "
                            + offered.joined(separator: ", "))
                }
                return .text(name)
            }),
        .special(
            "aof-history-keep", .historyKeep, .text("0"),
            project: { value, settings in
                settings.backend.historyKeepSeconds = nil
                settings.backend.historyKeepBytes = nil
                switch HistoryKeep(value.printedText) {
                case .seconds(let age): settings.backend.historyKeepSeconds = age
                case .bytes(let size): settings.backend.historyKeepBytes = size
                case .nothing, nil: break
                }
            }),
        .flag("json-sorted", false, { $0.backend.sortsText = $1 }),
        .choice(
            "rdb-version", ["auto", "10", "11", "12"], "auto",
            { $0.backend.snapshotVersion = $1 }),
        .integer("compressed-level", 0...9, 1, { $0.backend.compressionLevel = $1 }),
        .flag("command-cpu-tracking", false, { $0.tracksCommandCPU = $1 }),
        .memory(
            "sqlite-wal-limit", 1_048_576...1_099_511_627_776, 1 << 30,
            { $0.backend.databaseLogLimitBytes = $1 }),
        .flag("sql-command", is: .protected, false, { $0.answersQueries = $1 }),
        .integer(
            "sql-time-limit", is: .protected, 1...3_600_000, 1000,
            { $0.queryLimits.milliseconds = $1 }),
        .integer(
            "sql-max-rows", is: .protected, 1...1_000_000_000, 10_000, { $0.queryLimits.rows = $1 }),
        .memory(
            "sql-max-bytes", is: .protected, 1024...1_073_741_824, 16 << 20,
            { $0.queryLimits.bytes = $1 }),
        .text("snapshot-dir", is: .protected, "", { $0.snapshotDirectory = $1 }),
    ]
}
