/// An engine with a clock that the test moves, a backend that remembers, and a client.
import Bytes
import Persistence
import RESP
import Records
import Synchronization
import TestSupport

@testable import Engine

/// A clock that stands still until told.
final class ManualClock: Clock {
    private let milliseconds = Atomic<Int64>(1_700_000_000_000)

    var now: Deadline {
        Deadline(millisecondsSinceEpoch: milliseconds.load(ordering: .relaxed))
    }

    var monotonicNanoseconds: UInt64 {
        UInt64(milliseconds.load(ordering: .relaxed)) * 1_000_000
    }

    func advance(milliseconds more: Int64) { milliseconds.add(more, ordering: .relaxed) }
}

/// One engine and what a test needs around it.
final class EngineFixture {
    let clock = ManualClock()
    let backend = RecordingBackend()
    let engine: Engine
    /// The client that `run` speaks for.
    let session: Session
    private let reply = ReplyWriter()
    private var nextSession: UInt64 = 2

    init(version: Int = 2, databases: Int = 16) {
        engine = Engine(databases: databases, clock: clock)
        engine.backend = backend
        session = Session(id: 1)
        session.version = version
    }

    /// Another client.
    func connect() -> Session {
        defer { nextSession += 1 }
        return Session(id: nextSession)
    }

    /// Executes a command; its reply as RESPValue describes it: `+OK`, `"text"`, `:1`, `nil`, `[...]`.
    @discardableResult
    func run(_ words: String..., by session: Session? = nil) -> String {
        value(words.map { Array($0.utf8) }, by: session).description
    }

    /// Executes the blank-separated words of `line`.
    @discardableResult
    func line(_ line: String, by session: Session? = nil) -> String {
        value(line.split(separator: " ").map { Array($0.utf8) }, by: session).description
    }

    /// Executes a command of bytes; its reply as a value.
    func value(_ words: [[UInt8]], by session: Session? = nil) -> RESPValue {
        var reader = ReplyReader(raw(words, by: session))
        guard let value = reader.next(), reader.isAtEnd else {
            return .error(Array("the reply is no single RESP value".utf8))
        }
        return value
    }

    /// Executes a command of bytes; the bytes of its reply.
    func raw(_ words: [[UInt8]], by session: Session? = nil) -> [UInt8] {
        reply.bytes.removeAll()
        engine.beginBatch()
        words.withByteViews { engine.execute(session ?? self.session, $0, reply) }
        return reply.bytes.array
    }

    /// Lets time pass.
    func advance(milliseconds: Int64) {
        clock.advance(milliseconds: milliseconds)
        engine.refreshTime()
    }

    /// A new engine into which everything recorded was replayed, as after a restart.
    func replayed() -> Engine {
        let other = Engine(databases: engine.keyspace.databaseCount, clock: clock)
        let target = other.replayTarget()
        for command in backend.commands {
            let select = [Array("SELECT".utf8), Decimal.text(Int64(command.database))]
            _ = select.withByteViews { target.replay($0) }
            _ = command.words.withByteViews { target.replay($0) }
        }
        return other
    }
}

/// The strings of a view, by database and key.
struct StringDump: Equatable {
    struct Value: Equatable {
        let text: [UInt8]
        let deadline: Int64?
    }

    var databases: [[[UInt8]: Value]] = []

    init(_ view: some FrozenDataset) throws {
        for database in 0..<view.databaseCount {
            var keys: [[UInt8]: Value] = [:]
            try view.forEachEntry(database: database) { entry in
                let text: [UInt8] =
                    switch entry.value {
                    case .string(let bytes): bytes.array
                    case .integer(let integer): Decimal.text(integer)
                    case .hash, .list, .set, .sortedSet, .stream: Array("no string".utf8)
                    }
                keys[entry.key.array] = Value(
                    text: text, deadline: entry.deadline?.millisecondsSinceEpoch)
            }
            databases.append(keys)
        }
    }
}
