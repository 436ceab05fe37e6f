/// A SHA-256 over bytes that come piece by piece: what the files of snapshots end with.
import Bytes
import Crypto

/// A SHA-256 in the making; one thread at a time.
public struct RunningHash256 {
    private var hasher = SHA256()

    /// The hash of nothing so far.
    public init() {}

    /// Takes the next bytes in.
    public mutating func update(_ bytes: ByteView) {
        unsafe bytes.withUnsafePointer { base, count in
            // SAFETY: the view's bytes stay where they are for the length of the call.
            unsafe hasher.update(bufferPointer: UnsafeRawBufferPointer(start: base, count: count))
        }
    }

    /// The hash of what was taken in; more may follow.
    public var value: Hash256 { Hash256(hasher.finalize()) }
}
