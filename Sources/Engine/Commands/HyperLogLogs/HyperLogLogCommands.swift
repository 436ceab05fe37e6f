/// The family of HyperLogLogs, one line a command; and what they share: finding one in a string, putting its
/// bytes back.
import Bytes
import Records

enum HyperLogLogCommands {
    static var all: [CommandSpec] {
        [
            PFAddCommand.spec, PFCountCommand.spec, PFMergeCommand.spec, PFDebugCommand.spec,
            PFSelfTestCommand.spec,
        ]
    }
}

extension Engine {
    /// The HyperLogLog that an entry's string is.
    func hyperLogLog(of entry: Entry) throws(CommandError) -> HyperLogLog {
        guard let found = HyperLogLog(try text(of: entry)) else { throw .notHyperLogLog }
        return found
    }

    /// The HyperLogLog at `key` for a reading command, nil where it is absent.
    func readHyperLogLog(
        _ key: ByteView, _ session: Session
    ) throws(CommandError) -> HyperLogLog? {
        guard let entry = read(key, session) else { return nil }
        return try hyperLogLog(of: entry)
    }

    /// Makes the string of `key` these bytes, changed from those it holds; recorded as the part that differs.
    func storeHyperLogLog(
        _ key: ByteView, _ bytes: [UInt8], at position: Position?, _ session: Session
    ) {
        bytes.withByteView { new in
            guard let position else {
                let entry = Entry.make(key: key, kind: .string, value: new, deadline: nil)
                entry.isGrown = true
                insertNew(entry, hash: heap.sip.hash(key), session.database)
                record(.set(key: key, value: new, deadline: nil), database: session.database)
                return
            }
            let old = position.entry.value
            if new.count < old.count {
                let table = table(session)
                let place = table.writable(position, heap)
                let entry = Entry.make(
                    key: key, kind: .string, value: new, deadline: place.entry.deadline)
                entry.isGrown = true
                replaceValue(place, entry, table)
                touch(key, session.database)
                record(.setKeepingDeadline(key: key, value: new), database: session.database)
                return
            }
            var start = 0
            while start < old.count, old[start] == new[start] { start += 1 }
            var end = new.count
            while end > start, end <= old.count, old[end - 1] == new[end - 1] { end -= 1 }
            if end > start {
                overwriteString(key, at: start, with: new[start..<end], position, session)
            } else {
                touch(key, session.database)
            }
        }
    }
}
