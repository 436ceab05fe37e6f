/// Where collections change their encoding: the directives that Redis has for it.

/// Thresholds of lists, sets, sorted sets, streams and HyperLogLogs; hashes have `HashLimits`.
public struct CollectionLimits: Sendable, Hashable {
    /// `list-max-listpack-size`: elements of a listpack where positive; -1 ... -5: 4, 8, 16, 32, 64 KB.
    public var listPackSize = -2
    /// `list-compress-depth`: kept for CONFIG GET; nothing is compressed in memory.
    public var listCompressDepth = 0
    /// `set-max-intset-entries`.
    public var maximumIntSet = 512
    /// `set-max-listpack-entries`.
    public var maximumPackedSet = 128
    /// `set-max-listpack-value`, bytes.
    public var maximumPackedSetBytes = 64
    /// `zset-max-listpack-entries`.
    public var maximumPackedSortedSet = 128
    /// `zset-max-listpack-value`, bytes.
    public var maximumPackedSortedSetBytes = 64
    /// `stream-node-max-bytes`; 0: no limit.
    public var streamNodeBytes = 4096
    /// `stream-node-max-entries`; 0: no limit.
    public var streamNodeEntries = 100
    /// `hll-sparse-max-bytes`.
    public var sparseHyperLogLogBytes = 3000
    /// Redis 7.2's defaults.
    public init() {}
}
