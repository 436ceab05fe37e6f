/// Which files make up a log: what the manifest says, or, where it can't be read, what the names say.
import Bytes
import Persistence

extension LogSource {
    mutating func fill(_ disk: any FileSystem) throws(PersistenceError) {
        switch shape {
        case .nothing: return
        case .file, .oldFile: parts = [single]
        case .withoutManifest: takeNames(try disk.list(places.directory))
        case .multiPart:
            try readManifest(disk)
            // An old single file on its way into the folder: the manifest names only it.
            if let old = try disk.status(places.oldFile), !old.isDirectory {
                try takeOldFile(disk)
            }
            try findOthers(disk)
        }
    }

    private var single: Part {
        Part(name: places.prefix, path: places.oldFile, role: .single, salt: nil, number: 1)
    }

    private mutating func readManifest(_ disk: any FileSystem) throws(PersistenceError) {
        let bytes: [UInt8]
        do throws(PersistenceError) {
            bytes = try disk.contents(of: places.manifest, limit: Manifest.maximumBytes) ?? []
            manifest = try Manifest.parse(bytes, path: places.manifest)
        } catch {
            if error.code == .io { throw error }
            manifestError = error
            takeNames(try disk.list(places.directory))
            return
        }
        parts = manifest.chain.map(part)
        history = manifest.history.map(part)
    }

    private func part(_ entry: Manifest.Entry) -> Part {
        let role: Part.Role =
            switch entry.kind {
            case .base: .base
            case .increment: .increment
            case .history: .history
            }
        return Part(
            name: entry.name, path: places.path(entry.name), role: role, salt: entry.salt,
            number: entry.number)
    }

    private mutating func takeOldFile(_ disk: any FileSystem) throws(PersistenceError) {
        if manifestError != nil { return }
        let isOnTheWay =
            parts.count == 1 && manifest.base?.name == places.prefix && history.isEmpty
        if !parts.isEmpty {
            if !isOnTheWay { return }
            if try disk.status(places.path(places.prefix)) != nil { return }
        }
        parts = [single]
    }

    /// The newest base by its name, and all increments.
    private mutating func takeNames(_ names: [String]) {
        let found = names.compactMap { name in PartName(name).map { (name, $0) } }
            .filter { $0.1.prefix == places.prefix }
        let base = found.filter(\.1.isBase).max { $0.1.number < $1.1.number }
        let increments = found.filter { !$0.1.isBase }.sorted { $0.1.number < $1.1.number }
        parts = ((base.map { [$0] } ?? []) + increments).map { name, words in
            Part(
                name: name, path: places.path(name), role: words.isBase ? .base : .increment,
                salt: nil, number: words.number)
        }
    }

    private mutating func findOthers(_ disk: any FileSystem) throws(PersistenceError) {
        let known = Set((parts + history).map(\.name) + [places.manifestName])
        for name in try disk.list(places.directory) where !known.contains(name) {
            if name.hasPrefix(LogPlaces.temporaryPrefix) {
                temporaries.append(name)
            } else if places.isOurs(name) {
                orphans.append(name)
            }
        }
    }

    /// The parts that are there.
    func presentParts(_ disk: any FileSystem) throws(PersistenceError) -> [(part: Part, size: Int)]
    {
        var present: [(part: Part, size: Int)] = []
        for part in parts {
            guard let status = try disk.status(part.path), !status.isDirectory else { continue }
            present.append((part, status.size))
        }
        return present
    }
}

extension LogSource {
    /// Bytes of the files in force.
    public func bytes(_ disk: any FileSystem) throws(PersistenceError) -> Int {
        try presentParts(disk).reduce(0) { $0 + $1.size }
    }
}

extension LogSource {
    /// Whether `path` is free for an output: nothing is there, or folders without a file, as a stopped run leaves them.
    ///
    /// - Throws: `.conflict` where it isn't, `.io`.
    static func checkFree(_ path: String, _ disk: any FileSystem) throws(PersistenceError) {
        guard let status = try disk.status(path) else { return }
        if status.isDirectory, try isBare(path, disk, depth: 2) { return }
        throw PersistenceError(.conflict, "The output exists already", path: path)
    }

    private static func isBare(
        _ path: String, _ disk: any FileSystem, depth: Int
    ) throws(PersistenceError) -> Bool {
        for name in try disk.list(path) {
            let inner = path + "/" + name
            guard depth > 0, try disk.status(inner)?.isDirectory == true,
                try isBare(inner, disk, depth: depth - 1)
            else { return false }
        }
        return true
    }
}
