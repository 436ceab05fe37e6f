/// A key's content as people read it, and as JSON.
import Bytes
import Records

extension EntryContent {
    /// The entry as JSON: the same names as a line of the project's JSON snapshots where they have one.
    public var json: JSONValue {
        var members: [(name: String, value: JSONValue)] = [
            ("db", .integer(database)), ("key", .bytes(key)), ("type", .string(type)),
        ]
        if let deadline {
            members.append(("expires", .integer(Int(deadline.millisecondsSinceEpoch))))
        }
        members.append(("value", valueJSON))
        return .object(members)
    }

    private var valueJSON: JSONValue {
        switch value {
        case .string(let bytes): .bytes(bytes)
        case .list(let elements), .set(let elements): .array(elements.map { .bytes($0) })
        case .sortedSet(let members):
            .array(members.map { .array([.bytes($0.member), .string(Self.score($0.score))]) })
        case .hash(let fields):
            .array(
                fields.map {
                    var parts: [JSONValue] = [.bytes($0.name), .bytes($0.value)]
                    if let deadline = $0.deadline {
                        parts.append(.integer(Int(deadline.millisecondsSinceEpoch)))
                    }
                    return .array(parts)
                })
        case .stream(let stream): Self.json(stream)
        }
    }

    private static func json(_ stream: Stream) -> JSONValue {
        .object([
            (
                "entries",
                .array(
                    stream.entries.map {
                        .object([
                            ("id", .string($0.id.text)),
                            ("fields", .array($0.fields.map { .bytes($0) })),
                        ])
                    })
            ), ("last", .string(stream.last.text)),
            ("max_deleted", .string(stream.maximumDeleted.text)),
            ("added", .integer(Int(clamping: stream.entriesAdded))),
            (
                "groups",
                .array(
                    stream.groups.map { group in
                        .object([
                            ("name", .bytes(group.name)), ("last", .string(group.last.text)),
                            ("read", .integer(Int(group.entriesRead))),
                            ("consumers", .array(group.consumers.map { .bytes($0) })),
                            (
                                "pending",
                                .array(
                                    group.pending.map {
                                        .object([
                                            ("id", .string($0.id.text)),
                                            ("consumer", .bytes($0.consumer)),
                                            ("time", .integer(Int($0.time))),
                                            ("count", .integer(Int(clamping: $0.count))),
                                        ])
                                    })
                            ),
                        ])
                    })
            ),
        ])
    }

    static func score(_ value: Double) -> String {
        String(decoding: FloatText.format(value), as: UTF8.self)
    }

    /// Lines for people: a head, then one for every element.
    public var lines: [String] {
        var lines = ["db \(database)  \(KeyText.quoted(key))  \(type)  \(lifetime)"]
        switch value {
        case .string(let bytes): lines.append(KeyText.quoted(bytes, limit: .max))
        case .list(let elements), .set(let elements):
            for (index, element) in elements.enumerated() {
                lines.append("\(index + 1)) \(KeyText.quoted(element, limit: .max))")
            }
        case .sortedSet(let members):
            for member in members {
                lines.append(
                    "\(Self.score(member.score))  \(KeyText.quoted(member.member, limit: .max))")
            }
        case .hash(let fields):
            for field in fields {
                let end = field.deadline.map { "  (expires \(TimeText.text($0)))" } ?? ""
                lines.append(
                    "\(KeyText.quoted(field.name, limit: .max)): "
                        + KeyText.quoted(field.value, limit: .max) + end)
            }
        case .stream(let stream): lines += Self.lines(stream)
        }
        return lines
    }

    private var lifetime: String { deadline.map { "expires \(TimeText.text($0))" } ?? "no expiry" }

    private static func lines(_ stream: Stream) -> [String] {
        var lines = [
            "last \(stream.last.text), highest deleted \(stream.maximumDeleted.text), "
                + "\(stream.entriesAdded) ever added"
        ]
        for entry in stream.entries {
            lines.append(
                entry.id.text + "  "
                    + entry.fields.map { KeyText.quoted($0, limit: .max) }.joined(separator: " "))
        }
        for group in stream.groups {
            lines.append(
                "group \(KeyText.quoted(group.name)): last \(group.last.text), "
                    + "\(group.entriesRead) read, consumers "
                    + group.consumers.map { KeyText.quoted($0) }.joined(separator: " "))
            for pending in group.pending {
                lines.append(
                    "  pending \(pending.id.text) for \(KeyText.quoted(pending.consumer)), delivered "
                        + "\(pending.count) times")
            }
        }
        return lines
    }
}

/// Times as people read them, in UTC.
public enum TimeText {
    /// `2023-11-14T22:13:20.000Z`; milliseconds where the year would have more than four digits.
    public static func text(_ deadline: Deadline) -> String {
        let milliseconds = deadline.millisecondsSinceEpoch
        // The end of the year 9999.
        guard (0..<253_402_300_800_000).contains(milliseconds) else { return "\(milliseconds) ms" }
        let days = milliseconds / 86_400_000
        let (year, month, day) = date(days)
        let rest = milliseconds % 86_400_000
        func two(_ value: Int64) -> String { value < 10 ? "0\(value)" : "\(value)" }
        let thousandths = rest % 1000
        let fraction = String(repeating: "0", count: 3 - "\(thousandths)".count) + "\(thousandths)"
        let head = String(repeating: "0", count: 4 - "\(year)".count) + "\(year)"
        return "\(head)-\(two(month))-\(two(day))T\(two(rest / 3_600_000)):"
            + "\(two(rest / 60_000 % 60)):\(two(rest / 1000 % 60)).\(fraction)Z"
    }

    /// Year, month and day of a day since 1970: years are counted from March, so that leap days end them.
    private static func date(_ days: Int64) -> (Int64, Int64, Int64) {
        let shifted = days + 719_468
        let era = shifted / 146_097
        let dayOfEra = shifted % 146_097
        let yearOfEra =
            (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let month = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * month + 2) / 5 + 1
        let calendarMonth = month < 10 ? month + 3 : month - 9
        return (yearOfEra + era * 400 + (calendarMonth <= 2 ? 1 : 0), calendarMonth, day)
    }
}
