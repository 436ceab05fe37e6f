/// A small blocking client over a TCP socket: bytes out, replies in, every read with a deadline.
#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Why a client could not go on.
public enum ClientError: Error, Equatable {
    /// No connection could be made.
    case cannotConnect(Int32)
    /// The server closed the connection.
    case closed
    /// Nothing came within the deadline.
    case timedOut
    /// What came is no reply.
    case malformed(String)
}

/// A connection to a server on this machine.
public final class RESPClient {
    private let descriptor: Int32
    /// The server at the other end: it lives as long as its connections.
    public internal(set) var server: ServerProcess?
    private var buffer: [UInt8] = []
    private var start = 0
    /// How long a read may wait, in milliseconds.
    public var timeoutMilliseconds: Int32 = 20_000

    /// Connects to `port` of 127.0.0.1.
    public init(port: Int) throws(ClientError) {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe connect(descriptor, $0, size)
            }
        }
        if status != 0 {
            // All members are set, so `deinit` runs and closes the socket: once is enough, a second close
            // could hit a descriptor that another thread just opened.
            throw .cannotConnect(errno)
        }
        var on: Int32 = 1
        let length = socklen_t(MemoryLayout<Int32>.size)
        _ = unsafe setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, length)
    }

    deinit { close(descriptor) }

    /// Sends a command and waits for its reply.
    @discardableResult
    public func run(_ words: String...) throws(ClientError) -> RESPValue {
        try run(words.map { Array($0.utf8) })
    }

    /// Sends a command of bytes and waits for its reply.
    @discardableResult
    public func run(_ words: [[UInt8]]) throws(ClientError) -> RESPValue {
        try send(RESPClient.encode(words))
        return try receive()
    }

    /// Sends commands in one go and waits for all replies.
    public func pipeline(_ commands: [[[UInt8]]]) throws(ClientError) -> [RESPValue] {
        var bytes: [UInt8] = []
        for command in commands { bytes += RESPClient.encode(command) }
        try send(bytes)
        var replies: [RESPValue] = []
        for _ in commands { replies.append(try receive()) }
        return replies
    }

    /// A command as an array of bulk strings.
    public static func encode(_ words: [[UInt8]]) -> [UInt8] {
        var bytes = Array("*\(words.count)\r\n".utf8)
        for word in words {
            bytes += Array("$\(word.count)\r\n".utf8)
            bytes += word
            bytes += [13, 10]
        }
        return bytes
    }

    /// Sends raw bytes.
    public func send(_ bytes: [UInt8]) throws(ClientError) {
        var sent = 0
        while sent < bytes.count {
            let count = unsafe bytes.withUnsafeBytes { raw in
                // SAFETY: the range lies within the array.
                unsafe Glibc.send(
                    descriptor, raw.baseAddress.map { unsafe $0 + sent }, raw.count - sent,
                    Int32(MSG_NOSIGNAL))
            }
            if count < 0 {
                if errno == EINTR { continue }
                throw .closed
            }
            sent += count
        }
    }

    /// Waits for one reply.
    public func receive() throws(ClientError) -> RESPValue {
        let line = try readLine()
        guard let kind = line.first else { throw .malformed("an empty line") }
        let rest = Array(line.dropFirst())
        switch kind {
        case UInt8(ascii: "+"): return .simple(rest)
        case UInt8(ascii: "-"): return .error(rest)
        case UInt8(ascii: ":"): return .integer(try number(rest))
        case UInt8(ascii: "_"): return .null
        case UInt8(ascii: ","): return .double(rest)
        case UInt8(ascii: "#"): return .boolean(rest == [UInt8(ascii: "t")])
        case UInt8(ascii: "("): return .bigNumber(rest)
        case UInt8(ascii: "$"):
            let count = try number(rest)
            return count < 0 ? .null : .bulk(try readBulk(count))
        case UInt8(ascii: "="): return .verbatim(try readBulk(try number(rest)))
        case UInt8(ascii: "*"):
            let count = try number(rest)
            return count < 0 ? .null : .array(try readMany(count))
        case UInt8(ascii: "%"): return .map(try readMany(2 * (try number(rest))))
        case UInt8(ascii: "~"): return .set(try readMany(try number(rest)))
        case UInt8(ascii: ">"): return .push(try readMany(try number(rest)))
        default: throw .malformed(String(decoding: line.prefix(80), as: UTF8.self))
        }
    }

    /// How many bytes have come that no reply was read from yet.
    public var unread: Int { buffer.count - start }

    /// Everything that comes until the server closes the connection.
    public func receiveToEnd() throws(ClientError) -> [UInt8] {
        while true {
            do throws(ClientError) {
                try fill()
            } catch .closed {
                defer { start = buffer.count }
                return Array(buffer[start...])
            }
        }
    }

    private func number(_ text: [UInt8]) throws(ClientError) -> Int {
        guard let value = Int(String(decoding: text, as: UTF8.self)) else {
            throw .malformed("no number: " + String(decoding: text, as: UTF8.self))
        }
        return value
    }

    private func readMany(_ count: Int) throws(ClientError) -> [RESPValue] {
        var values: [RESPValue] = []
        for _ in 0..<count { values.append(try receive()) }
        return values
    }

    private func readBulk(_ count: Int) throws(ClientError) -> [UInt8] {
        while buffer.count - start < count + 2 { try fill() }
        defer { start += count + 2 }
        return Array(buffer[start..<(start + count)])
    }

    /// Searches with memchr: replies come by the hundred thousand, and tests are built without
    /// optimisation.
    private func readLine() throws(ClientError) -> [UInt8] {
        var searched = start
        while true {
            if let place = lineEnd(from: searched) {
                defer { start = place + 2 }
                return Array(buffer[start..<place])
            }
            let consumed = max(0, buffer.count - 1 - start)
            try fill()
            searched = start + consumed
        }
    }

    private func lineEnd(from searched: Int) -> Int? {
        unsafe buffer.withUnsafeBytes { raw -> Int? in
            var place = searched
            while place < raw.count, let base = raw.baseAddress,
                let found = unsafe memchr(base + place, 13, raw.count - place)
            {
                // SAFETY: memchr answers a place within the range it was given.
                let index = unsafe UnsafeRawPointer(found) - base
                if index + 1 < raw.count, unsafe raw[index + 1] == 10 { return index }
                place = index + 1
            }
            return nil
        }
    }

    private func fill() throws(ClientError) {
        if start == buffer.count {
            buffer.removeAll(keepingCapacity: true)
            start = 0
        } else if start > 1 << 20 {
            buffer.removeFirst(start)
            start = 0
        }
        var poll = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        let ready = unsafe Glibc.poll(&poll, 1, timeoutMilliseconds)
        if ready == 0 { throw .timedOut }
        if ready < 0 && errno == EINTR { return }
        let room = 1 << 16
        var count = 0
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: room) { out, used in
            // SAFETY: recv writes at most `room` bytes, and says how many.
            count = unsafe recv(descriptor, out.baseAddress, room, 0)
            used = max(0, count)
        }
        if count <= 0 { throw .closed }
        buffer += bytes
    }
}
