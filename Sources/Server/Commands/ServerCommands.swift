/// The commands that need the server around the engine: connections, configuration, saves.
import Engine

extension Server {
    /// Their declarations; handlers hold the server unowned, for it owns the table they live in.
    func serverCommands() -> [CommandSpec] {
        connectionCommands()
    }
}
