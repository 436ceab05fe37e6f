/// Files of whole datasets in every format: what is written is what is read, and nothing else gets a name.
import Backends
import Bytes
import Digest
import Engine
import Persistence
import Records
import TestSupport
import Testing

#if canImport(Glibc)
import Glibc
#endif

@Suite("Snapshot library")
struct SnapshotLibraryTests {
    private static let names = SnapshotLibrary.formats.map(\.name)

    @Test("there is a file format for every backend that keeps data")
    func formats() {
        let keeping = BackendCatalog.all.filter {
            !$0.descriptor.abilities.isDisjoint(with: [.journal, .snapshots])
        }
        #expect(Set(Self.names) == Set(keeping.map(\.descriptor.name)))
        for format in SnapshotLibrary.formats {
            for suffix in format.fileExtensions {
                #expect(SnapshotLibrary.format(forFile: "/a.b/c.\(suffix)")?.name == format.name)
                #expect(
                    SnapshotLibrary.format(forFile: "X.\(suffix.uppercased())")?.name == format.name
                )
            }
        }
        #expect(SnapshotLibrary.format(forFile: "rdb") == nil)
        #expect(SnapshotLibrary.format(forFile: ".rdb") == nil)
        #expect(SnapshotLibrary.format(forFile: "/a.rdb/b") == nil)
    }

    @Test("every type comes back from every format, with one digest", arguments: names)
    func everything(name: String) throws {
        let shelf = try Shelf(name)
        let data = Samples.everything()
        if shelf.format.isDigestedInMemory {
            // XSETID takes no entries-added beyond a signed number.
            data.put(Array("empty stream".utf8), nil, 0)
        }
        let written = try shelf.write(data)
        let view = NaiveFrozen(data, at: Samples.time)
        #expect(written.report == (try DatasetDigest.of(view)))
        // The name tells nothing: the content does.
        #expect(try SnapshotLibrary.detect(shelf.path).name == name)
        let source = SnapshotSource(path: shelf.path)
        let found = try SnapshotLibrary.digest(source, Shelf.sandbox)
        #expect(found.report == written.report)
        #expect(found.contents.digest == written.report.digest.root)
        #expect(found.contents.header.sequence == 77)
        let sandbox = Shelf.sandbox()
        let contents = try SnapshotLibrary.read(source, into: sandbox.target)
        #expect(contents.keys == data.keyCount)
        #expect(try DatasetDigest.of(sandbox.freeze(), at: .distantPast) == written.report)
        #expect(try SystemFileSystem().list(shelf.folder.path) == ["snapshot"])
    }

    @Test("one key is found by the formats that have an index, and it alone", arguments: names)
    func oneKey(name: String) throws {
        let shelf = try Shelf(name)
        let data = Samples.everything()
        data.put(Array("empty stream".utf8), nil, 0)
        data.put(Array("twice".utf8), NaiveEntry(value: .string([1])), 0)
        data.put(Array("twice".utf8), NaiveEntry(value: .string([2])), 7)
        _ = try shelf.write(data)
        let source = SnapshotSource(path: shelf.path)
        func find(_ key: [UInt8], _ database: Int?) throws -> NaiveDataset? {
            let target = NaiveTarget()
            let found = try shelf.format.find(key, database: database, source, into: target)
            return found ? target.dataset : nil
        }
        func report(_ data: NaiveDataset) throws -> DigestReport {
            try DatasetDigest.of(NaiveFrozen(data, at: .distantPast))
        }
        guard let both = try find(Array("twice".utf8), nil) else {
            #expect(!["compressed", "sqlite"].contains(name))
            return
        }
        #expect(both.keyCount == 2)
        #expect(try find(Array("not there".utf8), nil)?.keyCount == 0)
        for (number, entries) in data.databases.enumerated() {
            for (key, entry) in entries {
                let wanted = NaiveDataset()
                wanted.put(key, entry, number)
                let found = try #require(try find(key, number))
                #expect(try report(found) == report(wanted), "\(key.prefix(20))")
                #expect(try find(key, number + 1)?.entry(key, number) == nil)
            }
        }
    }

    @Test("nothing comes back as nothing", arguments: names)
    func empty(name: String) throws {
        let shelf = try Shelf(name)
        let written = try shelf.write(NaiveDataset())
        let found = try SnapshotLibrary.digest(
            SnapshotSource(path: shelf.path), as: shelf.format, Shelf.sandbox)
        #expect(found.report == written.report && found.contents.keys == 0)
    }

    @Test("what had expired when the view was frozen is left out", arguments: names)
    func expired(name: String) throws {
        let shelf = try Shelf(name)
        let data = NaiveDataset()
        let now = Samples.time.millisecondsSinceEpoch
        data.put([1], NaiveEntry(value: .string([1]), deadline: now - 1), 0)
        data.put([2], NaiveEntry(value: .string([2]), deadline: now + 1), 0)
        var hash = NaiveEntry(value: .hash([[1]: [1], [2]: [2]]))
        hash.fieldDeadlines[[1]] = now - 1
        data.put([3], hash, 0)
        #expect(try shelf.write(data).report.counts.keys == 2)
        let sandbox = Shelf.sandbox()
        _ = try SnapshotLibrary.read(SnapshotSource(path: shelf.path), into: sandbox.target)
        #expect(sandbox.target.keyCount == 2)
    }

    @Test("a byte flipped between write and verification leaves the old file", arguments: names)
    func flipped(name: String) throws {
        let shelf = try Shelf(name)
        let old = NaiveDataset()
        old.put([1], NaiveEntry(value: .string([1])), 0)
        let kept = try shelf.write(old).report
        let disk = MeddlingDisk()
        disk.meddle = { Self.flip($0) }
        let failure = #expect(throws: PersistenceError.self) {
            try shelf.write(Self.marked, disk)
        }
        #expect(failure?.code == .corrupt)
        #expect(failure?.message.contains("isn't what was written") == true)
        #expect(disk.flips > 0)
        let found = try SnapshotLibrary.digest(SnapshotSource(path: shelf.path), Shelf.sandbox)
        #expect(found.report == kept)
        #expect(try SystemFileSystem().list(shelf.folder.path) == ["snapshot"])
        // The same data on a disk that keeps what it is given.
        disk.meddle = { _ in false }
        _ = try shelf.write(Self.marked, disk)
    }

    @Test("a byte flipped later is found", arguments: names)
    func damaged(name: String) throws {
        let shelf = try Shelf(name)
        _ = try shelf.write(Self.marked)
        #expect(Self.flip(shelf.path))
        #expect(throws: PersistenceError.self) {
            try SnapshotLibrary.digest(
                SnapshotSource(path: shelf.path), as: shelf.format, Shelf.sandbox)
        }
    }

    @Test("a full disk leaves the old file and no other", arguments: names)
    func full(name: String) throws {
        guard let disk = try SmallDisk(sizeBytes: 4 << 20) else {
            print("SKIPPED: this process may not mount a small disk")
            return
        }
        let format = try #require(SnapshotLibrary.format(named: name))
        let path = disk.path + "/snapshot"
        let old = NaiveDataset()
        old.put([1], NaiveEntry(value: .string([1])), 0)
        let kept = try Shelf.write(old, format, path, SystemFileSystem()).report
        _ = try disk.fill(sparing: 300 << 10)
        let data = NaiveDataset()
        var random = SeededGenerator(seed: 1)
        for number in 0..<200 {
            let noise = (0..<5000).map { _ in UInt8.random(in: 0...255, using: &random) }
            data.put(Array("\(number)".utf8), NaiveEntry(value: .string(noise)), 0)
        }
        #expect(throws: PersistenceError.self) {
            try Shelf.write(data, format, path, SystemFileSystem())
        }
        #expect(try SystemFileSystem().list(disk.path) == ["filler", "snapshot"])
        let found = try SnapshotLibrary.digest(SnapshotSource(path: path), Shelf.sandbox)
        #expect(found.report == kept)
    }

    @Test("what is none of the formats is refused by name")
    func unknown() throws {
        let folder = try TemporaryDirectory()
        for bytes in [Array("hello world".utf8), [0, 1, 2], []] {
            let path = folder.path + "/file"
            try SystemFileSystem().writeSynced(path, bytes)
            let failure = #expect(throws: PersistenceError.self) {
                try SnapshotLibrary.detect(path)
            }
            #expect(failure?.code == .unsupportedFormat)
        }
    }

    /// Keys with a value that can be found in files that aren't deflated.
    static var marked: NaiveDataset {
        let data = NaiveDataset()
        for number in 0..<50 {
            data.put(
                Array("key\(number)".utf8),
                NaiveEntry(value: .string(Array("MARKER\(number)".utf8))),
                0)
        }
        return data
    }

    /// Changes a bit of a value, or in the middle of the file; false where the file is empty.
    static func flip(_ path: String) -> Bool {
        guard let file = unsafe fopen(path, "r+b") else { return false }
        defer { unsafe _ = fclose(file) }
        var bytes: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 65536)
        while true {
            let got = unsafe fread(&part, 1, part.count, file)
            if got == 0 { break }
            bytes += part[..<got]
        }
        if bytes.isEmpty { return false }
        let mark = Array("MARKER7".utf8)
        var place = bytes.count / 2
        if bytes.count >= mark.count {
            for start in 0...(bytes.count - mark.count)
            where Array(bytes[start..<(start + mark.count)]) == mark { place = start }
        }
        unsafe _ = fseek(file, place, SEEK_SET)
        unsafe _ = fputc(Int32(bytes[place] ^ 1), file)
        return true
    }
}

