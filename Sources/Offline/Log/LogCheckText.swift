/// The report of a check for people: one line a file, what is damaged below it, the verdicts at the end.
import Backends
import Bytes
import Persistence

/// Prints reports of checks.
struct LogCheckText {
    let report: LogCheckReport
    let isQuiet: Bool
    /// Keys named a region.
    static let shownKeys = 20

    func print(to out: Output = .standard) throws(PersistenceError) {
        for part in report.scan.parts {
            if isQuiet && part.regions.isEmpty { continue }
            try out.line(Self.line(of: part))
            for region in part.regions {
                for text in Self.lines(of: region) { try out.line("  " + text) }
            }
        }
        for warning in report.warnings {
            try out.line(Terminal.styled("warning: ", .warning) + warning)
        }
        if report.source.shape == .nothing {
            try out.line("There is no append-only log in \(report.source.path)")
        }
        if !isQuiet || report.status != .good {
            try out.line(holdfast)
            try out.line(redis)
            for text in advice { try out.line(text) }
        }
    }

    static func line(of part: PartFinding) -> String {
        let name = Terminal.styled(part.part.name, .strong)
        let head =
            "\(name)  \(part.part.role.rawValue), \(part.kind.rawValue), \(Figures.size(part.size))"
        var facts: [String] = []
        if part.snapshotKeys > 0 { facts.append(Figures.counted(part.snapshotKeys, "key")) }
        if part.groups > 0 { facts.append(Figures.counted(part.groups, "group")) }
        if part.records > 0 { facts.append(Figures.counted(part.records, "record")) }
        if part.part.role != .base, let first = part.firstSequence, let last = part.lastSequence {
            facts.append("sequence \(first) to \(last)")
        }
        let state: String
        if !part.regions.isEmpty {
            state = Terminal.styled("damaged", .bad)
        } else if part.plausibleBytes > 0 {
            state = Terminal.styled("plausible", .good) + " (commands without checksums)"
        } else {
            state = Terminal.styled("good", .good)
        }
        return "\(head): \((facts + [state]).joined(separator: ", "))"
    }

    static func lines(of region: LogRegion) -> [String] {
        let verdict = region.isTail ? "unfinished" : region.verdict.rawValue
        var line =
            "offset \(region.offset), \(Figures.counted(region.length, "byte")), "
            + "\(Terminal.styled(verdict, .bad)): \(region.reason)"
        if let first = region.firstSequence, let last = region.lastSequence {
            line += first == last ? "; sequence \(first)" : "; sequences \(first) to \(last)"
        }
        var lines = [line]
        let keys = region.keys.sorted { $0.lexicographicallyPrecedes($1) }
        if !keys.isEmpty {
            let names = keys.prefix(shownKeys).map(quoted).joined(separator: " ")
            let more = keys.count - shownKeys
            lines.append(
                "  keys it may have touched: \(names)"
                    + (more > 0 ? " and \(Figures.count(more)) more" : ""))
        }
        if region.touchesOthers {
            lines.append(
                "  any \(keys.isEmpty ? "" : "other ")key may have been touched by what can't be read there; "
                    + "FLUSHALL, SWAPDB or RENAME may have stood there")
        } else if !region.sweeping.isEmpty {
            lines.append("  it holds \(region.sweeping.sorted().joined(separator: ", "))")
        }
        return lines
    }

    /// A key as `redis-cli` prints it.
    static func quoted(_ key: [UInt8]) -> String {
        let text = String(decoding: QuotedText.quote(Array(key.prefix(256))), as: UTF8.self)
        return text + (key.count > 256 ? "..." : "")
    }

    private var holdfast: String {
        let verdict = report.holdfast
        let place =
            (verdict.path.map { " (\($0)" + (verdict.offset.map { ", offset \($0)" } ?? "") + ")" })
            ?? ""
        switch verdict.outcome {
        case .refuses:
            return
                "Holdfast would \(Terminal.styled("refuse to start", .bad)): \(verdict.message)\(place)"
        case .cuts:
            return
                "Holdfast would start \(Terminal.styled("after cutting \(Figures.counted(verdict.cutBytes, "byte"))", .warning)): "
                + "\(verdict.message)\(place)\(loaded)"
        case .starts:
            if !verdict.foundData { return "Holdfast would start without data from here" }
            return "Holdfast would \(Terminal.styled("start", .good))\(loaded)"
        }
    }

    private var loaded: String {
        guard report.isReplayed else { return "" }
        return ", with \(Figures.counted(report.holdfast.keys, "key")) "
            + "from \(Figures.counted(report.holdfast.commands, "command"))"
    }

    private var redis: String {
        let verdict = report.redis
        let message = verdict.message.isEmpty ? "" : ": \(verdict.message)"
        switch verdict.outcome {
        case .refuses:
            return "Redis 7.0 would \(Terminal.styled("refuse to start", .bad))\(message)"
        case .crashes:
            return
                "Redis 7.0 would \(Terminal.styled("crash or go on with garbage", .bad))\(message)"
        case .cuts:
            return
                "Redis 7.0 would start \(Terminal.styled("after cutting \(Figures.counted(verdict.cutBytes, "byte"))", .warning))"
        case .starts:
            return verdict.ignoresData
                ? "Redis 7.0 would \(Terminal.styled("ignore what is here", .bad))\(message)"
                : "Redis 7.0 would \(Terminal.styled("start", .good))"
        }
    }

    private var advice: [String] {
        var lines: [String] = []
        if report.readableBytesCut > 0 {
            lines.append(
                "\(Figures.size(report.readableBytesCut)) of what a start cuts can still be read: "
                    + "salvage before any server starts here")
        }
        if report.status == .damaged {
            let isTail =
                report.holdfast.outcome == .cuts && report.readableBytesCut == 0
            lines.append(
                isTail
                    ? "'aof-check --fix \(report.source.path)' cuts the unfinished tail"
                    : "'aof-check --salvage OUT \(report.source.path)' keeps every record outside the damage"
            )
        }
        return lines
    }
}

extension LogCheckReport {
    /// Prints the report as text.
    public func printText(isQuiet: Bool) throws(PersistenceError) {
        try LogCheckText(report: self, isQuiet: isQuiet).print()
    }
}
