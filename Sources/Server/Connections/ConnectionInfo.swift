/// What CLIENT LIST tells about a connection.
import NIOCore
import Records

/// Facts of one connection.
final class ConnectionInfo {
    /// `address:port`, or `path:0` for a Unix socket.
    let peer: String
    /// Our end of it.
    let local: String
    /// Whether the client is on this machine.
    let isLocal: Bool
    /// Whether it came over the Unix socket.
    let isUnixSocket: Bool
    /// The descriptor's number, as far as known.
    let descriptor: Int
    /// When it connected.
    let connectedAt: Deadline
    /// When it last sent something.
    var lastInteraction: Deadline
    /// CLIENT NO-EVICT.
    var isExemptFromEviction = false

    init(_ channel: any Channel, descriptor: Int, at now: Deadline) {
        peer = ConnectionInfo.text(channel.remoteAddress, or: channel.localAddress)
        local = ConnectionInfo.text(channel.localAddress, or: nil)
        let address = channel.remoteAddress ?? channel.localAddress
        isUnixSocket = channel.localAddress?.protocol == .unix
        isLocal = isUnixSocket || ConnectionInfo.isLoopback(address)
        self.descriptor = descriptor
        connectedAt = now
        lastInteraction = now
    }

    /// The address as MONITOR prints it: `unix:path` for a Unix socket.
    var monitorText: String { isUnixSocket ? "unix:\(peer.dropLast(2))" : peer }

    private static func text(_ address: SocketAddress?, or other: SocketAddress?) -> String {
        guard let address = address ?? other else { return "?:0" }
        switch address {
        case .unixDomainSocket:
            // A client's end has no name; the server's is what Redis shows for both.
            let names = [address.pathname, other?.pathname].compactMap { $0 }
            return "\(names.first { !$0.isEmpty } ?? ""):0"
        case .v6: return "[\(address.ipAddress ?? "?")]:\(address.port ?? 0)"
        case .v4: return "\(address.ipAddress ?? "?"):\(address.port ?? 0)"
        }
    }

    private static func isLoopback(_ address: SocketAddress?) -> Bool {
        guard let ip = address?.ipAddress else { return true }
        return ip.hasPrefix("127.") || ip == "::1" || ip.hasPrefix("::ffff:127.")
    }
}
