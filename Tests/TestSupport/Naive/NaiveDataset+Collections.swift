/// What mutations do to collections, in the fewest lines that could be right.
import Bytes
import Records

extension NaiveDataset {
    /// Members by rising score, then by rising bytes.
    static func ranked(_ members: [[UInt8]: Double]) -> [(member: [UInt8], score: Double)] {
        members.map { (member: $0.key, score: $0.value) }.sorted {
            $0.score != $1.score
                ? $0.score < $1.score : $0.member.lexicographicallyPrecedes($1.member)
        }
    }

    /// Changes the value of `key`; an emptied collection goes.
    private func change<Value>(
        _ key: ByteView, _ database: Int, _ empty: Value, _ wrap: (Value) -> NaiveValue,
        _ unwrap: (NaiveValue) -> Value?, isEmpty: (Value) -> Bool, _ body: (inout Value) -> Void
    ) {
        let name = key.array
        var entry = databases[database][name] ?? NaiveEntry(value: wrap(empty))
        guard var value = unwrap(entry.value) else { return }
        body(&value)
        entry.value = wrap(value)
        put(name, isEmpty(value) ? nil : entry, database)
    }

    private func list(_ key: ByteView, _ database: Int, _ body: (inout [[UInt8]]) -> Void) {
        change(
            key, database, [], { .list($0) },
            { if case .list(let list) = $0 { list } else { nil } },
            isEmpty: \.isEmpty, body)
    }

    private func set(_ key: ByteView, _ database: Int, _ body: (inout Set<[UInt8]>) -> Void) {
        change(
            key, database, [], { .set($0) }, { if case .set(let set) = $0 { set } else { nil } },
            isEmpty: \.isEmpty, body)
    }

    private func sortedSet(
        _ key: ByteView, _ database: Int, _ body: (inout [[UInt8]: Double]) -> Void
    ) {
        change(
            key, database, [:], { .sortedSet($0) },
            { if case .sortedSet(let set) = $0 { set } else { nil } }, isEmpty: \.isEmpty, body)
    }

    func applyToCollection(_ mutation: Mutation, _ database: Int) {
        switch mutation {
        case .hashExpire(let key, let deadline, let fields):
            guard var entry = databases[database][key.array] else { return }
            for field in fields {
                entry.fieldDeadlines[field.array] = deadline.millisecondsSinceEpoch
            }
            put(key.array, entry, database)
        case .hashPersist(let key, let fields):
            guard var entry = databases[database][key.array] else { return }
            for field in fields { entry.fieldDeadlines[field.array] = nil }
            put(key.array, entry, database)
        case .setAdd(let key, let members):
            set(key, database) { $0.formUnion(members.arrays) }
        case .setRemove(let key, let members):
            set(key, database) { $0.subtract(members.arrays) }
        case .setMove(let source, let destination, let member):
            set(source, database) { $0.remove(member.array) }
            set(destination, database) { $0.insert(member.array) }
        case .sortedSetAdd(let key, let pairs):
            sortedSet(key, database) { set in
                for index in stride(from: 0, to: pairs.count, by: 2) {
                    set[pairs[index + 1].array] = Double(pairs[index].text) ?? .nan
                }
            }
        case .sortedSetRemove(let key, let members):
            sortedSet(key, database) { for member in members { $0[member.array] = nil } }
        case .sortedSetRemoveRanks(let key, let ranks):
            sortedSet(key, database) { set in
                for (rank, each) in Self.ranked(set).enumerated() where ranks.contains(rank) {
                    set[each.member] = nil
                }
            }
        case .stream(let key, let change):
            var entry =
                databases[database][key.array] ?? NaiveEntry(value: .stream(NaiveStream()))
            guard case .stream(var stream) = entry.value else { return }
            stream.apply(change)
            entry.value = .stream(stream)
            put(key.array, entry, database)
        default: applyToList(mutation, database)
        }
    }

    private func applyToList(_ mutation: Mutation, _ database: Int) {
        switch mutation {
        case .listPush(let key, let end, let values):
            list(key, database) { list in
                for value in values {
                    end == .left ? list.insert(value.array, at: 0) : list.append(value.array)
                }
            }
        case .listPop(let key, let end, let count):
            list(key, database) { list in
                let taken = min(max(0, count), list.count)
                end == .left ? list.removeFirst(taken) : list.removeLast(taken)
            }
        case .listSet(let key, let index, let value):
            list(key, database) { if $0.indices.contains(index) { $0[index] = value.array } }
        case .listInsert(let key, let pivot, let isBefore, let value):
            list(key, database) { list in
                guard let place = list.firstIndex(of: pivot.array) else { return }
                list.insert(value.array, at: isBefore ? place : place + 1)
            }
        case .listTrim(let key, let start, let stop):
            list(key, database) { list in
                let end = min(stop, list.count - 1)
                list = start > end ? [] : Array(list[max(0, start)...end])
            }
        case .listRemove(let key, let count, let value):
            list(key, database) { list in
                var left = count == 0 ? Int.max : abs(count)
                let wanted = value.array
                func keeps(_ element: [UInt8]) -> Bool {
                    if element != wanted || left == 0 { return true }
                    left -= 1
                    return false
                }
                list = count < 0 ? list.reversed().filter(keeps).reversed() : list.filter(keeps)
            }
        case .listMove(let source, let from, let destination, let to):
            var moved: [UInt8]?
            list(source, database) {
                if !$0.isEmpty { moved = from == .left ? $0.removeFirst() : $0.removeLast() }
            }
            guard let moved else { return }
            list(destination, database) {
                to == .left ? $0.insert(moved, at: 0) : $0.append(moved)
            }
        default: preconditionFailure("a change that the naive dataset doesn't know")
        }
    }
}
