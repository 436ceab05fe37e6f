/// SNAPSHOT [fileName] | SAVE name [FORMAT format] | RESTORE name [REPLACE | MERGE] | BACKUP | LIST | STATUS |
/// VERIFY name | HELP
///
/// SAVE and BACKUP reply as BGSAVE does, once the view is frozen; STATUS tells what became of it. VERIFY and RESTORE
/// reply when they are done; other clients are served meanwhile. A file name that is none of the words is saved, and
/// without any the snapshot is named by the time.
///
/// Errors: a name that can't be one, no room on the disk or in memory (with the figures), something of this kind runs
/// already, and from VERIFY and RESTORE what is wrong with the file.
import Bytes
import Engine
import Persistence
import RESP

extension Server {
    func snapshotCommand() -> CommandSpec {
        var spec = CommandSpec(
            "snapshot", arity: -1, Self.snapshotFlags, group: .server, since: "7.2.0",
            summary: "Saves a verified snapshot of all data to a file.",
            complexity: "Depends on subcommand.", syntax: "[filename]",
            categories: Self.snapshotCategories, subcommands: snapshotWords()
        ) { [unowned self] _, _, arguments, reply throws(CommandError) in
            guard let store = snapshotStore else { throw Self.refusal(Self.noStore) }
            if arguments.count > 2 { throw .unknownSubcommand(arguments[1], of: "snapshot") }
            let name = arguments.count == 2 ? arguments[1].text : timedName(store)
            try save(name, nil, reply)
        }
        spec.takesOtherWords = true
        return spec
    }

    private static let snapshotFlags: CommandFlags = [
        .admin, .noscript, .noMulti, .noAsyncLoading,
    ]
    private static let snapshotCategories = ["admin", "dangerous", "slow"]

    private static var noStore: PersistenceError {
        PersistenceError(.conflict, "This server has no data directory")
    }

    private func snapshotWord(
        _ name: String, _ arity: Int, _ summary: String, _ syntax: String = "",
        complexity: String = "O(1)",
        _ handler:
            @escaping (Session, ByteViews, ReplyWriter) throws(CommandError) -> Void
    ) -> CommandSpec {
        CommandSpec(
            name, arity: arity, Self.snapshotFlags, group: .server, since: "7.2.0",
            summary: summary, complexity: complexity, syntax: syntax,
            categories: Self.snapshotCategories
        ) { _, session, arguments, reply throws(CommandError) in
            try handler(session, arguments, reply)
        }
    }

    private func snapshotWords() -> [CommandSpec] {
        [
            snapshotWord(
                "save", -3, "Saves a verified snapshot of all data to a file, in the background.",
                "name [FORMAT format]", complexity: "O(N) on another thread, O(1) on the engine's"
            ) { [unowned self] _, arguments, reply throws(CommandError) in
                if arguments.count == 3 { return try save(arguments[2].text, nil, reply) }
                guard arguments.count == 5, arguments[3].equalsIgnoringCase("format") else {
                    throw .syntaxError
                }
                try save(arguments[2].text, arguments[4].text.lowercased(), reply)
            },
            restoreWord(),
            snapshotWord(
                "backup", 2, "Makes a backup now, as the schedule does.",
                complexity: "O(N) on another thread, O(1) on the engine's"
            ) { [unowned self] _, _, reply throws(CommandError) in
                do throws(PersistenceError) {
                    reply.simple(text: "Background backup started: \(try beginBackup())")
                } catch {
                    throw Self.refusal(error)
                }
            },
            listWord(), verifyWord(),
            snapshotWord("status", 2, "Returns what runs and what became of the last snapshot.") {
                [unowned self] _, _, reply in
                let fields = snapshotStatus()
                reply.map(fields.count)
                for field in fields {
                    reply.bulk(text: field.name)
                    reply.bulk(text: field.value)
                }
            },
            helpWord(
                of: "snapshot", group: .server, since: "7.2.0",
                categories: Self.snapshotCategories, Self.snapshotHelp),
        ]
    }

    private static let snapshotHelp = [
        "<filename>",
        "    Save a snapshot; the format follows the extension.",
        "SAVE <name> [FORMAT <format>]",
        "    Save a snapshot in the background, read it back and compare it with the data.",
        "RESTORE <name> [REPLACE|MERGE]",
        "    Load a snapshot in the place of the data, or into it: then its keys win.",
        "BACKUP",
        "    Make a backup now, as the schedule does, and remove those that no rule keeps.",
        "LIST",
        "    Show the snapshots and backups that there are.",
        "VERIFY <name>",
        "    Read a whole snapshot and compare it with the digest that it names.",
        "STATUS",
        "    Show what runs, and what became of the last snapshot and the last backup.",
    ]

