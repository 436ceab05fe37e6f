/// MIGRATE host port <key | ""> destination-db timeout [COPY] [REPLACE] [AUTH password | AUTH2 username password]
///     [KEYS key [key ...]]
///
/// Moves keys to another server: DUMP here, RESTORE there, and each key that arrived is deleted here. As with
/// Redis this server answers nobody meanwhile, `timeout` milliseconds a step at most. O(size of the values). Replies OK,
/// NOKEY where no key is there. Errors: IOERR, what the target answers, syntax.
import Bytes
import Engine
import RESP
import Records

extension Server {
    func migrateCommand() -> CommandSpec {
        CommandSpec(
            "migrate", arity: -6, [.write, .movablekeys],
            keys: [
                KeySpec(["RW", "access", "delete"], first: 3),
                .behind("KEYS", ["RW", "access", "delete", "incomplete"], from: -2),
            ], group: .generic, since: "2.6.0",
            summary: "Atomically transfer a key from a Redis instance to another one.",
            complexity:
                "This command actually executes a DUMP+DEL in the source instance, and a RESTORE in the target instance. See the pages of these commands for time complexity. Also an O(N) data transfer between the two instances is performed.",
            syntax:
                "host port <key | \"\"> destination-db timeout [COPY] [REPLACE] [AUTH password | AUTH2 username password] [KEYS key [key ...]]",
            tips: ["nondeterministic_output"], categories: ["keyspace", "dangerous"]
        ) { [unowned self] _, session, arguments, reply throws(CommandError) in
            let order = try MigrationOrder(arguments)
            let payloads = engine.migrationPayloads(order.keys, session)
            if payloads.isEmpty {
                reply.simple("NOKEY")
                return
            }
            do throws(MigrationFailure) {
                try migrate(order, payloads, session, reply)
            } catch {
                let step =
                    switch error {
                    case .connecting: "connecting to the client"
                    case .writing: "writing to target instance"
                    case .reading: "reading to target instance"
                    }
                throw CommandError("IOERR error or timeout \(step)")
            }
        }
    }

    private func migrate(
        _ order: MigrationOrder, _ payloads: [MigrationPayload], _ session: Session,
        _ reply: ReplyWriter
    ) throws(MigrationFailure) {
        var link = try MigrationLink(host: order.host, port: order.port, timeout: order.timeout)
        let request = ByteWriter(capacity: 64 << 10)
        var greetings = 0
        if let credentials = order.credentials {
            request.append(request: [Array("AUTH".utf8)] + credentials)
            greetings += 1
        }
        request.append(request: [Array("SELECT".utf8), Array("\(order.database)".utf8)])
        greetings += 1
        for payload in payloads {
            var words = [
                Array("RESTORE".utf8), payload.key, Array("\(payload.ttl)".utf8), payload.bytes,
            ]
            if order.replaces { words.append(Array("REPLACE".utf8)) }
            request.append(request: words)
        }
        try link.send(request.view)
        var problem: [UInt8]?
        for _ in 0..<greetings {
            let line = try link.line()
            if line.first == UInt8(ascii: "-"), problem == nil { problem = line }
        }
        for payload in payloads {
            let line = try link.line()
            if line.first == UInt8(ascii: "-") {
                if problem == nil { problem = line }
            } else if !order.copies && problem == nil {
                // It is there: from now on it isn't here.
                engine.deleteMigrated(payload.key, session)
            }
        }
        if let problem {
            reply.error(
                Array("ERR Target instance replied with error: ".utf8) + problem.dropFirst(1))
        } else {
            reply.ok()
        }
    }
}

/// What MIGRATE was told.
struct MigrationOrder {
    let host: String
    let port: Int
    let database: Int
    let timeout: Int
    private(set) var copies = false
    private(set) var replaces = false
    private(set) var credentials: [[UInt8]]?
    private(set) var keys: [[UInt8]]

    init(_ arguments: ByteViews) throws(CommandError) {
        host = arguments[1].text
        keys = [arguments[3].array]
        var index = 6
        while index < arguments.count {
            let word = arguments[index]
            let left = arguments.count - index - 1
            if word.equalsIgnoringCase("copy") {
                copies = true
            } else if word.equalsIgnoringCase("replace") {
                replaces = true
            } else if word.equalsIgnoringCase("auth"), left >= 1 {
                credentials = [arguments[index + 1].array]
                index += 1
            } else if word.equalsIgnoringCase("auth2"), left >= 2 {
                credentials = [arguments[index + 1].array, arguments[index + 2].array]
                index += 2
            } else if word.equalsIgnoringCase("keys") {
                guard arguments[3].isEmpty else {
                    throw CommandError(
                        "ERR When using MIGRATE KEYS option, the key argument must be set to the empty string"
                    )
                }
                keys = arguments.dropFirst(index + 1).arrays
                break
            } else {
                throw CommandError("ERR syntax error")
            }
            index += 1
        }
        guard let timeout = Decimal.parse(arguments[5]), let database = Decimal.parse(arguments[4])
        else { throw CommandError("ERR value is not an integer or out of range") }
        port = Int(Decimal.parse(arguments[2]) ?? 0)
        self.database = Int(database)
        self.timeout = timeout <= 0 ? 1000 : Int(min(timeout, Int64(Int32.max)))
    }
}
