/// What was denied to whom: ACL LOG, and the counters of INFO.
///
/// The newest comes first. The same thing denied again within a minute, where it is among the newest ones, adds to
/// its entry's count and moves it to the front, so that one broken client doesn't drive the rest out.
///
/// INVARIANT 1: an entry takes a bounded room, whatever a client sent.
import Bytes
import Records

/// The log of denials; see the file's header.
public final class AccessLog {
    /// What was missing.
    public enum Reason: String, Sendable {
        /// The right to run the command.
        case command
        /// The right to use a key.
        case key
        /// The right to use a channel.
        case channel
        /// The right password.
        case auth
    }

    /// One thing that was denied, once or several times.
    public struct Entry: Sendable {
        /// Rises with every entry, never used twice.
        public let id: Int
        /// How often.
        public internal(set) var count = 1
        /// What was missing.
        public let reason: Reason
        /// `toplevel`, or `multi` within a transaction.
        public let context: String
        /// The command, key or channel.
        public let object: [UInt8]
        /// Who asked; for `auth` who he said he was.
        public let username: [UInt8]
        /// The last client that asked, as in CLIENT LIST.
        public internal(set) var client: String
        /// The first time.
        public let created: Deadline
        /// The last time.
        public internal(set) var updated: Deadline

        func isSame(as other: Entry) -> Bool {
            reason == other.reason && context == other.context && object == other.object
                && username == other.username
        }
    }

    /// `acllog-max-len`.
    public var maximumLength = 128 {
        didSet { entries = Array(entries.prefix(maximumLength)) }
    }
    /// The newest first.
    public private(set) var entries: [Entry] = []
    /// Describes a client as CLIENT LIST does.
    public var describe: (Session) -> String = { _ in "" }
    private var nextID = 0

    /// How many entries are looked at for the same thing.
    private static let grouped = 10
    /// For how long the same thing is the same entry.
    private static let groupingMilliseconds: Int64 = 60_000
    /// Bytes of an object or a name that are kept.
    private static let maximumText = 4096

    /// Forgets all.
    public func reset() { entries = [] }

    func add(
        _ reason: Reason, _ object: ByteView, user: ByteView, _ session: Session,
        inTransaction: Bool, at now: Deadline
    ) {
        if maximumLength == 0 { return }
        func kept(_ text: ByteView) -> [UInt8] {
            text[0..<min(text.count, AccessLog.maximumText)].array
        }
        var entry = Entry(
            id: nextID, reason: reason, context: inTransaction ? "multi" : "toplevel",
            object: kept(object), username: kept(user), client: describe(session), created: now,
            updated: now)
        let oldest = now.millisecondsSinceEpoch - AccessLog.groupingMilliseconds
        let place = entries.prefix(AccessLog.grouped).firstIndex {
            $0.isSame(as: entry) && $0.updated.millisecondsSinceEpoch >= oldest
        }
        if let place {
            let client = entry.client
            entry = entries.remove(at: place)
            entry.count += 1
            entry.client = client
            entry.updated = now
        } else {
            nextID += 1
            if entries.count >= maximumLength { entries.removeLast() }
        }
        entries.insert(entry, at: 0)
    }
}
