/// Recipes of SORT, DUMP and RESTORE.
///
/// DUMP's bytes may differ between servers that mean the same; what RESTORE makes of Redis's bytes is seen in
/// the data. The payloads come from DUMP of Debian's redis-server 7.0.15; the spoilt ones were sealed with a
/// correct CRC-64 where the checksum isn't what is spoilt.

extension CommandShapes {
    static let payloads: [CommandShape] = [
        CommandShape("sort", 8, spoil: false, compare: sorted) { d in
            let stores = d.chance(30)
            let words = sorting(&d, stores: stores)
            return stores ? words + ["STORE", d.key(.list)] : words
        },
        CommandShape("sort_ro", 5, spoil: false, compare: sorted) { d in
            sorting(&d, stores: false) + (d.chance(2) ? ["STORE", d.key(.list)] : [])
        },
        CommandShape("dump", 4, .shape) { d in [d.anyKey()] },
        CommandShape("restore", 8) { d in
            let (kind, payload) = d.pick(dumped)
            let lifetime: (Word, [Word]) =
                switch d.below(12) {
                case 0: (d.milliseconds(), [])
                case 1: (d.atMilliseconds(), ["ABSTTL"])
                case 2: (d.chance(50) ? "-1" : d.edge(), [])
                default: ("0", [])
                }
            let bytes =
                d.chance(90) ? Word(hexadecimal: payload) : Word(hexadecimal: d.pick(damaged))
            return [d.key(kind), lifetime.0, bytes] + lifetime.1
                + d.some([
                    (88, ["REPLACE"]), (10, ["IDLETIME", d.count()]),
                    (4, ["FREQ", d.chance(80) ? Word(d.below(256)) : d.edge()]), (1, [d.edge()]),
                ])
        },
    ]

    /// What is kept unsorted comes as its server keeps it; so do elements with equal weights under ALPHA, and
    /// those that a collation takes for equal.
    @Sendable private static func sorted(_ words: [Word]) -> Comparison {
        if words.contains("STORE") { return .exact }
        let isAlphabetic = words.contains("ALPHA")
        guard let by = words.firstIndex(of: "BY") else {
            return isAlphabetic ? .collated : .numbers
        }
        if words[by + 1].bytes.contains(42) && !isAlphabetic { return .numbers }
        return words.contains("LIMIT") ? .sameCount : .unordered
    }

    private static func sorting(_ d: inout Draw, stores: Bool) -> [Word] {
        let kind = d.pick([
            KeyKind.integerList, .integerList, .integerSet, .integerSet, .sortedSet, .list, .set,
        ])
        let isNumeric = kind == .integerList || kind == .integerSet
        let isAlphabetic = d.chance(isNumeric ? 20 : 93)
        var weights: [Word] = []
        if d.chance(40) {
            weights = ["BY", d.pick(["n:*", "n:*", "h:*->field1", "nosort", "missing:*"])]
            if stores && isAlphabetic { weights = ["BY", "nosort"] }
        }
        // Redis doesn't clear errno before strtod: where a number was out of range long before, it takes any
        // for out of range. That may spoil a reply, but not what is stored.
        if stores && !isAlphabetic { weights = ["BY", "nosort"] }
        // Words of any bytes tie where they end or hold a NUL: then nothing may hang on their order.
        let isPlain = isNumeric || !isAlphabetic || stores
        let targets: [Word] = ["#", "n:*", "h:*->field2", "missing:*", "constant", "h:*->", "s:*"]
        return [d.key(kind)]
            + d.some([
                (100, weights), (isAlphabetic ? 100 : 0, ["ALPHA"]),
                (40, [d.pick(["DESC", "asc"])]),
                (isPlain ? 30 : 0, ["LIMIT", d.index(), d.index()]), (2, [d.edge()]),
                (isPlain ? 35 : 0, d.many(1, 3) { d in ["GET", d.pick(targets)] }),
            ])
    }

    /// By the kind of key that they suit.
    private static let dumped: [(KeyKind, String)] = [
        (.string, "000568656c6c6f0a006372df766534200a"),
        (.number, "00c139300a009d94ea2793fc08b9"),
        (.string, "00c30a407802616261e06a010161620a00b288708c530716d2"),
        (.list, "120102171700000005008161028162020301826d3103826d3203ff0a00648f54e5f195866d"),
        (
            .list,
            "120102c3406540be08be0000001500e04678e03c00054883656c3004200400314004003240040033"
                + "4004003440040035400400364004003740040038400402390484202c013005400500316005003260"
                + "05003360050034600500356005003660050037600500386005023905ff0a00582548c1b6a99e15"
        ),
        (.integerSet, "0b180400000004000000010000000200000003000000701101000a00ef2e6521e385a22a"),
        (.set, "0203026d33026d32026d310a00b93fb7bdde323fdf"),
        (
            .sortedSet,
            "1120200000000600826d3303842d696e6605826d31030101826d320383322e3504ff0a005be8de12"
                + "397cb351"
        ),
        (
            .sortedSet,
            "0503026d33000000000000f07fc3094046016d6de03900016d6d0000000000000440026d31000000"
                + "000000f03f0a00a2c1210d2ed7ce74"
        ),
        (
            .hash,
            "101e1e0000000400866669656c6431070101866669656c6432078374776f04ff0a00231d0a724eca"
                + "0abd"
        ),
        (
            .hash,
            "0402066669656c6431c001066669656c6432c3094046017676e039000176760a00257657ff41a8b3"
                + "7b"
        ),
        (
            .stream,
            "13011000000000000000010000000000000001c33d404912490000001e0003010101020181660281"
                + "6702002009000020010601018176020501401a4012600c0002200100002012a00c0003200c000460"
                + "0c0101ff030401010102010401026731020102020000000000000001000000000000000181edff06"
                + "a2010000010000000000000002000000000000000181edff06a2010000010102633181edff06a201"
                + "00000200000000000000010000000000000001000000000000000200000000000000010a002a4022"
                + "af41df5548"
        ),
        (.bitmap, "000a000000000000000000040a002dd58eab034ab36a"),
        (
            .sketch,
            "00404d48594c4c01000000000000000000008041ee8444118044108045228040f58842108044d480"
                + "45719040db8043558043518c41108045248040928048ca8c43738042d78042128c40b88015844322"
                + "0a00178ec5f7deed20b5"
        ),
        (
            .places,
            "112b2b000000040086706c6163653107f41ff065b3335c0c000986706c6163653207f4dc89ddcd89"
                + "5c0c0009ff0a000326f0c5ed79d0a4"
        ),
    ]

    /// A type of nobody, a string cut short, a version to come, an empty list, a flipped bit, and scraps.
    private static let damaged: [String] = [
        "6301610a0053c0fbdfbab5ae06", "0040646162630a00fdd768fed77fbff2",
        "000568656c6c6fff7f536aa34b17ad893d",
        "12000a0069f6845b6a1bbf57", "000569656c6c6f0a006372df766534200a", "", "00", "0a00",
    ]
}

extension Word {
    /// Bytes by their digits, two each.
    fileprivate init(hexadecimal digits: String) {
        let nibbles = digits.utf8.map { UInt8($0 < 58 ? $0 - 48 : $0 - 87) }
        self.init(
            stride(from: 0, to: nibbles.count - 1, by: 2).map { nibbles[$0] << 4 | nibbles[$0 + 1] }
        )
    }
}
