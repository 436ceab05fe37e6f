/// XADD key [NOMKSTREAM] [MAXLEN | MINID [= | ~] threshold [LIMIT count]] * | id field value [field value ...]
///
/// Adds an entry behind the last one, to a stream which is made where absent, and may trim it. O(1), and O(n) for n
/// entries trimmed. Replies the entry's id; nil where NOMKSTREAM finds no stream. Errors: an id that isn't above
/// the last one's, no id left, entries too large, options, WRONGTYPE.
import Bytes
import RESP
import Records

enum XAddCommand {
    static var spec: CommandSpec {
        CommandSpec(
            "xadd", arity: -5, [.write, .denyoom, .fast],
            keys: [
                KeySpec(
                    ["RW", "update"],
                    notes: "UPDATE instead of INSERT because of the optional trimming feature")
            ],
            group: .stream, since: "5.0.0", summary: "Appends a new entry to a stream",
            complexity:
                "O(1) when adding a new entry, O(N) when trimming where N being the number of entries evicted.",
            syntax:
                "key [NOMKSTREAM] [<MAXLEN | MINID> [= | ~] threshold [LIMIT count]] <* | id> field value [field value ...]",
            tips: CommandTips.varies
        ) { engine, session, arguments, reply throws(CommandError) in
            let options = try StreamTrimOptions(
                arguments, from: 2, isAdd: true, engine, session)
            let place = options.next
            guard place < arguments.count else { throw .wrongArity("xadd") }
            let isNext = arguments[place] == ByteView("*")
            let wish = isNext ? .next : try StreamIDText.wish(arguments[place])
            let fields = arguments.dropFirst(place + 1)
            if fields.count < 2 || fields.count % 2 != 0 { throw .wrongArity("xadd") }
            if case .this(.minimum) = wish {
                throw CommandError("ERR The ID specified in XADD must be greater than 0-0")
            }
            let key = arguments[1]
            let found = try engine.locateStream(key, session)
            if found == nil && options.needsStream {
                reply.null()
                return
            }
            let last = found.map { StreamValue($0.entry).tree.last } ?? .minimum
            let id = try choose(wish, last, engine)
            try check(fields)
            let position = found ?? engine.insertStream(key, session)
            engine.changeStream(at: position, session) {
                $0.append(id, fields, engine.settings.limits, engine.scratch, engine.heap)
            }
            reply.bulk(id)
            engine.noteStream("xadd", key, session)
            engine.record(.add(id: id, fields: fields), of: key, session)
            _ = engine.trimStream(options, at: position, key, session)
            engine.signalReady(key, session.database)
        }
    }

    private static func check(_ fields: ByteViews) throws(CommandError) {
        var size = 0
        for field in fields { size += field.count }
        if size > StreamNode.maximumBytes {
            throw CommandError("ERR Elements are too large to be stored")
        }
    }

    /// The id of the new entry behind `last`.
    private static func choose(
        _ wish: StreamIDText.Wish, _ last: StreamID, _ engine: Engine
    ) throws(CommandError) -> StreamID {
        guard let next = last.next else {
            throw CommandError(
                "ERR The stream has exhausted the last possible ID, unable to add more items")
        }
        switch wish {
        case .next:
            let now = UInt64(max(0, engine.milliseconds))
            return now > last.milliseconds ? StreamID(now, 0) : next
        case .nextOf(let milliseconds):
            if milliseconds > last.milliseconds { return StreamID(milliseconds, 0) }
            if milliseconds == last.milliseconds, next.milliseconds == milliseconds { return next }
        case .this(let id): if id > last { return id }
        }
        throw CommandError(
            "ERR The ID specified in XADD is equal or smaller than the target stream top item")
    }
}
