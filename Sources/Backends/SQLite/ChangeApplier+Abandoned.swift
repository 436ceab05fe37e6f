/// Rows that nothing points at any more, removed bit by bit.
///
/// What a reader sees never depends on it: views and restoring start from keys.
import Persistence

/// What stands in `abandoned.type` beside the kinds of value.
enum Abandoned {
    /// `id` is the number of a database's content that was flushed.
    static let space: Int64 = -1
    /// Rows that are removed at once with the key they hang off.
    static let atOnce = 256
    /// Rows removed in one step.
    static let step = 4096
}

extension ChangeApplier {
    /// The rows of an id have lost their key.
    func abandon(_ id: Int64, _ kind: Schema.Kind) throws(PersistenceError) {
        pending.drop(id)
        listEnds[id] = nil
        facts[id] = nil
        var room = Abandoned.atOnce
        if try clear(id, kind, &room) { return }
        keys.abandon.bind(1, id)
        keys.abandon.bind(2, kind.rawValue)
        try keys.abandon.run()
        hasAbandoned = true
    }

    /// Removes rows of an id while there is room; whether all are gone.
    private func clear(
        _ id: Int64, _ kind: Schema.Kind, _ room: inout Int
    ) throws(PersistenceError) -> Bool {
        for statement in keys.clear[Int(kind.rawValue)] {
            if room <= 0 { return false }
            statement.bind(1, id)
            statement.bind(2, room)
            try statement.run()
            room -= statement.changes
        }
        return room > 0
    }

    /// Removes a bounded number of abandoned rows; nothing may wait in slots.
    func sweep() throws(PersistenceError) {
        if !hasAbandoned { return }
        var room = Abandoned.step
        while room > 0 {
            guard try keys.nextAbandoned.step() else {
                hasAbandoned = false
                return
            }
            let id = keys.nextAbandoned.integer(0)
            let type = keys.nextAbandoned.integer(1)
            keys.nextAbandoned.reset()
            let isGone =
                type == Abandoned.space
                ? try sweepSpace(id, &room)
                : try clear(id, Schema.Kind(rawValue: type) ?? .string, &room)
            if !isGone { return }
            room -= 1
            keys.forgetAbandoned.bind(1, id)
            keys.forgetAbandoned.bind(2, type)
            try keys.forgetAbandoned.run()
        }
    }

    private func sweepSpace(_ space: Int64, _ room: inout Int) throws(PersistenceError) -> Bool {
        var names: [[UInt8]] = []
        keys.spaceKeys.bind(1, space)
        keys.spaceKeys.bind(2, room)
        while try keys.spaceKeys.step() { names.append(keys.spaceKeys.bytes(0).array) }
        for name in names {
            let result = name.withByteView { view -> Result<Void, PersistenceError> in
                do throws(PersistenceError) {
                    return .success(try remove(KeyName(space: space, key: view)))
                } catch {
                    return .failure(error)
                }
            }
            try result.get()
        }
        room -= names.count
        return room > 0
    }
}
