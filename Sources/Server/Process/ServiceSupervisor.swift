/// Telling the service manager how far the server is: `supervised`.
///
/// systemd listens on a datagram socket named in `$NOTIFY_SOCKET` (a leading `@` is an abstract
/// name); a message is lines of `KEY=value`. upstart waits for the process to stop itself. Neither needs
/// a library. Messages are sent from whichever thread has the news; a failure is nobody's business.
#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// The service manager, if there is one.
public struct ServiceSupervisor: Sendable {
    private let socketPath: String?
    /// What to log about it at the start, nil for nothing.
    public let announcement: String?

    /// Finds out who supervises; stops for upstart to see.
    ///
    /// Call it before any thread exists: upstart's variable is taken out of the environment.
    public init(_ mode: Supervision) { self.init(mode, variables: Self.variable) }

    /// As above, with other variables than the environment's.
    init(_ mode: Supervision, variables: (String) -> String?) {
        let upstart = variables("UPSTART_JOB")
        let notify = variables("NOTIFY_SOCKET")
        switch mode {
        case .upstart where upstart != nil, .auto where upstart != nil:
            announcement = "Supervised by upstart, will stop to signal readiness."
            socketPath = nil
            raise(SIGSTOP)
            _ = unsafe unsetenv("UPSTART_JOB")
        case .systemd where notify != nil, .auto where notify != nil:
            announcement =
                "Supervised by systemd. Please make sure you set appropriate values for "
                + "TimeoutStartSec and TimeoutStopSec in your service unit."
            socketPath = notify
        case .upstart:
            announcement = "upstart supervision requested, but UPSTART_JOB not found"
            socketPath = nil
        case .systemd:
            announcement = "systemd supervision requested, but NOTIFY_SOCKET not found"
            socketPath = nil
        case .no, .auto:
            announcement = nil
            socketPath = nil
        }
    }

    /// Whether somebody listens: a supervised server doesn't go to the background by itself.
    public var isSupervised: Bool { socketPath != nil }

    /// The data is being loaded.
    public func loading() { send("STATUS=Loading DB in memory...\n") }
    /// Clients are served.
    public func ready() { send("STATUS=Ready to accept connections\nREADY=1\n") }
    /// The server is ending.
    public func stopping() { send("STATUS=Shutting down\nSTOPPING=1\n") }

    private static func variable(_ name: String) -> String? {
        guard let value = unsafe getenv(name) else { return nil }
        let text = unsafe String(cString: value)
        return text.isEmpty ? nil : text
    }

    private func send(_ message: String) {
        guard let socketPath, let (place, length) = Self.address(socketPath) else { return }
        var address = place
        let kind = Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let descriptor = socket(AF_UNIX, kind, 0)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        let bytes = Array(message.utf8)
        // SAFETY: `length` counts bytes within `address`; the array outlives the call.
        unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                unsafe bytes.withUnsafeBytes { content in
                    _ = unsafe sendto(
                        descriptor, content.baseAddress, content.count, Int32(MSG_NOSIGNAL),
                        generic, length)
                }
            }
        }
    }

    static func address(_ path: String) -> (sockaddr_un, socklen_t)? {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        var name = Array(path.utf8)
        guard name.count < MemoryLayout.size(ofValue: address.sun_path) else { return nil }
        if name.first == UInt8(ascii: "@") { name[0] = 0 }
        // SAFETY: the name was just seen to fit.
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: name) }
        return (address, socklen_t(MemoryLayout<sa_family_t>.size + name.count))
    }
}
