/// Standard output and standard error of a tool: bytes out, and an honest end where nobody reads any more.
///
/// A pipe whose reader has gone ends the tool quietly, as it ends `cat` (SIGPIPE stays as the system has it).
/// Any other failure to write is an I/O error: output that is cut short must not look like success.
import Bytes
import Persistence

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Writes to a descriptor of the process; one thread at a time.
public final class Output: @unchecked Sendable {
    // BECAUSE: a tool prints from one thread, its main one.
    /// Standard output.
    public static let standard = Output(STDOUT_FILENO, "standard output")
    private static let threshold = 64 << 10

    /// What is to be written; `settle` hands it on.
    public let buffer = ByteWriter(capacity: threshold + 4096)
    private let descriptor: Int32
    private let name: String

    init(_ descriptor: Int32, _ name: String) {
        self.descriptor = descriptor
        self.name = name
    }

    /// Adds a line.
    public func line(_ text: String = "") throws(PersistenceError) {
        buffer.append(text: text)
        buffer.append("\n")
        try settle()
    }

    /// Writes the buffer where it is full.
    public func settle() throws(PersistenceError) {
        if buffer.count >= Self.threshold { try flush() }
    }

    /// Writes the buffer.
    ///
    /// - Throws: `.io`.
    public func flush() throws(PersistenceError) {
        var view = buffer.view
        while !view.isEmpty {
            // SAFETY: the view's bytes live as long as the buffer, which nobody changes meanwhile.
            let count = unsafe view.withUnsafePointer { base, count in
                unsafe write(descriptor, base, count)
            }
            if count < 0 {
                if errno == EINTR { continue }
                throw PersistenceError(.io, "Can't write to \(name)", errno: errno)
            }
            view = view.dropFirst(count)
        }
        buffer.removeAll(keepingUpTo: 1 << 20)
    }

    /// Prints a line on standard error at once; nobody hears where even that fails.
    public static func tell(_ text: String) {
        let bytes = Array((text + "\n").utf8)
        // SAFETY: the array outlives the call.
        _ = unsafe bytes.withUnsafeBytes { unsafe write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }
}
