/// CLIENT LIST [TYPE type] [ID id ...], CLIENT INFO, CLIENT KILL
///
/// One line a connection, fields as Redis 7.2 prints them. O(n) in the connections.
import Bytes
import Engine
import RESP

extension Server {
    func clientInfoWord() -> CommandSpec {
        clientWord(
            "info", 2, "6.2.0", "Returns information about the connection.",
            tips: CommandTips.varies
        ) {
            [unowned self] (session, _, reply) throws(CommandError) in
            reply.verbatim(Array((line(of: try connection(session)) + "\n").utf8))
        }
    }

    func clientListWord() -> CommandSpec {
        clientWord(
            "list", -2, "2.4.0", "Lists open connections.", admin: true,
            syntax: "[TYPE <NORMAL | MASTER | REPLICA | PUBSUB>] [ID client-id [client-id ...]]",
            tips: CommandTips.varies
        ) { [unowned self] (_, arguments, reply) throws(CommandError) in
            var chosen = connections.values.sorted { $0.session.id < $1.session.id }
            if arguments.count == 4, arguments[2].equalsIgnoringCase("type") {
                let type = try ClientType(arguments[3])
                chosen = chosen.filter { ClientType(of: $0) == type }
            } else if arguments.count > 3, arguments[2].equalsIgnoringCase("id") {
                var ids: Set<Int64> = []
                for word in arguments.dropFirst(3) {
                    guard let id = Decimal.parse(word) else {
                        throw CommandError("ERR Invalid client ID")
                    }
                    ids.insert(id)
                }
                chosen = chosen.filter { ids.contains(Int64($0.session.id)) }
            } else if arguments.count != 2 {
                throw .syntaxError
            }
            let text = chosen.map { line(of: $0) + "\n" }.joined()
            reply.verbatim(Array(text.utf8))
        }
    }

    /// The line of CLIENT LIST.
    func line(of connection: Connection) -> String {
        let session = connection.session
        let info = connection.info
        let now = engine.clock.now.millisecondsSinceEpoch
        let age = (now - info.connectedAt.millisecondsSinceEpoch) / 1000
        let idle = (now - info.lastInteraction.millisecondsSinceEpoch) / 1000
        var flags = ""
        if monitors[session.id] != nil { flags += "O" }
        if session.isSubscribed { flags += "P" }
        if session.isInTransaction { flags += "x" }
        if engine.isBlocked(session) { flags += "b" }
        if let tracking = connection.tracking {
            flags += tracking.isBroken ? "tR" : "t"
            if tracking.isBroadcast { flags += "B" }
        }
        if connection.isClosing { flags += "c" }
        if info.isUnixSocket { flags += "U" }
        if info.isExemptFromEviction { flags += "e" }
        if session.leavesStamps { flags += "T" }
        if flags.isEmpty { flags = "N" }
        let output = connection.pendingOutputBytes
        let fields: [(String, String)] = [
            ("id", "\(session.id)"), ("addr", info.peer), ("laddr", info.local),
            ("fd", "\(info.descriptor)"), ("name", String(decoding: session.name, as: UTF8.self)),
            ("age", "\(age)"), ("idle", "\(idle)"), ("flags", flags),
            ("db", "\(session.database)"),
            ("sub", "\(connection.subscriptions?.count(.channel) ?? 0)"),
            ("psub", "\(connection.subscriptions?.count(.pattern) ?? 0)"),
            ("ssub", "\(connection.subscriptions?.count(.shard) ?? 0)"),
            ("multi", "\(session.transaction?.count ?? -1)"),
            ("qbuf", "\(connection.unreadBytes)"), ("qbuf-free", "0"), ("argv-mem", "0"),
            ("multi-mem", "\(session.transaction?.bytes ?? 0)"),
            ("rbs", "\(connection.output.capacity)"), ("rbp", "\(connection.output.capacity)"),
            ("obl", "0"), ("oll", "0"), ("omem", "\(output)"),
            ("tot-mem", "\(connection.memoryBytes)"), ("events", "r"),
            ("cmd", session.lastCommand?.fullName ?? "NULL"), ("user", userName(session)),
            ("redir", "\(connection.redirectID)"), ("resp", "\(session.version)"),
            ("lib-name", String(decoding: session.libraryName, as: UTF8.self)),
            ("lib-ver", String(decoding: session.libraryVersion, as: UTF8.self)),
        ]
        return fields.map { "\($0)=\($1)" }.joined(separator: " ")
    }

