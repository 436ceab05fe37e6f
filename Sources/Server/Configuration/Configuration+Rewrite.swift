/// CONFIG REWRITE: the file brought up to date on disk.
import Bytes
import Persistence

extension Configuration {
    /// Writes the values in force to the configuration file.
    ///
    /// - Throws: the text for the client: no file, or what the system says.
    public func rewrite() throws(ConfigurationRefusal) {
        guard let filePath else {
            throw ConfigurationRefusal("The server is running without a config file")
        }
        do {
            let path = FileReplacement.resolved(filePath)
            try FileReplacement.replace(path, with: rewritten(try FileReplacement.content(path)))
        } catch {
            throw ConfigurationRefusal(
                "Rewriting config file: \(SystemErrorText.text(error.number))")
        }
    }

    /// The text that CONFIG REWRITE makes of `content`.
    public func rewritten(_ content: [UInt8]) -> [UInt8] {
        var rewriter = ConfigurationRewriter(content)
        for (place, directive) in DirectiveCatalog.all.enumerated() {
            var lines = directive.lines(values[place], standard: standards[place])
            if directive.name == "appendonly" && decidesBackendAlone(rewriter) {
                lines = lines.map { ($0.line, true) }
            }
            rewriter.write(place, lines)
        }
        if let describeUsers {
            // Those of an ACL file are no business of this one.
            let lines = settings.accessFilePath.isEmpty ? describeUsers() : []
            rewriter.write(ConfigurationRewriter.userPlace, lines.map { (Self.line($0), true) })
        }
        return rewriter.finish()
    }

    /// A line of these words, quoted where they would not be read back as they are.
    private static func line(_ words: [[UInt8]]) -> [UInt8] {
        let quoted = words.map { word -> [UInt8] in
            let isPlain =
                !word.isEmpty && word.allSatisfy { $0 > 32 && $0 < 127 && $0 != 34 && $0 != 39 }
            return isPlain ? word : QuotedText.quote(word)
        }
        return Array(quoted.joined(separator: [32]))
    }

    /// Whether a `save` line is about to appear that would choose another backend at the next
    /// start, if `appendonly` weren't written beside it.
    private func decidesBackendAlone(_ rewriter: ConfigurationRewriter) -> Bool {
        guard let save = DirectiveCatalog.places["save"],
            let named = DirectiveCatalog.places[DirectiveCatalog.backendName]
        else { return false }
        return setWhileRunning.contains(save) && !rewriter.mentions(named)
    }
}
