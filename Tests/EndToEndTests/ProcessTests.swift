/// The process around the server: signals, the files beside the data, exit codes.
import Foundation
import TestSupport
import Testing

extension EndToEndTests {
    @Suite("The server as a process", Needs.holdfast, Needs.noStandIn)
    struct ProcessTests {
        @Test("a port that is taken ends the start with exit code 1 and Redis's line")
        func portTaken() throws {
            let folder = try TemporaryDirectory()
            let first = try ServerProcess(.holdfast, in: folder.path)
            let other = try TemporaryDirectory()
            let second = try ServerProcess(
                .holdfast, in: other.path, port: first.port, waits: false)
            #expect(second.waitForExit() == 1)
            #expect(second.log.contains("Failed listening on port \(first.port) (tcp), aborting."))
            #expect(first.isRunning)
        }

        @Test("SIGTERM ends it with exit code 0; pid file and Unix socket are gone")
        func termination() throws {
            let folder = try TemporaryDirectory()
            let pidPath = folder.path + "/server.pid"
            let socketPath = folder.path + "/s"
            let server = try ServerProcess(
                .holdfast, in: folder.path,
                arguments: ["--pidfile", pidPath, "--unixsocket", socketPath])
            #expect(
                try String(contentsOfFile: pidPath, encoding: .utf8) == "\(server.processID)\n")
            #expect(FileManager.default.fileExists(atPath: socketPath))
            #expect(server.terminate() == 0)
            #expect(!FileManager.default.fileExists(atPath: pidPath))
            #expect(!FileManager.default.fileExists(atPath: socketPath))
            #expect(server.log.contains("Received SIGTERM scheduling shutdown..."))
            #expect(server.log.contains("bye bye..."))
        }

        @Test("what SHUTDOWN leaves is loaded by the next start, and SHUTDOWN gives no reply")
        func shutdownCommand() throws {
            let folder = try TemporaryDirectory()
            let server = try ServerProcess(
                .holdfast, in: folder.path, arguments: ServerProcess.appendOnly("everysec"))
            let client = try server.connect()
            try client.run("SET", "k", "v")
            #expect(throws: ClientError.closed) { try client.run("SHUTDOWN", "NOSAVE") }
            #expect(server.waitForExit() == 0)
            let next = try server.restarted()
            #expect(try next.connect().run("GET", "k") == .bulk(Array("v".utf8)))
        }

        @Test("a wrong directive ends the start with exit code 1, its line and what is wrong")
        func wrongDirective() throws {
            let folder = try TemporaryDirectory()
            let server = try ServerProcess(
                .holdfast, in: folder.path, arguments: ["--maxmemory", "1x"], waits: false)
            #expect(server.waitForExit() == 1)
            #expect(server.log.contains("FATAL CONFIG FILE ERROR"))
            #expect(server.log.contains(">>> 'maxmemory \"1x\"'"))
            #expect(server.log.contains("argument must be a memory value"))
        }
    }
}
