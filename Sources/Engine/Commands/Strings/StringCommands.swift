/// The family of strings: one file a command (or a tight group), one line here.
enum StringCommands {
    static var all: [CommandSpec] {
        [
            AppendCommand.spec,
            GetCommand.spec, GetdelCommand.spec, GetexCommand.spec, GetsetCommand.spec,
            GetrangeCommand.spec, GetrangeCommand.substr,
            IncrCommand.spec, IncrCommand.incrby, IncrCommand.decr, IncrCommand.decrby,
            IncrbyfloatCommand.spec,
            LcsCommand.spec,
            MgetCommand.spec, MsetCommand.spec, MsetCommand.msetnx,
            SetCommand.spec, SetexCommand.spec, SetexCommand.psetex, SetnxCommand.spec,
            SetrangeCommand.spec,
            StrlenCommand.spec,
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

extension EntryKind {
    /// Whether it is a string, stored either way.
    @inline(__always)
    var isString: Bool { self == .string || self == .integer }
}
