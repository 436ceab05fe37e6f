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

    init(_ engine: Engine) {
        self.engine = engine
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

    /// Forgets commands queued by a MULTI whose EXEC never came.
    public func discardOpenTransaction() {
        session.transaction = nil
    }

    /// Builds the value of one key beside the databases, and puts it in once it is whole.
    public func load(
        _ key: ByteView, database: Int, deadline: Deadline?, fill: (any ValueSink) throws -> Void
    ) throws -> LoadOutcome {
        let builder = ValueBuilder(engine, key: key)
        try fill(builder)
        guard let entry = builder.finish(deadline: deadline) else { return .empty }
        let before = engine.keyspace.keyCount
        engine.put(entry, in: database)
        return engine.keyspace.keyCount > before ? .new : .replaced
    }

    /// Databases of the engine.
    public var databaseCount: Int { engine.keyspace.databaseCount }

    /// Keys now present.
    public var keyCount: Int { engine.keyspace.keyCount }
}
