/// The arguments of XREAD and XREADGROUP.
///
///     [GROUP group consumer] [COUNT count] [BLOCK milliseconds] [NOACK] STREAMS key ... id ...
import Bytes
import Records

struct StreamReadRequest {
    /// Whose deliveries are kept account of.
    struct Reader {
        let group: ByteView
        let consumer: ByteView
    }

    /// From where one stream is read.
    enum Place {
        /// Behind this id; for a group: of what is pending for the consumer.
        case after(StreamID)
        /// `>`: what no consumer of the group was given yet.
        case new
    }

    private(set) var reader: Reader?
    /// Entries of each stream; negative: all.
    private(set) var count = -1
    /// How long to wait, in milliseconds, 0: for ever; nil: not at all.
    private(set) var timeout: Int64?
    /// What is delivered is not pending.
    private(set) var isAcknowledged = false
    private(set) var keys: ByteViews
    private let texts: ByteViews

    /// Reads everything but the ids, which `place` does.
    init(_ arguments: ByteViews, ofGroup: Bool) throws(CommandError) {
        var streams: Int?
        var index = 1
        keys = arguments
        while index < arguments.count && streams == nil {
            let word = arguments[index]
            let more = arguments.count - index - 1
            if word.equalsIgnoringCase("block") && more > 0 {
                timeout = try Self.timeout(arguments[index + 1])
                index += 1
            } else if word.equalsIgnoringCase("count") && more > 0 {
                guard let number = Decimal.parse(arguments[index + 1]) else { throw .notAnInteger }
                count = number > 0 ? Int(number) : -1
                index += 1
            } else if word.equalsIgnoringCase("streams") && more > 0 {
                streams = index + 1
            } else if word.equalsIgnoringCase("group") && more > 1 {
                if !ofGroup { throw Self.onlyOfGroup("GROUP") }
                reader = Reader(group: arguments[index + 1], consumer: arguments[index + 2])
                index += 2
            } else if word.equalsIgnoringCase("noack") {
                if !ofGroup { throw Self.onlyOfGroup("NOACK") }
                isAcknowledged = true
            } else {
                throw .syntax
            }
            index += 1
        }
        guard let streams else { throw .syntax }
        let rest = arguments.dropFirst(streams)
        if rest.count % 2 != 0 {
            throw CommandError(
                "ERR Unbalanced XREAD list of streams: for each stream key an ID or '$' must be specified."
            )
        }
        if ofGroup && reader == nil {
            throw CommandError("ERR Missing GROUP option for XREADGROUP")
        }
        keys = rest[0..<(rest.count / 2)]
        texts = rest.dropFirst(rest.count / 2)
    }

    private static func onlyOfGroup(_ word: StaticString) -> CommandError {
        CommandError(
            "ERR The \(word) option is only supported by XREADGROUP. You called XREAD instead.")
    }

    private static func timeout(_ text: ByteView) throws(CommandError) -> Int64 {
        guard let timeout = Decimal.parse(text) else {
            throw CommandError("ERR timeout is not an integer or out of range")
        }
        if timeout < 0 { throw CommandError("ERR timeout is negative") }
        return timeout
    }

    /// From where the stream of this index is read.
    ///
    /// - Parameter stream: the stream, nil where it is absent.
    func place(_ index: Int, _ stream: StreamTree?, _ engine: Engine) throws(CommandError) -> Place
    {
        if let reader {
            guard stream?.group(reader.group, engine.heap) != nil else {
                throw .noGroup(keys[index], reader.group, " in XREADGROUP with GROUP option")
            }
        }
        let text = texts[index]
        if text == ByteView("$") {
            if reader != nil {
                throw CommandError(
                    "ERR The $ ID is meaningless in the context of XREADGROUP: you want to read the history of this consumer by specifying a proper ID, or use the > ID to get new messages. The $ ID would just return an empty result set."
                )
            }
            return .after(stream?.last ?? .minimum)
        }
        if text == ByteView(">") {
            if reader == nil {
                throw CommandError(
                    "ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group> <consumer> option."
                )
            }
            return .new
        }
        let id = try StreamIDText.strict(text)
        // Redis spells `>` as the highest id within.
        return reader != nil && id == .maximum ? .new : .after(id)
    }
}
