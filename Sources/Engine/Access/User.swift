/// A user: who a client is, and what it may do. One object for as long as the user exists, shared by the sessions
/// that came in as it; so a change of its rules holds for them at once.
import Bytes

/// Somebody who may come in; see the file's header.
public final class User {
    /// Chosen by the administrator; `default` is who nobody says he isn't.
    public let name: [UInt8]
    /// Flags, passwords, rights.
    public internal(set) var rules: UserRules {
        didSet { isUnrestricted = rules.allSelectors.contains(where: \.isUnrestricted) }
    }
    /// Whether nothing is forbidden to it.
    public private(set) var isUnrestricted: Bool

    init(_ name: [UInt8], _ rules: UserRules) {
        self.name = name
        self.rules = rules
        isUnrestricted = rules.allSelectors.contains(where: \.isUnrestricted)
    }

    /// Whether its clients need no password: those who just connected are let in as this user.
    public var isOpen: Bool { rules.isOn && rules.needsNoPassword }

    /// Why the command is not allowed, nil where it is.
    func denial(_ command: Command, _ arguments: ByteViews) -> AccessDenial? {
        if isUnrestricted { return nil }
        var strongest = AccessDenial(reason: .command, place: 0)
        if let denial = rules.root.denial(command, arguments) {
            if strongest.isWeaker(than: denial) { strongest = denial }
        } else {
            return nil
        }
        for selector in rules.selectors {
            guard let denial = selector.denial(command, arguments) else { return nil }
            if strongest.isWeaker(than: denial) { strongest = denial }
        }
        return strongest
    }

    /// Whether it may listen to the channel, or to the pattern of channels.
    public func mayListen(to channel: ByteView, isPattern: Bool) -> Bool {
        rules.allSelectors.contains { $0.allows(channel: channel, isPattern: isPattern) }
    }

    /// Whether every channel that `old` rules named is still named by these.
    public func namesChannels(of old: UserRules) -> Bool {
        let selectors = rules.allSelectors
        if selectors.contains(where: \.allowsAllChannels) { return true }
        if old.allSelectors.contains(where: \.allowsAllChannels) { return false }
        let named = Set(selectors.flatMap(\.channels))
        return old.allSelectors.allSatisfy { named.isSuperset(of: $0.channels) }
    }
}
