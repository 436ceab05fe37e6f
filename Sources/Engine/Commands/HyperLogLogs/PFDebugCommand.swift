/// PFDEBUG GETREG | DECODE | ENCODING | TODENSE key
///
/// Looks into a HyperLogLog: all registers (a sparse one is made dense first), the runs of a sparse one as text,
/// the encoding's name, 1 where it was made dense. O(registers). Errors: no such key, WRONGTYPE, a string that is no
/// HyperLogLog, a corrupt one, a subcommand that isn't, runs of a dense one.
import Bytes
import RESP
import Records

enum PFDebugCommand {
    static var spec: CommandSpec {
        var spec = CommandSpec(
            "pfdebug", arity: 3, [.write, .denyoom, .admin],
            keys: [KeySpec(["RW", "access"], first: 2)], group: .hyperloglog, since: "2.8.9",
            summary: "Internal commands for debugging HyperLogLog values", complexity: "N/A",
            syntax: "subcommand key"
        ) { engine, session, arguments, reply throws(CommandError) in
            let key = arguments[2]
            guard let position = engine.locate(key, session) else {
                throw CommandError("ERR The specified key does not exist")
            }
            let log = try engine.hyperLogLog(of: position.entry)
            let word = arguments[1]
            if word.equalsIgnoringCase("getreg") {
                let bytes = try makeDense(log, key, position, engine, session)
                reply.array(HyperLogLogFormat.registers)
                bytes.withByteView { view in
                    guard let dense = HyperLogLog(view) else { return }
                    for register in 0..<HyperLogLogFormat.registers {
                        reply.integer(Int(dense.denseRegister(register)))
                    }
                }
            } else if word.equalsIgnoringCase("decode") {
                if log.isDense { throw CommandError("ERR HLL encoding is not sparse") }
                reply.bulk(text: decode(log))
            } else if word.equalsIgnoringCase("encoding") {
                reply.simple(log.isDense ? "dense" : "sparse")
            } else if word.equalsIgnoringCase("todense") {
                let wasDense = log.isDense
                _ = try makeDense(log, key, position, engine, session)
                reply.integer(wasDense ? 0 : 1)
            } else {
                throw CommandError(
                    bytes: Array("ERR Unknown PFDEBUG subcommand '".utf8)
                        + CommandError.shown(word) + Array("'".utf8))
            }
        }
        spec.isInternal = true
        return spec
    }

    private static func makeDense(
        _ log: HyperLogLog, _ key: ByteView, _ position: Position, _ engine: Engine,
        _ session: Session
    ) throws(CommandError) -> [UInt8] {
        var editor = HyperLogLogEditor(log.bytes.array, limit: 0)
        if log.isDense { return editor.bytes }
        guard editor.becomeDense() else { throw .corruptHyperLogLog }
        engine.storeHyperLogLog(key, editor.bytes, at: position, session)
        return editor.bytes
    }

    /// Runs of zeros in one byte, in two bytes, and of values: `z:3 Z:16000 v:1,2`.
    private static func decode(_ log: HyperLogLog) -> String {
        var words: [String] = []
        let body = log.body
        var offset = 0
        while offset < body.count {
            let run = SparseRun(body, offset)
            if run.isValue {
                words.append("v:\(run.value),\(run.length)")
            } else {
                words.append(run.byteCount == 1 ? "z:\(run.length)" : "Z:\(run.length)")
            }
            offset += run.byteCount
        }
        return words.joined(separator: " ")
    }
}
