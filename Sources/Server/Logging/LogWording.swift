/// Lines that operators and test harnesses look for, worded as Redis words them; the one place for them.
///
/// Where 7.0 and 7.2 differ, a line contains what both are searched for.

/// The words of well-known log lines.
public enum LogWording {
    // MARK: start

    /// First line of a start.
    public static func starting(_ product: String) -> String {
        "oO0OoO0OoO0Oo \(product) is starting oO0OoO0OoO0Oo"
    }
    /// The versions, `redis` being the one that clients are told.
    public static func versions(redis: String, holdfast: String, pid: Int32) -> String {
        "Redis version=\(redis), bits=\(Int.bitWidth), commit=00000000, modified=0, pid=\(pid), "
            + "just started, Holdfast version=\(holdfast)"
    }
    /// A file or options were read.
    public static let configurationLoaded = "Configuration loaded"
    /// Nothing was.
    public static func noConfigurationFile(_ program: String) -> String {
        "Warning: no config file specified, using the default config. In order to specify a config "
            + "file use \(program) /path/to/redis.conf"
    }
    /// Standard input is about to be read.
    public static let readingStandardInput = "Reading config from stdin"
    /// Before loading; harnesses wait for `PID: n`.
    public static func running(port: Int) -> String { "Running mode=standalone, port=\(port)." }
    /// Before loading; harnesses wait for it.
    public static func processIdentifier(_ pid: Int32) -> String { "PID: \(pid)" }
    /// Sockets are open, the data isn't loaded yet.
    public static let serverInitialized = "Server initialized"
    /// `kind` is tcp, unix or tls.
    public static func readyToAccept(_ kind: String) -> String {
        "Ready to accept connections \(kind)"
    }
    /// Ready on a local socket.
    public static func readyAt(_ path: String) -> String {
        "The server is now ready to accept connections at \(path)"
    }
    /// A port can't be listened on.
    public static func failedListening(port: Int, kind: String = "tcp") -> String {
        "Failed listening on port \(port) (\(kind)), aborting."
    }
    /// One address can't be bound.
    public static func couldNotBind(address: String, port: Int, reason: String) -> String {
        "Warning: Could not create server TCP listening socket \(address):\(port): \(reason)"
    }
    /// A local socket can't be opened.
    public static func failedUnixSocket(_ reason: String) -> String {
        "Failed opening Unix socket: bind: \(reason)"
    }
    /// Nothing to listen on.
    public static let listeningNowhere =
        "Configured to not listen anywhere, exiting."

    // MARK: loading

    /// The log was replayed.
    public static func loadedFromAppendOnlyFile(seconds: Double) -> String {
        "DB loaded from append only file: \(milliseconds(seconds)) seconds"
    }
    /// A base was loaded.
    public static func loadedBase(_ name: String, seconds: Double) -> String {
        "DB loaded from base file \(name): \(milliseconds(seconds)) seconds"
    }
    /// An increment was replayed.
    public static func loadedIncrement(_ name: String, seconds: Double) -> String {
        "DB loaded from incr file \(name): \(milliseconds(seconds)) seconds"
    }
    /// A log that isn't one.
    public static func badFormat(_ name: String) -> String {
        "Bad file format reading the append only file \(name): make a backup of your AOF file, then "
            + "use ./redis-check-aof --fix <filename.manifest>"
    }
    /// A log that ends too early.
    public static func unexpectedEnd(_ name: String) -> String {
        "Unexpected end of file reading the append only file \(name). You can: 1) Make a backup of "
            + "your AOF file, then use ./redis-check-aof --fix <filename.manifest>. 2) Alternatively "
            + "you can set the 'aof-load-truncated' configuration option to yes and restart the server."
    }
    /// A torn tail was cut.
    public static func truncated(_ name: String) -> String {
        "!!! Warning: short read while loading the AOF file \(name)!!!"
    }
    /// For standard error: a manifest that can't be read.
    public static func manifestError(line: Int?, text: String, reason: String) -> String {
        let place = line.map { "Reading the manifest file, at line \($0)\n>>> '\(text)'\n" } ?? ""
        return "\n*** FATAL AOF MANIFEST FILE ERROR ***\n\(place)\(reason)\n"
    }

    // MARK: saving

    /// The snapshot was loaded.
    public static func loadedFromDisk(seconds: Double) -> String {
        "DB loaded from disk: \(milliseconds(seconds)) seconds"
    }
    /// A `save` point is reached.
    public static func savePoint(_ changes: Int, seconds: Int) -> String {
        "\(changes) changes in \(seconds) seconds. Saving..."
    }
    /// A save begins.
    public static func savingStarted(_ pid: Int32) -> String {
        "Background saving started by pid \(pid)"
    }
    /// The file is there.
    public static let saved = "DB saved on disk"
    /// A save has ended well.
    public static let savingSucceeded = "Background saving terminated with success"
    /// A save has failed.
    public static let savingFailed = "Background saving error"
    /// The end begins with a save.
    public static let finalSave = "Saving the final RDB snapshot before exiting."
    /// The last save waits for one that runs.
    public static let killingSave = "There is a child saving an .rdb. Killing it!"
    /// The last save failed, and SHUTDOWN doesn't insist.
    public static let finalSaveFailed = "Error trying to save the DB, can't exit."
    /// The last save failed, and SHUTDOWN insists.
    public static let finalSaveForced = "Error trying to save the DB. Exit anyway."

    // MARK: end

    /// A signal asks for the end.
    public static func signalReceived(_ name: String) -> String {
        "Received \(name) scheduling shutdown..."
    }
    /// A signal came before the data was loaded.
    public static let signalWhileLoading =
        "Received shutdown signal during loading, exiting now."
    /// The second signal.
    public static let insisted = "You insist... exiting now."
    /// SHUTDOWN, or the signal's turn.
    public static let shutdownRequested = "User requested shutdown..."
    /// The log is made durable.
    public static let finalSync = "Calling fsync() on the AOF file."
    /// The pid file goes.
    public static let removingPidFile = "Removing the pid file."
    /// The local socket goes.
    public static let removingUnixSocket = "Removing the unix socket file."
    /// The last line.
    public static func goodbye(_ product: String) -> String {
        "\(product) is now ready to exit, bye bye..."
    }

    // MARK: CONFIG

    /// CONFIG REWRITE worked.
    public static let rewriteSucceeded = "CONFIG REWRITE executed with success."
    /// CONFIG REWRITE failed.
    public static func rewriteFailed(_ reason: String) -> String {
        "CONFIG REWRITE failed: \(reason)"
    }

    private static func milliseconds(_ seconds: Double) -> String {
        let count = Int((seconds * 1000).rounded())
        let fraction = String(count % 1000)
        return "\(count / 1000)." + String(repeating: "0", count: 3 - fraction.count) + fraction
    }
}
