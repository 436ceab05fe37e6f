/// What random commands on collections are made of: members of a small universe, so that commands meet
/// what others left; scores whose sums are exact in any order; stream ids that mostly grow.
import TestSupport

extension Draw {
    /// An element of a list, a member of a set.
    mutating func member() -> Word {
        switch below(30) {
        case 0: value()
        case 1, 2, 3: number()
        default: Word("m\(below(16))")
        }
    }

    /// A small whole number, for lists and sets that can be sorted.
    mutating func integer() -> Word { chance(96) ? Word(below(12)) : number() }

    /// What suits a key of this kind.
    mutating func member(of kind: KeyKind) -> Word {
        kind == .integerList || kind == .integerSet ? integer() : member()
    }

    /// Mostly whole numbers and quarters: their sums don't depend on the order.
    mutating func score() -> Word {
        switch below(40) {
        case 0: pick(["inf", "-inf", "+inf", "1e308", "-1e308", "1e17", "5e-324", "1e-17", "-0"])
        case 1: pick(["nan", "abc", "", "1 ", " 1", "0x10", "007", "1e400", "1.5e", "(1"])
        case 2: pick(["9007199254740993", "9223372036854775807", "-9223372036854775808", "3.0e3"])
        case 3..<13: Word("\(below(40) - 20)." + pick(["25", "5", "75", "0", "125"]))
        default: Word(below(24) - 8)
        }
    }

    /// A bound of a range of scores.
    mutating func scoreBound() -> Word {
        switch below(12) {
        case 0: pick(["-inf", "inf", "+inf"])
        case 1: pick(["(abc", "", "nan", "(", "(nan", "[1"])
        case 2, 3, 4: Word("(\(below(24) - 8)")
        default: score()
        }
    }

    /// A sorted set of equal scores, which no other command gives other scores: in one that mixes them a
    /// range of members is whatever the search runs into.
    mutating func lexicon() -> Word { Word("y:\(below(5))") }

    /// A bound of a range of members.
    mutating func memberBound() -> Word {
        switch below(14) {
        case 0, 1: "-"
        case 2, 3: "+"
        case 4: pick(["", "m1", "(", "[", "-x", "[\u{FF}"])
        case 5..<9: Word("(m\(below(16))")
        default: Word("[m\(below(16))")
        }
    }

    /// A count: small, none, negative, absurd.
    mutating func count() -> Word { chance(90) ? Word(below(6)) : edge() }

    /// How many of what chance picks: all, some with or without repetition, nonsense. Never so many that a
    /// server would set out to repeat for hours.
    mutating func sample() -> Word {
        if chance(88) { return chance(30) ? "100000" : Word(below(30) - 15) }
        return pick(["-9223372036854775808", "9223372036854775808", "9223372036854775807", "x", ""])
    }

    /// Keys behind their number, which is wrong now and then.
    mutating func counted(_ least: Int, _ most: Int, _ kinds: [KeyKind]) -> [Word] {
        let keys = many(least, most) { d in [d.key(d.pick(kinds))] }
        let number: Word =
            chance(96) ? Word(keys.count) : pick([Word(keys.count + 1), "0", edge()])
        return [number] + keys
    }

    /// Seconds to wait: hardly any, or nonsense. Never endless.
    mutating func timeout() -> Word {
        chance(95)
            ? pick(["0.01", "0.002", "0.005", "1e-2"])
            : pick(["-1", "abc", "", "-0.5", "1e5000", "nan"])
    }

    // MARK: Streams

    /// An id to add: later than all before, now and then stale or nonsense.
    mutating func newID(_ key: Word) -> Word {
        switch below(25) {
        case 0: return pick(["0-0", "0", "abc", "1-", "-1", "1-1-1", "18446744073709551616-0", ""])
        case 1: return Word("\(below(streamTime))-\(below(3))")
        default: break
        }
        streamTime += 1 + below(3)
        // Once in a long while the server finds the sequence number itself.
        if chance(8) { return Word("\(streamTime)-*") }
        let id = Word(chance(70) ? "\(streamTime)-\(below(3))" : "\(streamTime)")
        let last = id.bytes.contains(45) ? id : Word("\(streamTime)-0")
        streamIDs[key, default: []].append(last)
        if streamIDs[key, default: []].count > 12 { streamIDs[key]?.removeFirst() }
        return id
    }

    /// An id that the stream may have.
    mutating func oldID(_ key: Word) -> Word {
        if chance(94), let ids = streamIDs[key], !ids.isEmpty { return pick(ids) }
        return pick(["0-0", "0", "1-1", "abc", "18446744073709551615-18446744073709551615", "5-"])
    }

    /// A bound of a range of ids.
    mutating func idBound(_ key: Word) -> Word {
        switch below(10) {
        case 0, 1: return "-"
        case 2, 3: return "+"
        case 4: return Word([40] + oldID(key).bytes)
        case 5: return Word(below(streamTime + 2))
        default: return oldID(key)
        }
    }

    // MARK: Places

    /// Longitude and latitude around the Mediterranean, where searches look; now and then nowhere.
    mutating func position() -> [Word] {
        if chance(4) {
            return pick([
                ["181", "10"], ["10", "86"], ["nan", "1"], ["abc", "1"], ["-180", "-85.05112878"],
                ["1", "1e400"],
            ])
        }
        return [
            Word("\(6 + below(20)).\(100_000 + below(900_000))"),
            Word("\(32 + below(12)).\(100_000 + below(900_000))"),
        ]
    }

    mutating func unit() -> Word { chance(97) ? pick(["m", "km", "ft", "mi", "KM"]) : "miles" }

    /// A distance that ends short of the corner where small scores lie when read as places.
    mutating func radius() -> [Word] {
        switch below(12) {
        case 0: [pick(["-1", "abc", "nan", "0", ""]), "km"]
        case 1: [Word(100_000 + below(2_000_000)), "m"]
        case 2: [Word(100 + below(1500)), "mi"]
        case 3: [Word(400 + below(100)), unit()]
        default: [Word("\(20 + below(2500)).5"), "km"]
        }
    }
}
