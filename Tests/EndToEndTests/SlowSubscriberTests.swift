/// Many subscribers, and such that don't read: those who read hear everything, those who don't are cut off, and
/// the server's memory stays within bounds.
import Foundation
import TestSupport
import Testing

extension EndToEndTests {
    @Suite("Subscribers, many and slow", Needs.holdfast, Needs.noStandIn)
    struct SlowSubscriberTests {
        private func start(_ arguments: [String] = []) throws -> (RESPClient, TemporaryDirectory) {
            let folder = try TemporaryDirectory()
            let server = try ServerProcess(
                .holdfast, in: folder.path,
                arguments: ["--save", "", "--appendonly", "no"] + arguments)
            return (try server.connect(), folder)
        }

        private func figure(_ name: String, _ client: RESPClient) throws -> Int {
            let text = try client.run("INFO", "everything").text ?? ""
            let line = text.split(separator: "\r\n").first { $0.hasPrefix(name + ":") }
            return line.flatMap { Int($0.dropFirst(name.count + 1)) } ?? -1
        }

        private func subscribe(_ speaker: RESPClient, _ count: Int) throws -> [RESPClient] {
            let server = try #require(speaker.server)
            return try (0..<count).map { _ in
                let client = try server.connect()
                try client.run("SUBSCRIBE", "news")
                return client
            }
        }

        @Test("a subscriber that doesn't read is cut off at the hard limit; others hear everything")
        func hardLimit() throws {
            let (speaker, folder) = try start(
                ["--client-output-buffer-limit", "pubsub", "1mb", "0", "0"])
            defer { withExtendedLifetime(folder) {} }
            let slow = try subscribe(speaker, 4)
            let quick = try subscribe(speaker, 1)[0]
            let before = try figure("used_memory_rss", speaker)
            var peak = before
            var sent = 0
            let text = String(repeating: "x", count: 64 << 10)
            // The kernel takes some megabytes for each; then the server's own limit counts.
            while try speaker.run("PUBLISH", "news", "\(sent):" + text) != .integer(1) {
                #expect(try quick.receive().elements.last?.text?.hasPrefix("\(sent):x") == true)
                sent += 1
                if sent.isMultiple(of: 16) {
                    peak = max(peak, try figure("used_memory_rss", speaker))
                }
                try #require(sent < 2000, "nobody was cut off")
            }
            #expect(try figure("client_output_buffer_limit_disconnections", speaker) == 4)
            #expect(try figure("connected_clients", speaker) == 2)
            #expect(try figure("pubsub_channels", speaker) == 1)
            #expect(peak - before < 64 << 20, "\(peak - before) bytes for four slow clients")
            for client in slow { #expect(throws: ClientError.closed) { try drain(client) } }
        }

        private func drain(_ client: RESPClient) throws {
            while true { _ = try client.receive() }
        }

        @Test("above the soft limit a subscriber has the time that the limit allows, and no more")
        func softLimit() throws {
            let (speaker, folder) = try start(
                ["--client-output-buffer-limit", "pubsub", "0", "200kb", "1"])
            defer { withExtendedLifetime(folder) {} }
            let slow = try subscribe(speaker, 1)
            let text = String(repeating: "x", count: 64 << 10)
            // Until the kernel takes no more, and the server keeps what is above the limit.
            while try figure("client_recent_max_output_buffer", speaker) < 400 << 10 {
                #expect(try speaker.run("PUBLISH", "news", text) == .integer(1))
            }
            let start = Date()
            let isGone = Eventually.holds(seconds: 10) {
                (try? self.figure("client_output_buffer_limit_disconnections", speaker)) == 1
            }
            #expect(isGone)
            #expect(Date().timeIntervalSince(start) > 0.5)
            #expect(throws: ClientError.closed) { try drain(slow[0]) }
        }

        @Test("many subscribers of one channel hear every message once, in order")
        func many() throws {
            let count = TestKnobs.count(
                "HOLDFAST_SUBSCRIBERS", or: TestKnobs.isCampaign ? 10_000 : 500)
            let messages = 40
            let (speaker, folder) = try start(["--maxclients", "11000"])
            defer { withExtendedLifetime(folder) {} }
            let clients = try subscribe(speaker, count)
            let before = try figure("used_memory_rss", speaker)
            var longest = 0.0
            for number in 0..<messages {
                let start = Date()
                #expect(try speaker.run("PUBLISH", "news", "\(number)") == .integer(count))
                longest = max(longest, Date().timeIntervalSince(start))
            }
            for client in clients {
                for number in 0..<messages {
                    let message = try client.receive().elements.last?.text
                    if message != "\(number)" { Issue.record("heard \(message ?? "nothing")") }
                }
                #expect(client.unread == 0)
            }
            let growth = try figure("used_memory_rss", speaker) - before
            print(
                "subscribers: \(count), \(messages) messages, a PUBLISH took at most "
                    + "\(Int(longest * 1000)) ms, \(growth >> 10) KiB more memory")
            #expect(growth < (32 << 20) + count * 20_000)
            #expect(try figure("connected_clients", speaker) == count + 1)
        }
    }
}
