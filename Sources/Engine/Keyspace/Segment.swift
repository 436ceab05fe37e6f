/// The leaf of a table: up to 64 entries whose hashes share a prefix.
///
///      0  birth         u64   the generation it was born in
///      8  owned         u64   bit i: slot i was filled since birth, so no older view sees its entry
///     16  soonest       i64   no deadline of an entry here is earlier (a lower bound)
///     24  prefix        u64   the first hash that may live here
///     32  depth         u8    how many leading bits of the hash all entries share
///     33  count         u8    entries
///     34  overflowed    u8    bit g: an entry whose home is group g lives elsewhere
///     40  fingerprints  64 x u8   a byte of the hash, never 0; 0: the slot is empty
///    104  slots         64 x 8    addresses of entries
///    616
///
/// A lookup compares eight fingerprints at a time (one 64-bit word, a group); a key's home group comes
/// from its hash, and the search goes on to the next group only where the `overflowed` bit says so.
///
/// INVARIANT 1: fingerprints[i] != 0 exactly where slots[i] is an entry.
/// INVARIANT 2: every hash h here has h >> (64 - depth) == prefix >> (64 - depth).
/// INVARIANT 3: `soonest` belongs to the live side; views never read it.
import Bytes
import Records

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// The address of a segment.
@safe
struct Segment: Equatable {
    let raw: UnsafeMutableRawPointer

    static let capacity = 64
    static let bytes = 616
    private static let fingerprintOffset = 40
    private static let slotOffset = 104

    @inline(__always)
    init(raw: UnsafeMutableRawPointer) { unsafe self.raw = raw }

    @inline(__always)
    static func == (left: Segment, right: Segment) -> Bool { unsafe left.raw == right.raw }

