/// Keys and strings: rows of `keys`, and what becomes of the elements that hang off an id.
import Bytes
import Persistence

/// Statements on keys, databases and what is abandoned.
struct KeyStatements {
    let listSpaces, setSpace, readNextID: PreparedStatement
    let write, writeKeeping, overwrite, overwriteKeeping: PreparedStatement
    let find, read, delete, rename, expire, insert, copyString: PreparedStatement
    let abandon, nextAbandoned, forgetAbandoned, spaceKeys: PreparedStatement
    /// Removes rows of an id, a bounded number at a time, by kind.
    let clear: [[PreparedStatement]]
    /// Copies the rows of an id to another one, by kind.
    let copyRows: [[PreparedStatement]]
    /// Empties every table.
    let empty: [PreparedStatement]

    init(_ connection: SQLiteConnection) throws(PersistenceError) {
        func make(_ sql: String) throws(PersistenceError) -> PreparedStatement {
            try PreparedStatement(connection, sql)
        }
        listSpaces = try make("SELECT db, space FROM databases")
        setSpace = try make("INSERT OR REPLACE INTO databases VALUES (?1, ?2)")
        readNextID = try make("SELECT next_id FROM meta")
        let upsert = """
            INSERT INTO keys VALUES (?1, ?2, 0, ?3, ?4, NULL)
            ON CONFLICT (space, key) DO UPDATE SET value = excluded.value
            """
        write = try make(upsert + ", deadline_ms = excluded.deadline_ms WHERE id IS NULL")
        writeKeeping = try make(upsert + " WHERE id IS NULL")
        overwrite = try make(upsert + ", deadline_ms = excluded.deadline_ms, type = 0, id = NULL")
        overwriteKeeping = try make(upsert + ", type = 0, id = NULL")
        let place = " WHERE space = ?1 AND key = ?2"
        find = try make("SELECT id, type FROM keys" + place)
        read = try make("SELECT id, type, deadline_ms, value FROM keys" + place)
        delete = try make("DELETE FROM keys" + place)
        rename = try make("UPDATE keys SET space = ?3, key = ?4" + place)
        expire = try make("UPDATE keys SET deadline_ms = ?3" + place)
        insert = try make("INSERT INTO keys VALUES (?1, ?2, ?3, ?4, NULL, ?5)")
        copyString = try make(
            "INSERT INTO keys SELECT ?3, ?4, type, deadline_ms, value, NULL FROM keys" + place)
        abandon = try make("INSERT OR IGNORE INTO abandoned VALUES (?1, ?2)")
        nextAbandoned = try make("SELECT id, type FROM abandoned LIMIT 1")
        forgetAbandoned = try make("DELETE FROM abandoned WHERE id = ?1 AND type = ?2")
        spaceKeys = try make("SELECT key FROM keys WHERE space = ?1 LIMIT ?2")
        let kinds: [Schema.Kind] = [.string, .hash, .list, .set, .sortedSet, .stream]
        var clear: [[PreparedStatement]] = []
        var copyRows: [[PreparedStatement]] = []
        for kind in kinds {
            var clearing: [PreparedStatement] = []
            var copying: [PreparedStatement] = []
            for table in Schema.tables(kind) {
                clearing.append(
                    try make(
                        "DELETE FROM \(table.name) WHERE id = ?1 AND (\(table.key)) IN "
                            + "(SELECT \(table.key) FROM \(table.name) WHERE id = ?1 LIMIT ?2)"))
                copying.append(
                    try make(
                        "INSERT INTO \(table.name) SELECT ?2, \(table.columns) FROM \(table.name) "
                            + "WHERE id = ?1"))
            }
            clear.append(clearing)
            copyRows.append(copying)
        }
        self.clear = clear
        self.copyRows = copyRows
        var empty = [try make("DELETE FROM keys"), try make("DELETE FROM abandoned")]
        for table in kinds.flatMap({ Schema.tables($0) }) {
            empty.append(try make("DELETE FROM \(table.name)"))
        }
        self.empty = empty
    }
}

