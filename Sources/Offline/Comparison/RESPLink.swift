/// A small client for Redis's protocol (RESP2): what a tool asks a running server, and nothing more.
///
/// Replies are bounded: depth, and memory only for bytes that have come. Blocking; one thread.
import Bytes
import Persistence

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// A reply.
public indirect enum RESPReply: Sendable {
    /// A status.
    case status(String)
    /// An error's text.
    case error(String)
    /// An integer.
    case integer(Int)
    /// A string.
    case bulk([UInt8])
    /// Nothing.
    case null
    /// A list.
    case array([RESPReply])

    /// The text of a status or a string.
    public var text: String? {
        switch self {
        case .status(let text): text
        case .bulk(let bytes): String(decoding: bytes, as: UTF8.self)
        default: nil
        }
    }
}

/// Where a server is: `redis://[user[:password]@]host[:port][/db]`.
public struct ServerAddress: Sendable {
    /// What a person calls it.
    public let text: String
    let host: String
    let port: String
    var credentials: [String] = []
    var database: Int?
    /// The database behind the slash; nil: all.
    public var onlyDatabase: Int? { database }

    /// Takes an address apart; nil where it doesn't begin with `redis://`.
    ///
    /// - Throws: `ToolFailure` of usage.
    public init?(_ text: String) throws(ToolFailure) {
        guard text.hasPrefix("redis://") else { return nil }
        var rest = text.dropFirst(8)
        let wrong = ToolFailure(
            .usage, "'\(text)' is no address: redis://[user:password@]host[:port][/db]")
        if let at = rest.lastIndex(of: "@") {
            credentials = rest[..<at].split(
                separator: ":", maxSplits: 1, omittingEmptySubsequences: false
            ).map(String.init).filter { !$0.isEmpty }
            rest = rest[rest.index(after: at)...]
        }
        if let slash = rest.firstIndex(of: "/") {
            let word = rest[rest.index(after: slash)...]
            if !word.isEmpty {
                guard let number = Int(word), number >= 0 else { throw wrong }
                database = number
            }
            rest = rest[..<slash]
        }
        if let colon = rest.lastIndex(of: ":"), !rest.hasSuffix("]") {
            guard let number = Int(rest[rest.index(after: colon)...]), (1...65535).contains(number)
            else { throw wrong }
            port = "\(number)"
            rest = rest[..<colon]
        } else {
            port = "6379"
        }
        host = rest.isEmpty ? "127.0.0.1" : String(rest.filter { $0 != "[" && $0 != "]" })
        self.text = "redis://\(rest):\(port)"
    }
}

/// A connection; see the file's header.
public final class RESPLink {
    private let descriptor: Int32
    private let name: String
    private var window = ByteWriter(capacity: 1 << 16)
    private var next = 0
    private static let deepest = 16

    /// Connects.
    ///
    /// - Throws: `ToolFailure` (can't compare).
    public init(_ address: ServerAddress) throws(ToolFailure) {
        name = address.text
        descriptor = try Self.open(address)
        if !address.credentials.isEmpty {
            let reply = try run(["AUTH"] + address.credentials)
            if case .error(let text) = reply { throw failed(text) }
        }
    }

    deinit { close(descriptor) }

    private static func open(_ address: ServerAddress) throws(ToolFailure) -> Int32 {
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        // SAFETY: the list is the system's, read while it lives and given back once.
        let code = unsafe getaddrinfo(address.host, address.port, &hints, &list)
        guard code == 0 else {
            throw ToolFailure(
                .unusable, "\(address.text): \(unsafe String(cString: gai_strerror(code)))")
        }
        defer { unsafe freeaddrinfo(list) }
        var reason = "no address"
        var place = unsafe list
        while let entry = unsafe place {
            let info = unsafe entry.pointee
            let made = unsafe socket(info.ai_family, info.ai_socktype, info.ai_protocol)
            if made >= 0 {
                if unsafe connect(made, info.ai_addr, info.ai_addrlen) == 0 { return made }
                reason = unsafe String(cString: strerror(errno))
                close(made)
            }
            unsafe place = info.ai_next
        }
        throw ToolFailure(.unusable, "\(address.text): \(reason)")
    }

