/// Keyspace notifications beside a real server: the same random commands, and every event of each is compared,
/// misses and new keys included.
import Foundation
import TestSupport
import Testing

extension EndToEndTests {
    @Suite("Keyspace notifications", Needs.redis, Needs.holdfast)
    struct NotificationTests {
        /// One server, who speaks to it, and who listens to its events.
        private struct Side {
            let speaker: RESPClient
            let listener: RESPClient
            private let folder: TemporaryDirectory

            init(_ kind: ServerProcess.Kind) throws {
                folder = try TemporaryDirectory()
                let server = try ServerProcess(
                    kind, in: folder.path, arguments: ["--save", "", "--appendonly", "no"])
                speaker = try server.connect()
                listener = try server.connect()
                try speaker.run("CONFIG", "SET", "notify-keyspace-events", "KEAmn")
                try listener.run("PSUBSCRIBE", "__key*@*__:*")
                try listener.run("SUBSCRIBE", "end")
            }

            /// The reply of a command, and the events that it caused.
            func ask(_ words: [Word]) throws -> (reply: RESPValue, events: [String]) {
                let reply = try speaker.run(words.map(\.bytes))
                try speaker.run("PUBLISH", "end", "")
                var events: [String] = []
                while true {
                    let message = try listener.receive().elements
                    if message.count == 3 { return (reply, events) }
                    events.append(message.dropFirst(2).map(\.description).joined(separator: " "))
                }
            }
        }

        /// What works on keys; each command as often as any other.
        private static let shapes: [CommandShape] =
            [
                CommandShape("select", 1) { d in [Word(d.below(2))] },
                CommandShape("flushdb", 1), CommandShape("swapdb", 1) { _ in ["0", "1"] },
            ]
            + [
                CommandShapes.strings, CommandShapes.hashes, CommandShapes.lists,
                CommandShapes.sets, CommandShapes.sortedSets, CommandShapes.streams,
                CommandShapes.bitmaps, CommandShapes.sketches, CommandShapes.places,
                CommandShapes.payloads, CommandShapes.keys,
            ].flatMap { $0 }

        @Test("are the same as Redis's, command by command, in the same order")
        func randomCommands() throws {
            let sides = (try Side(.holdfast), try Side(.redis))
            let epoch = Int(Date().timeIntervalSince1970 * 1000)
            var draw = Draw(seed: TestKnobs.seed, epochMilliseconds: epoch)
            let known = Set(try sides.0.speaker.run("COMMAND", "LIST").elements.compactMap(\.text))
            let shapes = Self.shapes.filter { known.contains($0.name) }
            let count = TestKnobs.count(
                "HOLDFAST_EVENT_COUNT", or: TestKnobs.isCampaign ? 200_000 : 5000)
            var different: Set<String> = []
            var events = 0
            for number in 0..<count {
                let request = draw.pick(shapes).request(&draw)
                let ours = try sides.0.ask(request.words)
                let theirs = try sides.1.ask(request.words)
                events += theirs.events.count
                if ours.reply.isError != theirs.reply.isError {
                    // The differential test's business; here the data start anew.
                    for side in [sides.0, sides.1] { _ = try side.ask(["FLUSHALL"]) }
                    continue
                }
                // The elements of a set, and equal ones of SORT, come in any order: so do their lookups.
                let isOrdered = !request.name.hasPrefix("sort")
                if isOrdered && ours.events == theirs.events { continue }
                if !isOrdered && ours.events.sorted() == theirs.events.sorted() { continue }
                if different.insert(request.name).inserted {
                    Issue.record(
                        """
                        command \(number) (seed \(TestKnobs.seed)): \(request.words)
                        answers: \(ours.reply) | \(theirs.reply)
                        ours:   \(ours.events)
                        theirs: \(theirs.events)
                        """)
                }
                if different.count > 5 { break }
            }
            print("notifications: \(count) commands, \(events) events, seed \(TestKnobs.seed)")
            #expect(events > count / 4)
        }
    }
}
