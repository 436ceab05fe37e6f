/// Where the commands and values of a log go, and what is known on the way.
///
/// Groups of ours are applied in batches that the target is told about beforehand; what a plain Redis wrote,
/// one by one. Errors that commands answer are only noted, as Redis does; an unknown command ends the start.
///
/// Threads: the loading thread.
import Bytes
import Persistence
import RESP

/// Where the commands go, and what is known on the way; shared by the files of one log.
final class LogReplay {
    let target: any ReplayTarget
    private(set) var parser = RequestParser()
    /// Sequence of the last mutation applied.
    var sequence: UInt64 = 0
    /// Whether `sequence` is known: not before the first file of ours in a foreign manifest.
    var isSequenceKnown = true
    /// Database in force.
    var database = 0
    var commands = 0
    var warnings: [String] = []
    private var failures = 0
    private static let batch = 32
    private var tables: [ArgumentTable] = (0..<batch).map { _ in ArgumentTable() }
    private var starts = [Int](repeating: 0, count: batch)

    init(target: any ReplayTarget) {
        self.target = target
        forgetUnfinished()
    }

    /// The parser forgets a command that never ended.
    func forgetUnfinished() {
        parser = RequestParser()
        parser.limits.maximumArguments = .max
        parser.limits.maximumBulkBytes = 1 << 40
    }

    /// What stands at the front of some bytes.
    enum Step {
        /// A whole command, now in the parser's table.
        case command(length: Int)
        /// The bytes end before the command does.
        case incomplete
        /// No command.
        case invalid
    }

    /// Reads the command at the front of `bytes`; after `.incomplete` the same bytes come again, grown.
    @inline(__always)
    func parse(_ bytes: ByteView) -> Step {
        do throws(RESPError) {
            switch try parser.parse(bytes) {
            case .request(let consumed): return .command(length: consumed)
            case .nothing: return .invalid
            case .needsMore: return .incomplete
            }
        } catch {
            return .invalid
        }
    }

    /// Applies the command in the parser's table.
    @inline(__always)
    func apply(path: String, offset: Int) throws(PersistenceError) {
        try apply(parser.arguments.views, path: path, offset: offset)
    }

    /// Applies all commands of a group, a batch ahead parsed and told to the target, so that the memory
    /// they need is on its way.
    ///
    /// - Returns: false where the bytes aren't whole commands.
    func applyAll(
        _ payload: ByteView, path: String, offset: Int
    ) throws(PersistenceError) -> Bool {
        var position = 0
        while position < payload.count {
            let rest = payload.dropFirst(position)
            let (count, length) = takeBatch(rest)
            if count < Self.batch && length < rest.count { return false }
            for index in 0..<count {
                try apply(
                    tables[index].views, path: path, offset: offset + position + starts[index])
            }
            position += length
        }
        return true
    }

    /// Parses the whole commands at the front of `bytes`, at most a batch, and tells the target of them.
    ///
    /// - Returns: how many they are, and their bytes.
    @inline(__always)
    private func takeBatch(_ bytes: ByteView) -> (count: Int, length: Int) {
        var position = 0
        var count = 0
        while count < Self.batch && position < bytes.count && bytes[position] == UInt8(ascii: "*") {
            guard case .command(let length) = parse(bytes.dropFirst(position)) else {
                forgetUnfinished()
                break
            }
            starts[count] = position
            parser.take(&tables[count])
            target.expect(tables[count].views)
            position += length
            count += 1
        }
        target.expectationsEnd()
        return (count, position)
    }

    /// Applies the whole commands at the front of `bytes`, at most a batch, parsed and told to the target ahead.
    ///
    /// - Parameter each: told each command's name and offset in the file before it is applied.
    /// - Returns: bytes of those commands; 0 where the first isn't whole, or is none.
    func applyFront(
        _ bytes: ByteView, path: String, offset: Int, each: (ByteView, Int) -> Void
    ) throws(PersistenceError) -> Int {
        let (count, length) = takeBatch(bytes)
        for index in 0..<count {
            let arguments = tables[index].views
            each(arguments[0], offset + starts[index])
            try apply(arguments, path: path, offset: offset + starts[index])
        }
        return length
    }

    /// Goes to database 0, where a plain Redis begins each file.
    func selectFirst() {
        database = 0
        let select = [Array("SELECT".utf8), Array("0".utf8)]
        _ = select.withByteViews { target.replay($0) }
    }

    @inline(__always)
    private func apply(
        _ arguments: ByteViews, path: String, offset: Int
    ) throws(PersistenceError) {
        commands &+= 1
        let outcome = target.replay(arguments)
        if arguments.count == 2 && arguments[0].equalsIgnoringCase("select") {
            database = Int(Decimal.parse(arguments[1]) ?? Int64(database))
        }
        if case .applied = outcome { return }
        try note(outcome, path, offset)
    }

    private func note(
        _ outcome: ReplayOutcome, _ path: String, _ offset: Int
    ) throws(PersistenceError) {
        switch outcome {
        case .applied: return
        case .failed(let text):
            failures += 1
            if failures <= 10 {
                warnings.append(
                    "A command of the log answered '\(text)' (\(path), offset \(offset))")
            }
        case .unknownCommand(let name):
            throw PersistenceError(
                .unsupportedFormat, "Unknown command '\(name)' reading the append only file",
                path: path, offset: offset,
                remedy: "Load it with the server that wrote it, or a later version of this one")
        }
    }
}
