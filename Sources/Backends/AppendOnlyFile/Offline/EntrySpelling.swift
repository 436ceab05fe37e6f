/// Entries as the commands that make them in an empty place, as a base of a log holds them: what `redis-cli --pipe`
/// takes.
///
/// Threads: one.
import Bytes
import Records

/// Spells entries as commands; see the file's header.
public final class EntrySpelling {
    private let speller = MutationSpeller()

    /// A speller; one may serve many entries.
    public init() {}

    /// Appends the commands that make `entry`; `settle` is called between them, and may empty `out`.
    public func append(
        _ entry: FrozenEntry, to out: ByteWriter, settle: () throws -> Void = {}
    ) throws {
        try speller.spell(entry) { mutation in
            CommandEncoder.append(mutation, to: out)
            try settle()
        }
    }

    /// Appends a command as an array of bulk strings.
    public static func append(command words: [[UInt8]], to out: ByteWriter) {
        out.append("*")
        out.append(decimal: words.count)
        out.appendLineEnd()
        for word in words {
            out.append("$")
            out.append(decimal: word.count)
            out.appendLineEnd()
            out.append(word)
            out.appendLineEnd()
        }
    }
}
