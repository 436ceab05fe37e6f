/// Sockets that accept clients: the addresses of `bind`, the Unix socket, and who is let in.
import Bytes
import Engine
import NIOCore
import NIOPosix
import Persistence
import RESP

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

extension Server {
    /// Opens all listening sockets; the future fails where a needed one can't be opened.
    public func listen() -> EventLoopFuture<Void> {
        var futures: [EventLoopFuture<Void>] = []
        let settings = configuration.settings
        if settings.port != 0 {
            for address in settings.bindAddresses {
                futures.append(listen(address, port: settings.port))
            }
        }
        if let path = settings.unixSocketPath { futures.append(listenUnix(path)) }
        return EventLoopFuture.andAllSucceed(futures, on: loop)
    }

    private func listen(_ address: String, port: Int) -> EventLoopFuture<Void> {
        let isOptional = address.hasPrefix("-")
        let name = isOptional ? String(address.dropFirst()) : address
        let host = name == "*" ? "0.0.0.0" : name == "::*" ? "::" : name
        let bound = NIOLoopBound(self, eventLoop: loop)
        let log = log
        return bootstrap(isIPv6: host.contains(":")).bind(host: host, port: port).map { channel in
            bound.value.listeners.append(channel)
        }.flatMapError { error in
            let loop = bound.eventLoop
            log.log(
                .warning,
                LogWording.couldNotBind(address: host, port: port, reason: listenReason(error)))
            if isOptional { return loop.makeSucceededVoidFuture() }
            log.log(.warning, LogWording.failedListening(port: port))
            return loop.makeFailedFuture(error)
        }
    }

    private func listenUnix(_ path: String) -> EventLoopFuture<Void> {
        let bound = NIOLoopBound(self, eventLoop: loop)
        let permissions = configuration.settings.unixSocketPermissions
        let log = log
        return bootstrap(isIPv6: false)
            .bind(unixDomainSocketPath: path, cleanupExistingSocketFile: true)
            .map { channel in
                if permissions != 0 { _ = unsafe chmod(path, mode_t(permissions)) }
                bound.value.listeners.append(channel)
            }.flatMapError { error in
                log.log(.warning, "Failed opening Unix socket: bind: \(listenReason(error))")
                return bound.eventLoop.makeFailedFuture(error)
            }
    }

    private func bootstrap(isIPv6: Bool) -> ServerBootstrap {
        let bound = NIOLoopBound(self, eventLoop: loop)
        let settings = configuration.settings
        let keepalive = settings.keepaliveSeconds
        var bootstrap = ServerBootstrap(group: loop)
            .serverChannelOption(.backlog, value: Int32(settings.listenBacklog))
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(.maxMessagesPerRead, value: 1)
            .childChannelOption(
                .recvAllocator,
                value: AdaptiveRecvByteBufferAllocator(minimum: 1024, initial: 4096, maximum: 65536)
            )
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try bound.value.accept(channel, keepalive) }
            }
        if isIPv6 {
            bootstrap = bootstrap.serverChannelOption(
                ChannelOptions.socket(.init(IPPROTO_IPV6), .init(IPV6_V6ONLY)), value: 1)
        }
        return bootstrap
    }

    /// Takes a new client in, or turns it away.
    private func accept(_ channel: any Channel, _ keepalive: Int) throws {
        let settings = configuration.settings
        let info = ConnectionInfo(channel, descriptor: 0, at: engine.clock.now)
        if connections.count >= settings.maximumClients {
            return try turnAway(channel, "-ERR max number of clients reached\r\n")
        }
        if settings.isProtected && settings.password == nil && !info.isLocal {
            return try turnAway(channel, protectedModeRefusal)
        }
        if keepalive > 0 && !info.isUnixSocket { setKeepalive(channel, keepalive) }
        let session = Session(id: nextConnectionID)
        nextConnectionID += 1
        session.isAuthenticated = settings.password == nil
        let connection = Connection(self, session: session, info: info)
        add(connection)
        try channel.pipeline.syncOperations.addHandler(connection)
    }

    private func turnAway(_ channel: any Channel, _ message: String) throws {
        statistics.connectionsRejected += 1
        try channel.pipeline.syncOperations.addHandler(Refusal(message))
    }

    private func setKeepalive(_ channel: any Channel, _ seconds: Int) {
        let options = channel.syncOptions
        // A client that vanished between accept and here refuses these; its close is on its way.
        try? options?.setOption(.socketOption(.so_keepalive), value: 1)
        try? options?.setOption(.tcpOption(.init(rawValue: TCP_KEEPIDLE)), value: seconds)
        try? options?.setOption(
            .tcpOption(.init(rawValue: TCP_KEEPINTVL)), value: max(1, seconds / 3))
        try? options?.setOption(.tcpOption(.init(rawValue: TCP_KEEPCNT)), value: 3)
    }
}

/// Says why a client isn't let in, as soon as that can be said, and closes.
private final class Refusal: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer
    private let message: String

    init(_ message: String) { self.message = message }

    func channelActive(context: ChannelHandlerContext) {
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: message)), promise: nil)
        context.close(mode: .all, promise: nil)
    }
}

private let protectedModeRefusal =
    "-DENIED Holdfast is running in protected mode because protected mode is enabled and no password "
    + "is set for the default user. In this mode connections are only accepted from the loopback "
    + "interface. To connect from another machine set a password ('requirepass'), or bind to the "
    + "addresses you trust and disable protected mode ('CONFIG SET protected-mode no' from the "
    + "loopback interface, or --protected-mode no at start).\r\n"

/// The system's words for why a socket could not be opened.
private func listenReason(_ error: any Error) -> String {
    guard let error = error as? IOError else { return "\(error)" }
    return SystemErrorText.text(error.errnoCode)
}
