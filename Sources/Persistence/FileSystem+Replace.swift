/// Whole small files: read in one go, replaced so that a crash leaves the old one or the new one.
import Bytes

extension FileSystem {
    /// All bytes of a file, nil where there is none.
    ///
    /// - Throws: `.corrupt` beyond `limit` bytes: the file is not what it should be.
    public func contents(of path: String, limit: Int) throws(PersistenceError) -> [UInt8]? {
        guard let status = try status(path), !status.isDirectory else { return nil }
        if status.size > limit {
            throw PersistenceError(
                .corrupt, "The file has \(status.size) bytes, more than \(limit)", path: path)
        }
        let file = try open(path, .read)
        defer { file.close() }
        let window = ByteWriter(capacity: status.size + 1)
        while try file.read(limit + 1 - window.count, at: window.count, into: window) > 0 {
            if window.count > limit { break }
        }
        return window.array
    }

    /// Writes all of `bytes` to a new file `path` and forces them to the platter.
    public func writeSynced(_ path: String, _ bytes: [UInt8]) throws(PersistenceError) {
        let file = try open(path, .create)
        defer { file.close() }
        try file.writeAll(bytes)
        try file.sync()
    }

    /// Replaces `name` in `directory` by `bytes`: after a crash it is the old file or the new one.
    public func replace(
        _ name: String, in directory: String, with bytes: [UInt8]
    ) throws(PersistenceError) {
        let temporary = directory + "/temp-" + name
        // ORDER: content on the platter before the name shows it; what the content names before both.
        try writeSynced(temporary, bytes)
        try syncDirectory(directory)
        try rename(temporary, to: directory + "/" + name)
        try syncDirectory(directory)
    }
}

extension FileHandle {
    /// Appends all of `bytes`, whatever the system takes at a time.
    public func writeAll(_ bytes: ByteView) throws(PersistenceError) {
        var start = 0
        while start < bytes.count {
            let taken = try write(bytes[start..<bytes.count])
            if taken == 0 {
                throw PersistenceError(.io, "The system took none of the bytes to write")
            }
            start += taken
        }
    }

    /// Appends all of `bytes`.
    public func writeAll(_ bytes: [UInt8]) throws(PersistenceError) {
        try bytes.withByteView { (view) throws(PersistenceError) in try writeAll(view) }
    }
}
