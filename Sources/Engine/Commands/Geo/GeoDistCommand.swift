/// GEODIST key member1 member2 [M | KM | FT | MI]
///
/// Replies the distance between two members, with four decimals; nil where one is absent. O(1).
/// Errors: WRONGTYPE, syntax, an unknown unit.
import Bytes
import RESP

enum GeoDistCommand {
    static var spec: CommandSpec {
        CommandSpec(
            "geodist", arity: -4, [.readonly], keys: [.read], group: .geo, since: "3.2.0",
            summary: "Returns the distance between two members of a geospatial index",
            complexity: "O(log(N))", syntax: "key member1 member2 [M | KM | FT | MI]"
        ) { engine, session, arguments, reply throws(CommandError) in
            if arguments.count > 5 { throw .syntax }
            let unit = arguments.count == 5 ? try GeoUnit(arguments[4]) : .metre
            guard let value = try engine.readSortedSet(arguments[1], session),
                let first = value.place(of: arguments[2], engine),
                let second = value.place(of: arguments[3], engine)
            else {
                reply.null()
                return
            }
            reply.bulk(first.distance(to: second) / unit.metres, decimals: 4)
        }
    }
}
