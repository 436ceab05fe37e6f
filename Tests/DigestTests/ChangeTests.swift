/// What changes the digest, and what does not.
import Bytes
import Digest
import Records
import TestSupport
import Testing

@Suite("What the digest sees")
struct ChangeTests {
    private static let now: Int64 = 1_700_000_000_000

    private func root(_ keys: [KeyCase]) throws -> Hash256 {
        try DatasetCase(name: "", frozenAt: Self.now, keys: keys).report().digest.root
    }

    private static func stream(_ change: (inout KeyCase.Stream) -> Void = { _ in }) -> KeyCase {
        var stream = KeyCase.Stream()
        stream.entries = [
            KeyCase.Stream.Entry(id: [1, 1], fields: [Hex("f"), Hex("v")]),
            KeyCase.Stream.Entry(id: [2, 0], fields: [Hex("f"), Hex("v")]),
        ]
        stream.last = [2, 0]
        stream.entriesAdded = 2
        stream.groups = [
            KeyCase.Stream.Group(
                name: Hex("g"), last: [1, 1], entriesRead: 1, consumers: [Hex("c"), Hex("d")],
                pending: [
                    KeyCase.Stream.Pending(id: [1, 1], consumer: Hex("c"), time: now, count: 1),
                    KeyCase.Stream.Pending(id: [2, 0], consumer: Hex("d"), time: now, count: 1),
                ]),
            KeyCase.Stream.Group(
                name: Hex("h"), last: [0, 0], entriesRead: -1, consumers: [], pending: []),
        ]
        change(&stream)
        return KeyCase(value: .stream(stream))
    }

    private static func field(_ deadline: Int64?) -> KeyCase {
        KeyCase(value: .hash([.init(field: Hex("f"), value: Hex("v"), deadline: deadline)]))
    }

    private static func score(_ score: Double) -> KeyCase {
        KeyCase(value: .sortedSet([(Hex("m"), score)]))
    }

    @Test("the smallest change of anything changes it")
    func everyChange() throws {
        let text = KeyCase.Value.string(Hex("12"))
        let words = [Hex("1"), Hex("2")]
        let keys: [KeyCase] = [
            KeyCase(value: text), KeyCase(db: 1, value: text),
            KeyCase(key: Hex("kez"), value: text), KeyCase(value: .string(Hex("13"))),
            KeyCase(deadline: Self.now + 1, value: text),
            KeyCase(deadline: Self.now + 2, value: text),
            KeyCase(value: .list(words)), KeyCase(value: .list(words.reversed())),
            KeyCase(value: .list([Hex("12")])), KeyCase(value: .set(words)),
            KeyCase(value: .set([Hex("12")])),
            Self.field(nil), Self.field(Self.now), Self.field(Self.now + 1),
            KeyCase(value: .hash([.init(field: Hex("fv"), value: Hex(""), deadline: nil)])),
            Self.score(0), Self.score(-0.0), Self.score(.infinity), Self.score(1),
            Self.score(1.0.nextUp), Self.stream(), Self.stream { $0.entriesAdded = 3 },
            Self.stream { $0.last = [2, 1] }, Self.stream { $0.maximumDeleted = [0, 1] },
            Self.stream { $0.entries[1].fields[1] = Hex("w") },
            Self.stream { $0.entries[1].id = [1, 2] }, Self.stream { $0.groups.removeLast() },
            Self.stream { $0.groups[1].entriesRead = 0 },
            Self.stream { $0.groups[0].last = [1, 0] },
            Self.stream { $0.groups[0].consumers.append(Hex("e")) },
            Self.stream { $0.groups[0].pending[0].count = 2 },
            Self.stream { $0.groups[0].pending[0].time += 1 },
            Self.stream { $0.groups[0].pending[0].consumer = Hex("d") },
            Self.stream { $0.groups[0].pending.removeLast() },
            Self.stream {
                // What is pending in one group is pending in the other.
                $0.groups[1].consumers = $0.groups[0].consumers
                $0.groups[1].pending = $0.groups[0].pending
                $0.groups[0].pending = []
            },
        ]
        var seen: [Hash256: Int] = [:]
        for (index, key) in keys.enumerated() {
            let other = seen.updateValue(index, forKey: try root([key]))
            #expect(other == nil, "\(index) and \(other ?? -1) have one digest")
        }
    }

