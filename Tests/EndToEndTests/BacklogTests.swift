/// Clients that come in a flood wait in the system's queue, which is as long as `tcp-backlog` says.
import Foundation
import TestSupport
import Testing

extension EndToEndTests {
    @Suite("A flood of connections", Needs.holdfast)
    struct BacklogTests {
        /// A connection that the system has made, or nil where it is not made at once.
        private func connect(_ port: Int) -> Int32? {
            let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            guard fcntl(descriptor, F_SETFL, O_NONBLOCK) == 0 else { return nil }
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = in_port_t(port).bigEndian
            address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
            // SAFETY: the address is a whole sockaddr_in for the time of the call.
            let answer = unsafe withUnsafePointer(to: &address) { pointer in
                unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    unsafe Foundation.connect(
                        descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
            if answer == 0 { return descriptor }
            var state = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            // SAFETY: one pollfd.
            if unsafe poll(&state, 1, 500) == 1, Int32(state.revents) & POLLERR == 0 {
                return descriptor
            }
            close(descriptor)
            return nil
        }

        @Test("as many wait as tcp-backlog says, while the server is busy")
        func queue() throws {
            let folder = try TemporaryDirectory()
            let server = try ServerProcess(
                .holdfast, in: folder.path, arguments: ["--save", "", "--appendonly", "no"])
            #expect(Foundation.kill(server.processID, SIGSTOP) == 0)
            var waiting: [Int32] = []
            while waiting.count < 400, let descriptor = connect(server.port) {
                waiting.append(descriptor)
            }
            #expect(Foundation.kill(server.processID, SIGCONT) == 0)
            #expect(waiting.count == 400)
            for descriptor in waiting { close(descriptor) }
            #expect(try server.connect().run("PING").text == "PONG")
        }
    }
}
