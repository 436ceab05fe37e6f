/// Damage in files of ours: where it ends, what it cost, which keys it may have touched.
import Bytes
import Persistence
import RESP

extension LogScanner {
    /// Commands of a plain Redis behind our groups: to the end of the file, unless a group of ours follows.
    func readForeignTail(
        _ front: ByteView, _ stamp: Int, after last: UInt64
    ) throws(PersistenceError) -> Bool {
        guard !isBase, front.count > stamp, front[stamp] == UInt8(ascii: "*"), let salt else {
            return false
        }
        var shape = RecordShape()
        if case .invalid = RecordShape.read(front.dropFirst(stamp), into: &shape) { return false }
        let offset = window.offset
        if try nextLine(from: offset, after: last, salt: salt) != nil {
            go(to: offset)
            return false
        }
        go(to: offset)
        finding.kind = .groupsAndCommands
        finding.isIrregular = true
        finding.notes.append(
            "A plain Redis has written from offset \(offset) on; its commands carry no checksums")
        try readCommands(to: window.size)
        return true
    }

    /// A group whose line is right and whose payload isn't.
    func damagedPayload(
        _ head: GroupHeader, offset: Int, lineBytes: Int, salt: Salt
    ) throws(PersistenceError) {
        let rest = window.size - window.offset
        let isShort = head.payloadBytes > rest
        var region = LogRegion(
            finding.part.path, offset, lineBytes + min(rest, head.payloadBytes),
            isShort
                ? "a group of \(head.payloadBytes) bytes has only \(rest)"
                : "the checksum of a group is wrong")
        region.firstSequence = head.firstSequence
        region.lastSequence = head.firstSequence &+ max(head.count, 1) &- 1
        var healed: [UInt8]?
        if !isShort {
            let payload = window.front[0..<head.payloadBytes]
            healed = heal(payload, head, salt)
        }
        let end = window.offset + head.payloadBytes
        // Bytes that were added or taken away move what follows: then the next valid line ends the damage.
        let isFollowed = isShort ? false : try beginsLine(at: end, salt: salt)
        if !isFollowed {
            let last = head.firstSequence &+ max(head.count, 1) &- 1
            let next = try nextLine(from: offset + lineBytes, after: last, salt: salt)
            region.length = (next ?? window.size) - offset
        }
        try learn(&region, from: offset + lineBytes, healed: healed)
        if isShort && region.offset + region.length == window.size { region.isTail = true }
        go(to: region.offset + region.length)
        try add(region, healed: healed)
    }

    /// A line that can't be read; answers the last sequence that the group behind it had, where known.
    func damagedGroup(after last: UInt64, salt: Salt) throws(PersistenceError) -> UInt64? {
        let offset = window.offset
        let front = window.front
        var region = LogRegion(finding.part.path, offset, 0, Self.reason(front))
        if case .group(let head) = Annotation.parse(front, salt: salt)?.line {
            region.reason = "sequence \(head.firstSequence) follows \(last)"
        }
        if state.healed < 1000, !front.isEmpty {
            state.healed += 1
            if let answer = try healLine(&region, salt: salt) { return answer }
        }
        let next = try nextLine(from: offset + 1, after: last, salt: salt)
        region.length = (next ?? window.size) - offset
        region.isTail = next == nil
        // The next line's sequence tells which are lost; `readGroups` notes them.
        try learn(&region, from: offset, healed: nil)
        region.hidesDatabase = true
        go(to: offset + region.length)
        try add(region, healed: nil)
        return nil
    }

