/// Fast random numbers for choices that need no secrecy: random members, eviction samples.
///
/// The system's generator costs a system call a number, most of SPOP's time. This is xoshiro256** (Blackman and Vigna,
/// 2018), seeded by the system's.

/// xoshiro256**.
public struct FastRandom: RandomNumberGenerator, Sendable {
    private var state: (UInt64, UInt64, UInt64, UInt64)

    /// A generator with a seed of the system's.
    public init() {
        var system = SystemRandomNumberGenerator()
        // An all-zero state would stay so; with the low bit set it can't be one.
        state = (system.next() | 1, system.next(), system.next(), system.next())
    }

    /// The next 64 bits.
    public mutating func next() -> UInt64 {
        let product = state.1 &* 5
        let result = (product << 7 | product >> 57) &* 9
        let shifted = state.1 << 17
        state.2 ^= state.0
        state.3 ^= state.1
        state.1 ^= state.2
        state.0 ^= state.3
        state.2 ^= shifted
        state.3 = state.3 << 45 | state.3 >> 19
        return result
    }
}