    @Test("a key or member that stands there twice changes it")
    func doubles() throws {
        let key = KeyCase(value: .set([Hex("a")]))
        let roots = [
            try root([]), try root([key]), try root([key, key]),
            try root([KeyCase(value: .set([Hex("a"), Hex("a")]))]),
        ]
        #expect(Set(roots).count == 4)
    }

    @Test("order of keys, members, fields and groups doesn't change it")
    func order() throws {
        var random = SeededGenerator(seed: TestKnobs.seed)
        let members = (0..<100).map { Hex("member\($0)") }
        func keys(_ random: inout SeededGenerator) -> [KeyCase] {
            let shuffled = members.shuffled(using: &random)
            return [
                KeyCase(key: Hex("s"), value: .set(shuffled)),
                KeyCase(key: Hex("z"), value: .sortedSet(shuffled.map { ($0, 1) })),
                KeyCase(
                    key: Hex("h"),
                    value: .hash(shuffled.map { .init(field: $0, value: $0, deadline: nil) })),
                Self.stream { $0.groups.shuffle(using: &random) },
                Self.stream { $0.groups[0].consumers.shuffle(using: &random) },
            ].enumerated().map { index, key in
                var key = key
                key.db = index
                return key
            }.shuffled(using: &random)
        }
        let first = try root(keys(&random))
        for _ in 0..<10 { #expect(try root(keys(&random)) == first) }
    }

    @Test("values as long as several runs of memory are hashed as one message")
    func longValues() throws {
        let long = Hex([UInt8](repeating: 120, count: 200_000))
        let middling = (0..<40).map { Hex([UInt8](repeating: UInt8($0), count: 30_000)) }
        var stream = KeyCase.Stream()
        stream.entries = (1...3000).map {
            KeyCase.Stream.Entry(id: [$0, 0], fields: middling.suffix(1) + [Hex("v")])
        }
        let keys = [
            KeyCase(key: long, value: .string(long)),
            KeyCase(key: Hex("l"), value: .list(middling)),
            KeyCase(key: Hex("h"), value: .hash([.init(field: long, value: long, deadline: nil)])),
            KeyCase(key: Hex("x"), value: .stream(stream)),
        ]
        let dataset = DatasetCase(name: "long", frozenAt: Self.now, keys: keys)
        guard let answer = try CaseFile.python([dataset]) else { return }
        #expect(answer == [DigestCase(try dataset.report())])
    }

    @Test("what is begun and not ended, or abandoned, is no part of it")
    func abandoned() throws {
        let sink = DigestSink(at: Deadline(millisecondsSinceEpoch: Self.now))
        let key = ByteView("key")
        try sink.begin(database: 0, key: key, deadline: nil)
        sink.beginList(expecting: 1)
        try sink.element(key)
        sink.abandon()
        sink.end()
        try sink.begin(database: 0, key: key, deadline: nil)
        sink.string(key)
        try sink.begin(database: 0, key: key, deadline: nil)
        sink.end()
        #expect(sink.digest == DatasetDigest())
        #expect(sink.counts == DatasetCounts())
    }

    @Test("a walk that is cancelled ends with the error that says so")
    func cancelled() throws {
        let dataset = NaiveDataset()
        for index in 0..<10_000 {
            dataset.put(Array("\(index)".utf8), NaiveEntry(value: .string([])), 0)
        }
        let view = NaiveFrozen(dataset, at: Deadline(millisecondsSinceEpoch: Self.now))
        var asked = 0
        #expect(throws: DigestError.cancelled) {
            _ = try DatasetDigest.of(view) {
                asked += 1
                return asked == 2
            }
        }
        #expect(asked == 2)
    }
}
