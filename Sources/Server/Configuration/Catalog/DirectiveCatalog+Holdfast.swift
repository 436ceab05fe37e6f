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
        .text("snapshot-dir", is: .protected, "", { $0.snapshotDirectory = $1 }),
    ]
}
