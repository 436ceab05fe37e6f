/// Users and their rights beside a real redis-server: random rules, commands by users that have them, what ACL LOG
/// says of it, and the file of users with all that may be wrong in one.
import Foundation
import TestSupport
import Testing

extension EndToEndTests {
    @Suite("Access control beside a real redis-server", Needs.redis, Needs.holdfast)
    struct AccessTests {
        /// A server, its administrator, and a client that becomes one user after another.
        private final class Side {
            let server: ServerProcess
            let folder: TemporaryDirectory
            let administrator: RESPClient
            private var worker: RESPClient

            init(_ kind: ServerProcess.Kind, file: String? = nil) throws {
                folder = try TemporaryDirectory()
                var arguments = ["--save", "", "--appendonly", "no"]
                if let file {
                    let path = folder.path + "/users.acl"
                    try Data(file.utf8).write(to: URL(fileURLWithPath: path))
                    arguments += ["--aclfile", path]
                }
                server = try ServerProcess(kind, in: folder.path, arguments: arguments)
                administrator = try server.connect()
                worker = try server.connect()
            }

            /// The reply; nil where the server closed the connection, which a new one takes the place of.
            func work(_ words: [String]) throws -> RESPValue? {
                do {
                    let reply = try worker.run(words.map { Array($0.utf8) })
                    let leavesState = ["subscribe", "psubscribe", "unsubscribe", "punsubscribe"]
                    if leavesState.contains(words[0]), !reply.isError { try reconnect() }
                    return reply
                } catch ClientError.closed {
                    try reconnect()
                    return nil
                }
            }

            private func reconnect() throws { worker = try server.connect() }

            func administer(_ words: [String]) throws -> RESPValue {
                try administrator.run(words.map { Array($0.utf8) })
            }

            /// The file of users, and the folder's name out of every text.
            func write(_ text: String) throws {
                try Data(text.utf8).write(to: URL(fileURLWithPath: folder.path + "/users.acl"))
            }

            func read() throws -> String {
                try String(contentsOfFile: folder.path + "/users.acl", encoding: .utf8)
            }
        }

        /// What one draws from.
        private struct AccessDraw {
            var random: SeededGenerator
            static let categories = [
                "read", "write", "string", "hash", "keyspace", "dangerous", "all", "list", "set",
                "sortedset", "stream", "pubsub", "connection", "fast", "slow", "admin", "bitmap",
                "geo", "hyperloglog", "transaction", "blocking", "nosuch",
            ]
            static let commands = [
                "get", "set", "hset", "del", "config", "config|get", "config|set", "client",
                "client|id", "ping", "mget", "copy", "xadd", "xreadgroup", "subscribe", "publish",
                "sort", "object|encoding", "acl|whoami", "acl", "select", "zunionstore", "multi",
                "exec", "spublish", "get|x", "config|get|x",
            ]
            static let others = [
                "on", "on", "off", "nopass", ">p1", ">p1", "<p1", "resetkeys", "resetchannels",
                "allkeys", "allchannels", "allcommands", "nocommands", "reset", "resetpass",
                "clearselectors", "(~a:* +get)", "(%R~b:* +@read -get)", "(+set|nx)", "(~a", "~",
                "&", "+", "%R~", "%~x", "+@", "bogus", "#abc", "sanitize-payload", "",
            ]
            static let used = [
                "get K", "set K v", "mget K K", "copy K K", "del K", "hset K f v", "acl whoami",
                "config get maxclients", "publish ch1 m", "publish x m", "spublish ch1 x",
                "append K x",
                "sort K by w* get x*", "zunionstore K 2 K K", "object encoding K", "select 0",
                "xadd K 0-* a b", "multi", "exec", "ping", "getset K v", "bitop and K K K",
                "smove K K m", "lmove K K left left", "set K v get", "sort K store K",
                "xreadgroup group g c streams K >", "georadius K 1 1 1 km store K",
                "subscribe ch1", "psubscribe ch*", "unsubscribe", "punsubscribe", "nosuch a",
                "migrate h 1 K 0 1", "bitfield K get u8 0",
                "bitfield K set u8 0 1", "dbsize", "watch K", "client no-evict on", "rename K K",
                "lmpop 1 K left", "getex K persist", "lcs K K", "pfcount K K", "pfmerge K K",
            ]

            mutating func below(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &random) }
            mutating func pick(_ words: [String]) -> String { words[below(words.count)] }

            mutating func rule() -> String {
                switch below(10) {
                case 0..<3: pick(["+@", "-@"]) + pick(Self.categories)
                case 3..<6: pick(["+", "-"]) + pick(Self.commands)
                case 6, 7:
                    pick(["~", "~", "%R~", "%W~", "%RW~", "%WR~"])
                        + pick(["a:*", "b:*", "*", "c", "?b", "[ab]*"])
                case 8: "&" + pick(["ch*", "*", "x"])
                default: pick(Self.others)
                }
            }

            mutating func command() -> [String] {
                pick(Self.used).split(separator: " ").map { word in
                    word == "K" ? pick(["a:1", "b:1", "c", "ab", "a:2"]) : String(word)
                }
            }

            /// A request, and whether it is for the administrator.
            mutating func next() -> (words: [String], isForAdministrator: Bool) {
                let user = pick(["u1", "u2"])
                switch below(100) {
                case 0..<25:
                    let rules = (0..<[1, 1, 2, 4][below(4)]).map { _ in rule() }
                    return (["acl", "setuser", user] + rules, true)
                case 25..<30: return (["acl", "getuser", user], true)
                case 30..<32: return (["acl", "list"], true)
                case 32..<55: return (["acl", "dryrun", user] + command(), true)
                case 55..<58:
                    return (below(3) == 0 ? ["acl", "deluser", user] : ["acl", "users"], true)
                case 58..<62:
                    return (["acl", "log"] + [[], ["1"], ["reset"]][below(3)], true)
                case 62..<66: return (["auth", user, pick(["p1", "p1", "p1", "wrong"])], false)
                default: return (command(), false)
                }
            }
        }

