/// What the `compressed` format does beyond what every format does: blocks, values over several, damage, salvage.
import Bytes
import Digest
import Persistence
import Records
import TestSupport
import Testing

@testable import Backends

@Suite("The compressed format")
struct CompressedSnapshotTests {
    private let sample = SampleFormat("compressed", CompressedSnapshot.self)

    /// Bytes that don't compress.
    private struct Noise {
        private var random = SeededGenerator(seed: TestKnobs.seed)

        mutating func callAsFunction(_ count: Int) -> [UInt8] {
            var bytes: [UInt8] = []
            bytes.reserveCapacity(count + 8)
            while bytes.count < count {
                let word = random.next()
                for place in 0..<8 { bytes.append(UInt8(truncatingIfNeeded: word >> (8 * place))) }
            }
            return Array(bytes.prefix(count))
        }
    }

    /// Some blocks of small keys in two databases, and values and names that are longer than a block.
    private func big() -> NaiveDataset {
        let data = NaiveDataset()
        var noise = Noise()
        for number in 0..<1500 {
            data.put(
                Array("key:\(number)".utf8), NaiveEntry(value: .string(noise(300))), number % 2)
        }
        data.put(Array("long".utf8), NaiveEntry(value: .string(noise(1_000_000))), 0)
        data.put(noise(400_000), NaiveEntry(value: .string([1])), 1)
        data.put(
            Array("list".utf8), NaiveEntry(value: .list((0..<90).map { _ in noise(5000) })), 1)
        var fields: [[UInt8]: [UInt8]] = [:]
        for size in [0, 1, 300_000, 400_000, 5] { fields[noise(size + 3)] = noise(size) }
        var hash = NaiveEntry(value: .hash(fields))
        for field in fields.keys { hash.fieldDeadlines[field] = 1_900_000_000_000 }
        data.put(Array("hash".utf8), hash, 0)
        var scores: [[UInt8]: Double] = [:]
        for number in 0..<60 { scores[noise(9000)] = Double(number) / 7 }
        data.put(Array("zset".utf8), NaiveEntry(value: .sortedSet(scores)), 0)
        return data
    }

    /// Collections of many small elements: read for their digest only, for the model takes its time to build them.
    private func wide() -> NaiveDataset {
        let data = NaiveDataset()
        var noise = Noise()
        data.put(
            Array("empties".utf8), NaiveEntry(value: .list(Array(repeating: [], count: 700_000))),
            0)
        data.put(
            Array("integers".utf8),
            NaiveEntry(
                value: .set(
                    Set((0..<60_000).map { Array("\(($0 - 30_000) * 100_000_000_003)".utf8) }))), 0)
        var fields: [[UInt8]: [UInt8]] = [:]
        for _ in 0..<30_000 { fields[noise(9)] = noise(4) }
        data.put(Array("hash".utf8), NaiveEntry(value: .hash(fields)), 0)
        return data
    }

    private func written(_ data: NaiveDataset) throws -> [UInt8] {
        try sample.write(NaiveFrozen(data, at: Samples.time)).bytes
    }

    private func input(_ bytes: [UInt8]) throws -> SnapshotInput {
        var image = DiskImage()
        image.files["/data/snapshot"] = DiskContent(bytes)
        return try SnapshotInput("/data/snapshot", SimDisk(image), now: Samples.time)
    }

    private func salvage(
        _ bytes: [UInt8]
    ) throws -> (report: SnapshotSalvage, data: NaiveDataset) {
        let target = NaiveTarget()
        let format = CompressedSnapshot(BackendSettings())
        return (try format.readDamaged(try input(bytes), into: target), target.dataset)
    }

    /// The file's frames.
    private func frames(_ bytes: [UInt8]) throws -> [CompressedFrameMap.Place] {
        let map = try CompressedFrameMap(try input(bytes))
        #expect(map.isIndexed)
        return map.places
    }

