/// Directives about memory, eviction, expiry and background work.

extension DirectiveCatalog {
    static let memory: [Directive] = [
        .memory("maxmemory", 0...UInt64.max, 0, { $0.maximumMemoryBytes = $1 }),
        .choice(
            "maxmemory-policy",
            [
                "volatile-lru", "volatile-lfu", "volatile-random", "volatile-ttl", "allkeys-lru",
                "allkeys-lfu", "allkeys-random", "noeviction",
            ], "noeviction", { $0.evictionPolicy = $1 }),
        .integer("maxmemory-samples", 1...Bound.int, 5, { $0.evictionSamples = $1 }),
        .integer("maxmemory-eviction-tenacity", 0...100, 10, { $0.evictionTenacity = $1 }),
        Directive(
            "maxmemory-clients", alias: nil, .memoryOrPercent, [], default: .memory(0),
            project: { value, settings in
                settings.maximumClientMemory =
                    switch value {
                    case .memory(let bytes) where bytes > 0: .bytes(Int(clamping: bytes))
                    case .percent(let share): .percentOfMaximumMemory(Int(share))
                    default: .none
                    }
            }),
        .flag("lazyfree-lazy-eviction", false, { $0.freesEvictedLazily = $1 }),
        .flag("lazyfree-lazy-expire", false, { $0.freesExpiredLazily = $1 }),
        .flag("lazyfree-lazy-server-del", false, { $0.freesReplacedLazily = $1 }),
        .flag("lazyfree-lazy-user-del", false, { $0.freesDeletedLazily = $1 }),
        .flag("lazyfree-lazy-user-flush", false, { $0.freesFlushedLazily = $1 }),
        .integer(
            "hz", 0...Bound.int, 10,
            check: { (value, _) throws(ConfigurationRefusal) in
                // A hint: what is out of range is brought to the nearest, not refused.
                guard case .integer(let hertz) = value else { return value }
                return .integer(min(max(hertz, 1), 500))
            }, { $0.frequencyHertz = $1 }),
        .flag("dynamic-hz", true, { $0.adaptsFrequency = $1 }),
        .integer("active-expire-effort", 1...10, 1, { $0.expiryEffort = $1 }),
        .integer("lfu-log-factor", 0...Bound.int, 10, { $0.frequencyLogFactor = $1 }),
        .integer("lfu-decay-time", 0...Bound.int, 1, { $0.frequencyDecayMinutes = $1 }),
        .flag("activerehashing", true),
        .flag("jemalloc-bg-thread", true),
        .flag("activedefrag", false),
        .integer("active-defrag-cycle-min", 1...99, 1),
        .integer("active-defrag-cycle-max", 1...99, 25),
        .integer("active-defrag-threshold-lower", 0...1_000, 10),
        .integer("active-defrag-threshold-upper", 0...1_000, 100),
        .integer("active-defrag-max-scan-fields", 1...Bound.long, 1_000),
        .memory("active-defrag-ignore-bytes", 1...Bound.size, 100 << 20),
    ]
}
