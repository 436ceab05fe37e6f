/// Writes the log as it was at a point: a sequence, a time, or just before the last command of a name.
///
/// The newest base that lies before the point is taken, whether it is in force or kept as history, then the records of
/// the increments behind it, up to the point; a transaction is taken whole or not at all. The result is a new directory
/// (of a single file: a new file). The log up to the point must be undamaged.
///
/// In a log of a plain Redis there are no sequences, and times only where `aof-timestamp-enabled` was on.
import Bytes
import Persistence

/// Goes back in a log; see the file's header.
public final class PointInTime {
    /// Where to stop.
    public enum Point: Sendable, Hashable {
        /// Behind the mutation of this number.
        case sequence(UInt64)
        /// Behind what was written up to then, milliseconds since 1970.
        case time(UInt64)
        /// Before the last command of this name.
        case before(String)
    }

    /// What came of it.
    public struct Report: Sendable {
        /// The base that was taken; nil: none.
        public internal(set) var base: String?
        /// Records behind it that were taken.
        public internal(set) var records = 0
        /// Records that were left out.
        public internal(set) var leftOut = 0
        /// The last sequence; 0 where there are none.
        public internal(set) var sequence: UInt64 = 0
        /// What was written.
        public internal(set) var files: [String] = []
    }

    private let source: LogSource
    private let vocabulary: any CommandVocabulary
    private let disk: any FileSystem
    private let sandbox: () -> LogSalvage.Sandbox
    private let makeSalt: () -> UInt64

    /// A way back.
    ///
    /// - Parameter sandbox: takes the keys of a snapshot that a single file begins with.
    public init(
        _ source: LogSource, vocabulary: any CommandVocabulary, _ disk: any FileSystem,
        sandbox: @escaping () -> LogSalvage.Sandbox,
        makeSalt: @escaping () -> UInt64 = { UInt64.random(in: .min ... .max) }
    ) {
        self.source = source
        self.vocabulary = vocabulary
        self.disk = disk
        self.sandbox = sandbox
        self.makeSalt = makeSalt
    }

    /// Writes the log as it was to `output`, which must not be there yet.
    ///
    /// - Throws: `.conflict` where the point can't be reached, `.corrupt` where damage lies before it, `.io`.
    public func run(
        _ point: Point, to output: String,
        progress: @escaping (RecoveryProgress) -> Void = { _ in }
    ) throws(PersistenceError) -> Report {
        try LogSource.checkFree(output, disk)
        var limit = CutVisitor.Limit(point)
        let chains = try self.chains()
        if case .before(let name) = point {
            guard let first = chains.first else { throw empty }
            limit = try last(name, in: first, progress)
        }
        guard let chain = chains.last(where: { limit.reaches($0) }) else {
            let first = chains.first?.lastSequence ?? 0
            throw PersistenceError(
                .conflict,
                "The log and its history don't reach back so far: they begin with sequence \(first)",
                path: source.path)
        }
        return try write(chain, limit, output, progress)
    }

    private var empty: PersistenceError {
        PersistenceError(.conflict, "There is no log", path: source.path)
    }

    /// A base and the increments behind it.
    struct Chain {
        var base: LogSource.Part?
        /// The sequence that the base ends with.
        var lastSequence: UInt64 = 0
        /// When it was taken, milliseconds since 1970.
        var time: UInt64 = 0
        var increments: [LogSource.Part] = []
    }

    /// Every base with what follows it, oldest first.
    private func chains() throws(PersistenceError) -> [Chain] {
        guard source.shape == .multiPart else {
            return [Chain(increments: source.parts)]
        }
        var bases: [Chain] = []
        var increments: [(part: LogSource.Part, first: UInt64?)] = []
        for part in source.history + source.parts where try disk.status(part.path) != nil {
            if let number = PartName(part.name), !number.isBase {
                increments.append((part, try firstSequence(part)))
            } else if let chain = try base(part) {
                bases.append(chain)
            }
        }
        let isNumbered = increments.allSatisfy { $0.first != nil }
        increments.sort { ($0.first ?? 0, $0.part.number) < ($1.first ?? 0, $1.part.number) }
        if increments.first?.first == 1 || bases.isEmpty { bases.append(Chain()) }
        bases.sort { $0.lastSequence < $1.lastSequence }
        for index in bases.indices {
            let start = bases[index].lastSequence
            if !isNumbered || bases[index].time == .max {
                bases[index].increments = source.parts.filter { $0.role == .increment }
                continue
            }
            bases[index].increments = increments.filter { ($0.first ?? 0) > start }.map(\.part)
        }
        return bases
    }

    private func firstSequence(_ part: LogSource.Part) throws(PersistenceError) -> UInt64? {
        let window = try LogWindow(path: part.path, disk, moved: { _ in })
        try window.show(Annotation.maximumBytes)
        if case .increment(let head) = Annotation.parse(window.front, salt: nil)?.line {
            return head.firstSequence
        }
        return nil
    }