    @Test("values that are longer than a block come back, and so does the digest of all cores")
    func spanning() throws {
        let target = NaiveTarget()
        _ = try sample.read(try written(big()), into: target)
        #expect(target.dataset.digest == big().digest)
        for data in [big(), wide()] {
            let bytes = try written(data)
            let view = NaiveFrozen(data, at: Samples.time)
            let format = CompressedSnapshot(BackendSettings())
            let found = try format.digest(try input(bytes)) { false }
            #expect(try found.report == DatasetDigest.of(view))
            #expect(found.contents.digest == found.report.digest.root)
            #expect(try sample.digest(bytes) == found.report)
            let blocks = try frames(bytes).filter { $0.frame.kind == .block }
            #expect(blocks.filter { $0.frame.continues }.count > 4)
            #expect(blocks.allSatisfy { Int($0.frame.raw) <= CompressedLimits.spill + 64 })
        }
    }

    @Test("two files of the same data are equal, whatever the threads do")
    func deterministic() throws {
        let data = big()
        #expect(try written(data) == written(data))
    }

    @Test("every level gives the same data, and a higher one no more bytes than none")
    func levels() throws {
        let data = Samples.random(seed: TestKnobs.seed, units: 600)
        var sizes: [Int] = []
        for level in [0, 1, 6, 9] {
            let other = SampleFormat("", CompressedSnapshot.self) { $0.compressionLevel = level }
            let bytes = try other.write(NaiveFrozen(data, at: Samples.time)).bytes
            let target = NaiveTarget()
            _ = try sample.read(bytes, into: target)
            #expect(target.dataset.digest == data.digest)
            sizes.append(bytes.count)
        }
        #expect(sizes[0] > sizes[1] && sizes[1] >= sizes[3])
    }

