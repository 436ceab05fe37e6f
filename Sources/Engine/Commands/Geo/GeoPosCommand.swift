/// GEOPOS key [member [member ...]]
///
/// Replies the places of members: longitude and latitude each, nil where a member is absent. O(1) a member.
/// Errors: WRONGTYPE.
import Bytes
import RESP

enum GeoPosCommand {
    static var spec: CommandSpec {
        CommandSpec(
            "geopos", arity: -2, [.readonly], keys: [.read], group: .geo, since: "3.2.0",
            summary: "Returns longitude and latitude of members of a geospatial index",
            complexity: "O(N) where N is the number of members requested.",
            syntax: "key member [member ...]"
        ) { engine, session, arguments, reply throws(CommandError) in
            let value = try engine.readSortedSet(arguments[1], session)
            reply.array(arguments.count - 2)
            for member in arguments.dropFirst(2) {
                if let point = value?.place(of: member, engine) {
                    reply.place(point)
                } else {
                    reply.nullArray()
                }
            }
        }
    }
}
