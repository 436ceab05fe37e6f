/// The options that SET and GETEX share, and the ways to say when something expires.
///
/// As in Redis, the words are all read before any of their numbers is: a misspelt option is a syntax
/// error whatever the number before it, and GETEX of an absent key doesn't look at its number at all.
import Bytes
import Records

/// What stands behind SET's value, or behind GETEX's key.
struct StringOptions {
    /// NX.
    private(set) var onlyIfAbsent = false
    /// XX.
    private(set) var onlyIfPresent = false
    /// GET.
    private(set) var answersOld = false
    /// KEEPTTL.
    private(set) var keepsDeadline = false
    /// PERSIST.
    private(set) var persists = false
    private var unit: ExpiryUnit?
    private var amount = ByteView.empty

    /// Reads the words from `start` on.
    ///
    /// - Parameter isSet: the command is SET, else GETEX; each has options of its own.
    init(_ arguments: ByteViews, from start: Int, isSet: Bool) throws(CommandError) {
        var index = start
        while index < arguments.count {
            let word = arguments[index]
            index += 1
            if let unit = ExpiryUnit(word) {
                // The same unit twice is no contradiction: the last one counts.
                guard index < arguments.count, !keepsDeadline, !persists,
                    self.unit == nil || self.unit == unit
                else { throw .syntax }
                self.unit = unit
                amount = arguments[index]
                index += 1
            } else if isSet {
                try readSetOption(word)
            } else if word.equalsIgnoringCase("persist"), unit == nil {
                persists = true
            } else {
                throw .syntax
            }
        }
    }

    private mutating func readSetOption(_ word: ByteView) throws(CommandError) {
        if word.equalsIgnoringCase("nx"), !onlyIfPresent {
            onlyIfAbsent = true
        } else if word.equalsIgnoringCase("xx"), !onlyIfAbsent {
            onlyIfPresent = true
        } else if word.equalsIgnoringCase("get") {
            answersOld = true
        } else if word.equalsIgnoringCase("keepttl"), unit == nil {
            keepsDeadline = true
        } else {
            throw .syntax
        }
    }

    /// The deadline that the options say, nil where they say none.
    func deadline(now: Deadline, command: String) throws(CommandError) -> Deadline? {
        guard let unit else { return nil }
        return try unit.deadline(amount, now: now, command: command)
    }
}

/// The ways to say when something expires.
enum ExpiryUnit {
    /// EX: seconds from now.
    case seconds
    /// PX: milliseconds from now.
    case milliseconds
    /// EXAT: seconds since 1970.
    case secondsSinceEpoch
    /// PXAT: milliseconds since 1970.
    case millisecondsSinceEpoch

    /// The unit that an option's word names.
    init?(_ word: ByteView) {
        if word.equalsIgnoringCase("ex") {
            self = .seconds
        } else if word.equalsIgnoringCase("px") {
            self = .milliseconds
        } else if word.equalsIgnoringCase("exat") {
            self = .secondsSinceEpoch
        } else if word.equalsIgnoringCase("pxat") {
            self = .millisecondsSinceEpoch
        } else {
            return nil
        }
    }

    /// The deadline that `text` says in this unit; must lie behind 1970.
    func deadline(
        _ text: ByteView, now: Deadline, command: String
    ) throws(CommandError) -> Deadline {
        guard var amount = Decimal.parse(text) else { throw .notAnInteger }
        if amount <= 0 { throw .invalidExpireTime(command) }
        if self == .seconds || self == .secondsSinceEpoch {
            if amount > Int64.max / 1000 { throw .invalidExpireTime(command) }
            amount *= 1000
        }
        if self == .seconds || self == .milliseconds {
            let (sum, isOver) = amount.addingReportingOverflow(now.millisecondsSinceEpoch)
            if isOver { throw .invalidExpireTime(command) }
            amount = sum
        }
        return Deadline(millisecondsSinceEpoch: amount)
    }
}
