/// SETBIT key offset value
///
/// Makes a bit of the string 0 or 1; the string is padded with NUL up to it, the deadline stays. O(1), but for
/// padding, and for the first write under a frozen view, which copies the string. Replies the bit as it was.
/// Errors: an offset that is none or beyond `proto-max-bulk-len`, no bit, WRONGTYPE.
import Bytes
import RESP
import Records

enum SetBitCommand {
    static var spec: CommandSpec {
        CommandSpec(
            "setbit", arity: 4, [.write, .denyoom], keys: [.updated], group: .bitmap,
            since: "2.2.0",
            summary: "Sets or clears the bit at offset in the string value stored at key",
            syntax: "key offset value"
        ) { engine, session, arguments, reply throws(CommandError) in
            let key = arguments[1]
            let offset = try engine.bitOffset(arguments[2], session)
            guard let bit = Decimal.parse(arguments[3]), bit == 0 || bit == 1 else {
                throw CommandError("ERR bit is not an integer or out of range")
            }
            let position = engine.locate(key, session)
            let text =
                try position.map { (place) throws(CommandError) in
                    try engine.text(of: place.entry)
                } ?? .empty
            let place = offset >> 3
            let mask = UInt8(0x80) >> UInt8(offset & 7)
            let isInside = place < text.count
            let old = isInside ? text[place] : 0
            let new = bit == 1 ? old | mask : old & ~mask
            if !isInside || new != old {
                let bytes = engine.moving
                bytes.removeAll()
                bytes.append(new)
                engine.overwriteString(key, at: place, with: bytes.view, position, session)
                engine.notify(.string, "setbit", key, session.database)
            } else if let position {
                engine.becomeBytes(position, session)
            }
            reply.integer(old & mask == 0 ? 0 : 1)
        }
    }
}
