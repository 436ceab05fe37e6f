/// COMMAND in all its forms, against what a real redis-server says of the same commands.
import TestSupport
import Testing

@testable import Engine

@Suite("COMMAND answers from the declarations", .serialized)
struct CommandInformationTests {
    /// A server's or an engine's way of answering.
    private typealias Ask = ([String]) throws -> RESPValue

    private func compare(_ version: Int, _ body: (_ ours: Ask, _ theirs: Ask) throws -> Void) throws
    {
        guard ServerProcess.executable(.redis) != nil else {
            TestKnobs.skip("no redis-server to compare with")
            return
        }
        let folder = try TemporaryDirectory()
        let server = try ServerProcess(.redis, in: folder.path, arguments: ["--save", ""])
        let client = try server.connect()
        if version == 3 { _ = try client.run("HELLO", "3") }
        let f = EngineFixture(version: version)
        try body(
            { words in f.value(words.map { Array($0.utf8) }) },
            { words in try client.run(words.map { Array($0.utf8) }) })
    }

    /// Sets and subcommands in an order of their own, so that two servers compare equal.
    private func sorted(_ value: RESPValue) -> RESPValue {
        switch value {
        case .array(let values):
            let parts = values.map(sorted)
            // Subcommands and sets are arrays of arrays in RESP2.
            let isUnordered = parts.allSatisfy { $0.elements.count == 10 } && parts.count > 1
            return .array(isUnordered ? parts.sorted { "\($0)" < "\($1)" } : parts)
        case .set(let values):
            return .set(values.map(sorted).sorted { "\($0)" < "\($1)" })
        case .map(let values): return .map(values.map(sorted))
        default: return value
        }
    }

    /// What 7.2 changed, as its documentation says: ZRANK and ZREVRANK take WITHSCORE.
    private static let changed: Set<String> = ["zrank", "zrevrank"]

    /// Our commands that Redis 7.0 has too.
    private func names(_ ours: Ask, _ theirs: Ask) throws -> [String] {
        let names = try ours(["COMMAND", "LIST"]).elements.compactMap(\.text)
        return try names.filter { try theirs(["COMMAND", "INFO", $0]).elements.first != .null }
    }

    @Test("COMMAND INFO is Redis's", arguments: [2, 3])
    func information(version: Int) throws {
        try compare(version) { ours, theirs in
            let names = try names(ours, theirs)
            #expect(names.count >= 80)
            for name in names where !Self.changed.contains(name) {
                let mine = sorted(try ours(["COMMAND", "INFO", name]).elements[0])
                let redis = sorted(try theirs(["COMMAND", "INFO", name]).elements[0])
                #expect(mine == redis, "\(name)")
            }
        }
    }

    @Test("names, filters, keys and mistakes are answered as Redis does", arguments: [2, 3])
    func questions(version: Int) throws {
        try compare(version) { ours, theirs in
            for line in [
                "COMMAND INFO nope get", "COMMAND INFO COMMAND|COUNT nope|x get|x |",
                "COMMAND DOCS nope", "COMMAND COUNT x", "COMMAND FOO", "COMMAND HELP",
                "COMMAND LIST FILTERBY", "COMMAND LIST FILTERBY MODULE",
                "COMMAND LIST FILTERBY MODULE x", "COMMAND LIST FILTERBY ACLCAT nope",
                "COMMAND LIST FILTERBY FOO x", "COMMAND LIST FOO", "COMMAND LIST FOO BAR BAZ",
                "COMMAND LIST FILTERBY PATTERN x[gs]et", "COMMAND LIST FILTERBY ACLCAT @string",
                "COMMAND GETKEYS", "COMMAND GETKEYS FOO a", "COMMAND GETKEYS FOO",
                "COMMAND GETKEYS MULTI", "COMMAND GETKEYS GET", "COMMAND GETKEYS GET a",
                "COMMAND GETKEYS GET a b", "COMMAND GETKEYS MSET a b c d",
                "COMMAND GETKEYS MSET a b c", "COMMAND GETKEYS OBJECT ENCODING a",
                "COMMAND GETKEYS OBJECT FOO", "COMMAND GETKEYS OBJECT HELP",
                "COMMAND GETKEYSANDFLAGS MSET a b c d", "COMMAND GETKEYSANDFLAGS SET a b GET",
                "COMMAND GETKEYSANDFLAGS SET a b", "COMMAND GETKEYSANDFLAGS SET a get b",
                "COMMAND GETKEYSANDFLAGS LCS a b", "COMMAND GETKEYSANDFLAGS RENAME a b",
                "COMMAND GETKEYSANDFLAGS COPY a b REPLACE",
                "COMMAND GETKEYSANDFLAGS BITFIELD a GET u8 0", "COMMAND GETKEYSANDFLAGS BITFIELD a",
                "COMMAND GETKEYSANDFLAGS BITFIELD a SET u8 0 1",
                "COMMAND GETKEYSANDFLAGS BITFIELD a GET u8 0 OVERFLOW SAT INCRBY u8 0 1",
                "COMMAND GETKEYSANDFLAGS BITOP AND a b c",
                "COMMAND GETKEYSANDFLAGS PFMERGE a b c", "COMMAND GETKEYSANDFLAGS PFCOUNT a b",
                "COMMAND GETKEYSANDFLAGS GEOSEARCHSTORE a b FROMMEMBER m BYRADIUS 1 m",
                "COMMAND GETKEYSANDFLAGS GEORADIUS a 1 1 1 m STORE b",
                "COMMAND GETKEYSANDFLAGS GEORADIUSBYMEMBER a m 1 m ASC STOREDIST b",
                "COMMAND GETKEYSANDFLAGS GEORADIUS a 1 1 1 m",
            ] {
                let words = line.split(separator: " ").map(String.init)
                #expect(try ours(words) == theirs(words), "\(line)")
            }
            let known = Set(try names(ours, theirs))
            for category in [
                "string", "transaction", "hash", "list", "set", "sortedset", "bitmap",
                "hyperloglog", "geo",
            ] {
                let words = ["COMMAND", "LIST", "FILTERBY", "ACLCAT", category]
                // Those that 7.0 doesn't have are no mistake.
                let mine = try ours(words).elements.filter { known.contains($0.text ?? "") }
                #expect(try Set(mine) == Set(theirs(words).elements), "\(category)")
            }
        }
    }

