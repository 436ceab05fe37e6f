/// The words of DEBUG that need the engine alone; the server adds its own and guards them all.
import Bytes
import RESP
import Records

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Subcommands of DEBUG for the server's container.
public enum DebugSubcommands {
    /// Those that need the engine alone.
    public static var all: [CommandSpec] {
        [
            help, digest, digestValue, object, setActiveExpire, error, populate, sleep, stringMatch,
            accepted("change-repl-id"), accepted("quicklist-packed-threshold"), keyspace,
        ]
    }

    private static func spec(
        _ name: String, arity: Int, _ summary: String, _ handler: @escaping CommandHandler
    ) -> CommandSpec {
        CommandSpec(
            name, arity: arity, [.admin, .noscript, .loading, .stale], group: .server,
            since: "1.0.0", summary: summary, complexity: "Depends on subcommand.",
            handler: handler)
    }

    private static var help: CommandSpec {
        spec("help", arity: 2, "Lists the words of DEBUG.") { _, _, _, reply throws(CommandError) in
            reply.help(
                "DEBUG",
                [
                    "DIGEST",
                    "    Output a hex signature representing the current DB content.",
                    "DIGEST-VALUE <key> [<key> ...]",
                    "    Output a hex signature of the values of all the specified keys.",
                    "ERROR <string>",
                    "    Return a Redis protocol error with <string> as message.",
                    "KEYSPACE",
                    "    Show bytes of the live data, of frozen views, and copied under views.",
                    "LOADAOF",
                    "    Load the data back from the log.",
                    "OBJECT <key>",
                    "    Show low level info about <key> and its value.",
                    "POPULATE <count> [<prefix>] [<size>]",
                    "    Create <count> string keys named key:<num>.",
                    "RELOAD",
                    "    Save the data and load it back.",
                    "SET-ACTIVE-EXPIRE <0|1>",
                    "    Setting it to 0 disables expiring keys in background.",
                    "SLEEP <seconds>",
                    "    Stop the server for <seconds>. Decimals allowed.",
                    "STRINGMATCH-LEN <len> <pattern>",
                    "    Match <pattern> against a text of <len> letters.",
                ])
        }
    }

    private static var digest: CommandSpec {
        spec("digest", arity: 2, "Answers a digest of all data.") {
            engine, _, _, reply throws(CommandError) in
            reply.simple(text: DebugDigest.of(engine.keyspace).text)
        }
    }

    private static var digestValue: CommandSpec {
        spec("digest-value", arity: -2, "Answers the digests of single values.") {
            engine, session, arguments, reply throws(CommandError) in
            reply.array(arguments.count - 2)
            for key in arguments.dropFirst(2) {
                var digest = DebugDigest()
                if let entry = engine.peek(key, session) { digest.mixValue(entry) }
                reply.simple(text: digest.text)
            }
        }
    }

    private static var object: CommandSpec {
        spec("object", arity: 3, "Shows how a value is stored.") {
            engine, session, arguments, reply throws(CommandError) in
            guard let entry = engine.peek(arguments[2], session) else { throw .noSuchKey }
            let raw = unsafe String(UInt(bitPattern: entry.raw), radix: 16)
            let length = entry.value.count
            reply.simple(
                text: "Value at:0x\(raw) refcount:1 encoding:\(entry.encodingName) "
                    + "serializedlength:\(length) lru:\(entry.stamp) "
                    + "lru_seconds_idle:\(engine.idleSeconds(of: entry))")
        }
    }

    private static var setActiveExpire: CommandSpec {
        spec("set-active-expire", arity: 3, "Turns active expiry on or off.") {
            engine, _, arguments, reply throws(CommandError) in
            engine.expiresActively = Decimal.parse(arguments[2]) != 0
            reply.ok()
        }
    }

    private static var error: CommandSpec {
        spec("error", arity: 3, "Answers an error of this text.") {
            _, _, arguments, _ throws(CommandError) in throw CommandError(bytes: arguments[2].array)
        }
    }

    /// DEBUG POPULATE count [prefix] [size]: keys `prefix:0` ..., values `value:0` ..., padded or cut to `size`.
    private static var populate: CommandSpec {
        spec("populate", arity: -3, "Creates keys that are not there yet.") {
            engine, session, arguments, reply throws(CommandError) in
            guard let count = Decimal.parse(arguments[2]), count >= 0 else { throw .notAnInteger }
            let prefix = arguments.count > 3 ? arguments[3].array : Array("key".utf8)
            var size = 0
            if arguments.count > 4 {
                guard let number = Decimal.parse(arguments[4]), number >= 0 else {
                    throw .notAnInteger
                }
                size = Int(number)
            }
            for index in 0..<count {
                let key = prefix + [UInt8(ascii: ":")] + Decimal.text(index)
                var value = Array("value:".utf8) + Decimal.text(index)
                if size > 0 {
                    let missing = size - value.count
                    value =
                        missing > 0
                        ? value + [UInt8](repeating: 0, count: missing) : Array(value.prefix(size))
                }
                key.withByteView { keyView in
                    if engine.locate(keyView, session) != nil { return }
                    value.withByteView { valueView in
                        engine.setString(keyView, valueView, deadline: nil, at: nil, session)
                        engine.record(
                            .set(key: keyView, value: valueView, deadline: nil),
                            database: session.database)
                    }
                }
            }
            reply.ok()
        }
    }

    private static var sleep: CommandSpec {
        spec("sleep", arity: 3, "Stops the engine for some seconds.") {
            _, _, arguments, reply throws(CommandError) in
            let seconds = FloatText.parse(arguments[2]) ?? 0
            let bounded = min(max(0, seconds), 3600)
            var left = timespec()
            left.tv_sec = Int(bounded)
            left.tv_nsec = Int((bounded - bounded.rounded(.down)) * 1e9)
            _ = unsafe nanosleep(&left, nil)
            reply.ok()
        }
    }

    private static var stringMatch: CommandSpec {
        spec("stringmatch-len", arity: 4, "Matches a pattern against a long text.") {
            _, _, arguments, reply throws(CommandError) in
            guard let length = Decimal.parse(arguments[2]), length >= 0, length < 1 << 30 else {
                throw .notAnInteger
            }
            let text = [UInt8](repeating: UInt8(ascii: "a"), count: Int(length))
            let isMatch = text.withByteView { GlobPattern.matches(arguments[3], $0) }
            reply.integer(isMatch ? 1 : 0)
        }
    }

    private static func accepted(_ name: String) -> CommandSpec {
        spec(name, arity: -2, "Accepted for compatibility; does nothing.") {
            _, _, _, reply throws(CommandError) in reply.ok()
        }
    }

    /// DEBUG KEYSPACE: bytes of both sides of the copy on write.
    private static var keyspace: CommandSpec {
        spec("keyspace", arity: 2, "Shows the keyspace's memory account.") {
            engine, _, _, reply throws(CommandError) in
            reply.map(3)
            reply.bulk(ByteView("live_bytes"))
            reply.integer(engine.keyspace.liveBytes)
            reply.bulk(ByteView("frozen_bytes"))
            reply.integer(engine.keyspace.frozenBytes)
            reply.bulk(ByteView("copied_bytes"))
            reply.integer(engine.keyspace.copiedBytes)
        }
    }
}
