/// XGROUP CREATE key group id | $ [MKSTREAM] [ENTRIESREAD count]
/// XGROUP SETID key group id | $ [ENTRIESREAD count]
/// XGROUP DESTROY key group, CREATECONSUMER key group consumer, DELCONSUMER key group consumer, HELP
///
/// Makes and unmakes the consumer groups of a stream and their consumers. O(1), and O(n) for n pending entries that
/// go. Replies OK, or how many there were: of groups, of consumers, of pending entries. Errors: the key must
/// exist, BUSYGROUP, NOGROUP, ids, WRONGTYPE.
import Bytes
import RESP
import Records

enum XGroupCommand {
    static var spec: CommandSpec {
        CommandSpec(
            container: "xgroup", group: .stream, since: "5.0.0",
            summary: "A container for consumer groups commands",
            subcommands: [create, setID, destroy, createConsumer, deleteConsumer, help])
    }

    private static var create: CommandSpec {
        CommandSpec(
            "create", arity: -5, [.write, .denyoom], keys: [KeySpec(["RW", "insert"], first: 2)],
            group: .stream, since: "5.0.0", summary: "Create a consumer group.",
            syntax: "key groupname <id | $> [MKSTREAM] [ENTRIESREAD entries_read]"
        ) { engine, session, arguments, reply throws(CommandError) in
            let options = try Options(arguments, isCreate: true)
            let (key, name) = (arguments[2], arguments[3])
            let found = try engine.locateStream(key, session)
            if found == nil && !options.makesStream { throw .streamKeyRequired }
            let stream = found.map { StreamValue($0.entry).tree }
            let last: StreamID
            if arguments[4] == ByteView("$") {
                last = stream?.last ?? .minimum
            } else {
                last = try StreamIDText.strict(arguments[4])
            }
            if stream?.group(name, engine.heap) != nil {
                throw CommandError("BUSYGROUP Consumer Group name already exists")
            }
            let position = found ?? engine.insertStream(key, session)
            engine.changeStream(at: position, session) {
                $0.createGroup(
                    name, last: last, entriesRead: options.entriesRead, engine.heap)
            }
            engine.notify(.stream, "xgroup-create", key, session.database)
            engine.record(
                .createGroup(name: name, last: last, entriesRead: options.entriesRead), of: key,
                session)
            reply.ok()
        }
    }

    private static var setID: CommandSpec {
        CommandSpec(
            "setid", arity: -5, [.write], keys: [KeySpec(["RW", "update"], first: 2)],
            group: .stream, since: "5.0.0",
            summary: "Set a consumer group to an arbitrary last delivered ID value.",
            syntax: "key groupname <id | $> [ENTRIESREAD entries_read]"
        ) { engine, session, arguments, reply throws(CommandError) in
            let options = try Options(arguments, isCreate: false)
            let (key, name) = (arguments[2], arguments[3])
            let position = try locate(engine, session, arguments)
            let stream = StreamValue(position.entry).tree
            let isLast = arguments[4] == ByteView("$")
            let last = isLast ? stream.last : try StreamIDText.loose(arguments[4])
            changeGroup(engine, session, arguments, at: position) {
                $0.last = last
                $0.entriesRead = options.entriesRead
            }
            engine.notify(.stream, "xgroup-setid", key, session.database)
            engine.record(
                .setGroup(name: name, last: last, entriesRead: options.entriesRead), of: key,
                session)
            reply.ok()
        }
    }

    private static var destroy: CommandSpec {
        CommandSpec(
            "destroy", arity: 4, [.write], keys: [KeySpec(["RW", "delete"], first: 2)],
            group: .stream, since: "5.0.0", summary: "Destroy a consumer group.",
            complexity:
                "O(N) where N is the number of entries in the group's pending entries list (PEL).",
            syntax: "key groupname"
        ) { engine, session, arguments, reply throws(CommandError) in
            let (key, name) = (arguments[2], arguments[3])
            guard let position = try engine.locateStream(key, session) else {
                throw .streamKeyRequired
            }
            guard StreamValue(position.entry).tree.group(name, engine.heap) != nil else {
                reply.integer(0)
                return
            }
            engine.changeStream(at: position, session) { _ = $0.destroyGroup(name, engine.heap) }
            engine.notify(.stream, "xgroup-destroy", key, session.database)
            engine.record(.destroyGroup(name: name), of: key, session)
            // Who waits for the group waits in vain.
            engine.signalReady(key, session.database)
            reply.integer(1)
        }
    }

