/// ACL CAT [categoryname], ACL GENPASS [bits], ACL LIST, ACL USERS, ACL WHOAMI, and the container of all words of ACL
///
/// CAT lists the categories, or this server's commands of one; LIST tells all users in the form of an ACL file,
/// USERS their names; WHOAMI the one of the connection. O(N) in users or commands. GENPASS makes a password of so
/// many random bits (256 unless told), four to a hexadecimal character. Errors: no such category; bits out of
/// range.
import Bytes
import Engine
import RESP

extension Server {
    func aclCommand() -> CommandSpec {
        CommandSpec(
            container: "acl", group: .server, since: "6.0.0",
            summary: "A container for Access List Control commands.",
            subcommands: [
                aclCategoriesWord(), aclPasswordWord(),
                aclWord(
                    "list", 2, "List the current ACL rules in ACL config file format",
                    complexity: "O(N). Where N is the number of configured users."
                ) { [unowned self] (_, _, reply) in
                    reply.array(engine.access.all.count)
                    for user in engine.access.all { reply.bulk(engine.access.line(of: user)) }
                },
                aclWord(
                    "users", 2, "List the username of all the configured ACL rules",
                    complexity: "O(N). Where N is the number of configured users."
                ) { [unowned self] (_, _, reply) in
                    reply.array(engine.access.all.count)
                    for user in engine.access.all { reply.bulk(user.name) }
                },
                aclWord(
                    "whoami", 2, "Return the name of the user associated to the current connection",
                    isAdmin: false
                ) { (session, _, reply) in
                    if let user = session.user { reply.bulk(user.name) } else { reply.null() }
                },
                aclSetUserWord(), aclGetUserWord(), aclDeleteUserWord(), aclRehearsalWord(),
                aclLogWord(), aclSaveWord(), aclLoadWord(),
                helpWord(of: "acl", group: .server, since: "6.0.0", ACLHelp.lines),
            ])
    }

    /// A word of ACL.
    func aclWord(
        _ name: String, _ arity: Int, _ summary: String, since: String = "6.0.0",
        complexity: String = "O(1)", syntax: String = "", isAdmin: Bool = true,
        isSecret: Bool = false,
        _ run: @escaping (Session, ByteViews, ReplyWriter) throws(CommandError) -> Void
    ) -> CommandSpec {
        var flags: CommandFlags = [.noscript, .loading, .stale]
        if isAdmin { flags.insert(.admin) }
        if isSecret { flags.insert(.secrets) }
        return CommandSpec(
            name, arity: arity, flags, group: .server, since: since, summary: summary,
            complexity: complexity, syntax: syntax
        ) { _, session, arguments, reply throws(CommandError) in
            try run(session, arguments, reply)
        }
    }

    private func aclCategoriesWord() -> CommandSpec {
        aclWord(
            "cat", -2, "List the ACL categories or the commands inside a category",
            complexity: "O(1) since the categories and commands are a fixed set.",
            syntax: "[categoryname]", isAdmin: false
        ) { [unowned self] (_, arguments, reply) throws(CommandError) in
            if arguments.count > 3 { throw .subcommandSyntax(arguments[1], of: "acl") }
            var names = AccessControl.categories
            if arguments.count == 3 {
                guard let commands = engine.access.commands(in: arguments[2]) else {
                    throw CommandError(
                        bytes: Array("ERR Unknown category '".utf8)
                            + CommandError.shown(arguments[2]) + Array("'".utf8))
                }
                names = commands
            }
            reply.array(names.count)
            for name in names { reply.bulk(text: name) }
        }
    }

    private func aclPasswordWord() -> CommandSpec {
        aclWord(
            "genpass", -2, "Generate a pseudorandom secure password to use for ACL users",
            syntax: "[bits]", isAdmin: false
        ) { (_, arguments, reply) throws(CommandError) in
            if arguments.count > 3 { throw .subcommandSyntax(arguments[1], of: "acl") }
            var bits: Int64 = 256
            if arguments.count == 3 {
                guard let number = Decimal.parse(arguments[2]) else { throw .integerExpected }
                guard (1...4096).contains(number) else {
                    throw CommandError(
                        "ERR ACL GENPASS argument must be the number of bits for the output password, a positive number up to 4096"
                    )
                }
                bits = number
            }
            // The system's generator, which is fit for secrets.
            var random = SystemRandomNumberGenerator()
            let digits = Array("0123456789abcdef".utf8)
            reply.bulk((0..<(bits + 3) / 4).map { _ in digits[Int(random.next() & 15)] })
        }
    }
}
