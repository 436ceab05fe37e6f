/// Why a word of a rule is refused; the texts are Redis 7.0's.

/// A refused word.
public enum AccessRuleError: Error, Hashable, Sendable {
    /// No command or category is called that.
    case unknownName
    /// It makes no sense.
    case syntax
    /// `+container|sub|argument`.
    case argumentOfSubcommand
    /// A pattern of keys behind `allkeys`.
    case keysAfterAll
    /// A pattern of channels behind `allchannels`.
    case channelsAfterAll
    /// `<password` that the user doesn't have.
    case noSuchPassword
    /// `#hash` that is none.
    case badHash
    /// Two declarations of one user.
    case duplicateUser
    /// A parenthesis that is never closed, in a file.
    case unmatchedParenthesis

    /// What is wrong, for a client or a log.
    public var text: String {
        switch self {
        case .unknownName: "Unknown command or category name in ACL"
        case .syntax: "Syntax error"
        case .argumentOfSubcommand: "Allowing first-arg of a subcommand is not supported"
        case .keysAfterAll:
            "Adding a pattern after the * pattern (or the 'allkeys' flag) is not valid and does not have any effect. Try 'resetkeys' to start with an empty list of patterns"
        case .channelsAfterAll:
            "Adding a pattern after the * pattern (or the 'allchannels' flag) is not valid and does not have any effect. Try 'resetchannels' to start with an empty list of channels"
        case .noSuchPassword:
            "The password you are trying to remove from the user does not exist"
        case .badHash:
            "The password hash must be exactly 64 characters and contain only lowercase hexadecimal characters"
        case .duplicateUser:
            "Duplicate user found. A user can only be defined once in config files"
        case .unmatchedParenthesis: "Unmatched parenthesis in selector definition"
        }
    }
}
