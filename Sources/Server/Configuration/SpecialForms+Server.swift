/// Forms of their own about the process and what it reports: `dir`, `oom-score-adj-values`,
/// `notify-keyspace-events`, `latency-tracking-info-percentiles`.
import Bytes

extension SpecialForm {
    /// `dir <path>`; always written back as an absolute path.
    static let directory = SpecialForm(
        parse: { (words, _, _) throws(ConfigurationRefusal) in
            guard words.count == 1 else { throw ConfigurationRefusal("wrong number of arguments") }
            return .text(words[0])
        },
        rewrite: { name, value, _ in
            [(Array("\(name) ".utf8) + QuotedText.quote(value.printed), true)]
        })

    /// `oom-score-adj-values <master> <replica> <child>`.
    static let outOfMemoryScores = SpecialForm(
        parse: { (words, _, _) throws(ConfigurationRefusal) in
            guard words.count == 3 else { throw ConfigurationRefusal("wrong number of arguments") }
            var canonical: [[UInt8]] = []
            for word in words {
                guard let score = NumberText.lenient(word), (-2_000...2_000).contains(score) else {
                    throw ConfigurationRefusal(
                        "Invalid oom-score-adj-values, elements must be between -2000 and 2000.")
                }
                canonical.append(Array(String(score).utf8))
            }
            return .words(canonical)
        },
        rewrite: { name, value, standard in
            [(Array("\(name) ".utf8) + value.printed, value != standard)]
        })

    /// `notify-keyspace-events <letters>`, printed in Redis's order, `A` for all but m and n.
    static let keyspaceEvents = SpecialForm(
        parse: { (words, _, _) throws(ConfigurationRefusal) in
            guard words.count == 1 else { throw ConfigurationRefusal("wrong number of arguments") }
            var letters: Set<UInt8> = []
            for letter in words[0] {
                if letter == UInt8(ascii: "A") {
                    letters.formUnion(everyEvent.utf8)
                } else if "\(everyEvent)nKEm".utf8.contains(letter) {
                    letters.insert(letter)
                } else {
                    throw ConfigurationRefusal(
                        "Invalid event class character. Use 'Ag$lshzxeKEtmdn'.")
                }
            }
            let isAll = letters.isSuperset(of: everyEvent.utf8)
            let classes = isAll ? [UInt8(ascii: "A")] : everyEvent.utf8.filter(letters.contains)
            return .text(classes + "nKEm".utf8.filter(letters.contains))
        },
        rewrite: { name, value, standard in
            [(Array("\(name) ".utf8) + QuotedText.quote(value.printed), value != standard)]
        })

    private static let everyEvent = "g$lshzxetd"

    /// `latency-tracking-info-percentiles <percentile> ...`; "" reports none.
    static let percentiles = SpecialForm(
        parse: { (words, _, _) throws(ConfigurationRefusal) in
            var canonical: [[UInt8]] = []
            for word in words == [[]] ? [] : words {
                guard let share = Double(String(decoding: word, as: UTF8.self)), !share.isNaN else {
                    throw ConfigurationRefusal(
                        "Invalid latency-tracking-info-percentiles parameters")
                }
                guard (0...100).contains(share) else {
                    throw ConfigurationRefusal(
                        "latency-tracking-info-percentiles parameters should sit between [0.0,100.0]"
                    )
                }
                canonical.append(Array(NumberText.fractionText(share).utf8))
            }
            return .words(canonical)
        },
        rewrite: { name, value, standard in
            let list = value.printed.isEmpty ? Array("\"\"".utf8) : value.printed
            return [(Array("\(name) ".utf8) + list, value != standard)]
        })
}