    private func failed(_ what: String) -> ToolFailure {
        ToolFailure(.unusable, "\(name): \(what)")
    }

    /// Sends a command and waits for its reply.
    ///
    /// - Throws: `ToolFailure` where the connection is lost or what comes is no reply.
    public func run(_ words: [String]) throws(ToolFailure) -> RESPReply {
        try run(many: [words.map { Array($0.utf8) }])[0]
    }

    /// Sends many commands and waits for all replies.
    public func run(many commands: [[[UInt8]]]) throws(ToolFailure) -> [RESPReply] {
        let out = ByteWriter()
        for words in commands { out.append(request: words) }
        try transmit(out.view)
        var replies: [RESPReply] = []
        replies.reserveCapacity(commands.count)
        for _ in commands { replies.append(try read(depth: 0)) }
        return replies
    }

    private func transmit(_ bytes: ByteView) throws(ToolFailure) {
        var rest = bytes
        while !rest.isEmpty {
            // SAFETY: the view's bytes live until the caller returns.
            let count = unsafe rest.withUnsafePointer { base, count in
                unsafe send(descriptor, base, count, Int32(MSG_NOSIGNAL))
            }
            if count < 0 {
                if errno == EINTR { continue }
                throw failed("the connection was lost")
            }
            rest = rest.dropFirst(count)
        }
    }

    /// Gets more bytes behind the window.
    private func pull() throws(ToolFailure) {
        if next > 1 << 20 && next == window.count {
            window.removeAll(keepingUpTo: 1 << 20)
            next = 0
        }
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            // SAFETY: no more than the array's bytes are asked for.
            let count = unsafe bytes.withUnsafeMutableBytes {
                unsafe recv(descriptor, $0.baseAddress, $0.count, 0)
            }
            if count < 0 && errno == EINTR { continue }
            if count <= 0 { throw failed("the connection was lost") }
            bytes.withByteView { window.append($0[0..<count]) }
            return
        }
    }

    private func line() throws(ToolFailure) -> [UInt8] {
        var scanned = next
        while true {
            if let place = window.view.dropFirst(scanned).firstIndex(of: 10) {
                let end = scanned + place
                guard end > next, window.view[end - 1] == 13 else { throw failed("no reply") }
                let line = window.view[next..<(end - 1)].array
                next = end + 1
                return line
            }
            scanned = window.count
            if scanned - next > 1 << 20 { throw failed("an endless reply") }
            try pull()
        }
    }

    private func read(depth: Int) throws(ToolFailure) -> RESPReply {
        if depth > Self.deepest { throw failed("a reply that is nested too deeply") }
        if depth == 0 && next == window.count {
            window.removeAll(keepingUpTo: 1 << 20)
            next = 0
        }
        let line = try line()
        guard let kind = line.first else { throw failed("an empty reply") }
        let text = String(decoding: line.dropFirst(), as: UTF8.self)
        switch kind {
        case UInt8(ascii: "+"): return .status(text)
        case UInt8(ascii: "-"): return .error(text)
        case UInt8(ascii: ":"):
            guard let number = Int(text) else { throw failed("no number") }
            return .integer(number)
        case UInt8(ascii: "$"):
            guard let count = Int(text), count >= -1, count < 1 << 40 else {
                throw failed("no length")
            }
            return count < 0 ? .null : .bulk(try bulk(count))
        case UInt8(ascii: "*"):
            guard let count = Int(text), count >= -1, count < 1 << 32 else {
                throw failed("no length")
            }
            if count < 0 { return .null }
            var items: [RESPReply] = []
            for _ in 0..<count { items.append(try read(depth: depth + 1)) }
            return .array(items)
        default: throw failed("what it answers is not Redis's protocol")
        }
    }

    private func bulk(_ count: Int) throws(ToolFailure) -> [UInt8] {
        while window.count - next < count + 2 { try pull() }
        let bytes = window.view[next..<(next + count)].array
        next += count + 2
        return bytes
    }
}
