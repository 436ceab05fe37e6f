/// MONITOR's lines: every command that was executed, with time, database and client.
import Bytes
import Engine
import RESP

extension Server {
    /// Tells those who MONITOR of a command.
    func feedMonitors(_ session: Session, _ arguments: ByteViews, hiding secrets: Set<Int>) {
        let now = engine.clock.microsecondsSinceEpoch
        let fraction = String(now % 1_000_000)
        let padded = String(repeating: "0", count: 6 - fraction.count) + fraction
        let own = session.connection as? Connection
        let peer = own?.info.monitorText ?? "?"
        var line = Array("+\(now / 1_000_000).\(padded) [\(session.database) \(peer)]".utf8)
        for index in 0..<arguments.count {
            line += Array(" \"".utf8)
            if secrets.contains(index) {
                line += SlowLog.hidden
            } else {
                for byte in arguments[index] { QuotedBytes.append(byte, to: &line) }
            }
            line.append(UInt8(ascii: "\""))
        }
        line += [13, 10]
        line.withByteView { view in
            for connection in monitors.values {
                if connection === own && !engine.isExecuting {
                    // Behind its own reply, which is still in the writer.
                    reply.bytes.append(view)
                } else {
                    connection.push(view)
                }
            }
        }
    }
}

/// Bytes as Redis prints them between double quotes.
enum QuotedBytes {
    /// Appends one byte, escaped where it isn't printable.
    static func append(_ byte: UInt8, to line: inout [UInt8]) {
        switch byte {
        case UInt8(ascii: "\\"), UInt8(ascii: "\""): line += [UInt8(ascii: "\\"), byte]
        case 10: line += Array("\\n".utf8)
        case 13: line += Array("\\r".utf8)
        case 9: line += Array("\\t".utf8)
        case 7: line += Array("\\a".utf8)
        case 8: line += Array("\\b".utf8)
        case 32...126: line.append(byte)
        default:
            let digits = Array("0123456789abcdef".utf8)
            line += [UInt8(ascii: "\\"), UInt8(ascii: "x")]
            line += [digits[Int(byte >> 4)], digits[Int(byte & 15)]]
        }
    }
}

extension Server {
    func monitorCommand() -> CommandSpec {
        CommandSpec(
            "monitor", arity: 1, [.admin, .noscript, .loading, .stale], group: .server,
            since: "1.0.0", summary: "Listens for all requests received by the server in real-time."
        ) { [unowned self] engine, session, _, reply throws(CommandError) in
            if engine.isExecuting {
                throw CommandError("ERR MONITOR isn't allowed for DENY BLOCKING client")
            }
            monitors[session.id] = try connection(session)
            updateMonitor()
            reply.ok()
        }
    }
}
