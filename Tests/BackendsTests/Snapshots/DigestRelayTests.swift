/// The digest of a relay is the digest of the sink it stands for, on one thread and on two.
import Bytes
import Digest
import Records
import TestSupport
import Testing

@testable import Backends

@Suite("The relay of digests")
struct DigestRelayTests {
    /// Everything a value may be, drawn from a seed, handed to a sink through `ValueSink`.
    private static func feed(
        _ seed: UInt64, keys: Int,
        begin: (Int, [UInt8], Deadline?) throws -> Void, sink: any ValueSink,
        end: () -> Void, abandon: () -> Void
    ) throws {
        var random = SeededGenerator(seed: seed)
        func bytes(_ limit: Int) -> [UInt8] {
            (0..<Int.random(in: 0...limit, using: &random)).map { UInt8(truncatingIfNeeded: $0) }
        }
        func deadline() -> Deadline? {
            Bool.random(using: &random)
                ? nil : Deadline(millisecondsSinceEpoch: Int64.random(in: 0...20, using: &random))
        }
        for number in 0..<keys {
            try begin(
                Int.random(in: 0...2, using: &random), Array("key \(number)".utf8), deadline())
            // Long ones go past the tapes.
            let limit = number % 200 == 0 ? 100_000 : 40
            let count = Int.random(in: 0...5, using: &random)
            switch Int.random(in: 0...6, using: &random) {
            case 0: try bytes(limit).withByteView { try sink.string($0) }
            case 1: try sink.integer(Int64.random(in: .min ... .max, using: &random))
            case 2:
                try sink.beginList(expecting: count)
                for _ in 0..<count { try bytes(limit).withByteView { try sink.element($0) } }
            case 3:
                try sink.beginSet(expecting: count, isIntegers: false)
                for _ in 0..<count { _ = try bytes(limit).withByteView { try sink.member($0) } }
                _ = try sink.integerMember(Int64(number))
            case 4:
                try sink.beginSortedSet(expecting: count)
                for index in 0..<count {
                    let score = Double(index) / 3
                    _ = try bytes(limit).withByteView { try sink.member($0, score: score) }
                }
            case 5:
                try sink.beginHash(expecting: count)
                for _ in 0..<count {
                    let (value, time) = (bytes(limit), deadline())
                    _ = try bytes(limit).withByteView { field in
                        try value.withByteView {
                            try sink.field(field, value: $0, deadline: time)
                        }
                    }
                }
            default: try feedStream(sink, count, bytes(limit))
            }
            if number % 7 == 3 { abandon() } else { end() }
        }
    }

    private static func feedStream(_ sink: any ValueSink, _ count: Int, _ long: [UInt8]) throws {
        try sink.beginStream()
        for index in 0..<count {
            try [Array("field".utf8), long].withByteViews {
                try sink.entry(StreamID(1, UInt64(index) + 1), fields: $0)
            }
        }
        try sink.streamFacts(
            StreamFacts(
                length: count, last: StreamID(1, 9), first: StreamID(1, 1),
                maximumDeleted: StreamID(0, 5), entriesAdded: 77))
        for name in ["a", "b"] {
            try Array(name.utf8).withByteView { name in
                _ = try sink.beginGroup(name, last: StreamID(1, 2), entriesRead: -1)
                for consumer in ["x", "y"] {
                    _ = try Array(consumer.utf8).withByteView {
                        try sink.consumer($0, seenTime: 5, activeTime: -1)
                    }
                    try sink.pending(StreamID(1, 1), time: 33, count: 4)
                }
            }
        }
    }

    @Test("gives the digest of its sink, alone and with another thread", arguments: [1, 100, 5000])
    func equal(keys: Int) throws {
        let now = Deadline(millisecondsSinceEpoch: 10)
        let plain = DigestSink(at: now)
        try Self.feed(
            7, keys: keys,
            begin: { database, key, deadline in
                try key.withByteView {
                    try plain.begin(database: database, key: $0, deadline: deadline)
                }
            }, sink: plain, end: plain.end, abandon: plain.abandon)
        let expected = DigestReport(digest: plain.digest, counts: plain.counts)
        #expect(keys < 100 || expected.counts.keys > keys / 4)
        for isAlone in [true, false] {
            let relay = DigestRelay(at: now, isAlone: isAlone)
            try Self.feed(
                7, keys: keys,
                begin: { database, key, deadline in
                    try key.withByteView {
                        try relay.begin(database: database, key: $0, deadline: deadline)
                    }
                }, sink: relay, end: relay.end, abandon: relay.abandon)
            #expect(relay.report == expected, "alone: \(isAlone)")
        }
    }

    @Test("ends where nobody wants the digest any more, and can be let go at any time")
    func cancelled() throws {
        let relay = DigestRelay(at: .distantPast, isAlone: false) { true }
        let value = [UInt8](repeating: 1, count: 60_000)
        #expect(throws: DigestError.cancelled) {
            for _ in 0..<100 {
                try value.withByteView { value in
                    try relay.begin(database: 0, key: value, deadline: nil)
                    relay.string(value)
                    relay.end()
                }
            }
        }
    }
}
