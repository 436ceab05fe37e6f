// CONFIG SET: all or nothing, what may be set by whom and when, and the actions behind it.
import Testing

@testable import Server

struct ConfigurationSetTests {
    @Test("Projects what is set into the settings")
    func projection() throws {
        let configuration = try Fixture.load()
        #expect(
            configuration.answer(
                ("maxmemory", "64mb"), ("maxmemory-policy", "Allkeys-LFU"), ("hz", "100"),
                ("appendfsync", "always"), ("requirepass", "s"), ("maxmemory-clients", "5%"),
                ("hash-max-ziplist-value", "1kb"), ("shutdown-on-sigint", "force now"),
                ("save", "60 1 5 10"), ("latency-tracking-info-percentiles", "50 99.9"),
                ("auto-aof-rewrite-min-size", "1gb"), ("aof-history-keep", "7D")) == "OK")
        let settings = configuration.settings
        #expect(settings.maximumMemoryBytes == 64 << 20)
        #expect(settings.evictionPolicy == .allkeysLFU)
        #expect(settings.frequencyHertz == 100)
        #expect(settings.backend.syncPolicy == .always)
        #expect(settings.password == Array("s".utf8))
        #expect(settings.maximumClientMemory == .percentOfMaximumMemory(5))
        #expect(settings.encodings.hashValueBytes == 1024)
        #expect(settings.shutdownOnInterrupt == [.force, .now])
        #expect(settings.savePoints.count == 2)
        #expect(settings.latencyPercentiles == [50, 99.9])
        #expect(settings.backend.rewriteMinimumBytes == 1 << 30)
        #expect(settings.backend.historyKeepSeconds == 7 * 86_400)
        #expect(configuration.answer(("requirepass", "")) == "OK")
        #expect(configuration.settings.password == nil)
    }

    @Test("Every value that a setting mirrors starts as its directive's default")
    func defaults() throws {
        let settings = try Fixture.load().settings
        #expect(settings.bindAddresses == ["*", "-::*"])
        #expect(settings.outputBufferLimits.replica.hardBytes == 256 << 20)
        #expect(settings.processTitleTemplate == "{title} {listen-addr} {server-mode}")
        #expect(settings.latencyPercentiles == [50, 99, 99.9])
        #expect(settings.encodings == EncodingLimits())
        #expect(settings.backend.appendFileName == "appendonly.aof")
        #expect(settings.logLevel == .notice)
        #expect(settings.supervision == .no)
        #expect(settings.evictionPolicy == .noeviction)
    }

    @Test("Changes nothing when one of several is wrong, dir included")
    func atomicity() throws {
        let configuration = try Fixture.load(["--enable-protected-configs", "yes"])
        let answer = configuration.answer(("dir", "/other"), ("timeout", "5"), ("maxmemory", "x"))
        #expect(
            answer
                == "ERR CONFIG SET failed (possibly related to argument 'maxmemory') - "
                + "argument must be a memory value")
        #expect(configuration.shown("dir") == "/data")
        #expect(configuration.environment.currentDirectory() == "/data")
        #expect(configuration.settings.idleTimeoutSeconds == 0)
    }

    @Test("Lets protected directives be set as enable-protected-configs says")
    func protected() throws {
        let refused =
            "ERR CONFIG SET failed (possibly related to argument 'dir') - can't set protected config"
        for (mode, isLocal, isAllowed) in [
            ("no", true, false), ("yes", false, true), ("local", true, true),
            ("local", false, false),
        ] {
            let configuration = try Fixture.load(["--enable-protected-configs", mode])
            let answer = configuration.answer(("dir", "/x"), isLocal: isLocal)
            #expect(answer == (isAllowed ? "OK" : refused), "\(mode) \(isLocal)")
        }
    }

    @Test("Refuses some directives while the data is being loaded")
    func loading() throws {
        let configuration = try Fixture.load()
        #expect(configuration.answer(("appendonly", "no"), isLoading: true) == "LOADING")
        #expect(configuration.answer(("timeout", "1"), isLoading: true) == "OK")
    }

    @Test("Refuses the same directive twice under two names")
    func duplicates() throws {
        let answer = try Fixture.load().answer(("slave-priority", "1"), ("replica-priority", "2"))
        #expect(
            answer
                == "ERR CONFIG SET failed (possibly related to argument 'replica-priority') - "
                + "duplicate parameter")
    }

    @Test("Calls an action once for several changes, with the new values, and not without a change")
    func actions() throws {
        let configuration = try Fixture.load()
        var calls: [Int] = []
        configuration.onChange(of: ["port", "bind"]) { calls.append($0.settings.port) }
        #expect(configuration.answer(("port", "7000"), ("bind", "127.0.0.1")) == "OK")
        #expect(configuration.answer(("port", "7000")) == "OK")
        #expect(configuration.answer(("timeout", "1")) == "OK")
        #expect(calls == [7000])
    }

    @Test("Puts everything back when an action refuses, and carries the old values out again")
    func refusedAction() throws {
        let configuration = try Fixture.load()
        var hertz: [Int] = []
        configuration.onChange(of: ["hz"]) { hertz.append($0.settings.frequencyHertz) }
        configuration.onChange(of: ["port"]) { (configuration) throws(ConfigurationRefusal) in
            if configuration.settings.port == 1 {
                throw ConfigurationRefusal("Unable to listen on this port. Check server logs.")
            }
        }
        #expect(
            configuration.answer(("hz", "20"), ("port", "1"))
                == "ERR CONFIG SET failed (possibly related to argument 'port') - "
                + "Unable to listen on this port. Check server logs.")
        #expect(hertz == [20, 10])
        #expect(configuration.settings.port == 6379)
        #expect(configuration.shown("hz") == "10")
    }

    @Test("Tells which changed directives nobody acts on")
    func notActedOn() throws {
        let configuration = try Fixture.load()
        let pairs = [("masterauth", "x"), ("timeout", "3"), ("repl-timeout", "60")]
        let names = try configuration.set(
            pairs.map { (Array($0.utf8), Array($1.utf8)) }, isLocalClient: true)
        #expect(names == ["masterauth"])
        #expect(DirectiveCatalog.isSensitive(Array("MasterAuth".utf8)))
        #expect(!DirectiveCatalog.isSensitive(Array("timeout".utf8)))
    }

    @Test("Reads the sizes and ages of aof-history-keep apart")
    func historyKeep() throws {
        for (text, seconds, bytes) in [
            ("30m", 1800, nil), ("12h", 43_200, nil), ("90s", 90, nil), ("10gb", nil, 10 << 30),
            ("512MB", nil, 512 << 20), ("100b", nil, 100), ("0", nil, nil), ("0d", nil, nil),
        ] as [(String, Int?, Int?)] {
            let settings = try Fixture.load(["--aof-history-keep", text]).settings.backend
            #expect(settings.historyKeepSeconds == seconds, "\(text)")
            #expect(settings.historyKeepBytes == bytes, "\(text)")
        }
        for text in [
            "", "7", "d", "7x", "-1d", "7 d", "99999999999999999999d", "9999999999999999d",
        ] {
            #expect(throws: ConfigurationError.self, "\(text)") {
                try Fixture.load(["--aof-history-keep", text])
            }
        }
    }

    @Test("Refuses a size whose unit overflows instead of wrapping around")
    func overflow() throws {
        let answer = try Fixture.load().answer(("maxmemory", "99999999999gb"))
        #expect(answer.hasSuffix("argument must be a memory value"))
    }

    @Test("Shows the number of clients that the system allows")
    func adoptedClients() throws {
        let configuration = try Fixture.load(["--maxclients", "600000"])
        configuration.adopt(maximumClients: 4064)
        #expect(configuration.settings.maximumClients == 4064)
        #expect(configuration.shown("maxclients") == "4064")
    }
}
