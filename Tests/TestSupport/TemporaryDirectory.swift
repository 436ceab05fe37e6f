/// Folders that tests work in and that are gone afterwards.
import Foundation

/// A fresh folder; removed with everything in it when the object goes.
public final class TemporaryDirectory: Sendable {
    /// Its absolute path.
    public let path: String

    /// Makes a folder below the system's place for temporary files.
    public init() throws {
        let url = FileManager.default.temporaryDirectory
            .appendingPathComponent("holdfast-test-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        path = url.path
    }

    deinit {
        // What can't be removed is left to the system's own cleaning.
        try? FileManager.default.removeItem(atPath: path)
    }
}
