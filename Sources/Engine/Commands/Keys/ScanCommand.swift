/// SCAN cursor [MATCH pattern] [COUNT count] [TYPE type]
///
/// Hands the keys out a few segments at a time. A key present throughout the whole scan is handed
/// out, whatever changes in between. O(1) a call, O(n) for all. Replies the next cursor (0: done) and keys.
import Bytes
import RESP

enum ScanCommand {
    static var spec: CommandSpec {
        CommandSpec(
            "scan", arity: -2, [.readonly], group: .generic, since: "2.8.0",
            summary: "Iterates over the key names in the database.",
            complexity: "O(1) for every call. O(N) for a complete iteration.",
            syntax: "cursor [MATCH pattern] [COUNT count] [TYPE type]",
            tips: ["nondeterministic_output", "request_policy:special"]
        ) { engine, session, arguments, reply throws(CommandError) in
            let cursor = try ScanOptions.cursor(arguments[1])
            let options = try ScanOptions(arguments, from: 2, allowsType: true)
            let found = ByteWriter(capacity: 4096)
            let inner = ReplyWriter(writingTo: found)
            var count = 0
            let next = engine.table(session).scan(
                from: cursor, limit: options.count, engine.heap
            ) { entry in
                guard options.matches(entry.key), options.matches(entry.kind) else { return }
                // The look at an expired one has it deleted after the command.
                if engine.isExpired(entry), engine.peek(entry.key, session) == nil { return }
                inner.bulk(entry.key)
                count += 1
            }
            reply.scanResult(next, count: count, found)
        }
    }
}

/// The options that all SCAN commands share.
struct ScanOptions {
    private(set) var count = 10
    private(set) var pattern: ByteView?
    private(set) var type: ByteView?
    private(set) var omitsValues = false

    init(
        _ arguments: ByteViews, from start: Int, allowsType: Bool = false,
        allowsNoValues: Bool = false
    ) throws(CommandError) {
        var index = start
        while index < arguments.count {
            let word = arguments[index]
            if allowsNoValues && word.equalsIgnoringCase("novalues") {
                omitsValues = true
                index += 1
                continue
            }
            guard index + 1 < arguments.count else { throw .syntax }
            let value = arguments[index + 1]
            if word.equalsIgnoringCase("count") {
                guard let number = Decimal.parse(value) else { throw .notAnInteger }
                guard number >= 1 else { throw .syntax }
                count = Int(number)
            } else if word.equalsIgnoringCase("match") {
                pattern = value.count == 1 && value[0] == UInt8(ascii: "*") ? nil : value
            } else if allowsType && word.equalsIgnoringCase("type") {
                type = value
            } else {
                throw .syntax
            }
            index += 2
        }
    }

    /// The place where a scan goes on.
    static func cursor(_ text: ByteView) throws(CommandError) -> UInt64 {
        // Read as C's strtoul reads it: up to a NUL, a sign allowed, nothing at all is 0.
        var digits = text[0..<(text.firstIndex(of: 0) ?? text.count)]
        let isNegative = digits.count > 1 && digits[0] == UInt8(ascii: "-")
        if isNegative || digits.count > 1 && digits[0] == UInt8(ascii: "+") {
            digits = digits.dropFirst(1)
        }
        if digits.isEmpty { return 0 }
        guard digits.allSatisfy({ $0 &- 48 < 10 }), let cursor = UInt64(digits.text) else {
            throw CommandError("ERR invalid cursor")
        }
        return isNegative ? 0 &- cursor : cursor
    }

    func matches(_ key: ByteView) -> Bool {
        pattern.map { GlobPattern.matches($0, key) } ?? true
    }

    func matches(_ kind: EntryKind) -> Bool {
        type?.equalsIgnoringCase(kind.typeName) ?? true
    }
}

extension ReplyWriter {
    /// The reply of a SCAN: the next cursor, and elements already written.
    func scanResult(_ cursor: UInt64, count: Int, _ elements: ByteWriter) {
        array(2)
        bulk(decimal: Int64(cursor))
        array(count)
        bytes.append(elements.view)
    }
}
