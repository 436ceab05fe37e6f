/// The page that specifies the digest.
import Foundation

enum SpecificationPage {
    static func text() throws -> String {
        let root = CaseFile.folder.deletingLastPathComponent().deletingLastPathComponent()
        return try String(
            contentsOf: root.appendingPathComponent("Sources/Digest/FORMAT.md"), encoding: .utf8)
    }
}