    @Test("a damaged block loses its own keys only, and they are named")
    func damagedBlock() throws {
        let data = big()
        let bytes = try written(data)
        for place in try frames(bytes) where place.frame.kind == .block {
            var damaged = bytes
            damaged[place.offset + CompressedFrame.size + Int(place.frame.stored) / 2] ^= 4
            #expect(throws: PersistenceError.self) {
                try sample.read(damaged, into: NaiveTarget())
            }
            let (report, found) = try salvage(damaged)
            let damage = try #require(report.damages.first)
            #expect(report.damages.count == 1)
            #expect(damage.offset == place.offset)
            #expect(damage.length == CompressedFrame.size + Int(place.frame.stored))
            #expect(damage.keyCount == (place.frame.continues ? 1 : Int(place.frame.items)))
            #expect(report.expectedKeys == data.keyCount)
            try expectRest(report, found, data)
        }
    }

    /// What is there is as it was, and what isn't was named.
    private func expectRest(
        _ report: SnapshotSalvage, _ found: NaiveDataset, _ data: NaiveDataset
    ) throws {
        let lost = Set(report.damages.flatMap { $0.keys })
        #expect(report.keys + lost.count == data.keyCount)
        #expect(found.keyCount == report.keys)
        #expect(report.damages.reduce(0) { $0 + ($1.keyCount ?? 0) } == lost.count)
        for (number, entries) in data.databases.enumerated() {
            for (key, entry) in entries where found.entry(key, number) != entry {
                let name = SnapshotSalvage.LostKey(
                    database: number, name: Array(key.prefix(4096)), length: key.count)
                #expect(lost.contains(name))
                #expect(found.entry(key, number) == nil)
            }
        }
    }

    @Test("a key is found whatever is damaged elsewhere, and never read from a damaged block")
    func findDespiteDamage() throws {
        let data = big()
        let bytes = try written(data)
        let format = CompressedSnapshot(BackendSettings())
        func find(_ key: [UInt8], _ bytes: [UInt8]) throws -> NaiveDataset? {
            let target = NaiveTarget()
            let found = try format.find(key, database: nil, try input(bytes), into: target)
            return found ? target.dataset : nil
        }
        let places = try frames(bytes)
        let longest = try #require(data.databases[1].keys.max { $0.count < $1.count })
        var (refused, whole) = (0, 0)
        for place in places {
            var damaged = bytes
            damaged[place.offset + CompressedFrame.size + Int(place.frame.stored) / 2] ^= 4
            let (report, _) = try salvage(damaged)
            let lost = Set(report.damages.flatMap { $0.keys.map(\.name) })
            for key in [longest, Array("long".utf8), Array("hash".utf8), Array("key:700".utf8)] {
                do {
                    guard let found = try find(key, damaged) else {
                        whole += 1
                        #expect([.names, .index].contains(place.frame.kind))
                        continue
                    }
                    #expect(found.keyCount == 1 && !lost.contains(Array(key.prefix(4096))))
                    for number in 0..<2 where found.entry(key, number) != nil {
                        #expect(found.entry(key, number) == data.entry(key, number))
                    }
                } catch is PersistenceError {
                    refused += 1
                    #expect(lost.contains(Array(key.prefix(4096))))
                }
            }
        }
        #expect(refused >= 4 && whole >= 8)
    }

    @Test("without an index the blocks are found by their heads")
    func noIndex() throws {
        let data = big()
        let bytes = try written(data)
        let all = try frames(bytes)
        let index = try #require(all.first { $0.frame.kind == .index })
        // The index is gone, and the head of one block after the other.
        for place in all where place.frame.kind == .block && place.frame.number % 5 == 1 {
            var damaged = bytes
            damaged[index.offset + 9] ^= 1
            damaged[place.offset + 13] ^= 1
            let (report, found) = try salvage(damaged)
            let damage = try #require(report.damages.first { $0.offset == place.offset })
            #expect(damage.length == CompressedFrame.size + Int(place.frame.stored))
            #expect(damage.keyCount == (place.frame.continues ? 1 : Int(place.frame.items)))
            try expectRest(report, found, data)
        }
        // Cut in the middle: what stands before is there.
        let middle = all[all.count / 2].offset + 1000
        let (report, found) = try salvage(Array(bytes[..<middle]))
        #expect(report.keys > 0 && report.keys == found.keyCount)
        #expect(report.damages.contains { $0.keyCount == nil } && report.expectedKeys == nil)
    }

    @Test("a snapshot that is a value of this one isn't taken for a part of it")
    func nested() throws {
        let inner = NaiveDataset()
        inner.put([105], NaiveEntry(value: .string([1])), 0)
        let outer = NaiveDataset()
        outer.put([111], NaiveEntry(value: .string(try written(inner))), 0)
        let plain = SampleFormat("", CompressedSnapshot.self) { $0.compressionLevel = 0 }
        var bytes = try plain.write(
            NaiveFrozen(outer, at: Deadline(millisecondsSinceEpoch: 1_700_000_000_001))
        ).bytes
        let all = try frames(bytes)
        let block = try #require(all.first { $0.frame.kind == .block })
        let index = try #require(all.first { $0.frame.kind == .index })
        bytes[block.offset + 2] ^= 1
        bytes[index.offset + 2] ^= 1
        let (report, found) = try salvage(bytes)
        #expect(found.keyCount == 0 && report.keys == 0)
        #expect(report.damages.flatMap { $0.keys }.map(\.name) == [[111]])
    }

    @Test("salvage of random damage never traps and never invents")
    func fuzzedSalvage() throws {
        let data = Samples.everything()
        let bytes = try written(data)
        var random = SeededGenerator(seed: TestKnobs.seed)
        for _ in 0..<300 {
            var damaged = bytes
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                let place = Int.random(in: 0..<damaged.count, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: damaged[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
                case 1: damaged.remove(at: place)
                default: damaged.insert(0, at: place)
                }
            }
            let (_, found) = try salvage(damaged)
            for (number, entries) in found.databases.enumerated() {
                for (key, entry) in entries { #expect(data.entry(key, number) == entry) }
            }
        }
    }

    @Test("bytes of a block that are no keys are refused, whatever their checksums say")
    func fuzzedContent() throws {
        let bytes = try written(Samples.everything())
        let block = try #require(try frames(bytes).first { $0.frame.kind == .block })
        let piece = CompressedPiece()
        #expect(try CompressedFrameMap.load(block, try input(bytes), into: piece) == nil)
        let raw = piece.raw.array
        var random = SeededGenerator(seed: TestKnobs.seed)
        for _ in 0..<3000 {
            var damaged = raw
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let place = Int.random(in: 0..<damaged.count, using: &random)
                damaged[place] =
                    [0, 0xFF, 0x80, UInt8.random(in: 0...255, using: &random)]
                    .randomElement(using: &random) ?? 0
            }
            damaged.withByteView { view in
                let entries = CompressedEntryReader()
                entries.bytes.begin(view, at: 0, more: 0, next: nil)
                do {
                    for _ in 0..<block.frame.items {
                        _ = try entries.read(into: NaiveTarget(), database: 0)
                    }
                } catch {
                    #expect(error is CompressedDamage)
                }
            }
        }
    }

    @Test("a block that inflates to more than it says is refused before memory is taken")
    func bomb() throws {
        let writer = ByteWriter()
        let zeros = [UInt8](repeating: 0, count: 10 << 20)
        zeros.withByteView { Deflater(level: 9).deflate($0, to: writer) }
        let out = ByteWriter()
        #expect(!Inflater().inflate(writer.view, size: 1 << 20, to: out))
        #expect(out.count == 0)
        var frame = CompressedFrame(.block)
        frame.stored = UInt32(writer.count)
        frame.raw = 10 << 20
        #expect(!frame.isWithinBounds)
        frame.raw = 1 << 20
        frame.stored = 900
        #expect(!frame.isWithinBounds)
    }

    @Test("a later version is refused by name")
    func version() throws {
        let later = ByteWriter()
        CompressedStart.append(version: 2, to: later)
        do {
            _ = try sample.read(later.array, into: NaiveTarget())
            Issue.record("it was read")
        } catch let error as PersistenceError {
            #expect(error.code == .unsupportedVersion)
        }
    }
}

