/// Applies changes to the tables: what mutations mean in rows, with repeated writes to one element made one.
///
/// Within a transaction a key that was set or deleted waits in a slot, and so does a written element of a hash, set or
/// sorted set. A later write to the same key or element changes the slot; the slots are written when the transaction
/// ends, sorted, so that neighbours in the tree are written one after the other. What needs the rows as they are
/// (a rename, a rank, whether anything is left) writes the slots it depends on first.
///
/// INVARIANT 1: the tables and the slots together are the dataset after the changes applied so far.
/// INVARIANT 2: slots point into the transaction's buffers; none is left when it ends.
/// INVARIANT 3: an id that no key has stands in `abandoned` until its rows are gone.
/// Threads: within the access of the connection's queue.
import Bytes
import Persistence
import Records

/// A key's place: the number of its database's content, and its name.
struct KeyName: Hashable {
    let space: Int64
    let key: ByteView
}

/// Bytes in a buffer of the transaction, or our own.
enum PendingBytes {
    case lent(ByteView)
    case own([UInt8])
}

/// What a key will be once its slot is written.
struct KeySlot {
    enum State {
        /// A string that waits to be written; its deadline is `deadline`, or what the row has.
        case string(keepsDeadline: Bool)
        /// Waits to be deleted.
        case deleted
        /// A collection that stands in `keys` already.
        case collection(Int64, Schema.Kind)
        /// Nothing waits and nothing is known.
        case written
    }

    let name: KeyName
    var state: State
    var value = PendingBytes.lent(.empty)
    var deadline: Int64?
}

/// Applies changes; see the file's header.
final class ChangeApplier {
    let keys: KeyStatements
    let elements: ElementStatements
    let lists: ListStatements
    let streams: StreamStatements
    private let path: String

    var slots: [KeySlot] = []
    private var places = KeyPlaces()
    var pending = PendingElements()
    var listEnds: [Int64: ListEnds] = [:]
    var facts: [Int64: StreamFigures] = [:]
    /// The number of each database's content; a database that never held anything has none.
    var spaces: [Int: Int64] = [:]
    /// The next number for a content or a collection.
    var nextID: Int64 = 1
    /// Whether `abandoned` may have rows.
    var hasAbandoned = false

    /// Over an open connection with our tables.
    init(_ connection: SQLiteConnection) throws(PersistenceError) {
        keys = try KeyStatements(connection)
        elements = try ElementStatements(connection)
        lists = try ListStatements(connection)
        streams = try StreamStatements(connection)
        path = connection.path
        try reload()
    }

    /// Takes what is kept in memory from the tables, at start and after a transaction that was rolled back.
    func reload() throws(PersistenceError) {
        forget()
        spaces.removeAll()
        listEnds.removeAll()
        while try keys.listSpaces.step() {
            spaces[Int(keys.listSpaces.integer(0))] = keys.listSpaces.integer(1)
        }
        nextID = 1
        while try keys.readNextID.step() { nextID = keys.readNextID.integer(0) }
        hasAbandoned = true
    }

    /// Forgets what waits, and with it everything that points into buffers.
    private func forget() {
        slots.removeAll(keepingCapacity: true)
        places.removeAll()
        pending.removeAll()
        facts.removeAll(keepingCapacity: true)
        if listEnds.count > 1 << 16 { listEnds.removeAll() }
    }

    /// Applies all changes of a buffer.
    func apply(_ buffer: ChangeBuffer) throws(PersistenceError) {
        var reader = ChangeReader(buffer)
        while !reader.isAtEnd {
            let (code, database) = reader.begin()
            if code == .set {
                let name = KeyName(space: try space(database), key: reader.view())
                let value = reader.view()
                setString(name, .lent(value), deadline: reader.deadline())
            } else {
                try apply(code, database, &reader)
            }
        }
    }

    /// Writes everything that waits.
    func finish() throws(PersistenceError) {
        try writeKeys()
        try writeElements()
        for (id, figures) in facts where figures.isDirty { try write(figures, id) }
        forget()
    }

    /// The number of a database's content, which is made if absent.
    @inline(__always)
    func space(_ database: Int) throws(PersistenceError) -> Int64 {
        if let space = spaces[database] { return space }
        return try makeSpace(database)
    }

    func makeSpace(_ database: Int) throws(PersistenceError) -> Int64 {
        let space = newID()
        keys.setSpace.bind(1, database)
        keys.setSpace.bind(2, space)
        try keys.setSpace.run()
        spaces[database] = space
        return space
    }

    /// A number that nothing has yet.
    func newID() -> Int64 {
        defer { nextID += 1 }
        return nextID
    }

    // MARK: Slots

    /// The slot of a key, nil where none was needed yet.
    @inline(__always)
    func slot(_ name: KeyName) -> Int? {
        places.find(name, KeyPlaces.hash(name), in: slots)
    }

    /// The slot of a key, which is made if absent.
    @inline(__always)
    func makeSlot(_ name: KeyName) -> Int {
        let hash = KeyPlaces.hash(name)
        if let place = places.find(name, hash, in: slots) { return place }
        slots.append(KeySlot(name: name, state: .written))
        places.insert(hash, in: slots)
        return slots.count - 1
    }

    @inline(__always)
    func setString(_ name: KeyName, _ value: PendingBytes, deadline: Int64?) {
        let place = makeSlot(name)
        slots[place].value = value
        slots[place].deadline = deadline
        slots[place].state = .string(keepsDeadline: false)
    }

    /// Forgets what waits for a space whose keys are all gone.
    func dropSlots(space: Int64) {
        for place in slots.indices where slots[place].name.space == space {
            slots[place].state = .written
        }
    }

    /// Forgets all that waits: everything is gone.
    func dropAll() {
        forget()
        listEnds.removeAll()
    }

    private func writeKeys() throws(PersistenceError) {
        for place in KeyOrder.sorted(slots) { try writeSlot(place) }
    }

    /// The file isn't what the changes build upon.
    func disagreement(_ what: String) -> PersistenceError {
        PersistenceError(
            .io, "The database does not hold what the server does: \(what)", path: path,
            remedy: "Was it changed by another program? Restart the server to load it as it is now")
    }

    private func apply(
        _ code: ChangeCode, _ database: Int, _ reader: inout ChangeReader
    ) throws(PersistenceError) {
        switch code {
        case .swapDatabases: try swap(database, reader.number())
        case .flushDatabase: try flush(database)
        case .flushAll: try flushAll()
        case .set, .setKeepingDeadline, .append, .setRange, .delete, .expire, .persist, .rename,
            .copy, .move:
            try applyToKey(code, database, &reader)
        case .hashSet, .hashDelete, .hashExpire, .hashPersist, .setAdd, .setRemove, .setMove,
            .sortedSetAdd, .sortedSetRemove, .sortedSetRemoveRanks:
            try applyToElements(code, database, &reader)
        case .listPush, .listPop, .listSet, .listInsert, .listTrim, .listRemove, .listMove:
            try applyToList(code, database, &reader)
        default: try applyToStream(code, database, &reader)
        }
    }
}
