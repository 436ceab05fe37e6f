/// Data of every type for tests in which files change hands.
import Foundation
import TestSupport

extension RESPClient {
    /// Runs random commands of every family that makes data, in several databases.
    func populate(count: Int, seed: UInt64) throws {
        let shapes =
            CommandShapes.strings + CommandShapes.hashes + CommandShapes.keys
            + CommandShapes.lists + CommandShapes.sets + CommandShapes.sortedSets
            + CommandShapes.streams + CommandShapes.bitmaps + CommandShapes.sketches
            + CommandShapes.places
        let waiting: Set<String> = [
            "blpop", "brpop", "blmove", "brpoplpush", "blmpop", "bzpopmin", "bzpopmax",
            "bzmpop", "xread",
        ]
        let names = Set(shapes.map(\.name)).subtracting(waiting)
        var source = EpisodeSource(
            seed: seed, epochMilliseconds: Int(Date().timeIntervalSince1970 * 1000),
            shapes: shapes.filter { !waiting.contains($0.name) }, names: names)
        for database in [0, 5, 9] {
            try run("SELECT", "\(database)")
            var sent = 0
            while sent < count {
                for step in source.next() where !step.requests.isEmpty {
                    let words = step.requests.map { $0.words.map(\.bytes) }
                    _ = try pipeline(words)
                    sent += words.count
                }
            }
        }
    }

    /// Makes every type small and large, so that each of Redis's encodings is there, with and without deadlines.
    func populateEncodings() throws {
        let long = String(repeating: "abcdefgh", count: 40)
        for size in [3, 700] {
            for database in [0, 2] {
                try run("SELECT", "\(database)")
                for number in 0..<size {
                    try run("RPUSH", "list:\(size)", "\(number)", long)
                    try run("SADD", "integers:\(size)", "\(number * 7 - 900)")
                    try run("SADD", "words:\(size)", "word-\(number)")
                    try run("ZADD", "scores:\(size)", "\(number).25", "m\(number)")
                    try run("HSET", "hash:\(size)", "f\(number)", "\(number)")
                    try run("XADD", "stream:\(size)", "\(number + 1)-1", "f", "v")
                    try run("PFADD", "sketch:\(size)", "\(number)")
                }
                try run("XGROUP", "CREATE", "stream:\(size)", "g", "0")
                try run(
                    "XREADGROUP", "GROUP", "g", "c", "COUNT", "9", "STREAMS", "stream:\(size)", ">")
                try run("XACK", "stream:\(size)", "g", "2-1")
                try run("SET", "text:\(size)", String(repeating: "z", count: size))
                try run("EXPIREAT", "words:\(size)", "4000000000")
                try run("EXPIREAT", "hash:\(size)", "4000000000")
            }
        }
    }

    /// Rewrites the log and waits for the end of it.
    func rewriteLog() throws -> Bool {
        try run("BGREWRITEAOF")
        return Eventually.holds(seconds: 30) {
            let text = (try? run("INFO", "persistence"))?.text ?? ""
            return text.contains("aof_rewrite_in_progress:0")
                && text.contains("aof_rewrite_scheduled:0")
        }
    }
}
