/// HINCRBYFLOAT key field increment
///
/// Adds to the number in a field (absent: 0), in C's `long double` as Redis does. O(1). Replies the
/// sum as it is stored. Errors: no float, NaN or infinity, WRONGTYPE.
import Bytes
import RESP

enum HIncrByFloatCommand {
    static var spec: CommandSpec {
        CommandSpec(
            "hincrbyfloat", arity: 4, [.write, .denyoom, .fast], keys: [.updated], group: .hash,
            since: "2.6.0",
            summary:
                "Increments the floating point value of a field by a number. Uses 0 as initial value if the field doesn't exist.",
            syntax: "key field increment"
        ) { engine, session, arguments, reply throws(CommandError) in
            let zero = ByteView("0")
            do throws(FloatText.SumError) {
                _ = try FloatText.sum(zero, arguments[3])
            } catch .notAFloat {
                throw .notAFloat
            } catch {
                throw CommandError("ERR value is NaN or Infinity")
            }
            let key = arguments[1]
            var old = zero
            if let position = try engine.locateHash(key, session) {
                old =
                    HashValue(position.entry, at: engine.fieldTime(session)).value(
                        of: arguments[2], engine.heap) ?? zero
            }
            let sum: [UInt8]
            do throws(FloatText.SumError) {
                sum = try FloatText.sum(old, arguments[3])
            } catch .notAFloat {
                throw CommandError("ERR hash value is not a float")
            } catch {
                throw .nanOrInfinity
            }
            try engine.setField(key, arguments[2], sum, "hincrbyfloat", session)
            reply.bulk(sum)
        }
    }
}
