/// Standard input as a file, and a file as standard output: `-` in the place of a path.
import Backends
import Bytes
import Persistence
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// A file that lasts as long as the tool; removed when it ends, also by a signal.
public final class ScratchFile: Sendable {
    private static let inputs = Mutex<[ScratchFile]>([])

    /// Its path.
    public let path: String
    private let suffixes: [String]

    /// A path for a file in TMPDIR (or /tmp) that nobody else has; `suffixes` of companions go with it.
    public init(_ ending: String, suffixes: [String] = []) {
        let folder = Terminal.environment("TMPDIR") ?? "/tmp"
        path = "\(folder)/holdfast-\(UInt64.random(in: .min ... .max))\(ending)"
        self.suffixes = [""] + suffixes
        for suffix in self.suffixes { Interruption.begin(path + suffix) }
    }

    deinit {
        for suffix in suffixes {
            _ = unsafe unlink(path + suffix)
            Interruption.end(path + suffix)
        }
    }

    /// `path`, or where it is `-` that of a file with all of standard input, which goes when the tool ends.
    ///
    /// - Throws: `.io`.
    public static func input(_ path: String) throws -> String {
        guard path == "-" else { return path }
        let scratch = try standardInput()
        inputs.withLock { $0.append(scratch) }
        return scratch.path
    }

    /// Removes what `input` made.
    static func removeInputs() { inputs.withLock { $0.removeAll() } }

    private static func standardInput() throws -> ScratchFile {
        let scratch = ScratchFile(".in")
        let file = try SystemFileSystem().open(scratch.path, .create)
        defer { file.close() }
        var bytes = [UInt8](repeating: 0, count: 1 << 18)
        while true {
            // SAFETY: no more than the array's bytes are asked for.
            let count = unsafe bytes.withUnsafeMutableBytes {
                unsafe read(STDIN_FILENO, $0.baseAddress, $0.count)
            }
            if count < 0 {
                if errno == EINTR { continue }
                throw PersistenceError(.io, "Can't read standard input", errno: errno)
            }
            if count == 0 { break }
            try bytes.withByteView { (view) throws(PersistenceError) in
                try file.writeAll(view[0..<count])
            }
        }
        return scratch
    }

    /// Writes a file to standard output.
    ///
    /// - Throws: `.io`.
    public func copyToOutput() throws(PersistenceError) {
        let file = try SystemFileSystem().open(path, .read)
        defer { file.close() }
        var place = 0
        while true {
            let count = try file.read(1 << 18, at: place, into: Output.standard.buffer)
            if count == 0 { return }
            place += count
            try Output.standard.flush()
        }
    }
}

/// Standard output as a file that is written from its beginning to its end.
final class OutputHandle: FileHandle {
    func write(_ bytes: ByteView) throws(PersistenceError) -> Int {
        Output.standard.buffer.append(bytes)
        try Output.standard.flush()
        return bytes.count
    }
    func read(_ count: Int, at offset: Int, into window: ByteWriter) -> Int { 0 }
    func sync() {}
    func truncate(to size: Int) {}
    func size() -> Int { 0 }
    func close() {}
}
