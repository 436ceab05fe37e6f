/// A conversion from its beginning to its end: the source read and checked, what is lost found and agreed to, the
/// target written and read back, digests compared.
import Backends
import Bytes
import Digest
import Persistence
import Records

/// Converts a dataset; see the file's header.
public struct Conversion {
    /// What is chosen and changed.
    public var selection = Selection()
    /// Whether losses are agreed to.
    public var allowsLoss = false
    /// Whether what has the output's name goes.
    public var replaces = false
    /// Told how far it is, and at what.
    public var progress: @Sendable (String, RecoveryProgress) -> Void = { _, _ in }

    /// A conversion of everything as it is.
    public init() {}

    /// What came of it.
    public struct Result {
        /// The source.
        public let source: OpenDataset
        /// What it was written as.
        public let target: DatasetTarget
        /// Where to; nil: standard output.
        public let path: String?
        /// What couldn't be held.
        public let losses: [DatasetLoss]
        /// Digest and counts of what was written.
        public let report: DigestReport
        /// Its bytes.
        public let bytes: Int
        /// Wall time of all, in seconds.
        public let seconds: Double
        /// Whether source and target have the same digest, which was compared; false: something was chosen or changed.
        public let isSame: Bool

        /// What an operator should know.
        public var warnings: [String] {
            source.contents.warnings
                + source.damages.map {
                    "left out: \($0.path), offset \($0.offset), \($0.length) bytes: \($0.reason)"
                }
        }
    }

    /// Refuses an output that is there.
    ///
    /// - Throws: `ToolFailure`.
    public func checkOutput(_ path: String) throws {
        guard let status = try SystemFileSystem().status(path) else { return }
        if status.isDirectory {
            throw ToolFailure(.unusable, "\(path): a directory has the output's name")
        }
        if !replaces {
            throw ToolFailure(
                .unusable, "\(path): the output is there already (--force replaces it)")
        }
    }

    /// Writes `source` as `target` to `path`.
    ///
    /// - Parameters:
    ///   - path: nil: standard output.
    ///   - report: told of losses before anything is written.
    /// - Throws: `ToolFailure` where losses aren't agreed to; `PersistenceError`.
    public func run(
        _ source: OpenDataset, as target: DatasetTarget, to path: String?,
        losing report: ([DatasetLoss]) throws -> Void
    ) throws -> Result {
        let clock = SystemClock()
        let began = clock.monotonicNanoseconds
        let losses = try LossSurvey.run(source, selection, target)
        try report(losses)
        if !losses.isEmpty && !allowsLoss {
            throw ToolFailure(
                .unusable,
                "\(target.name) can't hold \(Figures.counted(losses.count, "thing")) of "
                    + "\(source.path); --allow-loss writes it without")
        }
        let isWhole = selection.isEverything && target.limits == ValueLimits()
        var view = source.view
        if !isWhole {
            let selected = SelectedDataset(source.view, selection, target.limits)
            if selection.movesKeys { try selected.checkNames() }
            view = selected
        }
        var writer = DatasetWriter(view, as: target, header(source, clock.now)) { [progress] in
            progress("verifying", $0)
        }
        if isWhole { writer.approve = { try Self.compare($0, with: source) } }
        let written = try path.map { try writer.write(to: $0) } ?? writer.writeToOutput()
        let isSame = isWhole || written.report.digest.root == source.report.digest.root
        let nanoseconds = clock.monotonicNanoseconds &- began
        return Result(
            source: source, target: target, path: path, losses: losses, report: written.report,
            bytes: written.bytes, seconds: source.seconds + Double(nanoseconds) / 1e9,
            isSame: isSame)
    }

    /// Whether what was written is what is in the source.
    private static func compare(_ written: DigestReport, with source: OpenDataset) throws {
        let root = written.digest.root
        if written.counts == source.report.counts {
            if source.isDigested && root == source.report.digest.root { return }
            // The walk over the source was the first to digest it.
            if !source.isDigested {
                return try SnapshotLibrary.compare(
                    root, with: source.contents.digest, source.path)
            }
        }
        throw PersistenceError(
            .corrupt,
            "What was written has \(written.counts.keys) keys and the digest \(root.hex), which isn't what "
                + "was read", path: source.path,
            remedy: "The source was changed meanwhile, or this machine's memory is bad: try again")
    }

    private func header(_ source: OpenDataset, _ now: Deadline) -> SnapshotHeader {
        let known = source.contents.header
        let isTimed = known.frozenAt.millisecondsSinceEpoch > 0
        var header = SnapshotHeader(
            version: ProductVersion.text, serverID: known.serverID, sequence: known.sequence,
            frozenAt: isTimed ? known.frozenAt : now)
        header.functionLibraries = known.functionLibraries
        return header
    }
}
