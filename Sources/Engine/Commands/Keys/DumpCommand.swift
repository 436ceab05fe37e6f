/// DUMP key
///
/// The value of a key as bytes that RESTORE takes, here or at a Redis 7: Redis's own payload, with the version of its
/// encoding and a checksum behind. O(size of the value). Replies nil where the key is absent.
import Bytes
import RDB
import RESP

enum DumpCommand {
    static var spec: CommandSpec {
        CommandSpec(
            "dump", arity: 2, [.readonly], keys: [.read], group: .generic, since: "2.6.0",
            summary:
                "Return a serialized version of the value stored at the specified key.",
            complexity:
                "O(1) to access the key and additional O(N*M) to serialize it, where N is the number of Redis objects composing the value and M their average size. For small string values the time complexity is thus O(1)+O(1*M) where M is small, so simply O(1).",
            syntax: "key", tips: ["nondeterministic_output"]
        ) { engine, session, arguments, reply throws(CommandError) in
            guard let entry = engine.read(arguments[1], session, stamps: false) else {
                reply.null()
                return
            }
            let payload = engine.dumpPayload(of: entry)
            withExtendedLifetime(payload) { reply.bulk(payload.view) }
        }
    }
}

extension Engine {
    /// What DUMP answers for an entry.
    func dumpPayload(of entry: Entry) -> ByteWriter {
        let payload = ByteWriter(capacity: 1024)
        // A frozen value can be walked: nothing is thrown.
        try? DumpPayload.append(entry.frozenValue, to: payload)
        return payload
    }
}

/// A key that MIGRATE sends.
public struct MigrationPayload {
    /// The key.
    public let key: [UInt8]
    /// Milliseconds that it has to live; 0: for ever.
    public let ttl: Int64
    /// What RESTORE takes.
    public let bytes: [UInt8]
}

extension Engine {
    /// The keys of these that are there, as MIGRATE sends them.
    public func migrationPayloads(_ keys: [[UInt8]], _ session: Session) -> [MigrationPayload] {
        keys.compactMap { key in
            key.withByteView { view in
                guard let entry = read(view, session) else { return nil }
                let left = entry.deadline.map {
                    max(1, $0.millisecondsSinceEpoch - now.millisecondsSinceEpoch)
                }
                return MigrationPayload(
                    key: key, ttl: left ?? 0, bytes: dumpPayload(of: entry).array)
            }
        }
    }

    /// Deletes a key that has arrived elsewhere.
    public func deleteMigrated(_ key: [UInt8], _ session: Session) {
        key.withByteView { view in
            guard let position = locate(view, session) else { return }
            remove(position, database: session.database)
            record(.delete(key: view), database: session.database)
            notify(.generic, "del", view, session.database)
        }
    }
}
