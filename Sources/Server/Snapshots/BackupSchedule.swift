/// When backups are made: `backup-schedule`.
///
///     ""                        never
///     30m  1h  2d  90s  900     every so often (a bare number: seconds)
///     15 3 * * *                cron's five fields in UTC: minute, hour, day of the month, month, day of the week
///
/// In a field stand `*`, a number, a range `1-5`, a step `*/15` or `8-18/2`, or several of them with commas; Sunday is 0
/// or 7. Where both days are restricted either is enough, as cron has it.

/// A schedule; see the file's header.
public enum BackupSchedule: Hashable, Sendable {
    /// No automatic backups.
    case off
    /// Every so many seconds.
    case every(seconds: Int64)
    /// At the minutes that the fields name.
    case cron(CronFields)

    /// The longest interval: ten years.
    private static let longest: Int64 = 10 * 365 * 86400

    /// The schedule that a text spells, nil where it spells none.
    public init?(_ text: String) {
        let words = text.split(separator: " ").map(String.init)
        switch words.count {
        case 0: self = .off
        case 1:
            guard let seconds = Self.seconds(words[0]), (1...Self.longest).contains(seconds) else {
                return nil
            }
            self = .every(seconds: seconds)
        case 5:
            guard let fields = CronFields(words) else { return nil }
            self = .cron(fields)
        default: return nil
        }
    }

    private static func seconds(_ text: String) -> Int64? {
        let units: [Character: Int64] = ["s": 1, "m": 60, "h": 3600, "d": 86400]
        let unit = text.last.flatMap { units[Character($0.lowercased())] }
        let digits = unit == nil ? text[...] : text.dropLast()
        guard digits.allSatisfy({ $0.isASCII && $0.isNumber }), let number = Int64(digits) else {
            return nil
        }
        let (seconds, isOver) = number.multipliedReportingOverflow(by: unit ?? 1)
        return isOver ? nil : seconds
    }

    /// When the next backup is due, in seconds since 1970; nil: never.
    ///
    /// - Parameters:
    ///   - last: when one was begun last; nil: never.
    ///   - now: the time.
    func next(after last: Int64?, now: Int64) -> Int64? {
        switch self {
        case .off: return nil
        case .every(let seconds):
            guard let last, last <= now else { return now + seconds }
            return last + seconds
        case .cron(let fields): return fields.next(after: max(now, last ?? now))
        }
    }

    /// How long after a failed backup it is tried again, in seconds.
    var retrySeconds: Int64 {
        if case .every(let seconds) = self { return min(60, seconds) }
        return 60
    }
}

/// Cron's five fields.
public struct CronFields: Hashable, Sendable {
    private let minutes, hours, days, months, weekdays: UInt64
    private let restrictsDays, restrictsWeekdays: Bool

    init?(_ words: [String]) {
        guard words.count == 5, let minutes = Self.bits(words[0], 0...59),
            let hours = Self.bits(words[1], 0...23), let days = Self.bits(words[2], 1...31),
            let months = Self.bits(words[3], 1...12), let weekdays = Self.bits(words[4], 0...7)
        else { return nil }
        self.minutes = minutes
        self.hours = hours
        self.days = days
        self.months = months
        // Sunday is 0 and 7.
        self.weekdays = weekdays | (weekdays >> 7 & 1)
        restrictsDays = !words[2].hasPrefix("*")
        restrictsWeekdays = !words[4].hasPrefix("*")
    }

    private static func bits(_ text: String, _ range: ClosedRange<Int>) -> UInt64? {
        var bits: UInt64 = 0
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let halves = part.split(separator: "/", omittingEmptySubsequences: false)
            guard (1...2).contains(halves.count), let span = span(halves[0], range) else {
                return nil
            }
            var step = 1
            if halves.count == 2 {
                guard let number = Int(halves[1]), number > 0 else { return nil }
                step = number
            }
            for number in stride(from: span.lowerBound, through: span.upperBound, by: step) {
                bits |= 1 << UInt64(number)
            }
        }
        return bits
    }

    private static func span(_ text: Substring, _ range: ClosedRange<Int>) -> ClosedRange<Int>? {
        if text == "*" { return range }
        let ends = text.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
        guard let first = ends.first ?? nil, ends.count <= 2, range.contains(first) else {
            return nil
        }
        if ends.count == 1 { return first...first }
        guard let last = ends[1], range.contains(last), last >= first else { return nil }
        return first...last
    }

    private static func holds(_ bits: UInt64, _ number: Int) -> Bool {
        bits >> UInt64(number) & 1 == 1
    }

    private func holdsDay(_ time: CivilTime) -> Bool {
        if !Self.holds(months, time.month) { return false }
        let isDay = Self.holds(days, time.day)
        let isWeekday = Self.holds(weekdays, time.weekday)
        return restrictsDays && restrictsWeekdays ? isDay || isWeekday : isDay && isWeekday
    }

    /// The first minute after a moment that the fields name; nil: none within eight years (30 February).
    func next(after seconds: Int64) -> Int64? {
        var day = CivilTime(seconds: seconds + 60)
        day.second = 0
        for _ in 0..<(8 * 366) {
            if holdsDay(day) {
                for hour in day.hour..<24 where Self.holds(hours, hour) {
                    let first = hour == day.hour ? day.minute : 0
                    for minute in first..<60 where Self.holds(minutes, minute) {
                        (day.hour, day.minute) = (hour, minute)
                        return day.seconds
                    }
                }
            }
            (day.hour, day.minute) = (0, 0)
            day = CivilTime(seconds: day.seconds + 86400)
        }
        return nil
    }
}
