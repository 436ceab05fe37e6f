/// APPEND key value
///
/// Adds `value` behind the string at `key`; an absent key becomes `value`. The deadline stays. Amortised
/// O(length of value), but for the first write under a frozen view, which copies the string. Replies the
/// new length. Errors: WRONGTYPE, too long.
import Bytes
import RESP
import Records

enum AppendCommand {
    static var spec: CommandSpec {
        CommandSpec(
            "append", arity: 3, [.write, .denyoom, .fast], keys: [KeySpec(["RW", "insert"])],
            group: .string, since: "2.0.0",
            summary:
                "Adds bytes behind the string at a key. The key is created if it doesn't exist.",
            complexity:
                "O(1). The amortized time complexity is O(1) assuming the appended value is "
                + "small and the already present value is of any size, since the dynamic string "
                + "library used by Redis will double the free space available on every reallocation.",
            syntax: "key value"
        ) { engine, session, arguments, reply throws(CommandError) in
            let key = arguments[1]
            let suffix = arguments[2]
            var total = suffix.count
            if let position = engine.locate(key, session) {
                let count = try SetrangeCommand.length(of: position.entry)
                try engine.checkLength(count, plus: suffix.count, session)
                total += count
                let entry = engine.growString(at: position, to: total, session)
                entry.overwriteValue(at: count, with: suffix)
            } else {
                engine.setString(key, suffix, deadline: nil, at: nil, session)
            }
            engine.notify(.string, "append", key, session.database)
            engine.record(.append(key: key, suffix: suffix), database: session.database)
            reply.integer(total)
        }
    }
}
