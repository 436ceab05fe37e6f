/// LCS key1 key2 [LEN] [IDX] [MINMATCHLEN min-match-len] [WITHMATCHLEN]
///
/// The longest common subsequence of two strings; an absent key is the empty string. O(N*M) time and
/// memory. Replies the subsequence; its length (LEN); or where it lies in both (IDX: a map of `matches`, the
/// last first, and `len`). Errors: a key of another type, syntax, IDX with LEN, too much memory.
import Bytes
import RESP

enum LcsCommand {
    static var spec: CommandSpec {
        CommandSpec(
            "lcs", arity: -3, [.readonly], keys: [KeySpec(["RO", "access"], last: 2)],
            group: .string, since: "7.0.0",
            summary: "Finds the longest common subsequence of two strings.",
            complexity: "O(N*M) where N and M are the lengths of s1 and s2, respectively",
            syntax: "key1 key2 [LEN] [IDX] [MINMATCHLEN min-match-len] [WITHMATCHLEN]"
        ) { engine, session, arguments, reply throws(CommandError) in
            let entries = (engine.read(arguments[1], session), engine.read(arguments[2], session))
            let first = try string(entries.0, engine)
            let second = try string(entries.1, engine)
            let options = try Options(arguments)
            let cells = (first.count + 1).multipliedReportingOverflow(by: second.count + 1)
            if cells.overflow || cells.partialValue > engine.settings.maximumStringBytes / 4 {
                throw .transientMemory
            }
            let lengths = CommonLengths(first, second)
            if options.answersLength {
                reply.integer(lengths.total)
            } else if options.answersIndexes {
                write(lengths, lengths.runs(first, second), options, reply)
            } else {
                var common: [UInt8] = []
                for run in lengths.runs(first, second).reversed() {
                    common += first[run.first..<(run.first + run.count)]
                }
                reply.bulk(common)
            }
        }
    }

    private static func string(_ entry: Entry?, _ engine: Engine) throws(CommandError) -> [UInt8] {
        guard let entry else { return [] }
        if !entry.kind.isString { throw .noStrings }
        return try engine.text(of: entry).array
    }

    private static func write(
        _ lengths: CommonLengths, _ runs: [CommonLengths.Run], _ options: Options,
        _ reply: ReplyWriter
    ) {
        let shown = runs.filter { $0.count >= options.minimumRun }
        reply.map(2)
        reply.bulk(text: "matches")
        reply.array(shown.count)
        for run in shown {
            reply.array(options.showsRunLengths ? 3 : 2)
            for start in [run.first, run.second] {
                reply.array(2)
                reply.integer(start)
                reply.integer(start + run.count - 1)
            }
            if options.showsRunLengths { reply.integer(run.count) }
        }
        reply.bulk(text: "len")
        reply.integer(lengths.total)
    }

    private struct Options {
        var answersLength = false
        var answersIndexes = false
        var showsRunLengths = false
        var minimumRun: Int64 = 0

        init(_ arguments: ByteViews) throws(CommandError) {
            var index = 3
            while index < arguments.count {
                let word = arguments[index]
                index += 1
                if word.equalsIgnoringCase("idx") {
                    answersIndexes = true
                } else if word.equalsIgnoringCase("len") {
                    answersLength = true
                } else if word.equalsIgnoringCase("withmatchlen") {
                    showsRunLengths = true
                } else if word.equalsIgnoringCase("minmatchlen"), index < arguments.count {
                    guard let run = Decimal.parse(arguments[index]) else { throw .notAnInteger }
                    minimumRun = run
                    index += 1
                } else {
                    throw .syntax
                }
            }
            if answersLength && answersIndexes { throw .lengthAndIndexes }
        }
    }
}

/// The table of dynamic programming: the length of the longest common subsequence of all prefixes.
private struct CommonLengths {
    /// Bytes that follow one another in both strings.
    struct Run {
        /// Where it begins in the first string.
        var first: Int
        /// Where it begins in the second.
        var second: Int
        var count: Int
    }

    private let width: Int
    private let cells: [UInt32]

    init(_ first: [UInt8], _ second: [UInt8]) {
        let width = second.count + 1
        var cells = [UInt32](repeating: 0, count: (first.count + 1) * width)
        for row in 0..<first.count {
            let byte = first[row]
            let above = row * width
            for column in 0..<second.count {
                cells[above + width + column + 1] =
                    byte == second[column]
                    ? cells[above + column] + 1
                    : max(cells[above + column + 1], cells[above + width + column])
            }
        }
        self.width = width
        self.cells = cells
    }

    /// The length for the whole strings.
    var total: Int { Int(cells[cells.count - 1]) }

    /// The runs of one longest subsequence, the last first. Of several the one that Redis finds: where
    /// both ways are as long, the second string is shortened.
    func runs(_ first: [UInt8], _ second: [UInt8]) -> [Run] {
        var runs: [Run] = []
        var row = first.count
        var column = second.count
        var isOpen = false
        while row > 0 && column > 0 {
            if first[row - 1] == second[column - 1] {
                row -= 1
                column -= 1
                if isOpen, let last = runs.indices.last {
                    runs[last] = Run(first: row, second: column, count: runs[last].count + 1)
                } else {
                    runs.append(Run(first: row, second: column, count: 1))
                    isOpen = true
                }
            } else {
                isOpen = false
                if cells[(row - 1) * width + column] > cells[row * width + column - 1] {
                    row -= 1
                } else {
                    column -= 1
                }
            }
        }
        return runs
    }
}
