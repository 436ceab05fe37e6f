/// The project's own files, as the style tests read them.
import Foundation

/// One source file of the project.
struct SourceFile: CustomStringConvertible {
    /// Relative to the project: `Sources/Bytes/ByteView.swift`.
    let path: String
    /// Its lines.
    let lines: [Substring]

    /// The module it belongs to: the folder below `Sources` or `Tests`.
    var module: String { String(path.split(separator: "/")[1]) }
    var description: String { path }
}

/// Reads the project's files.
enum SourceTree {
    /// The project's folder.
    static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// All Swift files below a folder of the project, sorted.
    static func swiftFiles(below folder: String) -> [SourceFile] {
        paths(below: folder).filter { $0.hasSuffix(".swift") }.compactMap { path in
            let url = root.appendingPathComponent(path)
            guard let text = try? String(contentsOf: url, encoding: .utf8) else { return nil }
            return SourceFile(
                path: path, lines: text.split(separator: "\n", omittingEmptySubsequences: false))
        }
    }

    /// All files below a folder of the project, sorted, relative to the project.
    static func paths(below folder: String) -> [String] {
        let start = root.appendingPathComponent(folder)
        guard let walk = FileManager.default.enumerator(atPath: start.path) else { return [] }
        return walk.compactMap { $0 as? String }
            .filter { !isDirectory(start.appendingPathComponent($0).path) }
            .map { "\(folder)/\($0)" }.sorted()
    }

    private static func isDirectory(_ path: String) -> Bool {
        var isDirectory: ObjCBool = false
        return unsafe FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory)
            && isDirectory.boolValue
    }
}
