/// Making room: `maxmemory` and its policies.
///
/// As Redis does it: a few random keys are looked at, the best candidates so far are kept in a
/// small pool, and the best of the pool goes. LRU knows when a key was last used (seconds, 24 bits), LFU how often
/// (a logarithmic counter that decays). The stamp is in the entry but no part of the value.
import Bytes
import Records

/// What goes when memory is full.
public enum EvictionPolicy: String, Sendable, CaseIterable {
    /// Nothing: writes are refused.
    case noeviction
    /// Least recently used, any key.
    case allkeysLRU = "allkeys-lru"
    /// Least frequently used, any key.
    case allkeysLFU = "allkeys-lfu"
    /// Any key.
    case allkeysRandom = "allkeys-random"
    /// Least recently used among keys with a deadline.
    case volatileLRU = "volatile-lru"
    /// Least frequently used among keys with a deadline.
    case volatileLFU = "volatile-lfu"
    /// Any key with a deadline.
    case volatileRandom = "volatile-random"
    /// The key whose deadline is nearest.
    case volatileTTL = "volatile-ttl"

    /// Whether the stamp counts uses (LFU) or tells a time (LRU).
    public var countsUses: Bool { self == .allkeysLFU || self == .volatileLFU }

    var isVolatile: Bool {
        switch self {
        case .volatileLRU, .volatileLFU, .volatileRandom, .volatileTTL: true
        default: false
        }
    }

    var isRandom: Bool { self == .allkeysRandom || self == .volatileRandom }
}

/// The best candidates seen so far.
struct EvictionPool {
    static let capacity = 16

    struct Candidate {
        let score: UInt64
        let key: [UInt8]
        let database: Int
    }

    /// By rising score; the last goes first.
    var candidates: [Candidate] = []

    mutating func offer(_ candidate: Candidate) {
        if candidates.contains(where: {
            $0.key == candidate.key && $0.database == candidate.database
        }) {
            return
        }
        let place = candidates.firstIndex { $0.score > candidate.score } ?? candidates.count
        if candidates.count == EvictionPool.capacity {
            if place == 0 { return }
            candidates.removeFirst()
            candidates.insert(candidate, at: place - 1)
        } else {
            candidates.insert(candidate, at: place)
        }
    }
}

extension Engine {
    /// Memory that counts against `maxmemory`: the live side of the data.
    public var usedMemory: Int { keyspace.liveBytes }

    /// Evicts until memory is within its limit; whether it is.
    func evictIfNeeded() -> Bool {
        if usedMemory <= settings.maximumMemory { return true }
        if holdsChanges { return false }
        if settings.evictionPolicy == .noeviction { return false }
        while usedMemory > settings.maximumMemory {
            guard let victim = nextVictim() else { return false }
            victim.key.withByteView { key in
                let table = keyspace.tables[victim.database]
                guard let position = table.locate(key, hash: heap.sip.hash(key)) else { return }
                statistics.evictedKeys += 1
                discard(position, victim.database, because: .evicted)
            }
        }
        closeUnit()
        return true
    }

    private func nextVictim() -> EvictionPool.Candidate? {
        if settings.evictionPolicy.isRandom {
            for database in (0..<keyspace.databaseCount).shuffled(using: &random) {
                if let entry = sample(database) {
                    return .init(score: 0, key: entry.key.array, database: database)
                }
            }
            return nil
        }
        for _ in 0..<16 {
            for database in 0..<keyspace.databaseCount {
                for _ in 0..<settings.evictionSamples {
                    guard let entry = sample(database) else { break }
                    eviction.offer(
                        .init(score: score(entry), key: entry.key.array, database: database))
                }
            }
            while let best = eviction.candidates.popLast() {
                let isThere = best.key.withByteView { key in
                    keyspace.tables[best.database].find(key, hash: heap.sip.hash(key)) != nil
                }
                if isThere { return best }
            }
        }
        return nil
    }