        /// A reply without what is a matter of time, and without the words for commands: the shortest words for a
        /// mixture of rights depend on what commands there are. Whether the rights are the same is asked by using them.
        private func comparable(_ reply: RESPValue?, _ words: [String]) -> String {
            guard let reply else { return "closed" }
            var texts: [String] = []
            if words.starts(with: ["acl", "log"]), !reply.elements.isEmpty {
                let told: Set = ["count", "reason", "context", "object", "username"]
                for entry in reply.elements {
                    for pair in entry.pairs where told.contains(pair[0].text ?? "") {
                        texts.append(pair.map { $0.text ?? "?" }.joined(separator: "="))
                    }
                }
                return texts.joined(separator: " ")
            }
            return stripped(reply).description
        }

        private func stripped(_ reply: RESPValue) -> RESPValue {
            switch reply {
            case .bulk(let bytes):
                let words = bytes.split(separator: 32, omittingEmptySubsequences: false)
                let kept = words.filter { $0.first.map { !"+-".utf8.contains($0) } ?? true }
                return .bulk(Array(kept.joined(separator: [32])))
            case .array(let elements): return .array(elements.map(stripped))
            default: return reply
            }
        }

        @Test("random rules, and what users with them may do")
        func randomRules() throws {
            let sides = (try Side(.holdfast), try Side(.redis))
            var draw = AccessDraw(random: SeededGenerator(seed: TestKnobs.seed))
            let count = TestKnobs.count(
                "HOLDFAST_ACL_COUNT", or: TestKnobs.isCampaign ? 300_000 : 12_000)
            var (denied, done, differences) = (0, 0, 0)
            for number in 0..<count where differences < 5 {
                let (words, isForAdministrator) = draw.next()
                let replies =
                    isForAdministrator
                    ? (try sides.0.administer(words), try sides.1.administer(words))
                    : (try sides.0.work(words), try sides.1.work(words))
                if replies.1?.text?.hasPrefix("NOPERM") == true { denied += 1 }
                if replies.1?.isError == false { done += 1 }
                let texts = (
                    comparable(replies.0, words),
                    comparable(replies.1, words)
                )
                if texts.0 != texts.1 {
                    differences += 1
                    Issue.record(
                        "request \(number) (seed \(TestKnobs.seed)): \(words)\n ours:   \(texts.0)\n theirs: \(texts.1)"
                    )
                }
            }
            // The run is worth something only where rights made a difference.
            #expect(denied > count / 50 && done > count / 3, "\(denied) denied, \(done) done")
        }

        @Test("a file of users is taken whole or not at all")
        func file() throws {
            let good = "user default on nopass ~* &* +@all\nuser bob on >pw ~a:* +@read\n"
            let sides = [try Side(.holdfast, file: good), try Side(.redis, file: good)]
            let files = [
                good + "user bad +nosuch\n",
                "user default on nopass ~* &* +@all\nuser x on\nuser x off\n",
                "foo\n", "user a b +get\nuser\nuser q (+get\n", "\n# comment\n",
                "\n   \nuser default on nopass ~* &* +@all   \r\nuser x on #zz\n",
                "user bob on nopass +@all\n", "", good,
            ]
            func ask(_ words: String...) throws {
                let replies = try sides.map { side in
                    // Between two errors Redis sets a blank in one place and none in another.
                    (try side.administer(words).text ?? side.administer(words).description)
                        .replacingOccurrences(of: side.folder.path, with: "DIR")
                        .replacingOccurrences(of: ". WARNING", with: ".WARNING")
                }
                #expect(replies[0] == replies[1], "\(words)")
            }
            try ask("acl", "setuser", "al", "on", ">x", "~*", "&ch", "+get")
            try ask("acl", "save")
            #expect(try sides[0].read() == sides[1].read())
            for text in files {
                for side in sides { try side.write(text) }
                try ask("acl", "load")
                try ask("acl", "list")
            }
            // A new file is nobody else's business; an old one keeps its mode.
            try FileManager.default.removeItem(atPath: sides[0].folder.path + "/users.acl")
            try ask("acl", "save")
            let mode = try FileManager.default.attributesOfItem(
                atPath: sides[0].folder.path + "/users.acl")[.posixPermissions]
            #expect(mode as? Int == 0o600)
        }

        @Test("who loses the right to a channel is cut off")
        func cutOff() throws {
            for side in [try Side(.holdfast), try Side(.redis)] {
                let all = ["acl", "setuser", "bob", "on", "nopass", "~*", "&*", "+@all"]
                #expect(try side.administer(all).text == "OK")
                let listener = try side.server.connect()
                try listener.run("AUTH", "bob", "any")
                try listener.run("SUBSCRIBE", "news")
                #expect(try side.administer(["acl", "setuser", "bob", "&more"]).isError)
                #expect(try side.administer(["publish", "news", "1"]).text == "1")
                _ = try listener.receive()
                _ = try side.administer(["acl", "setuser", "bob", "resetchannels", "&other"])
                #expect(throws: ClientError.closed) { _ = try listener.receive() }
                let second = try side.server.connect()
                try second.run("AUTH", "bob", "any")
                #expect(try side.administer(["acl", "deluser", "bob"]).text == "1")
                #expect(throws: ClientError.closed) { _ = try second.run("PING") }
            }
        }
    }
}
