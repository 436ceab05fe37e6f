/// Random changes of lists, sets, sorted sets, streams and field deadlines, right for the model as it is.
import Bytes
import Records

struct CollectionWorkload {
    /// Whether fields of hashes get deadlines, which Redis 7.0 doesn't know.
    var hasFieldDeadlines = true

    func mutate(
        _ tag: String, _ fresh: [UInt8], _ client: String, _ database: Int, _ model: NaiveDataset,
        _ random: inout SeededGenerator, _ record: Workload.Record
    ) {
        func key(_ kind: String, _ random: inout SeededGenerator) -> [UInt8] {
            Array("\(client):\(kind)\(Int.random(in: 0..<2, using: &random))".utf8)
        }
        let kind = Int.random(in: 0..<(hasFieldDeadlines ? 5 : 4), using: &random)
        switch kind {
        case 0: changeList(key("l", &random), fresh, database, model, &random, record)
        case 1: changeSet(key("m", &random), fresh, database, model, &random, record)
        case 2: changeSortedSet(key("z", &random), fresh, database, model, &random, record)
        case 3: changeStream(key("x", &random), fresh, tag, database, model, &random, record)
        default: changeDeadlines(key("h", &random), fresh, tag, database, model, &random, record)
        }
    }

    private func changeList(
        _ key: [UInt8], _ fresh: [UInt8], _ database: Int, _ model: NaiveDataset,
        _ random: inout SeededGenerator, _ record: Workload.Record
    ) {
        var elements: [[UInt8]] = []
        if case .list(let found) = model.entry(key, database)?.value { elements = found }
        let end: ListEnd = Bool.random(using: &random) ? .left : .right
        guard let some = elements.randomElement(using: &random),
            Int.random(in: 0..<10, using: &random) < 6
        else {
            with([key, fresh, fresh]) {
                record(.listPush(key: $0[0], end: end, values: $0.dropFirst(1)), database)
            }
            return
        }
        let place = Int.random(in: 0..<elements.count, using: &random)
        with([key, some, fresh]) { views in
            let mutation: Mutation =
                switch Int.random(in: 0..<6, using: &random) {
                case 0: .listPop(key: views[0], end: end, count: min(elements.count, 2))
                case 1: .listSet(key: views[0], index: place, value: views[2])
                case 2:
                    .listInsert(
                        key: views[0], pivot: views[1], isBefore: end == .left, value: views[2])
                case 3: .listTrim(key: views[0], start: min(1, place), stop: place)
                case 4: .listRemove(key: views[0], count: end == .left ? 1 : -1, value: views[1])
                default: .listPush(key: views[0], end: end, values: views[2..<3])
                }
            record(mutation, database)
        }
        let other = Array("\(String(decoding: key, as: UTF8.self))'".utf8)
        if case .list = model.entry(key, database)?.value, place == 0 {
            with([key, other]) {
                record(
                    .listMove(source: $0[0], from: end, destination: $0[1], to: .left), database)
            }
        }
    }

    private func changeSet(
        _ key: [UInt8], _ fresh: [UInt8], _ database: Int, _ model: NaiveDataset,
        _ random: inout SeededGenerator, _ record: Workload.Record
    ) {
        var members: Set<[UInt8]> = []
        if case .set(let found) = model.entry(key, database)?.value { members = found }
        // In one order, for the same seed must make the same changes.
        let first = members.min { $0.lexicographicallyPrecedes($1) }
        guard let first, Int.random(in: 0..<3, using: &random) == 0 else {
            with([key, fresh, Array("\(fresh.count)".utf8)]) {
                record(.setAdd(key: $0[0], members: $0.dropFirst(1)), database)
            }
            return
        }
        let other = Array("\(String(decoding: key, as: UTF8.self))'".utf8)
        with([key, other, first]) {
            if Bool.random(using: &random) {
                record(.setRemove(key: $0[0], members: $0[2..<3]), database)
            } else {
                record(.setMove(source: $0[0], destination: $0[1], member: $0[2]), database)
            }
        }
    }

