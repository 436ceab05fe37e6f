/// The server's configuration in force: CONFIG GET, SET and REWRITE work on it.
///
/// A plain class that lives on the engine's thread (made by `ConfigurationLoader` before any thread
/// exists). What the server reads often is in `settings`, plain stored properties; the parsed values by
/// place in the catalog are for CONFIG. Topic extensions: +Get, +Set, +Rewrite.
///
/// INVARIANT 1: `settings` is the projection of `values` after every method that changes one.

/// The configuration in force; see the file's header.
public final class Configuration {
    /// The world around it.
    let environment: ConfigurationEnvironment
    /// The file that CONFIG REWRITE writes, absolute; nil without one.
    public let filePath: String?
    /// The values that the server reads.
    public private(set) var settings = ServerSettings()
    /// The backend that the directives ask for.
    public internal(set) var backend: BackendResolution
    /// `rename-command` lines in order; an empty new name removes the command.
    public internal(set) var renamedCommands: [(from: [UInt8], to: [UInt8])] = []
    /// `user` lines, the words behind `user`.
    public internal(set) var userLines: [[[UInt8]]] = []
    /// The words of the `user` lines that CONFIG REWRITE writes; nil: it leaves those of the file alone.
    var describeUsers: (() -> [[[UInt8]]])?
    /// `loadmodule` lines and module settings, word by word.
    public internal(set) var moduleLines: [[[UInt8]]] = []

    private(set) var values: [DirectiveValue]
    /// The values that nobody needs to write down.
    private(set) var standards: [DirectiveValue]
    /// Places that the file or the command line set.
    private(set) var setAtStart: Set<Int> = []
    /// Places that CONFIG SET set.
    var setWhileRunning: Set<Int> = []
    var hooks: [ConfigurationHook] = []

    init(environment: ConfigurationEnvironment, filePath: String?) {
        self.environment = environment
        self.filePath = filePath
        standards = DirectiveCatalog.all.map(\.defaultValue)
        values = standards
        backend = BackendResolution(
            offer: environment.backends, named: nil, appendOnly: nil, savePoints: false,
            isSaveSet: false)
        derive("dir", .text(environment.currentDirectory()))
        for place in values.indices {
            DirectiveCatalog.all[place].project?(values[place], &settings)
        }
    }

    /// The value of a directive by name or alias.
    ///
    /// For CONFIG and tests; the server reads `settings`.
    public func value(of name: String) -> DirectiveValue {
        guard let place = DirectiveCatalog.places[name] else { return .absent }
        return values[place]
    }

    /// Whether the file or the command line sets a directive.
    public func isSet(_ name: String) -> Bool {
        DirectiveCatalog.places[name].map(setAtStart.contains) ?? false
    }

    /// Sets a directive from a line of the file; answers the value for the next line to add to.
    func setAtStart(
        _ place: Int, _ words: [[UInt8]], previous: DirectiveValue?
    ) throws(ConfigurationRefusal) -> DirectiveValue {
        let value = try parse(place, words, previous: previous)
        store(value, at: place)
        setAtStart.insert(place)
        return value
    }

    /// Parses and checks the words of a directive; `dir` takes effect here.
    func parse(
        _ place: Int, _ words: [[UInt8]], previous: DirectiveValue?
    ) throws(ConfigurationRefusal) -> DirectiveValue {
        let directive = DirectiveCatalog.all[place]
        let value = try directive.parse(words, previous: previous, current: values[place])
        return try directive.check?(value, environment) ?? value
    }

    /// Puts a checked value in force.
    func store(_ value: DirectiveValue, at place: Int) {
        values[place] = value
        DirectiveCatalog.all[place].project?(value, &settings)
    }

    /// Gives a directive that nobody set a value that follows from others, and from then on its
    /// standard: CONFIG REWRITE doesn't write it.
    func derive(_ name: String, _ value: DirectiveValue) {
        guard let place = DirectiveCatalog.places[name] else { return }
        store(value, at: place)
        standards[place] = value
    }

    /// Puts the engine in force into the place of `backend`, as CONFIG SET does.
    func adopt(backend name: String) {
        guard let place = DirectiveCatalog.places[DirectiveCatalog.backendName] else { return }
        store(.text(name), at: place)
        setWhileRunning.insert(place)
    }

    /// Puts the number of clients that the limit of open files allows in the place of `maxclients`.
    public func adopt(maximumClients: Int) {
        guard let place = DirectiveCatalog.places["maxclients"] else { return }
        store(.integer(Int64(maximumClients)), at: place)
    }

    /// The directives set to something that this server doesn't act on yet, by name.
    public var notActedOn: [String] {
        var names: [String] = []
        for (place, directive) in DirectiveCatalog.all.enumerated()
        where !directive.traits.contains(.actedOn) && values[place] != standards[place] {
            names.append(directive.name)
        }
        if !moduleLines.isEmpty { names.append("loadmodule") }
        return names
    }

    /// The one warning about `notActedOn`, nil where there is nothing to say.
    public var warningOfNotActedOn: String? {
        let names = notActedOn
        if names.isEmpty { return nil }
        return
            "These directives are accepted but not acted on yet: \(names.joined(separator: ", "))"
    }
}
