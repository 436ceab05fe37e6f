/// LMOVE source destination LEFT|RIGHT LEFT|RIGHT, RPOPLPUSH source destination
/// BLMOVE source destination LEFT|RIGHT LEFT|RIGHT timeout, BRPOPLPUSH source destination timeout
///
/// Moves an element from an end of one list to an end of another (or of the same); the B forms wait for
/// one. O(1). Replies the element, nil where there is none. Errors: WRONGTYPE, syntax, the timeout.
import Bytes
import RESP
import Records

enum LMoveCommands {
    private static let keys = [
        KeySpec(["RW", "access", "delete"]), KeySpec(["RW", "insert"], first: 2),
    ]

    static var lmove: CommandSpec {
        CommandSpec(
            "lmove", arity: 5, [.write, .denyoom], keys: keys, group: .list, since: "6.2.0",
            summary: "Pop an element from a list, push it to another list and return it",
            syntax: "source destination <LEFT | RIGHT> <LEFT | RIGHT>"
        ) { engine, session, arguments, reply throws(CommandError) in
            let from = try ListEnd.parse(arguments[3])
            let to = try ListEnd.parse(arguments[4])
            if try !move(engine, session, arguments, from, to, reply) { reply.null() }
        }
    }

    static var rpoplpush: CommandSpec {
        CommandSpec(
            "rpoplpush", arity: 3, [.write, .denyoom], keys: keys, group: .list, since: "1.2.0",
            summary: "Remove the last element in a list, prepend it to another list and return it",
            syntax: "source destination",
            deprecation: Deprecation(
                since: "6.2.0", replacement: "`LMOVE` with the `RIGHT` and `LEFT` arguments")
        ) { engine, session, arguments, reply throws(CommandError) in
            if try !move(engine, session, arguments, .right, .left, reply) { reply.null() }
        }
    }

    static var blmove: CommandSpec {
        CommandSpec(
            "blmove", arity: 6, [.write, .denyoom, .noscript, .blocking], keys: keys,
            group: .list, since: "6.2.0",
            summary:
                "Pop an element from a list, push it to another list and return it; or block until one is available",
            syntax: "source destination <LEFT | RIGHT> <LEFT | RIGHT> timeout"
        ) { engine, session, arguments, reply throws(CommandError) in
            let from = try ListEnd.parse(arguments[3])
            let to = try ListEnd.parse(arguments[4])
            let timeout = try BlockingTimeout.parse(arguments[5])
            try moveOrWait(engine, session, arguments, (from, to), timeout, reply)
        }
    }

    static var brpoplpush: CommandSpec {
        CommandSpec(
            "brpoplpush", arity: 4, [.write, .denyoom, .noscript, .blocking], keys: keys,
            group: .list, since: "2.2.0",
            summary:
                "Pop an element from a list, push it to another list and return it; or block until one is available",
            syntax: "source destination timeout",
            deprecation: Deprecation(
                since: "6.2.0", replacement: "`BLMOVE` with the `RIGHT` and `LEFT` arguments")
        ) { engine, session, arguments, reply throws(CommandError) in
            let timeout = try BlockingTimeout.parse(arguments[3])
            try moveOrWait(engine, session, arguments, (.right, .left), timeout, reply)
        }
    }

    private static func moveOrWait(
        _ engine: Engine, _ session: Session, _ arguments: ByteViews,
        _ ends: (from: ListEnd, to: ListEnd), _ timeout: Int64, _ reply: ReplyWriter
    ) throws(CommandError) {
        if try move(engine, session, arguments, ends.from, ends.to, reply) { return }
        guard engine.mayBlock(session) else {
            reply.null()
            return
        }
        engine.block(session, on: [arguments[1]], timeout: timeout, arguments) {
            engine, session, arguments, reply throws(CommandError) in
            guard let position = engine.locate(arguments[1], session),
                position.entry.kind == .packedList || position.entry.kind == .chunkList
            else { return false }
            return try move(engine, session, arguments, ends.from, ends.to, reply)
        } giveUp: {
            // Redis's reply of a wait in vain, not that of an absent list.
            $0.nullArray()
        }
    }

    /// Whether there was an element.
    private static func move(
        _ engine: Engine, _ session: Session, _ arguments: ByteViews, _ from: ListEnd,
        _ to: ListEnd, _ reply: ReplyWriter
    ) throws(CommandError) -> Bool {
        let source = arguments[1]
        let destination = arguments[2]
        guard let position = try engine.locateList(source, session) else { return false }
        let isSame = source == destination
        if !isSame { _ = try engine.locateList(destination, session) }
        // The element is copied: its list changes before it is pushed.
        let element = engine.moving
        element.removeAll()
        let taker = engine.listWriter(position, session)
        element.append(taker.value.element(at: from))
        reply.bulk(element.view)
        engine.record(
            .listMove(source: source, from: from, destination: destination, to: to),
            database: session.database)
        taker.drop(1, from)
        if isSame {
            taker.push(element.view, to)
            engine.notify(.list, to.pushEvent, destination, session.database)
            engine.finishTaking(taker, source, from.popEvent, session)
            return true
        }
        // An emptied source goes first: its place in the table may be needed no longer.
        let isEmptied = taker.count == 0
        engine.touch(source, session.database)
        if isEmptied { engine.remove(taker.position, database: session.database) }
        let target = try engine.locateList(destination, session)
        let writer = engine.listWriter(destination, at: target, session)
        writer.push(element.view, to)
        engine.touch(destination, session.database)
        engine.notify(.list, to.pushEvent, destination, session.database)
        engine.notify(.list, from.popEvent, source, session.database)
        if isEmptied { engine.notify(.generic, "del", source, session.database) }
        return true
    }
}
