/// Forms of their own in persistence: `save` and `aof-history-keep`.
import Bytes

extension SpecialForm {
    /// `save <seconds> <changes> ...`: lines of a file add up, CONFIG SET replaces, "" clears.
    static let savePoints = SpecialForm(
        parse: { (words, previous, _) throws(ConfigurationRefusal) in
            let words = words == [[]] ? [] : words
            guard words.count.isMultiple(of: 2) else {
                throw ConfigurationRefusal("Invalid save parameters")
            }
            var canonical: [[UInt8]] = []
            if case .words(let before)? = previous { canonical = before }
            for (index, word) in words.enumerated() {
                guard let number = NumberText.lenient(word),
                    number >= (index.isMultiple(of: 2) ? 1 : 0)
                else { throw ConfigurationRefusal("Invalid save parameters") }
                canonical.append(Array(String(number).utf8))
            }
            return .words(canonical)
        },
        rewrite: { name, value, standard in
            let points = value.savePoints
            let isForced = value != standard
            if points.isEmpty { return [(Array("\(name) \"\"".utf8), isForced)] }
            return points.map { (Array("\(name) \($0.seconds) \($0.changes)".utf8), isForced) }
        })

    /// `aof-history-keep`: an age (45s 30m 12h 7d), a size (512mb, 10gb), or 0 for none.
    static let historyKeep = SpecialForm(
        parse: { (words, _, _) throws(ConfigurationRefusal) in
            guard words.count == 1 else { throw ConfigurationRefusal("wrong number of arguments") }
            let text = String(decoding: words[0], as: UTF8.self).lowercased()
            guard HistoryKeep(text) != nil else {
                throw ConfigurationRefusal(
                    "argument must be an age (45s, 30m, 12h, 7d), a size (512mb, 10gb) or 0")
            }
            return .text(text)
        },
        rewrite: { name, value, standard in
            [(Array("\(name) \(value.printedText)".utf8), value != standard)]
        })
}

extension DirectiveValue {
    /// The save points of a canonical `save` list.
    var savePoints: [SavePoint] {
        let numbers = listed.compactMap { Int($0) }
        return stride(from: 0, to: numbers.count - 1, by: 2).map {
            SavePoint(seconds: numbers[$0], changes: numbers[$0 + 1])
        }
    }
}

/// How much replaced history the log keeps.
enum HistoryKeep: Hashable {
    case nothing
    case seconds(Int)
    case bytes(Int)

    /// Reads `0`, an age or a size. `30m` is minutes: a size in megabytes is written `30mb`.
    init?(_ text: String) {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard let number = Int(digits), !digits.isEmpty else { return nil }
        let unit = text.dropFirst(digits.count)
        if number == 0 && unit.isEmpty {
            self = .nothing
        } else if let seconds = Self.ages[String(unit)] {
            let (product, overflow) = number.multipliedReportingOverflow(by: seconds)
            if overflow { return nil }
            self = .seconds(product)
        } else if ["b", "kb", "mb", "gb"].contains(unit),
            let bytes = NumberText.memory(Array(text.utf8)), bytes <= UInt64(Int.max)
        {
            self = .bytes(Int(bytes))
        } else {
            return nil
        }
        if number == 0 { self = .nothing }
    }

    private static let ages = ["s": 1, "m": 60, "h": 3_600, "d": 86_400]
}
