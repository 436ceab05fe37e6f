/// Folders of snapshots: what may have a name there, what is known of a file, and how much room it is given.
import Backends
import Bytes
import Engine
import Persistence
import Records
import TestSupport
import Testing

#if canImport(Glibc)
import Glibc
#endif

@Suite("Folders of snapshots")
struct CatalogSnapshotsTests {
    private let folder: TemporaryDirectory
    private let store = CatalogSnapshots()
    private var path: String { folder.path + "/snapshots" }

    init() throws { folder = try TemporaryDirectory() }

    private let sandbox: @Sendable () -> MigrationSandbox = {
        let engine = Engine(databases: 16, clock: SystemClock())
        return MigrationSandbox(target: engine.replayTarget(), freeze: { engine.freeze() })
    }

    private func place(_ name: String) -> SnapshotPlace {
        SnapshotPlace(directory: path, name: name, settings: BackendSettings())
    }

    private func save(_ name: String, _ data: NaiveDataset) throws -> SnapshotFacts {
        var order = SnapshotOrder(place: place(name), format: store.format(ofFile: name))
        order.usedMemoryBytes = 4711
        return try store.save(
            NaiveFrozen(data, at: Samples.time), order, SnapshotActivity(), sandbox)
    }

    @Test("names that could lead out, hide or confuse are refused, wherever they come")
    func names() {
        let bad = [
            "", ".", "..", ".a", "a/b", "/a", "../a", "a/../b", "temp-a", "a\u{0}", "a\n",
            "a\u{7f}",
            "\u{FFFD}", String(repeating: "a", count: 241),
        ]
        for name in bad {
            #expect(throws: PersistenceError.self) { try SnapshotName.check(name) }
            #expect(throws: PersistenceError.self) { try save(name, NaiveDataset()) }
            #expect(throws: PersistenceError.self) { try store.look(place(name)) }
            #expect(throws: PersistenceError.self) { try store.remove([name], from: path) }
        }
        for name in ["a", "a.b", "a..b", "a b", "ü", "-a", String(repeating: "a", count: 240)] {
            #expect(throws: Never.self) { try SnapshotName.check(name) }
        }
    }

