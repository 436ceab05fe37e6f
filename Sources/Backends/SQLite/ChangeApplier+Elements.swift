/// Fields of hashes, members of sets and of sorted sets: elements with a name, one row each.
///
/// A written or removed element waits in a slot of its own until the transaction ends, so that a counter in a hash that
/// is incremented a thousand times in a transaction is one row's write.
import Bytes
import Persistence
import Records

/// What an element will be once its slot is written.
enum PendingElement {
    case field(ByteView, deadline: Int64?)
    case member
    case score(Double)
    case removed(Schema.Kind)
    /// Written, or its collection is gone.
    case none
}

/// Elements that wait to be written; see the header.
struct PendingElements {
    struct Name: Hashable {
        let id: Int64
        let element: ByteView
    }

    private(set) var slots: [(name: Name, value: PendingElement)] = []
    private var places: [Name: Int] = [:]
    /// Slots of each collection.
    private var byID: [Int64: [Int]] = [:]

    mutating func removeAll() {
        slots.removeAll(keepingCapacity: true)
        places.removeAll(keepingCapacity: true)
        byID.removeAll(keepingCapacity: true)
    }

    mutating func set(_ id: Int64, _ element: ByteView, _ value: PendingElement) {
        let name = Name(id: id, element: element)
        if let place = places[name] {
            slots[place].value = value
            return
        }
        places[name] = slots.count
        byID[id, default: []].append(slots.count)
        slots.append((name, value))
    }

    /// The value and deadline of a field that waits, nil where none does.
    func field(_ id: Int64, _ element: ByteView) -> ByteView? {
        guard let place = places[Name(id: id, element: element)],
            case .field(let value, _) = slots[place].value
        else { return nil }
        return value
    }

    /// Takes what waits for a collection, in no order.
    mutating func take(_ id: Int64) -> [(name: Name, value: PendingElement)] {
        guard let all = byID.removeValue(forKey: id) else { return [] }
        return all.map { place in
            let slot = slots[place]
            slots[place].value = .none
            places[slot.name] = nil
            return slot
        }
    }

    /// Forgets what waits for a collection.
    mutating func drop(_ id: Int64) { _ = take(id) }
}

/// Statements on elements.
struct ElementStatements {
    let setField, removeField, expireField, anyField: PreparedStatement
    let addMember, removeMember, anyMember: PreparedStatement
    let setScore, removeScored, anyScored, removeRanks: PreparedStatement

    init(_ connection: SQLiteConnection) throws(PersistenceError) {
        func make(_ sql: String) throws(PersistenceError) -> PreparedStatement {
            try PreparedStatement(connection, sql)
        }
        setField = try make(
            """
            INSERT INTO hash_fields VALUES (?1, ?2, ?3, ?4) ON CONFLICT (id, field)
            DO UPDATE SET value = excluded.value, deadline_ms = excluded.deadline_ms
            """)
        removeField = try make("DELETE FROM hash_fields WHERE id = ?1 AND field = ?2")
        expireField = try make(
            "UPDATE hash_fields SET deadline_ms = ?3 WHERE id = ?1 AND field = ?2")
        anyField = try make("SELECT 1 FROM hash_fields WHERE id = ?1 LIMIT 1")
        addMember = try make(
            "INSERT INTO set_members VALUES (?1, ?2) ON CONFLICT DO NOTHING")
        removeMember = try make("DELETE FROM set_members WHERE id = ?1 AND member = ?2")
        anyMember = try make("SELECT 1 FROM set_members WHERE id = ?1 LIMIT 1")
        setScore = try make(
            """
            INSERT INTO zset_members VALUES (?1, ?2, ?3, ?4) ON CONFLICT (id, member)
            DO UPDATE SET score = excluded.score, odd = excluded.odd
            """)
        removeScored = try make("DELETE FROM zset_members WHERE id = ?1 AND member = ?2")
        anyScored = try make("SELECT 1 FROM zset_members WHERE id = ?1 LIMIT 1")
        removeRanks = try make(
            """
            DELETE FROM zset_members WHERE id = ?1 AND member IN (SELECT member FROM zset_members
            WHERE id = ?1 ORDER BY score, member LIMIT ?2 OFFSET ?3)
            """)
    }
}

/// Scores that a REAL column doesn't keep: SQLite stores -0.0 as 0 and a NaN as NULL.
enum OddScore {
    static let negativeZero: Int64 = 1
    static let notANumber: Int64 = 2

    static func of(_ score: Double) -> Int64? {
        if score.isNaN { return notANumber }
        return score == 0 && score.sign == .minus ? negativeZero : nil
    }

