/// `client-output-buffer-limit`: a client that doesn't read what it is sent is cut off, before that takes the memory
/// of all others.
///
/// Checked whenever output is appended (Connection+Output.swift) and, for the time that the soft limit allows, by
/// the cron. Who is over the limit is closed with the tick; its output is freed at once.
import Engine

extension Server {
    /// Cuts a connection off whose output is beyond the limit of its class.
    func enforceOutputLimit(of connection: Connection) {
        let limits = configuration.settings.outputBufferLimits
        let limit = connection.session.isSubscribed ? limits.pubsub : limits.normal
        guard limit.isSet, !connection.isCutOff else { return }
        let bytes = connection.pendingOutputBytes
        var isOver = limit.hardBytes > 0 && bytes >= limit.hardBytes
        if limit.softBytes > 0 && bytes >= limit.softBytes {
            let now = engine.clock.monotonicNanoseconds
            let since = connection.softLimitSince ?? now
            connection.softLimitSince = since
            if now &- since > UInt64(limit.softSeconds) * 1_000_000_000 { isOver = true }
        } else {
            connection.softLimitSince = nil
        }
        if !isOver { return }
        log.log(
            .warning,
            "Client id=\(connection.session.id) addr=\(connection.peerText) scheduled to be closed ASAP for overcoming of output buffer limits."
        )
        statistics.outputLimitDisconnections += 1
        connection.cutOff()
    }
}
