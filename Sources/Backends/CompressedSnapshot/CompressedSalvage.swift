/// What can be had of a damaged file: every key of every intact block, and the names of those that are lost.
///
/// A block whose bytes are damaged loses the keys that begin in it; a block that goes on with a value loses that one
/// key, which began in a block before. Names come from the frames of names, which stand elsewhere in the file.
import Bytes
import Digest
import Persistence
import Records

/// What was found in a damaged file.
public struct SnapshotSalvage: Sendable {
    /// A key that is lost.
    public struct LostKey: Sendable, Hashable {
        /// The database it was in.
        public let database: Int
        /// Its name, of which 4096 bytes are kept.
        public let name: [UInt8]
        /// Bytes of its whole name.
        public let length: Int
    }

    /// Damage in one place.
    public struct Damage: Sendable {
        /// Where it begins in the file.
        public let offset: Int
        /// Bytes of the file that are no use any more.
        public let length: Int
        /// What is wrong.
        public let reason: String
        /// Keys that are lost by it; nil: unknown.
        public internal(set) var keyCount: Int?
        /// Those whose names are known.
        public internal(set) var keys: [LostKey] = []
    }

    /// What the file says about itself; nil where that is damaged.
    public internal(set) var header: SnapshotHeader?
    /// Keys read.
    public internal(set) var keys = 0
    /// Keys that were in the file; nil where its foot is damaged.
    public internal(set) var expectedKeys: Int?
    /// By offset.
    public internal(set) var damages: [Damage] = []
}

extension CompressedSnapshot {
    /// Reads what is intact of a file into `target`, and reports what isn't.
    ///
    /// - Throws: what the target throws, and `.io`; damage is reported, never thrown.
    public func readDamaged(
        _ input: SnapshotInput, into target: any ReplayTarget
    ) throws -> SnapshotSalvage {
        try CompressedSalvager(input, target).run()
    }

    /// Reads one key: the names say which block has it, and no other is inflated.
    public func find(
        _ key: [UInt8], database: Int?, _ input: SnapshotInput, into target: any ReplayTarget
    ) throws -> Bool {
        let one = OneKeyTarget(target, key, database: database)
        return try CompressedSalvager(input, one).find(key, database) { one.found }
    }
}

/// Reads a damaged file; one thread.
private final class CompressedSalvager {
    private let input: SnapshotInput
    private let target: any ReplayTarget
    private let map: CompressedFrameMap
    private let entries = CompressedEntryReader()
    private var result = SnapshotSalvage()
    /// Of which block the names are lost, from which key on, and by which damage.
    private var lost: [UInt32: (damage: Int, from: Int)] = [:]
    /// The place of a frame by its number.
    private var byNumber: [UInt32: CompressedFrameMap.Place] = [:]
    /// Blocks whose keys' names were found.
    private var named: Set<UInt32> = []
    private var piece = CompressedPiece()
    /// The block before: what was lent of it is used while the next is taken.
    private var before = CompressedPiece()
    /// Damage of a frame by its number, so that it is reported once.
    private var damaged: [UInt32: Int] = [:]

    init(_ input: SnapshotInput, _ target: any ReplayTarget) throws {
        self.input = input
        self.target = target
        map = try CompressedFrameMap(input)
        for place in map.places { byNumber[place.frame.number] = place }
    }

    func run() throws -> SnapshotSalvage {
        try checkEnds()
        let firstGap = result.damages.count
        for gap in map.gaps {
            report("no block is to be found here", gap.offset, gap.length, count: nil)
            for number in gap.numbers {
                damaged[number] = result.damages.count - 1
                lost[number] = (result.damages.count - 1, 0)
            }
        }
        for place in map.places {
            switch place.frame.kind {
            case .block where !place.frame.continues: try readBlock(place)
            case .block, .index: _ = try load(place)
            case .head, .foot: try readFacts(place)
            case .names: continue
            }
        }
        for place in map.places where place.frame.kind == .names { try readNames(place) }
        for (index, gap) in map.gaps.enumerated() where !named.isSuperset(of: gap.numbers) {
            // What stood there may have been keys whose names are lost with it.
            result.damages[firstGap + index].keyCount = nil
        }
        if !map.places.contains(where: { $0.frame.kind == .foot }) {
            report("the file ends before its foot", input.size, 0, count: nil)
        }
        result.damages.sort { $0.offset < $1.offset }
        return result
    }

