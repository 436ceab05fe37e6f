/// Spells changes of streams as the Redis commands that have their effect.
///
/// A redis-server that replays them has the same streams: what is delivered to a consumer is an XCLAIM that forces
/// time and count, a trim of any kind is one to the exact length.
import Bytes
import Records

enum StreamEncoder {
    /// Appends the command that has the effect of `change` on the stream of `key`.
    static func append(_ key: ByteView, _ change: StreamChange, to out: ByteWriter) {
        switch change {
        case .add(let id, let fields):
            CommandEncoder.array(3 + fields.count, out)
            out.append("$4\r\nXADD\r\n")
            CommandEncoder.bulk(key, out)
            bulk(id, out)
            for index in 0..<fields.count { CommandEncoder.bulk(fields[index], out) }
        case .delete(let ids):
            CommandEncoder.array(2 + ids.count, out)
            out.append("$4\r\nXDEL\r\n")
            CommandEncoder.bulk(key, out)
            for id in ids { bulk(id, out) }
        case .trimOldest(_, let length):
            out.append("*5\r\n$5\r\nXTRIM\r\n")
            CommandEncoder.bulk(key, out)
            out.append("$6\r\nMAXLEN\r\n$1\r\n=\r\n")
            CommandEncoder.bulk(Int64(length), out)
        case .setID(let last, let entriesAdded, let maximumDeleted):
            out.append("*7\r\n$6\r\nXSETID\r\n")
            CommandEncoder.bulk(key, out)
            bulk(last, out)
            out.append("$12\r\nENTRIESADDED\r\n")
            CommandEncoder.bulk(Int64(clamping: entriesAdded), out)
            out.append("$12\r\nMAXDELETEDID\r\n")
            bulk(maximumDeleted, out)
        default: appendGroupCommand(key, change, to: out)
        }
    }

    private static func appendGroupCommand(
        _ key: ByteView, _ change: StreamChange, to out: ByteWriter
    ) {
        switch change {
        case .createGroup(let name, let last, let entriesRead):
            out.append("*8\r\n$6\r\nXGROUP\r\n$6\r\nCREATE\r\n")
            CommandEncoder.bulk(key, out)
            CommandEncoder.bulk(name, out)
            bulk(last, out)
            out.append("$8\r\nMKSTREAM\r\n$11\r\nENTRIESREAD\r\n")
            CommandEncoder.bulk(entriesRead, out)
        case .setGroup(let name, let last, let entriesRead):
            out.append("*7\r\n$6\r\nXGROUP\r\n$5\r\nSETID\r\n")
            CommandEncoder.bulk(key, out)
            CommandEncoder.bulk(name, out)
            bulk(last, out)
            out.append("$11\r\nENTRIESREAD\r\n")
            CommandEncoder.bulk(entriesRead, out)
        case .destroyGroup(let name):
            out.append("*4\r\n$6\r\nXGROUP\r\n$7\r\nDESTROY\r\n")
            CommandEncoder.bulk(key, out)
            CommandEncoder.bulk(name, out)
        case .createConsumer(let group, let name):
            out.append("*5\r\n$6\r\nXGROUP\r\n$14\r\nCREATECONSUMER\r\n")
            for part in [key, group, name] { CommandEncoder.bulk(part, out) }
        case .deleteConsumer(let group, let name):
            out.append("*5\r\n$6\r\nXGROUP\r\n$11\r\nDELCONSUMER\r\n")
            for part in [key, group, name] { CommandEncoder.bulk(part, out) }
        default: appendPendingCommand(key, change, to: out)
        }
    }

    private static func appendPendingCommand(
        _ key: ByteView, _ change: StreamChange, to out: ByteWriter
    ) {
        switch change {
        case .acknowledge(let group, let ids):
            CommandEncoder.array(3 + ids.count, out)
            out.append("$4\r\nXACK\r\n")
            CommandEncoder.bulk(key, out)
            CommandEncoder.bulk(group, out)
            for id in ids { bulk(id, out) }
        case .claim(let group, let consumer, let id, let time, let count, let last):
            out.append("*14\r\n$6\r\nXCLAIM\r\n")
            CommandEncoder.bulk(key, out)
            CommandEncoder.bulk(group, out)
            CommandEncoder.bulk(consumer, out)
            out.append("$1\r\n0\r\n")
            bulk(id, out)
            out.append("$4\r\nTIME\r\n")
            CommandEncoder.bulk(time, out)
            out.append("$10\r\nRETRYCOUNT\r\n")
            CommandEncoder.bulk(Int64(clamping: count), out)
            out.append("$5\r\nFORCE\r\n$6\r\nJUSTID\r\n$6\r\nLASTID\r\n")
            bulk(last, out)
        default: preconditionFailure("a change without a command")
        }
    }

    /// Appends an id as a bulk string.
    private static func bulk(_ id: StreamID, _ out: ByteWriter) {
        out.append(36)
        out.append(decimal: digits(id.milliseconds) + 1 + digits(id.sequence))
        out.appendLineEnd()
        append(id.milliseconds, out)
        out.append(UInt8(ascii: "-"))
        append(id.sequence, out)
        out.appendLineEnd()
    }

    private static func digits(_ number: UInt64) -> Int {
        var rest = number
        var count = 1
        while rest >= 10 {
            rest /= 10
            count += 1
        }
        return count
    }

    private static func append(_ number: UInt64, _ out: ByteWriter) {
        if number > UInt64(Int64.max) {
            out.append(decimal: Int(number / 10))
            out.append(UInt8(number % 10) + 48)
        } else {
            out.append(decimal: Int(number))
        }
    }
}
