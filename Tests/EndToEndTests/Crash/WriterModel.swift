/// What one writer's keys must hold after a crash: the state after some operation it sent, and at least
/// after the last one that was acknowledged.
///
/// INVARIANT 1: a connection's commands are executed in order, so what survives is a prefix of them.
/// INVARIANT 2: every value names its key and its operation, so a value in a wrong place is seen.
/// INVARIANT 3: the two keys of a pair are written by one MULTI, and are never apart.
import TestSupport

/// An operation of a writer's; its number makes its values its own.
enum Operation: Sendable {
    case set(String, Int)
    case increment(String)
    case setField(String, String, Int)
    case delete(String)
    /// Both keys, in one transaction.
    case pair(String, String, Int)
    /// The counter that all writers share.
    case incrementShared

    /// As sent: one command, or MULTI to EXEC.
    var commands: [[String]] {
        switch self {
        case .set(let key, let number): [["SET", key, Self.value(key, number)]]
        case .increment(let key): [["INCR", key]]
        case .setField(let key, let field, let number):
            [["HSET", key, field, Self.value(key + field, number)]]
        case .delete(let key): [["DEL", key]]
        case .pair(let first, let second, let number):
            [
                ["MULTI"], ["SET", first, Self.value(first, number)],
                ["SET", second, Self.value(second, number)], ["EXEC"],
            ]
        case .incrementShared: [["INCR", "shared"]]
        }
    }

    /// Proves its key and number; long enough to be torn now and then.
    static func value(_ key: String, _ number: Int) -> String {
        "\(key)=\(number);" + String(repeating: "\(number % 10)", count: number % 150)
    }
}

/// What the keys of one writer hold.
struct WriterModel: Equatable, Sendable {
    private(set) var strings: [String: String] = [:]
    private(set) var fields: [String: String] = [:]

    mutating func apply(_ operation: Operation) {
        switch operation {
        case .set(let key, let number): strings[key] = Operation.value(key, number)
        case .increment(let key): strings[key] = String((Int(strings[key] ?? "0") ?? 0) + 1)
        case .setField(let key, let field, let number):
            fields[field] = Operation.value(key + field, number)
        case .delete(let key): strings[key] = nil
        case .pair(let first, let second, let number):
            strings[first] = Operation.value(first, number)
            strings[second] = Operation.value(second, number)
        case .incrementShared: break
        }
    }

    /// What the server holds of this writer.
    init(of writer: WriterKeys, from client: RESPClient) throws {
        try client.run("SELECT", "\(writer.database)")
        let values = try client.run([Array("MGET".utf8)] + writer.all.map { Array($0.utf8) })
        for (key, value) in zip(writer.all, values.elements) where value != .null {
            strings[key] = value.text
        }
        let pairs = try client.run("HGETALL", writer.hash).pairs
        for pair in pairs { fields[pair[0].text ?? "?"] = pair[1].text }
    }

    init() {}
}

/// The keys of one writer.
struct WriterKeys: Sendable {
    let index: Int
    var database: Int { index % 3 }
    var hash: String { "w\(index):hash" }
    var counter: String { "w\(index):counter" }
    var pair: (String, String) { ("w\(index):left", "w\(index):right") }
    var plain: [String] { (0..<8).map { "w\(index):key\($0)" } }
    /// All but the hash.
    var all: [String] { plain + [counter, pair.0, pair.1] }

    /// The next operation.
    func draw(_ number: Int, _ generator: inout SeededGenerator) -> Operation {
        let key = plain[Int.random(in: 0..<plain.count, using: &generator)]
        switch Int.random(in: 0..<12, using: &generator) {
        case 0...3: return .set(key, number)
        case 4, 5: return .increment(counter)
        case 6, 7:
            return .setField(hash, "f\(Int.random(in: 0..<40, using: &generator))", number)
        case 8: return .delete(key)
        case 9, 10: return .pair(pair.0, pair.1, number)
        default: return .incrementShared
        }
    }
}
