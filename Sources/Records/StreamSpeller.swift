/// The mutations that make a frozen stream from nothing.
///
/// An entry may be pending that is in the stream no more. A claim of it would be refused when it is replayed, here as
/// by Redis; so such an entry is added, claimed, and taken out again: by a trim where it is older than all others,
/// which leaves no trace, else by a deletion, whose trace the figures at the end put right.
import Bytes

/// Spells streams; see the file's header.
struct StreamSpeller {
    private let stream: any FrozenStream
    private let key: ByteView
    private let emit: (Mutation) throws -> Void
    /// Ids that are pending and not in the stream, by rising id.
    private let absent: [StreamID]

    /// Hands the mutations that make `stream` to `emit`, in order.
    static func spell(
        _ stream: any FrozenStream, _ key: ByteView, _ emit: (Mutation) throws -> Void
    ) throws {
        try withoutActuallyEscaping(emit) { emit in
            let speller = try StreamSpeller(
                stream: stream, key: key, emit: emit, absent: absentIDs(stream))
            try speller.spell()
        }
    }

    private static func absentIDs(_ stream: any FrozenStream) throws -> [StreamID] {
        var pending: [StreamID] = []
        try stream.forEachGroup { group in
            pending.reserveCapacity(pending.count + group.pendingCount)
            try group.forEachPending { pending.append($0.id) }
        }
        if pending.isEmpty { return [] }
        pending.sort()
        let facts = stream.facts
        var absent: [StreamID] = []
        var next = 0
        func skip(to id: StreamID) {
            while next < pending.count, pending[next] < id {
                if absent.last != pending[next] { absent.append(pending[next]) }
                next += 1
            }
        }
        try stream.forEachEntry { id, _ in
            skip(to: id)
            while next < pending.count, pending[next] == id { next += 1 }
        }
        skip(to: .maximum)
        // Behind the last id of a stream with entries nothing can be added and taken out without a trace.
        return facts.length == 0 ? absent : absent.filter { $0 <= facts.last }
    }

    private func spell() throws {
        let facts = stream.facts
        try addEntries()
        var groups = 0
        try stream.forEachGroup { group in
            groups += 1
            try add(group)
        }
        if facts.length == 0 && absent.isEmpty && groups == 0 {
            // A group makes the stream, and goes.
            let name = ByteView("-")
            try emit(
                .stream(key: key, change: .createGroup(name: name, last: .minimum, entriesRead: -1))
            )
            try emit(.stream(key: key, change: .destroyGroup(name: name)))
        }
        try removeAbsent(facts)
        try emit(
            .stream(
                key: key,
                change: .setID(
                    last: facts.last, entriesAdded: facts.entriesAdded,
                    maximumDeleted: facts.maximumDeleted)))
    }

    private func addEntries() throws {
        var next = 0
        func addAbsent(before id: StreamID?) throws {
            while next < absent.count, id.map({ absent[next] < $0 }) ?? true {
                try ByteView("-").withPairedView(ByteView("-")) {
                    try emit(.stream(key: key, change: .add(id: absent[next], fields: $0)))
                }
                next += 1
            }
        }
        try stream.forEachEntry { id, fields in
            try addAbsent(before: id)
            try emit(.stream(key: key, change: .add(id: id, fields: fields)))
        }
        try addAbsent(before: nil)
    }

    private func add(_ group: any FrozenStreamGroup) throws {
        try emit(
            .stream(
                key: key,
                change: .createGroup(
                    name: group.name, last: group.last, entriesRead: group.entriesRead)))
        try group.forEachConsumer {
            try emit(
                .stream(key: key, change: .createConsumer(group: group.name, name: $0.name)))
        }
        try group.forEachPending {
            try emit(
                .stream(
                    key: key,
                    change: .claim(
                        group: group.name, consumer: $0.consumer, id: $0.id, time: $0.time,
                        count: $0.count, last: group.last)))
        }
    }

    private func removeAbsent(_ facts: StreamFacts) throws {
        if absent.isEmpty { return }
        let oldest = facts.length == 0 ? absent.count : absent.count { $0 < facts.first }
        var start = oldest
        while start < absent.count {
            let end = min(start + MutationSpeller.itemsPerMutation, absent.count)
            try emit(.stream(key: key, change: .delete(ids: Array(absent[start..<end]))))
            start = end
        }
        if oldest > 0 {
            try emit(
                .stream(key: key, change: .trimOldest(count: oldest, length: facts.length)))
        }
    }
}