    /// What a base says of itself; nil where it is one of history that says nothing.
    private func base(_ part: LogSource.Part) throws(PersistenceError) -> Chain? {
        let window = try LogWindow(path: part.path, disk, moved: { _ in })
        try window.show(Annotation.maximumBytes)
        if case .base(let head) = Annotation.parse(window.front, salt: nil)?.line {
            return Chain(base: part, lastSequence: head.lastSequence, time: head.timeMilliseconds)
        }
        if RDBReplay.begins(window.front) {
            let replay = LogReplay(target: NullReplayTarget())
            var snapshot = RDBReplay(.log, path: part.path, into: replay.target) {
                bytes, count in try window.pull(count, into: bytes)
            }
            try snapshot.read()
            if let text = snapshot.facts[RDBFact.sequence], let sequence = UInt64(text) {
                return Chain(
                    base: part, lastSequence: sequence,
                    time: snapshot.facts["ctime"].flatMap { UInt64($0) }.map { $0 &* 1000 } ?? 0)
            }
        }
        // A plain Redis's: only the one in force has a place.
        if part.role != .base { return nil }
        return Chain(base: part, lastSequence: 0, time: 0)
    }

    /// The place of the last command of a name, as a limit.
    private func last(
        _ name: String, in chain: Chain, _ progress: @escaping (RecoveryProgress) -> Void
    ) throws(PersistenceError) -> CutVisitor.Limit {
        let finder = CommandFinder(name)
        _ = try LogScan.run(
            chain.source(like: source, withBase: false), vocabulary: vocabulary, visitor: finder,
            disk, progress: progress)
        guard let found = finder.found else {
            throw PersistenceError(
                .conflict, "There is no \(name.uppercased()) in the log", path: source.path)
        }
        return found
    }

    private func write(
        _ chain: Chain, _ limit: CutVisitor.Limit, _ output: String,
        _ progress: @escaping (RecoveryProgress) -> Void
    ) throws(PersistenceError) -> Report {
        if let base = chain.base {
            let scan = try LogScan.run(
                Chain(base: base).source(like: source, withBase: true), vocabulary: vocabulary,
                visitor: nil, disk)
            if let region = scan.regions.first { throw CutVisitor.damage(region) }
        }
        let places = try SalvagePlaces(source, output, disk)
        let isFile = source.shape == .file
        let salt = isFile ? nil : makeSalt()
        let out = try RecordOutput(
            places.main, salt: salt, first: chain.lastSequence + 1, disk)
        let visitor = CutVisitor(limit, out, sandbox)
        do throws(PersistenceError) {
            _ = try LogScan.run(
                chain.source(like: source, withBase: false), vocabulary: vocabulary,
                visitor: visitor, disk, progress: progress)
            try visitor.checkReached()
            try out.finish()
            return try publish(chain, places, out, visitor, salt)
        } catch {
            out.abandon()
            throw error
        }
    }

    private func publish(
        _ chain: Chain, _ places: SalvagePlaces, _ out: RecordOutput, _ visitor: CutVisitor,
        _ salt: UInt64?
    ) throws(PersistenceError) -> Report {
        var report = Report(
            base: chain.base?.name, records: out.records, leftOut: visitor.leftOut,
            sequence: salt == nil ? 0 : out.lastSequence, files: [places.main])
        if let log = places.log {
            var manifest = Manifest()
            manifest.increments = [
                Manifest.Entry(name: log.increment(1), number: 1, kind: .increment, salt: salt)
            ]
            if let base = chain.base {
                let isSnapshot = base.name.hasSuffix(".rdb")
                let name = log.base(1, isSnapshot: isSnapshot)
                try copy(base.path, to: log.path(name))
                manifest.base = Manifest.Entry(
                    name: name, number: 1, kind: .base, salt: base.salt)
                report.files.append(log.path(name))
            }
            try disk.replace(log.manifestName, in: log.directory, with: manifest.serialized)
            report.files.append(log.manifest)
        }
        for folder in places.folders { try disk.syncDirectory(folder) }
        return report
    }

    private func copy(_ path: String, to other: String) throws(PersistenceError) {
        let window = try LogWindow(path: path, disk, moved: { _ in })
        let file = try disk.open(other, .create)
        defer { file.close() }
        while true {
            try window.show(1)
            if window.front.isEmpty { break }
            try file.writeAll(window.front)
            window.skip(window.front.count)
        }
        try file.sync()
    }
}

extension PointInTime.Chain {
    /// A source that is read like a log's own.
    func source(like other: LogSource, withBase: Bool) -> LogSource {
        var source = other
        source.manifestError = nil
        source.parts = withBase ? base.map { [$0] } ?? [] : increments
        return source
    }
}
