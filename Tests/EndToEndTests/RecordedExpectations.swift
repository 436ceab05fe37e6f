/// What only Redis 7.2 has, and Debian's redis-server 7.0 can't be asked for: expectations from its pages.
import TestSupport
import Testing

/// A command, what 7.2 answers, and where that is written.
struct RecordedExpectation: Sendable, CustomTestStringConvertible {
    let words: [String]
    /// The reply in redis-cli's notation.
    let reply: String
    let source: String

    var testDescription: String { words.joined(separator: " ") }

    static let all: [RecordedExpectation] = [
        .init(["CLIENT", "SETINFO", "LIB-NAME", "redis-py"], "OK", setInfo),
        .init(["CLIENT", "SETINFO", "lib-ver", "5.0.1"], "OK", setInfo),
        .init(
            ["CLIENT", "SETINFO", "LIB-NAME", "with space"],
            "(error) ERR lib-name cannot contain spaces, newlines or special characters.", setInfo),
        .init(
            ["CLIENT", "SETINFO", "COLOUR", "blue"],
            "(error) ERR Unrecognized option 'COLOUR'", setInfo),
        .init(
            ["CLIENT", "SETINFO", "LIB-NAME"],
            "(error) ERR wrong number of arguments for 'client|setinfo' command", setInfo),
        .init(["CLIENT", "NO-TOUCH", "ON"], "OK", noTouch),
        .init(["CLIENT", "NO-TOUCH", "off"], "OK", noTouch),
        .init(["CLIENT", "NO-TOUCH", "maybe"], "(error) ERR syntax error", noTouch),
        .init(["SET", "k", "v"], "OK", waitAOF),
        // With `appendfsync always` the write before is durable here, and there is no replica.
        .init(["WAITAOF", "1", "0", "1000"], "1) (integer) 1\n2) (integer) 0", waitAOF),
        .init(["WAITAOF", "0", "0", "0"], "1) (integer) 1\n2) (integer) 0", waitAOF),
        .init(
            ["WAITAOF", "2", "0", "0"],
            "(error) ERR value is out of range, must be between 0 and 1",
            waitAOF),
        .init(
            ["WAITAOF", "1", "0"], "(error) ERR wrong number of arguments for 'waitaof' command",
            waitAOF),
    ]

    private static let setInfo = "https://redis.io/docs/latest/commands/client-setinfo/"
    private static let noTouch = "https://redis.io/docs/latest/commands/client-no-touch/"
    private static let waitAOF = "https://redis.io/docs/latest/commands/waitaof/"

    private init(_ words: [String], _ reply: String, _ source: String) {
        self.words = words
        self.reply = reply
        self.source = source
    }
}

extension EndToEndTests {
    @Suite("What Redis 7.2 added", Needs.redis, Needs.holdfast, Needs.noStandIn)
    struct RecordedExpectationTests {
        @Test("is answered as its pages say")
        func recorded() throws {
            let folder = try TemporaryDirectory()
            let server = try ServerProcess(
                .holdfast, in: folder.path, arguments: ServerProcess.appendOnly("always"))
            for expectation in RecordedExpectation.all {
                let printed = try SystemProgram.run(
                    "redis-cli", ["-p", "\(server.port)", "--no-raw"] + expectation.words)
                #expect(
                    printed.output.trimmed == expectation.reply,
                    "\(expectation.testDescription), see \(expectation.source)")
            }
        }
    }
}

extension String {
    fileprivate var trimmed: Substring {
        var text = self[...]
        while text.last?.isNewline == true { text.removeLast() }
        return text
    }
}
