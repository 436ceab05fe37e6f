/// XDEL key id [id ...]
///
/// Deletes entries; the stream stays, even empty. O(1) an entry. Replies how many were there. Errors: ids,
/// WRONGTYPE.
import Bytes
import RESP
import Records

enum XDelCommand {
    static var spec: CommandSpec {
        CommandSpec(
            "xdel", arity: -3, [.write, .fast], keys: [KeySpec(["RW", "delete"])], group: .stream,
            since: "5.0.0",
            summary:
                "Removes the specified entries from the stream. Returns the number of items actually deleted, that may be different from the number of IDs passed in case certain IDs do not exist.",
            complexity:
                "O(1) for each single item to delete in the stream, regardless of the stream size.",
            syntax: "key id [id ...]"
        ) { engine, session, arguments, reply throws(CommandError) in
            let key = arguments[1]
            guard let position = try engine.locateStream(key, session) else {
                reply.integer(0)
                return
            }
            var ids: [StreamID] = []
            for text in arguments.dropFirst(2) { ids.append(try StreamIDText.strict(text)) }
            let stream = StreamValue(position.entry).tree
            ids.removeAll { stream.find($0) == nil }
            if ids.isEmpty {
                reply.integer(0)
                return
            }
            var gone: [StreamID] = []
            engine.changeStream(at: position, session) { stream in
                for id in ids where stream.delete(id, engine.scratch, engine.heap) {
                    gone.append(id)
                }
                if stream.length == 0 || gone.contains(stream.first) { stream.settleFirst() }
            }
            engine.noteStream("xdel", key, session)
            engine.record(.delete(ids: gone), of: key, session)
            reply.integer(gone.count)
        }
    }
}
