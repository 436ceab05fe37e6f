/// OBJECT ENCODING | FREQ | IDLETIME | REFCOUNT key, OBJECT HELP
///
/// How a value is stored, in Redis's words, and how it is used. O(1). Replies nil where the key is absent.
import Bytes
import RESP

enum ObjectCommand {
    static var spec: CommandSpec {
        CommandSpec(
            container: "object", group: .generic, since: "2.2.3",
            summary: "A container for object introspection commands.",
            subcommands: [
                look("encoding", "2.2.3", "Returns the internal encoding of a value.") {
                    _, entry, reply in reply.bulk(ByteView(entry.encodingName))
                },
                look(
                    "freq", "4.0.0", "Returns the logarithmic access frequency counter of a value."
                ) {
                    (engine, entry, reply) throws(CommandError) in
                    guard engine.settings.evictionPolicy.countsUses else {
                        throw CommandError(
                            "ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that when switching between policies at runtime LRU and LFU data will take some time to adjust."
                        )
                    }
                    reply.integer(engine.frequency(of: entry))
                },
                look("idletime", "2.2.3", "Returns the time since the last access to a value.") {
                    (engine, entry, reply) throws(CommandError) in
                    if engine.settings.evictionPolicy.countsUses {
                        throw CommandError(
                            "ERR An LFU maxmemory policy is selected, idle time not tracked. Please note that when switching between policies at runtime LRU and LFU data will take some time to adjust."
                        )
                    }
                    reply.integer(engine.idleSeconds(of: entry))
                },
                look("refcount", "2.2.3", "Returns the reference count of a value.") {
                    _, _, reply in reply.integer(1)
                },
                help,
            ])
    }

    private static func look(
        _ name: String, _ since: String, _ summary: String,
        _ answer: @escaping (Engine, Entry, ReplyWriter) throws(CommandError) -> Void
    ) -> CommandSpec {
        CommandSpec(
            name, arity: 3, [.readonly], keys: [KeySpec(["RO"], first: 2)], group: .generic,
            since: since, summary: summary, syntax: "key", tips: ["nondeterministic_output"]
        ) { engine, session, arguments, reply throws(CommandError) in
            guard let entry = engine.peek(arguments[2], session) else {
                reply.null()
                return
            }
            try answer(engine, entry, reply)
        }
    }

    private static var help: CommandSpec {
        CommandSpec(
            "help", arity: 2, [.loading, .stale], group: .generic, since: "6.2.0",
            summary: "Returns helpful text about the different subcommands."
        ) { _, _, _, reply throws(CommandError) in
            reply.help(
                "OBJECT",
                [
                    "ENCODING <key>",
                    "    Return the kind of internal representation used in order to store the value",
                    "    associated with a <key>.",
                    "FREQ <key>",
                    "    Return the access frequency index of the <key>. The returned integer is",
                    "    proportional to the logarithm of the recent access frequency of the key.",
                    "IDLETIME <key>",
                    "    Return the idle time of the <key>, that is the approximated number of",
                    "    seconds elapsed since the last access to the key.",
                    "REFCOUNT <key>",
                    "    Return the number of references of the value associated with the specified",
                    "    <key>.",
                ])
        }
    }
}

extension Entry {
    /// What OBJECT ENCODING answers: Redis's names at Redis's thresholds.
    var encodingName: StaticString {
        switch kind {
        case .integer: "int"
        case .string: value.count <= 44 && !isGrown ? "embstr" : "raw"
        case .packedHash: "listpack"
        case .tableHash:
            // A small hash moves to a table when a field gets a deadline; Redis 7.4 has a listpack for it.
            hasFieldDeadlines && table.count <= HashLimits().maximumPackedFields
                ? "listpackex" : "hashtable"
        case .packedList: "listpack"
        case .chunkList: isGrown ? "quicklist" : "listpack"
        case .intSet: "intset"
        case .packedSet: "listpack"
        case .tableSet: "hashtable"
        case .packedSortedSet: "listpack"
        case .treeSortedSet: "skiplist"
        case .stream, .streamGroup, .streamConsumer: "stream"
        }
    }
}

extension ReplyWriter {
    /// The reply of a container's HELP, framed as Redis frames it.
    public func help(_ command: String, _ lines: [String]) {
        array(lines.count + 3)
        simple(text: "\(command) <subcommand> [<arg> [value] [opt] ...]. Subcommands are:")
        for line in lines { simple(text: line) }
        simple(text: "HELP")
        simple(text: "    Prints this help.")
    }
}
