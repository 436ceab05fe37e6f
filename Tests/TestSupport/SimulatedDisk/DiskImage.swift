/// What is on a disk: folders, and files with their bytes; comparable by hash.

/// The bytes of a file and their hash, computed once.
public struct DiskContent {
    /// The bytes.
    public let bytes: [UInt8]
    let hash: Int

    /// A content.
    public init(_ bytes: [UInt8]) {
        self.bytes = bytes
        var hasher = Hasher()
        unsafe bytes.withUnsafeBytes { unsafe hasher.combine(bytes: $0) }
        hash = hasher.finalize()
    }
}

/// A disk's folders (below /data) and files.
public struct DiskImage {
    /// Paths of folders.
    public var folders: Set<String> = []
    /// Files by path.
    public var files: [String: DiskContent] = [:]

    /// An empty disk.
    public init() {}

    /// Depends on every name and byte.
    public var hash: Int {
        var sum = 0
        for (path, content) in files {
            var hasher = Hasher()
            hasher.combine(path)
            hasher.combine(content.hash)
            sum &+= hasher.finalize()
        }
        for path in folders {
            var hasher = Hasher()
            hasher.combine(path)
            sum &+= hasher.finalize()
        }
        return sum
    }

    /// Names and sizes, for messages.
    public var listing: String {
        files.sorted { $0.key < $1.key }.map { "\($0.key):\($0.value.bytes.count)" }
            .joined(separator: " ")
    }
}
