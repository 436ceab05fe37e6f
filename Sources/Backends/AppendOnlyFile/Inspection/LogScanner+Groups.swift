/// Files of ours: lines, sums, sequences, and every record in a group.
import Bytes
import Persistence
import RESP

extension LogScanner {
    /// Reads groups to the end of the file.
    func readGroups(limit: UInt64?) throws(PersistenceError) {
        guard let salt else { return }
        var last: UInt64 = isBase ? 0 : state.sequence
        var isLastKnown = isBase || state.isKnown
        var isClosed = false
        defer { if !isBase { state.sequence = last } }
        while true {
            try window.show(4096)
            let front = window.front
            if front.isEmpty { break }
            let stamp = LogReader.stampLength(front)
            let line = Annotation.parse(front.dropFirst(stamp), salt: salt)
            switch line?.line {
            case .group(let head)
            where !isLastKnown || head.firstSequence > last || head.count == 0:
                if let limit, !isBase, head.firstSequence >= limit, last &+ 1 >= limit {
                    noteVoid()
                    return
                }
                if isLastKnown && head.firstSequence != last &+ 1 {
                    try missing(last &+ 1, head.firstSequence &- 1)
                }
                isLastKnown = true
                isClosed = false
                try group(head, lineBytes: stamp + (line?.length ?? 0), salt: salt)
                last = head.firstSequence &+ head.count &- 1
            case .closing(let mark) where !isLastKnown || mark.lastSequence >= last:
                if mark.lastSequence > last && isLastKnown {
                    try missing(last &+ 1, mark.lastSequence)
                }
                last = mark.lastSequence
                isClosed = true
                note(time: mark.timeMilliseconds)
                finding.certainBytes += stamp + (line?.length ?? 0)
                window.skip(stamp + (line?.length ?? 0))
            default:
                if try readForeignTail(front, stamp, after: last) { return }
                let next = try damagedGroup(after: last, salt: salt)
                if let next { last = next } else { isLastKnown = !window.isAtEnd && isLastKnown }
            }
        }
        if isBase && !isClosed {
            try damage(window.size, 0, "the closing mark is missing", isComplete: false)
        }
    }

    private func noteVoid() {
        let rest = window.size - window.offset
        finding.notes.append(
            "The last \(rest) bytes are void: the next increment has them again, after a failed sync"
        )
        finding.isIrregular = true
        window.move(to: window.size)
    }

    /// Sequences that no group has, before where the window stands.
    private func missing(_ first: UInt64, _ last: UInt64) throws(PersistenceError) {
        if first > last { return }
        var region = LogRegion(
            finding.part.path, window.offset, 0, "the groups before this one are missing")
        region.firstSequence = first
        region.lastSequence = last
        region.hidesDatabase = true
        // Behind damage without a sequence of its own: that is where they were.
        if let index = finding.regions.indices.last, finding.regions[index].lastSequence == nil,
            finding.regions[index].offset + finding.regions[index].length == window.offset
        {
            finding.regions[index].firstSequence = first
            finding.regions[index].lastSequence = last
            return
        }
        try add(region, healed: nil)
    }

    /// A group whose line is right.
    private func group(
        _ head: GroupHeader, lineBytes: Int, salt: Salt
    ) throws(PersistenceError) {
        let offset = window.offset
        note(time: head.timeMilliseconds)
        window.skip(lineBytes)
        let rest = window.size - window.offset
        if head.payloadBytes <= rest {
            try window.show(head.payloadBytes)
            let payload = window.front[0..<min(head.payloadBytes, window.front.count)]
            if CRC32C.checksum(payload, seed: salt.payloadSeed) == head.payloadSum,
                try records(payload, head, at: window.offset)
            {
                finding.groups += 1
                finding.certainBytes += lineBytes + payload.count
                if finding.firstSequence == nil { finding.firstSequence = head.firstSequence }
                finding.lastSequence = head.firstSequence &+ max(head.count, 1) &- 1
                window.skip(payload.count)
                return
            }
        }
        try damagedPayload(head, offset: offset, lineBytes: lineBytes, salt: salt)
    }

    /// Every record of a payload whose sum is right; false where they aren't whole commands.
    private func records(
        _ payload: ByteView, _ head: GroupHeader, at offset: Int
    ) throws(PersistenceError) -> Bool {
        var position = 0
        var shape = RecordShape()
        var place = RecordPlace(
            offset: offset, path: finding.part.path, sequenceBefore: head.firstSequence &- 1,
            time: head.timeMilliseconds, isCertain: true, isInBase: isBase)
        while position < payload.count {
            let bytes = payload.dropFirst(position)
            guard case .whole = RecordShape.read(bytes, into: &shape) else { return false }
            check(shape, bytes, offset: offset + position)
            if let visitor {
                place.offset = offset + position
                try visit(visitor, bytes[0..<shape.length], place)
            }
            position += shape.length
        }
        return true
    }

    /// Looks a record's command up.
    @inline(__always)
    func check(_ shape: RecordShape, _ bytes: ByteView, offset: Int) {
        finding.records &+= 1
        let name = bytes[shape.nameStart..<(shape.nameStart + shape.nameCount)]
        guard let arity = cache.arity(of: name, bytes: shape.length) else {
            noteUnknown(name, offset)
            return
        }
        let suits = arity >= 0 ? shape.count == arity : shape.count >= -arity
        if !suits { noteArity(offset) }
    }

    private func noteUnknown(_ name: ByteView, _ offset: Int) {
        finding.isIrregular = true
        let text = name[0..<min(64, name.count)].text
        if finding.unknownCommands.count < 16,
            !finding.unknownCommands.contains(where: { $0.name == text })
        {
            finding.unknownCommands.append((text, offset))
        }
    }

    private func noteArity(_ offset: Int) {
        finding.isIrregular = true
        if finding.wrongArity.count == 0 { finding.wrongArity.offset = offset }
        finding.wrongArity.count += 1
    }

    /// Hands a record's arguments on.
    func visit(
        _ visitor: any LogScanVisitor, _ bytes: ByteView, _ place: RecordPlace
    ) throws(PersistenceError) {
        parser.reset()
        var isWhole = false
        do throws(RESPError) {
            if case .request = try parser.parse(bytes) { isWhole = true }
        } catch {
            isWhole = false
        }
        if isWhole { try visitor.record(parser.arguments.views, place) }
    }
}
