/// PFADD key [element ...]
///
/// Shows elements to a HyperLogLog, which is made where absent. O(1) an element; a sparse one is searched from its
/// begin. Replies 1 where a register rose or the key was made, else 0.
/// Errors: WRONGTYPE, a string that is no HyperLogLog, a corrupt one (nothing is written then).
import Bytes
import RESP
import Records

enum PFAddCommand {
    static var spec: CommandSpec {
        CommandSpec(
            "pfadd", arity: -2, [.write, .denyoom, .fast], keys: [KeySpec(["RW", "insert"])],
            group: .hyperloglog, since: "2.8.9",
            summary: "Adds the specified elements to the specified HyperLogLog.",
            complexity: "O(1) to add every element.", syntax: "key [element [element ...]]"
        ) { engine, session, arguments, reply throws(CommandError) in
            let key = arguments[1]
            let elements = arguments.dropFirst(2)
            let hasChanged: Bool
            if let position = engine.locate(key, session) {
                let old = try engine.hyperLogLog(of: position.entry)
                hasChanged =
                    old.isDense
                    ? addDense(elements, to: old, key, position, engine, session)
                    : try addSparse(elements, to: old, key, position, engine, session)
            } else {
                try store(elements, from: 0, HyperLogLog.empty, key, nil, engine, session)
                hasChanged = true
            }
            if hasChanged { engine.notify(.string, "pfadd", key, session.database) }
            reply.integer(hasChanged ? 1 : 0)
        }
    }

    /// A sparse one is copied at the first element that changes it.
    private static func addSparse(
        _ elements: ByteViews, to old: HyperLogLog, _ key: ByteView, _ position: Position,
        _ engine: Engine, _ session: Session
    ) throws(CommandError) -> Bool {
        for index in 0..<elements.count {
            let (register, value) = HyperLogLogFormat.place(of: elements[index])
            guard let now = old.sparseRegister(register) else { throw .corruptHyperLogLog }
            if now >= value { continue }
            try store(elements, from: index, old.bytes.array, key, position, engine, session)
            return true
        }
        return false
    }

    private static func store(
        _ elements: ByteViews, from start: Int, _ bytes: [UInt8], _ key: ByteView,
        _ position: Position?, _ engine: Engine, _ session: Session
    ) throws(CommandError) {
        var editor = HyperLogLogEditor(
            bytes, limit: engine.settings.limits.sparseHyperLogLogBytes)
        for element in elements.dropFirst(start) {
            let (register, value) = HyperLogLogFormat.place(of: element)
            if editor.raise(register, to: value) == .corrupt { throw .corruptHyperLogLog }
        }
        editor.invalidateCache()
        engine.storeHyperLogLog(key, editor.bytes, at: position, session)
    }

    /// A dense one is written where it stands: two bytes an element, and the mark of the cache.
    private static func addDense(
        _ elements: ByteViews, to old: HyperLogLog, _ key: ByteView, _ position: Position,
        _ engine: Engine, _ session: Session
    ) -> Bool {
        var now = old
        var place = position
        var hasChanged = false
        for element in elements {
            let (register, value) = HyperLogLogFormat.place(of: element)
            if now.denseRegister(register) >= value { continue }
            var window = DenseWindow(now, register)
            window.value = value
            engine.moving.removeAll()
            window.write(to: engine.moving)
            engine.overwriteString(
                key, at: window.start, with: engine.moving.view, place, session)
            hasChanged = true
            (place, now) = relocate(key, engine, session) ?? (place, now)
        }
        if hasChanged && now.isCacheTrue {
            engine.moving.removeAll()
            engine.moving.append(now.bytes[HyperLogLogFormat.staleOffset] | 0x80)
            engine.overwriteString(
                key, at: HyperLogLogFormat.staleOffset, with: engine.moving.view, place, session)
        }
        return hasChanged
    }

    /// Where the string is after a write, which may have copied it.
    private static func relocate(
        _ key: ByteView, _ engine: Engine, _ session: Session
    ) -> (Position, HyperLogLog)? {
        guard let position = engine.locate(key, session),
            let now = HyperLogLog(position.entry.value)
        else { return nil }
        return (position, now)
    }
}

/// The one or two bytes of a dense HyperLogLog in which a register lies.
private struct DenseWindow {
    /// The first of them in the string.
    let start: Int
    private let shift: UInt16
    private var pair: UInt16

    init(_ log: HyperLogLog, _ register: Int) {
        let bit = register * 6
        start = HyperLogLogFormat.headerBytes + bit >> 3
        shift = UInt16(bit & 7)
        pair = UInt16(log.bytes[start])
        if spansTwo { pair |= UInt16(log.bytes[start + 1]) << 8 }
    }

    private var spansTwo: Bool { shift > 2 }

    /// What the register holds.
    var value: UInt8 {
        get { UInt8(pair >> shift & 63) }
        set { pair = pair & ~(63 << shift) | UInt16(newValue) << shift }
    }

    /// Appends the bytes.
    func write(to out: ByteWriter) {
        out.append(UInt8(truncatingIfNeeded: pair))
        if spansTwo { out.append(UInt8(truncatingIfNeeded: pair >> 8)) }
    }
}
