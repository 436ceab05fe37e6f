/// HRANDFIELD key [count [WITHVALUES]]
///
/// Random fields: one; `count` different ones; or, for a negative count, that many which may repeat. O(n) in
/// the count. Replies nil (one) or an empty array where the key is absent. Errors: WRONGTYPE, syntax, range.
import Bytes
import RESP

enum HRandFieldCommand {
    static var spec: CommandSpec {
        CommandSpec(
            "hrandfield", arity: -2, [.readonly], keys: [.read], group: .hash, since: "6.2.0",
            summary: "Returns one or more random fields from a hash.",
            complexity: "O(N) where N is the number of fields returned",
            syntax: "key [count [WITHVALUES]]", tips: ["nondeterministic_output"]
        ) { engine, session, arguments, reply throws(CommandError) in
            if arguments.count == 2 {
                let hash = try engine.readHash(arguments[1], session)
                if let (field, _) = hash?.randomField(using: &engine.random) {
                    reply.bulk(field)
                } else {
                    reply.null()
                }
                return
            }
            guard let count = Decimal.parse(arguments[2]) else { throw .notAnInteger }
            if count == .min { throw .outOfRange(-.max, .max) }
            if arguments.count > 4
                || arguments.count == 4 && !arguments[3].equalsIgnoringCase("withvalues")
            {
                throw .syntax
            }
            let withValues = arguments.count == 4
            let bound = withValues ? Int64.max / 2 : Int64.max
            guard count >= -bound, count <= bound else {
                throw CommandError("ERR value is out of range")
            }
            guard let hash = try engine.readHash(arguments[1], session) else {
                reply.array(0)
                return
            }
            if count < 0 {
                repeated(hash, Int(-count), withValues, engine, reply)
            } else {
                distinct(hash, Int(count), withValues, engine, reply)
            }
        }
    }

    private static func repeated(
        _ hash: HashValue, _ count: Int, _ withValues: Bool, _ engine: Engine, _ reply: ReplyWriter
    ) {
        reply.pairsHead(count, withValues)
        for _ in 0..<count {
            guard let pair = hash.randomField(using: &engine.random) else { return }
            reply.pair(pair, withValues)
        }
    }

    private static func distinct(
        _ hash: HashValue, _ count: Int, _ withValues: Bool, _ engine: Engine, _ reply: ReplyWriter
    ) {
        let total = hash.presentCount
        let wanted = min(count, total)
        reply.pairsHead(wanted, withValues)
        if wanted == 0 { return }
        if wanted * 3 > total || hash.isPacked {
            // Most are wanted: choose while walking (each subset as likely as any other).
            var left = total
            var need = wanted
            hash.forEach { field, value in
                if need > 0, Int.random(in: 0..<left, using: &engine.random) < need {
                    reply.pair((field, value), withValues)
                    need -= 1
                }
                left -= 1
            }
            return
        }
        var seen = Set<ByteView>()
        while seen.count < wanted {
            guard let pair = hash.randomField(using: &engine.random) else { return }
            if seen.insert(pair.0).inserted { reply.pair(pair, withValues) }
        }
    }
}

extension ReplyWriter {
    /// The head of a list of fields; with values RESP3 nests pairs, RESP2 lists them flat.
    func pairsHead(_ count: Int, _ withValues: Bool) {
        array(withValues && version == 2 ? count * 2 : count)
    }

    /// A field, with its value where asked for.
    func pair(_ pair: (ByteView, ByteView), _ withValues: Bool) {
        if withValues && version == 3 { array(2) }
        bulk(pair.0)
        if withValues { bulk(pair.1) }
    }
}
