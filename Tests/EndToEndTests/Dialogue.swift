/// Several clients speak to one server in an order that is written down, and what each of them hears is noted:
/// played on two servers, the notes are compared.
import Foundation
import TestSupport

/// A server, and clients by their number.
final class Dialogue {
    private let server: ServerProcess
    private let folder: TemporaryDirectory
    private var clients: [Int: RESPClient] = [:]
    private var identities: [Int: String] = [:]
    /// What was heard.
    private(set) var heard: [String] = []

    init(_ kind: ServerProcess.Kind, arguments: [String] = []) throws {
        folder = try TemporaryDirectory()
        server = try ServerProcess(kind, in: folder.path, arguments: arguments)
    }

    /// Plays lines, lets every client hear what is left for it, and answers what was heard.
    static func play(_ kind: ServerProcess.Kind, _ lines: [String]) throws -> [String] {
        let dialogue = try Dialogue(kind)
        for line in lines { try dialogue.play(line) }
        for number in dialogue.clients.keys.sorted() { try dialogue.play("\(number): PING end ?") }
        return dialogue.heard
    }

    private func client(_ number: Int) throws -> RESPClient {
        if let client = clients[number] { return client }
        let client = try server.connect()
        client.timeoutMilliseconds = 5000
        clients[number] = client
        identities[number] = try client.run("CLIENT", "ID").text
        return client
    }

    /// `1: GET a` sends; `1: GET a ?` sends and hears one reply; `1?` hears another message; `1!` leaves; `1~`
    /// goes over to RESP3; `wait 20` lets so many milliseconds pass. `$2` stands for client 2's id.
    private func play(_ line: String) throws {
        var words = line.split(separator: " ").map(String.init)
        if words[0] == "wait" {
            Thread.sleep(forTimeInterval: Double(words[1]).map { $0 / 1000 } ?? 0)
            return
        }
        let number = Int(words[0].dropLast()) ?? 0
        switch words[0].last {
        case "!":
            clients[number] = nil
            Thread.sleep(forTimeInterval: 0.05)
        case "~":
            // The reply, which tells the servers apart, is not noted.
            try client(number).run("HELLO", "3")
        case "?": heard.append("\(number) hears \(try receive(number, line))")
        default:
            words.removeFirst()
            let hears = words.last == "?"
            if hears { words.removeLast() }
            for (place, word) in words.enumerated() where word.hasPrefix("$") {
                let other = Int(word.dropFirst()) ?? 0
                _ = try client(other)
                words[place] = identities[other] ?? "?"
            }
            try client(number).send(RESPClient.encode(words.map { Array($0.utf8) }))
            if hears { heard.append("\(line): \(try receive(number, line))") }
        }
    }

    /// A message, ids that differ from server to server taken out; silence is one too.
    private func receive(_ number: Int, _ line: String) throws -> String {
        do {
            var text = try client(number).receive().description
            if text.contains("redir") || line.contains("GETREDIR") {
                for (other, identity) in identities {
                    text = text.replacingOccurrences(of: ":\(identity)]", with: ":$\(other)]")
                        .replacingOccurrences(of: ":\(identity),", with: ":$\(other),")
                    if text == ":\(identity)" { text = ":$\(other)" }
                }
            }
            return text
        } catch ClientError.timedOut {
            return "silence"
        }
    }
}