    private func report(_ reason: String, _ offset: Int, _ length: Int, count: Int?) {
        result.damages.append(
            SnapshotSalvage.Damage(
                offset: offset, length: length, reason: reason, keyCount: count))
    }

    private func checkEnds() throws {
        let window = ByteWriter()
        let start = ByteWriter()
        CompressedStart.append(version: CompressedSnapshot.version, to: start)
        _ = try CompressedFrameMap.readAll(CompressedStart.size, at: 0, input, into: window)
        if window.view != start.view {
            report("the file's beginning", 0, CompressedStart.size, count: 0)
        }
        if !map.isIndexed {
            report("the index can't be read", input.size, 0, count: 0)
        }
    }

    /// Takes a frame's bytes; false where they are damaged, which is reported.
    private func load(_ place: CompressedFrameMap.Place) throws -> Bool {
        swap(&piece, &before)
        let frame = place.frame
        let size = CompressedFrame.size + Int(frame.stored)
        if let damage = try CompressedFrameMap.load(place, input, into: piece) {
            if damaged[frame.number] == nil {
                damaged[frame.number] = result.damages.count
                report(damage.message, place.offset, size, count: 0)
            }
            return false
        }
        // The index knows what the head said.
        if map.isIndexed, damaged[frame.number] == nil,
            try CompressedFrameMap.frame(at: place.offset, input) != frame
        {
            damaged[frame.number] = result.damages.count
            report("the head of a block", place.offset, CompressedFrame.size, count: 0)
        }
        return true
    }

    // MARK: Blocks

    private func lose(_ place: CompressedFrameMap.Place, from: Int, by damage: Int) {
        lost[place.frame.number] = (damage, from)
        let count = Int(place.frame.items) - from
        result.damages[damage].keyCount = (result.damages[damage].keyCount ?? 0) + count
    }

    private func readBlock(_ place: CompressedFrameMap.Place) throws {
        guard try load(place) else {
            return lose(place, from: 0, by: damaged[place.frame.number] ?? 0)
        }
        let database = Int(place.frame.database)
        if database >= target.databaseCount {
            damaged[place.frame.number] = result.damages.count
            report(
                "keys of database \(database), of \(target.databaseCount) there are ('databases')",
                place.offset, CompressedFrame.size + Int(place.frame.stored), count: 0)
            return lose(place, from: 0, by: result.damages.count - 1)
        }
        let chain = Chain(place.frame)
        entries.bytes.begin(
            piece.raw.view, at: place.offset, more: input.size,
            next: place.frame.goesOn ? { [unowned self] in try self.next(chain) } : nil)
        for number in 0..<Int(place.frame.items) {
            do {
                _ = try entries.read(into: target, database: database)
                result.keys += 1
            } catch let damage as CompressedDamage {
                let known = damaged[chain.last.number]
                if known == nil {
                    damaged[chain.last.number] = result.damages.count
                    report(
                        damage.message, damage.offset,
                        CompressedFrame.size + Int(chain.last.stored), count: 0)
                }
                return lose(place, from: number, by: known ?? result.damages.count - 1)
            }
        }
    }

    /// The frame of a value's blocks that was taken last.
    private final class Chain {
        var last: CompressedFrame
        init(_ first: CompressedFrame) { last = first }
    }