    private func changeSortedSet(
        _ key: [UInt8], _ fresh: [UInt8], _ database: Int, _ model: NaiveDataset,
        _ random: inout SeededGenerator, _ record: Workload.Record
    ) {
        var members: [[UInt8]: Double] = [:]
        if case .sortedSet(let found) = model.entry(key, database)?.value { members = found }
        let first = NaiveDataset.ranked(members).first?.member
        guard let first, Int.random(in: 0..<3, using: &random) == 0 else {
            let scores = ["1", "-2.5", "inf", "1e+300", "0.1", "-inf"]
            let score = Array((scores.randomElement(using: &random) ?? "0").utf8)
            with([key, score, fresh]) {
                record(.sortedSetAdd(key: $0[0], scoresAndMembers: $0.dropFirst(1)), database)
            }
            return
        }
        with([key, first]) {
            if Bool.random(using: &random) {
                record(.sortedSetRemove(key: $0[0], members: $0.dropFirst(1)), database)
            } else {
                let last = Int.random(in: 0..<members.count, using: &random)
                record(.sortedSetRemoveRanks(key: $0[0], ranks: 0...last), database)
            }
        }
    }

    private func changeStream(
        _ key: [UInt8], _ fresh: [UInt8], _ tag: String, _ database: Int, _ model: NaiveDataset,
        _ random: inout SeededGenerator, _ record: Workload.Record
    ) {
        var stream = NaiveStream()
        if case .stream(let found) = model.entry(key, database)?.value { stream = found }
        let ids = stream.entries.keys.sorted()
        let next = StreamID(stream.last.milliseconds + 1, UInt64(tag.count))
        let group = Array("g".utf8)
        let hasGroup = stream.groups[group] != nil
        with([key, group, Array("c\(tag.count)".utf8), Array("field".utf8), fresh]) { views in
            let (key, name, consumer) = (views[0], views[1], views[2])
            let change: StreamChange
            switch Int.random(in: 0..<9, using: &random) {
            case 0 where !ids.isEmpty: change = .delete(ids: [ids[ids.count / 2]])
            case 1 where ids.count > 2:
                change = .trimOldest(count: ids.count - 2, length: 2)
            case 2 where !hasGroup:
                change = .createGroup(name: name, last: .minimum, entriesRead: 0)
            case 3 where hasGroup && !ids.isEmpty:
                change = .claim(
                    group: name, consumer: consumer, id: ids[0], time: 1_700_000_000_000, count: 2,
                    last: ids[0])
            case 4 where hasGroup && !ids.isEmpty:
                change = .acknowledge(group: name, ids: [ids[0]])
            case 5 where hasGroup: change = .setGroup(name: name, last: stream.last, entriesRead: 3)
            case 6 where hasGroup: change = .createConsumer(group: name, name: consumer)
            case 7 where hasGroup:
                change =
                    Bool.random(using: &random)
                    ? .deleteConsumer(group: name, name: consumer) : .destroyGroup(name: name)
            default: change = .add(id: next, fields: views[3..<5])
            }
            record(.stream(key: key, change: change), database)
        }
    }

    private func changeDeadlines(
        _ key: [UInt8], _ fresh: [UInt8], _ tag: String, _ database: Int, _ model: NaiveDataset,
        _ random: inout SeededGenerator, _ record: Workload.Record
    ) {
        let field = Array("f\(tag)".utf8)
        let entry = model.entry(key, database)
        let dated = entry?.fieldDeadlines.keys.min { $0.lexicographicallyPrecedes($1) }
        if let dated, Bool.random(using: &random) {
            with([key, dated]) {
                record(.hashPersist(key: $0[0], fields: $0.dropFirst(1)), database)
            }
            return
        }
        with([key, field, fresh]) {
            record(.hashSet(key: $0[0], pairs: $0.dropFirst(1)), database)
            record(
                .hashExpire(
                    key: $0[0],
                    deadline: Deadline(
                        millisecondsSinceEpoch: 1_900_000_000_000 + Int64(tag.count)),
                    fields: $0[1..<2]), database)
        }
    }

    private func with(_ parts: [[UInt8]], _ body: (ByteViews) -> Void) {
        parts.withByteViews { body($0) }
    }
}