/// A folder with one file of a format.
private struct Shelf {
    let folder: TemporaryDirectory
    let format: any SnapshotFileFormat
    var path: String { folder.path + "/snapshot" }

    init(_ name: String) throws {
        folder = try TemporaryDirectory()
        format = try #require(SnapshotLibrary.format(named: name))
    }

    func write(
        _ data: NaiveDataset, _ disk: any FileSystem = SystemFileSystem()
    ) throws -> (report: DigestReport, bytes: Int) {
        try Self.write(data, format, path, disk)
    }

    static func write(
        _ data: NaiveDataset, _ format: any SnapshotFileFormat, _ path: String,
        _ disk: any FileSystem
    ) throws -> (report: DigestReport, bytes: Int) {
        let header = SnapshotHeader(
            version: "1.2.3", serverID: "me", sequence: 77, frozenAt: Samples.time)
        let task = SnapshotWriting(path: path, header: header, fileSystem: disk)
        return try SnapshotLibrary.write(
            NaiveFrozen(data, at: Samples.time), as: format, task, Self.sandbox)
    }

    static let sandbox: @Sendable () -> MigrationSandbox = {
        let engine = Engine(databases: 16, clock: SystemClock())
        return MigrationSandbox(target: engine.replayTarget(), freeze: { engine.freeze() })
    }
}

