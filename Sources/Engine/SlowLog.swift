/// The commands that took longest to execute; SLOWLOG GET reads it.
import Bytes
import Records

/// A bounded list of slow commands, newest first.
public final class SlowLog {
    /// One slow command.
    public struct Item: Sendable {
        /// Rises with every item.
        public let id: Int
        /// When it ended.
        public let time: Deadline
        /// How long it executed.
        public let microseconds: Int
        /// Its arguments, cut as Redis cuts them (32 arguments of 128 bytes).
        public let arguments: [[UInt8]]
        /// Where the client was.
        public let peer: String
        /// Its name.
        public let clientName: [UInt8]
    }

    /// What stands in the place of a secret.
    public static let hidden = Array("(redacted)".utf8)
    /// Newest first.
    public private(set) var items: [Item] = []
    /// What is slow; `.max` is off.
    public var thresholdNanoseconds: UInt64 = 10_000_000
    private var nextID = 0
    /// Tells a session's address; the server sets it.
    public var peer: (Session) -> String = { _ in "" }

    /// Forgets all items.
    public func reset() { items.removeAll() }

    func add(
        _ arguments: ByteViews, hiding secrets: Set<Int>, nanoseconds: UInt64, at time: Deadline,
        session: Session, keeping limit: Int
    ) {
        var kept: [[UInt8]] = []
        let shown = min(arguments.count, 32)
        for index in 0..<shown {
            if index == 31 && arguments.count > 32 {
                kept.append(Array("... (\(arguments.count - 31) more arguments)".utf8))
                break
            }
            let argument = arguments[index]
            if secrets.contains(index) {
                kept.append(SlowLog.hidden)
            } else if argument.count > 128 {
                kept.append(
                    argument[0..<128].array
                        + Array("... (\(argument.count - 128) more bytes)".utf8))
            } else {
                kept.append(argument.array)
            }
        }
        items.insert(
            Item(
                id: nextID, time: time, microseconds: Int(nanoseconds / 1000), arguments: kept,
                peer: peer(session), clientName: session.name), at: 0)
        nextID += 1
        trim(to: limit)
    }

    /// Forgets the oldest beyond `limit`.
    public func trim(to limit: Int) {
        if items.count > limit { items.removeLast(items.count - max(0, limit)) }
    }
}
