/// Streams: entries, figures, groups with their consumers, in whatever order the members stand.
///
/// A sink wants entries, then figures, then groups; of a group its name and place before its consumers. What comes
/// too early is passed over and read when its turn is.
import Bytes
import Records

extension JSONValueReader {
    /// A member that was passed over, and where reading goes on behind the object.
    private struct Deferred {
        var place: Int?

        /// Reads what was passed over, and goes back behind the object.
        func read(_ reader: JSONReader, _ body: () throws -> Void) throws {
            guard let place else { return }
            let end = reader.offset
            try reader.seek(to: place)
            try body()
            try reader.seek(to: end)
        }
    }

    private struct StreamParts {
        var entries = Deferred()
        var groups = Deferred()
        var hasEntries = false
        var last: StreamID?
        var maximumDeleted: StreamID?
        var entriesAdded: UInt64?
        var length = 0
        var first = StreamID.minimum
        var highest = StreamID.minimum
    }

    func readStream(_ sink: any ValueSink) throws {
        let place = reader.offset
        var parts = StreamParts()
        var isFirst = true
        var hasGroups = false
        try sink.beginStream()
        try reader.take(0x7B)
        while try reader.hasNext(&isFirst, closing: 0x7D) {
            let member = reader.offset
            switch try reader.memberName() {
            case ByteView("entries") where !parts.hasEntries:
                parts.hasEntries = true
                try readEntries(sink, &parts)
            case ByteView("last_id") where parts.last == nil: parts.last = try reader.streamID()
            case ByteView("max_deleted_id") where parts.maximumDeleted == nil:
                parts.maximumDeleted = try reader.streamID()
            case ByteView("entries_added") where parts.entriesAdded == nil:
                parts.entriesAdded = try reader.unsigned()
            case ByteView("groups") where !hasGroups:
                hasGroups = true
                // The other members may stand behind: of those the sink has to hear first.
                parts.groups.place = reader.offset
                if try isComplete(parts, sink) {
                    parts.groups.place = nil
                    try readGroups(sink)
                } else {
                    try reader.skip()
                }
            default:
                throw reader.damaged(
                    "a stream has 'entries', 'last_id', 'max_deleted_id', 'entries_added', 'groups', "
                        + "each once", at: member)
            }
        }
        if hasGroups && parts.groups.place == nil { return }
        guard try isComplete(parts, sink) else {
            throw reader.damaged(
                "a stream needs 'entries', 'last_id', 'max_deleted_id' and 'entries_added'",
                at: place)
        }
        try parts.groups.read(reader) { try readGroups(sink) }
    }

    /// Tells the sink the figures if all are known.
    private func isComplete(_ parts: StreamParts, _ sink: any ValueSink) throws -> Bool {
        guard parts.hasEntries, let last = parts.last, let deleted = parts.maximumDeleted,
            let added = parts.entriesAdded
        else { return false }
        if last < parts.highest {
            throw reader.damaged("a stream whose 'last_id' is lower than that of its last entry")
        }
        try sink.streamFacts(
            StreamFacts(
                length: parts.length, last: last, first: parts.first, maximumDeleted: deleted,
                entriesAdded: added))
        return true
    }

    private func readEntries(_ sink: any ValueSink, _ parts: inout StreamParts) throws {
        var places: [Range<Int>] = []
        try forEachItem {
            let place = reader.offset
            try reader.take(0x5B)
            let id = try reader.streamID()
            guard id > parts.highest else {
                throw reader.damaged("an entry whose id is not above the one before", at: place)
            }
            try reader.take(0x2C)
            kept.removeAll(keepingUpTo: 1 << 20)
            places.removeAll(keepingCapacity: true)
            try forEachItem {
                let start = kept.count
                kept.append(try reader.bytes())
                places.append(start..<kept.count)
            }
            try reader.take(0x5D)
            guard !places.isEmpty, places.count % 2 == 0 else {
                throw reader.damaged("an entry needs fields, each with its value", at: place)
            }
            let bytes = kept.view
            try places.map { bytes[$0] }.withByteViews { try sink.entry(id, fields: $0) }
            if parts.length == 0 { parts.first = id }
            parts.length += 1
            parts.highest = id
        }
    }

