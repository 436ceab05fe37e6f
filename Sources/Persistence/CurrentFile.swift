/// `CURRENT` in the data directory: which engine and which generation of its files are in force.
///
/// Two lines of text, LF at the end of each:
///
///     engine aof generation 1
///     crc32c 5f3a9c01                CRC-32C of the first line, its LF included
///
/// It is replaced whole (temporary file, sync, rename, sync of the folder), so a crash leaves the old
/// one or the new one; a file that doesn't read is damage, never a reason to guess.
import Bytes

/// The content of `CURRENT`.
public struct CurrentFile: Sendable, Hashable {
    /// The file's name.
    public static let name = "CURRENT"

    /// The engine in force.
    public var engine: String
    /// Counts changes of engine and conversions; names the files of engines that need it.
    public var generation: Int

    /// A content.
    public init(engine: String, generation: Int) {
        self.engine = engine
        self.generation = generation
    }

    /// The content of the directory's file, nil where there is none.
    ///
    /// - Throws: `.corrupt`, `.io`.
    public static func read(
        in directory: String, _ fileSystem: any FileSystem
    ) throws(PersistenceError) -> CurrentFile? {
        let path = directory + "/" + name
        guard let bytes = try fileSystem.contents(of: path, limit: 4096) else { return nil }
        if let content = parse(bytes) { return content }
        throw PersistenceError(
            .corrupt, "The file that names the engine in force can't be read", path: path,
            offset: 0,
            remedy: "Look at which engine's files are there, then write the line anew by removing "
                + "\(name) and starting with '--backend NAME'")
    }

    /// Makes this the directory's content; durable when it returns.
    public func write(
        in directory: String, _ fileSystem: any FileSystem
    ) throws(PersistenceError) {
        try fileSystem.replace(Self.name, in: directory, with: serialized)
    }

    /// The file's bytes.
    var serialized: [UInt8] { CheckedLine.bytes("engine \(engine) generation \(generation)") }

    static func parse(_ bytes: [UInt8]) -> CurrentFile? {
        let words = CheckedLine.words(bytes)
        guard words.count == 6, words[0] == "engine", words[2] == "generation",
            let generation = Int(words[3])
        else { return nil }
        let content = CurrentFile(engine: words[1], generation: generation)
        // The checksum is checked by spelling the content again: one form only is valid.
        return content.serialized == bytes ? content : nil
    }
}

/// A line of text and its checksum: the content of small files that are replaced whole.
enum CheckedLine {
    static func bytes(_ line: String) -> [UInt8] {
        let text = ByteWriter(capacity: 128)
        text.append(text: line + "\n")
        let sum = CRC32C.checksum(text.view)
        text.append("crc32c ")
        text.append(hex: UInt64(sum))
        text.append("\n")
        return text.array
    }

    static func words(_ bytes: [UInt8]) -> [String] {
        bytes.split { $0 == 32 || $0 == 10 }.map { String(decoding: $0, as: UTF8.self) }
    }
}
