// What the process does beside serving: pid file, service manager, limits, title.
import Foundation
import Testing

@testable import Server

struct ProcessMattersTests {
    @Test("Writes the pid file and removes it, and says why it can't")
    func pidFile() throws {
        let folder = try TemporaryFolder.make()
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appendingPathComponent("pid").path
        #expect(PidFile.create(path) == nil)
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "\(getpid())\n")
        PidFile.remove(path)
        PidFile.remove(path)
        #expect(!FileManager.default.fileExists(atPath: path))
        #expect(
            PidFile.create("\(path)/x/y") == "Failed to write PID file: No such file or directory")
    }

    @Test("Tells systemd how far it is, over a path or an abstract name", arguments: [false, true])
    func notification(isAbstract: Bool) throws {
        let folder = try TemporaryFolder.make()
        defer { try? FileManager.default.removeItem(at: folder) }
        let name = isAbstract ? "@holdfast-\(UUID().uuidString)" : "\(folder.path)/notify"
        let listener = try Listener(name)
        let supervisor = ServiceSupervisor(
            .systemd, variables: { $0 == "NOTIFY_SOCKET" ? name : nil })
        #expect(supervisor.isSupervised)
        supervisor.loading()
        #expect(try listener.receive() == "STATUS=Loading DB in memory...\n")
        supervisor.ready()
        #expect(try listener.receive() == "STATUS=Ready to accept connections\nREADY=1\n")
        supervisor.stopping()
        #expect(try listener.receive() == "STATUS=Shutting down\nSTOPPING=1\n")
    }

    @Test("Finds a service manager as supervised says")
    func detection() {
        let systemd: (String) -> String? = { $0 == "NOTIFY_SOCKET" ? "/run/x" : nil }
        #expect(ServiceSupervisor(.auto, variables: systemd).isSupervised)
        #expect(!ServiceSupervisor(.no, variables: systemd).isSupervised)
        #expect(ServiceSupervisor(.auto, variables: { _ in nil }).announcement == nil)
        #expect(
            ServiceSupervisor(.systemd, variables: { _ in nil }).announcement
                == "systemd supervision requested, but NOTIFY_SOCKET not found")
    }

    @Test("Says what became of the limit of open files")
    func openFiles() {
        let raised = OpenFilesLimit.outcome(
            clients: 10_000, old: 1024, needed: 10_032, reached: 10_032, 0)
        #expect(raised.maximumClients == 10_000)
        #expect(
            raised.messages.map(\.text) == [
                "Increased maximum number of open files to 10032 (it was originally set to 1024)."
            ])
        let reduced = OpenFilesLimit.outcome(
            clients: 10_000, old: 1024, needed: 10_032, reached: 4096, EPERM)
        #expect(reduced.maximumClients == 4064)
        #expect(
            reduced.messages.map(\.text) == [
                "You requested maxclients of 10000 requiring at least 10032 max file descriptors.",
                "Server can't set maximum open files to 10032 because of OS error: "
                    + "Operation not permitted.",
                "Current maximum open files is 4096. maxclients has been reduced to 4064 to "
                    + "compensate for low ulimit. If you need higher maxclients increase 'ulimit -n'.",
            ])
        let hopeless = OpenFilesLimit.outcome(clients: 1, old: 20, needed: 33, reached: 20, EPERM)
        #expect(hopeless.maximumClients == 0)
        #expect(OpenFilesLimit.raise(forClients: 1).messages == [])
    }

    @Test("Fills in the process's title and refuses unknown names")
    func title() {
        let values = ["title": "holdfast-server", "listen-addr": "*:6379", "server-mode": ""]
        #expect(
            ProcessTitle.expand("{title} {listen-addr} {server-mode}", values)
                == "holdfast-server *:6379")
        #expect(ProcessTitle.expand("{{x} {title}", values) == "{x} holdfast-server")
        #expect(ProcessTitle.expand("{nope}", values) == nil)
        #expect(ProcessTitle.expand("{title", values) == nil)
    }
}

/// A datagram socket as systemd opens one.
private final class Listener {
    private let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)

    init(_ name: String) throws {
        let (place, length) = try #require(ServiceSupervisor.address(name))
        var address = place
        let outcome = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                unsafe bind(descriptor, generic, length)
            }
        }
        try #require(outcome == 0)
    }

    deinit { close(descriptor) }

    func receive() throws -> String {
        var buffer = [UInt8](repeating: 0, count: 256)
        // The sender has returned, so the datagram is here or never comes.
        let count = unsafe buffer.withUnsafeMutableBytes {
            unsafe recv(descriptor, $0.baseAddress, $0.count, Int32(MSG_DONTWAIT))
        }
        try #require(count >= 0)
        return String(decoding: buffer[..<count], as: UTF8.self)
    }
}
