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
        if let problemAtStart {
            log.warning(problemAtStart)
            return loop.makeFailedFuture(ListeningFailure())
        }
        let path = configuration.settings.unixSocketPath
        do throws(ConfigurationRefusal) {
            try openMissing()
        } catch {
            return loop.makeFailedFuture(ListeningFailure())
        }
        if listeners.isEmpty && path == nil {
            log.warning(LogWording.listeningNowhere)
            return loop.makeFailedFuture(ListeningFailure())
        }
        if let path { listenUnix(path) }
        return EventLoopFuture.andAllSucceed(listeners.map(\.channel), on: loop)
    }

    /// CONFIG SET port, bind: opens what is asked for, then closes what isn't any more.
    func reopenListeners() throws(ConfigurationRefusal) {
        let wanted = Set(wantedSockets.map(\.socket))
        let ports = Set(wanted.map(\.port))
        // An address may be part of an old one (127.0.0.1 of *): on the same port the old ones go first.
        closeListeners { !wanted.contains($0) && ports.contains($0.port) }
        try openMissing()
        closeListeners { !wanted.contains($0) }
    }

    private func closeListeners(where isUnwanted: (ListeningSocket) -> Bool) {
        for listener in listeners where listener.socket.map(isUnwanted) == true { listener.close() }
        listeners.removeAll { $0.socket.map(isUnwanted) == true }
    }

    /// What `bind` and `port` ask for.
    private var wantedSockets: [(socket: ListeningSocket, isOptional: Bool)] {
        let settings = configuration.settings
        if settings.port == 0 { return [] }
        return settings.bindAddresses.map { address in
            let isOptional = address.hasPrefix("-")
            let name = isOptional ? String(address.dropFirst()) : address
            let host = name == "*" ? "0.0.0.0" : name == "::*" ? "::" : name
            return (ListeningSocket(host: host, port: settings.port), isOptional)
        }
    }

    /// Opens the sockets asked for that aren't open; none where one of them can't be.
    private func openMissing() throws(ConfigurationRefusal) {
        var opened: [(socket: ListeningSocket, descriptor: Int32)] = []
        for (socket, isOptional) in wantedSockets
        where !listeners.contains(where: { $0.socket == socket }) {
            do throws(ListeningSocket.Failure) {
                let backlog = configuration.settings.listenBacklog
                opened.append((socket, try socket.open(backlog: backlog)))
            } catch {
                log.warning(
                    LogWording.couldNotBind(
                        address: socket.host, port: socket.port, reason: error.reason))
                if isOptional { continue }
                for (_, descriptor) in opened { close(descriptor) }
                log.warning(LogWording.failedListening(port: socket.port))
                throw ConfigurationRefusal("Unable to listen on this port. Check server logs.")
            }
        }
        for (socket, descriptor) in opened {
            let backlog = configuration.settings.listenBacklog
            let channel = bootstrap().withBoundSocket(descriptor).map { channel -> any Channel in
                // SwiftNIO listens again on a socket it is given, with a queue of 128 whatever the option says;
                // who is dropped from a full queue tries again a second later.
                ListeningSocket.lengthenQueue(of: descriptor, to: backlog)
                return channel
            }
            listeners.append(Listener(socket: socket, channel: channel))
        }
    }

    private func listenUnix(_ path: String) {
        let permissions = configuration.settings.unixSocketPermissions
        let log = log
        let channel = bootstrap()
            .bind(unixDomainSocketPath: path, cleanupExistingSocketFile: true)
            .map { channel -> any Channel in
                if permissions != 0 { _ = unsafe chmod(path, mode_t(permissions)) }
                return channel
            }.flatMapErrorThrowing { error -> any Channel in
                log.warning(LogWording.failedUnixSocket(listenReason(error)))
                throw ListeningFailure()
            }
        listeners.append(Listener(socket: nil, channel: channel))
    }

    private func bootstrap() -> ServerBootstrap {
        let bound = NIOLoopBound(self, eventLoop: loop)
        let settings = configuration.settings
        let keepalive = settings.keepaliveSeconds
        return ServerBootstrap(group: loop)
            .serverChannelOption(.backlog, value: Int32(settings.listenBacklog))
            // As many as Redis takes in at once.
            .serverChannelOption(.maxMessagesPerRead, value: 1000)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(.maxMessagesPerRead, value: 1)
            .childChannelOption(
                .recvAllocator,
                value: AdaptiveRecvByteBufferAllocator(minimum: 1024, initial: 4096, maximum: 65536)
            )
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try bound.value.accept(channel, keepalive) }
            }
    }

    /// Takes a new client in, or turns it away.
    private func accept(_ channel: any Channel, _ keepalive: Int) throws {
        let settings = configuration.settings
        let info = ConnectionInfo(
            channel, descriptor: descriptor(of: channel), at: engine.clock.now)
        if connections.count >= settings.maximumClients {
            return try turnAway(channel, "-ERR max number of clients reached\r\n")
        }
        if settings.isProtected && engine.access.defaultUser.rules.needsNoPassword && !info.isLocal
        {
            return try turnAway(channel, protectedModeRefusal)
        }
        if keepalive > 0 && !info.isUnixSocket { setKeepalive(channel, keepalive) }
        let connection = Connection(self, session: makeSession(), info: info)
        add(connection)
        try channel.pipeline.syncOperations.addHandler(connection)
    }

    /// The number of the channel's socket, 0 where there is none (an embedded channel).
    private func descriptor(of channel: any Channel) -> Int {
        // Only the number is taken; nothing is done with the socket. A channel that is gone has none.
        let found = try? channel.pipeline.syncOperations.withUnsafeTransportIfAvailable(
            of: NIOBSDSocket.Handle.self
        ) { Int($0) }
        return (found ?? nil) ?? 0
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
