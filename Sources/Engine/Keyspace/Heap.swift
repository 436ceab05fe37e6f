/// Who may still see a piece of memory: generations instead of reference counts.
///
/// Every segment, chunk and root carries the generation it was born in. Freezing a view answers the
/// current generation and begins the next; the view sees exactly what was born up to then. So the live side
/// may write a node in place when it was born after the newest live view, and copies it otherwise.
/// What the live side lets go of while a view may see it goes to the limbo, stamped with the
/// generation in which it died, and is freed when no view from before that generation lives.
///
/// Why not reference counts (`isKnownUniquelyReferenced`): copying a segment would touch its 64 entries,
/// 64 cache misses; here it is one memcpy of 600 bytes. And a background reader touches no counts.
///
/// INVARIANT 1: a node with `birth <= newestView` is never written by the live side.
/// INVARIANT 2: what is in the limbo is reachable from no live root.
/// INVARIANT 3: all but `release` runs on the engine's thread.
import Bytes
import Synchronization

/// Something that the live side let go of.
@safe
enum Remains {
    /// One entry, without the table it may lead to.
    case entry(Entry)
    /// A node of a table or tree, without what it points at.
    case node(UnsafeMutableRawPointer)
    /// The header of a nested value whose nodes live on under another header.
    case header(UnsafeMutableRawPointer)
    /// A whole table: header, nodes, entries, and what they lead to.
    case table(Table)
    /// A whole nested value.
    case nested(Nested, EntryKind)

    /// Frees it.
    func free() {
        switch self {
        case .entry(let entry): entry.free()
        case .node(let raw): unsafe raw.deallocate()
        case .header(let raw): unsafe raw.deallocate()
        case .table(let table): table.freeEverything()
        case .nested(let nested, let kind): nested.freeEverything(kind)
        }
    }
}

// BECAUSE: remains are reachable from nowhere else (Heap's invariant 2): whoever holds them owns them.
extension Remains: @unchecked Sendable {}

/// The memory of one keyspace: hash seed, generations, limbo, account.
final class Heap: @unchecked Sendable {
    // BECAUSE: only `released` is touched by other threads, behind its lock; see invariant 3.

    /// The hash of keys and fields, seeded for this process.
    let sip: SipHash

    /// What is born now carries this number.
    private(set) var current: UInt64 = 1
    /// The newest live view's generation; 0 where there is none.
    private(set) var newestView: UInt64 = 0
    private var views: [UInt64] = []

    private var limbo = Limbo()
    /// Beyond this size freeing costs the engine's thread too much: `dispose` does it elsewhere.
    private static let largeBytes = 64 << 10
    private let released = Mutex<[UInt64]>([])
    private let hasReleased = Atomic<Bool>(false)

    /// Bytes of the live side.
    var liveBytes = 0
    /// Bytes that only views hold.
    private(set) var frozenBytes = 0
    /// Bytes copied because a view was alive, since the start.
    var copiedBytes = 0
    /// Frees what has become free, on a thread of its choice.
    var dispose: (Garbage) -> Void = { $0.free() }

    /// A heap with a hash seed; a fixed one makes tests repeatable.
    init(sip: SipHash = .random()) { self.sip = sip }

    deinit {
        // The last view of a keyspace that is gone went: nobody else will free what it alone held.
        limbo.take(through: .max).free()
    }

    /// Whether a view is alive.
    @inline(__always)
    var hasViews: Bool { newestView != 0 }

    /// Begins a new generation; the answer is the view's.
    func freeze() -> UInt64 {
        let generation = current
        views.append(generation)
        newestView = generation
        current += 1
        return generation
    }

    /// A view of this generation is gone; any thread.
    func release(_ generation: UInt64) {
        released.withLock { $0.append(generation) }
        hasReleased.store(true, ordering: .releasing)
    }

    /// Lets go of something of the live side; it is freed now, or when no view sees it any more.
    ///
    /// - Parameter isPrivate: no view can see it, whatever views there are.
    func retire(_ remains: Remains, bytes: Int, isPrivate: Bool) {
        liveBytes -= bytes
        if isPrivate || newestView == 0 {
            if bytes > Heap.largeBytes {
                dispose(Garbage(remains, bytes: bytes))
            } else {
                remains.free()
            }
            return
        }
        frozenBytes += bytes
        limbo.append(Dead(remains: remains, bytes: bytes, diedIn: current))
    }

    /// Frees what views gone by now alone held; called between commands, cheap when nothing happened.
    @inline(__always)
    func collect() {
        if hasReleased.load(ordering: .acquiring) { collectNow() }
    }

    private func collectNow() {
        hasReleased.store(false, ordering: .relaxed)
        let gone = released.withLock { list in
            defer { list.removeAll() }
            return list
        }
        for generation in gone {
            if let index = views.firstIndex(of: generation) { views.remove(at: index) }
        }
        newestView = views.last ?? 0
        let garbage = limbo.take(through: views.first ?? .max)
        if garbage.isEmpty { return }
        frozenBytes -= garbage.bytes
        dispose(garbage)
    }
}
