/// A real server started on a copy of a backup: the proof that what was restored in a sandbox is restored in earnest.
///
/// The copy lies in a directory of its own in TMPDIR (or /tmp), which goes with the trial; the server listens on a free
/// port of 127.0.0.1, saves nothing, and is killed when the trial ends or the tool is stopped.
import Backends
import Bytes
import Digest
import Persistence

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Starts a server; see the file's header.
public final class ServerTrial {
    /// What came of it.
    public struct Result: Sendable {
        /// Wall time from the start to the first PONG, in seconds.
        public let seconds: Double
        /// The digest that the server computes of its data; nil: it isn't one of ours.
        public let digest: Hash256?
        /// Keys that it counts.
        public let keys: Int
    }

    private let disk = SystemFileSystem()
    private let clock = SystemClock()
    private let directory: String
    private let logPath: String
    private var process: Int32 = 0
    private static let patience: UInt64 = 600_000_000_000

    /// Copies what `place` names into a new directory.
    ///
    /// - Throws: `PersistenceError`.
    public init(_ place: DatasetPlace) throws {
        let folder = Terminal.environment("TMPDIR") ?? "/tmp"
        directory = "\(folder)/holdfast-trial-\(UInt64.random(in: .min ... .max))"
        logPath = directory + "/trial.log"
        try disk.makeDirectory(directory)
        Interruption.begin(directory)
        switch place {
        case .log(let log): try copy(log)
        case .file(let path, let format): try copy(path, format)
        }
    }

    deinit {
        stop()
        remove(directory)
        Interruption.end(directory)
    }

    private func remove(_ path: String) {
        do throws(PersistenceError) {
            if try disk.status(path)?.isDirectory == true {
                for name in try disk.list(path) { remove(path + "/" + name) }
                _ = unsafe rmdir(path)
            } else {
                try disk.unlink(path)
            }
            Interruption.end(path)
        } catch {
            // It lies in a folder for temporary files.
            return
        }
    }

    // MARK: The copy

    private func copy(_ log: LogSource) throws {
        let settings = BackendSettings()
        guard !log.isSingleFile else {
            return try copy(log.parts[0].path, to: directory + "/" + settings.appendFileName)
        }
        let folder = directory + "/" + log.folderName
        try disk.makeDirectory(folder)
        Interruption.begin(folder)
        for path in [log.manifestPath] + (try log.files(disk).map(\.path)) {
            let name = path.split(separator: "/").last.map(String.init) ?? path
            try copy(path, to: folder + "/" + name)
        }
    }

    /// A file gets the name under which its engine finds it.
    private func copy(_ path: String, _ format: any SnapshotFileFormat) throws {
        var settings = BackendSettings()
        settings.directory = directory
        let names = format.fileExtensions.flatMap { ["dump.\($0)", "data.\($0)"] }
        guard let recogniser = BackendCatalog.entry(named: format.name)?.recogniser else { return }
        for name in names {
            let copied = directory + "/" + name
            try copy(path, to: copied)
            if try recogniser.find(disk, settings).contains(copied) { return }
            remove(copied)
        }
        throw ToolFailure(.unusable, "No engine keeps its data in a file like \(path)")
    }

    private func copy(_ from: String, to path: String) throws {
        Interruption.begin(path)
        let source = try disk.open(from, .read)
        defer { source.close() }
        let target = try disk.open(path, .create)
        defer { target.close() }
        let buffer = ByteWriter()
        var place = 0
        while true {
            buffer.removeAll()
            let count = try source.read(1 << 20, at: place, into: buffer)
            if count == 0 { return }
            try target.writeAll(buffer.view)
            place += count
        }
    }

    // MARK: The server

    /// Starts `server` and asks it.
    ///
    /// - Parameter databases: so many it is to have.
    /// - Throws: `ToolFailure` with what it logged last where it doesn't come up.
    public func run(_ server: String, engine: String, databases: Int) throws -> Result {
        let port = try Self.freePort()
        let began = clock.monotonicNanoseconds
        try start([
            server, "--port", "\(port)", "--bind", "127.0.0.1", "--dir", directory, "--backend",
            engine, "--save", "", "--databases", "\(databases)",
        ])
        guard let address = try ServerAddress("redis://127.0.0.1:\(port)") else {
            preconditionFailure("an address that was spelled here")
        }
        let link = try connect(address, began)
        let seconds = Double(clock.monotonicNanoseconds &- began) / 1e9
        var keys = 0
        let text = try link.run(["INFO", "keyspace"]).text ?? ""
        for line in text.split(whereSeparator: \.isNewline) where line.hasPrefix("db") {
            let digits = line.drop { $0 != "=" }.dropFirst().prefix { $0.isNumber }
            keys += Int(digits) ?? 0
        }
        let digest = try LiveDataset(address).knownRoot
        stop()
        return Result(seconds: seconds, digest: digest, keys: keys)
    }

