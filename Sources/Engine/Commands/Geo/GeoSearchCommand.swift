/// GEOSEARCH key <FROMMEMBER member | FROMLONLAT longitude latitude> <BYRADIUS radius <M | KM | FT | MI> | BYBOX width
///   height <M | KM | FT | MI>> [ASC | DESC] [COUNT count [ANY]] [WITHCOORD] [WITHDIST] [WITHHASH]
/// GEOSEARCHSTORE destination source ... [STOREDIST]
///
/// Replies the members in a circle or a box around a place, or makes them a sorted set (with their scores, or their
/// distances in the unit given) and replies how many they are. O(members in the cells around + found * log found).
/// Errors: WRONGTYPE, syntax, numbers, units, a member that isn't there, a place off the map, nothing to look for.
import Bytes
import RESP
import Records

enum GeoSearchCommand {
    private static let area =
        "<FROMMEMBER member | FROMLONLAT longitude latitude> <BYRADIUS radius <M | KM | FT | MI> | "
        + "BYBOX width height <M | KM | FT | MI>> [ASC | DESC] [COUNT count [ANY]]"
    private static let complexity =
        "O(N+log(M)) where N is the number of elements in the grid-aligned bounding box area around the shape provided as the filter and M is the number of items inside the shape"

    static var search: CommandSpec {
        CommandSpec(
            "geosearch", arity: -7, [.readonly], keys: [.read], group: .geo, since: "6.2.0",
            summary:
                "Query a sorted set representing a geospatial index to fetch members inside an area of a box or a circle.",
            complexity: complexity, syntax: "key \(area) [WITHCOORD] [WITHDIST] [WITHHASH]"
        ) { engine, session, arguments, reply throws(CommandError) in
            let source = try engine.readSortedSet(arguments[1], session)
            let query = try GeoQuery(
                arguments, .search, source: source, mayStore: false, engine)
            GeoSearch(query, in: source).finish("geosearchstore", engine, session, reply)
        }
    }

    static var store: CommandSpec {
        CommandSpec(
            "geosearchstore", arity: -8, [.write, .denyoom],
            keys: [.overwritten, KeySpec(["RO", "access"], first: 2)], group: .geo,
            since: "6.2.0",
            summary:
                "Query a sorted set representing a geospatial index to fetch members inside an area of a box or a circle, and store the result in another key.",
            complexity: complexity, syntax: "destination source \(area) [STOREDIST]"
        ) { engine, session, arguments, reply throws(CommandError) in
            let source = try engine.readSortedSet(arguments[2], session)
            let query = try GeoQuery(
                arguments, .search, source: source, destination: arguments[1], mayStore: false,
                engine)
            GeoSearch(query, in: source).finish("geosearchstore", engine, session, reply)
        }
    }
}
