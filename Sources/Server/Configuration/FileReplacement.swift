/// Puts a new text in the place of a file on disk, for CONFIG REWRITE.
///
/// ORDER: temporary file beside it -> fsync -> rename -> fsync of the folder. The file keeps its mode
/// (it may hold a password), a symbolic link stays one. Plain system calls, because the configuration
/// file is no part of a data directory, which is what the file-system seam of Persistence is for.
#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Replaces a file so that either the old or the new text is there after a crash.
enum FileReplacement {
    /// What the system said.
    struct Failure: Error { let number: Int32 }

    /// The path behind symbolic links; the path itself where there is nothing yet.
    static func resolved(_ path: String) -> String {
        guard let real = unsafe realpath(path, nil) else { return path }
        defer { unsafe free(real) }
        return unsafe String(cString: real)
    }

    /// The text of a file, empty where there is none.
    static func content(_ path: String) throws(Failure) -> [UInt8] {
        var content: [UInt8] = []
        let failure = ConfigurationFile.read(path, into: &content)
        if failure != 0 && failure != ENOENT { throw Failure(number: failure) }
        return content
    }

    /// Puts `content` at `path`.
    static func replace(_ path: String, with content: [UInt8]) throws(Failure) {
        let temporary = "\(path).rewrite-\(getpid())"
        var mode: mode_t = 0o600
        var status = stat()
        if unsafe stat(path, &status) == 0 { mode = status.st_mode & 0o7777 }
        let file = unsafe open(
            temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw Failure(number: errno) }
        var failure: Int32 = 0
        if !writeAll(content, file) || fchmod(file, mode) != 0 || fsync(file) != 0 {
            failure = errno
        }
        if close(file) != 0 && failure == 0 { failure = errno }
        if unsafe failure == 0 && rename(temporary, path) != 0 { failure = errno }
        if failure != 0 {
            _ = unsafe unlink(temporary)
            throw Failure(number: failure)
        }
        let folder = unsafe open(parent(path), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { throw Failure(number: errno) }
        defer { close(folder) }
        if fsync(folder) != 0 { throw Failure(number: errno) }
    }

    private static func parent(_ path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    private static func writeAll(_ content: [UInt8], _ file: Int32) -> Bool {
        var start = 0
        while start < content.count {
            // SAFETY: the bytes outlive the call.
            let count = unsafe content[start...].withUnsafeBytes {
                unsafe write(file, $0.baseAddress, $0.count)
            }
            if count < 0 && errno == EINTR { continue }
            if count <= 0 { return false }
            start += count
        }
        return true
    }
}
