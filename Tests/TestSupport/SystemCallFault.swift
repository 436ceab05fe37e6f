/// Faults in a running server's system calls, through strace's injection.
///
/// strace attaches to the server's process and lets go of it when the fault ends, so that the server stays
/// the test's own child and goes on without a restart.
import Foundation

/// A fault that lasts until `end` is called or the object goes.
public final class SystemCallFault {
    private let process = Process()
    private let output = Pipe()

    /// Whether strace is there and may attach.
    public static var isAvailable: Bool { ServerProcess.find("strace") != nil }

    /// Attaches to all threads of `processID`.
    ///
    /// - Parameters:
    ///   - injections: as behind `-e inject=`, such as `fdatasync:error=EIO`.
    ///   - path: only calls on this file or folder (`-P`); nil for all.
    /// - Throws: where strace can't attach.
    public init(_ injections: [String], in processID: Int32, path: String? = nil) throws {
        let calls = injections.map { $0.prefix { $0 != ":" } }.joined(separator: ",")
        var arguments = ["-f", "-qqq", "-p", "\(processID)", "-e", "trace=\(calls)"]
        for injection in injections { arguments += ["-e", "inject=\(injection)"] }
        if let path { arguments += ["-P", path] }
        arguments += ["-o", "/dev/null"]
        process.executableURL = URL(fileURLWithPath: ServerProcess.find("strace") ?? "strace")
        process.arguments = arguments
        process.standardError = output
        try process.run()
        let isAttached = Eventually.holds(seconds: 10) {
            Self.threads(of: processID).allSatisfy { Self.isTraced($0) }
        } unless: {
            !self.process.isRunning
        }
        if !isAttached {
            end()
            let text = output.fileHandleForReading.readDataToEndOfFile()
            throw ServerProcess.StartError.notReady(String(decoding: text, as: UTF8.self))
        }
    }

    deinit { end() }

    /// Lets the server go.
    public func end() {
        if process.isRunning { process.terminate() }
        process.waitUntilExit()
    }

    private static func threads(of processID: Int32) -> [String] {
        let names = try? FileManager.default.contentsOfDirectory(
            atPath: "/proc/\(processID)/task")
        return (names ?? []).map { "/proc/\(processID)/task/\($0)/status" }
    }

    /// A thread that ended meanwhile has no status, and needs no tracer.
    private static func isTraced(_ path: String) -> Bool {
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { return true }
        return !text.contains("TracerPid:\t0")
    }
}
