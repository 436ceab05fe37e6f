/// What is wrong with bytes in Redis's formats: a code, a sentence, the place.
///
/// Codes differ where the answer differs: RESTORE tells a bad frame from a bad body, a start-up cuts a
/// truncated copy but refuses a corrupt one, and a later version's file is nobody's damage.

/// An error in a dump payload or an RDB file; its description is one line.
public struct RDBError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What kind of thing is wrong.
    public enum Code: Sendable, Hashable {
        /// The bytes end before what they announce.
        case truncated
        /// The bytes are not what any server writes.
        case corrupt
        /// The checksum is another one.
        case checksum
        /// A later version, or another server's, wrote this.
        case unsupportedVersion
        /// A value or record of a kind that can't be held here: a module's, or a later version's.
        case unsupportedType
        /// A value beyond the limits that were set.
        case tooLarge
    }

    /// What kind of thing is wrong.
    public var code: Code
    /// What was found, without the place.
    public var message: String
    /// Where reading had come to, in bytes from the start of the payload or file.
    public var offset: Int?
    /// The key whose value was being read, where one was.
    public var key: [UInt8]?

    /// An error, with its place where it is known already.
    public init(_ code: Code, _ message: String, offset: Int? = nil) {
        self.code = code
        self.message = message
        self.offset = offset
    }

    /// Bytes that no server writes.
    static func corrupt(_ message: String) -> RDBError { RDBError(.corrupt, message) }

    /// One line: message, offset, key.
    public var description: String {
        var line = message
        if let offset { line += " (offset \(offset))" }
        if let key { line += ", key '" + String(decoding: key.prefix(128), as: UTF8.self) + "'" }
        return line
    }
}
