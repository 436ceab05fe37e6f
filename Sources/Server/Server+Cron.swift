/// What happens about ten times a second: expiry, the backend's due work, limits, figures.
import Engine
import NIOCore
import Persistence
import Records

extension Server {
    /// Begins the periodic work.
    func startCron() {
        let bound = NIOLoopBound(self, eventLoop: loop)
        loop.scheduleRepeatedTask(initialDelay: .milliseconds(100), delay: .milliseconds(100)) {
            _ in
            bound.value.cron()
        }
    }

    private func cron() {
        engine.beginBatch()
        let nanoseconds = engine.clock.monotonicNanoseconds
        if !engine.isLoading {
            let effort = UInt64(configuration.settings.expiryEffort)
            let isDone = engine.expireCycle(budgetNanoseconds: 1_000_000 * effort)
            if !isDone { expireSoon() }
            backend?.tick(nowNanoseconds: nanoseconds)
            scheduleTick()
            considerSaving()
        }
        engine.statistics.peakMemory = max(engine.statistics.peakMemory, engine.usedMemory)
        sampleOperations(nanoseconds)
        if let pause = clientPause, pause.until <= engine.now { endPause() }
        if !stalled.isEmpty && clientPause == nil && backend?.isCongested != true { resumeAll() }
        checkConnections(nanoseconds)
        checkDurabilityWaiters()
        continueShutdown()
    }

    /// Goes on expiring between commands until nothing due is left.
    private func expireSoon() {
        let bound = NIOLoopBound(self, eventLoop: loop)
        loop.scheduleTask(in: .milliseconds(1)) {
            let server = bound.value
            server.engine.beginBatch()
            let effort = UInt64(server.configuration.settings.expiryEffort)
            if !server.engine.expireCycle(budgetNanoseconds: 500_000 * effort) {
                server.expireSoon()
            }
            server.scheduleTick()
        }
    }

    /// CLIENT UNPAUSE, or the pause has run out.
    func endPause() {
        clientPause = nil
        if backend?.isCongested != true { resumeAll() }
    }

    private func sampleOperations(_ nanoseconds: UInt64) {
        let elapsed = nanoseconds &- statistics.lastSampleNanoseconds
        if elapsed < 1_000_000_000 { return }
        let operations = engine.statistics.commandsProcessed
        let since = operations - statistics.operationsAtLastSample
        statistics.operationsPerSecond = Int(Double(since) * 1e9 / Double(elapsed))
        statistics.operationsAtLastSample = operations
        statistics.lastSampleNanoseconds = nanoseconds
    }

    /// Cuts off idle clients and those whose output has grown beyond its limit.
    private func checkConnections(_ nanoseconds: UInt64) {
        let settings = configuration.settings
        let limit = settings.outputBufferLimits.normal
        let hasLimit = limit.hardBytes > 0 || limit.softBytes > 0
        if settings.idleTimeoutSeconds == 0 && !hasLimit { return }
        for connection in Array(connections.values) {
            let idle =
                engine.now.millisecondsSinceEpoch
                - connection.info.lastInteraction.millisecondsSinceEpoch
            if settings.idleTimeoutSeconds > 0, monitors[connection.session.id] == nil,
                idle > Int64(settings.idleTimeoutSeconds) * 1000
            {
                log.log(.verbose, "Closing idle client")
                connection.close()
            } else if hasLimit {
                checkOutput(of: connection, limit, nanoseconds)
            }
        }
    }

    private func checkOutput(
        of connection: Connection, _ limit: OutputBufferLimits.Limit, _ nanoseconds: UInt64
    ) {
        let bytes = connection.pendingOutputBytes
        var isOver = limit.hardBytes > 0 && bytes >= limit.hardBytes
        if limit.softBytes > 0 && bytes >= limit.softBytes {
            let since = connection.softLimitSince ?? nanoseconds
            connection.softLimitSince = since
            if nanoseconds - since > UInt64(limit.softSeconds) * 1_000_000_000 { isOver = true }
        } else {
            connection.softLimitSince = nil
        }
        if !isOver { return }
        log.log(
            .warning,
            "Client id=\(connection.session.id) addr=\(connection.peerText) scheduled to be closed ASAP for overcoming of output buffer limits."
        )
        statistics.outputLimitDisconnections += 1
        connection.close()
    }
}
