/// INCRBYFLOAT key increment
///
/// Adds to the number at `key`; an absent key is 0. The deadline stays. O(1). Replies the sum as a string,
/// in fixed notation with at most 17 decimals. Errors: WRONGTYPE, not a float, NaN or infinity.
///
/// Recorded as its result: another machine's `long double` may round otherwise.
import Bytes
import RESP
import Records

enum IncrbyfloatCommand {
    static var spec: CommandSpec {
        CommandSpec(
            "incrbyfloat", arity: 3, [.write, .denyoom, .fast], keys: [.updated], group: .string,
            since: "2.6.0",
            summary:
                "Adds a number to the floating-point number at a key. An absent key is taken for 0.",
            syntax: "key increment"
        ) { engine, session, arguments, reply throws(CommandError) in
            let key = arguments[1]
            let position = engine.locate(key, session)
            let old =
                try position.map { (place) throws(CommandError) in
                    try engine.text(of: place.entry)
                } ?? ByteView("0")
            let sum: [UInt8]
            do throws(FloatText.SumError) {
                sum = try FloatText.sum(old, arguments[2])
            } catch .notAFloat {
                throw .notAFloat
            } catch {
                throw .nanOrInfinity
            }
            sum.withByteView { text in
                store(text, key, position, engine, session)
                engine.notify(.string, "incrbyfloat", key, session.database)
                engine.record(
                    position == nil
                        ? .set(key: key, value: text, deadline: nil)
                        : .setKeepingDeadline(key: key, value: text), database: session.database)
                reply.bulk(text)
            }
        }
    }

    /// As Redis does, the sum is kept as text even where it spells an integer (OBJECT ENCODING tells).
    private static func store(
        _ text: ByteView, _ key: ByteView, _ position: Position?, _ engine: Engine,
        _ session: Session
    ) {
        guard let position else {
            let entry = Entry.make(key: key, kind: .string, value: text, deadline: nil)
            engine.insertNew(entry, hash: engine.heap.sip.hash(key), session.database)
            return
        }
        let table = engine.table(session)
        let place = table.writable(position, engine.heap)
        let deadline = place.entry.deadline
        engine.replaceValue(
            place, Entry.make(key: key, kind: .string, value: text, deadline: deadline), table)
        engine.touch(key, session.database)
    }
}
