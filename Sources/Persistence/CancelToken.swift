/// Tells work in the background that its result isn't wanted any more.
import Synchronization

/// A flag that is raised once; for any thread.
public final class CancelToken: Sendable {
    private let flag = Atomic<Bool>(false)
    /// A token that isn't raised.
    public init() {}
    /// Stops the work at its next step.
    public func cancel() { flag.store(true, ordering: .relaxed) }
    /// Whether it was told to.
    public var isCancelled: Bool { flag.load(ordering: .relaxed) }
}
