/// A tmpfs of a few megabytes: a disk that is really full when it is full.
///
/// Needs the right to mount, which root in a container may or may not have; a test that can't get one
/// says so aloud.
import Foundation

/// A mounted tmpfs; unmounted when the object goes.
public final class SmallDisk {
    /// Where it is mounted.
    public let path: String
    private let folder: TemporaryDirectory

    /// Mounts one of `sizeBytes`; nil where this process may not.
    public init?(sizeBytes: Int) throws {
        let folder = try TemporaryDirectory()
        self.folder = folder
        path = folder.path
        let status = unsafe mount("tmpfs", folder.path, "tmpfs", 0, "size=\(sizeBytes)")
        if status != 0 { return nil }
    }

    deinit { _ = unsafe umount2(path, Int32(MNT_DETACH)) }

    /// Fills what is free except `spareBytes`; answers the file that takes the room.
    public func fill(sparing spareBytes: Int) throws -> String {
        var figures = statvfs()
        _ = unsafe statvfs(path, &figures)
        let free = Int(figures.f_bavail) * Int(figures.f_bsize)
        let filler = "\(path)/filler"
        let bytes = Data(repeating: 1, count: max(0, free - spareBytes))
        guard FileManager.default.createFile(atPath: filler, contents: bytes) else {
            throw POSIXError(.ENOSPC)
        }
        return filler
    }
}
