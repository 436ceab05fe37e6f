/// BITFIELD key [GET encoding offset | [OVERFLOW WRAP | SAT | FAIL]
///   <SET encoding offset value | INCRBY encoding offset increment> ...]
/// BITFIELD_RO key [GET encoding offset ...]
///
/// Reads and writes integers of 1 to 64 bits (`u1`...`u63`, `i1`...`i64`) anywhere in a string; an offset behind `#`
/// counts fields. The string is padded with NUL up to the last field written, whether FAIL keeps it from being
/// written or not. O(operations). Replies an array: GET and INCRBY the integer as it is now, SET as it was, nil
/// where FAIL forbade the write. Errors, before anything is written: types, offsets, integers, OVERFLOW,
/// syntax, WRONGTYPE.
///
/// The arguments are read twice, to find mistakes and then to execute, so that no list of them is made.
import Bytes
import RESP
import Records

enum BitFieldCommand {
    static var bitfield: CommandSpec {
        CommandSpec(
            "bitfield", arity: -2, [.write, .denyoom],
            keys: [
                KeySpec(
                    ["RW", "access", "update", "variable_flags"],
                    notes: "This command allows both access and modification of the key",
                    variant: .init(words: ["set", "incrby"], from: 2, flags: ["RO", "access"]))
            ], group: .bitmap, since: "3.2.0",
            summary: "Perform arbitrary bitfield integer operations on strings",
            complexity: "O(1) for each subcommand specified",
            syntax: "key [GET encoding offset | [OVERFLOW <WRAP | SAT | FAIL>] "
                + "<SET encoding offset value | INCRBY encoding offset increment> ...]"
        ) { engine, session, arguments, reply throws(CommandError) in
            try run(engine, session, arguments, reply, isReadOnly: false)
        }
    }

    static var readonly: CommandSpec {
        CommandSpec(
            "bitfield_ro", arity: -2, [.readonly, .fast], keys: [.read], group: .bitmap,
            since: "6.0.0",
            summary:
                "Perform arbitrary bitfield integer operations on strings. Read-only variant of BITFIELD",
            complexity: "O(1) for each subcommand specified",
            syntax: "key [GET encoding offset [GET encoding offset ...]]"
        ) { engine, session, arguments, reply throws(CommandError) in
            try run(engine, session, arguments, reply, isReadOnly: true)
        }
    }

    private static func run(
        _ engine: Engine, _ session: Session, _ arguments: ByteViews, _ reply: ReplyWriter,
        isReadOnly: Bool
    ) throws(CommandError) {
        var reader = Reader(arguments)
        var count = 0
        var writtenBytes = 0
        while let operation = try reader.next(engine, session) {
            count += 1
            if operation.action == .get { continue }
            let end = (operation.offset + operation.type.width + 7) >> 3
            writtenBytes = max(writtenBytes, end)
        }
        if isReadOnly && writtenBytes > 0 {
            throw CommandError("ERR BITFIELD_RO only supports the GET subcommand")
        }
        let key = arguments[1]
        // A write looks the key up as a write does: no miss is counted or told.
        let text =
            writtenBytes == 0
            ? try engine.readString(key, session) ?? .empty
            : try engine.locate(key, session).map { (position) throws(CommandError) in
                try engine.text(of: position.entry)
            } ?? .empty
        reply.array(count)
        reader = Reader(arguments)
        if writtenBytes == 0 {
            while let operation = try reader.next(engine, session) {
                let type = operation.type
                let window = BitFieldWindow(text, offset: operation.offset, width: type.width)
                reply.integer(Int(type.value(of: window.bits)))
            }
            return
        }
        let grows = text.count < writtenBytes
        if grows {
            engine.moving.removeAll()
            engine.moving.append(0)
            write(writtenBytes - 1, key, engine, session)
        } else if let position = engine.locate(key, session) {
            engine.becomeBytes(position, session)
        }
        // As in Redis, growing alone is no event where FAIL forbade all writes.
        var isEvent = false
        while let operation = try reader.next(engine, session) {
            switch try execute(operation, key, engine, session, reply) {
            case .read, .failed: continue
            case .unchanged: isEvent = isEvent || grows
            case .changed: isEvent = true
            }
        }
        if isEvent { engine.notify(.string, "setbit", key, session.database) }
    }

