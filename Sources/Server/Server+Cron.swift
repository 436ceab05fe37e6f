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
            if !expire(budgetNanoseconds: 1_000_000) { expireSoon() }
            backend?.tick(nowNanoseconds: nanoseconds)
            scheduleTick()
            considerSaving()
            boundRestoration(now: nanoseconds)
            boundFrozenMemory()
            considerBackup()
        }
        engine.statistics.peakMemory = max(engine.statistics.peakMemory, engine.usedMemory)
        sampleOperations(nanoseconds)
        if let pause = clientPause, pause.until <= engine.now { endPause() }
        if !stalled.isEmpty && clientPause == nil && backend?.isCongested != true { resumeAll() }
        checkConnections()
        trimTrackingTable()
        checkDurabilityWaiters()
        continueShutdown()
    }

    /// Goes on expiring between commands until nothing due is left.
    private func expireSoon() {
        let bound = NIOLoopBound(self, eventLoop: loop)
        loop.scheduleTask(in: .milliseconds(1)) {
            let server = bound.value
            server.engine.beginBatch()
            if !server.expire(budgetNanoseconds: 500_000) { server.expireSoon() }
            server.scheduleTick()
        }
    }

    /// Removes what is due for so long (times the effort); whether nothing due is left.
    private func expire(budgetNanoseconds budget: UInt64) -> Bool {
        let start = engine.clock.monotonicNanoseconds
        let isDone = engine.expireCycle(
            budgetNanoseconds: budget * UInt64(configuration.settings.expiryEffort))
        let elapsed = engine.clock.monotonicNanoseconds &- start
        statistics.expiryNanoseconds &+= elapsed
        if !isDone { statistics.expiryCyclesCut += 1 }
        latency.add("expire-cycle", nanoseconds: elapsed, at: engine.now)
        return isDone
    }

    /// CLIENT UNPAUSE, or the pause has run out.
    func endPause() {
        clientPause = nil
        if backend?.isCongested != true { resumeAll() }
    }

    private func sampleOperations(_ nanoseconds: UInt64) {
        let last = statistics.lastSample
        let elapsed = nanoseconds &- last.nanoseconds
        if elapsed < 1_000_000_000 { return }
        let new = ServerStatistics.Sample(
            nanoseconds: nanoseconds, operations: engine.statistics.commandsProcessed,
            bytesRead: statistics.bytesRead, bytesWritten: statistics.bytesWritten)
        let seconds = Double(elapsed) / 1e9
        statistics.rates = ServerStatistics.Rates(
            operations: Int(Double(new.operations - last.operations) / seconds),
            inputKilobytes: Double(new.bytesRead - last.bytesRead) / seconds / 1024,
            outputKilobytes: Double(new.bytesWritten - last.bytesWritten) / seconds / 1024)
        statistics.lastSample = new
    }

    /// Cuts off idle clients and those whose output has grown beyond its limit.
    private func checkConnections() {
        let timeout = Int64(configuration.settings.idleTimeoutSeconds) * 1000
        let limits = configuration.settings.outputBufferLimits
        let hasLimit = limits.normal.isSet || !subscriptions.isEmpty && limits.pubsub.isSet
        if timeout == 0 && !hasLimit { return }
        for connection in Array(connections.values) {
            let idle =
                engine.now.millisecondsSinceEpoch
                - connection.info.lastInteraction.millisecondsSinceEpoch
            if timeout > 0, idle > timeout, monitors[connection.session.id] == nil,
                !connection.session.isSubscribed
            {
                log.log(.verbose, "Closing idle client")
                connection.close()
            } else if hasLimit {
                enforceOutputLimit(of: connection)
            }
        }
    }
}
