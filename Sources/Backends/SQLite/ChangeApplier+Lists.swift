/// Lists: one row an element, ordered by a sparse integer.
///
///     pos   -1048576        0        1048576       2097152        ...
///
/// A push is one row, a step beyond the end. An insertion takes the middle between its neighbours; where there is none
/// left, the rows around it (32 on each side, doubled until there is room) are spread anew over the span they have.
///
/// The first and last positions and, once an index asked for it, the length of a list are remembered over transactions:
/// nobody else writes. An index is counted off from the nearer end: O(distance), which for a list's middle is much.
import Bytes
import Persistence
import Records

/// What is remembered of a list.
struct ListEnds {
    var first: Int64
    var last: Int64
    /// Elements; nil: not counted yet.
    var count: Int?
}

/// Statements on lists.
struct ListStatements {
    let first, last, count, fromFirst, fromLast: PreparedStatement
    let insert, set, value, remove, removeBelow, removeAbove: PreparedStatement
    let find, below, above, removeFirst, removeLast, span, removeSpan: PreparedStatement

    init(_ connection: SQLiteConnection) throws(PersistenceError) {
        func make(_ sql: String) throws(PersistenceError) -> PreparedStatement {
            try PreparedStatement(connection, sql)
        }
        let all = "FROM list_items WHERE id = ?1"
        first = try make("SELECT pos \(all) ORDER BY pos LIMIT 1")
        last = try make("SELECT pos \(all) ORDER BY pos DESC LIMIT 1")
        count = try make("SELECT count(*) \(all)")
        fromFirst = try make("SELECT pos \(all) ORDER BY pos LIMIT 1 OFFSET ?2")
        fromLast = try make("SELECT pos \(all) ORDER BY pos DESC LIMIT 1 OFFSET ?2")
        insert = try make("INSERT INTO list_items VALUES (?1, ?2, ?3)")
        set = try make("UPDATE list_items SET value = ?3 WHERE id = ?1 AND pos = ?2")
        value = try make("SELECT value \(all) AND pos = ?2")
        remove = try make("DELETE \(all) AND pos = ?2")
        removeBelow = try make("DELETE \(all) AND pos < ?2")
        removeAbove = try make("DELETE \(all) AND pos > ?2")
        find = try make("SELECT pos \(all) AND value = ?2 ORDER BY pos LIMIT 1")
        below = try make("SELECT pos \(all) AND pos < ?2 ORDER BY pos DESC LIMIT ?3")
        above = try make("SELECT pos \(all) AND pos > ?2 ORDER BY pos LIMIT ?3")
        let equal = "SELECT pos \(all) AND value = ?2 ORDER BY pos"
        removeFirst = try make("DELETE \(all) AND pos IN (\(equal) LIMIT ?3)")
        removeLast = try make("DELETE \(all) AND pos IN (\(equal) DESC LIMIT ?3)")
        span = try make("SELECT pos, value \(all) AND pos BETWEEN ?2 AND ?3 ORDER BY pos")
        removeSpan = try make("DELETE \(all) AND pos BETWEEN ?2 AND ?3")
    }
}

extension ChangeApplier {
    /// The distance of neighbours that are pushed.
    static let listStep: Int64 = 1 << 20
    /// The distance that rows which are spread anew get at least: a dozen insertions at one place until the next time.
    static let roomyStep: UInt64 = 1 << 12

    func applyToList(
        _ code: ChangeCode, _ database: Int, _ reader: inout ChangeReader
    ) throws(PersistenceError) {
        let name = KeyName(space: try space(database), key: reader.view())
        if code == .listPush {
            let end = reader.end()
            let id = try make(name, .list)
            for _ in 0..<reader.number() { try push(id, end, reader.view()) }
            return
        }
        guard let id = try find(name, .list) else {
            throw disagreement("a list is absent")
        }
        switch code {
        case .listPop:
            let end = reader.end()
            try pop(name, id, end, reader.number())
        case .listSet:
            let place = try position(id, reader.number())
            let value = reader.view()
            guard let place else { return }
            bind(lists.set, id, place)
            lists.set.bind(3, value)
            try lists.set.run()
        case .listInsert:
            let pivot = reader.view()
            let isBefore = reader.number() == 1
            try insert(id, pivot, isBefore, reader.view())
        case .listTrim:
            let start = reader.number()
            try trim(name, id, start, reader.number())
        case .listRemove:
            let count = reader.number()
            let statement = count < 0 ? lists.removeLast : lists.removeFirst
            statement.bind(1, id)
            statement.bind(2, reader.view())
            statement.bind(3, count == 0 ? -1 : abs(count))
            try statement.run()
            try didRemove(name, id, statement.changes)
        case .listMove:
            let from = reader.end()
            let target = KeyName(space: name.space, key: reader.view())
            try move(name, id, from, target, reader.end())
        default: preconditionFailure("a change of something else")
        }
    }

