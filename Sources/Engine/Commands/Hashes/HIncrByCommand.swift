/// HINCRBY key field increment
///
/// Adds to the integer in a field (absent: 0). O(1). Replies the sum. Errors: no integer, overflow, WRONGTYPE.
import Bytes
import RESP
import Records

enum HIncrByCommand {
    static var spec: CommandSpec {
        CommandSpec(
            "hincrby", arity: 4, [.write, .denyoom, .fast], keys: [.updated], group: .hash,
            since: "2.0.0",
            summary:
                "Increments the integer value of a field in a hash by a number. Uses 0 as initial value if the field doesn't exist.",
            syntax: "key field increment"
        ) { engine, session, arguments, reply throws(CommandError) in
            guard let increment = Decimal.parse(arguments[3]) else { throw .notAnInteger }
            let key = arguments[1]
            var old: Int64 = 0
            if let position = try engine.locateHash(key, session),
                let text = HashValue(position.entry, at: engine.fieldTime(session)).value(
                    of: arguments[2], engine.heap)
            {
                guard let number = Decimal.parse(text) else {
                    throw CommandError("ERR hash value is not an integer")
                }
                old = number
            }
            let (sum, isOver) = old.addingReportingOverflow(increment)
            if isOver { throw .overflow }
            try engine.setField(key, arguments[2], Decimal.text(sum), "hincrby", session)
            reply.integer(Int(sum))
        }
    }
}

extension Engine {
    /// Sets one field to a value that was computed, records and tells it; the field keeps its deadline.
    func setField(
        _ key: ByteView, _ field: ByteView, _ value: [UInt8], _ event: StaticString,
        _ session: Session
    ) throws(CommandError) {
        var writer = try hashWriter(key, session)
        let deadline = HashValue(writer.position.entry, at: writer.now).deadline(of: field, heap)
            .deadline
        value.withByteView { view in
            _ = writer.set(field, view)
            touch(key, session.database)
            notify(.hash, event, key, session.database)
            [field, view].withByteViews { pairs in
                record(.hashSet(key: key, pairs: pairs), database: session.database)
            }
            guard let deadline else { return }
            writer.setDeadline(deadline, of: field)
            field.withSingleView { fields in
                record(
                    .hashExpire(key: key, deadline: deadline, fields: fields),
                    database: session.database)
            }
        }
    }
}
