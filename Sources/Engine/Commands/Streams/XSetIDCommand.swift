/// XSETID key last-id [ENTRIESADDED count] [MAXDELETEDID id]
///
/// Sets the figures of a stream, for logs and replicas. O(1). Errors: no such key, an id below the last entry's
/// or the highest deleted one, a count below the length, WRONGTYPE.
import Bytes
import RESP
import Records

enum XSetIDCommand {
    static var spec: CommandSpec {
        CommandSpec(
            "xsetid", arity: -3, [.write, .denyoom, .fast], keys: [KeySpec(["RW", "update"])],
            group: .stream, since: "5.0.0",
            summary: "An internal command for replicating stream values",
            syntax:
                "key last-id [ENTRIESADDED entries-added] [MAXDELETEDID max-deleted-id]"
        ) { engine, session, arguments, reply throws(CommandError) in
            let id = try StreamIDText.strict(arguments[2])
            var added: Int64?
            var deleted: StreamID?
            var place = 3
            while place < arguments.count {
                guard place + 1 < arguments.count else { throw .syntax }
                let text = arguments[place + 1]
                if arguments[place].equalsIgnoringCase("entriesadded") {
                    guard let number = Decimal.parse(text) else { throw .notAnInteger }
                    if number < 0 { throw CommandError("ERR entries_added must be positive") }
                    added = number
                } else if arguments[place].equalsIgnoringCase("maxdeletedid") {
                    let highest = try StreamIDText.strict(text)
                    if id < highest {
                        throw CommandError(
                            "ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id"
                        )
                    }
                    deleted = highest
                } else {
                    throw .syntax
                }
                place += 2
            }
            let key = arguments[1]
            guard let position = try engine.locateStream(key, session) else { throw .noSuchKey }
            let stream = StreamValue(position.entry).tree
            try check(id, added, deleted, stream)
            let highest = deleted.flatMap { $0 == .minimum ? nil : $0 } ?? stream.maximumDeleted
            let count = added.map { UInt64($0) } ?? stream.entriesAdded
            engine.changeStream(at: position, session) {
                $0.last = id
                $0.maximumDeleted = highest
                $0.entriesAdded = count
            }
            engine.notify(.stream, "xsetid", key, session.database)
            engine.record(
                .setID(last: id, entriesAdded: count, maximumDeleted: highest), of: key, session)
            reply.ok()
        }
    }

    private static func check(
        _ id: StreamID, _ added: Int64?, _ deleted: StreamID?, _ stream: StreamTree
    ) throws(CommandError) {
        var cursor = stream.cursor(reversed: true)
        if let top = cursor.next(), id < top.id {
            throw CommandError(
                "ERR The ID specified in XSETID is smaller than the target stream top item")
        }
        if let added, stream.length > 0, added < Int64(stream.length) {
            throw CommandError(
                "ERR The entries_added specified in XSETID is smaller than the target stream length"
            )
        }
        if id < stream.maximumDeleted {
            throw CommandError(
                "ERR The ID specified in XSETID is smaller than current max_deleted_entry_id")
        }
    }
}
