/// GEORADIUS key longitude latitude radius <M | KM | FT | MI> [WITHCOORD] [WITHDIST] [WITHHASH] [COUNT count [ANY]]
///   [ASC | DESC] [STORE key] [STOREDIST key]
/// GEORADIUSBYMEMBER key member radius <M | KM | FT | MI> ...
/// GEORADIUS_RO, GEORADIUSBYMEMBER_RO: the same without STORE and STOREDIST
///
/// The old names of GEOSEARCH and GEOSEARCHSTORE with a circle. O(members in the cells around + found * log found).
/// Errors: WRONGTYPE, syntax, numbers, units, a member that isn't there, a place off the map.
import Bytes
import RESP
import Records

enum GeoRadiusCommands {
    private static let options =
        "radius <M | KM | FT | MI> [WITHCOORD] [WITHDIST] [WITHHASH] [COUNT count [ANY]] [ASC | DESC]"
    private static let place =
        "Query a sorted set representing a geospatial index to fetch members matching a given maximum distance from a point"
    private static let member =
        "Query a sorted set representing a geospatial index to fetch members matching a given maximum distance from a member"

    static var radius: CommandSpec {
        spec(
            "georadius", .radius, mayStore: true, since: "3.2.0", summary: place,
            replacement: "`GEOSEARCH` and `GEOSEARCHSTORE` with the `BYRADIUS` argument")
    }

    static var radiusReadOnly: CommandSpec {
        spec(
            "georadius_ro", .radius, mayStore: false, since: "3.2.10",
            summary: "A read-only variant for GEORADIUS",
            replacement: "`GEOSEARCH` with the `BYRADIUS` argument")
    }

    static var byMember: CommandSpec {
        spec(
            "georadiusbymember", .radiusByMember, mayStore: true, since: "3.2.0", summary: member,
            replacement:
                "`GEOSEARCH` and `GEOSEARCHSTORE` with the `BYRADIUS` and `FROMMEMBER` arguments")
    }

    static var byMemberReadOnly: CommandSpec {
        spec(
            "georadiusbymember_ro", .radiusByMember, mayStore: false, since: "3.2.10",
            summary: "A read-only variant for GEORADIUSBYMEMBER",
            replacement: "`GEOSEARCH` with the `BYRADIUS` and `FROMMEMBER` arguments")
    }

    private static func spec(
        _ name: String, _ form: GeoQuery.Form, mayStore: Bool, since: String, summary: String,
        replacement: String
    ) -> CommandSpec {
        let start = form == .radius ? 6 : 5
        let stores: [KeySpec] = [
            .oneBehind("STORE", ["OW", "update"], from: start),
            .oneBehind("STOREDIST", ["OW", "update"], from: start),
        ]
        let middle = form == .radius ? "longitude latitude" : "member"
        return CommandSpec(
            name, arity: -start, mayStore ? [.write, .denyoom, .movablekeys] : [.readonly],
            keys: [.read] + (mayStore ? stores : []), group: .geo, since: since, summary: summary,
            complexity:
                "O(N+log(M)) where N is the number of elements inside the bounding box of the circular area delimited by center and radius and M is the number of items inside the index.",
            syntax: "key \(middle) \(options)" + (mayStore ? " [STORE key] [STOREDIST key]" : ""),
            deprecation: Deprecation(since: "6.2.0", replacement: replacement)
        ) { engine, session, arguments, reply throws(CommandError) in
            let source = try engine.readSortedSet(arguments[1], session)
            let query = try GeoQuery(
                arguments, form, source: source, mayStore: mayStore, engine)
            GeoSearch(query, in: source).finish("georadiusstore", engine, session, reply)
        }
    }
}