extension ChangeApplier {
    func applyToKey(
        _ code: ChangeCode, _ database: Int, _ reader: inout ChangeReader
    ) throws(PersistenceError) {
        let name = KeyName(space: try space(database), key: reader.view())
        switch code {
        case .setKeepingDeadline: try keepDeadline(name, .lent(reader.view()))
        case .append:
            let suffix = reader.view()
            try change(name) { value in value.append(contentsOf: suffix.array) }
        case .setRange:
            let offset = reader.number()
            let part = reader.view()
            try change(name) { value in
                let end = offset + part.count
                if value.count < end {
                    value.append(contentsOf: repeatElement(0, count: end - value.count))
                }
                value.replaceSubrange(offset..<end, with: part.array)
            }
        case .delete: slots[makeSlot(name)].state = .deleted
        case .expire: try expire(name, reader.deadline())
        case .persist: try expire(name, nil)
        case .rename: try rename(name, KeyName(space: name.space, key: reader.view()))
        case .copy:
            let key = reader.view()
            try copy(name, KeyName(space: try space(reader.number()), key: key))
        case .move: try rename(name, KeyName(space: try space(reader.number()), key: name.key))
        default: preconditionFailure("a change of something else")
        }
    }

    private func keepDeadline(_ name: KeyName, _ value: PendingBytes) throws(PersistenceError) {
        let place = makeSlot(name)
        slots[place].value = value
        switch slots[place].state {
        case .string: break
        case .deleted:
            slots[place].state = .string(keepsDeadline: false)
            slots[place].deadline = nil
        case .collection, .written: slots[place].state = .string(keepsDeadline: true)
        }
    }

    /// Changes a string in place; an absent one is empty.
    private func change(
        _ name: KeyName, _ body: (inout [UInt8]) -> Void
    ) throws(PersistenceError) {
        let place = makeSlot(name)
        var value: [UInt8] = []
        switch slots[place].state {
        case .string:
            switch slots[place].value {
            case .own(let bytes): value = bytes
            case .lent(let view): value = view.array
            }
            // The only reference, so that the change copies nothing.
            slots[place].value = .lent(.empty)
        case .deleted: break
        case .collection, .written:
            bind(keys.read, name)
            while try keys.read.step() {
                if keys.read.isNull(0) { value = keys.read.bytes(3).array }
            }
        }
        body(&value)
        try keepDeadline(name, .own(value))
    }

    private func expire(_ name: KeyName, _ deadline: Int64?) throws(PersistenceError) {
        if let place = slot(name) {
            switch slots[place].state {
            case .string:
                slots[place].state = .string(keepsDeadline: false)
                slots[place].deadline = deadline
                return
            case .deleted: return
            case .collection, .written: break
            }
        }
        bind(keys.expire, name)
        keys.expire.bind(3, deadline)
        try keys.expire.run()
    }

    func bind(_ statement: PreparedStatement, _ name: KeyName) {
        statement.bind(1, name.space)
        statement.bind(2, name.key)
    }

    // MARK: Writing slots

    /// Writes what waits in a slot.
    func writeSlot(_ place: Int) throws(PersistenceError) {
        switch slots[place].state {
        case .written, .collection: return
        case .deleted: try remove(slots[place].name)
        case .string(let keeps):
            switch slots[place].value {
            case .lent(let view): try writeString(slots[place], view, keeps)
            case .own(let bytes):
                let result = bytes.withByteView { view -> Result<Void, PersistenceError> in
                    do throws(PersistenceError) {
                        return .success(try writeString(slots[place], view, keeps))
                    } catch {
                        return .failure(error)
                    }
                }
                try result.get()
            }
        }
        slots[place].state = .written
        slots[place].value = .lent(.empty)
    }

    private func writeString(
        _ slot: KeySlot, _ value: ByteView, _ keeps: Bool
    ) throws(PersistenceError) {
        func run(_ statement: PreparedStatement) throws(PersistenceError) {
            bind(statement, slot.name)
            statement.bind(3, keeps ? nil : slot.deadline)
            statement.bind(4, value)
            try statement.run()
        }
        let statement = keeps ? keys.writeKeeping : keys.write
        try run(statement)
        if statement.changes > 0 { return }
        // It was a collection.
        if let (id, kind) = try read(slot.name) { try abandon(id, kind) }
        try run(keeps ? keys.overwriteKeeping : keys.overwrite)
    }

    /// Writes what waits for a key; nothing is known of it then, but that its row counts.
    func settle(_ name: KeyName) throws(PersistenceError) {
        if let place = slot(name) { try writeSlot(place) }
    }

