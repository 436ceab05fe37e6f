/// A blocking connection to another server, for MIGRATE: as Redis, the command holds the server up while it lasts.
///
/// INVARIANT 1: every step ends by `timeout`, and the descriptor is closed once.
import Bytes
import RESP

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// What went wrong on the way.
enum MigrationFailure: Error {
    case connecting
    case writing
    case reading
}

/// One connection.
struct MigrationLink: ~Copyable {
    private let descriptor: Int32
    private let timeout: Int32
    private var unread: [UInt8] = []

    /// Connects to `host` within `timeout` milliseconds.
    init(host: String, port: Int, timeout: Int) throws(MigrationFailure) {
        self.timeout = Int32(clamping: timeout)
        guard let descriptor = Self.connect(host, port, self.timeout) else {
            throw MigrationFailure.connecting
        }
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }

    private static func connect(_ host: String, _ port: Int, _ timeout: Int32) -> Int32? {
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        guard unsafe getaddrinfo(host, "\(port)", &hints, &found) == 0 else { return nil }
        defer { unsafe freeaddrinfo(found) }
        // SAFETY: the list is the resolver's until it is freed above.
        var next = unsafe found
        while let address = unsafe next {
            let one = unsafe address.pointee
            let descriptor = unsafe socket(
                one.ai_family, one.ai_socktype | Int32(SOCK_NONBLOCK.rawValue), one.ai_protocol)
            if descriptor >= 0 {
                let result = unsafe Glibc.connect(descriptor, one.ai_addr, one.ai_addrlen)
                if result == 0 || errno == EINPROGRESS, isReady(descriptor, POLLOUT, timeout),
                    isConnected(descriptor)
                {
                    return descriptor
                }
                close(descriptor)
            }
            unsafe next = one.ai_next
        }
        return nil
    }

    private static func isConnected(_ descriptor: Int32) -> Bool {
        var error: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        return unsafe getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0
    }

    private static func isReady(_ descriptor: Int32, _ event: Int32, _ timeout: Int32) -> Bool {
        var entry = pollfd(fd: descriptor, events: Int16(event), revents: 0)
        return unsafe poll(&entry, 1, timeout) == 1
    }

    /// Sends all of it.
    func send(_ bytes: ByteView) throws(MigrationFailure) {
        var rest = bytes
        while rest.count > 0 {
            guard Self.isReady(descriptor, POLLOUT, timeout) else { throw .writing }
            let sent = unsafe rest.withUnsafePointer { base, count in
                unsafe Glibc.send(descriptor, base, count, Int32(MSG_NOSIGNAL))
            }
            guard sent > 0 else { throw .writing }
            rest = rest.dropFirst(sent)
        }
    }

    /// The next line of a reply, without its end; the replies asked for here are lines.
    mutating func line() throws(MigrationFailure) -> [UInt8] {
        while true {
            if let end = unread.firstIndex(of: 10) {
                let line = Array(unread[..<end].dropLast(end > 0 && unread[end - 1] == 13 ? 1 : 0))
                unread.removeFirst(end + 1)
                return line
            }
            guard unread.count < 64 << 10, Self.isReady(descriptor, POLLIN, timeout) else {
                throw .reading
            }
            var buffer = [UInt8](repeating: 0, count: 4096)
            let count = unsafe recv(descriptor, &buffer, buffer.count, 0)
            guard count > 0 else { throw .reading }
            unread += buffer[0..<count]
        }
    }
}
