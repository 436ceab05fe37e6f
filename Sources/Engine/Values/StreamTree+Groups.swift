/// The groups of a stream: how they come, change and go, and what they know of their progress.
///
/// A group counts the entries it has read, where it can: then its lag is the difference to what was ever
/// added. It can't where a deletion lies ahead of it, or where it was put to an id whose number nobody knows.
import Bytes
import Records

extension StreamTree {
    // MARK: Changing; the header is the live side's own

    /// Lets `body` change the table of groups, which is begun where there is none.
    func changeGroups<R>(_ heap: Heap, _ body: (Table) -> R) -> R {
        if !hasGroups {
            let table = unsafe Table.begin(at: groups.raw, headerBytes: 0, heap)
            tree.bytes += table.bytes
        }
        let before = groups.bytes
        defer { tree.bytes += groups.bytes - before }
        return body(groups)
    }

    /// A group begins; its name is new.
    func createGroup(_ name: ByteView, last: StreamID, entriesRead: Int64, _ heap: Heap) {
        changeGroups(heap) { table in
            let group = ConsumerGroup.make(last: last, entriesRead: entriesRead, heap)
            let nested = unsafe Nested(raw: group.raw)
            table.bytes += nested.bytes
            table.insert(
                Entry.make(key: name, kind: .streamGroup, nested: nested, deadline: nil),
                hash: heap.sip.hash(name), heap)
        }
    }

    /// Lets `body` change the group of this name; nil where there is none.
    func changeGroup<R>(_ name: ByteView, _ heap: Heap, _ body: (ConsumerGroup) -> R) -> R? {
        guard hasGroups, let place = groups.locate(name, hash: heap.sip.hash(name)) else {
            return nil
        }
        return changeGroups(heap) { table in
            table.changeNested(place, heap) { unsafe body(ConsumerGroup(raw: $0.raw)) }
        }
    }

    /// A group goes, with what was pending in it; whether it was there.
    func destroyGroup(_ name: ByteView, _ heap: Heap) -> Bool {
        guard hasGroups, let place = groups.locate(name, hash: heap.sip.hash(name)) else {
            return false
        }
        changeGroups(heap) { table in
            let position = table.writable(place, heap)
            let nested = position.entry.nested
            let bytes = nested.bytes
            table.bytes -= bytes
            table.remove(position, heap)
            heap.retire(.nested(nested, .streamGroup), bytes: bytes, isPrivate: false)
        }
        return true
    }

    // MARK: Progress

    /// Whether an entry from `id` on may have been deleted out of the middle.
    private func mayHaveHole(from id: StreamID) -> Bool {
        length > 0 && maximumDeleted != .minimum && first <= maximumDeleted && id <= maximumDeleted
    }

    /// How many entries were ever added up to the one of this id; nil where that is unknown.
    private func number(of id: StreamID) -> Int64? {
        let added = Int64(truncatingIfNeeded: entriesAdded)
        if added == 0 { return 0 }
        if length == 0 && id <= last { return added }
        if id == last { return added }
        if id > last { return nil }
        if maximumDeleted == .minimum || maximumDeleted < first {
            if id < first { return added &- Int64(length) }
            if id == first { return added &- Int64(length) &+ 1 }
        }
        return nil
    }

    /// What a group has read once it has read `id`, the next entry behind what it had read.
    func entriesRead(after id: StreamID, before count: Int64) -> Int64 {
        if count >= 0 && !mayHaveHole(from: id) { return count < .max ? count + 1 : -1 }
        return entriesAdded == 0 ? count : number(of: id) ?? -1
    }

    /// Entries that a group has yet to read; nil where that is unknown.
    func lag(of group: ConsumerGroup) -> Int64? {
        let added = Int64(truncatingIfNeeded: entriesAdded)
        if added == 0 { return 0 }
        if group.entriesRead >= 0 && !mayHaveHole(from: group.last) {
            return added &- group.entriesRead
        }
        return number(of: group.last).map { added &- $0 }
    }

    /// Redis's nodes: those of the radix tree that its stream is kept in, whose keys are our nodes' ids.
    ///
    /// Every key is a leaf. Where keys part there is a node, before it one for what they have in common, if
    /// anything, and behind it one for every branch that goes on.
    var radixNodes: (keys: Int, nodes: Int) {
        var keys = 0
        var nodes = 1
        var previous: StreamID?
        // Places where the keys of the current path part, the deepest last.
        var partings: [Int] = []
        tree.forEach { place in
            keys += 1
            guard let before = previous else {
                previous = place.id
                nodes = 2
                return
            }
            previous = place.id
            let common = Self.commonBytes(before, place.id)
            var end = 16
            while let deepest = partings.last, deepest > common {
                end = deepest
                partings.removeLast()
            }
            if partings.last != common {
                // The run of bytes that held this place is in two pieces now, either perhaps empty.
                let start = partings.last.map { $0 + 1 } ?? 0
                nodes += (common > start ? 1 : 0) + (end > common + 1 ? 1 : 0)
                partings.append(common)
            }
            nodes += common < 15 ? 2 : 1
        }
        return (keys, nodes)
    }

    /// Bytes that two ids have in common at their start.
    private static func commonBytes(_ left: StreamID, _ right: StreamID) -> Int {
        let high = (left.milliseconds ^ right.milliseconds).leadingZeroBitCount / 8
        return high < 8 ? high : 8 + (left.sequence ^ right.sequence).leadingZeroBitCount / 8
    }
}
