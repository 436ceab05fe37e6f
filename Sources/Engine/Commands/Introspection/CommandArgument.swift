/// One argument of a command as COMMAND DOCS describes it; groups have arguments of their own.

/// A node of a command's tree of arguments.
struct CommandArgument: Equatable {
    /// Redis's names for what an argument is.
    enum Kind: String {
        case string
        case integer
        case double
        case key
        case pattern
        case unixTime = "unix-time"
        /// A word that stands for itself.
        case pureToken = "pure-token"
        /// One of the children.
        case oneOf = "oneof"
        /// All of the children.
        case block
    }

    var name: String
    var kind: Kind
    /// The word before the argument, or the word itself.
    var token: String?
    var isOptional = false
    var isMultiple = false
    /// The token is repeated with the argument.
    var repeatsToken = false
    /// Which of the command's key specifications a key belongs to.
    var keySpecification: Int?
    var children: [CommandArgument] = []

    /// Flags as COMMAND DOCS prints them.
    var flags: [String] {
        var flags: [String] = []
        if isOptional { flags.append("optional") }
        if isMultiple { flags.append("multiple") }
        if repeatsToken { flags.append("multiple_token") }
        return flags
    }

    /// Whether both spell the same, whatever was found out about either.
    func isSpelled(as other: CommandArgument) -> Bool {
        name == other.name && token == other.token && children.count == other.children.count
            && zip(children, other.children).allSatisfy { $0.isSpelled(as: $1) }
    }

    /// Several arguments as one group.
    static func group(_ children: [CommandArgument], _ kind: Kind) -> CommandArgument {
        let tokens = Set(children.compactMap(\.token))
        let name: String
        if kind == .oneOf && tokens.contains("EX") {
            name = "expiration"
        } else if kind == .oneOf && tokens.isSubset(of: ["NX", "XX", "GT", "LT"]) {
            name = "condition"
        } else {
            name = children.map(\.name).joined(separator: "_")
        }
        return CommandArgument(name: name, kind: kind, children: children)
    }
}
