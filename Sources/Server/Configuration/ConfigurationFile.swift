/// Reads configuration text: files, standard input, and the lines in them.
///
/// The syntax is redis.conf's: one directive a line, words split at blanks, quotes as in
/// `InlineWords`, `#` in front for a comment. Plain system calls; runs before any thread exists.
import Bytes
import Persistence
import RESP

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// The readers; see the file's header.
enum ConfigurationFile {
    /// The lines of `content` that say something, numbered from `first`.
    static func lines(
        _ content: [UInt8], _ source: ConfigurationLine.Source, first: Int = 1
    ) -> [ConfigurationLine] {
        let raw = content.split(separator: 10, omittingEmptySubsequences: false)
        return raw.enumerated().compactMap { index, line in
            let text = trimmed(line)
            if text.isEmpty || text[0] == UInt8(ascii: "#") { return nil }
            return ConfigurationLine(source: source, number: first + index, text: text)
        }
    }

    /// The words of a line, nil where its quotes are unbalanced.
    static func words(_ text: [UInt8]) -> [[UInt8]]? {
        text.withByteView { InlineWords.split($0) }
    }

    /// `line` without blanks, tabs and line ends on both sides.
    static func trimmed(_ line: ArraySlice<UInt8>) -> [UInt8] {
        func isBlank(_ byte: UInt8) -> Bool { byte == 32 || byte == 9 || byte == 13 || byte == 10 }
        guard let start = line.firstIndex(where: { !isBlank($0) }),
            let end = line.lastIndex(where: { !isBlank($0) })
        else { return [] }
        return Array(line[start...end])
    }

    /// All of a file.
    static func content(of path: String) throws(ConfigurationError) -> [UInt8] {
        var content: [UInt8] = []
        let failure = read(path, into: &content)
        if failure != 0 {
            throw ConfigurationError(unreadable: path, SystemErrorText.text(failure))
        }
        return content
    }

    /// Adds all of a file to `content`; answers the system's error number, 0 for none.
    static func read(_ path: String, into content: inout [UInt8]) -> Int32 {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return errno }
        defer { close(descriptor) }
        return drain(descriptor, into: &content)
    }

    /// All of standard input.
    static func readStandardInput() -> [UInt8] {
        var content: [UInt8] = []
        // What was read before an error counts, as with any filter.
        _ = drain(STDIN_FILENO, into: &content)
        return content
    }

    /// The files that `pattern` names, sorted; a name without wildcards names itself.
    static func expand(_ pattern: String) -> [String] {
        guard pattern.utf8.contains(where: { "*?[".utf8.contains($0) }) else { return [pattern] }
        var found = unsafe glob_t()
        defer { unsafe globfree(&found) }
        guard unsafe glob(pattern, 0, nil, &found) == 0 else { return [] }
        return (0..<Int(unsafe found.gl_pathc)).compactMap { index in
            // SAFETY: glob answered success, so the first `gl_pathc` entries are C strings of its own,
            // valid until globfree.
            unsafe found.gl_pathv[index].map { unsafe String(cString: $0) }
        }
    }

    private static func drain(_ descriptor: Int32, into content: inout [UInt8]) -> Int32 {
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            // SAFETY: reads at most what the buffer holds.
            let count = unsafe buffer.withUnsafeMutableBytes { place in
                unsafe readv(
                    descriptor, [iovec(iov_base: place.baseAddress, iov_len: place.count)], 1)
            }
            if count > 0 {
                content += buffer[..<count]
            } else if count == 0 {
                return 0
            } else if errno != EINTR {
                return errno
            }
        }
    }
}
