/// GETBIT key offset
///
/// Replies a bit of the string; 0 behind its end, and where it is absent. O(1).
/// Errors: an offset that is none or beyond `proto-max-bulk-len`, WRONGTYPE.
import Bytes
import RESP

enum GetBitCommand {
    static var spec: CommandSpec {
        CommandSpec(
            "getbit", arity: 3, [.readonly, .fast], keys: [.read], group: .bitmap, since: "2.2.0",
            summary: "Returns the bit value at offset in the string value stored at key",
            syntax: "key offset"
        ) { engine, session, arguments, reply throws(CommandError) in
            let offset = try engine.bitOffset(arguments[2], session)
            let text = try engine.readString(arguments[1], session) ?? .empty
            let place = offset >> 3
            let byte = place < text.count ? text[place] : 0
            reply.integer(Int(byte >> UInt8(7 - offset & 7) & 1))
        }
    }
}
