/// RESTORE key ttl serialized-value [REPLACE] [ABSTTL] [IDLETIME seconds] [FREQ frequency]
///
/// Makes a key from what DUMP gave, here or at a Redis. O(size of the value). Replies OK. Errors: BUSYKEY, a
/// payload of another version or with a wrong checksum, a bad value, numbers, syntax; then nothing has changed.
import Bytes
import RDB
import RESP
import Records

enum RestoreCommand {
    static var spec: CommandSpec {
        CommandSpec(
            "restore", arity: -4, [.write, .denyoom], keys: [KeySpec(["OW", "update"])],
            group: .generic, since: "2.6.0",
            summary:
                "Create a key using the provided serialized value, previously obtained using DUMP.",
            complexity:
                "O(1) to create the new key and additional O(N*M) to reconstruct the serialized value, where N is the number of Redis objects composing the value and M their average size. For small string values the time complexity is thus O(1)+O(1*M) where M is small, so simply O(1). However for sorted set values the complexity is O(N*M*log(N)) because inserting values into sorted sets is O(log(N)).",
            syntax:
                "key ttl serialized-value [REPLACE] [ABSTTL] [IDLETIME seconds] [FREQ frequency]",
            categories: ["keyspace", "dangerous"]
        ) { engine, session, arguments, reply throws(CommandError) in
            let options = try Options(arguments)
            let key = arguments[1]
            let old = engine.locate(key, session)
            if old != nil && !options.replaces {
                throw CommandError("BUSYKEY Target key name already exists.")
            }
            guard let ttl = Decimal.parse(arguments[2]) else { throw .notAnInteger }
            if ttl < 0 { throw CommandError("ERR Invalid TTL value, must be >= 0") }
            let deadline = options.deadline(ttl, now: engine.now)
            let builder = ValueBuilder(engine)
            builder.begin(key, deadline: deadline)
            try decode(arguments[3], into: builder)
            let database = session.database
            if let old {
                engine.remove(old, database: database)
                engine.record(.delete(key: key), database: database)
            }
            if let deadline, deadline < engine.now, !session.isReplay {
                // Born too late: the key is gone before it was there.
                if old != nil { engine.notify(.generic, "del", key, database) }
                reply.ok()
                return
            }
            guard let entry = builder.finish() else {
                throw CommandError("ERR Bad data format")
            }
            engine.put(entry, in: database)
            options.stamp(entry, engine)
            engine.recordMaking(of: entry, database)
            engine.notify(.generic, "restore", key, database)
            reply.ok()
        }
    }

    private static func decode(
        _ bytes: ByteView, into builder: ValueBuilder
    ) throws(CommandError) {
        let payload: DumpPayload
        do throws(RDBError) {
            payload = try DumpPayload(verifying: bytes)
        } catch {
            throw CommandError("ERR DUMP payload version or checksum are wrong")
        }
        do {
            try payload.read(into: builder)
        } catch {
            throw CommandError("ERR Bad data format")
        }
    }

    private struct Options {
        private(set) var replaces = false
        private var isAbsolute = false
        private var idle: Int64?
        private var frequency: Int64?

        init(_ arguments: ByteViews) throws(CommandError) {
            var index = 4
            while index < arguments.count {
                let word = arguments[index]
                let hasValue = index + 1 < arguments.count
                if word.equalsIgnoringCase("replace") {
                    replaces = true
                } else if word.equalsIgnoringCase("absttl") {
                    isAbsolute = true
                } else if word.equalsIgnoringCase("idletime"), hasValue, frequency == nil {
                    guard let seconds = Decimal.parse(arguments[index + 1]) else {
                        throw .notAnInteger
                    }
                    if seconds < 0 {
                        throw CommandError("ERR Invalid IDLETIME value, must be >= 0")
                    }
                    idle = seconds
                    index += 1
                } else if word.equalsIgnoringCase("freq"), hasValue, idle == nil {
                    guard let value = Decimal.parse(arguments[index + 1]) else {
                        throw .notAnInteger
                    }
                    guard (0...255).contains(value) else {
                        throw CommandError("ERR Invalid FREQ value, must be >= 0 and <= 255")
                    }
                    frequency = value
                    index += 1
                } else {
                    throw .syntax
                }
                index += 1
            }
        }

        func deadline(_ ttl: Int64, now: Deadline) -> Deadline? {
            if ttl == 0 { return nil }
            let base = isAbsolute ? 0 : now.millisecondsSinceEpoch
            // As in Redis, a lifetime near the highest number ends before 1970.
            return Deadline(millisecondsSinceEpoch: ttl &+ base)
        }

        func stamp(_ entry: Entry, _ engine: Engine) {
            if let idle { engine.stamp(entry, idleSeconds: idle) }
            if let frequency { engine.stamp(entry, frequency: frequency) }
        }
    }
}

extension Engine {
    /// Records what makes this entry from nothing.
    func recordMaking(of entry: Entry, _ database: Int) {
        let frozen = FrozenEntry(key: entry.key, deadline: entry.deadline, value: entry.frozenValue)
        // Recording never throws.
        try? MutationSpeller().spell(frozen) { record($0, database: database) }
    }
}
