/// The file that tells scripts the server's process id.
import Persistence

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// `pidfile`: written at start, removed at the end.
public enum PidFile {
    /// Where a daemon writes it when nobody said.
    public static let standardPath = "/var/run/redis.pid"

    /// Writes the process id; answers what to log when that fails, nil when it worked.
    public static func create(_ path: String) -> String? {
        let file = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard file >= 0 else { return "Failed to write PID file: \(SystemErrorText.text(errno))" }
        defer { close(file) }
        let text = Array("\(getpid())\n".utf8)
        // SAFETY: the array outlives the call.
        let count = unsafe text.withUnsafeBytes { unsafe write(file, $0.baseAddress, $0.count) }
        return count == text.count
            ? nil : "Failed to write PID file: \(SystemErrorText.text(errno))"
    }

    /// Removes it; gone already is fine.
    public static func remove(_ path: String) { _ = unsafe unlink(path) }
}