    /// A line with one wrong byte: its sum tells which, and then what the group holds.
    private func healLine(_ region: inout LogRegion, salt: Salt) throws(PersistenceError) -> UInt64?
    {
        let front = window.front
        let offset = window.offset
        guard let found = SumHealing.line(front, salt: salt) else { return nil }
        region.reason = "the line of a group is damaged"
        switch found.line {
        case .group(let head):
            let start = offset + found.length
            guard head.payloadBytes <= window.size - start else { return nil }
            try window.show(found.length + head.payloadBytes)
            guard window.front.count >= found.length + head.payloadBytes else { return nil }
            let payload = window.front[found.length..<(found.length + head.payloadBytes)]
            guard CRC32C.checksum(payload, seed: salt.payloadSeed) == head.payloadSum else {
                return nil
            }
            let bytes = payload.array
            region.length = found.length + bytes.count
            region.firstSequence = head.firstSequence
            region.lastSequence = head.firstSequence &+ max(head.count, 1) &- 1
            try learn(&region, from: start, healed: bytes)
            go(to: offset + region.length)
            try add(region, healed: bytes)
            return head.firstSequence &+ head.count &- 1
        case .closing(let mark):
            region.reason = "the closing mark is damaged"
            region.length = found.length
            region.touchesOthers = false
            go(to: offset + found.length)
            try add(region, healed: nil)
            return mark.lastSequence
        default: return nil
        }
    }

    private static func reason(_ front: ByteView) -> String {
        if front[0] == 0 { return "NUL bytes where a group should begin" }
        if Annotation.startsLine(front) { return "the line of a group is damaged" }
        return "no group begins here"
    }

    /// The payload with one byte changed so that its sum is right and its records are whole.
    private func heal(_ payload: ByteView, _ head: GroupHeader, _ salt: Salt) -> [UInt8]? {
        guard
            let change = SumHealing.change(
                payload, seed: salt.payloadSeed, wanted: head.payloadSum)
        else { return nil }
        var bytes = payload.array
        bytes[change.index] ^= change.difference
        let isWhole = bytes.withByteView { healed in
            var position = 0
            var shape = RecordShape()
            while position < healed.count {
                let rest = healed.dropFirst(position)
                guard case .whole = RecordShape.read(rest, into: &shape) else { return false }
                let name = rest[shape.nameStart..<(shape.nameStart + shape.nameCount)]
                if vocabulary.arity(of: name) == nil { return false }
                position += shape.length
            }
            return true
        }
        return isWhole ? bytes : nil
    }

    /// Whether a valid line of the file, or its end, is at `offset`; the window stays.
    private func beginsLine(at offset: Int, salt: Salt) throws(PersistenceError) -> Bool {
        if offset == window.size { return true }
        try window.show(offset - window.offset + 256)
        let front = window.front.dropFirst(offset - window.offset)
        let stamp = LogReader.stampLength(front)
        return Annotation.parse(front.dropFirst(stamp), salt: salt) != nil
    }

    /// The offset of the next valid line with a sequence beyond `last`; moves the window.
    private func nextLine(
        from start: Int, after last: UInt64, salt: Salt
    ) throws(PersistenceError) -> Int? {
        go(to: start)
        while true {
            try window.show(64 << 10)
            let front = window.front
            if front.isEmpty { return nil }
            let isEnd = window.offset + front.count >= window.size
            let stop = front.count - (isEnd ? 0 : min(front.count - 1, Annotation.maximumBytes))
            var index = 0
            while index < stop {
                guard let step = front[index..<stop].firstIndex(of: UInt8(ascii: "#")) else {
                    break
                }
                index += step
                if isNext(front.dropFirst(index), after: last, salt: salt) {
                    return window.offset + index
                }
                index += 1
            }
            window.skip(stop)
        }
    }

    private func isNext(_ bytes: ByteView, after last: UInt64, salt: Salt) -> Bool {
        switch Annotation.parse(bytes, salt: salt)?.line {
        case .group(let head): head.firstSequence > last
        case .closing(let mark): mark.lastSequence >= last
        default: false
        }
    }

