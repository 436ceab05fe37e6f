/// Finds a command by its name: one probe of a small table, no String, no allocation.
///
/// A name of up to 16 letters is read as two words in lower case; a longer one falls back to comparing
/// bytes. Built once from the declarations; `rename-command` rebuilds it.
import Bytes

/// A command as the dispatcher holds it, with its figures.
public final class Command {
    /// The declaration.
    public let spec: CommandSpec
    /// `get`, or `client|list` for a subcommand.
    public let fullName: String
    /// Subcommands by their word.
    public let subcommands: [String: Command]
    /// The declaration's flags, close at hand.
    public let flags: CommandFlags
    /// Its place in sets of commands.
    let number: Int
    /// All its keys are at places that the declaration says.
    let hasFixedKeys: Bool
    let isContainer: Bool
    let arity: Int
    let handler: CommandHandler
    /// A container whose words may follow this command too.
    fileprivate(set) var sharedWords: Command? { didSet { hasWords = true } }
    /// What follows the name may decide which command it is.
    private(set) var hasWords: Bool
    /// Executions.
    public internal(set) var calls = 0
    /// Time spent executing, in nanoseconds.
    public internal(set) var nanoseconds: UInt64 = 0
    /// Refused before execution (arity, OOM, ...).
    public internal(set) var rejectedCalls = 0
    /// Ended with an error.
    public internal(set) var failedCalls = 0

    /// How long the executions took, for LATENCY HISTOGRAM.
    public internal(set) var latency = LatencyHistogram()

    init(_ spec: CommandSpec, parent: String? = nil, next: inout Int) {
        self.spec = spec
        number = next
        next += 1
        hasFixedKeys = spec.keyPlaces == nil && spec.keys.allSatisfy { $0.search == .range }
        let fullName = parent.map { "\($0)|\(spec.name)" } ?? spec.name
        self.fullName = fullName
        var children: [String: Command] = [:]
        for child in spec.subcommands {
            children[child.name] = Command(child, parent: fullName, next: &next)
        }
        subcommands = children
        flags = spec.flags
        isContainer = !children.isEmpty
        hasWords = isContainer
        arity = spec.arity
        handler = spec.handler
    }

    /// Forgets the figures: CONFIG RESETSTAT.
    public func resetStatistics() {
        calls = 0
        nanoseconds = 0
        rejectedCalls = 0
        failedCalls = 0
        latency = LatencyHistogram()
        for child in subcommands.values { child.resetStatistics() }
    }

    /// Whether `count` arguments, the name included, suit the declared arity.
    @inline(__always)
    func accepts(argumentCount count: Int) -> Bool {
        arity >= 0 ? count == arity : count >= -arity
    }
}

/// All commands by name.
public final class CommandTable {
    private struct Place {
        var low: UInt64
        var high: UInt64
        var command: Command?
    }

    private var places: [Place]
    private var mask: Int
    private var byName: [String: Command] = [:]
    /// Commands by the names that they were declared with.
    private var originals: [String: Command] = [:]
    private var nextNumber = 0
    private var knownVocabulary: AccessVocabulary?

    /// The commands of these declarations.
    public init(_ specs: [CommandSpec]) {
        places = []
        mask = 0
        add(specs)
    }

    /// The names that rules of users may use: those of the declarations, whatever `rename-command` did.
    var vocabulary: AccessVocabulary {
        if let knownVocabulary { return knownVocabulary }
        let vocabulary = AccessVocabulary(Array(originals.values))
        knownVocabulary = vocabulary
        return vocabulary
    }

    /// All commands, containers without their subcommands, in no order.
    public var all: [Command] { Array(byName.values) }

    /// Adds the declarations of another family.
    public func add(_ specs: [CommandSpec]) {
        for spec in specs {
            let command = Command(spec, next: &nextNumber)
            byName[spec.name] = command
            originals[spec.name] = command
        }
        precondition(nextNumber <= ForeignCommands.firstNumber, "too many commands to number")
        knownVocabulary = nil
        rebuild()
    }

    /// `rename-command`: the command answers to `newName` only; to none where that is empty.
    ///
    /// Whether there was such a command, and the new name was free.
    public func rename(_ name: String, to newName: String) -> Bool {
        guard let command = byName[name.lowercased()] else { return false }
        if !newName.isEmpty && byName[newName.lowercased()] != nil { return false }
        byName[name.lowercased()] = nil
        if !newName.isEmpty { byName[newName.lowercased()] = command }
        rebuild()
        return true
    }

    /// Lets the words of a container follow another command too, which takes the name of one key.
    public func share(_ name: String, with container: String) {
        originals[name]?.sharedWords = originals[container]
    }

    /// The command of this name in any case, nil where there is none.
    @inline(__always)
    public func find(_ name: ByteView) -> Command? {
        guard name.count <= 16 else { return byName[name.text.lowercased()] }
        let (low, high) = CommandTable.words(name)
        var index = CommandTable.mix(low, high) & mask
        while true {
            if places[index].low == low && places[index].high == high {
                if let command = places[index].command { return command }
            }
            if places[index].command == nil { return nil }
            index = (index + 1) & mask
        }
    }

    private func rebuild() {
        let room = 1 << (Int.bitWidth - (byName.count * 4).leadingZeroBitCount)
        places = Array(repeating: Place(low: 0, high: 0, command: nil), count: room)
        mask = room - 1
        for (name, command) in byName where name.utf8.count <= 16 {
            let (low, high) = Array(name.utf8).withByteView { CommandTable.words($0) }
            var index = CommandTable.mix(low, high) & mask
            while places[index].command != nil { index = (index + 1) & mask }
            places[index] = Place(low: low, high: high, command: command)
        }
    }

    @inline(__always)
    private static func mix(_ low: UInt64, _ high: UInt64) -> Int {
        Int(truncatingIfNeeded: ((low ^ (high &* 31)) &* 0x9E37_79B9_7F4A_7C15) >> 40)
    }

    /// The name in lower case as two little-endian words.
    @inline(__always)
    private static func words(_ name: ByteView) -> (UInt64, UInt64) {
        var low: UInt64 = 0
        var high: UInt64 = 0
        var index = name.count
        while index > 8 {
            index -= 1
            high = high << 8 | UInt64(lower(name[index]))
        }
        while index > 0 {
            index -= 1
            low = low << 8 | UInt64(lower(name[index]))
        }
        return (low, high)
    }

    @inline(__always)
    private static func lower(_ byte: UInt8) -> UInt8 {
        byte &- 65 < 26 ? byte | 0x20 : byte
    }
}
