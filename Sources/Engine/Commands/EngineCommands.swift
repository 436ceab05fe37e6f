/// The families of commands that the engine alone can execute; the server adds its own.
enum EngineCommands {
    static var families: [[CommandSpec]] {
        [
            StringCommands.all, KeyCommands.all, HashCommands.all, ListCommands.all,
            SetCommands.all, SortedSetCommands.all, StreamCommands.all, BitmapCommands.all,
            HyperLogLogCommands.all, GeoCommands.all, TransactionCommands.all,
            [CommandCommand.spec],
        ]
    }
}
