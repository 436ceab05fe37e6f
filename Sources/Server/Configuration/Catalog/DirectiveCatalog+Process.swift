/// Directives about the process: how it runs, logs and ends.

extension DirectiveCatalog {
    static let process: [Directive] = [
        .flag("daemonize", is: .immutable, false, { $0.daemonizes = $1 }),
        .text(
            "pidfile", is: .immutable, nil,
            project: { $1.pidFilePath = $0 == .absent ? nil : $0.printedText }),
        .choice(
            "supervised", is: .immutable, ["upstart", "systemd", "auto", "no"], "no",
            { $0.supervision = $1 }),
        .special(
            "dir", is: [.protected, .deniedWhileLoading], .directory, .text("."),
            check: { (value, environment) throws(ConfigurationRefusal) in
                .text(try environment.changeDirectory(value.printedText))
            },
            project: { $1.backend.directory = $0.printedText }),
        .integer("databases", is: .immutable, 1...Bound.int, 16, { $0.databases = $1 }),
        .choice(
            "loglevel", ["debug", "verbose", "notice", "warning", "nothing"], "notice",
            { $0.logLevel = $1 }),
        .text("logfile", is: .immutable, "", { $0.logFilePath = $1 }),
        .flag("syslog-enabled", is: .immutable, false),
        .text("syslog-ident", is: .immutable, "redis"),
        .choice(
            "syslog-facility", is: .immutable,
            [
                "user", "local0", "local1", "local2", "local3", "local4", "local5", "local6",
                "local7",
            ], "local0"),
        .flag("always-show-logo", is: .immutable, false, { $0.alwaysShowsLogo = $1 }),
        .flag("set-proc-title", is: .immutable, true, { $0.setsProcessTitle = $1 }),
        .text(
            "proc-title-template", "{title} {listen-addr} {server-mode}",
            check: Directive.refusing { template in
                ProcessTitle.isValid(template)
                    ? nil : "template format is invalid or contains unknown variables"
            },
            { $0.processTitleTemplate = $1 }),
        .integer("shutdown-timeout", 0...Bound.int, 10, { $0.shutdownTimeoutSeconds = $1 }),
        shutdown("shutdown-on-sigint") { $1.shutdownOnInterrupt = ShutdownMode($0) },
        shutdown("shutdown-on-sigterm") { $1.shutdownOnTerminate = ShutdownMode($0) },
        .flag("crash-log-enabled", true),
        .flag("crash-memcheck-enabled", true),
        .flag("use-exit-on-panic", is: .hidden, false),
        .integer("watchdog-period", is: .hidden, 0...Bound.int, 0),
        .flag("enable-debug-assert", is: [.immutable, .hidden], false),
        .text("debug-context", is: .hidden, ""),
        .flag("disable-thp", is: .immutable, true),
        .text("ignore-warnings", ""),
        .choice(
            "oom-score-adj", ["no", "yes", "absolute"], "no", synonyms: ["relative": "yes"]),
        .special(
            "oom-score-adj-values", is: .severalWords, .outOfMemoryScores, .words("0 200 800")),
        .text("server_cpulist", is: .immutable, nil),
        .text("bio_cpulist", is: .immutable, nil),
        .text("aof_rewrite_cpulist", is: .immutable, nil),
        .text("bgsave_cpulist", is: .immutable, nil),
        .text("locale-collate", ""),
    ]

    private static func shutdown(
        _ name: String, _ project: @escaping Directive.Projection
    ) -> Directive {
        Directive(
            name, alias: nil, .choices(["default", "save", "nosave", "now", "force"]),
            .severalWords, default: .choices(["default"]),
            check: { (value, _) throws(ConfigurationRefusal) in
                if ShutdownMode(value).isSuperset(of: [.save, .nosave]) {
                    throw ConfigurationRefusal(
                        "shutdown options SAVE and NOSAVE can't be used simultaneously")
                }
                return value
            },
            project: project)
    }
}

extension ShutdownMode {
    /// The mode that a value's words spell.
    fileprivate init(_ value: DirectiveValue) {
        guard case .choices(let words) = value else {
            self = []
            return
        }
        self.init(words: words)
    }
}
