/// Client-side caching: who keeps a copy of what it has read is told when that changes.
///
/// By default the server remembers which client has read which key (TrackingTable.swift); in broadcast mode
/// clients name prefixes, and nothing is remembered (BroadcastPrefix.swift). The engine tells of reads and changes
/// as long as a client wants to know; without one, a change costs one test (Engine.touch).
///
/// ORDER: what a client is told of its own command's changes comes behind the command's reply (Connection.push).
import Bytes
import Engine
import RESP

/// What CLIENT TRACKING ON asked for.
struct ClientTracking {
    /// The client that is told instead; 0: none.
    var redirect: UInt64 = 0
    var isBroadcast = false
    var isOptIn = false
    var isOptOut = false
    /// Its own changes are not told.
    var isWithoutLoop = false
    /// The client that was to be told instead has gone.
    var isBroken = false
    var prefixes: [[UInt8]] = []
}

/// What the server knows for all clients.
struct TrackingState {
    var table = TrackingTable()
    /// In order.
    var prefixes: [BroadcastPrefix] = []
    /// Clients with tracking on.
    var clientCount = 0
    /// A key changed that some prefix matches.
    var hasChanges = false
}

extension Server {
    /// Turns tracking on, or changes how: prefixes are added to those there are.
    func enableTracking(_ connection: Connection, _ wanted: ClientTracking) {
        var new = wanted
        if new.isBroadcast {
            let added = new.prefixes.isEmpty ? [[]] : new.prefixes
            new.prefixes = connection.tracking?.prefixes ?? []
            for prefix in added {
                join(connection, prefix)
                if !new.prefixes.contains(prefix) { new.prefixes.append(prefix) }
            }
        }
        if connection.tracking == nil { tracking.clientCount += 1 }
        connection.tracking = new
        connection.session.tracksReads = !new.isBroadcast
        observeChanges()
    }

    /// Turns tracking off; also when the client is reset, or gone.
    func disableTracking(_ connection: Connection) {
        guard let old = connection.tracking else { return }
        for name in old.prefixes {
            guard let place = tracking.prefixes.firstIndex(where: { $0.prefix == name }) else {
                continue
            }
            tracking.prefixes[place].clients[connection.session.id] = nil
            if tracking.prefixes[place].clients.isEmpty { tracking.prefixes.remove(at: place) }
        }
        connection.tracking = nil
        connection.session.tracksReads = false
        connection.session.isCachingNext = false
        tracking.clientCount -= 1
        // Nobody is left who could be told.
        if tracking.clientCount == 0 { tracking = TrackingState() }
        observeChanges()
    }

    private func join(_ connection: Connection, _ name: [UInt8]) {
        let prefix =
            tracking.prefixes.first { $0.prefix == name }
            ?? {
                let new = BroadcastPrefix(name)
                let place = tracking.prefixes.firstIndex {
                    name.lexicographicallyPrecedes($0.prefix)
                }
                tracking.prefixes.insert(new, at: place ?? tracking.prefixes.count)
                return new
            }()
        prefix.clients[connection.session.id] = connection
    }

    /// Has the engine tell of reads and changes, or no more.
    private func observeChanges() {
        guard tracking.clientCount > 0 else {
            engine.onKeyChange = nil
            engine.onRead = nil
            engine.onFlush = nil
            return
        }
        if engine.onKeyChange != nil { return }
        engine.onKeyChange = { [unowned self] key, isCommand in noteChange(key, isCommand) }
        engine.onRead = { [unowned self] session, command, arguments in
            noteRead(session, command, arguments)
        }
        engine.onFlush = { [unowned self] in noteFlush() }
    }

    // MARK: What the engine tells

    /// A read-only command ran: its keys are the client's to be told of.
    private func noteRead(_ session: Session, _ command: Command, _ arguments: ByteViews) {
        guard let connection = session.connection as? Connection,
            let own = connection.tracking, !command.flags.contains(.pubsub)
        else { return }
        if own.isOptIn && !session.isCachingNext || own.isOptOut && session.isCachingNext { return }
        let specs = command.spec.keys
        if specs.isEmpty { return }
        if specs.count == 1, specs[0].search == .range, specs[0].last == specs[0].first {
            remember(arguments[specs[0].first], session.id)
            return
        }
        for (place, _) in command.spec.keysFound(in: arguments) {
            remember(arguments[place], session.id)
        }
    }

