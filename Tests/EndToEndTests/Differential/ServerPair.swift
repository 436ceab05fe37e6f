/// Our server and a real one beside each other, with connections in pairs.
import TestSupport

/// Two servers that get the same commands.
final class ServerPair {
    let ours: ServerProcess
    let theirs: ServerProcess
    private let folders: (TemporaryDirectory, TemporaryDirectory)
    private var connections: [(ours: RESPClient, theirs: RESPClient)] = []

    init(connections count: Int = 1) throws {
        folders = (try TemporaryDirectory(), try TemporaryDirectory())
        // Ours keeps its log, so that the digest can be asked for again after a restart.
        ours = try ServerProcess(
            .holdfast, in: folders.0.path, arguments: ServerProcess.appendOnly("everysec"))
        theirs = try ServerProcess(
            .redis, in: folders.1.path, arguments: ["--save", "", "--appendonly", "no"])
        for _ in 0..<count { connections.append((try ours.connect(), try theirs.connect())) }
    }

    /// Replaces a pair of connections that the servers have closed.
    func reconnect(_ index: Int) throws {
        connections[index] = (try ours.connect(), try theirs.connect())
    }

    /// What the two servers said.
    typealias Replies = [(ours: RESPValue, theirs: RESPValue)]

    /// Sends the same to both, then reads the replies of both.
    func exchange(_ words: [[[UInt8]]], on index: Int = 0) throws -> Replies {
        try exchange(words, after: 0, on: index).replies
    }

    /// The same on a connection that messages have been published to, which come before the replies.
    func exchange(
        _ words: [[[UInt8]]], after messageCount: Int, on index: Int
    ) throws -> (messages: Replies, replies: Replies) {
        let bytes = words.flatMap { RESPClient.encode($0) }
        let pair = connections[index]
        try pair.theirs.send(bytes)
        try pair.ours.send(bytes)
        var replies: Replies = []
        for place in 0..<(messageCount + words.count) {
            do {
                let reply = try pair.theirs.receive()
                replies.append((try pair.ours.receive(), reply))
            } catch {
                let command = place < messageCount ? [] : words[place - messageCount]
                throw MissingReply(
                    cause: error, command: command.map { Word($0) }, log: Self.lastWords(ours.log))
            }
        }
        return (Array(replies.prefix(messageCount)), Array(replies.dropFirst(messageCount)))
    }

    /// A server that closed the connection, or went silent.
    /// The end of a log; of a crash, its beginning.
    private static func lastWords(_ log: String) -> Substring {
        guard let crash = log.range(of: "Fatal error") ?? log.range(of: "rashed:") else {
            return log.suffix(2000)
        }
        return log[crash.lowerBound...].prefix(3000)
    }

    struct MissingReply: Error {
        let cause: any Error
        let command: [Word]
        let log: Substring
    }

    /// The names of our commands, of containers the subcommands' (`client|id`).
    func commandTable() throws -> Set<String> {
        var names: Set<String> = []
        for entry in try connections[0].ours.run("COMMAND").elements {
            let fields = entry.elements
            guard let name = fields.first?.text else { continue }
            let subcommands = fields.count > 9 ? fields[9].elements : []
            if subcommands.isEmpty { names.insert(name) }
            for subcommand in subcommands {
                guard let word = subcommand.elements.first?.text else { continue }
                names.insert(word.contains("|") ? word : "\(name)|\(word)")
            }
        }
        return names
    }

    /// Which keys differ, by their digests.
    func differingKeys() throws -> [String] {
        var lines: [String] = []
        for database in ["0", "1", "2"] {
            _ = try exchange([[Array("SELECT".utf8), Array(database.utf8)]])
            let keys = try exchange([[Array("KEYS".utf8), Array("*".utf8)]])[0]
            for key in Set(keys.ours.elements).union(keys.theirs.elements) {
                guard case .bulk(let name) = key else { continue }
                let digests = try exchange([
                    [Array("DEBUG".utf8), Array("DIGEST-VALUE".utf8), name],
                    [Array("TYPE".utf8), name], [Array("PEXPIRETIME".utf8), name],
                ])
                guard digests[0].ours != digests[0].theirs else { continue }
                let texts = digests[1...].map { "\($0.ours) | \($0.theirs)" }
                lines.append("db \(database) \(Word(name)): \(texts.joined(separator: ", "))")
            }
        }
        return lines
    }
}
