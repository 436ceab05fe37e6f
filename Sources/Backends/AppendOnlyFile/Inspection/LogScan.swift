/// A look at a whole log: each of its files, in the order of replay, and what they are to each other.
import Bytes
import Persistence

/// What a look at a log found.
public struct LogScan: Sendable {
    /// Its files in force.
    public internal(set) var parts: [PartFinding] = []
    /// What to know about the log as a whole.
    public internal(set) var notes: [String] = []
    /// Bytes read.
    public internal(set) var bytes = 0

    /// Whether nothing was found that a server's own rules have to judge.
    public var isRegular: Bool { notes.isEmpty && !parts.contains(where: \.isIrregular) }
    /// All damaged regions.
    public var regions: [LogRegion] { parts.flatMap(\.regions) }
    /// Records in force.
    public var records: Int { parts.reduce(0) { $0 + $1.records } }

    /// Reads all files of `source`.
    ///
    /// - Parameters:
    ///   - vocabulary: the commands that exist.
    ///   - progress: told how far it is.
    /// - Throws: `.io`.
    public static func run(
        _ source: LogSource, vocabulary: any CommandVocabulary, _ disk: any FileSystem,
        progress: @escaping (RecoveryProgress) -> Void = { _ in }
    ) throws(PersistenceError) -> LogScan {
        try run(source, vocabulary: vocabulary, visitor: nil, disk, progress: progress)
    }

    /// As `run`, with everything handed to a visitor.
    static func run(
        _ source: LogSource, vocabulary: any CommandVocabulary, visitor: (any LogScanVisitor)?,
        _ disk: any FileSystem, progress: @escaping (RecoveryProgress) -> Void = { _ in }
    ) throws(PersistenceError) -> LogScan {
        var scan = LogScan()
        let state = LogScanner.State()
        state.isKnown = source.shape == .multiPart && source.manifest.isOurs
        let present = try source.presentParts(disk)
        var total = RecoveryProgress(
            loadedBytes: 0, totalBytes: present.reduce(0) { $0 + $1.size })
        let paths = Set(present.map(\.part.path))
        for (index, part) in source.parts.enumerated() {
            guard paths.contains(part.path) else {
                var finding = PartFinding(part)
                finding.kind = .missing
                finding.isIrregular = true
                var region = LogRegion(part.path, 0, 0, "the file isn't there")
                region.hidesDatabase = true
                finding.regions = [region]
                try visitor?.damage(region, healed: nil)
                scan.parts.append(finding)
                continue
            }
            let scanner = try LogScanner(
                part, state: state, vocabulary: vocabulary, visitor: visitor, disk
            ) { count in
                total.loadedBytes += count
                progress(total)
            }
            let next = index + 1 < source.parts.count ? source.parts[index + 1] : nil
            try scanner.run(
                limit: next.flatMap { paths.contains($0.path) ? $0 : nil }
                    .flatMap { (part) throws(PersistenceError) in try firstSequence(part, disk) })
            scan.bytes += scanner.window.size
            scan.parts.append(scanner.finding)
        }
        scan.lookAround(source)
        return scan
    }

    /// Sequence of the first group in an increment of ours; nil where there is none to be read.
    private static func firstSequence(
        _ part: LogSource.Part, _ disk: any FileSystem
    ) throws(PersistenceError) -> UInt64? {
        let window = try LogWindow(path: part.path, disk, moved: { _ in })
        try window.show(4096)
        guard let head = Annotation.parse(window.front, salt: nil),
            case .increment(let header) = head.line
        else { return nil }
        let front = window.front.dropFirst(head.length)
        let stamp = LogReader.stampLength(front)
        let line = Annotation.parse(front.dropFirst(stamp), salt: header.salt)
        if case .group(let group) = line?.line { return group.firstSequence }
        return nil
    }

    private mutating func lookAround(_ source: LogSource) {
        if let error = source.manifestError { notes.append(error.message) }
        if source.shape == .withoutManifest {
            notes.append(
                "There is no manifest: the files are read in the order of their names, and no "
                    + "server would load them")
        }
        // A tail that isn't the log's last is no tail that a server cuts.
        for index in parts.indices.dropLast() {
            for region in parts[index].regions.indices where parts[index].regions[region].isTail {
                if parts[index].kind == .commands || parts[index].kind == .snapshotAndCommands {
                    parts[index].regions[region].isTail = false
                }
            }
        }
    }
}
