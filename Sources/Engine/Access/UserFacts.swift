/// What ACL GETUSER tells of a user.
import Bytes

/// A user in words.
public struct UserFacts: Sendable {
    /// What a selector allows.
    public struct Selector: Sendable {
        /// `-@all +get`.
        public let commands: [UInt8]
        /// `~a %R~b`.
        public let keys: [UInt8]
        /// `&a`.
        public let channels: [UInt8]

        init(_ selector: AccessSelector, _ vocabulary: AccessVocabulary) {
            commands = selector.commandDescription(vocabulary)
            keys = selector.keyDescription
            channels = selector.channelDescription
        }
    }

    /// `on`, `nopass` and their kin.
    public let flags: [String]
    /// SHA-256 of the passwords, in hexadecimal.
    public let passwords: [[UInt8]]
    /// The rights outside parentheses.
    public let root: Selector
    /// Those in parentheses.
    public let selectors: [Selector]
}

extension AccessControl {
    /// What a user is; nil where nobody is called that.
    public func facts(of name: ByteView) -> UserFacts? {
        guard let rules = find(name)?.rules else { return nil }
        let vocabulary = vocabulary
        return UserFacts(
            flags: rules.flagNames, passwords: rules.passwords,
            root: UserFacts.Selector(rules.root, vocabulary),
            selectors: rules.selectors.map { UserFacts.Selector($0, vocabulary) })
    }
}
