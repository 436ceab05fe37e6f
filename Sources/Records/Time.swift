/// Points in time and spans of it, as different types: nothing adds two deadlines by mistake.
///
/// Redis counts wall-clock milliseconds since 1970 in signed 64 bits; so do we.

/// An absolute wall-clock time: milliseconds since 1970-01-01 UTC. The deadline of a key is one.
@frozen
public struct Deadline: Sendable, Hashable, Comparable {
    /// Milliseconds since 1970-01-01 UTC; negative before.
    public var millisecondsSinceEpoch: Int64

    /// The time `millisecondsSinceEpoch` after 1970 began.
    @inlinable
    public init(millisecondsSinceEpoch: Int64) {
        self.millisecondsSinceEpoch = millisecondsSinceEpoch
    }

    /// Whether `left` comes before `right`.
    @inlinable
    public static func < (left: Deadline, right: Deadline) -> Bool {
        left.millisecondsSinceEpoch < right.millisecondsSinceEpoch
    }

    /// Earlier than everything.
    public static var distantPast: Deadline { Deadline(millisecondsSinceEpoch: .min) }
    /// Later than everything; stands for "no deadline" in minima.
    public static var distantFuture: Deadline { Deadline(millisecondsSinceEpoch: .max) }
}
