/// The system's words for an error number, and what some numbers mean; the one place that asks for them.
#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// `strerror` without its shared buffer.
public enum SystemErrorText {
    /// What the system calls `number`: "No space left on device".
    public static func text(_ number: Int32) -> String {
        var buffer = [CChar](repeating: 0, count: 256)
        unsafe buffer.withUnsafeMutableBufferPointer { place in
            // SAFETY: the XSI form writes at most `count` bytes; a message longer is cut.
            guard let base = place.baseAddress else { return }
            _ = unsafe strerror_r(number, base, place.count)
        }
        let bytes = buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        return bytes.isEmpty ? "Unknown error \(number)" : String(decoding: bytes, as: UTF8.self)
    }
}

extension PersistenceError {
    /// Whether the file system has no such operation (or doesn't let this user do it).
    public var saysUnsupported: Bool { [EPERM, ENOSYS, EOPNOTSUPP, EMLINK].contains(errno) }
}
