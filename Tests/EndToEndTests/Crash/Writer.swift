/// One connection that writes until the server is gone, and what it was told meanwhile.
import Foundation
import Synchronization
import TestSupport

/// A writer; its thread is the only one that changes it while it runs.
final class Writer: Sendable {
    /// What is known of a writer between two lives of the server.
    struct State: Sendable {
        /// After the last acknowledged operation.
        var acknowledged = WriterModel()
        /// Sent and not answered, in order.
        var pending: [Operation] = []
        var number = 0
        var acknowledgedCount = 0
        /// Acknowledged and sent increments of the shared counter.
        var shared = (acknowledged: 0, sent: 0)
        /// A reply that no operation should have got.
        var strange: String?
    }

    let keys: WriterKeys
    /// Operations sent before their replies are read.
    let depth: Int
    private let state = Mutex(State())
    private let hasEnded = Mutex(true)
    private let seed: UInt64

    init(index: Int, depth: Int, seed: UInt64) {
        keys = WriterKeys(index: index)
        self.depth = depth
        self.seed = seed
    }

    var snapshot: State { state.withLock { $0 } }

    /// Writes to `port` on a thread of its own, `limit` operations at most.
    func start(port: Int, life: Int, limit: Int = .max) {
        hasEnded.withLock { $0 = false }
        let thread = Thread { [self] in
            // The end of the connection is the end that is expected.
            try? write(port: port, life: life, limit: limit)
            hasEnded.withLock { $0 = true }
        }
        thread.start()
    }

    /// Whether no thread writes.
    var hasFinished: Bool { hasEnded.withLock { $0 } }

    /// Waits for the thread, which ends with its connection.
    func join() -> Bool { Eventually.holds(seconds: 30) { hasFinished } }

    /// Goes on from what the server turned out to hold.
    func adopt(_ model: WriterModel) {
        state.withLock {
            $0.acknowledged = model
            $0.pending = []
            $0.shared = (0, 0)
        }
    }

    private func write(port: Int, life: Int, limit: Int) throws {
        var generator = SeededGenerator(seed: seed &+ UInt64(life &* 1000 &+ keys.index))
        let client = try RESPClient(port: port)
        try client.run("SELECT", "\(keys.database)")
        var sent = 0
        while sent < limit {
            var operations: [Operation] = []
            for _ in 0..<depth {
                operations.append(keys.draw(nextNumber(), &generator))
            }
            note(operations)
            sent += depth
            let commands = operations.flatMap(\.commands)
            try client.send(commands.flatMap { RESPClient.encode($0.map { Array($0.utf8) }) })
            for operation in operations { try settle(operation, client) }
        }
    }

    private func nextNumber() -> Int {
        state.withLock {
            $0.number += 1
            return $0.number
        }
    }

    private func note(_ operations: [Operation]) {
        state.withLock {
            $0.pending += operations
            for case .incrementShared in operations { $0.shared.sent += 1 }
        }
    }

    private func settle(_ operation: Operation, _ client: RESPClient) throws {
        var last = RESPValue.null
        for _ in operation.commands {
            last = try client.receive()
            if last.isError { state.withLock { [last] in $0.strange = "\(operation): \(last)" } }
        }
        state.withLock {
            $0.acknowledged.apply(operation)
            $0.pending.removeFirst()
            $0.acknowledgedCount += 1
            if case .incrementShared = operation { $0.shared.acknowledged += 1 }
        }
    }
}
