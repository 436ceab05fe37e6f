/// Damaged and random bytes: no crash, no hang, nothing consumed that isn't there, and the same
/// events however the bytes arrive.
import TestSupport
import Testing

@testable import RESP

@Suite("The parser under fire")
struct ParserFuzzTests {
    private let rounds = TestKnobs.count(
        "HOLDFAST_FUZZ_ROUNDS", or: TestKnobs.isCampaign ? 500_000 : 6_000)

    /// Requests as clients send them, and things that look like it.
    private func stream(_ random: inout SeededGenerator) -> [UInt8] {
        var bytes: [UInt8] = []
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            switch Int.random(in: 0..<6, using: &random) {
            case 0: bytes += Array("GET key:1\r\n".utf8)
            case 1: bytes += Array("set k \"a\\x41 'b\" 'c'\n".utf8)
            case 2:
                bytes +=
                    [[13, 10], Array("*0\r\n".utf8), [10]].randomElement(using: &random) ?? []
            default:
                let words = (0..<Int.random(in: 1...6, using: &random)).map { _ in
                    (0..<Int.random(in: 0...12, using: &random)).map { _ in
                        UInt8.random(in: 0...255, using: &random)
                    }
                }
                bytes += RESPClient.encode(words)
            }
        }
        return bytes
    }

    private func damage(_ bytes: inout [UInt8], _ random: inout SeededGenerator) {
        let telling = Array("*$\r\n0123456789-\"'\\x \0\u{7f}".utf8)
        for _ in 0..<Int.random(in: 0...4, using: &random) where !bytes.isEmpty {
            let place = Int.random(in: 0..<bytes.count, using: &random)
            switch Int.random(in: 0..<5, using: &random) {
            case 0: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            case 1: bytes[place] = telling.randomElement(using: &random) ?? 0
            case 2: bytes.insert(telling.randomElement(using: &random) ?? 0, at: place)
            case 3: bytes.remove(at: place)
            default: bytes.removeLast(bytes.count - place)
            }
        }
    }

    @Test("whole and in pieces, damaged requests mean the same")
    func fuzz() {
        var random = SeededGenerator(seed: TestKnobs.seed)
        var requests = 0
        var violations = 0
        for round in 0..<rounds {
            var bytes = stream(&random)
            if round % 8 != 0 { damage(&bytes, &random) }
            let whole = ParserRun.events(bytes) { bytes.count }
            var pieces = SeededGenerator(seed: UInt64(round))
            let dripped = ParserRun.events(bytes) { Int.random(in: 1...7, using: &pieces) }
            if whole != dripped {
                Issue.record("seed \(TestKnobs.seed), round \(round): \(bytes)")
                return
            }
            for event in whole {
                if case .request = event { requests += 1 }
                if case .error = event { violations += 1 }
            }
        }
        // The fuzzer is alive: it meets both.
        #expect(requests > rounds && violations > rounds / 20)
    }

    @Test("random bytes end in requests, a violation or a wait, never in trouble")
    func noise() {
        var random = SeededGenerator(seed: TestKnobs.seed ^ 7)
        for _ in 0..<(rounds / 10) {
            let bytes = (0..<Int.random(in: 1...300, using: &random)).map { _ in
                UInt8.random(in: 0...255, using: &random)
            }
            #expect(ParserRun.events(bytes) { bytes.count } == ParserRun.events(bytes) { 1 })
        }
    }
}
