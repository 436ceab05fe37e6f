/// Turns the command line, the file and what it includes into a `Configuration`.
///
/// Lines are carried out in order, later ones winning; `save` lines add up, those of
/// `client-output-buffer-limit` change one class each. `include` stands for the lines of the files it
/// names (wildcards allowed, none found is fine), nested up to a bound, where Redis recurses until its stack ends.
/// Runs once, before any thread exists.
import Engine

/// Reads a configuration; one use.
public struct ConfigurationLoader {
    /// How deep files may include files.
    static let maximumIncludeDepth = 16

    private let configuration: Configuration
    private var renames: CommandRenames
    private var earlier: [Int: DirectiveValue] = [:]

    private init(_ environment: ConfigurationEnvironment, file: String?) {
        configuration = Configuration(environment: environment, filePath: file)
        renames = CommandRenames(exists: environment.commandExists)
    }

    /// The configuration that a command line asks for.
    ///
    /// - Throws: what stops the start, with file and line.
    public static func load(
        _ arguments: CommandLineArguments, in environment: ConfigurationEnvironment
    ) throws(ConfigurationError) -> Configuration {
        let path = arguments.file.map { path in
            // Absolute at once: `dir` may change the working directory while lines are carried out.
            path.hasPrefix("/") ? path : "\(environment.currentDirectory())/\(path)"
        }
        var loader = ConfigurationLoader(environment, file: path)
        var linesBefore = 1
        if let file = arguments.file, let path {
            let content: [UInt8]
            do {
                content = try ConfigurationFile.content(of: path)
            } catch {
                throw ConfigurationError(unreadable: file, error.reason)
            }
            linesBefore += content.count { $0 == 10 }
            try loader.carryOut(ConfigurationFile.lines(content, .file(path)), depth: 0)
        }
        if arguments.readsStandardInput {
            let content = environment.readStandardInput()
            let lines = ConfigurationFile.lines(content, .standardInput, first: linesBefore)
            linesBefore += content.count { $0 == 10 }
            try loader.carryOut(lines, depth: 0)
        }
        let options = ConfigurationFile.lines(
            arguments.optionLines, .commandLine, first: linesBefore + 1)
        try loader.carryOut(options, depth: 0)
        return try loader.finish()
    }

    private func finish() throws(ConfigurationError) -> Configuration {
        if !configuration.settings.logFilePath.isEmpty {
            // Said now, while somebody looks: a daemon could tell nobody.
            if let reason = LogFile.failureToOpen(configuration.settings.logFilePath) {
                throw ConfigurationError("Can't open the log file: \(reason)")
            }
        }
        if configuration.value(of: "cluster-enabled") == .flag(true),
            configuration.value(of: "replicaof") != .words([])
        {
            throw ConfigurationError("replicaof directive not allowed in cluster mode")
        }
        configuration.renamedCommands = renames.pairs
        configuration.resolveBackend()
        return configuration
    }

    private mutating func carryOut(
        _ lines: [ConfigurationLine], depth: Int
    ) throws(ConfigurationError) {
        for line in lines {
            guard let words = ConfigurationFile.words(line.text) else {
                throw ConfigurationError("Unbalanced quotes in configuration line", at: line)
            }
            guard let first = words.first else { continue }
            let name = String(decoding: first, as: UTF8.self).lowercased()
            if let place = DirectiveCatalog.places[name] {
                try set(place, Array(words.dropFirst()), line)
            } else if !(DirectiveCatalog.ignored.contains(name) && words.count == 2) {
                try carryOutSpecial(name, words, line, depth: depth)
            }
        }
    }

    private mutating func set(
        _ place: Int, _ words: [[UInt8]], _ line: ConfigurationLine
    ) throws(ConfigurationError) {
        do {
            earlier[place] = try configuration.setAtStart(
                place, words, previous: earlier[place])
        } catch {
            throw ConfigurationError(error.reason, at: line)
        }
    }

    /// What only a file or the command line may say.
    private mutating func carryOutSpecial(
        _ name: String, _ words: [[UInt8]], _ line: ConfigurationLine, depth: Int
    ) throws(ConfigurationError) {
        switch (name, words.count) {
        case ("include", 2):
            try include(String(decoding: words[1], as: UTF8.self), line, depth: depth)
        case ("rename-command", 3):
            if let reason = renames.add(words[1], to: words[2]) {
                throw ConfigurationError(reason, at: line)
            }
        case ("user", 2...):
            let declaration = Array(words.dropFirst())
            let others = configuration.userLines.map { $0[0] }
            if let refused = AccessControl.refusal(ofDeclaration: declaration, others: others) {
                throw ConfigurationError(
                    "Error in user declaration '\(String(decoding: refused.word, as: UTF8.self))': "
                        + refused.reason.text, at: line)
            }
            configuration.userLines.append(declaration)
        case ("loadmodule", 2...):
            configuration.moduleLines.append(Array(words.dropFirst()))
        case ("sentinel", 1):
            throw ConfigurationError("this server has no sentinel mode", at: line)
        case ("sentinel", _):
            throw ConfigurationError("sentinel directive while not in sentinel mode", at: line)
        case (_, let count) where name.contains("."):
            guard count == 2 else {
                throw ConfigurationError("Module config specified without value", at: line)
            }
            configuration.moduleLines.append(words)
        default:
            throw ConfigurationError("Bad directive or wrong number of arguments", at: line)
        }
    }

    private mutating func include(
        _ pattern: String, _ line: ConfigurationLine, depth: Int
    ) throws(ConfigurationError) {
        guard depth < Self.maximumIncludeDepth else {
            throw ConfigurationError(
                "include directives are nested deeper than \(Self.maximumIncludeDepth)", at: line)
        }
        for path in ConfigurationFile.expand(pattern) {
            let content = try ConfigurationFile.content(of: path)
            try carryOut(ConfigurationFile.lines(content, .file(path)), depth: depth + 1)
        }
    }
}

/// The `rename-command` lines, checked one after the other as Redis carries them out.
struct CommandRenames {
    let exists: (@Sendable ([UInt8]) -> Bool)?
    private(set) var pairs: [(from: [UInt8], to: [UInt8])] = []
    private var changed: [String: Bool] = [:]

    init(exists: (@Sendable ([UInt8]) -> Bool)?) { self.exists = exists }

    /// Why a command can't be renamed, nil once it is; an empty new name removes it.
    mutating func add(_ old: [UInt8], to new: [UInt8]) -> String? {
        if !isKnown(old) { return "No such command in rename-command" }
        changed[key(old)] = false
        if !new.isEmpty {
            if isKnown(new), exists != nil { return "Target command name already exists" }
            changed[key(new)] = true
        }
        pairs.append((old, new))
        return nil
    }

    private func isKnown(_ name: [UInt8]) -> Bool { changed[key(name)] ?? exists?(name) ?? true }
    private func key(_ name: [UInt8]) -> String {
        String(decoding: name, as: UTF8.self).lowercased()
    }
}
