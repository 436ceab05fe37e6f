/// Directives about what is kept on disk and when.
import Persistence

extension DirectiveCatalog {
    static let persistence: [Directive] = [
        .flag("appendonly", is: .deniedWhileLoading, false, { $0.isAppendOnly = $1 }),
        .choice(
            "appendfsync", ["everysec", "always", "no"], "everysec", { $0.backend.syncPolicy = $1 }),
        .text(
            "appendfilename", is: .immutable, "appendonly.aof",
            check: baseName("appendfilename", "filename"), { $0.backend.appendFileName = $1 }),
        .text(
            "appenddirname", is: .immutable, "appendonlydir",
            check: baseName("appenddirname", "dirname"), { $0.backend.appendDirectoryName = $1 }),
        .integer(
            "auto-aof-rewrite-percentage", 0...Bound.int, 100, { $0.backend.rewritePercentage = $1 }
        ),
        .memory(
            "auto-aof-rewrite-min-size", 0...Bound.size, 64 << 20,
            { $0.backend.rewriteMinimumBytes = $1 }),
        .flag("aof-load-truncated", true, { $0.backend.loadsTruncated = $1 }),
        .flag("aof-timestamp-enabled", false, { $0.backend.writesTimestamps = $1 }),
        .flag("aof-use-rdb-preamble", true, { $0.backend.writesSnapshotBases = $1 }),
        .flag("no-appendfsync-on-rewrite", false, { $0.backend.skipsSyncDuringRewrite = $1 }),
        .flag("aof-rewrite-incremental-fsync", true, { $0.syncsRewriteInSteps = $1 }),
        .flag("aof-disable-auto-gc", false),
        .special(
            "save", is: .severalWords, .savePoints, .words("3600 1 300 100 60 10000"),
            project: {
                $1.savePoints = $0.savePoints
                $1.backend.hasSavePoints = !$1.savePoints.isEmpty
            }),
        .flag("stop-writes-on-bgsave-error", true, { $0.backend.stopsWritesOnSaveError = $1 }),
        .text(
            "dbfilename", is: .protected, "dump.rdb",
            check: Directive.refusing { name in
                name.contains("/") ? "dbfilename can't be a path, just a filename" : nil
            },
            { $0.backend.snapshotFileName = $1 }),
        .flag("rdbcompression", true, { $0.backend.compressesStrings = $1 }),
        .flag("rdbchecksum", is: .immutable, true, { $0.backend.checksumsSnapshots = $1 }),
        .flag("rdb-del-sync-files", false),
        .flag("rdb-save-incremental-fsync", true),
        .integer("rdb-key-save-delay", is: .hidden, -Bound.int - 1...Bound.int, 0),
        .integer("key-load-delay", is: .hidden, -Bound.int - 1...Bound.int, 0),
        .integer(
            "loading-process-events-interval-bytes", is: .hidden, 1_024...Bound.int, 2 << 20),
        .choice("sanitize-dump-payload", ["no", "yes", "clients"], "no"),
    ]

    /// Refuses the empty name and anything that isn't a name within its folder.
    private static func baseName(_ name: String, _ kind: String) -> Directive.Check {
        Directive.refusing { text in
            if text.isEmpty { return "\(name) can't be empty" }
            return text.contains("/") ? "\(name) can't be a path, just a \(kind)" : nil
        }
    }
}
