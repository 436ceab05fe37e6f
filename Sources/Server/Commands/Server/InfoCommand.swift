/// INFO [section [section ...]]
///
/// Facts and figures, `name:value` a line, in sections whose names monitors know. O(1).
import Bytes
import Engine
import RESP

extension Server {
    func infoCommand() -> CommandSpec {
        CommandSpec(
            "info", arity: -1, [.loading, .stale], group: .server, since: "1.0.0",
            summary: "Returns information and statistics about the server.",
            syntax: "[section [section ...]]", tips: CommandTips.shardReports,
            categories: ["dangerous"]
        ) { [unowned self] _, _, arguments, reply throws(CommandError) in
            let asked = Set(arguments.dropFirst(1).map { $0.text.lowercased() })
            var text = ""
            for section in infoSections where isWanted(section, asked) {
                if !text.isEmpty { text += "\r\n" }
                text += "# \(section.title)\r\n"
                for (name, value) in section.fields() { text += "\(name):\(value)\r\n" }
            }
            reply.verbatim(Array(text.utf8))
        }
    }

    private func isWanted(_ section: InfoSection, _ asked: Set<String>) -> Bool {
        if asked.isEmpty || asked.contains("default") && section.isDefault {
            return section.isDefault
        }
        if asked.contains("all") || asked.contains("everything") { return true }
        return asked.contains(section.title.lowercased())
    }
}

/// One section of INFO.
struct InfoSection {
    let title: String
    /// Shown when no section is named.
    var isDefault = true
    let fields: () -> [(String, String)]
}
