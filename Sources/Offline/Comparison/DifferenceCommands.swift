/// The commands that turn one dataset into another: what `redis-cli --pipe` applies to a server that has the first.
///
/// A key that only the first has is deleted; one that differs is deleted and made anew; one that only the second has is
/// made.
import Backends
import Bytes
import Records

extension DatasetComparison {
    /// Appends the commands to `out`; `settle` is called between them, and may empty it.
    ///
    /// - Parameter right: the second of the two that were compared.
    /// - Throws: what walking over `right` and `settle` throw.
    public func appendCommands(
        making right: any EntrySource, to out: ByteWriter, settle: () throws -> Void
    ) throws {
        var selected: Int?
        func select(_ database: Int) {
            if selected == database { return }
            selected = database
            EntrySpelling.append(
                command: [Array("SELECT".utf8), Array("\(database)".utf8)], to: out)
        }
        for key in (onlyLeft + changed).sorted() {
            select(key.database)
            EntrySpelling.append(command: [Array("DEL".utf8), key.name], to: out)
            try settle()
        }
        let spelling = EntrySpelling()
        try right.forEachEntry(of: Set(onlyRight + changed)) { database, entry in
            select(database)
            try spelling.append(entry, to: out, settle: settle)
        }
    }

    /// The lines for people: A has what stands before the slash, B what stands behind it.
    public func text(
        _ explanations: [(key: DatasetKey, how: [String])], limit: Int
    ) -> [String] {
        var lines = onlyLeft.prefix(limit).map { "- \($0.text)" }
        lines += onlyRight.prefix(limit).map { "+ \($0.text)" }
        lines += explanations.map {
            "~ \($0.key.text): \($0.how.joined(separator: "; "))"
        }
        let named = lines.count
        if count > named { lines.append("and \(count - named) more") }
        return lines
    }
}
