/// A set of rights: these commands on these keys and these channels, all three together.
///
/// A user has one that the words of ACL SETUSER act on directly (the root), and any number of others,
/// written in parentheses. A command is allowed where one selector alone allows all of it. A value: ACL SETUSER
/// works on a copy and throws it away where a word is wrong.
///
/// Topics: +Words (rules in), +Description (rules out), +Check (is this command allowed?).

/// Rights; see the file's header.
public struct AccessSelector: Sendable, Hashable {
    /// Every key, read and written: `allkeys`, `~*`. No patterns then.
    var allowsAllKeys = false
    /// Every channel: `allchannels`, `&*`. No channels then.
    var allowsAllChannels = false
    /// The commands.
    var commands = CommandSet(everything: false)
    /// Commands allowed with these first arguments only, by number: `+select|0`.
    var firstArguments: [Int: [[UInt8]]] = [:]
    /// The keys, where not all.
    var keys: [KeyPattern] = []
    /// The channels, where not all.
    var channels: [[UInt8]] = []

    /// No right at all, but for all channels where `acl-pubsub-default` says so.
    init(allChannels: Bool) { allowsAllChannels = allChannels }

    /// Whether nothing is forbidden.
    var isUnrestricted: Bool { allowsAllKeys && allowsAllChannels && commands.isEverything }
}
