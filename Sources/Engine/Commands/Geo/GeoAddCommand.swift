/// GEOADD key [NX | XX] [CH] longitude latitude member [longitude latitude member ...]
///
/// Gives members places, in a sorted set that is made where absent: their scores number cells of the map. NX: new
/// members only; XX: old ones only. O(log n) a member. Replies how many are new (CH: or moved). Errors: syntax, no
/// float, a place off the map, WRONGTYPE.
import Bytes
import RESP
import Records

enum GeoAddCommand {
    static var spec: CommandSpec {
        CommandSpec(
            "geoadd", arity: -5, [.write, .denyoom], keys: [KeySpec(["RW", "update"])],
            group: .geo, since: "3.2.0",
            summary:
                "Add one or more geospatial items in the geospatial index represented using a sorted set",
            complexity:
                "O(log(N)) for each item added, where N is the number of elements in the sorted set.",
            syntax:
                "key [NX | XX] [CH] longitude latitude member [longitude latitude member ...]"
        ) { engine, session, arguments, reply throws(CommandError) in
            var options = Options()
            let items = arguments.dropFirst(options.parse(arguments))
            if items.count % 3 != 0 || options.onlyNew && options.onlyOld { throw .syntax }
            // All places are read before anything changes.
            var scores: [Double] = []
            scores.reserveCapacity(items.count / 3)
            for index in stride(from: 0, to: items.count, by: 3) {
                let point = try GeoPoint(items[index], items[index + 1])
                scores.append(Double(GeoCell(point, step: GeoCell.finest).bits))
            }
            let key = arguments[1]
            let position = try engine.locateSortedSet(key, session)
            if position == nil && options.onlyOld || items.isEmpty {
                reply.integer(0)
                return
            }
            let (added, moved) = add(items, scores, key, position, options, engine, session)
            reply.integer(options.countsChanges ? added + moved : added)
        }
    }

    private struct Options {
        var onlyNew = false
        var onlyOld = false
        var countsChanges = false

        /// Reads the options; answers where the first longitude stands.
        mutating func parse(_ arguments: ByteViews) -> Int {
            var index = 2
            while index < arguments.count {
                let word = arguments[index]
                if word.equalsIgnoringCase("nx") {
                    onlyNew = true
                } else if word.equalsIgnoringCase("xx") {
                    onlyOld = true
                } else if word.equalsIgnoringCase("ch") {
                    countsChanges = true
                } else {
                    break
                }
                index += 1
            }
            return index
        }
    }

    private static func add(
        _ items: ByteViews, _ scores: [Double], _ key: ByteView, _ position: Position?,
        _ options: Options, _ engine: Engine, _ session: Session
    ) -> (added: Int, moved: Int) {
        let writer = engine.sortedSetWriter(key, at: position, session)
        let batch = SortedSetBatch()
        var added = 0
        var moved = 0
        for (index, score) in scores.enumerated() {
            let member = items[3 * index + 2]
            let change = writer.update(member) { old in
                (old == nil ? options.onlyOld : options.onlyNew) ? nil : score
            }
            switch change {
            case .added: added += 1
            case .updated: moved += 1
            case .unchanged, .declined: continue
            }
            batch.add(member, score)
            if batch.isFull { batch.record(key, engine, session.database) }
        }
        batch.record(key, engine, session.database)
        if added + moved > 0 {
            engine.touch(key, session.database)
            engine.notify(.sortedSet, "zadd", key, session.database)
        }
        return (added, moved)
    }
}
