/// Changes of a key in words.
import Backends
import Bytes
import Persistence

extension KeyHistory.Change {
    /// Time, number, file and offset, command.
    public var text: String {
        let place = "\(path.split(separator: "/").last ?? "")@\(offset)"
        let number = sequence.map { "#\($0)" } ?? (isInBase ? "base" : "-")
        let words =
            command.isEmpty
            ? "(in the snapshot)"
            : command.prefix(12).map { KeyText.quoted(Array($0.prefix(60))) }.joined(separator: " ")
        let more = command.count > 12 ? " ... (\(command.count) words)" : ""
        return
            "\(time.map(Self.moment) ?? "-")  \(number)  \(place)  db \(database)  \(words)\(more)"
    }

    /// For programs.
    public var json: JSONValue {
        .object([
            ("time_ms", time.map { .integer(Int(clamping: $0)) } ?? .null),
            ("sequence", sequence.map { .integer(Int(clamping: $0)) } ?? .null),
            ("file", .string(path)), ("offset", .integer(offset)), ("db", .integer(database)),
            ("in_base", .bool(isInBase)), ("command", .array(command.map { .bytes($0) })),
        ])
    }

    /// `2026-11-23T15:54:19.344Z`: days counted from 1970 by the rules of the Gregorian calendar.
    static func moment(_ milliseconds: UInt64) -> String {
        var days = Int(clamping: milliseconds / 86_400_000)
        let rest = Int(milliseconds % 86_400_000)
        // From 1 March of the year 0 on, in eras of 400 years.
        days += 719_468
        let era = days / 146_097
        let day = days % 146_097
        let yearOfEra = (day - day / 1460 + day / 36524 - day / 146_096) / 365
        let dayOfYear = day - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shifted = (5 * dayOfYear + 2) / 153
        let month = shifted < 10 ? shifted + 3 : shifted - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let fraction = rest % 1000
        let digits = String(repeating: "0", count: fraction < 10 ? 2 : fraction < 100 ? 1 : 0)
        return "\(year)-\(two(month))-\(two(dayOfYear - (153 * shifted + 2) / 5 + 1))T"
            + "\(two(rest / 3_600_000)):\(two(rest / 60_000 % 60)):\(two(rest / 1000 % 60))."
            + "\(digits)\(fraction)Z"
    }
}
