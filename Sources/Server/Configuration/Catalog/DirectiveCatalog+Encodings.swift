/// Directives about how collections are encoded, and about scripts.

extension DirectiveCatalog {
    static let encodings: [Directive] = [
        .integer(
            "hash-max-listpack-entries", or: "hash-max-ziplist-entries", 0...Bound.long, 512,
            { $0.encodings.hashEntries = $1 }),
        .memory(
            "hash-max-listpack-value", or: "hash-max-ziplist-value", 0...Bound.size, 64,
            { $0.encodings.hashValueBytes = $1 }),
        .integer(
            "list-max-listpack-size", or: "list-max-ziplist-size", -Bound.int - 1...Bound.int, -2,
            { $0.encodings.listSize = $1 }),
        .integer("list-compress-depth", 0...Bound.int, 0, { $0.encodings.listCompressDepth = $1 }),
        .integer(
            "set-max-intset-entries", 0...Bound.long, 512, { $0.encodings.setIntegerEntries = $1 }),
        .integer("set-max-listpack-entries", 0...Bound.long, 128, { $0.encodings.setEntries = $1 }),
        .memory("set-max-listpack-value", 0...Bound.size, 64, { $0.encodings.setValueBytes = $1 }),
        .integer(
            "zset-max-listpack-entries", or: "zset-max-ziplist-entries", 0...Bound.long, 128,
            { $0.encodings.sortedSetEntries = $1 }),
        .memory(
            "zset-max-listpack-value", or: "zset-max-ziplist-value", 0...Bound.size, 64,
            { $0.encodings.sortedSetValueBytes = $1 }),
        .memory(
            "stream-node-max-bytes", 0...Bound.size, 4_096, { $0.encodings.streamNodeBytes = $1 }),
        .integer(
            "stream-node-max-entries", 0...Bound.long, 100, { $0.encodings.streamNodeEntries = $1 }),
        .memory(
            "hll-sparse-max-bytes", 0...Bound.size, 3_000, { $0.encodings.sparseSketchBytes = $1 }),
        .integer("busy-reply-threshold", or: "lua-time-limit", 0...Bound.long, 5_000),
    ]
}
