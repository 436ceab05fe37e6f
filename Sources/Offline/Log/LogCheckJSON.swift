/// The report of a check for programs.
import Backends
import Persistence

extension LogCheckReport {
    /// The report as a document.
    public var json: JSONValue {
        .object([
            ("path", .string(source.path)), ("status", .integer(Int(status.rawValue))),
            ("replayed", .bool(isReplayed)),
            ("holdfast", Self.json(holdfast, isReplayed: isReplayed)),
            ("redis", Self.json(redis)),
            ("readableBytesCut", .integer(readableBytesCut)),
            ("files", .array(scan.parts.map(Self.json))),
            ("orphans", .array(source.orphans.map { .string($0) })),
            ("temporaries", .array(source.temporaries.map { .string($0) })),
            ("warnings", .array(warnings.map { .string($0) })),
        ])
    }

    private static func json(_ verdict: ServerVerdict, isReplayed: Bool) -> JSONValue {
        .object([
            ("outcome", .string(verdict.outcome.rawValue)), ("message", .string(verdict.message)),
            ("path", .text(verdict.path)), ("offset", number(verdict.offset)),
            ("cutBytes", .integer(verdict.cutBytes)), ("foundData", .bool(verdict.foundData)),
            ("commands", .integer(verdict.commands)),
            ("keys", isReplayed ? .integer(verdict.keys) : .null),
            ("sequence", number(verdict.sequence)),
        ])
    }

    private static func json(_ verdict: RedisVerdict) -> JSONValue {
        .object([
            ("outcome", .string(verdict.outcome.rawValue)), ("message", .string(verdict.message)),
            ("cutBytes", .integer(verdict.cutBytes)), ("ignoresData", .bool(verdict.ignoresData)),
        ])
    }

    private static func json(_ part: PartFinding) -> JSONValue {
        .object([
            ("name", .string(part.part.name)), ("path", .string(part.part.path)),
            ("role", .string(part.part.role.rawValue)), ("kind", .string(part.kind.rawValue)),
            ("size", .integer(part.size)), ("groups", .integer(part.groups)),
            ("records", .integer(part.records)), ("snapshotKeys", .integer(part.snapshotKeys)),
            ("firstSequence", number(part.firstSequence)),
            ("lastSequence", number(part.lastSequence)),
            ("firstTime", number(part.firstTime)), ("lastTime", number(part.lastTime)),
            ("certainBytes", .integer(part.certainBytes)),
            ("plausibleBytes", .integer(part.plausibleBytes)),
            ("damagedBytes", .integer(part.damagedBytes)),
            ("regions", .array(part.regions.map(json))),
        ])
    }

    static func json(_ region: LogRegion) -> JSONValue {
        let keys = region.keys.sorted { $0.lexicographicallyPrecedes($1) }
        return .object([
            ("path", .string(region.path)), ("offset", .integer(region.offset)),
            ("length", .integer(region.length)), ("verdict", .string(region.verdict.rawValue)),
            ("reason", .string(region.reason)), ("isTail", .bool(region.isTail)),
            ("firstSequence", number(region.firstSequence)),
            ("lastSequence", number(region.lastSequence)),
            ("keys", .array(keys.map { .bytes($0) })),
            ("mayTouchOtherKeys", .bool(region.touchesOthers)),
            ("commands", .array(region.sweeping.sorted().map { .string($0) })),
        ])
    }

    static func number(_ value: Int?) -> JSONValue { value.map { .integer($0) } ?? .null }
    static func number(_ value: UInt64?) -> JSONValue {
        value.map { .integer(Int(clamping: $0)) } ?? .null
    }
}
