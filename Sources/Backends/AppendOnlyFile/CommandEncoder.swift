/// Spells a mutation as the Redis command that has its effect.
///
/// One mutation is one command; SELECT, MULTI and EXEC around it are the group writer's business.
/// Nothing here allocates: this runs for every write.
import Bytes
import Records

/// Mutations as RESP arrays of bulk strings.
enum CommandEncoder {
    /// Appends the command that has the effect of `mutation`.
    @inline(__always)
    static func append(_ mutation: Mutation, to out: ByteWriter) {
        if case .set(let key, let value, nil) = mutation {
            out.append("*3\r\n$3\r\nSET\r\n")
            bulk(key, out)
            bulk(value, out)
        } else {
            appendOther(mutation, to: out)
        }
    }

    @inline(never)
    private static func appendOther(_ mutation: Mutation, to out: ByteWriter) {
        switch mutation {
        case .set(let key, let value, let deadline):
            out.append(deadline == nil ? "*3\r\n$3\r\nSET\r\n" : "*5\r\n$3\r\nSET\r\n")
            bulk(key, out)
            bulk(value, out)
            if let deadline {
                out.append("$4\r\nPXAT\r\n")
                bulk(deadline.millisecondsSinceEpoch, out)
            }
        case .setKeepingDeadline(let key, let value):
            out.append("*4\r\n$3\r\nSET\r\n")
            bulk(key, out)
            bulk(value, out)
            out.append("$7\r\nKEEPTTL\r\n")
        case .setMany(let pairs): command("$4\r\nMSET\r\n", pairs, out)
        case .append(let key, let suffix): command("$6\r\nAPPEND\r\n", key, suffix, out)
        case .setRange(let key, let offset, let bytes):
            out.append("*4\r\n$8\r\nSETRANGE\r\n")
            bulk(key, out)
            bulk(Int64(offset), out)
            bulk(bytes, out)
        default: appendKeyCommand(mutation, to: out)
        }
    }

    private static func appendKeyCommand(_ mutation: Mutation, to out: ByteWriter) {
        switch mutation {
        case .delete(let key):
            out.append("*2\r\n$3\r\nDEL\r\n")
            bulk(key, out)
        case .deleteMany(let keys): command("$3\r\nDEL\r\n", keys, out)
        case .expire(let key, let deadline):
            out.append("*3\r\n$9\r\nPEXPIREAT\r\n")
            bulk(key, out)
            bulk(deadline.millisecondsSinceEpoch, out)
        case .persist(let key):
            out.append("*2\r\n$7\r\nPERSIST\r\n")
            bulk(key, out)
        case .rename(let key, let newKey): command("$6\r\nRENAME\r\n", key, newKey, out)
        case .copy(let key, let destination, let database):
            out.append("*6\r\n$4\r\nCOPY\r\n")
            bulk(key, out)
            bulk(destination, out)
            out.append("$2\r\nDB\r\n")
            bulk(Int64(database), out)
            out.append("$7\r\nREPLACE\r\n")
        case .move(let key, let database):
            out.append("*3\r\n$4\r\nMOVE\r\n")
            bulk(key, out)
            bulk(Int64(database), out)
        case .hashSet(let key, let pairs): command("$4\r\nHSET\r\n", key, pairs, out)
        case .hashDelete(let key, let fields): command("$4\r\nHDEL\r\n", key, fields, out)
        default: appendElementCommand(mutation, to: out)
        }
    }

    private static func appendElementCommand(_ mutation: Mutation, to out: ByteWriter) {
        switch mutation {
        case .hashExpire(let key, let deadline, let fields):
            fieldCommand("$10\r\nHPEXPIREAT\r\n", key, deadline, fields, out)
        case .hashPersist(let key, let fields):
            fieldCommand("$8\r\nHPERSIST\r\n", key, nil, fields, out)
        case .setAdd(let key, let members): command("$4\r\nSADD\r\n", key, members, out)
        case .setRemove(let key, let members): command("$4\r\nSREM\r\n", key, members, out)
        case .setMove(let source, let destination, let member):
            out.append("*4\r\n$5\r\nSMOVE\r\n")
            bulk(source, out)
            bulk(destination, out)
            bulk(member, out)
        case .sortedSetAdd(let key, let pairs): command("$4\r\nZADD\r\n", key, pairs, out)
        case .sortedSetRemove(let key, let members): command("$4\r\nZREM\r\n", key, members, out)
        case .sortedSetRemoveRanks(let key, let ranks):
            out.append("*4\r\n$15\r\nZREMRANGEBYRANK\r\n")
            bulk(key, out)
            bulk(Int64(ranks.lowerBound), out)
            bulk(Int64(ranks.upperBound), out)
        default: appendListCommand(mutation, to: out)
        }
    }