    static func score(_ stored: Double, _ odd: Int64?) -> Double {
        switch odd {
        case negativeZero: -0.0
        case notANumber: .nan
        default: stored
        }
    }
}

extension ChangeApplier {
    func applyToElements(
        _ code: ChangeCode, _ database: Int, _ reader: inout ChangeReader
    ) throws(PersistenceError) {
        let name = KeyName(space: try space(database), key: reader.view())
        switch code {
        case .hashSet:
            let id = try make(name, .hash)
            for _ in stride(from: 0, to: reader.number(), by: 2) {
                let field = reader.view()
                pending.set(id, field, .field(reader.view(), deadline: nil))
            }
        case .hashExpire:
            let deadline = reader.deadline()
            try expireFields(name, deadline, reader.views())
        case .hashPersist: try expireFields(name, nil, reader.views())
        case .setAdd:
            let id = try make(name, .set)
            for _ in 0..<reader.number() { pending.set(id, reader.view(), .member) }
        case .sortedSetAdd:
            let id = try make(name, .sortedSet)
            for _ in stride(from: 0, to: reader.number(), by: 2) {
                let score = Double(reader.view().text) ?? .nan
                pending.set(id, reader.view(), .score(score))
            }
        case .hashDelete: try remove(reader.views(), from: name, .hash)
        case .setRemove: try remove(reader.views(), from: name, .set)
        case .sortedSetRemove: try remove(reader.views(), from: name, .sortedSet)
        case .setMove:
            let target = KeyName(space: name.space, key: reader.view())
            let member = reader.view()
            if name == target { return }
            try remove([member], from: name, .set)
            pending.set(try make(target, .set), member, .member)
        case .sortedSetRemoveRanks:
            let (first, last) = (reader.number(), reader.number())
            guard let id = try find(name, .sortedSet) else { return }
            try writeElements(of: id)
            elements.removeRanks.bind(1, id)
            elements.removeRanks.bind(2, last - first + 1)
            elements.removeRanks.bind(3, first)
            try elements.removeRanks.run()
            try removeIfEmpty(name, id, .sortedSet)
        default: preconditionFailure("a change of something else")
        }
    }

    private func expireFields(
        _ name: KeyName, _ deadline: Int64?, _ fields: [ByteView]
    ) throws(PersistenceError) {
        guard let id = try find(name, .hash) else { return }
        for field in fields {
            if let value = pending.field(id, field) {
                pending.set(id, field, .field(value, deadline: deadline))
                continue
            }
            elements.expireField.bind(1, id)
            elements.expireField.bind(2, field)
            elements.expireField.bind(3, deadline)
            try elements.expireField.run()
        }
    }

    private func remove(
        _ names: [ByteView], from name: KeyName, _ kind: Schema.Kind
    ) throws(PersistenceError) {
        guard let id = try find(name, kind) else { return }
        for each in names { pending.set(id, each, .removed(kind)) }
        try writeElements(of: id)
        try removeIfEmpty(name, id, kind)
    }

    private func removeIfEmpty(
        _ name: KeyName, _ id: Int64, _ kind: Schema.Kind
    ) throws(PersistenceError) {
        let statement =
            switch kind {
            case .hash: elements.anyField
            case .set: elements.anyMember
            default: elements.anyScored
            }
        statement.bind(1, id)
        if try statement.step() {
            statement.reset()
        } else {
            try remove(name)
        }
    }

    // MARK: Writing slots

    /// Writes what waits for the elements of a collection.
    func writeElements(of id: Int64) throws(PersistenceError) {
        for slot in pending.take(id) { try write(slot.name, slot.value) }
    }

    /// Writes all elements that wait.
    func writeElements() throws(PersistenceError) {
        let order = pending.slots.indices.sorted {
            let (left, right) = (pending.slots[$0].name, pending.slots[$1].name)
            return left.id != right.id ? left.id < right.id : left.element < right.element
        }
        for place in order {
            try write(pending.slots[place].name, pending.slots[place].value)
        }
    }

    private func write(
        _ name: PendingElements.Name, _ value: PendingElement
    ) throws(PersistenceError) {
        let statement: PreparedStatement
        switch value {
        case .none: return
        case .field(let value, let deadline):
            statement = elements.setField
            statement.bind(3, value)
            statement.bind(4, deadline)
        case .member: statement = elements.addMember
        case .score(let score):
            statement = elements.setScore
            statement.bind(3, score)
            statement.bind(4, OddScore.of(score))
        case .removed(.hash): statement = elements.removeField
        case .removed(.set): statement = elements.removeMember
        case .removed: statement = elements.removeScored
        }
        statement.bind(1, name.id)
        statement.bind(2, name.element)
        try statement.run()
    }
}
