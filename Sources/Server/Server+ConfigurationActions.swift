/// What the server does when CONFIG SET changed something; a refusal here takes the change back.
import Engine
import NIOCore
import Persistence

extension Server {
    /// Registers all of it, once.
    func registerConfigurationActions() {
        configuration.onChange(of: [
            "hash-max-listpack-entries", "hash-max-listpack-value", "list-max-listpack-size",
            "list-compress-depth", "set-max-intset-entries", "set-max-listpack-entries",
            "set-max-listpack-value", "zset-max-listpack-entries", "zset-max-listpack-value",
            "stream-node-max-bytes", "stream-node-max-entries", "hll-sparse-max-bytes",
            "proto-max-bulk-len", "maxmemory", "maxmemory-policy", "maxmemory-samples",
            "lfu-log-factor",
            "lfu-decay-time", "slowlog-log-slower-than", "slowlog-max-len",
            "latency-monitor-threshold", "latency-tracking", "command-cpu-tracking",
            "notify-keyspace-events",
        ]) { [unowned self] _ in applyEngineSettings() }
        configuration.onChange(of: [
            "appendfsync", "auto-aof-rewrite-percentage", "auto-aof-rewrite-min-size",
            "aof-load-truncated", "aof-timestamp-enabled", "no-appendfsync-on-rewrite",
            "aof-history-keep", "save", "stop-writes-on-bgsave-error", "dbfilename", "json-sorted",
            "rdbcompression", "rdb-version", "aof-use-rdb-preamble",
            "compressed-level",
        ]) { [unowned self] _ in applyBackendSettings() }
        configuration.onChange(of: ["loglevel"]) { [unowned self] configuration in
            log.setLevel(configuration.settings.logLevel)
        }
        configuration.onChange(of: ["appendonly"]) {
            [unowned self] (configuration) throws(ConfigurationRefusal) in
            try checkLog(isWanted: configuration.settings.isAppendOnly)
        }
        configuration.onChange(of: ["backend"]) {
            [unowned self] (configuration) throws(ConfigurationRefusal) in
            try changeEngine(to: configuration.value(of: "backend").printedText)
        }
        configuration.onChange(of: ["port", "bind"]) {
            [unowned self] (_) throws(ConfigurationRefusal) in try reopenListeners()
        }
        configuration.onChange(of: ["maxclients"]) {
            (configuration) throws(ConfigurationRefusal) in
            let wanted = configuration.settings.maximumClients
            let fitting = OpenFilesLimit.raise(forClients: wanted).maximumClients
            if fitting >= wanted { return }
            throw ConfigurationRefusal(
                "The operating system is not able to handle the specified number of clients, "
                    + "try with \(fitting)")
        }
        configuration.onChange(of: ["requirepass"]) { [unowned self] configuration in
            engine.access.setDefaultPassword(configuration.settings.password)
        }
        configuration.onChange(of: ["acl-pubsub-default", "acllog-max-len"]) { [unowned self] _ in
            applyAccessSettings()
        }
    }

    /// CONFIG SET backend begins a change of engine, which PERSIST COMMIT ends.
    private func changeEngine(to name: String) throws(ConfigurationRefusal) {
        // What a refusal puts back is in force already.
        if name == backend?.descriptor.name { return }
        do throws(PersistenceError) {
            try migrate(to: name)
        } catch {
            throw ConfigurationRefusal("\(error)")
        }
    }

    /// The backend stays what it was at start: refuses an `appendonly` that says otherwise.
    private func checkLog(isWanted: Bool) throws(ConfigurationRefusal) {
        let keepsLog =
            backend.map { $0.descriptor.abilities.contains(.journal) } ?? false
        if isWanted == keepsLog { return }
        throw ConfigurationRefusal(
            isWanted
                ? "the log can't be switched on while the server runs: save what is in memory "
                    + "elsewhere, and restart the server with 'appendonly yes'"
                : "the log can't be switched off while the server runs: restart the server with "
                    + "'backend none'; 'appendfsync no' spares it the waiting for the disk")
    }
}
