/// The engine's commands, for readers of logs that execute nothing; and the engine itself, for those that do.
import Backends
import Bytes
import Engine
import Persistence

/// Knows the commands that a server loads a log with.
public final class EngineVocabulary: CommandVocabulary {
    private let table: CommandTable

    /// The commands of an engine, which is a server's while it loads.
    public init(_ engine: Engine) { table = engine.commands }

    /// The commands of this build.
    public convenience init() {
        self.init(Engine(databases: 1, clock: SystemClock()))
    }

    /// The arity of a command.
    public func arity(of name: ByteView) -> Int? { table.find(name)?.spec.arity }

    /// The places of the keys.
    public func keyPlaces(in arguments: ByteViews) -> [Int] {
        guard var command = table.find(arguments[0]) else { return [] }
        if arguments.count > 1, let child = command.subcommands[arguments[1].text.lowercased()] {
            command = child
        }
        return command.spec.keysFound(in: arguments).map(\.place).filter { $0 < arguments.count }
    }
}
