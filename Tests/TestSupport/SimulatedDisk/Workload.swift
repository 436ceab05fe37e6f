/// Random units of mutations that leave a different dataset after each, as good for telling states apart.
import Bytes
import Records

/// Makes units of changes that are right for the model as it is.
struct Workload {
    typealias Record = (Mutation, Int) -> Void

    var collections = CollectionWorkload()

    /// Hands the mutations of one unit to `record`, which applies them to `model`.
    func nextUnit(
        number: Int, model: NaiveDataset, _ random: inout SeededGenerator, _ record: Record
    ) {
        let isTransaction = Int.random(in: 0..<4, using: &random) == 0
        let count = isTransaction ? Int.random(in: 2...4, using: &random) : 1
        for part in 0..<count {
            let database = Int.random(in: 0..<6, using: &random) == 0 ? 1 : 0
            mutate("\(number).\(part)", database, model, &random, record)
        }
    }

    private func value(_ tag: String, _ random: inout SeededGenerator) -> [UInt8] {
        var bytes = Array("v\(tag)".utf8)
        let extra = Int.random(in: 0..<40, using: &random)
        if extra == 0 {
            bytes += [UInt8](repeating: UInt8(ascii: "x"), count: 5000)
        } else if extra == 1 {
            // Bytes that look like a log.
            bytes += Array("\r\n#HF1 g 1 1 0 0 ffffff 0 0\r\n*1\r\n$4\r\nEXEC\r\n".utf8)
        } else if extra < 12 {
            bytes += [UInt8](repeating: 0, count: extra)
        }
        return bytes
    }

    private func mutate(
        _ tag: String, _ database: Int, _ model: NaiveDataset, _ random: inout SeededGenerator,
        _ record: Record
    ) {
        let client = Int.random(in: 0..<3, using: &random)
        let key = Array("c\(client):s\(Int.random(in: 0..<6, using: &random))".utf8)
        let other = Array("c\(client):t\(Int.random(in: 0..<6, using: &random))".utf8)
        let hash = Array("c\(client):h\(Int.random(in: 0..<2, using: &random))".utf8)
        let fresh = value(tag, &random)
        if Int.random(in: 0..<3, using: &random) == 0 {
            collections.mutate(tag, fresh, "c\(client)", database, model, &random, record)
            return
        }
        let isThere = model.entry(key, database) != nil
        switch Int.random(in: 0..<14, using: &random) {
        case 0 where isThere: with([key]) { record(.delete(key: $0[0]), database) }
        case 1: with([key, fresh]) { record(.append(key: $0[0], suffix: $0[1]), database) }
        case 2:
            with([key, fresh]) {
                record(.setRange(key: $0[0], offset: 3, bytes: $0[1]), database)
            }
        case 3 where isThere:
            with([key, other]) { record(.rename(key: $0[0], newKey: $0[1]), database) }
        case 4 where isThere:
            with([key, other]) {
                record(.copy(key: $0[0], destination: $0[1], database: 1 - database), database)
            }
        case 5 where isThere && model.entry(key, 2) == nil:
            with([key]) { record(.move(key: $0[0], database: 2), database) }
        case 6:
            with([key, fresh, other, fresh]) { record(.setMany(pairs: $0), database) }
        case 7, 8:
            with([hash, Array("f\(tag)".utf8), fresh]) {
                record(.hashSet(key: $0[0], pairs: $0.dropFirst(1)), database)
            }
        case 9: removeField(hash, database, model, record)
        case 10:
            let deadline = Deadline(millisecondsSinceEpoch: 1_900_000_000_000 + Int64(key.count))
            with([key, fresh]) {
                record(.set(key: $0[0], value: $0[1], deadline: deadline), database)
            }
        case 11 where Int.random(in: 0..<6, using: &random) == 0:
            record(.swapDatabases(0, 1), database)
        default:
            with([key, fresh]) {
                record(.set(key: $0[0], value: $0[1], deadline: nil), database)
            }
        }
    }

    private func removeField(
        _ hash: [UInt8], _ database: Int, _ model: NaiveDataset, _ record: Record
    ) {
        guard case .hash(let fields) = model.entry(hash, database)?.value,
            let field = fields.keys.min(by: { $0.lexicographicallyPrecedes($1) })
        else {
            record(.swapDatabases(2, 3), database)
            return
        }
        with([hash, field]) {
            record(.hashDelete(key: $0[0], fields: $0.dropFirst(1)), database)
        }
    }

    private func with(_ parts: [[UInt8]], _ body: (ByteViews) -> Void) {
        parts.withByteViews { body($0) }
    }
}

/// The workload for tests of their own.
public enum WorkloadForTests {
    /// Hands the mutations of one unit to `record`, which applies them to `model`.
    ///
    /// - Parameter forRedis7: only what a Redis 7.0 can load.
    public static func unit(
        _ number: Int, _ model: NaiveDataset, _ random: inout SeededGenerator,
        forRedis7: Bool = false, _ record: (Mutation, Int) -> Void
    ) {
        var workload = Workload()
        workload.collections.hasFieldDeadlines = !forRedis7
        workload.nextUnit(number: number, model: model, &random, record)
    }
}
