/// The family of keys: what works on a key whatever its type, and on whole databases.
enum KeyCommands {
    static var all: [CommandSpec] {
        [
            DelCommand.del, DelCommand.unlink, ExistsCommand.spec, TypeCommand.spec,
            KeysCommand.spec, ScanCommand.spec, RandomKeyCommand.spec, RenameCommand.rename,
            RenameCommand.renamenx, CopyCommand.spec, MoveCommand.spec, TouchCommand.spec,
            ExpireCommands.expire, ExpireCommands.pexpire, ExpireCommands.expireat,
            ExpireCommands.pexpireat, TTLCommands.ttl, TTLCommands.pttl, TTLCommands.expiretime,
            TTLCommands.pexpiretime, PersistCommand.spec, ObjectCommand.spec, DBSizeCommand.spec,
            SelectCommand.spec, SwapDBCommand.spec, DumpCommand.spec, RestoreCommand.spec,
            SortCommand.sort, SortCommand.sortReadOnly,
            FlushCommands.flushdb, FlushCommands.flushall,
        ]
    }
}
