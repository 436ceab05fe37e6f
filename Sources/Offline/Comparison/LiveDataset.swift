/// The entries of a running server: any Redis, by SCAN and DUMP; ours, by HOLDFAST DIGEST where that is enough.
///
/// A server that is written to meanwhile is a moving target: what differs may have been changed since. Keys that SCAN
/// answers twice count once: their names are kept in memory.
import Bytes
import Digest
import Persistence
import RDB
import Records

/// Reads a running server; see the file's header.
public final class LiveDataset: EntrySource {
    /// The address.
    public let title: String
    /// Whether the server tells deadlines to the millisecond (Redis 7 and later).
    public let tellsDeadlines: Bool
    private let link: RESPLink
    private let onlyDatabase: Int?
    private let value = GatheredValue()
    private static let page = 500

    /// Connects.
    ///
    /// - Throws: `ToolFailure` (can't compare).
    public init(_ address: ServerAddress) throws(ToolFailure) {
        title = address.text
        onlyDatabase = address.database
        link = try RESPLink(address)
        if case .error(let text) = try link.run(["PEXPIRETIME", "holdfast:no such key"]) {
            if !text.hasPrefix("ERR unknown command") {
                throw ToolFailure(.unusable, "\(address.text): \(text)")
            }
            tellsDeadlines = false
        } else {
            tellsDeadlines = true
        }
    }

    /// The digest that a server of ours computes of all its data.
    public var knownRoot: Hash256? {
        get throws {
            if onlyDatabase != nil { return nil }
            guard case .array(let items) = try link.run(["HOLDFAST", "DIGEST"]) else { return nil }
            for index in stride(from: 0, to: items.count - 1, by: 2)
            where items[index].text == "digest" {
                if case .bulk(let text) = items[index + 1] {
                    return text.withByteView { Hash256(hex: $0) }
                }
            }
            return nil
        }
    }

    /// Databases with keys, as INFO tells.
    private func databases() throws -> [Int] {
        if let onlyDatabase { return [onlyDatabase] }
        guard let text = try link.run(["INFO", "keyspace"]).text else {
            throw ToolFailure(.unusable, "\(title): INFO isn't answered")
        }
        return text.split(whereSeparator: \.isNewline).compactMap { line in
            guard line.hasPrefix("db"), let colon = line.firstIndex(of: ":") else { return nil }
            return Int(line[line.index(line.startIndex, offsetBy: 2)..<colon])
        }.sorted()
    }

    /// By SCAN and DUMP.
    public func forEachEntry(_ visit: (Int, FrozenEntry) throws -> Void) throws {
        for database in try databases() {
            try select(database)
            var seen: Set<[UInt8]> = []
            var cursor = "0"
            repeat {
                let reply = try link.run(["SCAN", cursor, "COUNT", "\(Self.page)"])
                guard case .array(let parts) = reply, parts.count == 2,
                    let next = parts[0].text, case .array(let items) = parts[1]
                else { throw ToolFailure(.unusable, "\(title): SCAN isn't answered: \(reply)") }
                let names = items.compactMap { item -> [UInt8]? in
                    if case .bulk(let name) = item { return name }
                    return nil
                }.filter { seen.insert($0).inserted }
                try fetch(names, database, visit)
                cursor = next
            } while cursor != "0"
        }
    }

    /// By DUMP.
    public func forEachEntry(
        of keys: Set<DatasetKey>, _ visit: (Int, FrozenEntry) throws -> Void
    ) throws {
        for database in Set(keys.map(\.database)).sorted() {
            try select(database)
            try fetch(keys.filter { $0.database == database }.map(\.name), database, visit)
        }
    }

    private func select(_ database: Int) throws {
        if case .error(let text) = try link.run(["SELECT", "\(database)"]) {
            throw ToolFailure(.unusable, "\(title): \(text)")
        }
    }

    private func fetch(
        _ names: [[UInt8]], _ database: Int, _ visit: (Int, FrozenEntry) throws -> Void
    ) throws {
        if names.isEmpty { return }
        let command = Array((tellsDeadlines ? "PEXPIRETIME" : "EXISTS").utf8)
        let replies = try link.run(
            many: names.flatMap { [[Array("DUMP".utf8), $0], [command, $0]] })
        for (index, name) in names.enumerated() {
            // Gone meanwhile.
            guard case .bulk(let payload) = replies[2 * index] else {
                if case .error(let text) = replies[2 * index] {
                    throw ToolFailure(.unusable, "\(title): DUMP: \(text)")
                }
                continue
            }
            var deadline: Deadline?
            if tellsDeadlines, case .integer(let time) = replies[2 * index + 1], time >= 0 {
                deadline = Deadline(millisecondsSinceEpoch: Int64(time))
            }
            try show(name, payload, deadline, database, visit)
        }
    }

    private func show(
        _ name: [UInt8], _ payload: [UInt8], _ deadline: Deadline?, _ database: Int,
        _ visit: (Int, FrozenEntry) throws -> Void
    ) throws {
        value.reset()
        do throws(RDBError) {
            try payload.withByteView { (view) throws(RDBError) in
                let payload = try DumpPayload(verifying: view)
                do {
                    try payload.read(into: value)
                } catch let error as RDBError {
                    throw error
                } catch {
                    throw RDBError(.corrupt, "\(error)")
                }
            }
        } catch {
            throw ToolFailure(
                .unusable, "\(title): the value of \(KeyText.quoted(name)) can't be read: \(error)")
        }
        guard let frozen = value.frozen else { return }
        try name.withByteView { (key) throws in
            try visit(database, FrozenEntry(key: key, deadline: deadline, value: frozen))
        }
    }
}
