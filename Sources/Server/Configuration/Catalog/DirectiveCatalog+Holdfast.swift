/// Holdfast's own directives.

extension DirectiveCatalog {
    /// The directive that names the backend.
    static let backendName = "backend"

    static let holdfast: [Directive] =
        [
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
                "sql-max-rows", is: .protected, 1...1_000_000_000, 10_000,
                { $0.queryLimits.rows = $1 }),
            .memory(
                "sql-max-bytes", is: .protected, 1024...1_073_741_824, 16 << 20,
                { $0.queryLimits.bytes = $1 }),
            .text("snapshot-dir", is: .protected, "", { $0.snapshotDirectory = $1 }),
            .integer(
                "snapshot-restore-max-hold", 1...86400, 60, { $0.restorationHoldSeconds = $1 }),
            .memory("frozen-memory-limit", 0...UInt64.max, 0, { $0.frozenLimitBytes = $1 }),
        ] + backups

    private static let backups: [Directive] = [
        .text(
            "backup-schedule", "",
            check: Directive.refusing { text in
                BackupSchedule(text) == nil
                    ? "argument must be an interval (30m, 1h, 2d, 900) or five fields of cron, or empty"
                    : nil
            },
            { $0.backupSchedule = BackupSchedule($1) ?? .off }),
        .text(
            "backup-format", "",
            check: { (value, environment) throws(ConfigurationRefusal) in
                let offer = environment.backends
                let name = value.printedText.lowercased()
                let formats = offer.names.filter { $0 != offer.nothing }
                if !name.isEmpty && !formats.contains(name) {
                    throw ConfigurationRefusal(
                        "argument must be empty or one of " + formats.joined(separator: ", "))
                }
                return .text(name)
            },
            { $0.backupFormat = $1 }),
        .text("backup-dir", is: .protected, "", { $0.backupDirectory = $1 }),
        .integer("backup-keep-last", 0...Bound.int, 7, { $0.backupRetention.last = $1 }),
        .integer("backup-keep-hourly", 0...Bound.int, 0, { $0.backupRetention.hourly = $1 }),
        .integer("backup-keep-daily", 0...Bound.int, 0, { $0.backupRetention.daily = $1 }),
    ]
}
