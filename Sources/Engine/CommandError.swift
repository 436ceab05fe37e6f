/// What is wrong with a command, as the client reads it: Redis's texts, composed in this one file.
import Bytes
import Persistence

/// An error reply: code and text, without the leading minus.
public struct CommandError: Error, Equatable, Sendable {
    /// `WRONGTYPE Operation against ...`.
    public let message: [UInt8]

    /// An error with this whole text, code included.
    public init(_ message: String) { self.message = Array(message.utf8) }

    /// An error with these bytes; for texts that quote what a client sent.
    public init(bytes: [UInt8]) { message = bytes }

    static let wrongType = CommandError(
        "WRONGTYPE Operation against a key holding the wrong kind of value")
    static let syntax = CommandError("ERR syntax error")
    static let notAnInteger = CommandError("ERR value is not an integer or out of range")
    static let mustBePositive = CommandError("ERR value is out of range, must be positive")
    static let notAFloat = CommandError("ERR value is not a valid float")
    static let noSuchKey = CommandError("ERR no such key")
    static let indexOutOfRange = CommandError("ERR index out of range")
    static let scoreNotANumber = CommandError("ERR resulting score is not a number (NaN)")
    static let scoreRange = CommandError("ERR min or max is not a float")
    static let memberRange = CommandError("ERR min or max not valid string range item")
    static let invalidStreamID = CommandError(
        "ERR Invalid stream ID specified as stream command argument")
    static let streamKeyRequired = CommandError(
        "ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the MKSTREAM option to create an empty stream automatically."
    )
    static let overflow = CommandError("ERR increment or decrement would overflow")
    static let nanOrInfinity = CommandError("ERR increment would produce NaN or Infinity")
    static let stringTooLong = CommandError(
        "ERR string exceeds maximum allowed size (proto-max-bulk-len)")
    static let sameObject = CommandError("ERR source and destination objects are the same")
    static let outOfMemory = CommandError(
        "OOM command not allowed when used memory > 'maxmemory'.")
    static let authenticationRequired = CommandError("NOAUTH Authentication required.")
    static let wrongPassword = CommandError(
        "WRONGPASS invalid username-password pair or user is disabled.")
    static let sortByDenied = CommandError(
        "ERR BY option of SORT denied due to insufficient ACL permissions.")
    static let sortGetDenied = CommandError(
        "ERR GET option of SORT denied due to insufficient ACL permissions.")
    static let loading = CommandError("LOADING Holdfast is loading the dataset in memory")
    static let executionAborted = CommandError(
        "EXECABORT Transaction discarded because of previous errors.")
    static let nestedTransaction = CommandError("ERR MULTI calls can not be nested")
    static let watchInTransaction = CommandError("ERR WATCH inside MULTI is not allowed")
    static let geoUnit = CommandError(
        "ERR unsupported unit provided. please use M, KM, FT, MI")
    static let notHyperLogLog = CommandError(
        "WRONGTYPE Key is not a valid HyperLogLog string value.")
    static let corruptHyperLogLog = CommandError("INVALIDOBJ Corrupted HLL object detected")
    static let bitOffset = CommandError("ERR bit offset is not an integer or out of range")
    static let bitFieldType = CommandError(
        "ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is."
    )
    static let offsetOutOfRange = CommandError("ERR offset is out of range")
    static let decrementOverflow = CommandError("ERR decrement would overflow")
    static let noStrings = CommandError("ERR The specified keys must contain string values")
    static let lengthAndIndexes = CommandError(
        "ERR If you want both the length and indexes, please just use IDX.")
    static let transientMemory = CommandError(
        "ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len")
    static let invalidCommand = CommandError("ERR Invalid command specified")
    static let noKeyArguments = CommandError("ERR The command has no key arguments")
    static let invalidArgumentCount = CommandError(
        "ERR Invalid number of arguments specified for command")
    static let invalidArguments = CommandError("ERR Invalid arguments specified for command")
    static let databaseOutOfRange = CommandError("ERR DB index is out of range")
    static let invalidDatabase = CommandError("ERR invalid DB index")

    /// `ERR unknown command 'x', with args beginning with: 'a' 'b' `, cut as Redis cuts it.
    static func unknownCommand(_ arguments: ByteViews) -> CommandError {
        var text = Array("ERR unknown command '".utf8)
        text += shown(arguments[0], 128)
        text += Array("', with args beginning with: ".utf8)
        var quoted: [UInt8] = []
        for argument in arguments.dropFirst(1) {
            let room = 128 - quoted.count
            if room <= 0 { break }
            quoted.append(39)
            quoted += shown(argument, room)
            quoted += [39, 32]
        }
        return CommandError(bytes: text + quoted)
    }