    private func userName(_ session: Session) -> String {
        session.user.map { String(decoding: $0.name, as: UTF8.self) } ?? "(superuser)"
    }

    func clientKillWord() -> CommandSpec {
        clientWord(
            "kill", -3, "2.4.0", "Terminates open connections.", admin: true,
            syntax:
                "<ip:port | <[ID client-id] | [TYPE type] | [USER username] | [ADDR ip:port] | [LADDR ip:port] | [SKIPME yes/no]> ...>"
        ) { [unowned self] (session, arguments, reply) throws(CommandError) in
            var filter = KillFilter()
            let isOldForm = arguments.count == 3
            if isOldForm {
                filter.address = arguments[2].text
                filter.skipsMe = false
            } else {
                try filter.parse(arguments, engine.access)
            }
            var killed = 0
            for connection in Array(connections.values)
            where filter.matches(connection, me: session) {
                killed += 1
                if connection.session === session {
                    connection.closeAfterReplies()
                } else {
                    connection.close()
                }
            }
            if isOldForm {
                if killed == 0 { throw CommandError("ERR No such client") }
                reply.ok()
            } else {
                reply.integer(killed)
            }
        }
    }
}

/// Which clients CLIENT KILL means.
private struct KillFilter {
    var id: UInt64?
    var address: String?
    var localAddress: String?
    var type: ClientType?
    var user: User?
    var skipsMe = true

    mutating func parse(_ arguments: ByteViews, _ access: AccessControl) throws(CommandError) {
        var index = 2
        while index < arguments.count {
            guard index + 1 < arguments.count else { throw .syntaxError }
            let word = arguments[index]
            let value = arguments[index + 1]
            if word.equalsIgnoringCase("id") {
                guard let number = Decimal.parse(value), number > 0 else {
                    throw CommandError("ERR client-id should be greater than 0")
                }
                id = UInt64(number)
            } else if word.equalsIgnoringCase("type") {
                type = try ClientType(value)
            } else if word.equalsIgnoringCase("addr") {
                address = value.text
            } else if word.equalsIgnoringCase("laddr") {
                localAddress = value.text
            } else if word.equalsIgnoringCase("user") {
                guard let named = access.find(value) else {
                    throw CommandError(
                        bytes: Array("ERR No such user '".utf8) + CommandError.shown(value)
                            + Array("'".utf8))
                }
                user = named
            } else if word.equalsIgnoringCase("skipme") {
                if value.equalsIgnoringCase("yes") {
                    skipsMe = true
                } else if value.equalsIgnoringCase("no") {
                    skipsMe = false
                } else {
                    throw .syntaxError
                }
            } else {
                throw .syntaxError
            }
            index += 2
        }
    }

    func matches(_ connection: Connection, me: Session) -> Bool {
        if let id, connection.session.id != id { return false }
        if let address, connection.info.peer != address { return false }
        if let localAddress, connection.info.local != localAddress { return false }
        if let user, connection.session.user !== user { return false }
        if let type, ClientType(of: connection) != type { return false }
        return !(skipsMe && connection.session === me)
    }
}

/// Classes of clients, as CLIENT LIST and KILL name them.
enum ClientType {
    case normal
    /// It has subscribed to something.
    case pubsub
    /// Masters and replicas, of which there are none.
    case replication

    /// The class that a word names.
    init(_ word: ByteView) throws(CommandError) {
        switch word.text.lowercased() {
        case "normal": self = .normal
        case "pubsub": self = .pubsub
        case "master", "replica", "slave": self = .replication
        default:
            throw CommandError(
                bytes: Array("ERR Unknown client type '".utf8) + CommandError.shown(word)
                    + Array("'".utf8))
        }
    }

    /// The class of a client.
    init(of connection: Connection) {
        self = connection.session.isSubscribed ? .pubsub : .normal
    }
}
