/// ACL SAVE
///
/// Writes all users to the file that `aclfile` names, so that either its old or its new text is there whatever
/// happens. O(N) in users. Replies OK. Errors: no `aclfile`; the system refuses.
///
/// ACL LOAD
///
/// Puts the users of that file in the place of those there are: all of them, or none where a line is wrong. Clients
/// of other users than the default one are disconnected. O(N) in users. Replies OK. Errors: as above; what is
/// wrong in the file, line by line.
import Bytes
import Engine
import Persistence
import RESP

extension Server {
    func aclSaveWord() -> CommandSpec {
        aclWord(
            "save", 2, "Save the current ACL rules in the configured ACL file",
            complexity: "O(N). Where N is the number of configured users."
        ) { [unowned self] (_, _, reply) throws(CommandError) in
            let path = try accessFilePath()
            do throws(FileReplacement.Failure) {
                try FileReplacement.replace(
                    FileReplacement.resolved(path), with: engine.access.fileText)
            } catch {
                log.warning(
                    "Saving the ACL file '\(path)': \(SystemErrorText.text(error.number))")
                throw CommandError(
                    "ERR There was an error trying to save the ACLs. Please check the server logs for more information"
                )
            }
            reply.ok()
        }
    }

    func aclLoadWord() -> CommandSpec {
        aclWord(
            "load", 2, "Reload the ACLs from the configured ACL file",
            complexity: "O(N). Where N is the number of configured users."
        ) { [unowned self] (session, _, reply) throws(CommandError) in
            let path = try accessFilePath()
            do throws(AccessControl.DeclarationFailure) {
                closeClients(of: try loadUsers(from: path), session)
            } catch {
                throw CommandError("ERR " + error.text)
            }
            reply.ok()
        }
    }

    private func accessFilePath() throws(CommandError) -> String {
        let path = configuration.settings.accessFilePath
        if path.isEmpty {
            throw CommandError(
                "ERR This Redis instance is not configured to use an ACL file. You may want to specify users via the ACL SETUSER command and then issue a CONFIG REWRITE (assuming you have a Redis configuration file set) in order to store users in the Redis configuration."
            )
        }
        return path
    }

    /// Takes over the users of an ACL file; answers those that are no more.
    func loadUsers(from path: String) throws(AccessControl.DeclarationFailure) -> [User] {
        var text: [UInt8] = []
        let failure = ConfigurationFile.read(path, into: &text)
        if failure != 0 {
            throw AccessControl.DeclarationFailure(
                text: "Error loading ACLs, opening file '\(path)': \(SystemErrorText.text(failure))"
            )
        }
        return engine.access.replaceAll(
            with: try engine.access.declarations(in: text, path: path))
    }
}