extension CompressedSnapshotTests {
    /// The bytes of FORMAT.md's example, made by another program (Python's zlib and hashlib).
    private static let example = """
        8948465a0d0a1a0a01000000d7fa135948467a48b9454dd10000000015000000100000000000000000000000
        0000000040d78e746fc1808a011000efff05312e322e33026d654d80a0abfef96248467a42b9454dd1010000
        000a00000005000000010000000000000000000000365d49ce8d5b1b42010500faff000161016248467a4eb9
        454dd1020000000a000000050000000100000000000000000000001b106c1eab410da4010500faff01000101
        6148467a49b9454dd10300000095000000900000000300000000000000000000007b9927a21c473fbf019000
        6fff100000000000000048467a48b9454dd100000000150000001000000000000000000000000000000040d7
        8e746fc1808a4d0000000000000048467a42b9454dd1010000000a0000000500000001000000000000000000
        0000365d49ce8d5b1b427f0000000000000048467a4eb9454dd1020000000a00000005000000010000000000
        0000000000001b106c1eab410da448467a46b9454dd1040000003f0000003a00000000000000000000000000
        00003413dfa20dd8b78a013a00c5ff05312e322e33026d654d80a0abfef9620106598fb9f726e0c1c4ad7568
        6dde1b770d60bb675607799721a286329d268883010000010000000000b1000000000000006e010000000000
        00b7557ab548465a45
        """

    @Test("the example of FORMAT.md is written and read to the byte")
    func example() throws {
        let data = NaiveDataset()
        data.put([97], NaiveEntry(value: .string([98])), 0)
        let plain = SampleFormat("", CompressedSnapshot.self) { $0.compressionLevel = 0 }
        let bytes = try plain.write(NaiveFrozen(data, at: Samples.time)).bytes
        let hex = bytes.map { $0 < 16 ? "0" + String($0, radix: 16) : String($0, radix: 16) }
        #expect(hex.joined() == Self.example.filter { !$0.isWhitespace })
        let target = NaiveTarget()
        let contents = try plain.read(bytes, into: target)
        #expect(target.dataset.entry([97]) == data.entry([97]))
        #expect(contents.header.serverID == "me" && contents.header.sequence == 77)
    }
}