    private func bind(_ statement: PreparedStatement, _ id: Int64, _ position: Int64) {
        statement.bind(1, id)
        statement.bind(2, position)
    }

    /// The number that a statement answers, nil where it answers nothing.
    private func ask(_ statement: PreparedStatement) throws(PersistenceError) -> Int64? {
        guard try statement.step() else { return nil }
        defer { statement.reset() }
        return statement.integer(0)
    }

    /// First and last position, nil for an empty list.
    private func ends(_ id: Int64) throws(PersistenceError) -> ListEnds? {
        if let known = listEnds[id] { return known }
        lists.first.bind(1, id)
        lists.last.bind(1, id)
        guard let first = try ask(lists.first), let last = try ask(lists.last) else { return nil }
        let found = ListEnds(first: first, last: last)
        listEnds[id] = found
        return found
    }

    private func count(_ id: Int64) throws(PersistenceError) -> Int {
        guard let ends = try ends(id) else { return 0 }
        if let count = ends.count { return count }
        lists.count.bind(1, id)
        let count = Int(try ask(lists.count) ?? 0)
        listEnds[id]?.count = count
        return count
    }

    /// The position of the element at an index, nil beyond the end.
    private func position(_ id: Int64, _ index: Int) throws(PersistenceError) -> Int64? {
        guard let ends = try ends(id), index >= 0 else { return nil }
        if index == 0 { return ends.first }
        let count = try count(id)
        if index >= count { return nil }
        let isNearFirst = index < count / 2
        let statement = isNearFirst ? lists.fromFirst : lists.fromLast
        statement.bind(1, id)
        statement.bind(2, isNearFirst ? index : count - 1 - index)
        return try ask(statement)
    }

    // MARK: Ends

    private func push(_ id: Int64, _ end: ListEnd, _ value: ByteView) throws(PersistenceError) {
        var position: Int64 = 0
        if let ends = try ends(id) {
            let (next, overflows) =
                end == .left
                ? ends.first.subtractingReportingOverflow(Self.listStep)
                : ends.last.addingReportingOverflow(Self.listStep)
            if overflows {
                // Eight million million pushes at one end: the list is spread anew around 0.
                try spread(id, ends.first, ends.last)
                return try push(id, end, value)
            }
            position = next
        }
        try insertRow(id, position, value)
    }

    private func insertRow(
        _ id: Int64, _ position: Int64, _ value: ByteView
    ) throws(PersistenceError) {
        bind(lists.insert, id, position)
        lists.insert.bind(3, value)
        try lists.insert.run()
        if var ends = listEnds[id] {
            ends.first = min(ends.first, position)
            ends.last = max(ends.last, position)
            ends.count = ends.count.map { $0 + 1 }
            listEnds[id] = ends
        } else {
            listEnds[id] = try self.ends(id)
        }
    }

    private func pop(
        _ name: KeyName, _ id: Int64, _ end: ListEnd, _ count: Int
    ) throws(PersistenceError) {
        let next = end == .left ? lists.fromFirst : lists.fromLast
        next.bind(1, id)
        next.bind(2, count)
        guard let boundary = try ask(next) else { return try remove(name) }
        let statement = end == .left ? lists.removeBelow : lists.removeAbove
        bind(statement, id, boundary)
        try statement.run()
        if end == .left { listEnds[id]?.first = boundary } else { listEnds[id]?.last = boundary }
        let known = listEnds[id]?.count
        listEnds[id]?.count = known.map { $0 - statement.changes }
    }

    private func move(
        _ name: KeyName, _ id: Int64, _ from: ListEnd, _ target: KeyName, _ to: ListEnd
    ) throws(PersistenceError) {
        guard let ends = try ends(id) else { throw disagreement("a list is empty") }
        bind(lists.value, id, from == .left ? ends.first : ends.last)
        guard try lists.value.step() else { throw disagreement("an element is absent") }
        let value = lists.value.bytes(0).array
        lists.value.reset()
        // The same list: it must not go in between.
        if name == target && ends.first == ends.last { return }
        try pop(name, id, from, 1)
        let other = try make(target, .list)
        let result = value.withByteView { view -> Result<Void, PersistenceError> in
            do throws(PersistenceError) {
                return .success(try push(other, to, view))
            } catch {
                return .failure(error)
            }
        }
        try result.get()
    }