    /// `HPEXPIREAT key deadline FIELDS n field ...`, or without a deadline `HPERSIST key FIELDS n field ...`.
    private static func fieldCommand(
        _ name: StaticString, _ key: ByteView, _ deadline: Deadline?, _ fields: ByteViews,
        _ out: ByteWriter
    ) {
        array((deadline == nil ? 4 : 5) + fields.count, out)
        out.append(name)
        bulk(key, out)
        if let deadline { bulk(deadline.millisecondsSinceEpoch, out) }
        out.append("$6\r\nFIELDS\r\n")
        bulk(Int64(fields.count), out)
        for index in 0..<fields.count { bulk(fields[index], out) }
    }

    private static func appendListCommand(_ mutation: Mutation, to out: ByteWriter) {
        switch mutation {
        case .listPush(let key, .left, let values): command("$5\r\nLPUSH\r\n", key, values, out)
        case .listPush(let key, .right, let values): command("$5\r\nRPUSH\r\n", key, values, out)
        case .listPop(let key, let end, let count):
            out.append(count == 1 ? "*2\r\n" : "*3\r\n")
            out.append(end == .left ? "$4\r\nLPOP\r\n" : "$4\r\nRPOP\r\n")
            bulk(key, out)
            if count != 1 { bulk(Int64(count), out) }
        case .listSet(let key, let index, let value):
            out.append("*4\r\n$4\r\nLSET\r\n")
            bulk(key, out)
            bulk(Int64(index), out)
            bulk(value, out)
        case .listInsert(let key, let pivot, let isBefore, let value):
            out.append("*5\r\n$7\r\nLINSERT\r\n")
            bulk(key, out)
            out.append(isBefore ? "$6\r\nBEFORE\r\n" : "$5\r\nAFTER\r\n")
            bulk(pivot, out)
            bulk(value, out)
        case .listTrim(let key, let start, let stop):
            out.append("*4\r\n$5\r\nLTRIM\r\n")
            bulk(key, out)
            bulk(Int64(start), out)
            bulk(Int64(stop), out)
        case .listRemove(let key, let count, let value):
            out.append("*4\r\n$4\r\nLREM\r\n")
            bulk(key, out)
            bulk(Int64(count), out)
            bulk(value, out)
        case .listMove(let source, let from, let destination, let to):
            out.append("*5\r\n$5\r\nLMOVE\r\n")
            bulk(source, out)
            bulk(destination, out)
            out.append(from == .left ? "$4\r\nLEFT\r\n" : "$5\r\nRIGHT\r\n")
            out.append(to == .left ? "$4\r\nLEFT\r\n" : "$5\r\nRIGHT\r\n")
        default: appendDatabaseCommand(mutation, to: out)
        }
    }

    private static func appendDatabaseCommand(_ mutation: Mutation, to out: ByteWriter) {
        switch mutation {
        case .swapDatabases(let first, let second):
            out.append("*3\r\n$6\r\nSWAPDB\r\n")
            bulk(Int64(first), out)
            bulk(Int64(second), out)
        case .flushDatabase: out.append("*1\r\n$7\r\nFLUSHDB\r\n")
        case .flushAll: out.append("*1\r\n$8\r\nFLUSHALL\r\n")
        case .stream(let key, let change): StreamEncoder.append(key, change, to: out)
        default: preconditionFailure("a mutation without a command")
        }
    }

    /// Appends `SELECT database`.
    static func select(_ database: Int, _ out: ByteWriter) {
        out.append("*2\r\n$6\r\nSELECT\r\n")
        bulk(Int64(database), out)
    }

    /// Appends a bulk string.
    @inline(__always)
    static func bulk(_ bytes: ByteView, _ out: ByteWriter) {
        out.append(36)
        out.append(decimal: bytes.count)
        out.appendLineEnd()
        out.append(bytes)
        out.appendLineEnd()
    }

    /// Appends a number as a bulk string.
    static func bulk(_ number: Int64, _ out: ByteWriter) {
        out.append(36)
        out.append(decimal: Decimal.length(number))
        out.appendLineEnd()
        out.append(decimal: Int(number))
        out.appendLineEnd()
    }

    /// Appends the head of an array of `count` bulk strings.
    static func array(_ count: Int, _ out: ByteWriter) {
        out.append(42)
        out.append(decimal: count)
        out.appendLineEnd()
    }

    private static func command(_ name: StaticString, _ rest: ByteViews, _ out: ByteWriter) {
        array(1 + rest.count, out)
        out.append(name)
        for index in 0..<rest.count { bulk(rest[index], out) }
    }

    private static func command(
        _ name: StaticString, _ key: ByteView, _ rest: ByteViews, _ out: ByteWriter
    ) {
        array(2 + rest.count, out)
        out.append(name)
        bulk(key, out)
        for index in 0..<rest.count { bulk(rest[index], out) }
    }

    private static func command(
        _ name: StaticString, _ key: ByteView, _ other: ByteView, _ out: ByteWriter
    ) {
        array(3, out)
        out.append(name)
        bulk(key, out)
        bulk(other, out)
    }
}