    private static var createConsumer: CommandSpec {
        CommandSpec(
            "createconsumer", arity: 5, [.write, .denyoom],
            keys: [KeySpec(["RW", "insert"], first: 2)], group: .stream, since: "6.2.0",
            summary: "Create a consumer in a consumer group.",
            syntax: "key groupname consumername"
        ) { engine, session, arguments, reply throws(CommandError) in
            let (key, name, consumer) = (arguments[2], arguments[3], arguments[4])
            let position = try locate(engine, session, arguments)
            let group = StreamValue(position.entry).tree.group(name, engine.heap)
            if group?.consumer(consumer, engine.heap) != nil {
                reply.integer(0)
                return
            }
            changeGroup(engine, session, arguments, at: position) {
                $0.createConsumer(consumer, now: engine.milliseconds, engine.heap)
            }
            engine.notify(.stream, "xgroup-createconsumer", key, session.database)
            engine.record(.createConsumer(group: name, name: consumer), of: key, session)
            reply.integer(1)
        }
    }

    private static var deleteConsumer: CommandSpec {
        CommandSpec(
            "delconsumer", arity: 5, [.write], keys: [KeySpec(["RW", "delete"], first: 2)],
            group: .stream, since: "5.0.0", summary: "Delete a consumer from a consumer group.",
            syntax: "key groupname consumername"
        ) { engine, session, arguments, reply throws(CommandError) in
            let (key, name, consumer) = (arguments[2], arguments[3], arguments[4])
            let position = try locate(engine, session, arguments)
            let group = StreamValue(position.entry).tree.group(name, engine.heap)
            guard let count = group?.consumer(consumer, engine.heap)?.pendingCount else {
                reply.integer(0)
                return
            }
            changeGroup(engine, session, arguments, at: position) {
                $0.deleteConsumer(consumer, engine.heap)
            }
            engine.notify(.stream, "xgroup-delconsumer", key, session.database)
            engine.record(.deleteConsumer(group: name, name: consumer), of: key, session)
            reply.integer(count)
        }
    }

    // MARK: What they share

    /// The words behind the id.
    private struct Options {
        var makesStream = false
        var entriesRead: Int64 = -1

        init(_ arguments: ByteViews, isCreate: Bool) throws(CommandError) {
            var place = 5
            while place < arguments.count {
                if isCreate && arguments[place].equalsIgnoringCase("mkstream") {
                    makesStream = true
                    place += 1
                } else if arguments[place].equalsIgnoringCase("entriesread"),
                    place + 1 < arguments.count
                {
                    guard let number = Decimal.parse(arguments[place + 1]) else {
                        throw .notAnInteger
                    }
                    if number < -1 {
                        throw CommandError("ERR value for ENTRIESREAD must be positive or -1")
                    }
                    entriesRead = number
                    place += 2
                } else {
                    throw .subcommandSyntax(arguments[1], of: "xgroup")
                }
            }
        }
    }

    /// The place of the stream, which has the group.
    private static func locate(
        _ engine: Engine, _ session: Session, _ arguments: ByteViews
    ) throws(CommandError) -> Position {
        guard let position = try engine.locateStream(arguments[2], session) else {
            throw .streamKeyRequired
        }
        guard StreamValue(position.entry).tree.group(arguments[3], engine.heap) != nil else {
            throw .noGroup(arguments[3], in: arguments[2])
        }
        return position
    }

    private static func changeGroup(
        _ engine: Engine, _ session: Session, _ arguments: ByteViews, at position: Position,
        _ body: (ConsumerGroup) -> Void
    ) {
        engine.changeStream(at: position, session) {
            _ = $0.changeGroup(arguments[3], engine.heap, body)
        }
    }

    private static var help: CommandSpec {
        CommandSpec(
            "help", arity: 2, [.loading, .stale], group: .stream, since: "5.0.0",
            summary: "Show helpful text about the different subcommands"
        ) { _, _, _, reply throws(CommandError) in
            reply.help(
                "XGROUP",
                [
                    "CREATE <key> <groupname> <id|$> [option]",
                    "    Create a new consumer group. Options are:",
                    "    * MKSTREAM",
                    "      Create the empty stream if it does not exist.",
                    "    * ENTRIESREAD entries_read",
                    "      Set the group's entries_read counter (internal use).",
                    "CREATECONSUMER <key> <groupname> <consumer>",
                    "    Create a new consumer in the specified group.",
                    "DELCONSUMER <key> <groupname> <consumer>",
                    "    Remove the specified consumer.",
                    "DESTROY <key> <groupname>",
                    "    Remove the specified group.",
                    "SETID <key> <groupname> <id|$> [ENTRIESREAD entries_read]",
                    "    Set the current group ID and entries_read counter.",
                ])
        }
    }
}
