/// How the configuration reaches the engine and the backend, at start and on CONFIG SET.
import Engine
import Persistence

extension Server {
    /// Hands the settings that commands read to the engine.
    func applyEngineSettings() {
        let settings = configuration.settings
        engine.settings.hashLimits.maximumPackedFields = settings.encodings.hashEntries
        engine.settings.hashLimits.maximumPackedBytes = settings.encodings.hashValueBytes
        engine.settings.limits = settings.encodings.limits
        engine.settings.maximumStringBytes = settings.maximumBulkBytes
        engine.settings.maximumMemory = settings.maximumMemoryBytes
        engine.settings.evictionPolicy = settings.evictionPolicy
        engine.settings.evictionSamples = settings.evictionSamples
        engine.settings.lfuLogFactor = settings.frequencyLogFactor
        engine.settings.lfuDecayMinutes = settings.frequencyDecayMinutes
        engine.settings.slowlogMicroseconds = settings.slowlogThresholdMicroseconds
        engine.settings.slowlogLength = settings.slowlogLength
        engine.settings.notifiedEvents = settings.notifiedEvents
        engine.settings.tracksLatency = settings.tracksLatency
        let threshold = UInt64(settings.latencyThresholdMilliseconds) &* 1_000_000
        engine.latencyThresholdNanoseconds = threshold == 0 ? .max : threshold
        latency.thresholdNanoseconds = engine.latencyThresholdNanoseconds
        engine.settings.tracksCommandCPU = settings.tracksCommandCPU
        engine.slowLog.thresholdNanoseconds =
            settings.slowlogThresholdMicroseconds < 0
            ? .max : UInt64(settings.slowlogThresholdMicroseconds) * 1000
        engine.slowLog.trim(to: settings.slowlogLength)
    }

    /// Hands the settings of persistence to the backend.
    func applyBackendSettings() {
        backend?.apply(configuration.settings.backend)
        scheduleTick()
    }
}

extension EncodingLimits {
    /// The engine's form of the limits beside those of hashes.
    var limits: CollectionLimits {
        var limits = CollectionLimits()
        limits.listPackSize = listSize
        limits.listCompressDepth = listCompressDepth
        limits.maximumIntSet = setIntegerEntries
        limits.maximumPackedSet = setEntries
        limits.maximumPackedSetBytes = setValueBytes
        limits.maximumPackedSortedSet = sortedSetEntries
        limits.maximumPackedSortedSetBytes = sortedSetValueBytes
        limits.streamNodeBytes = streamNodeBytes
        limits.streamNodeEntries = streamNodeEntries
        limits.sparseHyperLogLogBytes = sparseSketchBytes
        return limits
    }
}
