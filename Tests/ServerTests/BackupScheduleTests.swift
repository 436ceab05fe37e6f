/// When backups are due, what they are called, and which of them go.
import Testing

@testable import Server

@Suite("Backup schedule and retention")
struct BackupScheduleTests {
    /// 2026-11-23 14:05:29 UTC, a Monday.
    private let now: Int64 = 1_795_442_729

    @Test("dates are those of the calendar")
    func dates() {
        let known: [(Int64, [Int], Int)] = [
            (0, [1970, 1, 1, 0, 0, 0], 4), (951_782_399, [2000, 2, 28, 23, 59, 59], 1),
            (951_782_400, [2000, 2, 29, 0, 0, 0], 2),
            (1_795_442_729, [2026, 11, 23, 14, 5, 29], 1),
            (4_107_542_399, [2100, 2, 28, 23, 59, 59], 0),
            (4_107_542_400, [2100, 3, 1, 0, 0, 0], 1), (-1, [1969, 12, 31, 23, 59, 59], 3),
        ]
        for (seconds, fields, weekday) in known {
            let time = CivilTime(seconds: seconds)
            let found = [time.year, time.month, time.day, time.hour, time.minute, time.second]
            #expect(found == fields, "\(seconds)")
            #expect(time.weekday == weekday, "\(seconds)")
            #expect(time.seconds == seconds)
        }
        for day in stride(from: Int64(-200_000), to: 200_000, by: 37) {
            #expect(CivilTime(seconds: day * 86400 + 4711).seconds == day * 86400 + 4711)
        }
    }

    @Test("intervals are read with their units, and nothing else is")
    func intervals() {
        for (text, seconds) in [
            ("900", 900), ("90s", 90), ("30m", 1800), ("1h", 3600), ("2D", 172_800),
        ] {
            #expect(BackupSchedule(text) == .every(seconds: Int64(seconds)))
        }
        #expect(BackupSchedule("") == .off && BackupSchedule("  ") == .off)
        for text in [
            "0", "-1", "1x", "h", "1.5h", "1 h", "99999999999999999999", "9223372036854775807d",
            "* * * *", "* * * * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * * 13 *",
            "* * * * 8", "5-1 * * * *", "*/0 * * * *", "a * * * *", "1,, * * * *", "1-2-3 * * * *",
            "-1 * * * *", "1/2/3 * * * *", "+1 * * * *x",
        ] {
            #expect(BackupSchedule(text) == nil, "\(text)")
        }
    }

    @Test("the next interval begins with the last backup, or now")
    func nextInterval() {
        let hourly = BackupSchedule.every(seconds: 3600)
        #expect(hourly.next(after: nil, now: now) == now + 3600)
        #expect(hourly.next(after: now - 100, now: now) == now + 3500)
        #expect(hourly.next(after: now - 9999, now: now) == now - 6399)
        // A backup from the future is none to go by.
        #expect(hourly.next(after: now + 9999, now: now) == now + 3600)
        #expect(BackupSchedule.off.next(after: nil, now: now) == nil)
    }

    @Test("cron's fields name the next minute")
    func cron() {
        let known: [(String, [Int])] = [
            ("* * * * *", [2026, 11, 23, 14, 6]), ("5 * * * *", [2026, 11, 23, 15, 5]),
            ("*/15 * * * *", [2026, 11, 23, 14, 15]), ("0 3 * * *", [2026, 11, 24, 3, 0]),
            ("30 14 * * *", [2026, 11, 23, 14, 30]), ("0 0 1 * *", [2026, 12, 1, 0, 0]),
            ("0 0 1 1 *", [2027, 1, 1, 0, 0]), ("0 0 29 2 *", [2028, 2, 29, 0, 0]),
            ("0 12 * * 0", [2026, 11, 29, 12, 0]), ("0 12 * * 7", [2026, 11, 29, 12, 0]),
            ("0 12 * * 1-5", [2026, 11, 24, 12, 0]), ("0 12 1 * 3", [2026, 11, 25, 12, 0]),
            ("10,20 8-18/5 * * *", [2026, 11, 23, 18, 10]),
        ]
        for (text, fields) in known {
            let seconds = BackupSchedule(text)?.next(after: nil, now: now)
            let time = CivilTime(seconds: seconds ?? 0)
            #expect([time.year, time.month, time.day, time.hour, time.minute] == fields, "\(text)")
            #expect(time.second == 0)
        }
        #expect(BackupSchedule("0 0 30 2 *")?.next(after: nil, now: now) == nil)
        // Never the minute that it is.
        let minute = now - 29
        #expect(BackupSchedule("5 14 * * *")?.next(after: minute, now: minute) == minute + 86400)
    }

    @Test("a backup's name tells its time, and no other name is one")
    func names() {
        let name = BackupName.make(at: now, extension: "hfz")
        #expect(name == "backup-20261123T140529Z.hfz")
        #expect(BackupName.seconds(of: name) == now)
        for other in [
            "backup-20261123T140529Z", "backup-20261123T140529Z.", "xbackup-20261123T140529Z.hfz",
            "backup-20261323T140529Z.hfz", "backup-20261131T140529Z.hfz",
            "backup-20261123T240529Z.hfz", "backup-2026112 T140529Z.hfz",
            "backup-20261123T140529Z.hfz.old", "backup-20261123t140529z.hfz", "backup-",
            "backup-20261123T140529Z.h-z", "snapshot-20261123T140529Z.hfz",
        ] {
            #expect(BackupName.seconds(of: other) == nil, "\(other)")
        }
    }

    @Test("what any rule keeps is kept, and the rest of ours goes")
    func retention() {
        // Every twenty minutes for three days.
        let all = (0..<216).map {
            BackupName.make(at: now - Int64($0) * 1200, extension: "hfz")
        }
        let names = all + ["mine.hfz", "backup-x.hfz"]
        var rules = BackupRetention()
        (rules.last, rules.hourly, rules.daily) = (0, 0, 0)
        #expect(rules.obsolete(among: names, keeping: all[0]) == [])
        func kept() -> [String] {
            let gone = Set(rules.obsolete(among: names.shuffled(), keeping: all[0]))
            #expect(gone.isSubset(of: all))
            return all.filter { !gone.contains($0) }
        }
        rules.last = 3
        #expect(kept() == Array(all[0..<3]))
        (rules.last, rules.hourly) = (0, 2)
        // 14:05, and 13:45 as the newest before two o'clock.
        #expect(kept() == [all[0], all[1]])
        (rules.hourly, rules.daily) = (0, 3)
        let days = kept().map { $0.prefix(15) }
        #expect(days == ["backup-20261123", "backup-20261122", "backup-20261121"])
        (rules.last, rules.hourly, rules.daily) = (2, 2, 2)
        #expect(kept().count == 3)
        // The one that was just made is kept though the clock went back.
        (rules.last, rules.hourly, rules.daily) = (1, 0, 0)
        #expect(!rules.obsolete(among: names, keeping: all[50]).contains(all[50]))
    }
}
