/// The engine as a log's reader sees it: commands in, outcomes out, nothing recorded, nothing expires.
import Bytes
import Persistence
import RESP

extension Engine {
    /// A target that replays a log into this engine; for the loading thread.
    public func replayTarget() -> EngineReplay { EngineReplay(self) }
}

/// Feeds the commands of a log to an engine.
public final class EngineReplay: ReplayTarget {
    private let engine: Engine
    private let session: Session
    private let reply = ReplyWriter(capacity: 4096)

    init(_ engine: Engine) {
        self.engine = engine
        session = Session(id: 0, isReplay: true)
    }

    /// Executes one command of a log.
    public func replay(_ arguments: ByteViews) -> ReplayOutcome {
        guard engine.commands.find(arguments[0]) != nil else {
            return .unknownCommand(arguments[0].text)
        }
        reply.bytes.removeAll()
        engine.execute(session, arguments, reply)
        let answer = reply.bytes.view
        if answer.count > 0 && answer[0] == UInt8(ascii: "-") {
            return .failed(answer[1..<max(1, answer.count - 2)].text)
        }
        return .applied
    }

    /// Forgets commands queued by a MULTI whose EXEC never came.
    public func discardOpenTransaction() {
        session.transaction = nil
    }

    /// Keys now present.
    public var keyCount: Int { engine.keyspace.keyCount }
}