/// The system's disk, where somebody changes files as soon as they were written.
private final class MeddlingDisk: FileSystem, @unchecked Sendable {
    // BECAUSE: a test uses it on one thread.
    var meddle: (String) -> Bool = { _ in false }
    var flips = 0
    private let disk = SystemFileSystem()

    func open(_ path: String, _ mode: FileMode) throws(PersistenceError) -> any FileHandle {
        let file = try disk.open(path, mode)
        if mode == .read { return file }
        return MeddlingFile(file) { [self] in if meddle(path) { flips += 1 } }
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

private final class MeddlingFile: FileHandle, @unchecked Sendable {
    // BECAUSE: a test uses it on one thread.
    private let file: any FileHandle
    private let closed: () -> Void

    init(_ file: any FileHandle, _ closed: @escaping () -> Void) {
        self.file = file
        self.closed = closed
    }

    func write(_ bytes: ByteView) throws(PersistenceError) -> Int { try file.write(bytes) }
    func read(
        _ count: Int, at offset: Int, into window: ByteWriter
    ) throws(PersistenceError) -> Int { try file.read(count, at: offset, into: window) }
    func sync() throws(PersistenceError) { try file.sync() }
    func truncate(to size: Int) throws(PersistenceError) { try file.truncate(to: size) }
    func size() throws(PersistenceError) -> Int { try file.size() }
    func close() {
        file.close()
        closed()
    }
}
