/// What a plain Redis wrote: records without checksums, comments, transactions; and how to go on behind damage.
import Bytes
import Persistence
import RESP

extension LogScanner {
    /// How a record of the file could be read.
    private enum Look {
        case whole
        case comment(Int)
        case unfinished
        case wrong(String)
    }

    /// What is known while commands are read.
    struct CommandState {
        /// Where an open transaction began.
        var transaction: Int?
        /// Where the last record began, and how many bytes it has.
        var last = (offset: -1, length: 0)
        /// Whether the last record's name was known and its number of arguments suits it.
        var isLastSuited = true
    }

    /// Reads commands from where the window stands.
    func readCommands(to end: Int) throws(PersistenceError) {
        var shape = RecordShape()
        var known = CommandState()
        if finding.kind == .commands { time = nil }
        while true {
            try window.show(1)
            if window.front.isEmpty { break }
            let offset = window.offset
            switch try look(&shape) {
            case .whole:
                let bytes = window.front[0..<shape.length]
                let unknown = finding.unknownCommands.count
                let arity = finding.wrongArity.count
                check(shape, bytes, offset: offset)
                known.isLastSuited =
                    unknown == finding.unknownCommands.count && arity == finding.wrongArity.count
                try follow(shape, bytes, offset, &known)
                known.last = (offset, shape.length)
                finding.plausibleBytes += shape.length
                window.skip(shape.length)
            case .comment(let length):
                finding.plausibleBytes += length
                window.skip(length)
            case .unfinished: try goOn(offset, nil, &known)
            case .wrong(let reason): try goOn(offset, reason, &known)
            }
        }
        if let open = known.transaction {
            try openTransaction(from: open)
        }
    }

    /// Looks at what begins at the window's front, and makes all of it visible.
    private func look(_ shape: inout RecordShape) throws(PersistenceError) -> Look {
        if window.front[0] == UInt8(ascii: "#") { return try comment() }
        while true {
            switch RecordShape.read(window.front, into: &shape) {
            case .whole: return .whole
            case .invalid(let reason, let place):
                // `*0`, NUL bytes and their like; the place within the record helps who looks.
                return .wrong(
                    place == 0 ? "\(reason)" : "\(reason) (at offset \(window.offset + place))")
            case .incomplete(let needed):
                let left = window.size - window.offset
                if needed > left { return .unfinished }
                // A long string: its end is looked at before the memory for it is taken.
                if needed > 1 << 20, try !endsLine(at: window.offset + needed, shape) {
                    return .wrong("an argument doesn't end where its length says")
                }
                try window.show(needed)
                if window.front.count < needed { return .unfinished }
            }
        }
    }

    /// Whether CR LF stands somewhere in front of `offset` where a string should end: only for one long argument.
    private func endsLine(at offset: Int, _ shape: RecordShape) throws(PersistenceError) -> Bool {
        // Behind the string may come others, at least 5 bytes each; their number isn't known here, so up to
        // sixteen ends are tried.
        let start = max(0, offset - 82)
        let bytes = try window.bytes(at: start, count: offset - start)
        var end = bytes.count
        while end >= 2 {
            if bytes[end - 2] == 13 && bytes[end - 1] == 10 { return true }
            end -= 5
        }
        return false
    }

    private func comment() throws(PersistenceError) -> Look {
        try window.show(1024)
        let front = window.front
        let stamp = LogReader.stampLength(front)
        if stamp > 0 {
            let seconds = Decimal.parse(front[4..<(stamp - 2)]) ?? 0
            note(time: UInt64(max(0, seconds)) &* 1000)
            return .comment(stamp)
        }
        if Annotation.startsLine(front) && salt != nil {
            return .wrong("one of our groups behind commands of a plain Redis")
        }
        if let end = front[0..<min(1024, front.count)].firstIndex(of: 10) {
            if Annotation.startsLine(front) || end > 1000 { finding.isIrregular = true }
            return .comment(end + 1)
        }
        return front.count >= 1024 ? .wrong("a comment has no end") : .unfinished
    }

    private func follow(
        _ shape: RecordShape, _ bytes: ByteView, _ offset: Int, _ known: inout CommandState
    ) throws(PersistenceError) {
        if shape.nameCount == 5 || shape.nameCount == 4 {
            let name = bytes[shape.nameStart..<(shape.nameStart + shape.nameCount)]
            if name.equalsIgnoringCase("multi") {
                if known.transaction != nil {
                    finding.isIrregular = true
                    finding.notes.append("MULTI within a transaction at offset \(offset)")
                }
                known.transaction = offset
            } else if name.equalsIgnoringCase("exec") {
                if known.transaction == nil {
                    finding.isIrregular = true
                    finding.notes.append("EXEC without MULTI at offset \(offset)")
                }
                known.transaction = nil
            }
        }
        guard let visitor else { return }
        let place = RecordPlace(
            offset: offset, path: finding.part.path, sequenceBefore: state.sequence, time: time,
            isCertain: false, isInBase: finding.part.role == .base)
        try visit(visitor, bytes, place)
    }