    private static func refusal(_ error: PersistenceError) -> CommandError {
        CommandError("ERR \(oneLine(error))")
    }

    private static func oneLine(_ error: PersistenceError) -> String {
        String("\(error)".map { $0.isNewline ? " " : $0 })
    }

    private func timedName(_ store: any SnapshotStore) -> String {
        let format = store.format(ofFile: "")
        let suffix = store.formats.first { $0.name == format }?.fileExtensions.first ?? format
        let now = engine.now.millisecondsSinceEpoch / 1000
        return "snapshot-" + BackupName.make(at: now, extension: suffix).dropFirst(7)
    }

    private func save(
        _ name: String, _ format: String?, _ reply: ReplyWriter
    ) throws(CommandError) {
        do throws(PersistenceError) {
            let store = try store()
            let format = format ?? store.format(ofFile: name)
            try saveSnapshot(name, format)
            reply.simple(text: "Background snapshot started: \(name) (\(format))")
        } catch {
            throw Self.refusal(error)
        }
    }

    private func restoreWord() -> CommandSpec {
        snapshotWord(
            "restore", -3, "Loads a snapshot in the place of the data, or into it.",
            "name [REPLACE | MERGE]",
            complexity: "O(N) on another thread; REPLACE O(1) on the engine's, MERGE O(N)"
        ) { [unowned self] session, arguments, _ throws(CommandError) in
            if arguments.count > 4 { throw .syntaxError }
            let merges = arguments.count == 4 && arguments[3].equalsIgnoringCase("merge")
            if arguments.count == 4 && !merges && !arguments[3].equalsIgnoringCase("replace") {
                throw .syntaxError
            }
            let name = arguments[2].text
            try answer(session) { finish throws(PersistenceError) in
                try restoreSnapshot(name, merges: merges) { result in
                    finish { reply in
                        switch result {
                        case .success: reply.ok()
                        case .failure(let error): reply.error(Self.refusal(error).message)
                        }
                    }
                }
            }
        }
    }

    private func verifyWord() -> CommandSpec {
        snapshotWord(
            "verify", 3, "Reads a whole snapshot and compares it with the digest that it names.",
            "name", complexity: "O(N) on another thread"
        ) { [unowned self] session, arguments, _ throws(CommandError) in
            let name = arguments[2].text
            try answer(session) { finish throws(PersistenceError) in
                try verifySnapshot(name) { result in
                    finish { reply in
                        switch result {
                        case .success(let facts): reply.snapshot(facts, folder: nil)
                        case .failure(let error): reply.error(Self.refusal(error).message)
                        }
                    }
                }
            }
        }
    }

    private func listWord() -> CommandSpec {
        snapshotWord(
            "list", 2, "Returns the snapshots and backups that there are.",
            complexity: "O(N) in their number, on another thread"
        ) { [unowned self] session, _, _ throws(CommandError) in
            try answer(session) { finish throws(PersistenceError) in
                try listSnapshots { result in
                    finish { reply in
                        switch result {
                        case .success(let all):
                            reply.array(all.count)
                            for each in all { reply.snapshot(each.facts, folder: each.folder) }
                        case .failure(let error): reply.error(Self.refusal(error).message)
                        }
                    }
                }
            }
        }
    }

    /// Begins what answers later; where it can't be begun, the client hears that at once.
    private func answer(
        _ session: Session,
        _ begin: (@escaping (@escaping (ReplyWriter) -> Void) -> Void) throws(PersistenceError) ->
            Void
    ) throws(CommandError) {
        let connection = try connection(session)
        do throws(PersistenceError) {
            connection.postpone()
            try begin { write in connection.complete(write) }
        } catch {
            connection.complete { $0.error(Self.refusal(error).message) }
        }
    }
}

extension ReplyWriter {
    /// One snapshot of a listing, as a map.
    fileprivate func snapshot(_ facts: SnapshotFacts, folder: String?) {
        var fields: [(String, String)] = [("name", facts.name)]
        if let folder { fields.append(("folder", folder)) }
        fields += [("format", facts.format), ("digest", facts.digest)]
        map(fields.count + 3)
        for (name, value) in fields {
            bulk(text: name)
            bulk(text: value)
        }
        bulk(text: "bytes")
        integer(facts.bytes)
        bulk(text: "keys")
        if let keys = facts.keys { integer(keys) } else { null() }
        bulk(text: "time")
        integer(Int(facts.time))
    }
}