    /// The first bytes of what a client sent, as far as C would print them: up to a NUL.
    public static func shown(_ word: ByteView, _ limit: Int = .max) -> [UInt8] {
        word[0..<min(limit, word.firstIndex(of: 0) ?? word.count)].array
    }

    /// `ERR wrong number of arguments for 'get' command`.
    static func wrongArity(_ name: String) -> CommandError {
        CommandError("ERR wrong number of arguments for '\(name)' command")
    }

    /// `ERR unknown subcommand 'x'. Try CLIENT HELP.`.
    public static func unknownSubcommand(_ word: ByteView, of command: String) -> CommandError {
        return CommandError(
            bytes: Array("ERR unknown subcommand '".utf8) + shown(word, 128)
                + Array("'. Try \(command.uppercased()) HELP.".utf8))
    }

    /// `NOPERM this user has no permissions to run the 'get' command`.
    static func notPermitted(_ what: String) -> CommandError {
        CommandError("NOPERM this user has no permissions to \(what)")
    }

    /// The refusal of a queued command that was allowed when it was queued.
    static func rulesChanged(_ reason: String) -> CommandError {
        CommandError(
            "NOPERM ACLs rules changed between the moment the transaction was accumulated and the EXEC "
                + "call. This command is no longer allowed for the following reason: \(reason)")
    }

    /// What a RESP2 client that has subscribed may not do.
    static func subscribed(_ name: String) -> CommandError {
        CommandError(
            "ERR Can't execute '\(name)': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / "
                + "RESET are allowed in this context")
    }

    /// `ERR invalid longitude,latitude pair 181.000000,1.000000`.
    static func offTheMap(_ longitude: Double, _ latitude: Double) -> CommandError {
        let text = ByteWriter()
        text.append("ERR invalid longitude,latitude pair ")
        FloatText.append(longitude, decimals: 6, to: text)
        text.append(",")
        FloatText.append(latitude, decimals: 6, to: text)
        return CommandError(bytes: text.array)
    }

    /// `ERR exactly one of BYRADIUS and BYBOX can be specified for geosearch`.
    static func exactlyOne(_ options: String, _ name: ByteView) -> CommandError {
        CommandError(
            bytes: Array("ERR exactly one of \(options) can be specified for ".utf8)
                + shown(name))
    }

    /// `ERR EXEC without MULTI`.
    static func withoutTransaction(_ name: StaticString) -> CommandError {
        CommandError("ERR \(name) without MULTI")
    }

    /// `EXECABORT Transaction discarded because of: OOM ...`; an `ERR` of the reason is left out.
    static func executionAborted(because reason: CommandError) -> CommandError {
        let code = Array("ERR ".utf8)
        let text =
            reason.message.starts(with: code) ? reason.message.dropFirst(4) : reason.message[...]
        return CommandError(
            bytes: Array("EXECABORT Transaction discarded because of: ".utf8) + text)
    }

    /// A number beyond the bounds of C's int, which databases are numbered with.
    static let beyondInt = outOfRange(-2_147_483_648, 2_147_483_647)

    /// `ERR value is out of range, value must between -1 and 1`.
    static func outOfRange(_ least: Int64, _ greatest: Int64) -> CommandError {
        CommandError("ERR value is out of range, value must between \(least) and \(greatest)")
    }

    /// `ERR unknown subcommand or wrong number of arguments for 'x'. Try DEBUG HELP.`.
    public static func subcommandSyntax(_ word: ByteView, of command: String) -> CommandError {
        CommandError(
            bytes: Array("ERR unknown subcommand or wrong number of arguments for '".utf8)
                + shown(word, 128) + Array("'. Try \(command.uppercased()) HELP.".utf8))
    }

    /// `ERR invalid expire time in 'set' command`.
    static func invalidExpireTime(_ name: String) -> CommandError {
        CommandError("ERR invalid expire time in '\(name)' command")
    }

    /// The refusal of writes while the disk fails.
    static func misconfigured(_ refusal: WriteRefusal) -> CommandError {
        switch refusal.kind {
        case .log: CommandError("MISCONF Errors writing to the AOF file: \(refusal.reason)")
        case .snapshot:
            CommandError(
                "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to "
                    + "persist to disk. Commands that may modify the data set are disabled, because "
                    + "this instance is configured to report errors during writes if RDB snapshotting "
                    + "fails (stop-writes-on-bgsave-error option). Please check the Redis logs for "
                    + "details about the RDB error.")
        }
    }
}
