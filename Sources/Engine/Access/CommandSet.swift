/// A set of commands by number: one bit each, and one for all commands that nobody knows yet.
///
/// Commands are numbered as they are declared (`Command.number`), and families are added after the first user
/// exists; so what lies beyond the bits stands for "any other command": yes after `+@all`, no after `-@all`.

/// A set of commands; see the file's header.
public struct CommandSet: Sendable, Hashable {
    private var words: [UInt64] = []
    /// Whether commands that were never named are in it.
    public private(set) var includesOthers: Bool

    /// No command, or all there are and will be.
    init(everything: Bool) { includesOthers = everything }

    /// Whether there is no command that isn't in it.
    var isEverything: Bool { includesOthers && words.allSatisfy { $0 == .max } }

    /// Whether the command of this number is in it.
    @inline(__always)
    func contains(_ number: Int) -> Bool {
        let index = number >> 6
        return index < words.count ? words[index] >> UInt64(number & 63) & 1 == 1 : includesOthers
    }

    /// Puts the command of this number in or takes it out.
    mutating func set(_ number: Int, _ isIn: Bool) {
        let index = number >> 6
        if index >= words.count {
            let filler: UInt64 = includesOthers ? .max : 0
            words += Array(repeating: filler, count: index + 1 - words.count)
        }
        let bit = UInt64(1) << UInt64(number & 63)
        if isIn { words[index] |= bit } else { words[index] &= ~bit }
    }
}
