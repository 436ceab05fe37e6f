/// `MIGRATION` in the data directory: a running server is changing its engine, or has and may still go back.
///
/// Two lines of text, as in `CURRENT`:
///
///     migration from aof to sqlite
///     crc32c 5f3a9c01
///
/// It is durable before the first file of the new engine is made, and goes when those of the engine that lost are
/// gone. After a crash `CURRENT` says which that is: where it names `to`, the change has happened and only its
/// commit is missing; otherwise the files of `to` are the remains of a change that hasn't.
import Bytes

/// The content of `MIGRATION`.
public struct MigrationFile: Sendable, Hashable {
    /// The file's name.
    public static let name = "MIGRATION"

    /// The engine that was in force.
    public var from: String
    /// The engine that is to be.
    public var to: String

    /// A content.
    public init(from: String, to: String) {
        self.from = from
        self.to = to
    }

    /// The content of the directory's file, nil where there is none.
    ///
    /// - Throws: `.corrupt`, `.io`.
    public static func read(
        in directory: String, _ fileSystem: any FileSystem
    ) throws(PersistenceError) -> MigrationFile? {
        let path = directory + "/" + name
        guard let bytes = try fileSystem.contents(of: path, limit: 4096) else { return nil }
        let words = CheckedLine.words(bytes)
        if words.count == 7, words[0] == "migration", words[1] == "from", words[3] == "to" {
            let content = MigrationFile(from: words[2], to: words[4])
            if content.serialized == bytes { return content }
        }
        throw PersistenceError(
            .corrupt, "The file that tells of a change of engine can't be read", path: path,
            offset: 0,
            remedy:
                "\(CurrentFile.name) names the engine whose files count: move those of others out "
                + "of the directory, then remove \(name)")
    }

    /// Makes this the directory's content; durable when it returns.
    public func write(
        in directory: String, _ fileSystem: any FileSystem
    ) throws(PersistenceError) {
        try fileSystem.replace(Self.name, in: directory, with: serialized)
    }

    /// The file's bytes.
    var serialized: [UInt8] { CheckedLine.bytes("migration from \(from) to \(to)") }
}