    private func remember(_ key: ByteView, _ client: UInt64) {
        tracking.table.add(key, by: client)
        let limit = configuration.settings.maximumTrackedKeys
        if limit > 0 && tracking.table.count > limit { forgetRandom() }
    }

    /// A key changed.
    private func noteChange(_ key: ByteView, _ isCommand: Bool) {
        if !tracking.prefixes.isEmpty {
            let client = isCommand ? executing?.session.id : nil
            for prefix in tracking.prefixes where prefix.matches(key) {
                prefix.add(key, by: client)
                tracking.hasChanges = true
            }
            if tracking.hasChanges { scheduleTick() }
        }
        if let tracked = tracking.table.remove(key) { invalidate(tracked) }
    }

    /// A database was emptied, or all: every client has to forget everything.
    private func noteFlush() {
        messageForms.removeAll()
        for connection in connections.values where connection.tracking != nil {
            tell(connection) { $0.null() }
        }
        tracking.table.removeAll()
    }

    /// Tells the clients that have read a key; it is out of the table.
    private func invalidate(_ key: TrackedKey) {
        messageForms.removeAll()
        key.forEachClient { id in
            guard let connection = connections[id], let own = connection.tracking,
                !own.isBroadcast, !(own.isWithoutLoop && connection === executing)
            else { return }
            tell(connection) { writer in
                writer.array(1)
                writer.bulk(key.name)
            }
        }
    }

    private func forgetRandom() {
        if let key = tracking.table.removeRandom() { invalidate(key) }
    }

    /// Brings the table within `tracking-table-max-keys` after that was lowered; called by the cron.
    func trimTrackingTable() {
        let limit = configuration.settings.maximumTrackedKeys
        guard limit > 0, tracking.table.count > limit else { return }
        for _ in 0..<min(10_000, tracking.table.count - limit) { forgetRandom() }
    }

    /// Tells those in broadcast mode what has changed; called at the end of a tick, before its commit.
    func broadcastChanges() {
        tracking.hasChanges = false
        for prefix in tracking.prefixes {
            let changes = prefix.takeChanges()
            if changes.isEmpty { continue }
            messageForms.removeAll()
            for connection in prefix.clients.values
            where connection.tracking?.isWithoutLoop == false {
                tell(connection) { BroadcastPrefix.write(changes, to: $0) }
            }
            for (id, connection) in prefix.clients where connection.tracking?.isWithoutLoop == true
            {
                let others = changes.filter { $0.client != id }
                if others.isEmpty { continue }
                messageForms.removeAll()
                tell(connection) { BroadcastPrefix.write(others, to: $0) }
            }
        }
    }

    // MARK: Telling

    /// Tells a client, or the one it has named instead, what to forget; `messageForms` holds what was written for
    /// an earlier client.
    private func tell(_ connection: Connection, _ keys: (ReplyWriter) -> Void) {
        var receiver = connection
        let redirect = connection.tracking?.redirect ?? 0
        if redirect != 0 {
            guard let other = connections[redirect] else {
                connection.tracking?.isBroken = true
                tellBroken(connection, redirect)
                return
            }
            receiver = other
        }
        if receiver.session.version == 3 {
            receiver.push(
                messageForms.view(version: 3) { writer in
                    writer.push(2)
                    writer.bulk(ByteView("invalidate"))
                    keys(writer)
                })
        } else if redirect != 0 && receiver.session.isSubscribed {
            receiver.push(
                messageForms.view(version: 2) { writer in
                    writer.array(3)
                    writer.bulk(ByteView("message"))
                    writer.bulk(ByteView("__redis__:invalidate"))
                    keys(writer)
                })
        }
    }

    private func tellBroken(_ connection: Connection, _ redirect: UInt64) {
        if connection.session.version != 3 { return }
        let writer = ReplyWriter(capacity: 64)
        writer.version = 3
        writer.push(2)
        writer.bulk(ByteView("tracking-redir-broken"))
        writer.integer(Int(redirect))
        connection.push(writer.bytes.view)
    }
}

extension BroadcastPrefix {
    /// The list of keys of a message.
    fileprivate static func write(_ changes: [Change], to writer: ReplyWriter) {
        writer.array(changes.count)
        for change in changes { writer.bulk(change.key) }
    }
}
