/// The family of strings: one file a command, one line here.
enum StringCommands {
    static var all: [CommandSpec] {
        [
            GetCommand.spec, SetCommand.spec,
        ]
    }
}

extension KeySpec {
    /// One key that is read.
    static let read = KeySpec(["RO", "access"])
    /// One key that is written over.
    static let overwritten = KeySpec(["OW", "update"])
    /// One key that is read and changed.
    static let updated = KeySpec(["RW", "access", "update"])
}
