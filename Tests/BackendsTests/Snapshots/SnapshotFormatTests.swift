/// What every snapshot format must do: give back what it was given, and notice any damage.
import Backends
import Digest
import Persistence
import Records
import TestSupport
import Testing

@Suite("Snapshot formats")
struct SnapshotFormatTests {
    @Test("every type with everything it carries comes back", arguments: SnapshotFormats.all)
    func everything(sample: SampleFormat) throws {
        let data = Samples.everything()
        let (bytes, report) = try sample.write(NaiveFrozen(data, at: Samples.time))
        let target = NaiveTarget()
        let contents = try sample.read(bytes, into: target)
        for (number, entries) in data.databases.enumerated() {
            for (key, entry) in entries {
                #expect(target.dataset.entry(key, number) == entry, "\(number): \(key)")
            }
        }
        #expect(target.dataset.digest == data.digest)
        #expect(contents.keys == data.keyCount)
        #expect(contents.warnings == [])
        #expect(contents.digest == report.digest.root)
        let view = NaiveFrozen(data, at: Samples.time)
        #expect(try sample.digest(bytes) == DatasetDigest.of(view))
        // Not equal only because both forget it.
        #expect(
            target.dataset.entry(Array("zset".utf8))
                .map { entry in
                    guard case .sortedSet(let scores) = entry.value else { return false }
                    return scores[Array("m1".utf8)]?.sign == .minus
                } == true)
    }

    @Test("nothing comes back as nothing", arguments: SnapshotFormats.all)
    func empty(sample: SampleFormat) throws {
        let (bytes, _) = try sample.write(NaiveFrozen(NaiveDataset(), at: Samples.time))
        let target = NaiveTarget()
        #expect(try sample.read(bytes, into: target).keys == 0)
        #expect(target.keyCount == 0)
    }

    @Test("what random work leaves comes back", arguments: SnapshotFormats.all)
    func random(sample: SampleFormat) throws {
        for seed in TestKnobs.seed..<(TestKnobs.seed + 20) {
            let data = Samples.random(seed: seed, units: 150)
            let (bytes, _) = try sample.write(NaiveFrozen(data, at: Samples.time))
            let target = NaiveTarget()
            _ = try sample.read(bytes, into: target)
            #expect(target.dataset.digest == data.digest, "seed \(seed)")
        }
    }

    @Test("what had expired when the view was frozen is left out", arguments: SnapshotFormats.all)
    func expired(sample: SampleFormat) throws {
        let data = NaiveDataset()
        let now = Samples.time.millisecondsSinceEpoch
        for (key, deadline) in [("gone", now - 1), ("now", now), ("soon", now + 1)] {
            data.put(
                Array(key.utf8), NaiveEntry(value: .string([1]), deadline: deadline), 0)
        }
        for (key, deadlines) in [("half", [now - 1, now + 1]), ("dead", [now - 1, now - 2])] {
            var hash = NaiveEntry(value: .hash([[0]: [0], [1]: [1]]))
            for (field, deadline) in deadlines.enumerated() {
                hash.fieldDeadlines[[UInt8(field)]] = deadline
            }
            data.put(Array(key.utf8), hash, 0)
        }
        let (bytes, report) = try sample.write(NaiveFrozen(data, at: Samples.time))
        let target = NaiveTarget()
        _ = try sample.read(bytes, into: target)
        let keys = target.dataset.databases[0].keys.map { String(decoding: $0, as: UTF8.self) }
        #expect(keys.sorted() == ["half", "now", "soon"])
        #expect(target.dataset.entry(Array("half".utf8))?.value == .hash([[1]: [1]]))
        #expect(try sample.digest(bytes) == report)
    }

    @Test("a file cut short anywhere is refused", arguments: SnapshotFormats.all)
    func torn(sample: SampleFormat) throws {
        let bytes = try small(sample)
        // Without the line feed at its end a text is whole still.
        let whole = bytes.last == 10 ? bytes.count - 1 : bytes.count
        for end in 0..<whole {
            let result = refusal(sample, Array(bytes[..<end]))
            #expect(result != nil, "cut at \(end) of \(bytes.count)")
            #expect(result?.path == "/data/snapshot" && result?.offset != nil)
        }
    }

    @Test("a flipped bit anywhere is refused", arguments: SnapshotFormats.all)
    func flipped(sample: SampleFormat) throws {
        let bytes = try small(sample)
        for place in bytes.indices {
            for bit in 0..<8 {
                var damaged = bytes
                damaged[place] ^= 1 << UInt8(bit)
                #expect(refusal(sample, damaged) != nil, "bit \(bit) of byte \(place)")
            }
        }
    }

    @Test("bytes behind the end are refused", arguments: SnapshotFormats.all)
    func longer(sample: SampleFormat) throws {
        let bytes = try small(sample)
        for more in [[0], [1, 2, 3], [UInt8](repeating: 0, count: 4096), bytes] {
            #expect(refusal(sample, bytes + more) != nil)
        }
    }

    @Test("random damage never traps and never passes for whole", arguments: SnapshotFormats.all)
    func fuzz(sample: SampleFormat) throws {
        let data = Samples.everything()
        let (bytes, report) = try sample.write(NaiveFrozen(data, at: Samples.time))
        var random = SeededGenerator(seed: TestKnobs.seed)
        for round in 0..<400 {
            var damaged = bytes
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let place = Int.random(in: 0..<damaged.count, using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0: damaged[place] = UInt8.random(in: 0...255, using: &random)
                case 1: damaged.remove(at: place)
                case 2: damaged.insert(UInt8.random(in: 0...255, using: &random), at: place)
                default:
                    let end = min(damaged.count, place + Int.random(in: 1...50, using: &random))
                    damaged.append(contentsOf: damaged[place..<end])
                }
            }
            if damaged == bytes { continue }
            do {
                #expect(try sample.digest(damaged) == report, "round \(round)")
            } catch is PersistenceError {
                continue
            }
        }
    }

    /// A small file with every type.
    private func small(_ sample: SampleFormat) throws -> [UInt8] {
        let data = NaiveDataset()
        data.put([97], NaiveEntry(value: .string([98]), deadline: 1_900_000_000_000), 0)
        data.put([0xFF], NaiveEntry(value: .string(Array("é".utf8))), 3)
        data.put([98], NaiveEntry(value: .list([[1], [50]])), 0)
        data.put([99], NaiveEntry(value: .sortedSet([[1]: 1.5, [2]: -.infinity])), 0)
        var hash = NaiveEntry(value: .hash([[1]: [2]]))
        hash.fieldDeadlines[[1]] = 1_900_000_000_000
        data.put([100], hash, 0)
        [[101], [102], [103]].withByteViews { views in
            data.apply(
                .stream(
                    key: views[0], change: .add(id: StreamID(1, 1), fields: views.dropFirst(1))),
                database: 0)
            data.apply(
                .stream(
                    key: views[0],
                    change: .createGroup(name: views[1], last: .minimum, entriesRead: 0)),
                database: 0)
        }
        return try sample.write(NaiveFrozen(data, at: Samples.time)).bytes
    }

    private func refusal(_ sample: SampleFormat, _ bytes: [UInt8]) -> PersistenceError? {
        do {
            _ = try sample.read(bytes, into: NaiveTarget())
            return nil
        } catch {
            return error as? PersistenceError
        }
    }
}
