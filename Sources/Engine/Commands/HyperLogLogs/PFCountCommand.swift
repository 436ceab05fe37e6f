/// PFCOUNT key [key ...]
///
/// Replies about how many different elements a HyperLogLog has seen, or several together. The count of a single
/// one is kept in its string until it changes: a write, which is recorded, unless writes are refused just now.
/// O(1) while the kept count is true, O(registers) a key otherwise. Absent keys have seen nothing.
/// Errors: WRONGTYPE, a string that is no HyperLogLog, a corrupt one.
import Bytes
import Persistence
import RESP
import Records

enum PFCountCommand {
    static var spec: CommandSpec {
        CommandSpec(
            "pfcount", arity: -2, [.readonly],
            keys: [
                KeySpec(
                    ["RW", "access"], first: 1, last: -1,
                    notes:
                        "RW because it may change the internal representation of the key, and propagate to replicas"
                )
            ], group: .hyperloglog, since: "2.8.9",
            summary:
                "Return the approximated cardinality of the set(s) observed by the HyperLogLog at key(s).",
            complexity:
                "O(1) with a very small average constant time when called with a single key. O(N) with N being the number of keys, and much bigger constant times, when called with multiple keys.",
            syntax: "key [key ...]"
        ) { engine, session, arguments, reply throws(CommandError) in
            if arguments.count > 2 {
                try countTogether(arguments.dropFirst(1), engine, session, reply)
                return
            }
            let key = arguments[1]
            guard let log = try engine.readHyperLogLog(key, session) else {
                reply.integer(0)
                return
            }
            let cardinality: UInt64
            if log.isCacheTrue {
                cardinality = log.cachedCardinality
            } else {
                guard let counted = log.cardinality() else { throw .corruptHyperLogLog }
                cardinality = counted
                keep(cardinality, key, engine, session)
            }
            reply.integer(Int(truncatingIfNeeded: cardinality))
        }
    }

    private static func keep(
        _ cardinality: UInt64, _ key: ByteView, _ engine: Engine, _ session: Session
    ) {
        if let backend = engine.backend, backend.refusal != nil { return }
        engine.moving.removeAll()
        for place in 0..<8 {
            engine.moving.append(UInt8(truncatingIfNeeded: cardinality >> UInt64(place << 3)))
        }
        engine.overwriteString(
            key, at: HyperLogLogFormat.cacheOffset, with: engine.moving.view,
            engine.locate(key, session), session)
    }

    private static func countTogether(
        _ keys: ByteViews, _ engine: Engine, _ session: Session, _ reply: ReplyWriter
    ) throws(CommandError) {
        var registers = [UInt8](repeating: 0, count: HyperLogLogFormat.registers)
        for key in keys {
            guard let log = try engine.readHyperLogLog(key, session) else { continue }
            guard log.merge(into: &registers) else { throw .corruptHyperLogLog }
        }
        reply.integer(Int(truncatingIfNeeded: RegisterHistogram(registers).cardinality))
    }
}
