// A real redis-server to compare with, where one is installed; tests say aloud when they skip.
//
// Started on a free port of 127.0.0.1 in a folder of its own, ended by its process id. The client is
// the least that speaks RESP: arrays of bulk strings out, one reply in.
import Foundation
import Testing

/// A running redis-server.
final class ReferenceServer {
    static let executable = ["/usr/bin/redis-server", "/usr/local/bin/redis-server"].first {
        FileManager.default.isExecutableFile(atPath: $0)
    }

    let port: Int
    let folder: URL
    private let process = Process()
    private var connection: Int32 = -1
    private var pending: [UInt8] = []

    /// Starts one with these arguments in front of its port and folder.
    init(_ arguments: [String] = []) throws {
        folder = try TemporaryFolder.make()
        port = try FreePort.find()
        process.executableURL = URL(fileURLWithPath: Self.executable ?? "redis-server")
        process.arguments = arguments + ["--port", "\(port)"]
        process.currentDirectoryURL = folder
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        let deadline = Date().addingTimeInterval(20)
        while connection < 0 && Date() < deadline {
            connection = FreePort.connect(port)
            if connection < 0 { usleep(5_000) }
        }
        try #require(connection >= 0, "redis-server didn't answer")
    }

    deinit {
        close(connection)
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        try? FileManager.default.removeItem(at: folder)
    }

    /// Sends a command and answers the reply: texts and errors as one line, arrays as many.
    func send(_ words: [String]) throws -> [String] {
        var request = "*\(words.count)\r\n"
        for word in words { request += "$\(word.utf8.count)\r\n\(word)\r\n" }
        let bytes = Array(request.utf8)
        let sent = unsafe bytes.withUnsafeBytes {
            unsafe write(connection, $0.baseAddress, $0.count)
        }
        try #require(sent == bytes.count)
        return try reply()
    }

    private func reply() throws -> [String] {
        let head = try line()
        switch head.first {
        case "*":
            return try (0..<(Int(head.dropFirst()) ?? 0)).flatMap { _ in try reply() }
        case "$":
            let count = Int(head.dropFirst()) ?? 0
            while pending.count < count + 2 { try fill() }
            defer { pending.removeFirst(count + 2) }
            return [String(decoding: pending.prefix(count), as: UTF8.self)]
        default:
            return [String(head.dropFirst())]
        }
    }

    private func line() throws -> String {
        while true {
            if let end = pending.firstIndex(of: 13) {
                defer { pending.removeFirst(end + 2) }
                if end + 1 < pending.count {
                    return String(decoding: pending[..<end], as: UTF8.self)
                }
            }
            try fill()
        }
    }

    private func fill() throws {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = unsafe buffer.withUnsafeMutableBytes {
            unsafe read(connection, $0.baseAddress, $0.count)
        }
        try #require(count > 0, "redis-server closed the connection")
        pending += buffer[..<count]
    }

    /// Runs redis-server with arguments that it refuses; answers its standard error.
    static func refusal(_ arguments: [String], input: String = "") throws -> String {
        let process = Process()
        let (errors, standardInput) = (Pipe(), Pipe())
        process.executableURL = URL(fileURLWithPath: executable ?? "redis-server")
        process.arguments = arguments
        process.standardOutput = FileHandle.nullDevice
        process.standardError = errors
        process.standardInput = standardInput
        try process.run()
        standardInput.fileHandleForWriting.write(Data(input.utf8))
        try standardInput.fileHandleForWriting.close()
        let text = errors.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return String(decoding: text, as: UTF8.self)
    }
}

/// Folders that tests write in.
enum TemporaryFolder {
    static func make() throws -> URL {
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("holdfast-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        return folder
    }
}

/// Ports of 127.0.0.1.
enum FreePort {
    static func find() throws -> Int {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(listener) }
        var address = loopback(0)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let outcome = unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                let bound = unsafe bind(listener, generic, length)
                return unsafe bound == 0 ? getsockname(listener, generic, &length) : bound
            }
        }
        try #require(outcome == 0)
        return Int(UInt16(bigEndian: address.sin_port))
    }

    static func connect(_ port: Int) -> Int32 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = loopback(port)
        let outcome = unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                unsafe Glibc.connect(descriptor, generic, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        if outcome == 0 { return descriptor }
        close(descriptor)
        return -1
    }

    private static func loopback(_ port: Int) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        return address
    }
}