    private func connect(_ address: ServerAddress, _ began: UInt64) throws -> RESPLink {
        while true {
            do {
                let link = try RESPLink(address)
                let reply = try link.run(["PING"])
                if case .status("PONG") = reply { return link }
                if case .error(let text) = reply, !text.hasPrefix("LOADING") {
                    throw ToolFailure(.unusable, "The server answers PING with: \(text)")
                }
            } catch {
                var status: Int32 = 0
                if unsafe waitpid(process, &status, WNOHANG) == process {
                    Interruption.end(child: process)
                    process = 0
                    throw ToolFailure(.damaged, "The server didn't start: \(lastWords)")
                }
            }
            if clock.monotonicNanoseconds &- began > Self.patience {
                throw ToolFailure(.unusable, "The server doesn't answer: \(lastWords)")
            }
            usleep(20_000)
        }
    }

    /// The last lines of its log.
    private var lastWords: String {
        do throws(PersistenceError) {
            let bytes = try disk.contents(of: logPath, limit: 1 << 20) ?? []
            let lines = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline)
            return lines.suffix(3).joined(separator: " | ")
        } catch {
            return "its log can't be read"
        }
    }

    private func start(_ words: [String]) throws {
        var attributes = posix_spawnattr_t()
        var actions = unsafe posix_spawn_file_actions_t()
        var none = sigset_t()
        // SAFETY: all are locals, made and ended by the calls; the arguments are copies that outlive the spawn.
        unsafe sigemptyset(&none)
        unsafe posix_spawnattr_init(&attributes)
        defer { unsafe posix_spawnattr_destroy(&attributes) }
        // The tool blocks its signals; the server must hear them.
        unsafe posix_spawnattr_setsigmask(&attributes, &none)
        unsafe posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        Interruption.begin(logPath)
        for descriptor in [STDOUT_FILENO, STDERR_FILENO] {
            unsafe posix_spawn_file_actions_addopen(
                &actions, descriptor, logPath, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        }
        var arguments: [UnsafeMutablePointer<CChar>?] = unsafe words.map { unsafe strdup($0) }
        unsafe arguments.append(nil)
        defer { unsafe arguments.forEach { unsafe free($0) } }
        let code = unsafe posix_spawn(
            &process, words[0], &actions, &attributes, arguments, environ)
        if code != 0 {
            process = 0
            throw ToolFailure(
                .unusable, "\(words[0]) can't be started: \(unsafe String(cString: strerror(code)))"
            )
        }
        Interruption.begin(child: process)
    }

    private func stop() {
        if process == 0 { return }
        kill(process, SIGKILL)
        var status: Int32 = 0
        _ = unsafe waitpid(process, &status, 0)
        Interruption.end(child: process)
        process = 0
    }

    /// A port that nobody listens on now.
    private static func freePort() throws -> Int {
        let made = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(made) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        // SAFETY: the address is a local of the size that is told.
        let code = unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { base in
                unsafe bind(made, base, length) == 0 && getsockname(made, base, &length) == 0
            }
        }
        guard made >= 0, code else {
            throw ToolFailure(.io, "There is no free port on 127.0.0.1")
        }
        return Int(UInt16(bigEndian: address.sin_port))
    }

    /// The server that stands beside this tool, or on PATH.
    public static func find() -> String? {
        let name = "holdfast-server"
        var path = [CChar](repeating: 0, count: 4097)
        // SAFETY: no more than the array's bytes but one are written, which stays 0.
        let count = unsafe readlink("/proc/self/exe", &path, 4096)
        var places: [String] = []
        if count > 0 {
            let bytes = path[0..<count].map { UInt8(bitPattern: $0) }
            let own = String(decoding: bytes, as: UTF8.self)
            if let slash = own.lastIndex(of: "/") { places.append(String(own[..<slash])) }
        }
        places += (Terminal.environment("PATH") ?? "").split(separator: ":").map(String.init)
        return places.map { "\($0)/\(name)" }.first { unsafe access($0, X_OK) == 0 }
    }
}
