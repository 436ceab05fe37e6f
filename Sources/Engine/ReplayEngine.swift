/// The engine as a log's reader sees it: commands in, outcomes out, nothing recorded, nothing expires.
import Bytes
import Persistence
import RESP
import Records

extension Engine {
    /// A target that replays a log into this engine; for the loading thread.
    public func replayTarget() -> EngineReplay { EngineReplay(self) }
}

/// Feeds the commands of a log to an engine.
public final class EngineReplay: ReplayTarget {
    private let engine: Engine
    private let session: Session
    private let reply = ReplyWriter(capacity: 4096)
    private let lines = PrefetchBatch()
    private let builder: ValueBuilder
    /// Keys that were loaded and are not put in yet.
    private var held = LoadBatch()
    private var isHolding = false
    /// The first key that took the place of another while keys were held back.
    private var replaced: [UInt8]?

    init(_ engine: Engine) {
        self.engine = engine
        builder = ValueBuilder(engine)
        session = Session(id: 0, isReplay: true)
    }

    /// Asks for the memory that a coming command's key leads to.
    public func expect(_ arguments: ByteViews) {
        if arguments.count > 1 { lines.add(arguments[1], engine, database: session.database) }
    }

    /// The memory asked for is on its way.
    public func expectationsEnd() {
        lines.finish()
        lines.removeAll()
    }

    /// Executes one command of a log.
    public func replay(_ arguments: ByteViews) -> ReplayOutcome {
        reply.bytes.removeAll()
        engine.executeReplayed(session, arguments, reply)
        let answer = reply.bytes.view
        if answer.count > 0 && answer[0] == UInt8(ascii: "-") {
            if engine.commands.find(arguments[0]) == nil {
                return .unknownCommand(arguments[0].text)
            }
            return .failed(answer[1..<max(1, answer.count - 2)].text)
        }
        return .applied
    }

    /// A small sorted set of a plain Redis keeps no sign of zero, whatever its log says.
    public func readsForeign(_ isForeign: Bool) { session.keepsSigns = !isForeign }

    /// Forgets commands queued by a MULTI whose EXEC never came.
    public func discardOpenTransaction() {
        session.transaction = nil
    }

    deinit { putHeld() }

    /// Builds the value of one key beside the databases, and puts it in once it is whole.
    public func load(
        _ key: ByteView, database: Int, deadline: Deadline?, fill: (any ValueSink) throws -> Void
    ) throws -> LoadOutcome {
        builder.begin(key, deadline: deadline)
        do {
            try fill(builder)
        } catch {
            builder.abandon()
            throw error
        }
        guard let entry = builder.finish() else { return .empty }
        guard isHolding else {
            return engine.putLoaded(entry, hash: builder.hash, in: database) ? .new : .replaced
        }
        held.add(entry, hash: builder.hash, in: database, engine)
        if held.isFull { putHeld() }
        return .new
    }

    /// Keys are held back from now on, and put in many at once.
    public func beginLoading() { isHolding = true }

    /// Puts in what is held back.
    public func endLoading() -> [UInt8]? {
        putHeld()
        isHolding = false
        defer { replaced = nil }
        return replaced
    }

    private func putHeld() {
        if let twice = held.put(engine), replaced == nil { replaced = twice }
    }

    /// Databases of the engine.
    public var databaseCount: Int { engine.keyspace.databaseCount }

    /// Keys now present.
    public var keyCount: Int { engine.keyspace.keyCount }
}
