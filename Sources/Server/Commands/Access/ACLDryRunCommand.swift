/// ACL DRYRUN username command [arg [arg ...]]
///
/// Whether the user might run the command, which isn't run, nor is the question put into ACL LOG. O(1) and what
/// looking at the keys takes. Replies OK, or a text that says what is missing. Errors: no such user or command,
/// arguments too few or too many for it.
import Bytes
import Engine
import RESP

extension Server {
    func aclRehearsalWord() -> CommandSpec {
        aclWord(
            "dryrun", -4,
            "Returns whether the user can execute the given command without executing the command.",
            since: "7.0.0", complexity: "O(1).", syntax: "username command [arg [arg ...]]"
        ) { [unowned self] (_, arguments, reply) throws(CommandError) in
            guard let user = engine.access.find(arguments[2]) else {
                throw CommandError(
                    bytes: Array("ERR User '".utf8) + CommandError.shown(arguments[2])
                        + Array("' not found".utf8))
            }
            if let problem = try engine.rehearse(user, arguments.dropFirst(3)) {
                reply.bulk(problem)
            } else {
                reply.ok()
            }
        }
    }
}
