/// A point in a log as people write it: a sequence, seconds since 1970, or a date.
///
///     12345                 a sequence
///     @1717245296           seconds since 1970
///     2024-06-01T12:34:56Z  UTC; the time may be left out, a blank may stand for the T

/// Reads points.
public enum PointText {
    /// What a point is.
    public enum Value: Equatable, Sendable {
        /// The number of a mutation.
        case sequence(UInt64)
        /// Milliseconds since 1970.
        case time(UInt64)
    }

    /// The point, nil where the text is none.
    public static func parse(_ text: String) -> Value? {
        if let number = UInt64(text) { return .sequence(number) }
        if text.hasPrefix("@") {
            let words = text.dropFirst().split(separator: ".", maxSplits: 1)
            guard let first = words.first, let seconds = UInt64(first), seconds < 1 << 50 else {
                return nil
            }
            let fraction = words.count > 1 ? String((words[1] + "000").prefix(3)) : "000"
            return UInt64(fraction).map { .time(seconds * 1000 + $0) }
        }
        return date(text).map { .time($0) }
    }

    private static func date(_ text: String) -> UInt64? {
        var text = text
        if text.hasSuffix("Z") { text.removeLast() }
        let halves = text.split(whereSeparator: { $0 == "T" || $0 == " " }).map(String.init)
        guard halves.count == 1 || halves.count == 2 else { return nil }
        let day = halves[0].split(separator: "-").compactMap { Int($0) }
        guard day.count == 3, (1970...9999).contains(day[0]), (1...12).contains(day[1]),
            (1...31).contains(day[2])
        else { return nil }
        var seconds = 0
        if halves.count == 2 {
            let time = halves[1].split(separator: ":").compactMap { Int($0) }
            guard time.count == 2 || time.count == 3, (0...23).contains(time[0]),
                (0...59).contains(time[1])
            else { return nil }
            let last = time.count == 3 ? time[2] : 0
            guard (0...60).contains(last) else { return nil }
            seconds = time[0] * 3600 + time[1] * 60 + last
        }
        return UInt64(days(day[0], day[1], day[2]) * 86400 + seconds) * 1000
    }

    /// Days since 1970 in the Gregorian calendar.
    private static func days(_ year: Int, _ month: Int, _ day: Int) -> Int {
        // The year begins in March, so that the leap day is its last.
        let shifted = month > 2 ? year : year - 1
        let era = shifted / 400
        let ofEra = shifted - era * 400
        let ofYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + ofEra * 365 + ofEra / 4 - ofEra / 100 + ofYear - 719_468
    }
}
