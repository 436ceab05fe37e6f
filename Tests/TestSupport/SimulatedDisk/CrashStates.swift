/// The states that a power cut may leave, by strict POSIX rules.
///
/// A file's content after the cut is one of: what was durable, the newest, a version between them, the
/// newest size with NUL where data never arrived (seen on real ext4), the last write torn at several places
/// with the rest missing or NUL, one dirty page lost, or one dirty page there and no other. The entries of a folder changed
/// since its last sync are there or not, each on its own (a rename is atomic, but may be lost).
///
/// A failed sync: what it had to cover never becomes durable by a later one, until it is cut away.
///
/// The walk is incremental: `advance` takes one event, `forEachState` tells what the power cut leaves there.

/// Walks over the events of a disk; see the file's header.
public struct CrashStates {
    private struct Object {
        var durable: [UInt8] = []
        /// Newer versions with the events that made them; the last is the newest.
        var versions: [(event: Int, content: [UInt8], written: Int)] = []
        var isDoomed = false

        var newest: [UInt8] { versions.last?.content ?? durable }
    }

    private struct Folder {
        var durable: [String: Int] = [:]
        var pending: [EntryChange] = []
    }

    private var objects: [Int: Object] = [:]
    private var folders: [Int: Folder] = [:]
    private var event = 0
    private var random: SeededGenerator
    private var cache: [Int: [DiskContent]] = [:]

    /// The states of `disk`, from its beginning.
    public init(of disk: SimDisk, seed: UInt64) {
        random = SeededGenerator(seed: seed)
        for object in disk.initial.folders { folders[object] = Folder() }
        for (object, bytes) in disk.initial.contents { objects[object] = Object(durable: bytes) }
        for (path, object) in disk.initial.names where object != 0 {
            let slash = path.lastIndex(of: "/") ?? path.startIndex
            guard let folder = disk.initial.names[String(path[..<slash])] else { continue }
            folders[folder]?.durable[String(path[path.index(after: slash)...])] = object
        }
    }

    /// Takes one event.
    public mutating func advance(_ change: DiskEvent) {
        switch change {
        case .write(let object, let bytes):
            let content = objects[object, default: Object()].newest + bytes
            objects[object, default: Object()].versions.append((event, content, bytes.count))
            cache[object] = nil
        case .truncate(let object, let size):
            truncate(object, size)
        case .entry(let folder, let entry):
            folders[folder, default: Folder()].pending.append(entry)
            guard let added = entry.added else { break }
            if entry.isFolder {
                folders[added.object] = Folder()
            } else if objects[added.object] == nil {
                objects[added.object] = Object()
            }
        case .sync(let object, let horizon, let begin):
            sync(object, horizon, begin)
        case .syncFailed(let object): objects[object]?.isDoomed = true
        case .syncFolder(let folder):
            guard var state = folders[folder] else { break }
            for change in state.pending { Self.apply(change, to: &state.durable) }
            state.pending = []
            folders[folder] = state
        case .note: break
        }
        event += 1
    }

    private mutating func truncate(_ object: Int, _ size: Int) {
        var state = objects[object, default: Object()]
        var content = state.newest
        if size <= content.count {
            content.removeLast(content.count - size)
        } else {
            content += [UInt8](repeating: 0, count: size - content.count)
        }
        // What a failed sync left in doubt is cut away.
        if size <= state.durable.count { state.isDoomed = false }
        state.versions.append((event, content, 0))
        objects[object] = state
        cache[object] = nil
    }

    private mutating func sync(_ object: Int, _ horizon: Int, _ begin: Int) {
        guard var state = objects[object], !state.isDoomed else { return }
        var covered = 0
        for version in state.versions {
            if version.event >= horizon && version.event < begin { break }
            covered += 1
        }
        if covered == 0 { return }
        state.durable = state.versions[covered - 1].content
        state.versions.removeFirst(covered)
        objects[object] = state
        cache[object] = nil
    }

    private static func apply(_ change: EntryChange, to entries: inout [String: Int]) {
        if let removed = change.removed { entries[removed] = nil }
        if let added = change.added { entries[added.name] = added.object }
    }

    /// Hands every state that a cut here may leave to `visit`.
    public mutating func forEachState(_ visit: (DiskImage) -> Void) {
        var dimensions: [Dimension] = []
        var foldersNow: [Int: [String: Int]] = [:]
        for (number, folder) in folders.sorted(by: { $0.key < $1.key }) {
            foldersNow[number] = folder.durable
            if !folder.pending.isEmpty {
                dimensions.append(.folder(number, Self.variants(folder)))
            }
        }
        let pending = objects.filter { !$0.value.versions.isEmpty }
        for (number, object) in pending.sorted(by: { $0.key < $1.key }) {
            dimensions.append(.object(number, contents(number, object)))
        }
        let total = dimensions.reduce(1) { $0 > 64 ? $0 : $0 * $1.count }
        if total <= 64 {
            for index in 0..<total {
                var rest = index
                let choice = dimensions.map { dimension -> Int in
                    defer { rest /= dimension.count }
                    return rest % dimension.count
                }
                visit(image(dimensions, choice, foldersNow))
            }
            return
        }
        // Variant 0 is "durable", variant 1 "newest".
        for anchor in 0...1 {
            for index in dimensions.indices {
                for variant in 0..<dimensions[index].count {
                    var choice = dimensions.map { min(anchor, $0.count - 1) }
                    choice[index] = variant
                    visit(image(dimensions, choice, foldersNow))
                }
            }
        }
        for _ in 0..<16 {
            let choice = dimensions.map { Int.random(in: 0..<$0.count, using: &random) }
            visit(image(dimensions, choice, foldersNow))
        }
    }

