/// Replays the commands of a log onto a naive dataset, as few lines as could be right.
import Bytes
import Persistence
import Records

/// Replays a log onto a naive dataset.
public final class NaiveTarget: ReplayTarget {
    /// The dataset.
    public let dataset = NaiveDataset()
    private var database = 0
    private var queued: [[[UInt8]]]?
    /// Commands that were executed.
    public private(set) var executed = 0

    /// A target over an empty dataset.
    public init() {}

    /// Keys present.
    public var keyCount: Int { dataset.keyCount }

    /// Databases of the dataset.
    public var databaseCount: Int { dataset.databases.count }

    /// Puts in the value that `fill` describes.
    public func load(
        _ key: ByteView, database: Int, deadline: Deadline?, fill: (any ValueSink) throws -> Void
    ) throws -> LoadOutcome {
        let builder = NaiveBuilder()
        try fill(builder)
        guard let entry = builder.finish(deadline: deadline) else { return .empty }
        let old = dataset.entry(key.array, database)
        dataset.put(key.array, entry, database)
        return old == nil ? .new : .replaced
    }

    /// Forgets an open transaction.
    public func discardOpenTransaction() { queued = nil }

    /// Executes one command.
    public func replay(_ arguments: ByteViews) -> ReplayOutcome {
        let command = arguments.arrays
        let name = String(decoding: command[0], as: UTF8.self).uppercased()
        switch name {
        case "MULTI":
            queued = []
            return .applied
        case "EXEC":
            let all = queued ?? []
            queued = nil
            for command in all { _ = execute(command) }
            return .applied
        default:
            if queued != nil {
                queued?.append(command)
                return .applied
            }
            return execute(command)
        }
    }

    private func execute(_ command: [[UInt8]]) -> ReplayOutcome {
        executed += 1
        let name = String(decoding: command[0], as: UTF8.self).uppercased()
        let rest = Array(command.dropFirst())
        guard Self.isWellFormed(name, rest) else { return .failed("ERR wrong arguments") }
        return rest.withByteViews { arguments in run(name, arguments) }
    }

    /// Arguments a command needs, and which of them are numbers below a bound.
    private static let shapes: [String: (count: Int, isPaired: Bool, numbers: [Int: Int64])] = [
        "SELECT": (1, false, [0: 16]), "SET": (2, false, [:]), "MSET": (2, true, [:]),
        "APPEND": (2, false, [:]), "SETRANGE": (3, false, [1: 1 << 20]), "DEL": (1, false, [:]),
        "PEXPIREAT": (2, false, [1: .max]), "PERSIST": (1, false, [:]), "RENAME": (2, false, [:]),
        "COPY": (5, false, [3: 16]), "MOVE": (2, false, [1: 16]),
        "SWAPDB": (2, false, [0: 16, 1: 16]),
        "HPEXPIREAT": (5, false, [1: .max]), "HPERSIST": (4, false, [:]),
        "LPUSH": (2, false, [:]), "RPUSH": (2, false, [:]), "LPOP": (1, false, [:]),
        "RPOP": (1, false, [:]), "LSET": (3, false, [1: 1 << 20]), "LINSERT": (4, false, [:]),
        "LTRIM": (3, false, [1: 1 << 20, 2: 1 << 20]), "LREM": (3, false, [:]),
        "LMOVE": (4, false, [:]), "SADD": (2, false, [:]), "SREM": (2, false, [:]),
        "SMOVE": (3, false, [:]), "ZADD": (3, false, [:]), "ZREM": (2, false, [:]),
        "ZREMRANGEBYRANK": (3, false, [1: 1 << 20, 2: 1 << 20]), "XADD": (4, false, [:]),
        "XDEL": (2, false, [:]), "XTRIM": (4, false, [3: 1 << 20]), "XSETID": (6, false, [:]),
        "XGROUP": (3, false, [:]), "XACK": (3, false, [:]), "XCLAIM": (5, false, [:]),
        "HSET": (3, false, [:]), "HMSET": (3, false, [:]), "HDEL": (2, false, [:]),
    ]

    private static func isWellFormed(_ name: String, _ arguments: [[UInt8]]) -> Bool {
        guard let shape = shapes[name] else { return true }
        if arguments.count < shape.count { return false }
        if shape.isPaired && arguments.count % 2 != 0 { return false }
        if name == "ZADD" && arguments.count % 2 == 0 { return false }
        if name.hasPrefix("H") && name.hasSuffix("SET") && arguments.count % 2 == 0 { return false }
        return shape.numbers.allSatisfy { index, bound in
            let number = arguments[index].withByteView { Decimal.parse($0) } ?? -1
            return number >= 0 && number < bound
        }
    }

    private func run(_ name: String, _ arguments: ByteViews) -> ReplayOutcome {
        func number(_ index: Int) -> Int { Int(Decimal.parse(arguments[index]) ?? -1) }
        func change(_ mutation: Mutation) -> ReplayOutcome {
            dataset.apply(mutation, database: database)
            return .applied
        }
        switch name {
        case "SELECT":
            database = number(0)
            return .applied
        case "SET": return set(arguments)
        case "MSET": return change(.setMany(pairs: arguments))
        case "APPEND": return change(.append(key: arguments[0], suffix: arguments[1]))
        case "SETRANGE":
            return change(.setRange(key: arguments[0], offset: number(1), bytes: arguments[2]))
        case "DEL": return change(.deleteMany(keys: arguments))
        case "PEXPIREAT":
            let time = Deadline(millisecondsSinceEpoch: Int64(number(1)))
            return change(.expire(key: arguments[0], deadline: time))
        case "PERSIST": return change(.persist(key: arguments[0]))
        case "RENAME": return change(.rename(key: arguments[0], newKey: arguments[1]))
        case "COPY":
            return change(
                .copy(key: arguments[0], destination: arguments[1], database: number(3)))
        case "MOVE": return change(.move(key: arguments[0], database: number(1)))
        case "SWAPDB": return change(.swapDatabases(number(0), number(1)))
        case "FLUSHDB": return change(.flushDatabase)
        case "FLUSHALL": return change(.flushAll)
        case "HSET", "HMSET":
            return change(.hashSet(key: arguments[0], pairs: arguments.dropFirst(1)))
        case "HDEL":
            return change(.hashDelete(key: arguments[0], fields: arguments.dropFirst(1)))
        default:
            guard !arguments.isEmpty, let mutation = NaiveSpelling.mutation(name, arguments) else {
                return .unknownCommand(name)
            }
            return change(mutation)
        }
    }

    private func set(_ arguments: ByteViews) -> ReplayOutcome {
        let (key, value) = (arguments[0], arguments[1])
        if arguments.count == 3 {
            dataset.apply(.setKeepingDeadline(key: key, value: value), database: database)
        } else {
            let time = arguments.count == 4 ? Decimal.parse(arguments[3]) : nil
            let deadline = time.map { Deadline(millisecondsSinceEpoch: $0) }
            dataset.apply(.set(key: key, value: value, deadline: deadline), database: database)
        }
        return .applied
    }
}