    @Test("a data directory takes no snapshots")
    func dataDirectory() throws {
        let disk = SystemFileSystem()
        try disk.makeDirectory(path)
        try disk.writeSynced(path + "/" + DataDirectory.lockName, [])
        let failure = #expect(throws: PersistenceError.self) {
            try save("dump.rdb", NaiveDataset())
        }
        #expect(failure?.code == .conflict)
        #expect(try disk.list(path) == [DataDirectory.lockName])
    }

    @Test("a listing knows what was saved, and of changed files only what it sees")
    func listing() throws {
        #expect(try store.list(path) == [])
        let data = Samples.random(seed: 1, units: 40)
        let first = try save("a.json", data)
        let second = try save("b.rdb", data)
        #expect(first.digest == second.digest && first.keys == data.keyCount)
        var listed = try store.list(path)
        #expect(listed.map(\.name) == ["a.json", "b.rdb"])
        #expect(listed.map(\.digest) == [first.digest, first.digest])
        #expect(listed.map(\.memoryBytes) == [4711, 4711])
        #expect(listed.map(\.format) == ["json", "rdb"])
        // A file that came from elsewhere, and one that is no snapshot.
        let disk = SystemFileSystem()
        let bytes = try #require(try disk.contents(of: path + "/b.rdb", limit: 1 << 20))
        try disk.writeSynced(path + "/c", bytes)
        try disk.writeSynced(path + "/d.json", Array("hello".utf8))
        try disk.writeSynced(path + "/a.json", Array("{}".utf8))
        listed = try store.list(path)
        #expect(listed.map(\.name) == ["a.json", "b.rdb", "c"])
        #expect(listed[0].digest == "" && listed[0].keys == nil)
        #expect(listed[2].format == "rdb" && listed[2].digest == "")
        let found = try store.verify(place("c"), SnapshotActivity(), sandbox)
        #expect(found.digest == first.digest && found.isDigestNamed)
        #expect(try store.list(path)[2].digest == first.digest)
        #expect(throws: PersistenceError.self) {
            try store.verify(place("a.json"), SnapshotActivity(), sandbox)
        }
        // Without its index a folder is what its files are.
        try disk.unlink(path + "/.snapshots")
        #expect(try store.list(path).map(\.digest) == ["", "", ""])
        try disk.writeSynced(path + "/.snapshots", Array("rubbish\n\t\t\n".utf8))
        #expect(try store.list(path).count == 3)
    }

    @Test("too little room is told with the figures before anything is written")
    func room() throws {
        let disk = FullDisk()
        let store = CatalogSnapshots(fileSystem: disk)
        var order = SnapshotOrder(place: place("a.json"), format: "json")
        order.usedMemoryBytes = 1_000_000
        let failure = #expect(throws: PersistenceError.self) { try store.prepare(order) }
        #expect(failure?.message.contains("2000000 bytes are needed, 1234567 are free") == true)
        order.usedMemoryBytes = 600_000
        #expect(throws: Never.self) { try store.prepare(order) }
        // What is read by executing it takes the data's memory again.
        for (name, needed) in [("a.json", 16_787_216), ("a.aof", 16_887_216)] {
            order = SnapshotOrder(place: place(name), format: store.format(ofFile: name))
            order.usedMemoryBytes = 100_000
            order.freeMemoryBytes = needed - 1
            let memory = #expect(throws: PersistenceError.self) { try store.prepare(order) }
            let figures = "\(needed) bytes are needed, \(needed - 1) are free"
            #expect(memory?.message.contains(figures) == true, "\(String(describing: memory))")
            order.freeMemoryBytes = needed
            #expect(throws: Never.self) { try store.prepare(order) }
        }
        #expect(try SystemFileSystem().list(path) == [])
    }

    @Test("work that is given up leaves nothing", arguments: SnapshotLibrary.formats.map(\.name))
    func cancelled(name: String) throws {
        let activity = SnapshotActivity()
        activity.token.cancel()
        let order = SnapshotOrder(place: place("a"), format: name)
        #expect(throws: PersistenceError.self) {
            try store.save(
                NaiveFrozen(Samples.random(seed: 2, units: 20), at: Samples.time), order, activity,
                sandbox)
        }
        #expect(try SystemFileSystem().list(path) == [])
    }

    @Test("what killed processes left is removed an hour later")
    func remains() throws {
        _ = try save("a.json", NaiveDataset())
        let disk = SystemFileSystem()
        try disk.writeSynced(path + "/.temp-old.json", [1])
        _ = try save("b.json", NaiveDataset())
        #expect(try disk.list(path).contains(".temp-old.json"))
        let clock = SimClock()
        clock.advance(milliseconds: Int(Int32.max) * 1000)
        let later = CatalogSnapshots(fileSystem: disk, clock: clock)
        let order = SnapshotOrder(place: place("c.json"), format: "json")
        _ = try later.save(
            NaiveFrozen(NaiveDataset(), at: Samples.time), order, SnapshotActivity(), sandbox)
        #expect(try disk.list(path) == [".snapshots", "a.json", "b.json", "c.json"])
    }

    @Test("an unfinished file that leads elsewhere is not written through")
    func link() throws {
        let disk = SystemFileSystem()
        _ = try save("a.json", NaiveDataset())
        let target = folder.path + "/elsewhere"
        let made = unsafe symlink(target, path + "/.temp-b.json")
        #expect(made == 0)
        _ = try save("b.json", NaiveDataset())
        #expect(try disk.status(target) == nil)
    }

    @Test("a restored sandbox holds what was saved", arguments: SnapshotLibrary.formats.map(\.name))
    func load(name: String) throws {
        let data = Samples.random(seed: 3, units: 100)
        let order = SnapshotOrder(place: place("a"), format: name)
        let saved = try store.save(
            NaiveFrozen(data, at: Samples.time), order, SnapshotActivity(), sandbox)
        let fresh = sandbox()
        let found = try store.load(place("a"), SnapshotActivity(), into: fresh)
        #expect(found.digest == saved.digest && found.format == name)
        #expect(fresh.target.keyCount == data.keyCount)
    }
}

/// The system's disk with a known amount of room.
private final class FullDisk: FileSystem {
    private let disk = SystemFileSystem()

    func freeBytes(_ path: String) throws(PersistenceError) -> Int? { 1_234_567 }
    func open(_ path: String, _ mode: FileMode) throws(PersistenceError) -> any FileHandle {
        try disk.open(path, mode)
    }
    func rename(_ from: String, to: String) throws(PersistenceError) {
        try disk.rename(from, to: to)
    }
    func link(_ from: String, to: String) throws(PersistenceError) { try disk.link(from, to: to) }
    func unlink(_ path: String) throws(PersistenceError) { try disk.unlink(path) }
    func makeDirectory(_ path: String) throws(PersistenceError) { try disk.makeDirectory(path) }
    func syncDirectory(_ path: String) throws(PersistenceError) { try disk.syncDirectory(path) }
    func list(_ path: String) throws(PersistenceError) -> [String] { try disk.list(path) }
    func status(_ path: String) throws(PersistenceError) -> FileStatus? { try disk.status(path) }
    func lock(_ path: String) throws(PersistenceError) -> any FileLock { try disk.lock(path) }
}