    /// What the running system sees: what a killed process leaves.
    public func newest() -> DiskImage {
        var entries: [Int: [String: Int]] = [:]
        for (number, folder) in folders {
            var now = folder.durable
            for change in folder.pending { Self.apply(change, to: &now) }
            entries[number] = now
        }
        let chosen = objects.filter { !$0.value.versions.isEmpty }
            .mapValues { DiskContent($0.newest) }
        var result = DiskImage()
        fill(&result, 0, "/data", entries, chosen)
        return result
    }

    private enum Dimension {
        case folder(Int, [[String: Int]])
        case object(Int, [DiskContent])

        var count: Int {
            switch self {
            case .folder(_, let variants): variants.count
            case .object(_, let variants): variants.count
            }
        }
    }

    private func image(
        _ dimensions: [Dimension], _ choice: [Int], _ durableFolders: [Int: [String: Int]]
    ) -> DiskImage {
        var entries = durableFolders
        var chosen: [Int: DiskContent] = [:]
        for (dimension, variant) in zip(dimensions, choice) {
            switch dimension {
            case .folder(let number, let variants): entries[number] = variants[variant]
            case .object(let number, let variants): chosen[number] = variants[variant]
            }
        }
        var result = DiskImage()
        fill(&result, 0, "/data", entries, chosen)
        return result
    }

    private func fill(
        _ image: inout DiskImage, _ folder: Int, _ path: String, _ entries: [Int: [String: Int]],
        _ chosen: [Int: DiskContent]
    ) {
        for (name, object) in entries[folder] ?? [:] {
            let full = path + "/" + name
            if folders[object] != nil {
                image.folders.insert(full)
                fill(&image, object, full, entries, chosen)
            } else {
                image.files[full] = chosen[object] ?? DiskContent(objects[object]?.durable ?? [])
            }
        }
    }

    private static func variants(_ folder: Folder) -> [[String: Int]] {
        let pending = folder.pending
        var selections: [[Int]] = []
        if pending.count <= 6 {
            // Nothing first, everything second: see `forEachState`.
            let all = (1 << pending.count) - 1
            let masks = [0, all] + Array(1..<max(1, all))
            selections = masks.map { mask in pending.indices.filter { mask >> $0 & 1 == 1 } }
        } else {
            selections = [[], Array(pending.indices)]
            for index in pending.indices {
                selections.append(Array(0..<index))
                selections.append([index])
                selections.append(pending.indices.filter { $0 != index })
            }
        }
        return selections.map { selection in
            var entries = folder.durable
            for index in selection { apply(pending[index], to: &entries) }
            return entries
        }
    }

    private mutating func contents(_ number: Int, _ object: Object) -> [DiskContent] {
        if let known = cache[number] { return known }
        var variants: [[UInt8]] = [object.durable, object.newest]
        variants += between(object)
        variants += torn(object)
        variants += pages(object)
        var seen: Set<Int> = []
        var result: [DiskContent] = []
        for variant in variants {
            let content = DiskContent(variant)
            // The two anchors keep their places even where they are equal.
            if seen.insert(content.hash).inserted || result.count < 2 { result.append(content) }
        }
        cache[number] = result
        return result
    }

    private mutating func between(_ object: Object) -> [[UInt8]] {
        let count = object.versions.count
        if count <= 1 { return [] }
        var picks: Set<Int> = [0, max(0, count - 2), max(0, count - 3)]
        for _ in 0..<2 { picks.insert(Int.random(in: 0..<count, using: &random)) }
        return picks.sorted().map { object.versions[$0].content }
    }

    private func torn(_ object: Object) -> [[UInt8]] {
        guard let last = object.versions.last else { return [] }
        let newest = last.content
        var result: [[UInt8]] = []
        if newest.count > object.durable.count {
            result.append(
                object.durable
                    + [UInt8](repeating: 0, count: newest.count - object.durable.count))
        }
        if last.written == 0 { return result }
        let start = newest.count - last.written
        for part in [0, 1, last.written / 2, last.written - 1, 512, 4096]
        where part >= 0 && part < last.written {
            let kept = Array(newest[..<(start + part)])
            result.append(kept)
            result.append(kept + [UInt8](repeating: 0, count: last.written - part))
        }
        return result
    }

    private mutating func pages(_ object: Object) -> [[UInt8]] {
        let newest = object.newest
        let from = min(object.durable.count, newest.count)
        if newest.count <= from { return [] }
        let dirty = (from / 4096)...((newest.count - 1) / 4096)
        if dirty.count < 2 { return [] }
        var picks: Set<Int> = [dirty.lowerBound, dirty.upperBound]
        picks.insert(Int.random(in: dirty, using: &random))
        var result: [[UInt8]] = []
        for page in picks.sorted() {
            let range = max(from, page * 4096)..<min(newest.count, (page + 1) * 4096)
            var lost = newest
            for index in range { lost[index] = 0 }
            result.append(lost)
            var alone = Array(newest[..<from])
            alone += [UInt8](repeating: 0, count: newest.count - from)
            alone.replaceSubrange(range, with: newest[range])
            result.append(alone)
        }
        return result
    }
}