    /// What a damaged region may have touched: by its records, as they stand there and as they were healed.
    ///
    /// The window is moved.
    private func learn(
        _ region: inout LogRegion, from start: Int, healed: [UInt8]?
    ) throws(PersistenceError) {
        let survey = RegionSurvey(vocabulary)
        if let healed {
            healed.withByteView { survey.read($0) }
            region.touchesOthers = !survey.isWhole
            region.verdict = .plausible
        }
        let end = region.offset + region.length
        let position = window.offset
        if end - start <= RegionSurvey.maximumBytes {
            go(to: start)
            try window.show(end - start)
            let count = min(end - start, window.front.count)
            survey.read(window.front[0..<count])
        }
        go(to: position)
        region.keys = survey.keys
        region.sweeping = survey.sweeping
        region.hidesDatabase = region.touchesOthers
    }
}

/// Collects the keys of what looks like records amongst damaged bytes.
final class RegionSurvey {
    /// A longer region isn't searched for keys.
    static let maximumBytes = 64 << 20
    private static let maximumKeys = 1_000_000

    private let vocabulary: any CommandVocabulary
    private let parser = RequestParser()
    private(set) var keys: Set<[UInt8]> = []
    private(set) var sweeping: Set<String> = []
    /// Whether all that was read so far was whole records.
    private(set) var isWhole = true
    /// Records found.
    private(set) var records = 0

    init(_ vocabulary: any CommandVocabulary) { self.vocabulary = vocabulary }

    /// Reads what can be read.
    func read(_ bytes: ByteView) {
        var position = 0
        while position < bytes.count {
            var shape = RecordShape()
            let rest = bytes.dropFirst(position)
            if case .whole = RecordShape.read(rest, into: &shape), take(rest[0..<shape.length]) {
                position += shape.length
                continue
            }
            isWhole = false
            takeBeginning(rest)
            guard let star = bytes[(position + 1)..<bytes.count].firstIndex(of: UInt8(ascii: "*"))
            else { return }
            position += star + 1
        }
    }

    /// The keys of a record whose first arguments can be read.
    private func takeBeginning(_ bytes: ByteView) {
        guard bytes[0] == UInt8(ascii: "*"), var index = bytes.firstIndex(of: 10) else { return }
        index += 1
        var words: [[UInt8]] = []
        while words.count < 64, index < bytes.count, bytes[index] == UInt8(ascii: "$"),
            let step = bytes.dropFirst(index).firstIndex(of: 10), step > 2, step < 20,
            let length = Decimal.parse(bytes[(index + 1)..<(index + step - 1)]), length >= 0,
            length < 1 << 20, index + step + 3 + Int(length) <= bytes.count
        {
            let start = index + step + 1
            let end = start + Int(length)
            guard bytes[end] == 13, bytes[end + 1] == 10 else { break }
            words.append(bytes[start..<end].array)
            index = end + 2
        }
        if words.count < 2 { return }
        words.withByteViews { arguments in
            if vocabulary.arity(of: arguments[0]) == nil { return }
            if let name = SweepingCommand.name(arguments[0]) { sweeping.insert(name) }
            for place in vocabulary.keyPlaces(in: arguments) where keys.count < Self.maximumKeys {
                keys.insert(arguments[place].array)
            }
        }
    }

    private func take(_ bytes: ByteView) -> Bool {
        parser.reset()
        do throws(RESPError) {
            guard case .request = try parser.parse(bytes) else { return false }
        } catch {
            return false
        }
        let arguments = parser.arguments.views
        guard vocabulary.arity(of: arguments[0]) != nil else { return false }
        records += 1
        for place in vocabulary.keyPlaces(in: arguments) where keys.count < Self.maximumKeys {
            keys.insert(arguments[place].array)
        }
        if let name = SweepingCommand.name(arguments[0]) { sweeping.insert(name) }
        return true
    }
}

/// Commands that change keys which they don't name, or that give a key another's value.
enum SweepingCommand {
    /// The command's name in capitals, nil where it is none of them.
    static func name(_ name: ByteView) -> String? {
        let words: [StaticString] = [
            "flushall", "flushdb", "swapdb", "rename", "renamenx", "move", "copy",
        ]
        for word in words where name.equalsIgnoringCase(word) {
            return "\(word)".uppercased()
        }
        return nil
    }
}
