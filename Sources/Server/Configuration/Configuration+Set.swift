/// CONFIG SET: several directives at once, all or none.
///
/// Three passes, as in Redis: may each be set at all; parse and put in force; let the server carry the
/// changes out. A refusal in the second or third puts the old values back, and what was carried out is
/// carried out again with them.

/// Carries a change out: opens the new port, say. Called with the new values in force.
///
/// - Throws: why it can't, in the words for the client.
public typealias ConfigurationAction = (Configuration) throws(ConfigurationRefusal) -> Void

/// An action and the directives whose change calls for it.
struct ConfigurationHook {
    let places: Set<Int>
    let action: ConfigurationAction
}

/// Why CONFIG SET changed nothing.
public enum ConfigurationSetError: Error, Sendable, Hashable {
    /// The data is being loaded: the `-LOADING` error.
    case loading
    /// The text of the error, without `ERR`.
    case refused(String)
}

extension Configuration {
    /// Has `action` called when CONFIG SET changed any of the directives, once for several.
    public func onChange(of names: [String], _ action: @escaping ConfigurationAction) {
        let places = names.map { name in
            guard let place = DirectiveCatalog.places[name] else {
                preconditionFailure("no directive is called \(name)")
            }
            return place
        }
        hooks.append(ConfigurationHook(places: Set(places), action: action))
    }

    /// Sets all of `pairs` or none.
    ///
    /// - Returns: the names changed that this server doesn't act on, for the log.
    @discardableResult
    public func set(
        _ pairs: [(name: [UInt8], value: [UInt8])], isLocalClient: Bool, isLoading: Bool = false
    ) throws(ConfigurationSetError) -> [String] {
        let places = try settable(pairs, isLocalClient: isLocalClient, isLoading: isLoading)
        var old: [(place: Int, value: DirectiveValue)] = []
        var changed: Set<Int> = []
        for (place, pair) in zip(places, pairs) {
            let directive = DirectiveCatalog.all[place]
            do {
                let value = try parse(place, directive.split(pair.value), previous: nil)
                old.append((place, values[place]))
                if value != values[place] { changed.insert(place) }
                store(value, at: place)
            } catch {
                restore(old)
                throw failure(displayName(pair.name, directive), error.reason)
            }
        }
        try carryOut(changed, places, pairs, old)
        setWhileRunning.formUnion(places)
        return changed.sorted().map { DirectiveCatalog.all[$0] }
            .filter { !$0.traits.contains(.actedOn) }.map(\.name)
    }

    /// The places of the names, once each may be set by this client now.
    private func settable(
        _ pairs: [(name: [UInt8], value: [UInt8])], isLocalClient: Bool, isLoading: Bool
    ) throws(ConfigurationSetError) -> [Int] {
        var places: [Int] = []
        for pair in pairs {
            let asked = String(decoding: pair.name, as: UTF8.self)
            guard let place = DirectiveCatalog.place(of: pair.name) else {
                throw .refused("Unknown option or number of arguments for CONFIG SET - '\(asked)'")
            }
            let traits = DirectiveCatalog.all[place].traits
            if traits.contains(.immutable) { throw failure(asked, "can't set immutable config") }
            if traits.contains(.protected),
                !settings.protectedConfigs.permits(isLocalClient: isLocalClient)
            {
                throw failure(asked, "can't set protected config")
            }
            if isLoading && traits.contains(.deniedWhileLoading) { throw .loading }
            if places.contains(place) { throw failure(asked, "duplicate parameter") }
            places.append(place)
        }
        return places
    }

    private func carryOut(
        _ changed: Set<Int>, _ places: [Int], _ pairs: [(name: [UInt8], value: [UInt8])],
        _ old: [(place: Int, value: DirectiveValue)]
    ) throws(ConfigurationSetError) {
        var done: [ConfigurationHook] = []
        for hook in hooks where !hook.places.isDisjoint(with: changed) {
            done.append(hook)
            do {
                try hook.action(self)
            } catch {
                restore(old)
                // The old values worked before; a refusal of them now has nobody to tell.
                for hook in done { try? hook.action(self) }
                let culprit = zip(places, pairs).first { place, _ in
                    changed.contains(place) && hook.places.contains(place)
                }
                let name = culprit.map { displayName($1.name, DirectiveCatalog.all[$0]) } ?? ""
                throw failure(name, error.reason)
            }
        }
    }

    private func restore(_ old: [(place: Int, value: DirectiveValue)]) {
        for (place, value) in old.reversed() {
            // `dir` is carried out by its check, so going back goes through it too; the folder
            // was the working directory a moment ago.
            let directive = DirectiveCatalog.all[place]
            if values[place] != value { _ = try? directive.check?(value, environment) }
            store(value, at: place)
        }
    }

    /// The name that an error shows: the asked one in lower case (an alias stays an alias).
    private func displayName(_ asked: [UInt8], _ directive: Directive) -> String {
        let lowered = String(decoding: asked, as: UTF8.self).lowercased()
        return lowered == directive.alias ? lowered : directive.name
    }

    private func failure(_ name: String, _ reason: String) -> ConfigurationSetError {
        .refused("CONFIG SET failed (possibly related to argument '\(name)') - \(reason)")
    }
}
