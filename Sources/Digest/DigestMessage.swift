/// The bytes of one SHA-256, gathered in one run of memory that is used again and again.
///
/// One call of the hash for a message costs a third of what a call for every part does; a message that
/// outgrows the run is fed to the hash in pieces, so a list of any length takes `runBytes`, and a long
/// string is never copied.
import Bytes
import Crypto
import Records

/// A message to be hashed; one thread at a time.
final class DigestMessage {
    static let runBytes = 1 << 16

    private let run = ByteWriter(capacity: 1024)
    /// What has been fed to the hash already; nil: nothing.
    private var hasher: SHA256?

    /// Forgets everything and begins a message of a domain.
    @inline(__always)
    func begin(_ domain: DigestDomain) {
        run.truncate(to: 0)
        hasher = nil
        run.append(domain.rawValue)
    }

    @inline(__always)
    func append(_ byte: UInt8) { run.append(byte) }

    @inline(__always)
    func append(_ number: UInt64) { run.append(littleEndian: number) }

    @inline(__always)
    func append(_ count: Int) { run.append(littleEndian: UInt64(count)) }

    func append(_ id: StreamID) {
        append(id.milliseconds)
        append(id.sequence)
    }

    func append(_ sum: Hash256) {
        append(sum.word0)
        append(sum.word1)
        append(sum.word2)
        append(sum.word3)
    }

    /// A deadline, or that there is none.
    @inline(__always)
    func append(_ deadline: Deadline?) {
        guard let deadline else { return run.append(0) }
        run.append(1)
        append(UInt64(bitPattern: deadline.millisecondsSinceEpoch))
    }

    /// Bytes, their length before them.
    @inline(__always)
    func append(_ bytes: ByteView) {
        append(bytes.count)
        if run.count + bytes.count > Self.runBytes { return spill(bytes) }
        run.append(bytes)
    }

    /// Feeds what was gathered to the hash, and long bytes from where they are.
    private func spill(_ bytes: ByteView) {
        feed(run.view)
        run.truncate(to: 0)
        if bytes.count < Self.runBytes { run.append(bytes) } else { feed(bytes) }
    }

    /// Keeps the run within its bounds where parts without a length are appended in great number.
    func settle() {
        if run.count > Self.runBytes { spill(.empty) }
    }

    private func feed(_ bytes: ByteView) {
        var hasher = hasher ?? SHA256()
        // One owner, or the hash would copy its state.
        self.hasher = nil
        Self.update(&hasher, bytes)
        self.hasher = hasher
    }

    @inline(__always)
    private static func update(_ hasher: inout SHA256, _ bytes: ByteView) {
        unsafe bytes.withUnsafePointer { base, count in
            // SAFETY: the view's bytes stay where they are for the length of the call.
            unsafe hasher.update(bufferPointer: UnsafeRawBufferPointer(start: base, count: count))
        }
    }

    /// The message's hash; `begin` comes next.
    @inline(__always)
    func finish() -> Hash256 {
        if hasher != nil { return finishPieces() }
        if QuickSHA256.isAvailable {
            let words = QuickSHA256.hash(run.view)
            return Hash256(words.0, words.1, words.2, words.3)
        }
        var hasher = SHA256()
        Self.update(&hasher, run.view)
        return Hash256(hasher.finalize())
    }

    private func finishPieces() -> Hash256 {
        feed(run.view)
        guard let hasher else { preconditionFailure("a message that was fed has a hash") }
        self.hasher = nil
        return Hash256(hasher.finalize())
    }
}

/// What a message is about; its first byte, so that no message of one kind is one of another.
enum DigestDomain: UInt8 {
    /// Which bucket a key belongs to (`K`).
    case bucket = 0x4b
    /// A key with everything it holds (`E`).
    case entry = 0x45
    /// A member of a set (`M`).
    case member = 0x4d
    /// A member of a sorted set (`Z`).
    case scored = 0x5a
    /// A field of a hash (`F`).
    case field = 0x46
    /// A consumer group of a stream (`G`).
    case group = 0x47
    /// A consumer of a group (`C`).
    case consumer = 0x43
    /// A pending entry of a group (`P`).
    case pending = 0x50
}
