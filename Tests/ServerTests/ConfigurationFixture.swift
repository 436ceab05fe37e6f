// A configuration as tests make them: the working directory is only pretended to change.
import Foundation
import Synchronization

@testable import Server

/// Configurations for tests.
enum Fixture {
    static let offer = BackendOffer(
        names: ["aof", "none"], log: "aof", snapshot: "rdb", nothing: "none")

    /// An environment whose folders all exist, but those below /missing.
    static func environment(
        backends: BackendOffer = offer, input: String = "", folder: String = "/data",
        commands: Set<String> = ["get", "set", "config"]
    ) -> ConfigurationEnvironment {
        var environment = ConfigurationEnvironment(backends: backends) { name in
            commands.contains(String(decoding: name, as: UTF8.self).lowercased())
        }
        let current = CurrentFolder(folder)
        environment.currentDirectory = { current.path.withLock { $0 } }
        environment.readStandardInput = { Array(input.utf8) }
        environment.changeDirectory = { (path: String) throws(ConfigurationRefusal) in
            if path.hasPrefix("/missing") {
                throw ConfigurationRefusal("No such file or directory")
            }
            return current.path.withLock { folder in
                folder = path.hasPrefix("/") ? path : "\(folder)/\(path)"
                return folder
            }
        }
        return environment
    }

    /// The configuration of a command line.
    static func load(
        _ arguments: [String] = [], in environment: ConfigurationEnvironment = environment()
    ) throws -> Configuration {
        try ConfigurationLoader.load(CommandLineArguments(arguments), in: environment)
    }

    /// The configuration of a file with this text.
    static func load(
        text: String, _ options: [String] = [],
        in environment: ConfigurationEnvironment = environment()
    ) throws -> Configuration {
        let folder = try TemporaryFolder.make()
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appendingPathComponent("redis.conf")
        try Data(text.utf8).write(to: file)
        return try load([file.path] + options, in: environment)
    }
}

/// Where the pretended working directory is.
private final class CurrentFolder: Sendable {
    let path: Mutex<String>
    init(_ path: String) { self.path = Mutex(path) }
}

extension Configuration {
    /// CONFIG SET with texts; answers what a client sees.
    func answer(_ pairs: (String, String)..., isLocal: Bool = true, isLoading: Bool = false)
        -> String
    {
        do {
            try set(
                pairs.map { (Array($0.utf8), Array($1.utf8)) }, isLocalClient: isLocal,
                isLoading: isLoading)
            return "OK"
        } catch {
            switch error {
            case .loading: return "LOADING"
            case .refused(let text): return "ERR \(text)"
            }
        }
    }

    /// CONFIG GET of one name, as text.
    func shown(_ name: String) -> String? {
        get([Array(name.utf8)]).first.map { String(decoding: $0.value, as: UTF8.self) }
    }
}
