/// Raises the limit of open files so that `maxclients` fit, or lowers `maxclients` until they do.
///
/// Worded as Redis words it; `reserve` descriptors are kept for files, sockets and the event loops.
import Persistence

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// What became of the limit.
public struct OpenFilesLimit: Sendable, Hashable {
    /// Descriptors that aren't clients'.
    public static let reserve = 32

    /// The clients that fit; 0 where the server can't start.
    public let maximumClients: Int
    /// Lines for the log, in order.
    public let messages: [Message]

    /// One line for the log.
    public struct Message: Sendable, Hashable {
        /// Its level.
        public let level: LogLevel
        /// Its text.
        public let text: String
    }

    /// Raises the limit for so many clients as far as the system lets.
    public static func raise(forClients clients: Int) -> OpenFilesLimit {
        var limit = rlimit()
        guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else {
            let text =
                "Unable to obtain the current NOFILE limit (\(SystemErrorText.text(errno))), assuming "
                + "1024 and setting the max clients configuration accordingly."
            return OpenFilesLimit(
                maximumClients: min(clients, 1024 - reserve),
                messages: [Message(level: .warning, text: text)])
        }
        let old = UInt64(limit.rlim_cur)
        let needed = UInt64(clients + reserve)
        if old >= needed { return OpenFilesLimit(maximumClients: clients, messages: []) }
        // The hard limit first: a privileged process may raise that too.
        var reached = old
        var failure: Int32 = 0
        for target in [needed, min(needed, UInt64(limit.rlim_max))] where target > reached {
            var wanted = rlimit()
            wanted.rlim_cur = rlim_t(target)
            wanted.rlim_max = max(limit.rlim_max, rlim_t(target))
            if unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &wanted) == 0 {
                reached = target
            } else {
                failure = errno
            }
        }
        return outcome(clients: clients, old: old, needed: needed, reached: reached, failure)
    }

    static func outcome(
        clients: Int, old: UInt64, needed: UInt64, reached: UInt64, _ failure: Int32
    ) -> OpenFilesLimit {
        if reached >= needed {
            let text =
                "Increased maximum number of open files to \(needed) (it was originally set to "
                + "\(old))."
            return OpenFilesLimit(
                maximumClients: clients, messages: [Message(level: .notice, text: text)])
        }
        if reached <= UInt64(reserve) {
            let text =
                "Your current 'ulimit -n' of \(old) is not enough for the server to start. Please "
                + "increase your open file limit to at least \(needed). Exiting."
            return OpenFilesLimit(
                maximumClients: 0, messages: [Message(level: .warning, text: text)])
        }
        let fitting = Int(reached) - reserve
        let texts = [
            "You requested maxclients of \(clients) requiring at least \(needed) max file descriptors.",
            "Server can't set maximum open files to \(needed) because of OS error: "
                + "\(SystemErrorText.text(failure)).",
            "Current maximum open files is \(reached). maxclients has been reduced to \(fitting) to "
                + "compensate for low ulimit. If you need higher maxclients increase 'ulimit -n'.",
        ]
        return OpenFilesLimit(
            maximumClients: fitting, messages: texts.map { Message(level: .warning, text: $0) })
    }
}