    private func next(_ chain: Chain) throws -> ByteView {
        var number = chain.last.number &+ 1
        while let place = byNumber[number], place.frame.kind == .names { number &+= 1 }
        let last = chain.last
        chain.last = CompressedFrame(.block)
        chain.last.number = number
        guard let place = byNumber[number], place.frame.continues, place.frame.kind == .block,
            place.frame.database == last.database
        else { throw entries.bytes.damaged("its last key goes on nowhere") }
        chain.last = place.frame
        guard try load(place), piece.raw.count > 0 else {
            throw CompressedDamage("a block in the middle of a value", place.offset)
        }
        entries.bytes.begin(
            piece.raw.view, at: place.offset, more: input.size,
            next: place.frame.goesOn ? { [unowned self] in try self.next(chain) } : nil)
        return piece.raw.view
    }

    // MARK: Facts and names

    private func readFacts(_ place: CompressedFrameMap.Place) throws {
        guard try load(place) else { return }
        do {
            let bytes = CompressedBytes(piece.raw.view, at: place.offset)
            let header = try CompressedFacts.readHead(bytes)
            if result.header == nil { result.header = header }
            if place.frame.kind == .foot {
                result.expectedKeys = try CompressedFacts.keys(
                    try CompressedFacts.readFoot(bytes).counts)
            }
        } catch let damage as CompressedDamage {
            report(damage.message, damage.offset, CompressedFrame.size, count: 0)
        }
    }

    private func readNames(_ place: CompressedFrameMap.Place) throws {
        guard try load(place) else { return }
        do {
            try forEachBlockNamed(place) { number, database, count, names in
                let lost = lost[number]
                named.insert(number)
                if let lost, byNumber[number] == nil {
                    result.damages[lost.damage].keyCount =
                        (result.damages[lost.damage].keyCount ?? 0) + count
                }
                for index in 0..<count {
                    let (name, length) = try names()
                    guard let lost, index >= lost.from else { continue }
                    result.damages[lost.damage].keys.append(
                        SnapshotSalvage.LostKey(
                            database: database, name: name.array, length: length))
                }
            }
        } catch let damage as CompressedDamage {
            report(damage.message, damage.offset, CompressedFrame.size, count: 0)
        }
    }

    /// Hands on what a frame of names that was taken says of each block; `names` is to be called `count` times.
    private func forEachBlockNamed(
        _ place: CompressedFrameMap.Place,
        _ body: (
            _ number: UInt32, _ database: Int, _ count: Int,
            _ names: () throws -> (name: ByteView, length: Int)
        ) throws -> Void
    ) throws {
        let bytes = CompressedBytes(piece.raw.view, at: place.offset)
        for _ in 0..<place.frame.items {
            let number = UInt32(truncatingIfNeeded: try bytes.varint())
            let database = try bytes.count()
            let count = try bytes.count()
            try body(number, database, count) {
                let length = try bytes.count()
                return (try bytes.take(min(length, CompressedLimits.name)), length)
            }
        }
    }

    // MARK: One key

    /// Reads the blocks that have the key; false where the names can't be had.
    ///
    /// - Parameter found: how often the key was read.
    /// - Throws: `.corrupt` where such a block is damaged.
    func find(_ key: [UInt8], _ database: Int?, found: () -> Int) throws -> Bool {
        guard map.isIndexed else { return false }
        var blocks: [UInt32] = []
        let front = Array(key.prefix(CompressedLimits.name))
        do {
            for place in map.places where place.frame.kind == .names {
                guard try load(place) else { return false }
                try forEachBlockNamed(place) { number, its, count, names in
                    let isWanted = database.map { $0 == its } ?? true
                    for _ in 0..<count {
                        let (name, length) = try names()
                        guard isWanted, length == key.count, blocks.last != number else {
                            continue
                        }
                        if front.withByteView({ $0 == name }) { blocks.append(number) }
                    }
                }
            }
        } catch is CompressedDamage {
            return false
        }
        for number in blocks {
            guard let place = byNumber[number], place.frame.kind == .block,
                !place.frame.continues
            else { return false }
            let before = found()
            try readBlock(place)
            if found() == before, let damage = result.damages.last {
                throw input.damaged(
                    "The block with the key is damaged: \(damage.reason)", at: damage.offset)
            }
        }
        return true
    }
}
