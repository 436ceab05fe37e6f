/// Going to the background: `daemonize yes`.
///
/// The C library's daemon(3) forks, leaves the session and gives standard input, output and error to
/// /dev/null. It must run before any thread exists (a fork keeps only the thread that calls it), so
/// after the configuration is read and before the first event loop. Re-executing the binary was the
/// alternative: it can't hand on a configuration read from standard input.
import Persistence

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Going to the background.
public enum Daemon {
    /// Returns in the background process; the foreground process ends with success.
    ///
    /// - Returns: what went wrong, nil for nothing. The working directory stays.
    public static func detach() -> String? {
        daemon(1, 0) == 0 ? nil : "Can't become a daemon: \(SystemErrorText.text(errno))"
    }
}
