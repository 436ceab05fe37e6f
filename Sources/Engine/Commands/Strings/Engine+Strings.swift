/// What the commands on strings share: the text of an entry, its length, growing it in place.
import Bytes
import Records

extension Engine {
    /// The string that an entry holds; of an integer its digits, in the engine's scratch memory.
    ///
    /// Valid until the next write to the keyspace and the scratch memory's next use.
    @inline(__always)
    func text(of entry: Entry) throws(CommandError) -> ByteView {
        switch entry.kind {
        case .string: return entry.value
        case .integer: return digits(entry.integer)
        default: throw .wrongType
        }
    }

    /// The decimal spelling of `value` in the engine's scratch memory, valid until its next use.
    @inline(__always)
    func digits(_ value: Int64) -> ByteView {
        scratch.removeAll()
        scratch.append(decimal: Int(value))
        return scratch.view
    }

    /// The integer that an entry's string spells.
    @inline(__always)
    func integer(of entry: Entry) throws(CommandError) -> Int64 {
        switch entry.kind {
        case .integer: return entry.integer
        case .string:
            guard let value = Decimal.parse(entry.value) else { throw .notAnInteger }
            return value
        default: throw .wrongType
        }
    }

    /// Accounts for a read by a command that goes on to write: hit or miss, and the access stamp.
    @inline(__always)
    func noteRead(_ position: Position?, _ key: ByteView, _ session: Session) {
        if let position {
            statistics.keyspaceHits &+= 1
            if !session.leavesStamps { stampAccess(position.entry) }
        } else {
            noteMiss(key, session.database)
        }
    }

    /// Bytes that no string may exceed: `proto-max-bulk-len`, or what no entry could hold.
    ///
    /// A log is replayed whatever the limit is now.
    @inline(__always)
    func stringLimit(_ session: Session) -> Int {
        let hard = Int(UInt32.max) - (1 << 20)
        return session.isReplay ? hard : min(hard, settings.maximumStringBytes)
    }

    /// Refuses strings that are too long.
    func checkLength(_ count: Int, plus more: Int, _ session: Session) throws(CommandError) {
        let (sum, isOver) = count.addingReportingOverflow(more)
        if isOver || sum > stringLimit(session) { throw .stringTooLong }
    }

    /// Makes the string at `position` `count` bytes long, no less than it was; its bytes stay, those
    /// behind them are the caller's to write, at once. In place where no view sees it.
    ///
    /// - Complexity: amortised O(bytes added) for long strings; O(`count`) the first time under a view.
    func growString(at position: Position, to count: Int, _ session: Session) -> Entry {
        let table = table(session)
        let place = table.writable(position, heap)
        let old = place.entry
        defer { touch(place.entry.key, session.database) }
        if old.kind == .string && place.isOwned(heap) {
            stampAccess(old)
            if old.value.count == count {
                old.isGrown = true
                return old
            }
            let formerBytes = old.allocatedBytes
            let grown = old.resizingValue(to: count)
            grown.isGrown = true
            table.putResized(place, grown, formerBytes: formerBytes, heap)
            return grown
        }
        let new = Entry.make(key: old.key, kind: .string, valueCount: count, deadline: old.deadline)
        new.overwriteValue(at: 0, with: old.kind == .integer ? digits(old.integer) : old.value)
        new.isGrown = true
        if heap.hasViews { heap.copiedBytes += old.value.count }
        replaceValue(place, new, table)
        return new
    }

    /// The string at `position` stays what it is, but OBJECT ENCODING calls it `raw` from now on: what Redis's
    /// commands on bits do to it before they look whether anything changes.
    func becomeBytes(_ position: Position, _ session: Session) {
        let table = table(session)
        let place = table.writable(position, heap)
        let old = place.entry
        if old.kind == .integer {
            let new = Entry.make(
                key: old.key, kind: .string, value: digits(old.integer), deadline: old.deadline)
            new.isGrown = true
            replaceValue(place, new, table)
        } else if place.isOwned(heap) {
            old.isGrown = true
        }
    }

    /// Writes `bytes`, which lie outside the scratch memory, over the string of `key` from `offset` on, padding it
    /// with NUL; recorded. Nobody is notified.
    func overwriteString(
        _ key: ByteView, at offset: Int, with bytes: ByteView, _ position: Position?,
        _ session: Session
    ) {
        let end = offset + bytes.count
        if let position {
            let old = position.entry
            let count = old.kind == .integer ? Decimal.length(old.integer) : old.value.count
            let entry = growString(at: position, to: max(count, end), session)
            if offset > count { entry.clearValue(at: count, count: offset - count) }
            entry.overwriteValue(at: offset, with: bytes)
        } else {
            let entry = Entry.make(key: key, kind: .string, valueCount: end, deadline: nil)
            entry.clearValue(at: 0, count: offset)
            entry.overwriteValue(at: offset, with: bytes)
            entry.isGrown = true
            insertNew(entry, hash: heap.sip.hash(key), session.database)
        }
        record(.setRange(key: key, offset: offset, bytes: bytes), database: session.database)
    }
}
