/// SETRANGE key offset value
///
/// Writes `value` over the string from `offset` on, padding it with NUL where it is shorter; the
/// deadline stays. O(length of value), but for the first write under a frozen view, which copies the string.
/// Replies the new length; an empty value changes nothing, not even an absent key. Errors: not an integer,
/// offset out of range, WRONGTYPE, too long.
import Bytes
import RESP
import Records

enum SetrangeCommand {
    static var spec: CommandSpec {
        CommandSpec(
            "setrange", arity: 4, [.write, .denyoom], keys: [KeySpec(["RW", "update"])],
            group: .string, since: "2.2.0",
            summary: "Writes over a part of a string from an offset on, padding it with NUL bytes.",
            complexity: "O(1), not counting the time taken to copy the new string in place. "
                + "Usually, this string is very small so the amortized complexity is O(1). "
                + "Otherwise, complexity is O(M) with M being the length of the value argument.",
            syntax: "key offset value"
        ) { engine, session, arguments, reply throws(CommandError) in
            guard let parsed = Decimal.parse(arguments[2]) else { throw .notAnInteger }
            if parsed < 0 { throw .offsetOutOfRange }
            let offset = Int(parsed)
            let key = arguments[1]
            let value = arguments[3]
            let position = engine.locate(key, session)
            let count = try position.map { (place) throws(CommandError) in
                try length(of: place.entry)
            }
            if value.isEmpty {
                reply.integer(count ?? 0)
                return
            }
            try engine.checkLength(offset, plus: value.count, session)
            let total = max(count ?? 0, offset + value.count)
            engine.overwriteString(key, at: offset, with: value, position, session)
            engine.notify(.string, "setrange", key, session.database)
            reply.integer(total)
        }
    }

    /// Bytes of the string that an entry holds.
    static func length(of entry: Entry) throws(CommandError) -> Int {
        switch entry.kind {
        case .string: return entry.value.count
        case .integer: return Decimal.length(entry.integer)
        default: throw .wrongType
        }
    }
}