    /// One argument's description without what the documentation's notation doesn't tell.
    private func told(_ argument: RESPValue) -> RESPValue {
        var kept: [RESPValue] = []
        let isGroup = argument.elements.contains { ["oneof", "block"].contains($0.text ?? "") }
        for place in stride(from: 0, to: argument.elements.count, by: 2) {
            let name = argument.elements[place].text ?? ""
            if ["since", "summary", "deprecated_since", "key_spec_index"].contains(name) {
                continue
            }
            // A group has a name of the documentation's choice.
            if name == "name" && isGroup { continue }
            let value = argument.elements[place + 1]
            kept.append(argument.elements[place])
            kept.append(name == "arguments" ? .array(value.elements.map(told)) : sorted(value))
        }
        return .map(kept)
    }

    @Test("COMMAND DOCS describes arguments as Redis does, as far as the notation tells")
    func documentation() throws {
        // Where Redis 7.0 itself strays from its notation, or the name in it.
        let strays = Self.changed.union([
            "lcs", "xrange", "xrevrange", "xread", "xreadgroup", "xtrim", "xpending", "xclaim",
            "xautoclaim", "xadd", "xsetid", "zadd", "sort", "sort_ro", "geoadd", "setbit",
            "bitfield", "bitfield_ro", "geosearch", "geosearchstore",
        ])
        try compare(3) { ours, theirs in
            for name in try names(ours, theirs) where !name.contains("|") && !strays.contains(name)
            {
                let mine = try ours(["COMMAND", "DOCS", name]).elements
                let redis = try theirs(["COMMAND", "DOCS", name]).elements
                #expect(mine.count == 2 && mine[0] == redis[0])
                func field(_ value: RESPValue, _ field: String) -> RESPValue? {
                    let index = value.elements.firstIndex { $0.text == field }
                    return index.map { value.elements[$0 + 1] }
                }
                for same in ["since", "group", "doc_flags", "deprecated_since", "replaced_by"] {
                    #expect(field(mine[1], same) == field(redis[1], same), "\(name) \(same)")
                }
                let arguments = field(mine[1], "arguments")?.elements.map(told)
                #expect(arguments == field(redis[1], "arguments")?.elements.map(told), "\(name)")
                #expect(field(mine[1], "summary")?.text?.isEmpty == false)
            }
        }
    }

    @Test("COMMAND and its forms without names speak of every command")
    func everything() {
        let f = EngineFixture(version: 3)
        let count = f.engine.commands.all.count
        let command = { (words: [String]) in f.value(words.map { Array($0.utf8) }) }
        #expect(command(["COMMAND", "COUNT"]) == .integer(count))
        #expect(command(["COMMAND"]).elements.count == count)
        #expect(command(["COMMAND", "INFO"]).elements.count == count)
        #expect(command(["COMMAND", "DOCS"]).elements.count == 2 * count)
        #expect(command(["COMMAND", "LIST"]).elements.count > count)
    }
}
