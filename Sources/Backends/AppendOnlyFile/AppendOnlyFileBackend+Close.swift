/// The way down, and the figures for INFO.
import Bytes
import Persistence

extension AppendOnlyFileBackend {
    /// Everything durable, the closing mark written, the lock released. Blocks.
    ///
    /// - Throws: where something could not be made durable; the files are as after a crash then, and
    ///   the lock is released all the same.
    public func close() throws(PersistenceError) {
        if isClosed { return }
        rewrite.cancel()
        environment.runner.drain()
        defer { finishClosing() }
        writer.closeGroup()
        if case .fine = health { flush() }
        if case .writeFailing = health { flush() }
        if case .distrusted = health {
            lastRetryNanoseconds = 0
            retryFailover(now: .max / 2)
            environment.runner.drain()
        }
        if let unsettled = rewrite.unsettled {
            settleManifest(now: .max)
            environment.runner.drain()
            if rewrite.unsettled != nil { throw unsettled.error }
        }
        switch health {
        case .fine: break
        case .writeFailing(let error), .distrusted(let error): throw error
        }
        try writeClosingMark()
    }

    private func writeClosingMark() throws(PersistenceError) {
        guard let file = files.last else { return }
        // ORDER: what the mark vouches for is on the platter before the mark is.
        for file in files { try file.handle.sync() }
        raiseDurable(to: queue.writtenSequence)
        let mark = ClosingMark(
            lastSequence: durable,
            timeMilliseconds: UInt64(max(0, environment.clock.now.millisecondsSinceEpoch)))
        let line = ByteWriter(capacity: 128)
        Annotation.closing(mark).append(to: line, salt: file.salt)
        try file.append(line.view)
        try file.handle.sync()
    }

    private func finishClosing() {
        isClosed = true
        environment.runner.drain()
        for file in files { file.handle.close() }
        files = []
        directory.release()
    }

    /// Figures for INFO; names as Redis has them where Redis has them.
    public func status() -> BackendStatus {
        var fields: [(name: String, value: String)] = []
        func add(_ name: String, _ value: some CustomStringConvertible) {
            fields.append((name, "\(value)"))
        }
        let now = environment.clock.monotonicNanoseconds
        add("aof_enabled", 1)
        add("aof_rewrite_in_progress", rewrite.isRunning ? 1 : 0)
        add("aof_rewrite_scheduled", 0)
        add("aof_last_rewrite_time_sec", Int(rewrite.lastSeconds))
        add(
            "aof_current_rewrite_time_sec",
            rewrite.isRunning ? Int((now &- rewrite.startedAt) / 1_000_000_000) : -1)
        add("aof_last_bgrewrite_status", rewrite.lastSucceeded ? "ok" : "err")
        add("aof_rewrites", rewrite.successes)
        add("aof_rewrites_consecutive_failures", rewrite.consecutiveFailures)
        add("aof_last_write_status", refusal == nil ? "ok" : "err")
        add("aof_last_cow_size", 0)
        add("aof_current_size", currentSize)
        add("aof_base_size", rewrite.baseBytes)
        add("aof_pending_rewrite", 0)
        add("aof_buffer_length", queue.keptBytes)
        add("aof_pending_bio_fsync", sync.isInFlight ? 1 : 0)
        add("aof_delayed_fsync", sync.delayed)
        add("aof_last_sequence", writer.sequence)
        add("aof_durable_sequence", durable)
        add("aof_queue_bytes", queue.keptBytes)
        add("aof_fsync_p50_usec", sync.latency.percentile(50) / 1000)
        add("aof_fsync_p99_usec", sync.latency.percentile(99) / 1000)
        add("aof_fsync_max_usec", sync.latency.maximum / 1000)
        return BackendStatus(fields: fields)
    }
}
