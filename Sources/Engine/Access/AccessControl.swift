/// All users, and what is done with them: ACL SETUSER and its kin, AUTH, files of users.
///
/// The user `default` always exists, and is one object for ever: a client that hasn't said who it is, is it.
/// All changes of users go through here; `onChange` is told, so that sessions know anew whether they are
/// restricted (`Session.isUnrestricted`).
///
/// Topics: +Lines (declarations in files).
import Bytes

/// The users of a server.
public final class AccessControl {
    /// Who a client is that hasn't said so.
    public let defaultUser = User(Array("default".utf8), .open)
    /// `acl-pubsub-default`: whether new users and selectors may use all channels.
    public var givesAllChannels = false
    /// What was denied.
    public let log = AccessLog()
    /// Called after any change of users.
    public var onChange: () -> Void = {}

    private var users: [[UInt8]: User] = [:]
    private let commands: CommandTable

    init(_ commands: CommandTable) {
        self.commands = commands
        users[defaultUser.name] = defaultUser
    }

    var vocabulary: AccessVocabulary { commands.vocabulary }

    /// All users by name.
    public var all: [User] { users.values.sorted { $0.name.lexicographicallyPrecedes($1.name) } }

    /// The user of this name.
    public func find(_ name: ByteView) -> User? { users[name.array] }

    /// Whether there is a blank or a NUL in it: neither names nor patterns may have one.
    public static func hasBlanks(_ text: ByteView) -> Bool {
        text.contains { $0 == 0 || $0 == 32 || (9...13).contains($0) }
    }

    // MARK: Coming in

    /// The user who comes in with this password; nil where there is none, he is off, or it is wrong.
    ///
    /// - Complexity: O(passwords of the user).
    public func authenticate(_ name: ByteView, password: ByteView) -> User? {
        guard let user = find(name), user.rules.isOn, user.rules.accepts(password) else {
            return nil
        }
        return user
    }

    /// `requirepass`: the one password of the default user, nil for none.
    public func setDefaultPassword(_ password: [UInt8]?) {
        var rules = defaultUser.rules
        rules.resetPasswords(needsNone: password == nil)
        if let password { rules.passwords = [password.withByteView(UserRules.digest)] }
        defaultUser.rules = rules
        onChange()
    }

    // MARK: Changes

    /// A word that was refused, and why.
    public struct RefusedWord: Error {
        /// The word.
        public let word: [UInt8]
        /// What is wrong with it.
        public let reason: AccessRuleError
    }

    /// Carries words out on a user, who is made where there is none; all of them or none.
    ///
    /// - Returns: the user, and his rules before (nil: he is new).
    @discardableResult
    public func change(
        _ name: ByteView, _ words: [[UInt8]]
    ) throws(RefusedWord) -> (user: User, old: UserRules?) {
        let user = find(name)
        let old = user?.rules
        var rules = old ?? UserRules(allChannels: givesAllChannels)
        for word in words { try apply(word, to: &rules) }
        defer { onChange() }
        if let user {
            user.rules = rules
            return (user, old)
        }
        let new = User(name.array, rules)
        users[new.name] = new
        return (new, nil)
    }

    func apply(_ word: [UInt8], to rules: inout UserRules) throws(RefusedWord) {
        let vocabulary = vocabulary
        do throws(AccessRuleError) {
            try word.withByteView { (view) throws(AccessRuleError) in
                try rules.apply(view, vocabulary, allChannels: givesAllChannels)
            }
        } catch {
            throw RefusedWord(word: word, reason: error)
        }
    }

    /// Removes a user; the default user stays.
    ///
    /// - Returns: who was removed, nil where nobody is called that.
    public func remove(_ name: ByteView) -> User? {
        if name == ByteView("default") { return nil }
        defer { onChange() }
        return users.removeValue(forKey: name.array)
    }

    /// Puts declared users in the place of all there are; the default user, where none is declared, is as open as
    /// at first.
    ///
    /// - Returns: the users that are no more: all but the default one, for a user of the same name is another one.
    public func replaceAll(with declared: [(name: [UInt8], rules: UserRules)]) -> [User] {
        let old = users.values.filter { $0 !== defaultUser }
        users = [defaultUser.name: defaultUser]
        defaultUser.rules = .open
        for (name, rules) in declared {
            if name == defaultUser.name {
                defaultUser.rules = rules
            } else {
                users[name] = User(name, rules)
            }
        }
        onChange()
        return old
    }

    // MARK: Descriptions

    /// `user name on #... ~* &* +@all`.
    public func line(of user: User) -> [UInt8] {
        Array("user ".utf8) + user.name + [32] + user.rules.description(vocabulary)
    }

    /// The line of a configuration file, whose words may need quotes.
    public func configurationWords(of user: User) -> [[UInt8]] {
        let words = user.rules.description(vocabulary).split(separator: 32).map(Array.init)
        return [Array("user".utf8), user.name] + words
    }

    /// Names of the categories, or nil where there is no such category: of its commands.
    public func commands(in category: ByteView) -> [String]? {
        guard let bit = ACLCategory.bit(category) else { return nil }
        return vocabulary.words.flatMap { [$0] + $0.children }
            .filter { $0.isPresent && $0.categories & bit != 0 }.map(\.name)
    }

    /// All categories.
    public static var categories: [String] { ACLCategory.all }
}
