/// The tests that start servers: one pair at a time, whatever else runs.
///
/// Everything here hangs below one serialized suite, because the servers share the machine's cores, and a
/// test that starves another would prove nothing. With `HOLDFAST_SERVER_COMMAND=redis-server` a real Redis
/// stands in for ours: that is how the instruments themselves are shown to be sound.
import Foundation
import TestSupport
import Testing

/// All tests that start servers.
@Suite("End to end", .serialized)
struct EndToEndTests {}

/// What a test needs beside our own server; missing, the test is skipped and says so.
enum Needs {
    /// A real redis-server, and redis-cli with it.
    static let redis: ConditionTrait = .enabled(
        if: ServerProcess.find("redis-server") != nil && ServerProcess.find("redis-cli") != nil,
        "redis-server and redis-cli are not installed")
    /// Our server, built.
    static let holdfast: ConditionTrait = .enabled(
        if: ServerProcess.executable(.holdfast) != nil, "holdfast-server is not built")
    /// strace.
    static let strace: ConditionTrait = .enabled(
        if: SystemCallFault.isAvailable, "strace is not installed")
    /// A server that is Holdfast, and no stand-in.
    static let noStandIn: ConditionTrait = .enabled(
        if: ProcessInfo.processInfo.environment["HOLDFAST_SERVER_COMMAND"] == nil,
        "a stand-in serves instead of Holdfast")
}

extension ServerProcess {
    /// Directives that keep the dataset in an append-only file, and in nothing else.
    static func appendOnly(_ policy: String) -> [String] {
        [
            "--appendonly", "yes", "--appendfsync", policy, "--save", "",
            "--aof-use-rdb-preamble", "no",
        ]
    }
}

extension RESPClient {
    /// The digest of everything, as DEBUG DIGEST prints it.
    func digest() throws -> String {
        let reply = try run("DEBUG", "DIGEST")
        return try #require(reply.isError ? nil : reply.text, "\(reply)")
    }
}
