/// SWAPDB index1 index2
///
/// Exchanges two databases: who is connected to one sees the other's keys at once. O(1).
import Bytes
import RESP

enum SwapDBCommand {
    static var spec: CommandSpec {
        CommandSpec(
            "swapdb", arity: 3, [.write, .fast], group: .server, since: "4.0.0",
            summary: "Swaps two databases.",
            complexity: "O(N) where N is the count of clients watching keys of both databases.",
            syntax: "index1 index2", categories: ["keyspace", "dangerous"]
        ) { engine, session, arguments, reply throws(CommandError) in
            let first = try number(arguments[1], "first")
            let second = try number(arguments[2], "second")
            let range = 0..<engine.keyspace.databaseCount
            guard range.contains(first), range.contains(second) else { throw .databaseOutOfRange }
            if first != second {
                engine.touchDatabase(first, exchangedWith: second)
                engine.touchDatabase(second, exchangedWith: first)
                engine.keyspace.swap(first, second)
                engine.signalAll([first, second])
            }
            engine.record(.swapDatabases(first, second), database: session.database)
            reply.ok()
        }
    }

    private static func number(_ text: ByteView, _ which: String) throws(CommandError) -> Int {
        guard let number = Decimal.parse(text), let small = Int32(exactly: number) else {
            throw CommandError("ERR invalid \(which) DB index")
        }
        return Int(small)
    }
}
