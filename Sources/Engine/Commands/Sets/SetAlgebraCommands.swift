/// SINTER key [key ...], SUNION, SDIFF (the first without the others), and their STORE forms
///
/// O(n) in the sets' members; SINTER O(the smallest set x sets). Replies a set; STORE how many members the
/// destination has, which goes where there are none. Errors: WRONGTYPE.
import Bytes
import RESP
import Records

enum SetAlgebraCommands {
    private typealias Operation = (Engine, [SetValue?], ViewKeeper) -> Set<ByteView>

    private static let source = KeySpec(["RO", "access"], last: -1)
    private static let sources = KeySpec(["RO", "access"], first: 2, last: -1)
    private static let union = "O(N) where N is the total number of elements in all given sets."
    private static let intersection =
        "O(N*M) worst case where N is the cardinality of the smallest set and M is the number of sets."

    static var sinter: CommandSpec {
        look("sinter", "Intersect multiple sets", intersection, SetAlgebra.intersect)
    }

    static var sunion: CommandSpec { look("sunion", "Add multiple sets", union, SetAlgebra.unite) }

    static var sdiff: CommandSpec {
        look("sdiff", "Subtract multiple sets", union, SetAlgebra.subtract)
    }

    static var sinterstore: CommandSpec {
        store(
            "sinterstore", "RW", "Intersect multiple sets and store the resulting set in a key",
            intersection, SetAlgebra.intersect)
    }

    static var sunionstore: CommandSpec {
        store(
            "sunionstore", "OW", "Add multiple sets and store the resulting set in a key", union,
            SetAlgebra.unite)
    }

    static var sdiffstore: CommandSpec {
        store(
            "sdiffstore", "OW", "Subtract multiple sets and store the resulting set in a key",
            union,
            SetAlgebra.subtract)
    }

    private static func look(
        _ name: String, _ summary: String, _ complexity: String, _ operation: @escaping Operation
    ) -> CommandSpec {
        CommandSpec(
            name, arity: -2, [.readonly], keys: [source], group: .set, since: "1.0.0",
            summary: summary, complexity: complexity, syntax: "key [key ...]",
            tips: ["nondeterministic_output_order"]
        ) { engine, session, arguments, reply throws(CommandError) in
            let sets = try engine.readSets(arguments.dropFirst(1), session)
            let keeper = ViewKeeper()
            withExtendedLifetime(keeper) {
                let members = operation(engine, sets, keeper)
                reply.set(members.count)
                for member in members { reply.bulk(member) }
            }
        }
    }

    private static func store(
        _ name: StaticString, _ access: String, _ summary: String, _ complexity: String,
        _ operation: @escaping Operation
    ) -> CommandSpec {
        CommandSpec(
            "\(name)", arity: -3, [.write, .denyoom],
            keys: [KeySpec([access, "update"]), sources],
            group: .set, since: "1.0.0", summary: summary, complexity: complexity,
            syntax: "destination key [key ...]"
        ) { engine, session, arguments, reply throws(CommandError) in
            let sets = try engine.readSets(arguments.dropFirst(2), session)
            let keeper = ViewKeeper()
            withExtendedLifetime(keeper) {
                let members = operation(engine, sets, keeper)
                reply.integer(engine.storeSet(arguments[1], members, name, session))
            }
        }
    }
}

/// Set algebra over members that lie in their sets (integers: in a keeper).
enum SetAlgebra {
    static func intersect(
        _ engine: Engine, _ sets: [SetValue?], _ keeper: ViewKeeper
    ) -> Set<ByteView> {
        let there = sets.compactMap { $0 }.sorted { $0.count < $1.count }
        guard there.count == sets.count, let smallest = there.first else { return [] }
        var members = Set<ByteView>()
        smallest.forEach { member in
            if there.dropFirst().allSatisfy({ $0.contains(member, engine.heap) }) {
                members.insert(keeper.keep(member, of: smallest))
            }
        }
        return members
    }

    static func unite(
        _ engine: Engine, _ sets: [SetValue?], _ keeper: ViewKeeper
    ) -> Set<ByteView> {
        var members = Set<ByteView>()
        for case let set? in sets {
            set.forEach { member in
                if !members.contains(member) { members.insert(keeper.keep(member, of: set)) }
            }
        }
        return members
    }

    static func subtract(
        _ engine: Engine, _ sets: [SetValue?], _ keeper: ViewKeeper
    ) -> Set<ByteView> {
        guard let first = sets.first ?? nil else { return [] }
        let others = sets.dropFirst().compactMap { $0 }
        var members = Set<ByteView>()
        first.forEach { member in
            if !others.contains(where: { $0.contains(member, engine.heap) }) {
                members.insert(keeper.keep(member, of: first))
            }
        }
        return members
    }
}

/// Keeps the texts of integers, which lie nowhere, for as long as it lives.
final class ViewKeeper {
    private var blocks: [ByteWriter] = []
    private static let blockBytes = 64 << 10

    /// A view of the same bytes that stays valid while neither the set nor this keeper changes.
    func keep(_ member: ByteView, of set: SetValue) -> ByteView {
        set.isIntegers ? keep(member) : member
    }

    /// A view of a copy.
    func keep(_ bytes: ByteView) -> ByteView {
        // A block never grows, so its bytes never move.
        if blocks.last.map({ $0.count + bytes.count > Self.blockBytes }) ?? true {
            blocks.append(ByteWriter(capacity: max(Self.blockBytes, bytes.count)))
        }
        guard let block = blocks.last else { return .empty }
        let start = block.count
        block.append(bytes)
        return block.view[start..<block.count]
    }
}

extension Engine {
    /// The sets of these keys, nil for absent ones.
    func readSets(_ keys: ByteViews, _ session: Session) throws(CommandError) -> [SetValue?] {
        var sets: [SetValue?] = []
        sets.reserveCapacity(keys.count)
        for key in keys { sets.append(try readSet(key, session)) }
        return sets
    }
}
