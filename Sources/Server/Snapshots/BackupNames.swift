/// The names of automatic backups, and which of them may go.
///
///     backup-20260131T235959Z.hfz      the time in UTC at which its data was frozen
///
/// Only files of exactly such names are ever removed. What is kept is what any of the rules keeps; where no rule is
/// given everything is.
///
///     backup-keep-last N      the N newest
///     backup-keep-hourly N    the newest of each of the last N hours that have one
///     backup-keep-daily N     the newest of each of the last N days that have one (UTC)

/// How many backups are kept.
public struct BackupRetention: Hashable, Sendable {
    /// `backup-keep-last`.
    public var last = 7
    /// `backup-keep-hourly`.
    public var hourly = 0
    /// `backup-keep-daily`.
    public var daily = 0

    /// The defaults.
    public init() {}

    /// Which of a folder's names are backups that no rule keeps.
    ///
    /// - Parameter newest: one that is kept whatever the rules say.
    func obsolete(among names: [String], keeping newest: String) -> [String] {
        if last == 0 && hourly == 0 && daily == 0 { return [] }
        let backups = names.compactMap { name in BackupName.seconds(of: name).map { (name, $0) } }
            .sorted { ($0.1, $0.0) > ($1.1, $1.0) }
        var kept = Set(backups.prefix(last).map(\.0))
        kept.insert(newest)
        kept.formUnion(Self.firsts(backups, hourly, every: 3600))
        kept.formUnion(Self.firsts(backups, daily, every: 86400))
        return backups.map(\.0).filter { !kept.contains($0) }
    }

    /// The newest of each of the latest `count` spans of time that have one.
    private static func firsts(
        _ backups: [(String, Int64)], _ count: Int, every seconds: Int64
    ) -> [String] {
        var spans: Set<Int64> = []
        var found: [String] = []
        for (name, time) in backups where !spans.contains(time / seconds) {
            if spans.count >= count { break }
            spans.insert(time / seconds)
            found.append(name)
        }
        return found
    }
}

/// Names of backups.
enum BackupName {
    private static let prefix = "backup-"

    /// That of a backup begun at this time (seconds since 1970), without the dot of its extension.
    static func make(at seconds: Int64, extension suffix: String) -> String {
        let time = CivilTime(seconds: seconds)
        func digits(_ value: Int, _ width: Int) -> String {
            let text = String(value)
            return String(repeating: "0", count: max(0, width - text.count)) + text
        }
        let date = digits(time.year, 4) + digits(time.month, 2) + digits(time.day, 2)
        let clock = digits(time.hour, 2) + digits(time.minute, 2) + digits(time.second, 2)
        return "\(prefix)\(date)T\(clock)Z.\(suffix)"
    }

    /// When a backup was begun, seconds since 1970; nil where the name is no backup's.
    static func seconds(of name: String) -> Int64? {
        let bytes = Array(name.utf8)
        let start = prefix.utf8.count
        guard name.hasPrefix(prefix), bytes.count > start + 17,
            bytes[start + 8] == UInt8(ascii: "T"), bytes[start + 15] == UInt8(ascii: "Z"),
            bytes[start + 16] == UInt8(ascii: ".")
        else { return nil }
        func number(_ place: Int, _ width: Int) -> Int {
            bytes[(start + place)..<(start + place + width)].reduce(0) {
                $1 &- 48 < 10 ? $0 * 10 + Int($1 &- 48) : -1_000_000
            }
        }
        var time = CivilTime(seconds: 0)
        (time.year, time.month, time.day) = (number(0, 4), number(4, 2), number(6, 2))
        (time.hour, time.minute, time.second) = (number(9, 2), number(11, 2), number(13, 2))
        // Only what this time would be named is a backup.
        guard time.year >= 1970, (1...12).contains(time.month), (1...31).contains(time.day),
            (0..<24).contains(time.hour), (0..<60).contains(time.minute),
            (0..<60).contains(time.second)
        else { return nil }
        let suffix = String(decoding: bytes[(start + 17)...], as: UTF8.self)
        guard suffix.utf8.allSatisfy({ ($0 | 32) &- 97 < 26 || $0 &- 48 < 10 }),
            make(at: time.seconds, extension: suffix) == name
        else { return nil }
        return time.seconds
    }
}
