/// MAXLEN | MINID [= | ~] threshold [LIMIT count], and NOMKSTREAM, as XADD and XTRIM read them.
import Bytes
import Records

struct StreamTrimOptions {
    /// What goes; nil: nothing.
    private(set) var rule: StreamTrim?
    /// Whole nodes only.
    private(set) var isApproximate = false
    /// No more than so many at once; 0: any number.
    private(set) var limit = 0
    /// The stream is not made where it is absent.
    private(set) var needsStream = false
    /// The first argument that is no option.
    private(set) var next: Int

    private var givenLimit = -1

    /// Reads the options from `start` on: XADD's end at the id, XTRIM's at the last argument.
    init(
        _ arguments: ByteViews, from start: Int, isAdd: Bool, _ engine: Engine, _ session: Session
    ) throws(CommandError) {
        next = start
        while next < arguments.count {
            let word = arguments[next]
            let more = arguments.count - next - 1
            if isAdd && word == ByteView("*") { break }
            if word.equalsIgnoringCase("maxlen") && more > 0 {
                let text = try threshold(arguments)
                guard let length = Decimal.parse(text) else { throw .notAnInteger }
                if length < 0 { throw CommandError("ERR The MAXLEN argument must be >= 0.") }
                rule = .length(Int(length))
            } else if word.equalsIgnoringCase("minid") && more > 0 {
                rule = .id(try StreamIDText.strict(try threshold(arguments)))
            } else if word.equalsIgnoringCase("limit") && more > 0 {
                guard let number = Decimal.parse(arguments[next + 1]) else { throw .notAnInteger }
                if number < 0 { throw CommandError("ERR The LIMIT argument must be >= 0.") }
                givenLimit = Int(number)
                next += 1
            } else if isAdd && word.equalsIgnoringCase("nomkstream") {
                needsStream = true
            } else if isAdd {
                // No option, so it has to be an id, which Redis reads before it looks at the options as a whole.
                _ = try StreamIDText.wish(word)
                break
            } else {
                throw .syntax
            }
            next += 1
        }
        try settle(isAdd: isAdd, engine, session)
    }

    /// The threshold behind the word at `next`, which is moved to it.
    private mutating func threshold(_ arguments: ByteViews) throws(CommandError) -> ByteView {
        if rule != nil {
            throw CommandError(
                "ERR syntax error, MAXLEN and MINID options at the same time are not compatible")
        }
        isApproximate = false
        let sign = arguments[next + 1]
        if arguments.count - next > 2, sign == ByteView("~") || sign == ByteView("=") {
            isApproximate = sign == ByteView("~")
            next += 1
        }
        next += 1
        return arguments[next]
    }

    private mutating func settle(
        isAdd: Bool, _ engine: Engine, _ session: Session
    ) throws(CommandError) {
        if givenLimit > 0 && rule == nil {
            throw CommandError(
                "ERR syntax error, LIMIT cannot be used without specifying a trimming strategy")
        }
        if !isAdd && rule == nil {
            throw CommandError(
                "ERR syntax error, XTRIM must be called with a trimming strategy")
        }
        // A log is replayed as it stands, whatever the limits are now.
        if session.isReplay { return }
        if givenLimit >= 0 {
            if !isApproximate {
                throw CommandError(
                    "ERR syntax error, LIMIT cannot be used without the special ~ option")
            }
            limit = givenLimit
        } else if isApproximate {
            let entries = engine.settings.limits.streamNodeEntries
            limit = entries <= 0 ? 10_000 : min(100 * min(entries, 10_000), 1_000_000)
        }
    }
}

extension Engine {
    /// Trims the stream at `position`, records it and tells; answers how many entries went.
    func trimStream(
        _ options: StreamTrimOptions, at position: Position, _ key: ByteView, _ session: Session
    ) -> Int {
        guard let rule = options.rule else { return 0 }
        var length = 0
        let gone = changeStream(at: position, session) { stream in
            defer { length = stream.length }
            return stream.trim(
                rule, isApproximate: options.isApproximate, limit: options.limit, scratch, heap)
        }
        if gone > 0 {
            noteStream("xtrim", key, session)
            record(.trimOldest(count: gone, length: length), of: key, session)
        }
        return gone
    }
}