    /// A random key that the policy may evict.
    private func sample(_ database: Int) -> Entry? {
        let table = keyspace.tables[database]
        guard settings.evictionPolicy.isVolatile else {
            return table.randomEntry(using: &random)
        }
        if table.deadlines == 0 { return nil }
        let tries = min(1000, 4 * table.count / table.deadlines + 16)
        for _ in 0..<tries {
            if let entry = table.randomEntry(using: &random), entry.hasDeadline { return entry }
        }
        // Very few have a deadline: look for one in order.
        var found: Entry?
        _ = table.scan(from: random.next() >> 16, limit: table.count, heap) { entry in
            if found == nil && entry.hasDeadline { found = entry }
        }
        return found
    }

    /// How good a victim: higher goes first.
    private func score(_ entry: Entry) -> UInt64 {
        switch settings.evictionPolicy {
        case .volatileTTL:
            return UInt64(
                bitPattern: Int64.max &- (entry.deadline ?? .distantFuture).millisecondsSinceEpoch)
        case .allkeysLFU, .volatileLFU: return UInt64(255 - frequency(of: entry))
        default: return UInt64(idleSeconds(of: entry))
        }
    }

    // MARK: Stamps

    /// Stamps an entry that is being read or written.
    @inline(__always)
    func stampAccess(_ entry: Entry) {
        if settings.evictionPolicy.countsUses {
            stampUse(entry)
        } else {
            let seconds =
                UInt32(
                    truncatingIfNeeded: now.millisecondsSinceEpoch / 1000) & 0xFF_FFFF
            if entry.stamp != seconds { entry.setStamp(seconds) }
        }
    }

    /// Stamps an entry that was just made.
    @inline(__always)
    func stampNew(_ entry: Entry) {
        if settings.evictionPolicy.countsUses {
            entry.setStamp(minutes << 8 | 5)
        } else {
            entry.setStamp(
                UInt32(truncatingIfNeeded: now.millisecondsSinceEpoch / 1000) & 0xFF_FFFF)
        }
    }

    /// Makes an entry one that was last used so long ago (RESTORE IDLETIME).
    func stamp(_ entry: Entry, idleSeconds: Int64) {
        if settings.evictionPolicy.countsUses { return }
        let used = now.millisecondsSinceEpoch / 1000 - min(idleSeconds, 0xFF_FFFF)
        entry.setStamp(UInt32(truncatingIfNeeded: used) & 0xFF_FFFF)
    }

    /// Gives an entry this counter of uses (RESTORE FREQ).
    func stamp(_ entry: Entry, frequency: Int64) {
        if !settings.evictionPolicy.countsUses { return }
        entry.setStamp(minutes << 8 | UInt32(truncatingIfNeeded: frequency) & 255)
    }

    private var minutes: UInt32 {
        UInt32(truncatingIfNeeded: now.millisecondsSinceEpoch / 60_000) & 0xFFFF
    }

    private func stampUse(_ entry: Entry) {
        var counter = frequency(of: entry)
        if counter < 255 {
            let base = max(0, counter - 5)
            let chance = 1.0 / Double(base * settings.lfuLogFactor + 1)
            if Double.random(in: 0..<1, using: &random) < chance { counter += 1 }
        }
        entry.setStamp(minutes << 8 | UInt32(counter))
    }

    /// OBJECT FREQ: the logarithmic counter after its decay.
    func frequency(of entry: Entry) -> Int {
        let stamp = entry.stamp
        let counter = Int(stamp & 255)
        guard settings.lfuDecayMinutes > 0 else { return counter }
        let elapsed = Int((minutes &- (stamp >> 8)) & 0xFFFF)
        return max(0, counter - elapsed / settings.lfuDecayMinutes)
    }

    /// OBJECT IDLETIME: seconds since the last use.
    func idleSeconds(of entry: Entry) -> Int {
        let seconds = UInt32(truncatingIfNeeded: now.millisecondsSinceEpoch / 1000) & 0xFF_FFFF
        return Int((seconds &- entry.stamp) & 0xFF_FFFF)
    }
}
