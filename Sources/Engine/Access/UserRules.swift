/// What a user is: whether it may come in and how, and what it may do. A value, so that a change is made on a copy
/// and takes effect whole or not at all.
///
///     on off nopass >password <password #hash !hash resetpass
///     sanitize-payload skip-sanitize-payload (rights of a selector) clearselectors reset
///     and the words of the root selector (AccessSelector+Words.swift)
///
/// Passwords are kept as the SHA-256 of what was given, in hexadecimal, as Redis keeps and shows them.
import Bytes
import Crypto
import RESP

/// A user without its name; see the file's header.
public struct UserRules: Sendable, Hashable {
    /// Whether it may come in: `on`.
    public internal(set) var isOn = false
    /// Any password will do: `nopass`.
    public internal(set) var needsNoPassword = false
    /// `sanitize-payload` or `skip-sanitize-payload`, as far as one of them was said; kept and told, for RESTORE
    /// checks everybody's payloads.
    var skipsSanitizing: Bool?
    /// SHA-256 of passwords, 64 hexadecimal characters each.
    var passwords: [[UInt8]] = []
    /// What the words outside parentheses allow.
    var root: AccessSelector
    /// What the words in parentheses allow.
    var selectors: [AccessSelector] = []

    /// A user who may not come in and may do nothing.
    init(allChannels: Bool) { root = AccessSelector(allChannels: allChannels) }

    /// The default user as it is before anybody says anything else.
    static var open: UserRules {
        var rules = UserRules(allChannels: true)
        rules.isOn = true
        rules.needsNoPassword = true
        rules.root.allowsAllKeys = true
        rules.root.setAll(true)
        return rules
    }

    /// Root and selectors.
    var allSelectors: [AccessSelector] { [root] + selectors }

    // MARK: Passwords

    /// The form in which a password is kept.
    static func digest(_ password: ByteView) -> [UInt8] {
        var hash = SHA256()
        hash.update(data: password.array)
        return hash.finalize().flatMap { [hexadecimal[Int($0 >> 4)], hexadecimal[Int($0 & 15)]] }
    }

    private static let hexadecimal = Array("0123456789abcdef".utf8)

    /// Whether the password is one of the user's, or none is needed; takes the same time wherever they differ.
    func accepts(_ password: ByteView) -> Bool {
        if needsNoPassword { return true }
        let digest = UserRules.digest(password)
        var isAccepted = false
        for known in passwords {
            var difference: UInt8 = 0
            for (left, right) in zip(known, digest) { difference |= left ^ right }
            if difference == 0 { isAccepted = true }
        }
        return isAccepted
    }

    private static func checkedDigest(_ word: ByteView) throws(AccessRuleError) -> [UInt8] {
        let digest = word.array
        guard digest.count == 64, digest.allSatisfy(hexadecimal.contains) else { throw .badHash }
        return digest
    }

    private mutating func add(_ digest: [UInt8]) {
        if !passwords.contains(digest) { passwords.append(digest) }
        needsNoPassword = false
    }

    private mutating func remove(_ digest: [UInt8]) throws(AccessRuleError) {
        guard let place = passwords.firstIndex(of: digest) else { throw .noSuchPassword }
        passwords.remove(at: place)
    }

    mutating func resetPasswords(needsNone: Bool) {
        passwords = []
        needsNoPassword = needsNone
    }

    // MARK: Words

    /// Carries one word out.
    ///
    /// - Parameter allChannels: what `acl-pubsub-default` gives new selectors.
    mutating func apply(
        _ word: ByteView, _ vocabulary: AccessVocabulary, allChannels: Bool
    ) throws(AccessRuleError) {
        if word.isEmpty { return }
        if word.equalsIgnoringCase("on") {
            isOn = true
        } else if word.equalsIgnoringCase("off") {
            isOn = false
        } else if word.equalsIgnoringCase("nopass") {
            resetPasswords(needsNone: true)
        } else if word.equalsIgnoringCase("resetpass") {
            resetPasswords(needsNone: false)
        } else if word.equalsIgnoringCase("skip-sanitize-payload") {
            skipsSanitizing = true
        } else if word.equalsIgnoringCase("sanitize-payload") {
            skipsSanitizing = false
        } else if word.equalsIgnoringCase("clearselectors") {
            selectors = []
        } else if word.equalsIgnoringCase("reset") {
            self = UserRules(allChannels: allChannels)
            skipsSanitizing = false
        } else {
            try applyMarked(word, vocabulary, allChannels: allChannels)
        }
    }

    private mutating func applyMarked(
        _ word: ByteView, _ vocabulary: AccessVocabulary, allChannels: Bool
    ) throws(AccessRuleError) {
        let rest = word.dropFirst(1)
        switch word[0] {
        case UInt8(ascii: ">"): add(UserRules.digest(rest))
        case UInt8(ascii: "#"): add(try UserRules.checkedDigest(rest))
        case UInt8(ascii: "<"): try remove(UserRules.digest(rest))
        case UInt8(ascii: "!"): try remove(try UserRules.checkedDigest(rest))
        case UInt8(ascii: "(") where word[word.count - 1] == UInt8(ascii: ")"):
            var selector = AccessSelector(allChannels: allChannels)
            // Redis's words: unbalanced quotes leave nothing of the selector.
            for inner in InlineWords.split(word[1..<(word.count - 1)]) ?? [] {
                try inner.withByteView { (view) throws(AccessRuleError) in
                    try selector.apply(view, vocabulary)
                }
            }
            selectors.append(selector)
        default: try root.apply(word, vocabulary)
        }
    }

    // MARK: Description

    /// `on`, `nopass` and their kin, in Redis's order.
    var flagNames: [String] {
        var names = [isOn ? "on" : "off"]
        if needsNoPassword { names.append("nopass") }
        if let skipsSanitizing {
            names.append(skipsSanitizing ? "skip-sanitize-payload" : "sanitize-payload")
        }
        return names
    }

    /// The words that make this user.
    func description(_ vocabulary: AccessVocabulary) -> [UInt8] {
        var words: [[UInt8]] = flagNames.map { Array($0.utf8) }
        words += passwords.map { [UInt8(ascii: "#")] + $0 }
        words.append(root.description(vocabulary))
        for selector in selectors {
            let inner = selector.description(vocabulary, isQuoted: true)
            words.append([UInt8(ascii: "(")] + inner + [UInt8(ascii: ")")])
        }
        return Array(words.joined(separator: [32]))
    }
}