    static func make(prefix: UInt64, depth: Int, birth: UInt64) -> Segment {
        // SAFETY: `bytes` long, and every field lies within (offsets above).
        let raw = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 8)
        _ = unsafe memset(raw, 0, bytes)
        let segment = unsafe Segment(raw: raw)
        unsafe raw.storeBytes(of: birth, as: UInt64.self)
        unsafe raw.storeBytes(of: prefix, toByteOffset: 24, as: UInt64.self)
        unsafe raw.storeBytes(of: UInt8(depth), toByteOffset: 32, as: UInt8.self)
        segment.soonest = .distantFuture
        return segment
    }

    /// A copy for the live side: same entries, none of them owned.
    func copy(birth: UInt64) -> Segment {
        let copy = UnsafeMutableRawPointer.allocate(byteCount: Segment.bytes, alignment: 8)
        unsafe copy.copyMemory(from: raw, byteCount: Segment.bytes)
        unsafe copy.storeBytes(of: birth, as: UInt64.self)
        unsafe copy.storeBytes(of: 0, toByteOffset: 8, as: UInt64.self)
        return unsafe Segment(raw: copy)
    }

    @inline(__always)
    var birth: UInt64 { unsafe raw.load(as: UInt64.self) }

    @inline(__always)
    var owned: UInt64 {
        get { unsafe raw.load(fromByteOffset: 8, as: UInt64.self) }
        nonmutating set { unsafe raw.storeBytes(of: newValue, toByteOffset: 8, as: UInt64.self) }
    }

    @inline(__always)
    var soonest: Deadline {
        get {
            unsafe Deadline(
                millisecondsSinceEpoch: raw.load(fromByteOffset: 16, as: Int64.self))
        }
        nonmutating set {
            unsafe raw.storeBytes(
                of: newValue.millisecondsSinceEpoch, toByteOffset: 16, as: Int64.self)
        }
    }

    @inline(__always)
    var prefix: UInt64 { unsafe raw.load(fromByteOffset: 24, as: UInt64.self) }

    @inline(__always)
    var depth: Int { unsafe Int(raw.load(fromByteOffset: 32, as: UInt8.self)) }

    @inline(__always)
    var count: Int {
        get { unsafe Int(raw.load(fromByteOffset: 33, as: UInt8.self)) }
        nonmutating set {
            unsafe raw.storeBytes(of: UInt8(newValue), toByteOffset: 33, as: UInt8.self)
        }
    }

    @inline(__always)
    private var overflowed: UInt8 {
        get { unsafe raw.load(fromByteOffset: 34, as: UInt8.self) }
        nonmutating set { unsafe raw.storeBytes(of: newValue, toByteOffset: 34, as: UInt8.self) }
    }

    @inline(__always)
    private func group(_ index: Int) -> UInt64 {
        unsafe raw.load(
            fromByteOffset: Segment.fingerprintOffset + (index & 7) << 3, as: UInt64.self)
    }

    /// Whether slot `index` holds an entry.
    @inline(__always)
    func isOccupied(_ index: Int) -> Bool {
        unsafe raw.load(
            fromByteOffset: Segment.fingerprintOffset + index & 63, as: UInt8.self) != 0
    }

    /// The entry in slot `index`, which is occupied.
    @inline(__always)
    func entry(_ index: Int) -> Entry {
        unsafe Entry(
            raw: raw.load(
                fromByteOffset: Segment.slotOffset + (index & 63) << 3,
                as: UnsafeMutableRawPointer.self))
    }

    @inline(__always)
    private func setSlot(_ index: Int, _ fingerprint: UInt8, _ entry: Entry) {
        unsafe raw.storeBytes(
            of: fingerprint, toByteOffset: Segment.fingerprintOffset + index & 63, as: UInt8.self)
        unsafe raw.storeBytes(
            of: entry.raw, toByteOffset: Segment.slotOffset + (index & 63) << 3,
            as: UnsafeMutableRawPointer.self)
    }

    /// The byte of a hash that stands for it; never 0.
    @inline(__always)
    private static func fingerprint(_ hash: UInt64) -> UInt8 {
        let byte = UInt8(truncatingIfNeeded: hash)
        return byte == 0 ? 1 : byte
    }

    @inline(__always)
    private static func home(_ hash: UInt64) -> Int { Int(truncatingIfNeeded: hash >> 8) & 7 }

    // MARK: The verbs

    /// The slot of `key`, -1 where it is absent.
    @inline(__always)
    func find(_ key: ByteView, hash: UInt64) -> Int {
        let fingerprint = UInt64(Segment.fingerprint(hash)) &* 0x0101_0101_0101_0101
        var place = Segment.home(hash)
        for _ in 0..<8 {
            // A byte of `different` is 0 where the fingerprint matches; the classic test for a zero byte
            // may also mark a byte above a match, which the comparison of keys sorts out.
            let different = group(place) ^ fingerprint
            var matches =
                (different &- 0x0101_0101_0101_0101) & ~different & 0x8080_8080_8080_8080
            while matches != 0 {
                let slot = place << 3 &+ matches.trailingZeroBitCount >> 3
                if isOccupied(slot) && entry(slot).key == key { return slot }
                matches &= matches &- 1
            }
            if overflowed & (1 << UInt8(place)) == 0 { return -1 }
            place = (place + 1) & 7
        }
        return -1
    }

    // MARK: Prefetching

    /// Asks for the lines of the head and the fingerprints.
    @inline(__always)
    func prefetchHead() {
        unsafe Cache.prefetch(raw)
        unsafe Cache.prefetch(raw + 64)
    }

    /// Asks for the lines that putting in an entry of this hash writes.
    @inline(__always)
    func prefetchPlace(_ hash: UInt64) {
        prefetchHead()
        unsafe Cache.prefetch(raw + Segment.slotOffset + Segment.home(hash) << 6)
    }

    /// Asks for the line of the slot where `hash` seems to be; answers the slot, -1 where none is likely.
    @inline(__always)
    func prefetchSlot(_ hash: UInt64) -> Int {
        let different =
            group(Segment.home(hash))
            ^ (UInt64(Segment.fingerprint(hash)) &* 0x0101_0101_0101_0101)
        let matches = (different &- 0x0101_0101_0101_0101) & ~different & 0x8080_8080_8080_8080
        if matches == 0 { return -1 }
        let slot = Segment.home(hash) << 3 &+ matches.trailingZeroBitCount >> 3
        unsafe Cache.prefetch(raw + Segment.slotOffset + slot << 3)
        return slot
    }

    /// Asks for the entry in a slot.
    @inline(__always)
    func prefetchEntry(_ slot: Int) {
        // SAFETY: an empty slot holds 0, which may be asked for like any address.
        let address = unsafe raw.load(
            fromByteOffset: Segment.slotOffset + (slot & 63) << 3, as: UInt.self)
        if let address = unsafe UnsafeRawPointer(bitPattern: address) {
            unsafe Cache.prefetch(address)
        }
    }

    // MARK: Changing

    /// Puts a new entry in; the segment is private to the live side and not full, the key absent.
    func insert(_ entry: Entry, hash: UInt64, isOwned: Bool = true) {
        precondition(count < Segment.capacity, "segment full")
        var place = Segment.home(hash)
        while true {
            let fingerprints = group(place)
            let empty =
                (fingerprints &- 0x0101_0101_0101_0101) & ~fingerprints & 0x8080_8080_8080_8080
            if empty != 0 {
                // The lowest marked byte of the zero test is always a true zero.
                let slot = place << 3 &+ empty.trailingZeroBitCount >> 3
                setSlot(slot, Segment.fingerprint(hash), entry)
                if isOwned { owned |= 1 << UInt64(slot) }
                count += 1
                if let due = entry.soonest, due < soonest { soonest = due }
                return
            }
            overflowed |= 1 << UInt8(place)
            place = (place + 1) & 7
        }
    }

    /// Puts another entry of the same key into an occupied slot.
    @inline(__always)
    func replace(_ index: Int, with entry: Entry) {
        unsafe raw.storeBytes(
            of: entry.raw, toByteOffset: Segment.slotOffset + (index & 63) << 3,
            as: UnsafeMutableRawPointer.self)
        owned |= 1 << UInt64(index)
        if let due = entry.soonest, due < soonest { soonest = due }
    }

    /// Empties an occupied slot; the entry is the caller's now.
    func remove(_ index: Int) {
        unsafe raw.storeBytes(
            of: 0, toByteOffset: Segment.fingerprintOffset + index & 63, as: UInt8.self)
        unsafe raw.storeBytes(
            of: 0, toByteOffset: Segment.slotOffset + (index & 63) << 3, as: UInt64.self)
        owned &= ~(1 << UInt64(index))
        count -= 1
        if count == 0 { overflowed = 0 }
    }
}
