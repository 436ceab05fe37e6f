/// Executes a search: looks through the cells around the area, sorts, cuts short, and replies or stores.
///
/// O(members in the cells + found * log found). The places found borrow their members from the sorted set, which
/// nothing changes before they are used.
import Bytes
import RESP
import Records

/// What a search finds.
struct GeoSearch {
    /// A member in the area.
    private struct Found {
        let member: ByteView
        let score: Double
        let point: GeoPoint
        /// Metres from the area's middle.
        let distance: Double
    }

    private let query: GeoQuery
    private var found: [Found] = []

    /// Looks for what `query` wants in `source`.
    init(_ query: GeoQuery, in source: SortedSetValue?) {
        self.query = query
        guard let source, let area = query.area else { return }
        let enough = query.takesAny ? query.limit : .max
        for cell in area.cells {
            if found.count >= enough { break }
            let (from, below) = cell.scores
            source.forEach(ranks: source.prefix { $1 < from }..<source.count) { member, score in
                if score >= below { return false }
                let point = GeoCell(score: score).middle
                if let distance = area.distance(of: point) {
                    found.append(
                        Found(member: member, score: score, point: point, distance: distance))
                }
                return found.count < enough
            }
        }
        arrange()
    }

    /// The nearest ones are wanted where only some are, unless any will do.
    private mutating func arrange() {
        let isCut = query.limit > 0 && !query.takesAny
        switch query.order {
        case .none: if isCut { found.sort { $0.distance < $1.distance } }
        case .ascending: found.sort { $0.distance < $1.distance }
        case .descending: found.sort { $0.distance > $1.distance }
        }
        if query.limit > 0 && found.count > query.limit {
            found.removeLast(found.count - query.limit)
        }
    }

    /// Replies the members, or makes them a sorted set and replies how many they are.
    func finish(_ event: StaticString, _ engine: Engine, _ session: Session, _ reply: ReplyWriter) {
        if let destination = query.destination {
            store(destination, event, engine, session)
            reply.integer(found.count)
        } else {
            write(reply)
        }
    }

    private func store(
        _ destination: ByteView, _ event: StaticString, _ engine: Engine, _ session: Session
    ) {
        var members = found.map { each in
            let distance = each.distance / query.unit.metres
            return (member: each.member, score: query.storesDistances ? distance : each.score)
        }
        members.sort { left, right in
            left.score < right.score || left.score == right.score && left.member < right.member
        }
        engine.storeSortedSet(destination, members, event, session)
    }

    private func write(_ reply: ReplyWriter) {
        let details = [query.showsDistances, query.showsHashes, query.showsPlaces].count { $0 }
        reply.array(found.count)
        for each in found {
            if details > 0 { reply.array(1 + details) }
            reply.bulk(each.member)
            if query.showsDistances {
                reply.bulk(each.distance / query.unit.metres, decimals: 4)
            }
            if query.showsHashes { reply.integer(Int(GeoCell(score: each.score).bits)) }
            if query.showsPlaces { reply.place(each.point) }
        }
    }
}
