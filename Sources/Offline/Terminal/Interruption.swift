/// Ctrl-C leaves nothing half done: unfinished files are removed before the process ends.
///
/// SIGINT, SIGTERM and SIGHUP are blocked for every thread made from here on and taken by a thread of their own, so
/// what it does is ordinary code, not a handler's. Files that are made under a temporary name are told here,
/// and no longer once they were renamed.
import Persistence
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// What a signal does; for any thread.
public enum Interruption {
    private static let unfinished = Mutex<Set<String>>([])
    private static let children = Mutex<Set<Int32>>([])

    /// Takes over the signals; called once, before any other thread is made.
    public static func prepare() {
        var signals = sigset_t()
        // SAFETY: the set is a local, filled by the calls.
        unsafe sigemptyset(&signals)
        for number in [SIGINT, SIGTERM, SIGHUP] { unsafe sigaddset(&signals, number) }
        unsafe pthread_sigmask(SIG_BLOCK, &signals, nil)
        var thread = pthread_t()
        let failure = unsafe pthread_create(
            &thread, nil,
            { _ in
                Interruption.wait()
                return nil
            }, nil)
        if failure != 0 { unsafe pthread_sigmask(SIG_UNBLOCK, &signals, nil) }
    }

    private static func wait() {
        var signals = sigset_t()
        // SAFETY: as above.
        unsafe sigemptyset(&signals)
        for number in [SIGINT, SIGTERM, SIGHUP] { unsafe sigaddset(&signals, number) }
        var number: Int32 = 0
        while unsafe sigwait(&signals, &number) != 0 {}
        children.withLock { for child in $0 { _ = kill(child, SIGKILL) } }
        // Held until the end: nobody can make a file meanwhile.
        unfinished.withLock { paths in
            // Longest first: what is in a folder before the folder.
            for path in paths.sorted(by: { $0.utf8.count > $1.utf8.count }) {
                remove(path)
            }
            if Terminal.showsErrors { Output.tell("\r\u{1b}[KInterrupted: nothing was changed") }
            _exit(128 + number)
        }
    }

    private static func remove(_ path: String) {
        if unsafe unlink(path) == 0 || rmdir(path) == 0 { return }
        do throws(PersistenceError) {
            for name in try SystemFileSystem().list(path) { remove(path + "/" + name) }
        } catch {
            // It isn't there, or no folder.
            return
        }
        _ = unsafe rmdir(path)
    }

    /// A file, or a folder with all in it, that is to go where the tool is stopped.
    public static func begin(_ path: String) {
        _ = unfinished.withLock { $0.insert(path) }
    }

    /// The file has its name, or is gone: it stays as it is.
    public static func end(_ path: String) {
        _ = unfinished.withLock { $0.remove(path) }
    }

    /// A process that is to end with the tool.
    public static func begin(child: Int32) {
        _ = children.withLock { $0.insert(child) }
    }

    /// The process has ended.
    public static func end(child: Int32) {
        _ = children.withLock { $0.remove(child) }
    }
}
