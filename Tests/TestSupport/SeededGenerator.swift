/// Random numbers that a failed test can be repeated with.
import Foundation

/// SplitMix64: small, fast, and the same everywhere for the same seed.
public struct SeededGenerator: RandomNumberGenerator, Sendable {
    private var state: UInt64

    /// The generator of a seed.
    public init(seed: UInt64) { state = seed }

    /// The next number.
    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

/// What the environment asks of the tests.
public enum TestKnobs {
    /// HOLDFAST_SEED, or a fixed seed; tests print it.
    public static var seed: UInt64 {
        ProcessInfo.processInfo.environment["HOLDFAST_SEED"].flatMap { UInt64($0) } ?? 20_240_607
    }

    /// HOLDFAST_CAMPAIGN=1: the long forms.
    public static var isCampaign: Bool {
        ProcessInfo.processInfo.environment["HOLDFAST_CAMPAIGN"] == "1"
    }

    /// A count from the environment, or this one.
    public static func count(_ name: String, or standard: Int) -> Int {
        ProcessInfo.processInfo.environment[name].flatMap { Int($0) } ?? standard
    }

    /// What the environment says, nil where it says nothing.
    public static func text(_ name: String) -> String? {
        ProcessInfo.processInfo.environment[name]
    }

    /// Says why a test does less than it could; nobody should take a skipped proof for a passed one.
    public static func skip(_ reason: String) { print("SKIPPED: \(reason)") }
}
