/// Ten thousand clients that say nothing and a thousand that do.
import Foundation
import TestSupport
import Testing

extension EndToEndTests {
    @Suite("Many connections", Needs.holdfast)
    struct ConnectionTests {
        /// Raises the limit of open files for this process, and so for the servers it starts.
        private func canOpen(_ files: Int) -> Bool {
            var limit = rlimit()
            _ = unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
            guard limit.rlim_cur < rlim_t(files) else { return true }
            limit.rlim_cur = rlim_t(files)
            limit.rlim_max = max(limit.rlim_max, rlim_t(files))
            return unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0
        }

        @Test("10 000 idle and 1 000 busy ones are served")
        func manyClients() throws {
            let (idleCount, busyCount) = (10_000, 1_000)
            guard canOpen(idleCount + busyCount + 500) else {
                return TestKnobs.skip("no right to open 11 500 files: many connections not shown")
            }
            let folder = try TemporaryDirectory()
            let server = try ServerProcess(
                .holdfast, in: folder.path,
                arguments: ["--maxclients", "\(idleCount + busyCount + 100)"])
            let idle = try (0..<idleCount).map { _ in try server.connect() }
            let busy = try (0..<busyCount).map { _ in try server.connect() }
            let rounds = TestKnobs.isCampaign ? 50 : 5
            for round in 0..<rounds {
                for (index, client) in busy.enumerated() {
                    try client.send(work(index, round))
                }
                for (index, client) in busy.enumerated() { try check(client, index, round) }
            }
            // The silent ones are still there, and still served.
            for client in idle { try client.send(Array("PING\r\n".utf8)) }
            for client in idle {
                #expect(try client.receive() == .simple(Array("PONG".utf8)))
            }
            let text = try busy[0].run("INFO", "clients").text ?? ""
            #expect(text.contains("connected_clients:\(idleCount + busyCount)\r\n"), "\(text)")
            #expect(
                try busy[0].run("GET", "shared")
                    == .bulk(Array("\(busyCount * rounds)".utf8)))
        }

        private func work(_ index: Int, _ round: Int) -> [UInt8] {
            let commands = [
                ["SET", "client:\(index)", "\(round)"], ["GET", "client:\(index)"],
                ["HSET", "hash:\(index)", "f\(round)", "v"], ["HLEN", "hash:\(index)"],
                ["INCR", "shared"],
            ]
            return commands.flatMap { RESPClient.encode($0.map { Array($0.utf8) }) }
        }

        private func check(_ client: RESPClient, _ index: Int, _ round: Int) throws {
            #expect(try client.receive() == .simple(Array("OK".utf8)))
            #expect(try client.receive() == .bulk(Array("\(round)".utf8)))
            #expect(try client.receive() == .integer(1))
            #expect(try client.receive() == .integer(round + 1))
            let shared = try client.receive()
            #expect(!shared.isError, "client \(index): \(shared)")
        }

        @Test("one too many is turned away by name, and takes nobody's place")
        func tooMany() throws {
            let folder = try TemporaryDirectory()
            let server = try ServerProcess(
                .holdfast, in: folder.path, arguments: ["--maxclients", "10"])
            var clients: [RESPClient] = []
            for _ in 0..<10 { clients.append(try server.connect()) }
            for client in clients.prefix(5) { #expect(!(try client.run("PING").isError)) }
            let eleventh = try server.connect()
            #expect(
                try eleventh.receive() == .error(Array("ERR max number of clients reached".utf8)))
            #expect(throws: ClientError.closed) { try eleventh.receive() }
            clients.removeLast(5)
            let isServed = Eventually.holds(seconds: 10) {
                (try? server.connect().run("PING"))?.isError == false
            }
            #expect(isServed, "room that became free is not given away")
        }
    }
}
