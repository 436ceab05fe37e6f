/// Commands that make keys, as RESP: what `redis-cli --pipe` takes.
import Bytes
import Records

/// Writes commands behind a writer's bytes.
public final class CommandScript {
    private let out: ByteWriter
    private let speller = MutationSpeller()
    private var database: Int?

    /// A script that begins in an unknown database.
    public init(to out: ByteWriter) { self.out = out }

    /// The commands that make an entry in an empty place; `emitted` is called behind each.
    public func make(_ entry: FrozenEntry, database: Int, emitted: () throws -> Void = {}) throws {
        select(database)
        try speller.spell(entry) { mutation in
            CommandEncoder.append(mutation, to: out)
            try emitted()
        }
    }

    /// The command that removes a key.
    public func delete(_ key: ByteView, database: Int) {
        select(database)
        CommandEncoder.append(.delete(key: key), to: out)
    }

    private func select(_ number: Int) {
        if database == number { return }
        database = number
        CommandEncoder.select(number, out)
    }
}
