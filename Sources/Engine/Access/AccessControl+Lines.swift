/// Users declared line by line: in an ACL file, and by `user` in a configuration file.
///
///     user <name> <word> <word> ...
///
/// In an ACL file words stand behind single blanks and have no quotes; nothing else but empty lines may stand
/// there. A selector's words need not stand together with its parentheses: `(~a +get)` is three words or one.
import Bytes

extension AccessControl {
    /// Puts words of a selector together that stand apart.
    ///
    /// - Throws: the word where a parenthesis opens that is never closed.
    public static func merged(_ words: [[UInt8]]) throws(RefusedWord) -> [[UInt8]] {
        var merged: [[UInt8]] = []
        var open: (start: [UInt8], text: [UInt8])?
        for word in words {
            if let begun = open {
                open?.text = begun.text + [32] + word
            } else if word.first == UInt8(ascii: "(") {
                open = (word, word)
            } else {
                merged.append(word)
            }
            if let begun = open, word.last == UInt8(ascii: ")") {
                merged.append(begun.text)
                open = nil
            }
        }
        if let open { throw RefusedWord(word: open.start, reason: .unmatchedParenthesis) }
        return merged
    }

    // MARK: The configuration's lines

    /// What is wrong with a `user` line of a configuration, as far as it can be told without the commands.
    ///
    /// - Parameter others: names declared already.
    public static func refusal(
        ofDeclaration words: [[UInt8]], others: [[UInt8]]
    ) -> RefusedWord? {
        let name = words.first ?? []
        if others.contains(name) { return RefusedWord(word: name, reason: .duplicateUser) }
        do throws(RefusedWord) {
            let control = AccessControl(CommandTable([]))
            var rules = UserRules(allChannels: false)
            for word in try merged(Array(words.dropFirst())) {
                do throws(RefusedWord) {
                    try control.apply(word, to: &rules)
                } catch {
                    if error.reason != .unknownName { throw error }
                }
            }
            return nil
        } catch {
            return error
        }
    }

    /// Carries out the `user` lines of a configuration, name first.
    ///
    /// - Throws: what the log should say; the server must not start then.
    public func declare(_ lines: [[[UInt8]]]) throws(DeclarationFailure) {
        for line in lines {
            let name = line.first ?? []
            if name.withByteView(AccessControl.hasBlanks) {
                throw DeclarationFailure(text: "Spaces not allowed in ACL usernames")
            }
            do throws(RefusedWord) {
                var words = try AccessControl.merged(Array(line.dropFirst()))
                // The default user is as open as it is until somebody says what it is.
                if name == defaultUser.name { words.insert(Array("reset".utf8), at: 0) }
                try name.withByteView { (name) throws(RefusedWord) in _ = try change(name, words) }
            } catch {
                throw DeclarationFailure(
                    text: "Error loading ACL rule '\(String(decoding: error.word, as: UTF8.self))' "
                        + "for the user named '\(String(decoding: name, as: UTF8.self))': "
                        + error.reason.text)
            }
        }
    }

    /// Why declared users can't be had.
    public struct DeclarationFailure: Error {
        /// For the log or the client.
        public let text: String

        /// A failure.
        public init(text: String) { self.text = text }
    }

    // MARK: ACL files

    /// The text of an ACL file that declares the users there are.
    public var fileText: [UInt8] { all.flatMap { line(of: $0) + [10] } }

    /// Reads the text of an ACL file; changes nothing.
    ///
    /// - Throws: all that is wrong, with line numbers; `path` is how the file is called in that.
    public func declarations(
        in text: [UInt8], path: String
    ) throws(DeclarationFailure) -> [(name: [UInt8], rules: UserRules)] {
        var declared: [(name: [UInt8], rules: UserRules)] = []
        var names: Set<[UInt8]> = []
        var problems = ""
        for (index, line) in text.split(separator: 10, omittingEmptySubsequences: false)
            .enumerated()
        {
            let trimmed = AccessControl.trimmed(line)
            if trimmed.isEmpty { continue }
            let place = "\(path):\(index + 1)"
            let words = trimmed.split(separator: 32, omittingEmptySubsequences: false)
                .map(Array.init)
            guard words.count > 1, words[0] == Array("user".utf8) else {
                problems += "\(place) should start with user keyword followed by the username. "
                continue
            }
            let shown = String(decoding: words[1], as: UTF8.self)
            if words[1].withByteView(AccessControl.hasBlanks) {
                problems += "\(place): username '\(shown)' contains invalid characters. "
                continue
            }
            guard names.insert(words[1]).inserted else {
                problems += "WARNING: Duplicate user '\(shown)' found on line \(index + 1). "
                continue
            }
            let rules = rules(of: Array(words.dropFirst(2)), place, &problems)
            declared.append((words[1], rules))
        }
        if problems.isEmpty { return declared }
        throw DeclarationFailure(
            text: problems
                + "WARNING: ACL errors detected, no change to the previously active ACL rules was performed"
        )
    }

    private func rules(
        of words: [[UInt8]], _ place: String, _ problems: inout String
    ) -> UserRules {
        var rules = UserRules(allChannels: givesAllChannels)
        let merged: [[UInt8]]
        do throws(RefusedWord) {
            merged = try AccessControl.merged(words)
        } catch {
            problems += "\(place): \(error.reason.text). "
            return rules
        }
        var isSyntaxTold = false
        for word in merged {
            do throws(RefusedWord) {
                try apply(word, to: &rules)
            } catch {
                if error.reason == .unknownName {
                    let shown = String(decoding: word, as: UTF8.self)
                    problems +=
                        "\(place): Error in applying operation '\(shown)': \(error.reason.text). "
                } else if !isSyntaxTold {
                    problems += "\(place): \(error.reason.text). "
                    isSyntaxTold = true
                }
            }
        }
        return rules
    }

    private static func trimmed(_ line: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        func isBlank(_ byte: UInt8) -> Bool { byte == 32 || byte == 9 || byte == 13 }
        guard let start = line.firstIndex(where: { !isBlank($0) }),
            let end = line.lastIndex(where: { !isBlank($0) })
        else { return [] }
        return line[start...end]
    }
}
