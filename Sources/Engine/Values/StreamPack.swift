/// What a node of a stream says: Redis's layout of entries in a listpack.
///
///     live   deleted   names   name ...   0                      the master entry
///     flags   ms   seq   value ...   pieces                       an entry with the master's names
///     flags   ms   seq   fields   name value ...   pieces         an entry with its own
///
/// `ms` and `seq` are added to the id of the node, which is not in the pack. Flags: 1 deleted, 2 the master's
/// names. `pieces` are the elements before it, so that entries are found from the end as well.
///
/// Everything read is checked: a pack may come from a dump.
import Bytes
import Records

/// A node's bytes and what its master entry says.
struct StreamPack {
    let bytes: ByteView
    /// The node's id.
    let id: StreamID
    /// Entries that are there.
    let live: Int
    /// Entries that are marked as deleted.
    let deleted: Int
    /// Where `deleted` stands; `live` stands behind the head.
    let deletedAt: Int
    let nameCount: Int
    /// Where the master's names begin.
    let namesAt: Int
    /// Where the first entry begins.
    let entriesAt: Int

    /// Reads the master entry; nil where there is none.
    init?(_ bytes: ByteView, id: StreamID) {
        guard let (live, deletedAt) = ListPack.integer(bytes, at: ListPack.headBytes),
            let (deleted, countAt) = ListPack.integer(bytes, at: deletedAt),
            let (names, namesAt) = ListPack.integer(bytes, at: countAt), live >= 0, deleted >= 0,
            names >= 0
        else { return nil }
        var place = namesAt
        for _ in 0..<names {
            guard let (_, next) = ListPack.element(bytes, at: place) else { return nil }
            place = next
        }
        guard let (zero, entriesAt) = ListPack.integer(bytes, at: place), zero == 0 else {
            return nil
        }
        self.bytes = bytes
        self.id = id
        self.live = Int(live)
        self.deleted = Int(deleted)
        self.deletedAt = deletedAt
        nameCount = Int(names)
        self.namesAt = namesAt
        self.entriesAt = entriesAt
    }

    /// The entry that begins at `offset`; nil at the end.
    func entry(at offset: Int) -> StreamEntry? {
        guard let (flags, msAt) = ListPack.integer(bytes, at: offset),
            let (ms, seqAt) = ListPack.integer(bytes, at: msAt),
            var (seq, place) = ListPack.integer(bytes, at: seqAt)
        else { return nil }
        let isUniform = flags & StreamEntry.uniform != 0
        var count = Int64(nameCount)
        if !isUniform {
            guard let (own, next) = ListPack.integer(bytes, at: place), own >= 0 else { return nil }
            count = own
            place = next
        }
        let valuesAt = place
        var left = isUniform ? count : count &* 2
        while left > 0 {
            guard let (_, next) = ListPack.element(bytes, at: place) else { return nil }
            place = next
            left -= 1
        }
        guard let (_, end) = ListPack.integer(bytes, at: place) else { return nil }
        seq = Int64(bitPattern: id.sequence &+ UInt64(bitPattern: seq))
        return StreamEntry(
            id: StreamID(id.milliseconds &+ UInt64(bitPattern: ms), UInt64(bitPattern: seq)),
            bytes: bytes, isDeleted: flags & StreamEntry.deleted != 0, fieldCount: Int(count),
            namesAt: isUniform ? namesAt : nil, valuesAt: valuesAt, range: offset..<end)
    }

    /// The entry that ends at `offset`; nil at the start.
    func entry(before offset: Int) -> StreamEntry? {
        guard offset > entriesAt, var place = ListPack.start(bytes, before: offset),
            let (pieces, _) = ListPack.integer(bytes, at: place)
        else { return nil }
        var left = pieces
        while left > 0 {
            guard let start = ListPack.start(bytes, before: place), start >= entriesAt else {
                return nil
            }
            place = start
            left -= 1
        }
        guard let entry = entry(at: place), entry.range.upperBound == offset else { return nil }
        return entry
    }

    /// Where the last entry ends.
    var end: Int { bytes.count - 1 }

    /// The id of the last entry, deleted ones included.
    var lastID: StreamID { entry(before: end)?.id ?? id }

    /// Whether every bound, length and count in it is right.
    func isSound() -> Bool {
        var elements = 0
        var place = ListPack.headBytes
        while let (_, next) = ListPack.element(bytes, at: place) {
            guard ListPack.start(bytes, before: next) == place else { return false }
            elements += 1
            place = next
        }
        guard ListPack.isEnd(bytes, place) else { return false }
        let told = Int(bytes[4]) | Int(bytes[5]) << 8
        guard told == ListPack.uncounted || told == elements else { return false }
        var (living, gone) = (0, 0)
        var last: StreamID?
        place = entriesAt
        while place < end {
            guard let entry = entry(at: place),
                let behind = self.entry(before: entry.range.upperBound),
                behind.range == entry.range, last.map({ $0 < entry.id }) ?? true
            else { return false }
            if entry.isDeleted { gone += 1 } else { living += 1 }
            last = entry.id
            place = entry.range.upperBound
        }
        return living == live && gone == deleted
    }
}

/// One entry of a node; valid until the next write.
struct StreamEntry {
    static let deleted: Int64 = 1
    static let uniform: Int64 = 2

    let id: StreamID
    let bytes: ByteView
    let isDeleted: Bool
    /// Pairs of a field and a value.
    let fieldCount: Int
    /// Where the names begin that it shares with the node; nil: each stands before its value.
    let namesAt: Int?
    let valuesAt: Int
    let range: Range<Int>

    /// Hands every field and its value to `visit`.
    func forEachField<E: Error>(
        _ visit: (_ field: ListPackElement, _ value: ListPackElement) throws(E) -> Void
    ) throws(E) {
        var name = namesAt ?? valuesAt
        var value = valuesAt
        for _ in 0..<fieldCount {
            guard let (field, next) = ListPack.element(bytes, at: name) else { return }
            if namesAt == nil { value = next }
            guard let (text, behind) = ListPack.element(bytes, at: value) else { return }
            try visit(field, text)
            value = behind
            name = namesAt == nil ? behind : next
        }
    }
}

/// The fields of entries as a list of views; one may serve many entries, one after the other.
final class StreamFields {
    private let texts = ByteWriter(capacity: 256)
    private var views: [ByteView] = []

    /// Lends the fields of `entry`, each before its value.
    func with<R>(_ entry: StreamEntry, _ body: (ByteViews) throws -> R) rethrows -> R {
        views.removeAll(keepingCapacity: true)
        texts.removeAll()
        // Room for all first: the texts must not move while views of them are made.
        texts.reserve(entry.fieldCount * 2 * 20)
        entry.forEachField { field, value in
            views.append(view(of: field))
            views.append(view(of: value))
        }
        return try views.withByteViews(body)
    }

    private func view(of element: ListPackElement) -> ByteView {
        switch element {
        case .string(let string): return string
        case .integer(let integer):
            let start = texts.count
            texts.append(decimal: Int(integer))
            return texts.view[start..<texts.count]
        }
    }
}