    /// Something is wrong at `offset`: finds where records go on.
    ///
    /// - Parameter reason: what is wrong; nil: the file ends within a record.
    private func goOn(
        _ offset: Int, _ reason: String?, _ known: inout CommandState
    ) throws(PersistenceError) {
        var start = offset
        // A number of arguments that is too low leaves some of them behind a record that looks whole.
        let begins = window.front[0]
        if reason != nil, begins == UInt8(ascii: "$"),
            known.last.offset + known.last.length == offset
        {
            start = known.last.offset
            finding.plausibleBytes -= known.last.length
            finding.records -= 1
        }
        let next = try nextRecord(from: offset + 1)
        let end = next ?? window.size
        var region = LogRegion(
            finding.part.path, start, end - start,
            reason ?? "the file ends before the record does")
        region.isTail = reason == nil && next == nil
        region.verdict = .lost
        try survey(&region)
        if region.isTail { region.reason = "the last record is unfinished" }
        go(to: end)
        try add(region, healed: nil)
        known.last.offset = -1
    }

    private func survey(_ region: inout LogRegion) throws(PersistenceError) {
        guard region.length <= RegionSurvey.maximumBytes else { return }
        let survey = RegionSurvey(vocabulary)
        go(to: region.offset)
        try window.show(region.length)
        survey.read(window.front[0..<min(region.length, window.front.count)])
        region.keys = survey.keys
        region.sweeping = survey.sweeping
        region.hidesDatabase = true
    }

    private func openTransaction(from offset: Int) throws(PersistenceError) {
        var region = LogRegion(
            finding.part.path, offset, window.size - offset,
            "the last transaction has no EXEC")
        region.isTail = true
        region.verdict = .plausible
        try survey(&region)
        window.move(to: window.size)
        region.touchesOthers = false
        // A tail that was cut off within the transaction is part of it.
        finding.regions.removeAll { $0.isTail && $0.offset >= offset }
        try add(region, healed: nil)
    }

    /// Where the next plausible record begins; moves the window.
    func nextRecord(from start: Int) throws(PersistenceError) -> Int? {
        go(to: start)
        while true {
            try window.show(64 << 10)
            let front = window.front
            if front.isEmpty { return nil }
            var index = 0
            while let step = front[index..<front.count].firstIndex(of: UInt8(ascii: "*")) {
                index += step
                if try isPlausible(at: index) { return window.offset + index }
                index += 1
                if window.front.count <= index { break }
            }
            window.skip(window.front.count)
        }
    }

    /// Whether a record with a known name is at `index` of the window, and something sensible behind it.
    private func isPlausible(at index: Int) throws(PersistenceError) -> Bool {
        var shape = RecordShape()
        let place = window.offset + index
        let near = window.front.dropFirst(index)
        switch RecordShape.read(near, into: &shape) {
        case .invalid: return false
        case .whole: break
        case .incomplete(let needed):
            if needed > window.size - place || needed > 1 << 20 { return false }
            return try isPlausibleFar(place, needed: needed)
        }
        return isSensible(near, shape, isEnd: place + shape.length == window.size)
    }

    /// As `isPlausible`, for a record that isn't wholly in the window: read on the side.
    private func isPlausibleFar(_ place: Int, needed: Int) throws(PersistenceError) -> Bool {
        let bytes = try window.bytes(at: place, count: min(window.size - place, 4 << 20))
        return bytes.withByteView { near in
            var shape = RecordShape()
            guard case .whole = RecordShape.read(near, into: &shape) else { return false }
            return isSensible(near, shape, isEnd: place + shape.length == window.size)
        }
    }

    private func isSensible(_ near: ByteView, _ shape: RecordShape, isEnd: Bool) -> Bool {
        let name = near[shape.nameStart..<(shape.nameStart + shape.nameCount)]
        guard let arity = vocabulary.arity(of: name) else { return false }
        let suits = arity >= 0 ? shape.count == arity : shape.count >= -arity
        if !suits { return false }
        if isEnd { return true }
        guard shape.length < near.count else { return true }
        let next = near[shape.length]
        return next == UInt8(ascii: "*") || next == UInt8(ascii: "#")
    }
}
