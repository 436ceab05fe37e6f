/// XACK key group id [id ...]
///
/// Entries that were delivered are dealt with: they are not pending any more. O(1) an entry. Replies how many were
/// pending. Errors: ids, WRONGTYPE.
import Bytes
import RESP
import Records

enum XAckCommand {
    static var spec: CommandSpec {
        CommandSpec(
            "xack", arity: -4, [.write, .fast], keys: [KeySpec(["RW", "update"])], group: .stream,
            since: "5.0.0",
            summary:
                "Marks a pending message as correctly processed, effectively removing it from the pending entries list of the consumer group. Return value of the command is the number of messages successfully acknowledged, that is, the IDs we were actually able to resolve in the PEL.",
            complexity: "O(1) for each message ID processed.", syntax: "key group id [id ...]"
        ) { engine, session, arguments, reply throws(CommandError) in
            let (key, name) = (arguments[1], arguments[2])
            guard let position = try engine.locateStreamRead(key, session),
                let group = StreamValue(position.entry).tree.group(name, engine.heap)
            else {
                reply.integer(0)
                return
            }
            var ids: [StreamID] = []
            for text in arguments.dropFirst(3) { ids.append(try StreamIDText.strict(text)) }
            ids.removeAll { group.find($0) == nil }
            if ids.isEmpty {
                reply.integer(0)
                return
            }
            reply.integer(engine.acknowledge(ids, name, at: position, key, session))
        }
    }
}

extension Engine {
    /// The entries are not pending in the group any more; answers how many were.
    @discardableResult
    func acknowledge(
        _ ids: [StreamID], _ name: ByteView, at position: Position, _ key: ByteView,
        _ session: Session
    ) -> Int {
        var gone: [StreamID] = []
        changeStream(at: position, session) { stream in
            _ = stream.changeGroup(name, heap) { group in
                for id in ids where group.acknowledge(id, heap) { gone.append(id) }
            }
        }
        if !gone.isEmpty { record(.acknowledge(group: name, ids: gone), of: key, session) }
        return gone.count
    }
}
