/// All directives there are: Redis 7.0's, what 7.2 added, and Holdfast's own.
///
/// Names, kinds, ranges, defaults and run-time rules are Redis's (`CONFIG GET *`, `CONFIG SET` and the
/// texts of refusals were compared with a running 7.0.15; what 7.2 added follows its release notes and
/// redis.conf). The lists are split by area, one file each.

/// The declared directives and their names.
public enum DirectiveCatalog {
    /// Every directive, by area.
    public static let all: [Directive] =
        [
            network, process, persistence, memory, encodings, observation, replication, cluster,
            tls, holdfast,
        ].flatMap { $0 }

    /// The place in `all` of a name or an alias, in lower case.
    static let places: [String: Int] = {
        var places: [String: Int] = [:]
        for (place, directive) in all.enumerated() {
            precondition(places.updateValue(place, forKey: directive.name) == nil, directive.name)
            if let alias = directive.alias {
                precondition(places.updateValue(place, forKey: alias) == nil, alias)
            }
        }
        return places
    }()

    /// The place of `name`, any case.
    static func place(of name: [UInt8]) -> Int? {
        places[String(decoding: name, as: UTF8.self).lowercased()]
    }

    /// The directive of that name or alias, any case.
    public static func directive(named name: String) -> Directive? {
        places[name.lowercased()].map { all[$0] }
    }

    /// Whether a directive's value belongs in no log; the name in any case.
    public static func isSensitive(_ name: [UInt8]) -> Bool {
        place(of: name).map { all[$0].traits.contains(.sensitive) } ?? false
    }

    /// Directives that Redis still accepts with one argument and ignores.
    static let ignored: Set<String> = [
        "list-max-ziplist-entries", "list-max-ziplist-value", "lua-replicate-commands",
    ]

    /// Directives of the file alone, which CONFIG GET and SET don't know.
    static let fileOnly: Set<String> = [
        "include", "rename-command", "user", "loadmodule", "sentinel",
    ]
}
