/// Children that can be told to stop.
///
/// A thread of a pool blocks most signals, and a child inherits what its parent's thread blocks: without
/// this a server or strace started by a test never sees SIGTERM.
import Foundation

extension Process {
    /// Runs the program with no signal blocked.
    func runWithAllSignals() throws {
        var none = sigset_t()
        var before = sigset_t()
        _ = unsafe sigemptyset(&none)
        _ = unsafe pthread_sigmask(SIG_SETMASK, &none, &before)
        defer { _ = unsafe pthread_sigmask(SIG_SETMASK, &before, nil) }
        try run()
    }
}