    /// Id and kind of a collection, from its row.
    private func read(_ name: KeyName) throws(PersistenceError) -> (Int64, Schema.Kind)? {
        bind(keys.find, name)
        guard try keys.find.step() else { return nil }
        defer { keys.find.reset() }
        guard let id = keys.find.optionalInteger(0) else { return nil }
        guard let kind = Schema.Kind(rawValue: keys.find.integer(1)) else {
            throw disagreement("a key of an unknown type")
        }
        return (id, kind)
    }

    /// The id of a collection, nil where there is no such key.
    func find(_ name: KeyName, _ kind: Schema.Kind) throws(PersistenceError) -> Int64? {
        let place = makeSlot(name)
        if case .collection(let id, let known) = slots[place].state {
            if known != kind { throw disagreement("a key has another type") }
            return id
        }
        try writeSlot(place)
        guard let (id, known) = try read(name) else { return nil }
        if known != kind { throw disagreement("a key has another type") }
        slots[place].state = .collection(id, kind)
        return id
    }

    /// The id of a collection, which is made if absent.
    func make(_ name: KeyName, _ kind: Schema.Kind) throws(PersistenceError) -> Int64 {
        if let id = try find(name, kind) { return id }
        let id = newID()
        bind(keys.insert, name)
        keys.insert.bind(3, kind.rawValue)
        keys.insert.bindNull(4)
        keys.insert.bind(5, id)
        try keys.insert.run()
        slots[makeSlot(name)].state = .collection(id, kind)
        return id
    }

    /// The key is gone, and what hangs off it is abandoned.
    func remove(_ name: KeyName) throws(PersistenceError) {
        let old = try read(name)
        bind(keys.delete, name)
        try keys.delete.run()
        if let place = slot(name) { slots[place].state = .written }
        if let (id, kind) = old { try abandon(id, kind) }
    }

    // MARK: Whole keys

    private func rename(_ name: KeyName, _ newName: KeyName) throws(PersistenceError) {
        if name == newName { return }
        try settle(name)
        try settle(newName)
        try remove(newName)
        bind(keys.rename, name)
        keys.rename.bind(3, newName.space)
        keys.rename.bind(4, newName.key)
        try keys.rename.run()
        if let place = slot(name) { slots[place].state = .written }
    }

    private func copy(_ name: KeyName, _ target: KeyName) throws(PersistenceError) {
        if name == target { return }
        try settle(name)
        try settle(target)
        try remove(target)
        guard let (id, kind) = try read(name) else {
            bind(keys.copyString, name)
            keys.copyString.bind(3, target.space)
            keys.copyString.bind(4, target.key)
            try keys.copyString.run()
            return
        }
        try writeElements(of: id)
        if let figures = facts[id], figures.isDirty {
            try write(figures, id)
            facts[id]?.isDirty = false
        }
        bind(keys.read, name)
        var deadline: Int64?
        while try keys.read.step() { deadline = keys.read.optionalInteger(2) }
        let copy = newID()
        bind(keys.insert, target)
        keys.insert.bind(3, kind.rawValue)
        keys.insert.bind(4, deadline)
        keys.insert.bind(5, copy)
        try keys.insert.run()
        for statement in keys.copyRows[Int(kind.rawValue)] {
            statement.bind(1, id)
            statement.bind(2, copy)
            try statement.run()
        }
    }

    // MARK: Databases

    func swap(_ first: Int, _ second: Int) throws(PersistenceError) {
        let old = (try space(first), try space(second))
        if first == second { return }
        // Each number belongs to one database: a number of nobody's stands in between.
        for (database, space) in [(first, newID()), (second, old.0), (first, old.1)] {
            keys.setSpace.bind(1, database)
            keys.setSpace.bind(2, space)
            try keys.setSpace.run()
            spaces[database] = space
        }
    }

    func flush(_ database: Int) throws(PersistenceError) {
        guard let space = spaces[database] else { return }
        dropSlots(space: space)
        _ = try makeSpace(database)
        keys.abandon.bind(1, space)
        keys.abandon.bind(2, Abandoned.space)
        try keys.abandon.run()
        hasAbandoned = true
    }

    func flushAll() throws(PersistenceError) {
        for statement in keys.empty { try statement.run() }
        dropAll()
    }
}