    private enum Outcome {
        case read
        case failed
        case unchanged
        case changed
    }

    /// Executes one operation on the string, which is there.
    private static func execute(
        _ operation: Operation, _ key: ByteView, _ engine: Engine, _ session: Session,
        _ reply: ReplyWriter
    ) throws(CommandError) -> Outcome {
        let type = operation.type
        let text =
            try engine.peek(key, session).map { (entry) throws(CommandError) in
                try engine.text(of: entry)
            } ?? .empty
        var window = BitFieldWindow(text, offset: operation.offset, width: type.width)
        let old = window.bits
        let new: UInt64?
        switch operation.action {
        case .get: new = old
        case .set: new = type.bits(operation.value, plus: 0, operation.overflow)
        case .increment:
            new = type.bits(type.value(of: old), plus: operation.value, operation.overflow)
        }
        guard let new else {
            reply.null()
            return .failed
        }
        reply.integer(Int(type.value(of: operation.action == .set ? old : new)))
        if new == old { return operation.action == .get ? .read : .unchanged }
        window.bits = new
        engine.moving.removeAll()
        window.write(to: engine.moving)
        write(window.start, key, engine, session)
        return .changed
    }

    /// Writes the bytes in `engine.moving`.
    private static func write(
        _ offset: Int, _ key: ByteView, _ engine: Engine, _ session: Session
    ) {
        engine.overwriteString(
            key, at: offset, with: engine.moving.view, engine.locate(key, session), session)
    }

    private enum Action {
        case get
        case set
        case increment
    }

    private struct Operation {
        let action: Action
        let type: BitFieldType
        let offset: Int
        var value: Int64 = 0
        let overflow: BitFieldOverflow
    }

    /// Reads operations from the arguments.
    private struct Reader {
        private let arguments: ByteViews
        private var index = 2
        private var overflow = BitFieldOverflow.wrap

        init(_ arguments: ByteViews) { self.arguments = arguments }

        /// The next operation, nil behind the last.
        mutating func next(_ engine: Engine, _ session: Session) throws(CommandError) -> Operation?
        {
            while index < arguments.count {
                let word = arguments[index]
                let left = arguments.count - index - 1
                if word.equalsIgnoringCase("overflow"), left >= 1 {
                    overflow = try self.overflow(arguments[index + 1])
                    index += 2
                } else if word.equalsIgnoringCase("get"), left >= 2 {
                    return try operation(.get, engine, session)
                } else if word.equalsIgnoringCase("set"), left >= 3 {
                    return try operation(.set, engine, session)
                } else if word.equalsIgnoringCase("incrby"), left >= 3 {
                    return try operation(.increment, engine, session)
                } else {
                    throw .syntax
                }
            }
            return nil
        }

        private func overflow(_ word: ByteView) throws(CommandError) -> BitFieldOverflow {
            if word.equalsIgnoringCase("wrap") { return .wrap }
            if word.equalsIgnoringCase("sat") { return .saturate }
            if word.equalsIgnoringCase("fail") { return .fail }
            throw CommandError("ERR Invalid OVERFLOW type specified")
        }

        private mutating func operation(
            _ action: Action, _ engine: Engine, _ session: Session
        ) throws(CommandError) -> Operation {
            let type = try BitFieldType(arguments[index + 1])
            let offset = try engine.bitOffset(
                arguments[index + 2], fieldsOf: type.width, session)
            var operation = Operation(
                action: action, type: type, offset: offset, overflow: overflow)
            index += 3
            if action != .get {
                guard let value = Decimal.parse(arguments[index]) else { throw .notAnInteger }
                operation.value = value
                index += 1
            }
            return operation
        }
    }
}
