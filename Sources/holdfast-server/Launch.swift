/// From the command line to a serving process, and from a signal to its end.
///
/// ORDER: the process is detached before any thread exists; signals are blocked before the loop's
/// thread is made, so that only the waiting main thread gets them.
import Backends
import Bytes
import Engine
import NIOCore
import NIOPosix
import Persistence
import Server
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// One start of the program.
struct Launch {
    private let arguments: CommandLineArguments

    init(_ arguments: CommandLineArguments) { self.arguments = arguments }

    /// Runs the server; returns never.
    func run() -> Never {
        switch arguments.request {
        case .serve: break
        case .version:
            print("Holdfast server v=\(ServerVersion.holdfast) redis=\(ServerVersion.redis)")
            exit(0)
        case .help:
            print(CommandLineArguments.usage)
            exit(0)
        }
        Allocator.prepare()
        let configuration = readConfiguration()
        let settings = configuration.settings
        let supervisor = ServiceSupervisor(settings.supervision)
        // Whoever supervises a process doesn't want it to leave.
        let isDaemon = settings.daemonizes && !supervisor.isSupervised
        if isDaemon, let reason = Daemon.detach() { fail(reason) }
        let log = ServerLog(path: settings.logFilePath, level: settings.logLevel)
        announce(configuration, log)
        let limit = OpenFilesLimit.raise(forClients: settings.maximumClients)
        for message in limit.messages { log.log(message.level, message.text) }
        configuration.adopt(maximumClients: limit.maximumClients)
        if let text = supervisor.announcement { log.notice(text) }
        let pidPath = settings.pidFilePath ?? (isDaemon ? PidFile.standardPath : nil)
        if let pidPath, let reason = PidFile.create(pidPath) { log.warning(reason) }
        showTitle(configuration)
        log.setRole(.master)
        log.notice(LogWording.running(port: settings.port))
        log.notice(LogWording.processIdentifier(getpid()))
        blockSignals()
        serve(configuration, log, supervisor, pidPath: pidPath)
    }

    private func readConfiguration() -> Configuration {
        let offer = BackendOffer(
            names: BackendCatalog.all.map(\.descriptor.name), log: "aof", snapshot: "rdb",
            nothing: "none",
            queryable: BackendCatalog.all.map(\.descriptor)
                .filter { $0.abilities.contains(.queries) }.map(\.name))
        do throws(ConfigurationError) {
            return try ConfigurationLoader.load(
                arguments, in: ConfigurationEnvironment(backends: offer))
        } catch {
            fail(error.report(product: "Holdfast \(ServerVersion.holdfast)"))
        }
    }

    private func announce(_ configuration: Configuration, _ log: ServerLog) {
        log.notice(LogWording.starting("Holdfast"))
        log.notice(
            LogWording.versions(
                redis: ServerVersion.redis, holdfast: ServerVersion.holdfast, pid: getpid()))
        if CommandLine.arguments.count > 1 {
            log.notice(LogWording.configurationLoaded)
        } else {
            log.warning(LogWording.noConfigurationFile(CommandLine.arguments[0]))
        }
        if let warning = configuration.warningOfNotActedOn { log.warning(warning) }
        if let warning = configuration.backend.warning { log.warning(warning) }
    }

    /// What `ps` shows: `set-proc-title`.
    private func showTitle(_ configuration: Configuration) {
        let settings = configuration.settings
        guard settings.setsProcessTitle else { return }
        let first = settings.bindAddresses.first ?? "*"
        let host = first.hasPrefix("-") ? String(first.dropFirst()) : first
        let isUnixOnly = settings.port == 0 && settings.unixSocketPath != nil
        let title = ProcessTitle.expand(
            settings.processTitleTemplate,
            [
                "title": CommandLine.arguments[0], "server-mode": "",
                "listen-addr": isUnixOnly
                    ? settings.unixSocketPath ?? "" : "\(host):\(settings.port)",
                "port": "\(settings.port)", "tls-port": "0",
                "unixsocket": settings.unixSocketPath ?? "",
                "config-file": configuration.filePath ?? "",
            ])
        if let title { ProcessTitle.set(title) }
    }

    // MARK: Signals

    private func blockSignals() {
        signal(SIGPIPE, SIG_IGN)
        signal(SIGHUP, SIG_IGN)
        var signals = signalSet()
        _ = unsafe pthread_sigmask(SIG_BLOCK, &signals, nil)
    }

    private func signalSet() -> sigset_t {
        var signals = sigset_t()
        _ = unsafe sigemptyset(&signals)
        _ = unsafe sigaddset(&signals, SIGTERM)
        _ = unsafe sigaddset(&signals, SIGINT)
        return signals
    }

    // MARK: Serving

