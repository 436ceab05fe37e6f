/// The commands of collections in a log, read back as mutations; written apart from what spells them.
import Bytes
import Records

enum NaiveSpelling {
    static func mutation(_ name: String, _ all: ByteViews) -> Mutation? {
        let key = all[0]
        func number(_ index: Int) -> Int {
            index < all.count ? Int(Decimal.parse(all[index]) ?? -1) : -1
        }
        switch name {
        case "HPEXPIREAT":
            let time = Deadline(millisecondsSinceEpoch: Int64(number(1)))
            return .hashExpire(key: key, deadline: time, fields: all.dropFirst(4))
        case "HPERSIST": return .hashPersist(key: key, fields: all.dropFirst(3))
        case "LPUSH": return .listPush(key: key, end: .left, values: all.dropFirst(1))
        case "RPUSH": return .listPush(key: key, end: .right, values: all.dropFirst(1))
        case "LPOP": return .listPop(key: key, end: .left, count: all.count > 1 ? number(1) : 1)
        case "RPOP": return .listPop(key: key, end: .right, count: all.count > 1 ? number(1) : 1)
        case "LSET": return .listSet(key: key, index: number(1), value: all[2])
        case "LINSERT":
            return .listInsert(
                key: key, pivot: all[2], isBefore: all[1].text == "BEFORE", value: all[3])
        case "LTRIM": return .listTrim(key: key, start: number(1), stop: number(2))
        case "LREM": return .listRemove(key: key, count: number(1), value: all[2])
        case "LMOVE":
            return .listMove(
                source: key, from: all[2].text == "LEFT" ? .left : .right, destination: all[1],
                to: all[3].text == "LEFT" ? .left : .right)
        case "SADD": return .setAdd(key: key, members: all.dropFirst(1))
        case "SREM": return .setRemove(key: key, members: all.dropFirst(1))
        case "SMOVE": return .setMove(source: key, destination: all[1], member: all[2])
        case "ZADD": return .sortedSetAdd(key: key, scoresAndMembers: all.dropFirst(1))
        case "ZREM": return .sortedSetRemove(key: key, members: all.dropFirst(1))
        case "ZREMRANGEBYRANK":
            return .sortedSetRemoveRanks(key: key, ranks: number(1)...max(number(1), number(2)))
        default:
            return change(name, all).map {
                .stream(key: name == "XGROUP" ? all[1] : key, change: $0)
            }
        }
    }

    private static func id(_ text: ByteView) -> StreamID {
        let parts = text.text.split(separator: "-").map { UInt64($0) ?? 0 }
        return StreamID(parts.first ?? 0, parts.count > 1 ? parts[1] : 0)
    }

    private static func change(_ name: String, _ all: ByteViews) -> StreamChange? {
        func number(_ index: Int) -> Int64 {
            index < all.count ? Decimal.parse(all[index]) ?? -1 : -1
        }
        switch name {
        // key MAXLEN 0 id field value: an empty stream, as Redis spells it
        case "XADD" where all[1].text == "MAXLEN":
            return .setID(last: id(all[3]), entriesAdded: 1, maximumDeleted: .minimum)
        case "XADD": return .add(id: id(all[1]), fields: all.dropFirst(2))
        case "XDEL": return .delete(ids: all.dropFirst(1).map(id))
        // key MAXLEN = n
        case "XTRIM": return .trimOldest(count: 0, length: Int(number(3)))
        // key last ENTRIESADDED n MAXDELETEDID id
        case "XSETID":
            return .setID(
                last: id(all[1]), entriesAdded: UInt64(max(0, number(3))),
                maximumDeleted: id(all[5]))
        case "XACK": return .acknowledge(group: all[1], ids: all.dropFirst(2).map(id))
        // key group consumer 0 id TIME t RETRYCOUNT n FORCE JUSTID [LASTID id], where Redis leaves out the last
        case "XCLAIM":
            guard all.count == 11 || all.count == 13 else { return nil }
            return .claim(
                group: all[1], consumer: all[2], id: id(all[4]), time: number(6),
                count: UInt64(max(0, number(8))), last: all.count == 13 ? id(all[12]) : .minimum)
        case "XGROUP": return groupChange(all[0].text.uppercased(), all, number)
        default: return nil
        }
    }

    /// Subcommand, key, group, and what it needs.
    private static func groupChange(
        _ word: String, _ all: ByteViews, _ number: (Int) -> Int64
    ) -> StreamChange? {
        let counts = [
            "CREATE": 4, "SETID": 6, "DESTROY": 3, "CREATECONSUMER": 4, "DELCONSUMER": 4,
        ]
        guard all.count >= counts[word] ?? .max else { return nil }
        switch word {
        // CREATE key group id [MKSTREAM] [ENTRIESREAD n]
        case "CREATE":
            let count = (4..<all.count).first { all[$0].text == "ENTRIESREAD" }
            return .createGroup(
                name: all[2], last: id(all[3]), entriesRead: count.map { number($0 + 1) } ?? -1)
        // SETID key group id ENTRIESREAD n
        case "SETID": return .setGroup(name: all[2], last: id(all[3]), entriesRead: number(5))
        case "DESTROY": return .destroyGroup(name: all[2])
        case "CREATECONSUMER": return .createConsumer(group: all[2], name: all[3])
        case "DELCONSUMER": return .deleteConsumer(group: all[2], name: all[3])
        default: return nil
        }
    }
}
