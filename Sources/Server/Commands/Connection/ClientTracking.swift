/// CLIENT TRACKING ON | OFF [REDIRECT client-id] [PREFIX prefix ...] [BCAST] [OPTIN] [OPTOUT] [NOLOOP]
/// CLIENT CACHING YES | NO, CLIENT GETREDIR, CLIENT TRACKINGINFO
///
/// Client-side caching: what the connection wants to be told of (Tracking/Server+Tracking.swift). O(1), with prefixes
/// O(their number squared). Replies OK; GETREDIR the id that is told instead (0: none, -1: tracking is off);
/// TRACKINGINFO a map. Errors: options that exclude each other or what was chosen before, prefixes that overlap, no
/// such client, CACHING without OPTIN or OPTOUT.
import Bytes
import Engine
import RESP

extension Server {
    /// The four words.
    func clientTrackingWords() -> [CommandSpec] {
        [
            clientWord(
                "tracking", -3, "6.0.0", "Controls server-assisted client-side caching.",
                complexity: "O(1). Some options may introduce additional complexity.",
                syntax:
                    "<ON | OFF> [REDIRECT client-id] [PREFIX prefix [PREFIX prefix ...]] [BCAST] [OPTIN] [OPTOUT] [NOLOOP]"
            ) { [unowned self] (session, arguments, reply) throws(CommandError) in
                let connection = try connection(session)
                let wanted = try trackingOptions(arguments)
                if arguments[2].equalsIgnoringCase("on") {
                    try checkTracking(wanted, connection)
                    enableTracking(connection, wanted)
                } else if arguments[2].equalsIgnoringCase("off") {
                    disableTracking(connection)
                } else {
                    throw .syntaxError
                }
                reply.ok()
            },
            clientWord(
                "caching", 3, "6.0.0",
                "Instructs the server whether to track the keys in the next request.",
                syntax: "<YES | NO>", setCaching),
            clientWord(
                "getredir", 2, "6.0.0",
                "Returns the client ID to which the connection's tracking notifications are redirected."
            ) { [unowned self] (session, _, reply) throws(CommandError) in
                reply.integer(try connection(session).redirectID)
            },
            clientWord(
                "trackinginfo", 2, "6.2.0",
                "Returns information about server-assisted client-side caching for the connection."
            ) { [unowned self] (session, _, reply) throws(CommandError) in
                describeTracking(of: try connection(session), reply)
            },
        ]
    }

    private func trackingOptions(_ arguments: ByteViews) throws(CommandError) -> ClientTracking {
        var wanted = ClientTracking()
        var index = 3
        while index < arguments.count {
            let word = arguments[index]
            let hasMore = index + 1 < arguments.count
            if word.equalsIgnoringCase("redirect"), hasMore {
                index += 1
                if wanted.redirect != 0 {
                    throw CommandError("ERR A client can only redirect to a single other client")
                }
                guard let id = Decimal.parse(arguments[index]) else { throw .integerExpected }
                guard id > 0, connections[UInt64(id)] != nil else {
                    throw CommandError("ERR The client ID you want redirect to does not exist")
                }
                wanted.redirect = UInt64(id)
            } else if word.equalsIgnoringCase("prefix"), hasMore {
                index += 1
                wanted.prefixes.append(arguments[index].array)
            } else if word.equalsIgnoringCase("bcast") {
                wanted.isBroadcast = true
            } else if word.equalsIgnoringCase("optin") {
                wanted.isOptIn = true
            } else if word.equalsIgnoringCase("optout") {
                wanted.isOptOut = true
            } else if word.equalsIgnoringCase("noloop") {
                wanted.isWithoutLoop = true
            } else {
                throw .syntaxError
            }
            index += 1
        }
        return wanted
    }

