/// What random commands are made of: keys that exist in the right and the wrong type, values of every
/// shape, numbers at their limits, deadlines that no clock's skew can matter to.
///
/// Deadlines lie hours ahead, spread so widely that two never fall together by chance, or in the past:
/// the two servers' clocks and delays then can't make a difference.
import TestSupport

/// Which keys a command is made for.
enum KeyKind: CaseIterable {
    case string
    case number
    case float
    case hash
    case list
    case integerList
    case set
    case integerSet
    case sortedSet
    case stream
    case bitmap
    case sketch
    case places
}

/// A source of arguments.
struct Draw {
    private var generator: SeededGenerator
    /// Milliseconds since 1970 that absolute deadlines are counted from.
    private let epoch: Int
    /// Where stream ids have got to: they only grow, so that most are taken.
    var streamTime = 1
    /// Ids lately given to each stream.
    var streamIDs: [Word: [Word]] = [:]

    init(seed: UInt64, epochMilliseconds: Int) {
        generator = SeededGenerator(seed: seed)
        epoch = epochMilliseconds
    }

    mutating func below(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &generator) }

    mutating func chance(_ percent: Int) -> Bool { below(100) < percent }

    mutating func pick<Element>(_ choices: [Element]) -> Element { choices[below(choices.count)] }

    /// Each with the chance given, in random order.
    mutating func some(_ options: [(percent: Int, words: [Word])]) -> [Word] {
        options.shuffled(using: &generator).flatMap { chance($0.percent) ? $0.words : [] }
    }

    /// Between `least` and `most` of what `make` makes.
    mutating func many(_ least: Int, _ most: Int, _ make: (inout Draw) -> [Word]) -> [Word] {
        var words: [Word] = []
        for _ in 0..<(least + below(most - least + 1)) { words += make(&self) }
        return words
    }

    // MARK: Keys

    mutating func key(_ kind: KeyKind) -> Word {
        switch below(100) {
        case 0..<91: return named(kind)
        case 91..<95: return named(pick(KeyKind.allCases))
        case 95..<98: return Word("missing:\(below(50))")
        default:
            let long = [UInt8](repeating: 107, count: 300)
            return pick(["", "\0\r\nkey\u{FF}", Word(long), "sp ace", "{tag}key"])
        }
    }

    mutating func anyKey() -> Word { key(pick(KeyKind.allCases)) }

    private mutating func named(_ kind: KeyKind) -> Word {
        switch kind {
        case .string: Word("s:\(below(12))")
        case .number: Word("n:\(below(6))")
        case .float: Word("f:\(below(4))")
        case .hash: Word("h:\(below(10))")
        case .list: Word("l:\(below(6))")
        case .integerList: Word("li:\(below(4))")
        case .set: Word("t:\(below(6))")
        case .integerSet: Word("i:\(below(4))")
        case .sortedSet: Word("z:\(below(7))")
        case .stream: Word("x:\(below(3))")
        case .bitmap: Word("b:\(below(5))")
        case .sketch: Word("p:\(below(4))")
        case .places: Word("g:\(below(4))")
        }
    }

    mutating func field() -> Word {
        switch below(20) {
        case 0: pick(["", "\0\r\n", Word(String(repeating: "F", count: 70))])
        case 1: number()
        default: Word("field\(below(12))")
        }
    }

    mutating func database() -> Word { chance(96) ? Word(below(3)) : edge() }

    // MARK: Values

    mutating func value() -> Word {
        switch below(20) {
        case 0: return ""
        case 1: return Word((0..<below(40)).map { _ in UInt8(below(256)) })
        case 2: return "a\0b\r\n$5\r\nc"
        case 3: return Word([UInt8](repeating: UInt8(97 + below(4)), count: 40 + below(10)))
        case 4: return Word([UInt8](repeating: UInt8(97 + below(4)), count: 60 + below(10)))
        case 5: return Word((0..<below(900)).map { _ in UInt8(97 + below(3)) })
        case 6, 7, 8: return number()
        case 9: return float()
        default: return Word((0..<(1 + below(16))).map { _ in UInt8(97 + below(6)) })
        }
    }

    /// A decimal integer, mostly small.
    mutating func number() -> Word {
        switch below(20) {
        case 0: pick(["9223372036854775807", "-9223372036854775808", "9223372036854775806"])
        case 1: pick(["2147483647", "2147483648", "-2147483649", "10000", "9999", "0", "-1"])
        default: Word(below(200) - 60)
        }
    }

    mutating func float() -> Word {
        switch below(12) {
        case 0:
            pick(["1e400", "-1e400", "inf", "-inf", "nan", "0x1p3", "-0", " 1", "1 ", "", "1.5e"])
        case 1: pick(["3.0e3", "1e17", "1e-17", "123456789.123456789", "5e-324", "1.7e308"])
        default: Word("\(below(2000) - 1000)." + String(below(1000)))
        }
    }

    /// What nobody should send; nothing that could be a deadline in the past.
    /// A count that has room above it: Redis counts on over the highest number, we say "unknown" then.
    mutating func roomyCount() -> Word {
        let count = count()
        return count.description.hasPrefix("92233720368547758") ? "abc" : count
    }

    mutating func edge() -> Word {
        pick([
            "9223372036854775807", "-9223372036854775808", "9223372036854775808", "-0", "0", "-1",
            "1e400", "", "abc", "1.5", "+1", " 1", "1 ", "0x10", "00", "\0", "\r\n",
            "-9223372036854775807", "18446744073709551616", "nan",
        ])
    }

    mutating func index() -> Word { chance(92) ? Word(below(40) - 20) : offset() }

    /// A place in a string that may be far beyond any.
    mutating func offset() -> Word { chance(30) ? pick(["536870912", "4294967296"]) : edge() }

    // MARK: Deadlines

    /// Seconds from now: hours to years, or past.
    mutating func seconds() -> Word { deadline(ahead: 10_000 + below(100_000_000)) }

    mutating func milliseconds() -> Word { deadline(ahead: 10_000_000 + below(100_000_000_000)) }

    mutating func atSeconds() -> Word {
        deadline(ahead: epoch / 1000 + 10_000 + below(100_000_000))
    }

    mutating func atMilliseconds() -> Word {
        deadline(ahead: epoch + 10_000_000 + below(100_000_000_000))
    }

    private mutating func deadline(ahead: Int) -> Word { chance(95) ? Word(ahead) : edge() }

    /// An absolute deadline long past, in seconds or milliseconds alike.
    mutating func past() -> Word { Word(1 + below(1_000_000_000)) }

    /// A name in another case.
    mutating func recased(_ word: Word) -> Word {
        Word(
            word.bytes.map { byte in
                (97...122).contains(byte | 0x20) && below(2) == 0 ? byte ^ 0x20 : byte
            })
    }
}
