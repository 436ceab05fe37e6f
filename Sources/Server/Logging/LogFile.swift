/// Where log lines go: one append to a file, or standard output.
///
/// The file is opened for each line. That costs microseconds on a path that is rare by design, and a
/// file that was renamed or deleted by log rotation is simply made anew; keeping it open needs a signal
/// or a check that costs as much. One write(2) in append mode a line, so threads need no lock.
import Persistence

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// The sink of log lines; any thread.
enum LogFile {
    /// Appends `line` to the file at `path`, to standard output where that is empty.
    ///
    /// A line that can't be written is lost: there is nowhere left to say so.
    static func append(_ line: [UInt8], to path: String) {
        if path.isEmpty {
            put(line, on: STDOUT_FILENO)
            return
        }
        let descriptor = openForAppending(path)
        guard descriptor >= 0 else { return }
        put(line, on: descriptor)
        close(descriptor)
    }

    /// Why the file can't be opened for appending, nil where it can; makes it if need be.
    static func failureToOpen(_ path: String) -> String? {
        let descriptor = openForAppending(path)
        if descriptor < 0 { return SystemErrorText.text(errno) }
        close(descriptor)
        return nil
    }

    private static func openForAppending(_ path: String) -> Int32 {
        unsafe open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o644)
    }

    private static func put(_ line: [UInt8], on descriptor: Int32) {
        // SAFETY: the array outlives the call.
        unsafe line.withUnsafeBytes { bytes in
            var start = 0
            while start < bytes.count {
                let rest = unsafe bytes.baseAddress.map { unsafe $0 + start }
                let count = unsafe write(descriptor, rest, bytes.count - start)
                if count < 0 && errno == EINTR { continue }
                if count <= 0 { return }
                start += count
            }
        }
    }
}
