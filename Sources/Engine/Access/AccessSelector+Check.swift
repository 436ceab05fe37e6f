/// Is this command allowed? Asked for every command of a user who may not do everything.
///
/// First the command itself, then its keys (each must match a pattern that gives the rights which the key
/// specification asks for), then its channels. A pattern of PSUBSCRIBE must be one of the user's patterns
/// literally: whether one pattern covers another is not asked.
import Bytes

/// Why a command is not allowed.
struct AccessDenial {
    /// What is missing; later cases are told rather than earlier ones, where selectors disagree.
    enum Reason: Int {
        case command
        case key
        case channel
    }

    let reason: Reason
    /// The argument that is the key or channel; 0 where it is the command.
    let place: Int

    /// Whether another selector's reason says more.
    func isWeaker(than other: AccessDenial) -> Bool {
        (reason.rawValue, place) < (other.reason.rawValue, other.place)
    }
}

extension AccessSelector {
    /// Why the command is not allowed, nil where it is.
    ///
    /// - Complexity: O(keys * patterns), times what matching a pattern takes.
    func denial(_ command: Command, _ arguments: ByteViews) -> AccessDenial? {
        if !allows(command, arguments) { return AccessDenial(reason: .command, place: 0) }
        if !allowsAllKeys, let place = forbiddenKey(command, arguments) {
            return AccessDenial(reason: .key, place: place)
        }
        if !allowsAllChannels, let channels = command.spec.channels {
            for place in channels.places(in: arguments)
            where !allows(channel: arguments[place], isPattern: channels.isPattern) {
                return AccessDenial(reason: .channel, place: place)
            }
        }
        return nil
    }

    private func allows(_ command: Command, _ arguments: ByteViews) -> Bool {
        if commands.contains(command.number) || command.flags.contains(.noAuth) { return true }
        guard arguments.count > 1, let allowed = firstArguments[command.number] else {
            return false
        }
        return allowed.contains { $0.withByteView { $0.equalsFolded(arguments[1]) } }
    }

    // MARK: Keys

    /// The place of the first key that may not be used so, nil where all may.
    private func forbiddenKey(_ command: Command, _ arguments: ByteViews) -> Int? {
        let spec = command.spec
        if spec.keys.isEmpty { return nil }
        guard command.hasFixedKeys else {
            for key in spec.keysFound(in: arguments) where !key.flags.contains("not_key") {
                if !allows(key: arguments[key.place], KeyAccess(flags: key.flags)) {
                    return key.place
                }
            }
            return nil
        }
        for keys in spec.keys where keys.areKeys {
            let access = keys.access(for: arguments)
            var place = keys.first
            let last = keys.last < 0 ? arguments.count + keys.last : keys.last
            while place <= min(last, arguments.count - 1) {
                if !allows(key: arguments[place], access) { return place }
                place += keys.step
            }
        }
        return nil
    }

    private func allows(key: ByteView, _ access: KeyAccess) -> Bool {
        keys.contains { pattern in
            pattern.access.isSuperset(of: access)
                && pattern.pattern.withByteView { GlobPattern.matches($0, key) }
        }
    }

    /// Whether every key there is may be used so, whatever its name.
    func allowsEveryKey(_ access: KeyAccess) -> Bool {
        allowsAllKeys
            || keys.contains {
                $0.pattern == [UInt8(ascii: "*")] && $0.access.isSuperset(of: access)
            }
    }

    // MARK: Channels

    /// Whether the channel, or the pattern of channels, may be used.
    func allows(channel: ByteView, isPattern: Bool) -> Bool {
        if allowsAllChannels { return true }
        return channels.contains {
            $0.withByteView {
                isPattern ? $0 == channel : GlobPattern.matches($0, channel)
            }
        }
    }
}

extension ByteView {
    /// Whether both are the same but for the case of letters.
    fileprivate func equalsFolded(_ other: ByteView) -> Bool {
        guard count == other.count else { return false }
        func folded(_ byte: UInt8) -> UInt8 { byte &- 65 < 26 ? byte | 0x20 : byte }
        return (0..<count).allSatisfy { folded(self[$0]) == folded(other[$0]) }
    }
}
