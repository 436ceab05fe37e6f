/// PFMERGE destkey [sourcekey ...]
///
/// The destination has then seen what it and the sources have seen; it is made where absent and dense where any of
/// them is. Absent sources have seen nothing. O(registers) a key. Replies OK.
/// Errors: WRONGTYPE, a string that is no HyperLogLog, a corrupt one (nothing is written then).
import Bytes
import RESP
import Records

enum PFMergeCommand {
    static var spec: CommandSpec {
        CommandSpec(
            "pfmerge", arity: -2, [.write, .denyoom],
            keys: [
                KeySpec(["RW", "access", "insert"]), KeySpec(["RO", "access"], first: 2, last: -1),
            ], group: .hyperloglog, since: "2.8.9",
            summary: "Merge N different HyperLogLogs into a single one.",
            complexity: "O(N) to merge N HyperLogLogs, but with high constant times.",
            syntax: "destkey sourcekey [sourcekey ...]"
        ) { engine, session, arguments, reply throws(CommandError) in
            var registers = [UInt8](repeating: 0, count: HyperLogLogFormat.registers)
            var becomesDense = false
            for key in arguments.dropFirst(1) {
                guard let log = try engine.readHyperLogLog(key, session) else { continue }
                if log.isDense { becomesDense = true }
                guard log.merge(into: &registers) else { throw .corruptHyperLogLog }
            }
            let key = arguments[1]
            let position = engine.locate(key, session)
            let old =
                try position.map { (place) throws(CommandError) in
                    try engine.hyperLogLog(of: place.entry).bytes.array
                } ?? HyperLogLog.empty
            var editor = HyperLogLogEditor(
                old, limit: engine.settings.limits.sparseHyperLogLogBytes)
            if becomesDense, !editor.becomeDense() { throw .corruptHyperLogLog }
            for (register, value) in registers.enumerated() where value > 0 {
                if editor.raise(register, to: value) == .corrupt { throw .corruptHyperLogLog }
            }
            editor.invalidateCache()
            engine.storeHyperLogLog(key, editor.bytes, at: position, session)
            engine.notify(.string, "pfadd", key, session.database)
            reply.ok()
        }
    }
}
