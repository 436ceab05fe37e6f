/// Recipes of the commands on bits and on HyperLogLogs. Offsets are small, or beyond what a string holds.

extension CommandShapes {
    static let bitmaps: [CommandShape] = [
        CommandShape("setbit", 10) { d in
            [d.key(.bitmap), bitOffset(&d), d.chance(97) ? Word(d.below(2)) : d.edge()]
        },
        CommandShape("getbit", 5) { d in [d.key(bitKind(&d)), bitOffset(&d)] },
        CommandShape("bitcount", 5) { d in [d.key(bitKind(&d))] + (d.chance(40) ? [] : span(&d)) },
        CommandShape("bitpos", 5) { d in
            [d.key(bitKind(&d)), d.chance(97) ? Word(d.below(2)) : d.edge()]
                + d.pick([[], [d.index()], span(&d)])
        },
        CommandShape("bitop", 5) { d in
            let kinds: [KeyKind] = [.bitmap, .bitmap, .bitmap, .string]
            let operation: Word = d.pick(["AND", "or", "XOR", "NOT"])
            let most = operation == "NOT" && d.chance(85) ? 1 : 4
            return [d.chance(98) ? operation : d.edge(), d.key(.bitmap)]
                + d.many(1, most) { d in [d.key(d.pick(kinds))] }
        },
        CommandShape("bitfield", 8) { d in
            [d.key(.bitmap)] + d.many(0, 4) { d in fieldOperation(&d, writes: true) }
        },
        CommandShape("bitfield_ro", 4) { d in
            let writes = d.chance(5)
            return [d.key(bitKind(&d))] + d.many(0, 3) { d in fieldOperation(&d, writes: writes) }
        },
    ]

    static let sketches: [CommandShape] = [
        CommandShape("pfadd", 10) { d in
            let most = d.chance(4) ? 300 : 5
            return [d.key(.sketch)]
                + d.many(most > 5 ? 100 : 0, most) { d in [Word("e\(d.below(3000))")] }
        },
        CommandShape("pfcount", 5) { d in d.many(1, d.chance(50) ? 1 : 3) { d in [d.key(.sketch)] }
        },
        CommandShape("pfmerge", 4) { d in d.many(1, 4) { d in [d.key(.sketch)] } },
    ]

    private static func bitKind(_ d: inout Draw) -> KeyKind {
        d.pick([.bitmap, .bitmap, .bitmap, .string, .number])
    }

    private static func bitOffset(_ d: inout Draw) -> Word {
        switch d.below(40) {
        case 0: d.pick(["4294967296", "-1", "9223372036854775807", "abc", "1.5", "", "01"])
        case 1: Word(d.below(6000))
        default: Word(d.below(160))
        }
    }

    private static func span(_ d: inout Draw) -> [Word] {
        let words: [Word] = [d.index(), d.chance(96) ? d.index() : d.edge()]
        return words + (d.chance(50) ? [] : [d.chance(96) ? d.pick(["BIT", "byte"]) : d.edge()])
    }

    private static func fieldOperation(_ d: inout Draw, writes: Bool) -> [Word] {
        let type: Word =
            d.chance(96)
            ? Word(d.pick(["u", "i"]) + String(1 + d.below(63)))
            : d.pick(["i64", "u64", "i65", "u0", "x8", "u", "i08", ""])
        let offset: Word =
            switch d.below(40) {
            case 0:
                d.pick([
                    "-1", "4294967296", "#-1", "#", "#4294967296", "abc", "9223372036854775807",
                ])
            case 1..<12: Word("#\(d.below(9))")
            default: Word(d.below(120))
            }
        guard writes else { return ["GET", type, offset] }
        return switch d.below(8) {
        case 0, 1: ["GET", type, offset]
        case 2, 3: ["set", type, offset, d.number()]
        case 4, 5: ["INCRBY", type, offset, d.number()]
        default:
            ["OVERFLOW", d.chance(97) ? d.pick(["WRAP", "sat", "FAIL"]) : d.edge()]
                + ["INCRBY", type, offset, d.number()]
        }
    }
}
