/// ACL LOG [count | RESET]
///
/// What was denied last, newest first (10 entries unless told), each a map; or forgets it. O(N) in entries shown.
/// Fields as in Redis 7.2. Errors: a count that is no number.
import Bytes
import Engine
import RESP

extension Server {
    func aclLogWord() -> CommandSpec {
        aclWord(
            "log", -2, "List latest events denied because of ACLs in place",
            complexity: "O(N) with N being the number of entries shown.",
            syntax: "[count | RESET]"
        ) { [unowned self] (_, arguments, reply) throws(CommandError) in
            if arguments.count > 3 { throw .subcommandSyntax(arguments[1], of: "acl") }
            var count = 10
            if arguments.count == 3 {
                if arguments[2].equalsIgnoringCase("reset") {
                    engine.access.log.reset()
                    reply.ok()
                    return
                }
                guard let number = Decimal.parse(arguments[2]) else { throw .integerExpected }
                count = max(0, Int(number))
            }
            let now = engine.now.millisecondsSinceEpoch
            let entries = engine.access.log.entries.prefix(count)
            reply.array(entries.count)
            for entry in entries { reply.logEntry(entry, now: now) }
        }
    }
}

extension ReplyWriter {
    fileprivate func logEntry(_ entry: AccessLog.Entry, now: Int64) {
        let created = entry.created.millisecondsSinceEpoch
        let updated = entry.updated.millisecondsSinceEpoch
        map(10)
        bulk(ByteView("count"))
        integer(entry.count)
        bulk(ByteView("reason"))
        bulk(text: entry.reason.rawValue)
        bulk(ByteView("context"))
        bulk(text: entry.context)
        bulk(ByteView("object"))
        bulk(entry.object)
        bulk(ByteView("username"))
        bulk(entry.username)
        bulk(ByteView("age-seconds"))
        double(Double(now - updated) / 1000)
        bulk(ByteView("client-info"))
        bulk(text: entry.client)
        bulk(ByteView("entry-id"))
        integer(entry.id)
        bulk(ByteView("timestamp-created"))
        integer(Int(created))
        bulk(ByteView("timestamp-last-updated"))
        integer(Int(updated))
    }
}
