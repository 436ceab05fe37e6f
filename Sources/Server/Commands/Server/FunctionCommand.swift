/// FUNCTION: there is no scripting yet, so no library either.
///
/// FLUSH has nothing to do, LIST and STATS nothing to tell: enough for clients and test harnesses that
/// clean a server up. Whatever would load a function is an unknown subcommand.
import Bytes
import Engine
import RESP

extension Server {
    func functionCommand() -> CommandSpec {
        CommandSpec(
            container: "function", group: .scripting, since: "7.0.0",
            summary: "A container for function commands.",
            subcommands: [
                CommandSpec(
                    "flush", arity: -2, [.noscript, .write], group: .scripting, since: "7.0.0",
                    summary: "Deletes all libraries and functions.", syntax: "[ASYNC | SYNC]",
                    tips: CommandTips.allShards
                ) { _, _, arguments, reply throws(CommandError) in
                    if arguments.count > 3 { throw .subcommandSyntax(arguments[1], of: "function") }
                    if arguments.count == 3 && !arguments[2].equalsIgnoringCase("async")
                        && !arguments[2].equalsIgnoringCase("sync")
                    {
                        throw CommandError("ERR FUNCTION FLUSH only supports SYNC|ASYNC option")
                    }
                    reply.ok()
                },
                CommandSpec(
                    "list", arity: -2, [.noscript], group: .scripting, since: "7.0.0",
                    summary: "Returns information about all libraries.",
                    syntax: "[LIBRARYNAME library-name-pattern] [WITHCODE]",
                    tips: CommandTips.unordered
                ) { _, _, arguments, reply throws(CommandError) in
                    try FunctionList.check(arguments)
                    reply.array(0)
                },
                CommandSpec(
                    "stats", arity: 2, [.noscript, .allowBusy], group: .scripting, since: "7.0.0",
                    summary: "Returns information about a function during execution.",
                    tips: CommandTips.shardReports
                ) { _, _, _, reply throws(CommandError) in
                    reply.map(2)
                    reply.bulk(ByteView("running_script"))
                    reply.null()
                    reply.bulk(ByteView("engines"))
                    reply.map(0)
                },
                helpWord(
                    of: "function", group: .scripting, since: "7.0.0",
                    [
                        "LIST [LIBRARYNAME PATTERN] [WITHCODE]",
                        "    Return general information on all the libraries. There are none.",
                        "STATS",
                        "    Return information about the current function running. There is none.",
                        "FLUSH [ASYNC|SYNC]",
                        "    Delete all the libraries.",
                    ]),
            ])
    }
}

/// FUNCTION LIST's options.
private enum FunctionList {
    static func check(_ arguments: ByteViews) throws(CommandError) {
        var hasPattern = false
        var hasCode = false
        var index = 2
        while index < arguments.count {
            let word = arguments[index]
            if word.equalsIgnoringCase("withcode") && !hasCode {
                hasCode = true
            } else if word.equalsIgnoringCase("libraryname") && !hasPattern {
                guard index + 1 < arguments.count else {
                    throw CommandError("ERR library name argument was not given")
                }
                hasPattern = true
                index += 1
            } else {
                throw CommandError(
                    bytes: Array("ERR Unknown argument ".utf8)
                        + CommandError.shown(word).map { $0 == 13 || $0 == 10 ? 32 : $0 })
            }
            index += 1
        }
    }
}
