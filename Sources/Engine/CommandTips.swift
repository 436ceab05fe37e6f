/// Hints for proxies and cluster clients, as COMMAND INFO prints them; facts of Redis 7's commands.

/// Tips that several commands share.
public enum CommandTips {
    /// The reply may differ from one call to the next.
    public static let varies = ["nondeterministic_output"]
    /// The reply's elements have no order.
    public static let unordered = ["nondeterministic_output_order"]
    /// Every shard is told, all must agree.
    public static let allShards = ["request_policy:all_shards", "response_policy:all_succeeded"]
    /// Every node is told, all must agree.
    public static let allNodes = ["request_policy:all_nodes", "response_policy:all_succeeded"]
    /// The least of every shard's numbers.
    public static let leastOfShards = ["request_policy:all_shards", "response_policy:agg_min"]
    /// A report of every shard, to be shown as it is.
    public static let shardReports =
        varies + ["request_policy:all_shards", "response_policy:special"]
    /// A report of every node, to be shown as it is.
    public static let nodeReports =
        varies + ["request_policy:all_nodes", "response_policy:special"]
}
