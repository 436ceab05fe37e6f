/// Where each key's slot is, and the order in which slots are written.
///
/// A table of our own, open addressing with linear probing: a transaction of SETs asks it once a change, and
/// `Dictionary` with the library's hasher took a tenth of the writing thread. Names are sorted by eight bytes behind
/// what all of them begin with ("user:..."), which decides nearly every comparison without a look at the key.
///
/// INVARIANT 1: a cell is 0, or the number of a slot plus one below half of its hash; at most half of them are used.
import Bytes

/// Slots by name; the slots themselves belong to the caller.
struct KeyPlaces {
    private static let sip = SipHash.random()
    private var cells = [UInt64](repeating: 0, count: 1024)
    private var count = 0

    /// Forgets all.
    mutating func removeAll() {
        if count == 0 { return }
        // A table that one big transaction has grown isn't cleared for every small one.
        let fits = cells.count <= 1024 || count * 16 > cells.count
        if fits {
            for index in cells.indices { cells[index] = 0 }
        } else {
            cells = [UInt64](repeating: 0, count: max(1024, cells.count / 4))
        }
        count = 0
    }

    /// The hash that `find` and `insert` want.
    @inline(__always)
    static func hash(_ name: KeyName) -> UInt64 {
        sip.hash(name.key) &+ UInt64(bitPattern: name.space) &* 0x9E37_79B9_7F4A_7C15
    }

    /// The number of the slot of `name`.
    @inline(__always)
    func find(_ name: KeyName, _ hash: UInt64, in slots: [KeySlot]) -> Int? {
        let mask = cells.count - 1
        var index = Int(truncatingIfNeeded: hash) & mask
        while cells[index] != 0 {
            let cell = cells[index]
            if cell >> 32 == hash >> 32 {
                let place = Int(cell & 0xFFFF_FFFF) - 1
                if slots[place].name == name { return place }
            }
            index = (index + 1) & mask
        }
        return nil
    }

    /// Adds a name that isn't there; `slots` holds it already, last.
    @inline(__always)
    mutating func insert(_ hash: UInt64, in slots: [KeySlot]) {
        count += 1
        if count * 2 > cells.count { return grow(slots) }
        put(hash, slots.count)
    }

    @inline(__always)
    private mutating func put(_ hash: UInt64, _ number: Int) {
        let mask = cells.count - 1
        var index = Int(truncatingIfNeeded: hash) & mask
        while cells[index] != 0 { index = (index + 1) & mask }
        cells[index] = (hash >> 32) << 32 | UInt64(number)
    }

    private mutating func grow(_ slots: [KeySlot]) {
        cells = [UInt64](repeating: 0, count: cells.count * 4)
        for (place, slot) in slots.enumerated() { put(Self.hash(slot.name), place + 1) }
    }
}

/// Slots in the order of the tree `keys`: by space, then by key.
enum KeyOrder {
    private struct Entry {
        let space: Int64
        let head: UInt64
        let place: Int
    }

    /// The numbers of all slots, in order.
    static func sorted(_ slots: [KeySlot]) -> [Int] {
        guard let first = slots.first else { return [] }
        var shared = first.name.key.count
        for slot in slots {
            let key = slot.name.key
            shared = min(shared, key.count)
            var length = 0
            while length < shared && key[length] == first.name.key[length] { length += 1 }
            shared = length
            if shared == 0 { break }
        }
        var entries: [Entry] = []
        entries.reserveCapacity(slots.count)
        for (place, slot) in slots.enumerated() {
            entries.append(
                Entry(space: slot.name.space, head: head(slot.name.key, shared), place: place))
        }
        entries.sort { left, right in
            if left.space != right.space { return left.space < right.space }
            if left.head != right.head { return left.head < right.head }
            return slots[left.place].name.key < slots[right.place].name.key
        }
        return entries.map(\.place)
    }

    /// Eight bytes from `start` on as a number that sorts as they do; zeros behind the end.
    private static func head(_ key: ByteView, _ start: Int) -> UInt64 {
        if key.count >= start + 8 { return key.littleEndian64(at: start).byteSwapped }
        var value: UInt64 = 0
        for index in start..<(start + 8) {
            value = value << 8 | UInt64(index < key.count ? key[index] : 0)
        }
        return value
    }
}
