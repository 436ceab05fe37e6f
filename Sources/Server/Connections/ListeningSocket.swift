/// A TCP socket that listens, opened by plain system calls so that CONFIG SET knows at once whether it worked.
///
/// NIO's own bind answers in a later turn of the loop; the socket is handed to NIO afterwards.
import NIOCore
import Persistence

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// One address and port that clients connect to.
struct ListeningSocket: Hashable {
    /// The address, with the marks of `bind` taken away (`-` optional, `*` all).
    let host: String
    let port: Int

    /// Why a socket could not be opened, in the system's words.
    struct Failure: Error {
        let code: Int32
        var reason: String { SystemErrorText.text(code) }
    }

    /// Opens the socket and listens; answers its descriptor.
    func open(backlog: Int) throws(Failure) -> Int32 {
        let address: SocketAddress
        do {
            address = try SocketAddress.makeAddressResolvingHost(host, port: port)
        } catch {
            throw Failure(code: EADDRNOTAVAIL)
        }
        let family = address.protocol == .inet6 ? AF_INET6 : AF_INET
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let descriptor = socket(family, kind, 0)
        if descriptor < 0 { throw Failure(code: errno) }
        set(SOL_SOCKET, SO_REUSEADDR, on: descriptor)
        if family == AF_INET6 { set(Int32(IPPROTO_IPV6), IPV6_V6ONLY, on: descriptor) }
        // SAFETY: NIO lends a filled-in address with its length for the time of the call.
        let bound = unsafe address.withSockAddr { pointer, size in
            unsafe bind(descriptor, pointer, socklen_t(size))
        }
        guard bound == 0, listen(descriptor, Int32(backlog)) == 0 else {
            let code = errno
            close(descriptor)
            throw Failure(code: code)
        }
        return descriptor
    }

    /// Lets so many clients wait on a socket that listens; the system has the last word (somaxconn).
    static func lengthenQueue(of descriptor: Int32, to backlog: Int) {
        _ = listen(descriptor, Int32(backlog))
    }

    private func set(_ level: Int32, _ option: Int32, on descriptor: Int32) {
        var one: Int32 = 1
        // SAFETY: the kernel reads one Int32. A refusal shows in what bind says.
        _ = unsafe setsockopt(
            descriptor, level, option, &one, socklen_t(MemoryLayout<Int32>.size))
    }
}

/// The server can't be reached where it was to be; the log says why.
public struct ListeningFailure: Error {}

/// A socket that is open, and the channel that accepts from it.
struct Listener {
    /// What it listens on; nil: the Unix socket.
    let socket: ListeningSocket?
    let channel: EventLoopFuture<any Channel>

    /// Accepts no more.
    func close() { channel.whenSuccess { $0.close(promise: nil) } }
}
