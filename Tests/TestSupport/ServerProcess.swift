/// Servers that tests start: ours, or a real redis-server; always on 127.0.0.1, always reaped.
import Foundation

/// A running server in a folder of its own.
public final class ServerProcess {
    /// Which server.
    public enum Kind: Sendable {
        /// The product of this package.
        case holdfast
        /// Debian's redis-server.
        case redis
    }

    /// What was started.
    public let kind: Kind
    /// Where it listens.
    public let port: Int
    /// Its data directory.
    public let directory: String
    /// Its process id.
    public var processID: Int32 { process.processIdentifier }
    /// The directives that it was started with, beside port, address and folder.
    public let arguments: [String]
    private let process = Process()
    private let isWrapped: Bool
    private let logPath: String

    /// Where a server's executable is; nil where there is none.
    public static func executable(_ kind: Kind) -> String? {
        switch kind {
        case .redis: find("redis-server")
        case .holdfast:
            ProcessInfo.processInfo.environment["HOLDFAST_SERVER_COMMAND"].flatMap(find)
                ?? builtProduct("holdfast-server")
        }
    }

    /// A tool of this package, built; nil where it isn't.
    public static func tool(_ name: String) -> String? { builtProduct(name) }

    /// The path of a program on PATH.
    public static func find(_ name: String) -> String? {
        if name.hasPrefix("/") { return name }
        let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin"
        return path.split(separator: ":").map { "\($0)/\(name)" }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    /// A product of this package, which stands beside the tests' own executable.
    private static func builtProduct(_ name: String) -> String? {
        var folder = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
        if let link = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"),
            link.hasSuffix(".xctest")
        {
            folder = URL(fileURLWithPath: link).deletingLastPathComponent()
        }
        let project = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let places = [
            folder.path, project.appendingPathComponent(".build/debug").path,
            project.appendingPathComponent(".build/release").path,
        ]
        return places.map { "\($0)/\(name)" }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    /// Starts a server in `directory` and waits until it answers PING.
    ///
    /// - Parameters:
    ///   - wrapper: a command that runs the server (strace and its arguments), empty for none.
    ///   - waits: false where the start is expected to fail, or to load for long.
    /// - Throws: where there is no executable, or no answer within 20 s.
    public init(
        _ kind: Kind, in directory: String, port: Int? = nil, arguments: [String] = [],
        wrapper: [String] = [], waits: Bool = true
    ) throws {
        guard let executable = Self.executable(kind) else { throw StartError.noExecutable }
        self.kind = kind
        self.directory = directory
        self.arguments = arguments
        isWrapped = !wrapper.isEmpty
        self.port = try port ?? FreePort.find()
        logPath = "\(directory)/server-\(self.port).log"
        let command =
            wrapper + [
                executable, "--port", "\(self.port)", "--bind", "127.0.0.1", "--dir", directory,
                "--enable-debug-command", "yes",
            ] + arguments
        process.executableURL = URL(fileURLWithPath: Self.find(command[0]) ?? command[0])
        process.arguments = Array(command.dropFirst())
        process.currentDirectoryURL = URL(fileURLWithPath: directory)
        if !FileManager.default.fileExists(atPath: logPath) {
            _ = FileManager.default.createFile(atPath: logPath, contents: nil)
        }
        let log = FileHandle(forWritingAtPath: logPath)
        _ = try log?.seekToEnd()
        process.standardOutput = log
        process.standardError = log
        try process.runWithAllSignals()
        if waits { try waitUntilReady() }
    }

    /// Why a server didn't start.
    public enum StartError: Error {
        /// Not built, not installed.
        case noExecutable
        /// It ended, or never answered; its log.
        case notReady(String)
    }

    deinit { kill() }

    /// Everything that the server has printed.
    public var log: String {
        (try? String(contentsOfFile: logPath, encoding: .utf8)) ?? ""
    }

    /// Whether the process is alive.
    public var isRunning: Bool { process.isRunning }

    /// Waits until the server answers PING with PONG.
    public func waitUntilReady(seconds: Double = 20) throws {
        let isUp = Eventually.holds(seconds: seconds) {
            guard self.isRunning, let client = try? RESPClient(port: self.port) else {
                return false
            }
            client.timeoutMilliseconds = 2000
            return (try? client.run("PING")) == .simple(Array("PONG".utf8))
        } unless: {
            !self.isRunning
        }
        if !isUp { throw StartError.notReady(log) }
    }

    /// A new process with the same folder and directives, on a port of its own, once this one is
    /// gone.
    public func restarted(waits: Bool = true) throws -> ServerProcess {
        kill()
        return try ServerProcess(kind, in: directory, arguments: arguments, waits: waits)
    }

    /// Whether the server that was started calls itself Holdfast: HOLDFAST_SERVER_COMMAND may have put
    /// a real Redis in its place, to prove the instrument.
    public func isHoldfast() throws -> Bool {
        try connect().run("INFO", "server").text?.contains("holdfast_version") ?? false
    }

    /// A new connection, which keeps this object and so the process alive.
    public func connect() throws -> RESPClient {
        let client = try RESPClient(port: port)
        client.server = self
        return client
    }

    /// kill -9, and waits for the end. Under a wrapper the server goes first: strace, killed, would let it
    /// live on.
    public func kill() {
        let path = "/proc/\(processID)/task/\(processID)/children"
        if process.isRunning, isWrapped,
            let text = try? String(contentsOfFile: path, encoding: .utf8)
        {
            for child in text.split(separator: " ").compactMap({ Int32($0) }) {
                Foundation.kill(child, SIGKILL)
            }
        }
        if process.isRunning { Foundation.kill(process.processIdentifier, SIGKILL) }
        process.waitUntilExit()
    }

    /// SIGTERM, and waits for the end; its exit code.
    @discardableResult
    public func terminate() -> Int32 {
        if process.isRunning { Foundation.kill(process.processIdentifier, SIGTERM) }
        process.waitUntilExit()
        return process.terminationStatus
    }

    /// Waits for an end that is on its way; the exit code.
    public func waitForExit() -> Int32 {
        process.waitUntilExit()
        return process.terminationStatus
    }
}

/// Ports that nobody listens on.
public enum FreePort {
    /// A port that was free a moment ago.
    public static func find() throws -> Int {
        for _ in 0..<100 {
            let port = Int.random(in: 20_000..<30_000)
            do throws(ClientError) {
                _ = try RESPClient(port: port)
            } catch .cannotConnect {
                return port
            } catch {
                continue
            }
        }
        throw ServerProcess.StartError.notReady("no free port")
    }
}

/// Waiting for something without a fixed sleep.
public enum Eventually {
    /// Whether `condition` came to hold within `seconds`; asked every few milliseconds.
    ///
    /// - Parameter hopeless: ends the waiting early.
    public static func holds(
        seconds: Double, _ condition: () -> Bool, unless hopeless: () -> Bool = { false }
    ) -> Bool {
        let end = Date().addingTimeInterval(seconds)
        while Date() < end {
            if condition() { return true }
            if hopeless() { return false }
            RunLoop.current.run(until: Date().addingTimeInterval(0.005))
        }
        return condition()
    }
}