    // MARK: Groups

    private func readGroups(_ sink: any ValueSink) throws {
        try forEachItem { try readGroup(sink) }
    }

    private func readGroup(_ sink: any ValueSink) throws {
        let place = reader.offset
        var name: [UInt8]?
        var last: StreamID?
        var read: Int64?
        var consumers = Deferred()
        var hasConsumers = false
        var isFirst = true

        func begin() throws -> Bool {
            guard let name, let last, let read else { return false }
            let isNew = try name.withByteView {
                try sink.beginGroup($0, last: last, entriesRead: read)
            }
            if !isNew { throw twice("a group", place) }
            return true
        }

        try reader.take(0x7B)
        while try reader.hasNext(&isFirst, closing: 0x7D) {
            let member = reader.offset
            switch try reader.memberName() {
            case ByteView("name") where name == nil: name = try reader.bytes().array
            case ByteView("last_id") where last == nil: last = try reader.streamID()
            case ByteView("entries_read") where read == nil:
                read = try reader.takeNull() ? -1 : try reader.integer()
            case ByteView("consumers") where !hasConsumers:
                hasConsumers = true
                if try begin() {
                    try readConsumers(sink)
                } else {
                    consumers.place = reader.offset
                    try reader.skip()
                }
            default:
                throw reader.damaged(
                    "a group has 'name', 'last_id', 'entries_read', 'consumers', each once",
                    at: member)
            }
        }
        if hasConsumers && consumers.place == nil { return }
        guard try begin() else {
            throw reader.damaged("a group needs 'name', 'last_id' and 'entries_read'", at: place)
        }
        try consumers.read(reader) { try readConsumers(sink) }
    }

    private func readConsumers(_ sink: any ValueSink) throws {
        try forEachItem { try readConsumer(sink) }
    }

    private func readConsumer(_ sink: any ValueSink) throws {
        let place = reader.offset
        var name: [UInt8]?
        var seen: Int64?
        var active: Int64?
        var pending = Deferred()
        var hasPending = false
        var isFirst = true

        func begin() throws {
            guard let name else { throw reader.damaged("a consumer needs a 'name'", at: place) }
            let isNew = try name.withByteView {
                try sink.consumer(
                    $0, seenTime: seen ?? reader.input.now.millisecondsSinceEpoch,
                    activeTime: active ?? -1)
            }
            if !isNew { throw twice("a consumer", place) }
        }

        try reader.take(0x7B)
        while try reader.hasNext(&isFirst, closing: 0x7D) {
            let member = reader.offset
            switch try reader.memberName() {
            case ByteView("name") where name == nil: name = try reader.bytes().array
            case ByteView("seen_ms") where seen == nil: seen = try reader.integer()
            case ByteView("active_ms") where active == nil: active = try reader.integer()
            case ByteView("pending") where !hasPending:
                hasPending = true
                if name != nil, seen != nil, active != nil {
                    try begin()
                    try readPending(sink)
                } else {
                    // The times may stand behind, or not at all.
                    pending.place = reader.offset
                    try reader.skip()
                }
            default:
                throw reader.damaged(
                    "a consumer has 'name', 'pending', and may have 'seen_ms' and 'active_ms', each "
                        + "once", at: member)
            }
        }
        if hasPending && pending.place == nil { return }
        try begin()
        try pending.read(reader) { try readPending(sink) }
    }

    private func readPending(_ sink: any ValueSink) throws {
        var highest: StreamID?
        try forEachItem {
            let place = reader.offset
            try reader.take(0x5B)
            let id = try reader.streamID()
            if let highest, id <= highest {
                throw reader.damaged("a pending id that is not above the one before", at: place)
            }
            highest = id
            try reader.take(0x2C)
            let time = try reader.integer()
            try reader.take(0x2C)
            let count = try reader.unsigned()
            try reader.take(0x5D)
            try sink.pending(id, time: time, count: count)
        }
    }
}
