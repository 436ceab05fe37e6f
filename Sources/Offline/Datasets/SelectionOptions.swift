/// The options that choose and change keys, as a tool takes them.
import ArgumentParser
import Digest
import Persistence
import Records
import Synchronization

/// See the file's header.
public struct SelectionOptions: ParsableArguments {
    /// `--db`.
    @Option(help: "Only keys of this database; may be given several times.")
    public var db: [Int] = []
    /// `--match`.
    @Option(help: "Only keys that match this pattern, as KEYS has it; several: one of them.")
    public var match: [String] = []
    /// `--exclude`.
    @Option(help: "No keys that match this pattern.")
    public var exclude: [String] = []
    /// `--type`.
    @Option(help: "Only keys of this type: string, list, set, zset, hash, stream.")
    public var type: [String] = []
    /// `--expired`.
    @Option(help: "Keys and fields past their deadline: keep, drop; only: those keys alone.")
    public var expired: Selection.Expired = .keep
    /// `--ttl`.
    @Option(
        help: ArgumentHelp(
            "Deadlines: keep; shift (as far ahead as when the source was written), shift:SECONDS; freeze (what "
                + "hadn't expired then stays for good); drop (no deadlines at all).",
            valueName: "what"))
    public var ttl = "keep"
    /// `--rename`.
    @Option(
        help: ArgumentHelp(
            "New names: s/PATTERN/REPLACEMENT/, with g for every place; several in a row.",
            valueName: "rule"))
    public var rename: [String] = []
    /// `--rebase-db`.
    @Option(
        name: .customLong("rebase-db"),
        help: ArgumentHelp(
            "New databases: FROM=TO, several; or TO for all others.", valueName: "db"))
    public var rebase: [String] = []

    /// The options as they are when nobody gives any.
    public init() {}

    /// Whether nothing is chosen or changed.
    public var isEverything: Bool {
        db.isEmpty && match.isEmpty && exclude.isEmpty && type.isEmpty && expired == .keep
            && ttl == "keep" && rename.isEmpty && rebase.isEmpty
    }

    /// What they choose of a source.
    ///
    /// - Throws: `ToolFailure` of usage.
    public func selection(of source: OpenDataset) throws -> Selection {
        let clock = SystemClock()
        var selection = Selection()
        selection.now = clock.now
        selection.databases = db.isEmpty ? nil : Set(db)
        selection.match = match.map { Array($0.utf8) }
        selection.exclude = exclude.map { Array($0.utf8) }
        selection.expired = expired
        selection.renames = try rename.map { try KeyRename($0) }
        if !type.isEmpty { selection.types = Set(try type.map(Self.type)) }
        for rule in rebase {
            let numbers = rule.split(separator: "=", omittingEmptySubsequences: false).map {
                Int($0) ?? -1
            }
            guard numbers.allSatisfy({ (0..<(1 << 20)).contains($0) }), numbers.count <= 2,
                let to = numbers.last
            else {
                throw ToolFailure(.usage, "'\(rule)' is no change of databases: FROM=TO, or TO")
            }
            if numbers.count == 2 {
                selection.rebase[numbers[0]] = to
            } else {
                selection.rebaseAll = to
            }
        }
        selection.deadlines = try deadlines(source, clock.now)
        return selection
    }

    private static func type(_ name: String) throws -> DatasetType {
        guard let type = DatasetType.allCases.first(where: { $0.name == name }) else {
            throw ToolFailure(
                .usage,
                "There is no type '\(name)'; there are "
                    + DatasetType.allCases.map(\.name).joined(separator: ", "))
        }
        return type
    }

    private func deadlines(_ source: OpenDataset, _ now: Deadline) throws -> Selection.Deadlines {
        let words = ttl.split(separator: ":", omittingEmptySubsequences: false)
        if words.count == 2, words[0] == "shift", let seconds = Int64(words[1]),
            seconds.magnitude < 1 << 40
        {
            return .shift(seconds * 1000)
        }
        let written = source.contents.header.frozenAt
        switch ttl {
        case "keep": return .keep
        case "drop": return .drop
        case "shift", "freeze":
            if written.millisecondsSinceEpoch <= 0 {
                throw ToolFailure(
                    .usage,
                    "\(source.path) doesn't say when it was written: use --ttl shift:SECONDS")
            }
            return ttl == "freeze"
                ? .freeze(written)
                : .shift(now.millisecondsSinceEpoch - written.millisecondsSinceEpoch)
        default:
            throw ToolFailure(
                .usage,
                "'\(ttl)' is nothing to do with deadlines: keep, shift, shift:SECONDS, freeze, drop"
            )
        }
    }
}

extension Selection.Expired: ExpressibleByArgument {}

/// A progress bar that readers tell from their own threads, one at a time.
public final class ProgressRelay: Sendable {
    private let bar: Mutex<Box>

    private struct Box: @unchecked Sendable {
        // BECAUSE: used under the lock only.
        let bar: ProgressBar
    }

    /// Moves `bar`.
    public init(_ bar: ProgressBar) { self.bar = Mutex(Box(bar: bar)) }

    /// So far it is.
    public func move(_ progress: RecoveryProgress) {
        bar.withLock { $0.bar.move(to: progress.loadedBytes, of: progress.totalBytes) }
    }
}
