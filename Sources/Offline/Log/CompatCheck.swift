/// `aof-check --compat`: the words and exit codes of `redis-check-aof` 7.0, for scripts.
import Backends
import Persistence

/// Checks as `redis-check-aof` does.
public struct CompatCheck {
    private let path: String
    private let fixes: Bool
    private let asks: Bool
    private let disk: any FileSystem
    private static let good = ExitStatus.good
    /// Exit code 1, whatever is wrong.
    private static let bad = ExitStatus.warnings

    /// A check; `asks` before something is cut.
    public init(
        path: String, fixes: Bool, asks: Bool, _ disk: any FileSystem = SystemFileSystem()
    ) {
        self.path = path
        self.fixes = fixes
        self.asks = asks
        self.disk = disk
    }

    /// Checks, prints, and says how it ended.
    public func run() throws(PersistenceError) -> ExitStatus {
        let isManifest: Bool
        do throws(PersistenceError) {
            guard let status = try disk.status(path) else {
                return try stop("Cannot open file \(path): No such file or directory")
            }
            if status.isDirectory { return try stop("Cannot read file: \(path)") }
            isManifest = try LogSource.isManifest(path, disk)
        } catch {
            return try stop("Cannot open file \(path): \(SystemErrorText.text(error.errno))")
        }
        return try isManifest ? multiPart() : oldStyle()
    }

    private func stop(_ line: String) throws(PersistenceError) -> ExitStatus {
        try Output.standard.line(line)
        return Self.bad
    }

    private func oldStyle() throws(PersistenceError) -> ExitStatus {
        try Output.standard.line("Start checking Old-Style AOF")
        var line = 1
        return try check(path, name: path, as: "AOF", isLast: true, &line)
    }

    private func multiPart() throws(PersistenceError) -> ExitStatus {
        let out = Output.standard
        try out.line("Start checking Multi Part AOF")
        let source = try LogSource.find(path, disk)
        guard let parts = try source.partsAsRedis(disk) else {
            return try stop(source.manifestError?.message ?? "")
        }
        let last = parts.last?.path
        var line = 1
        if let base = parts.first(where: { $0.role == .base }) {
            let hasPreamble = try CompatFile(base.path, name: base.name, disk).hasPreamble()
            try out.line("Start to check BASE AOF (\(hasPreamble ? "RDB" : "RESP") format).")
            let status = try check(
                base.path, name: base.name, as: "BASE AOF", isLast: base.path == last, &line)
            if status != Self.good { return status }
        }
        let increments = parts.filter { $0.role == .increment }
        if !increments.isEmpty { try out.line("Start to check INCR files.") }
        for part in increments {
            let status = try check(
                part.path, name: part.name, as: "INCR AOF", isLast: part.path == last, &line)
            if status != Self.good { return status }
        }
        try out.line("All AOF files and manifest are valid")
        return Self.good
    }

    private func check(
        _ path: String, name: String, as kind: String, isLast: Bool, _ line: inout Int
    ) throws(PersistenceError) -> ExitStatus {
        let out = Output.standard
        let file: CompatFile
        do throws(PersistenceError) {
            file = try CompatFile(path, name: name, line: line, disk)
        } catch {
            return try stop(
                "Cannot open file \(path): \(SystemErrorText.text(error.errno)), aborting...")
        }
        if try disk.status(path)?.size == 0 {
            try out.line("\(kind) \(name) is empty")
            return Self.good
        }
        let outcome = try file.run()
        line = outcome.line
        for line in outcome.lines { try out.line(line) }
        if outcome.isInsane { return Self.bad }
        try out.line(
            "AOF analyzed: filename=\(name), size=\(outcome.size), ok_up_to=\(outcome.good), "
                + "ok_up_to_line=\(outcome.line), diff=\(outcome.size - outcome.good)")
        if outcome.isValid {
            try out.line("\(kind) \(name) is valid")
            return Self.good
        }
        if !fixes {
            return try stop("AOF \(name) is not valid. Use the --fix option to try fixing it.")
        }
        return try cut(path, name, outcome, isLast: isLast)
    }

    private func cut(
        _ path: String, _ name: String, _ outcome: CompatFile.Outcome, isLast: Bool
    ) throws(PersistenceError) -> ExitStatus {
        if !isLast {
            return try stop("Failed to truncate AOF \(name) because it is not the last file")
        }
        let out = Output.standard
        try out.line(
            "This will shrink the AOF \(name) from \(outcome.size) bytes, with "
                + "\(outcome.size - outcome.good) bytes, to \(outcome.good) bytes")
        if asks {
            out.buffer.append("Continue? [y/N]: ")
            try out.flush()
            guard readLine()?.lowercased().hasPrefix("y") == true else {
                return try stop("Aborting...")
            }
        }
        let file = try disk.open(path, .update)
        defer { file.close() }
        try file.truncate(to: outcome.good)
        try file.sync()
        try out.line("Successfully truncated AOF \(name)")
        return Self.good
    }
}
