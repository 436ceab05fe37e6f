/// GETRANGE key start end
/// SUBSTR key start end
///
/// The bytes from `start` to `end`, both included; negative places count from the end. O(bytes
/// returned). Replies a string, empty where the range or the key is. Errors: not an integer, WRONGTYPE.
import Bytes
import RESP

enum GetrangeCommand {
    static var spec: CommandSpec {
        CommandSpec(
            "getrange", arity: 4, [.readonly], keys: [.read], group: .string, since: "2.4.0",
            summary: "Returns a part of the string at a key.", complexity: complexity,
            syntax: "key start end", handler: run)
    }

    static var substr: CommandSpec {
        CommandSpec(
            "substr", arity: 4, [.readonly], keys: [.read], group: .string, since: "1.0.0",
            summary: "Returns a part of the string at a key.", complexity: complexity,
            syntax: "key start end",
            deprecation: Deprecation(since: "2.0.0", replacement: "`GETRANGE`"), handler: run)
    }

    private static let complexity =
        "O(N) where N is the length of the returned string. The complexity is ultimately "
        + "determined by the returned length, but because creating a substring from an existing "
        + "string is very cheap, it can be considered O(1) for small strings."

    private static func run(
        _ engine: Engine, _ session: Session, _ arguments: ByteViews, _ reply: ReplyWriter
    ) throws(CommandError) {
        guard let start = Decimal.parse(arguments[2]), let end = Decimal.parse(arguments[3]) else {
            throw .notAnInteger
        }
        guard let entry = engine.read(arguments[1], session) else {
            reply.bulk(.empty)
            return
        }
        let text = try engine.text(of: entry)
        reply.bulk(text[range(start, end, of: text.count)])
    }

    /// The places from `start` to `end` of `count` bytes, as Redis reads them: both ends are brought into
    /// the string first, so that two places before its beginning both mean its first byte.
    static func range(_ start: Int64, _ end: Int64, of count: Int) -> Range<Int> {
        if count == 0 || start < 0 && end < 0 && start > end { return 0..<0 }
        func place(_ index: Int64) -> Int64 { index < 0 ? max(0, index + Int64(count)) : index }
        let first = place(start)
        let last = min(place(end), Int64(count) - 1)
        return first > last ? 0..<0 : Int(first)..<(Int(last) + 1)
    }
}