    /// Whether the options go together, and with what the client chose before.
    private func checkTracking(
        _ wanted: ClientTracking, _ connection: Connection
    ) throws(CommandError) {
        let old = connection.tracking
        if !wanted.isBroadcast && !wanted.prefixes.isEmpty {
            throw CommandError("ERR PREFIX option requires BCAST mode to be enabled")
        }
        if let old, old.isBroadcast != wanted.isBroadcast {
            throw .trackingMode("BCAST mode on/off")
        }
        if wanted.isBroadcast && (wanted.isOptIn || wanted.isOptOut) {
            throw CommandError("ERR OPTIN and OPTOUT are not compatible with BCAST")
        }
        if wanted.isOptIn && wanted.isOptOut {
            throw CommandError("ERR You can't specify both OPTIN mode and OPTOUT mode")
        }
        if let old, wanted.isOptIn && old.isOptOut || wanted.isOptOut && old.isOptIn {
            throw .trackingMode("OPTIN/OPTOUT mode")
        }
        for (place, prefix) in wanted.prefixes.enumerated() {
            for other in old?.prefixes ?? [] where overlap(prefix, other) {
                throw .overlap(prefix, "an existing prefix", other)
            }
            for other in wanted.prefixes.dropFirst(place + 1) where overlap(prefix, other) {
                throw .overlap(prefix, "another provided prefix", other)
            }
        }
    }

    private func overlap(_ one: [UInt8], _ other: [UInt8]) -> Bool {
        one.starts(with: other) || other.starts(with: one)
    }

    private func setCaching(
        _ session: Session, _ arguments: ByteViews, _ reply: ReplyWriter
    ) throws(CommandError) {
        guard let own = try connection(session).tracking else {
            throw CommandError(
                "ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode enabled"
            )
        }
        if arguments[2].equalsIgnoringCase("yes") {
            if !own.isOptIn { throw .caching("YES", "OPTIN") }
        } else if arguments[2].equalsIgnoringCase("no") {
            if !own.isOptOut { throw .caching("NO", "OPTOUT") }
        } else {
            throw .syntaxError
        }
        session.isCachingNext = true
        reply.ok()
    }

    private func describeTracking(of connection: Connection, _ reply: ReplyWriter) {
        let own = connection.tracking
        let caches = connection.session.isCachingNext
        let flags = [
            own == nil ? "off" : "on", own?.isBroadcast == true ? "bcast" : nil,
            own?.isOptIn == true ? "optin" : nil,
            own?.isOptIn == true && caches ? "caching-yes" : nil,
            own?.isOptOut == true ? "optout" : nil,
            own?.isOptOut == true && caches ? "caching-no" : nil,
            own?.isWithoutLoop == true ? "noloop" : nil,
            own?.isBroken == true ? "broken_redirect" : nil,
        ].compactMap { $0 }
        reply.map(3)
        reply.bulk(ByteView("flags"))
        reply.set(flags.count)
        for flag in flags { reply.bulk(text: flag) }
        reply.bulk(ByteView("redirect"))
        reply.integer(connection.redirectID)
        reply.bulk(ByteView("prefixes"))
        let prefixes = (own?.prefixes ?? []).sorted { $0.lexicographicallyPrecedes($1) }
        reply.array(prefixes.count)
        for prefix in prefixes { reply.bulk(prefix) }
    }
}

extension Connection {
    /// Who is told instead of this client: 0: it itself, -1: nobody is, tracking is off.
    var redirectID: Int { tracking.map { Int($0.redirect) } ?? -1 }
}

extension CommandError {
    fileprivate static func trackingMode(_ what: String) -> CommandError {
        CommandError(
            "ERR You can't switch \(what) before disabling tracking for this client, and then re-enabling it with a different mode."
        )
    }

    fileprivate static func overlap(
        _ prefix: [UInt8], _ which: String, _ other: [UInt8]
    ) -> CommandError {
        var text = Array("ERR Prefix '".utf8)
        text += prefix.prefix { $0 != 0 }
        text += Array("' overlaps with \(which) '".utf8)
        text += other.prefix { $0 != 0 }
        text += Array("'. Prefixes for a single client must not overlap.".utf8)
        return CommandError(bytes: text)
    }

    fileprivate static func caching(_ word: String, _ mode: String) -> CommandError {
        CommandError(
            "ERR CLIENT CACHING \(word) is only valid when tracking is enabled in \(mode) mode.")
    }
}