    private func trim(
        _ name: KeyName, _ id: Int64, _ start: Int, _ stop: Int
    ) throws(PersistenceError) {
        let length = try count(id)
        let stop = min(stop, length - 1)
        if start > stop { return try remove(name) }
        guard let first = try position(id, start), let last = try position(id, stop) else {
            throw disagreement("a list is shorter than it was")
        }
        bind(lists.removeBelow, id, first)
        if start > 0 { try lists.removeBelow.run() }
        bind(lists.removeAbove, id, last)
        if stop < length - 1 { try lists.removeAbove.run() }
        listEnds[id] = ListEnds(first: first, last: last, count: stop - start + 1)
    }

    /// Elements went from anywhere.
    private func didRemove(
        _ name: KeyName, _ id: Int64, _ removed: Int
    ) throws(PersistenceError) {
        let count = listEnds[id]?.count
        listEnds[id] = nil
        if try ends(id) == nil { return try remove(name) }
        listEnds[id]?.count = count.map { $0 - removed }
    }

    // MARK: The middle

    private func insert(
        _ id: Int64, _ pivot: ByteView, _ isBefore: Bool, _ value: ByteView
    ) throws(PersistenceError) {
        lists.find.bind(1, id)
        lists.find.bind(2, pivot)
        guard let place = try ask(lists.find) else { return }
        let neighbour = isBefore ? lists.below : lists.above
        bind(neighbour, id, place)
        neighbour.bind(3, 1)
        guard let other = try ask(neighbour) else {
            return try push(id, isBefore ? .left : .right, value)
        }
        let (low, high) = (min(place, other), max(place, other))
        // High and low may lie further apart than the numbers of one sign go.
        let gap = UInt64(bitPattern: high &- low)
        if gap > 1 { return try insertRow(id, low &+ Int64(gap / 2), value) }
        try makeRoom(id, around: place)
        try insert(id, pivot, isBefore, value)
    }

    /// Spreads the rows around a position over the span they have, as many as that needs.
    private func makeRoom(_ id: Int64, around place: Int64) throws(PersistenceError) {
        var width = 32
        while true {
            let low = try reach(lists.below, id, place, width)
            let high = try reach(lists.above, id, place, width)
            let span = UInt64(bitPattern: high.position &- low.position)
            if span / UInt64(low.count + high.count + 1) >= Self.roomyStep
                || (low.count < width && high.count < width)
            {
                return try spread(id, low.position, high.position)
            }
            width *= 2
        }
    }

    /// How far a number of rows reaches from a position, and how many there are.
    private func reach(
        _ statement: PreparedStatement, _ id: Int64, _ place: Int64, _ width: Int
    ) throws(PersistenceError) -> (position: Int64, count: Int) {
        bind(statement, id, place)
        statement.bind(3, width)
        var reached = (position: place, count: 0)
        while try statement.step() {
            reached = (statement.integer(0), reached.count + 1)
        }
        return reached
    }

    /// Spreads the rows between two positions: within the span, or around 0 where they are the whole list.
    private func spread(_ id: Int64, _ low: Int64, _ high: Int64) throws(PersistenceError) {
        var values: [[UInt8]] = []
        bind(lists.span, id, low)
        lists.span.bind(3, high)
        while try lists.span.step() { values.append(lists.span.bytes(1).array) }
        bind(lists.removeSpan, id, low)
        lists.removeSpan.bind(3, high)
        try lists.removeSpan.run()
        let isWhole = try ends(id).map { $0.first == low && $0.last == high } ?? true
        let step =
            isWhole
            ? UInt64(Self.listStep)
            : UInt64(bitPattern: high &- low) / UInt64(max(1, values.count - 1))
        let start = isWhole ? -Int64(values.count / 2) * Self.listStep : low
        for (index, value) in values.enumerated() {
            bind(lists.insert, id, start &+ Int64(bitPattern: UInt64(index) &* step))
            let result = value.withByteView { view -> Result<Void, PersistenceError> in
                lists.insert.bind(3, view)
                do throws(PersistenceError) {
                    return .success(try lists.insert.run())
                } catch {
                    return .failure(error)
                }
            }
            try result.get()
        }
        let count = listEnds[id]?.count
        listEnds[id] = nil
        _ = try ends(id)
        listEnds[id]?.count = count
    }
}
