/// Seconds since 1970 as a date and a time of day in UTC, and back: for the names of backups and their schedule.
///
/// UTC and not local time: no hour is missing or comes twice, and a folder's names sort by time.

/// A moment of the Gregorian calendar in UTC, to the second.
struct CivilTime: Hashable {
    var year: Int
    /// 1 ... 12.
    var month: Int
    /// 1 ... 31.
    var day: Int
    var hour: Int
    var minute: Int
    var second: Int

    /// Of seconds since 1970.
    init(seconds: Int64) {
        let days = Self.floorDivided(seconds, by: 86400)
        let rest = Int(seconds - days * 86400)
        (hour, minute, second) = (rest / 3600, rest / 60 % 60, rest % 60)
        // Eras of 400 years that begin on the first of March: the leap day is a year's last.
        let shifted = days + 719_468
        let era = Self.floorDivided(shifted, by: 146_097)
        let dayOfEra = Int(shifted - era * 146_097)
        let yearOfEra =
            (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let place = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * place + 2) / 5 + 1
        month = place < 10 ? place + 3 : place - 9
        year = yearOfEra + Int(era) * 400 + (month <= 2 ? 1 : 0)
    }

    /// Seconds since 1970; fields out of their range give another date.
    var seconds: Int64 {
        let shiftedYear = Int64(month <= 2 ? year - 1 : year)
        let era = Self.floorDivided(shiftedYear, by: 400)
        let yearOfEra = shiftedYear - era * 400
        let dayOfYear = Int64((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1)
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        let days = era * 146_097 + dayOfEra - 719_468
        return days * 86400 + Int64(hour * 3600 + minute * 60 + second)
    }

    /// 0 is Sunday.
    var weekday: Int {
        let days = Self.floorDivided(seconds, by: 86400)
        return Int(((days + 4) % 7 + 7) % 7)
    }

    private static func floorDivided(_ value: Int64, by divisor: Int64) -> Int64 {
        value >= 0 ? value / divisor : -((divisor - 1 - value) / divisor)
    }
}
