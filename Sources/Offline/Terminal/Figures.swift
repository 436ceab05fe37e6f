/// Figures as people read them: sizes, rates, durations. Decimal units, as disks are sold and `redis-check-aof` isn't.

/// Words for figures.
public enum Figures {
    /// `1.5 GB`; below 1,000 bytes exact.
    public static func size(_ bytes: Int) -> String {
        let units = ["kB", "MB", "GB", "TB", "PB"]
        if bytes < 1000 { return "\(bytes) bytes" }
        var value = Double(bytes) / 1000
        var index = 0
        while value >= 999.95 && index + 1 < units.count {
            value /= 1000
            index += 1
        }
        return "\(fixed(value, 1)) \(units[index])"
    }

    /// `311.0 MB/s`, `1,200,000 keys/s`.
    static func rate(_ perSecond: Double, _ unit: ProgressBar.Unit) -> String {
        switch unit {
        case .bytes: size(Int(min(perSecond, 1e18))) + "/s"
        case .keys: count(Int(min(perSecond, 1e18))) + " keys/s"
        }
    }

    /// `0:07`, `1:02:03`.
    static func duration(_ seconds: Double) -> String {
        let whole = Int(min(max(0, seconds.rounded(.up)), 1e9))
        let (hours, minutes, rest) = (whole / 3600, whole / 60 % 60, whole % 60)
        let tail = rest < 10 ? "0\(rest)" : "\(rest)"
        if hours == 0 { return "\(minutes):\(tail)" }
        return "\(hours):\(minutes < 10 ? "0" : "")\(minutes):\(tail)"
    }

    /// `1,234,567`.
    public static func count(_ value: Int) -> String {
        var digits = Array(String(value.magnitude))
        var index = digits.count - 3
        while index > 0 {
            digits.insert(",", at: index)
            index -= 3
        }
        return (value < 0 ? "-" : "") + String(digits)
    }

    /// `1 key`, `2 keys`.
    public static func counted(_ value: Int, _ noun: String) -> String {
        "\(count(value)) \(noun)\(value == 1 ? "" : "s")"
    }

    /// A number with so many digits behind the point.
    public static func fixed(_ value: Double, _ digits: Int) -> String {
        var scale = 1.0
        for _ in 0..<digits { scale *= 10 }
        let scaled = Int64((value * scale).rounded())
        if digits == 0 { return "\(scaled)" }
        let whole = scaled.magnitude / UInt64(scale)
        var rest = "\(scaled.magnitude % UInt64(scale))"
        rest = String(repeating: "0", count: digits - rest.count) + rest
        return (scaled < 0 ? "-" : "") + "\(whole).\(rest)"
    }
}
