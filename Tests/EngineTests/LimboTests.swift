/// The queue of what views may still see: everything comes out once, in its order, and never too early.
import Testing

@testable import Engine

@Suite("Limbo")
struct LimboTests {
    /// Something that counts for `bytes` and frees 16.
    private func dead(_ bytes: Int, in generation: UInt64) -> Dead {
        // SAFETY: a block of its own, which the garbage frees.
        let block = UnsafeMutableRawPointer.allocate(byteCount: 16, alignment: 8)
        return unsafe Dead(remains: .node(block), bytes: bytes, diedIn: generation)
    }

    @Test("hands out what died by then, whole pieces and parts of one")
    func take() {
        var limbo = Limbo()
        #expect(limbo.take(through: .max).isEmpty)
        // Ten of each generation, over several pieces.
        for number in 0..<5000 { limbo.append(dead(1 + number % 3, in: UInt64(number / 10))) }
        var taken = 0
        func expect(through generation: UInt64, _ end: Int) {
            let garbage = limbo.take(through: generation)
            let wanted = (taken..<max(taken, end)).reduce(0) { $0 + 1 + $1 % 3 }
            #expect(garbage.bytes == wanted && garbage.isEmpty == (wanted == 0))
            garbage.free()
            taken = max(taken, end)
        }
        expect(through: 0, 10)
        expect(through: 0, 10)
        expect(through: 101, 1020)
        expect(through: 102, 1030)
        expect(through: 350, 3510)
        expect(through: .max, 5000)
        #expect(limbo.take(through: .max).isEmpty)
        limbo.append(dead(7, in: 600))
        #expect(limbo.take(through: 599).isEmpty)
        let last = limbo.take(through: 600)
        #expect(last.bytes == 7)
        last.free()
    }
}
