/// Keys that change their name or database, and copies of them.
///
/// A value moves without being copied, whatever its size; a copy is a deep one.
import Bytes
import Records

extension Engine {
    /// Gives the value at `position` the key `newKey` in another (or the same) database, with its
    /// deadline; what stood there goes.
    func moveKey(_ position: Position, from database: Int, to newKey: ByteView, in target: Int) {
        let table = keyspace.tables[database]
        let place = table.writable(position, heap)
        let old = place.entry
        let moved: Entry
        if old.kind.isNested {
            let nested = handOver(place)
            table.bytes -= nested.bytes
            moved = Entry.make(
                key: newKey, kind: old.kind, nested: nested, deadline: old.deadline)
        } else {
            moved = Entry.make(
                key: newKey, kind: old.kind, value: old.value, deadline: old.deadline)
        }
        moved.adoptMarks(of: old)
        touch(old.key, database)
        if old.kind == .stream { signalGone(old.key, table) }
        table.remove(place, heap)
        put(moved, in: target, isNew: true)
    }

    /// Puts a deep copy of an entry under `newKey` in a database; what stood there goes.
    func copyKey(_ entry: Entry, to newKey: ByteView, in target: Int) {
        let copy: Entry
        if entry.kind.isNested {
            copy = Entry.make(
                key: newKey, kind: entry.kind, nested: entry.nested.deepCopy(entry.kind, heap),
                deadline: entry.deadline)
        } else {
            copy = Entry.make(
                key: newKey, kind: entry.kind, value: entry.value, deadline: entry.deadline)
        }
        copy.adoptMarks(of: entry)
        stampNew(copy)
        put(copy, in: target, isNew: true)
    }

    /// Puts a new entry in; an old one of the same key goes.
    ///
    /// - Parameter isNew: the key counts as a new one even where there was one (as Redis has it: RENAME and
    ///   COPY delete and add, commands that store a result overwrite).
    func put(_ entry: Entry, in database: Int, isNew: Bool = false) {
        let table = keyspace.tables[database]
        let hash = heap.sip.hash(entry.key)
        var isNew = isNew
        if let position = table.locate(entry.key, hash: hash) {
            remove(position, database: database)
        } else {
            isNew = true
        }
        if entry.kind.isNested { table.bytes += entry.nested.bytes }
        table.insert(entry, hash: hash, heap)
        touch(entry.key, database)
        if isNew { notify(.new, "new", entry.key, database) }
        signalReady(entry.key, database)
    }
}