    private func serve(
        _ configuration: Configuration, _ log: ServerLog, _ supervisor: ServiceSupervisor,
        pidPath: String?
    ) -> Never {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let loop = group.any()
        let given = Given(configuration: configuration)
        let socketPath = configuration.settings.unixSocketPath
        let removeFiles: @Sendable () -> Void = {
            if let pidPath {
                log.notice(LogWording.removingPidFile)
                PidFile.remove(pidPath)
            }
            if let socketPath {
                log.notice(LogWording.removingUnixSocket)
                _ = unsafe unlink(socketPath)
            }
        }
        let started = loop.flatSubmit { () -> EventLoopFuture<NIOLoopBound<Server>> in
            let runner = LaneRunner(deliver: { work in loop.execute { work() } })
            let server = Server(
                loop: loop, configuration: given.configuration, log: log, clock: SystemClock(),
                runner: runner)
            server.didStop = { code in
                removeFiles()
                supervisor.stopping()
                exit(code)
            }
            let bound = NIOLoopBound(server, eventLoop: loop)
            return server.listen().flatMap {
                log.notice(LogWording.serverInitialized)
                supervisor.loading()
                return open(bound).map { bound }
            }
        }
        let running = Mutex<NIOLoopBound<Server>?>(nil)
        started.whenSuccess { server in
            running.withLock { $0 = server }
            supervisor.ready()
        }
        started.whenFailure { error in
            // Another server's socket may be what prevented it: nothing is removed then.
            if error is ListeningFailure { exit(1) }
            explain(error, log)
            removeFiles()
            exit(1)
        }
        waitForSignals { isInterrupt in
            guard let server = running.withLock({ $0 }) else {
                log.warning(LogWording.signalWhileLoading)
                removeFiles()
                exit(0)
            }
            loop.execute {
                server.value.shutdown(
                    signal: isInterrupt ? "SIGINT" : "SIGTERM", isInterrupt: isInterrupt)
            }
        }
    }

    /// Why the data could not be loaded; harnesses look for Redis's line, people read ours.
    private func explain(_ error: any Error, _ log: ServerLog) {
        if let error = error as? PersistenceError, error.code == .corrupt, let path = error.path {
            let name = path.split(separator: "/").last.map(String.init) ?? path
            log.warning(LogWording.badFormat(name))
        }
        log.warning("\(error)")
    }

    /// Opens the data directory and loads what it keeps.
    private func open(
        _ bound: NIOLoopBound<Server>
    ) -> EventLoopFuture<Void> {
        let server = bound.value
        let log = server.log
        let configuration = server.configuration
        var environment = BackendEnvironment(
            fileSystem: SystemFileSystem(), clock: server.engine.clock,
            runner: server.runner,
            log: PersistenceLog { level, text in log.log(LogLevel(level), text) },
            progress: { failed in bound.value.backendProgressed(failed: failed) })
        environment.identity = ServerIdentity(version: ServerVersion.holdfast, id: server.runID)
        environment.usedMemoryBytes = { bound.value.engine.usedMemory }
        environment.measured = { event, nanoseconds in
            bound.value.measured(event, nanoseconds: nanoseconds)
        }
        do throws(PersistenceError) {
            let opened = try BackendCatalog.open(
                EngineRequest(
                    name: configuration.backend.name, isExplicit: configuration.backend.isExplicit),
                settings: configuration.settings.backend, environment: environment)
            let changer = NIOLoopBound(opened.changer, eventLoop: server.loop)
            let snapshots = opened.snapshots
            for warning in opened.warnings { log.warning(warning) }
            return server.start(backend: opened.backend).map {
                let server = bound.value
                if let line = changer.value.tidy() { server.log.notice(line) }
                server.engineChanger = changer.value
                server.snapshotStore = snapshots
            }
        } catch {
            return server.loop.makeFailedFuture(error)
        }
    }

    private func waitForSignals(_ handle: (_ isInterrupt: Bool) -> Void) -> Never {
        var signals = signalSet()
        while true {
            var number: Int32 = 0
            if unsafe sigwait(&signals, &number) != 0 { continue }
            handle(number == SIGINT)
        }
    }

    private func fail(_ text: String) -> Never {
        let line = Array((text + "\n").utf8)
        // SAFETY: the array outlives the call. Nothing can be done where even this fails.
        _ = unsafe line.withUnsafeBytes { unsafe write(STDERR_FILENO, $0.baseAddress, $0.count) }
        exit(1)
    }
}

/// Takes the configuration to the loop's thread, where it stays.
private struct Given: @unchecked Sendable {
    // BECAUSE: the main thread made it and doesn't touch it again.
    let configuration: Configuration
}

extension LogLevel {
    /// The log's level for a line of the backend's.
    init(_ level: PersistenceLog.Level) {
        switch level {
        case .verbose: self = .verbose
        case .notice: self = .notice
        case .warning: self = .warning
        }
    }
}
