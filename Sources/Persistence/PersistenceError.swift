/// What a disk, or the bytes on it, can do wrong: a code, a sentence, a place, a cause and the way out.
///
/// Codes differ where recovery differs: a torn tail is cut, corruption stops the start, I/O is retried.
/// (The shape follows swift-nio's FileSystemError: code, message, cause, location.)

/// An error of persistence; its description is one line that a person can act on.
public struct PersistenceError: Error, Sendable, CustomStringConvertible {
    /// What kind of thing went wrong; recovery depends on it.
    public enum Code: Sendable, Hashable {
        /// The last bytes of a log are unfinished: cut and go on.
        case tornTail
        /// Bytes that were durable are not what was written: stop, salvage with a tool.
        case corrupt
        /// A system call failed; `errno` says how.
        case io
        /// The file comes from a later version.
        case unsupportedVersion
        /// The file is of a kind that this build can't read.
        case unsupportedFormat
        /// Another process holds the directory.
        case locked
        /// The files disagree with the configuration: the message names the way out.
        case conflict
    }

    /// What kind of thing went wrong.
    public var code: Code
    /// What happened, without the place.
    public var message: String
    /// The file or directory, where one is known.
    public var path: String?
    /// The byte offset within the file.
    public var offset: Int?
    /// The system's error number, 0 where none was involved.
    public var errno: Int32
    /// What to do next, where something can be done.
    public var remedy: String?

    /// An error with its place.
    public init(
        _ code: Code, _ message: String, path: String? = nil, offset: Int? = nil, errno: Int32 = 0,
        remedy: String? = nil
    ) {
        self.code = code
        self.message = message
        self.path = path
        self.offset = offset
        self.errno = errno
        self.remedy = remedy
    }

    /// One line: message, file, offset, the system's words, remedy.
    public var description: String {
        var line = message
        if let path { line += " (\(path)" + (offset.map { ", offset \($0)" } ?? "") + ")" }
        if errno != 0 { line += ": \(SystemErrorText.text(errno))" }
        if let remedy { line += ". \(remedy)" }
        return line
    }
}
