/// GEOHASH key [member [member ...]]
///
/// Replies the places of members as geohashes, the 11 characters that other programs know; nil where a member is
/// absent. They are of a map with the poles, unlike the scores. O(1) a member. Errors: WRONGTYPE.
import Bytes
import RESP

enum GeoHashCommand {
    static var spec: CommandSpec {
        CommandSpec(
            "geohash", arity: -2, [.readonly], keys: [.read], group: .geo, since: "3.2.0",
            summary: "Returns members of a geospatial index as standard geohash strings",
            complexity:
                "O(log(N)) for each member requested, where N is the number of elements in the sorted set.",
            syntax: "key member [member ...]"
        ) { engine, session, arguments, reply throws(CommandError) in
            let value = try engine.readSortedSet(arguments[1], session)
            reply.array(arguments.count - 2)
            for member in arguments.dropFirst(2) {
                if let point = value?.place(of: member, engine) {
                    reply.bulk(text(point))
                } else {
                    reply.null()
                }
            }
        }
    }

    /// Five bits a character; the last one has but two left and is always a 0, as in Redis.
    private static func text(_ point: GeoPoint) -> [UInt8] {
        let alphabet = ByteView("0123456789bcdefghjkmnpqrstuvwxyz")
        let bits = GeoCell(point, step: GeoCell.finest, latitudeLimit: 90).bits
        var text = (1...10).map { alphabet[Int(bits >> UInt64(52 - 5 * $0) & 31)] }
        text.append(UInt8(ascii: "0"))
        return text
    }
}
