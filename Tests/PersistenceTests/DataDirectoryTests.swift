/// Which files count: CURRENT, the files found, the configuration, in that order; and the lock.
import Persistence
import TestSupport
import Testing

@Suite("Data directory")
struct DataDirectoryTests {
    private func recogniser(_ engine: String, _ file: String) -> FileRecogniser {
        FileRecogniser(engine: engine, wayOut: "Use --backend \(engine)") {
            (disk, settings) throws(PersistenceError) in
            let path = settings.directory + "/" + file
            return try disk.status(path) == nil ? [] : [path]
        }
    }

    private var recognisers: [FileRecogniser] {
        [recogniser("aof", "log"), recogniser("rdb", "dump")]
    }

    private func choose(
        _ files: [String], _ name: String, isExplicit: Bool, current: String? = nil
    ) throws -> (engine: String, warnings: [String]) {
        var image = DiskImage()
        for file in files { image.files["/data/" + file] = DiskContent([1]) }
        let disk = SimDisk(image)
        if let current {
            try CurrentFile(engine: current, generation: 1).write(in: "/data", disk)
        }
        let directory = try DataDirectory(path: "/data", fileSystem: disk)
        var settings = BackendSettings()
        settings.directory = "/data"
        let engine = try directory.chooseEngine(
            EngineRequest(name: name, isExplicit: isExplicit), settings: settings,
            recognisers: recognisers)
        return (engine, directory.warnings)
    }

    @Test("an empty directory takes the engine that the configuration names")
    func empty() throws {
        #expect(try choose([], "rdb", isExplicit: false).engine == "rdb")
        #expect(try choose([], "aof", isExplicit: true).engine == "aof")
    }

    @Test("CURRENT wins over the directive, with a warning that says so")
    func currentWins() throws {
        let chosen = try choose(["log"], "rdb", isExplicit: true, current: "aof")
        #expect(chosen.engine == "aof")
        #expect(chosen.warnings.count == 1)
        let agreed = try choose(["log"], "rdb", isExplicit: false, current: "aof")
        #expect(agreed.engine == "aof")
        #expect(agreed.warnings.isEmpty)
    }

    @Test("a log counts before a dump, which is named in a warning")
    func precedence() throws {
        let chosen = try choose(["log", "dump"], "aof", isExplicit: false)
        #expect(chosen.engine == "aof")
        #expect(chosen.warnings.first?.contains("/data/dump") == true)
    }

    @Test("the start is refused where only another engine has files, and the way out is named")
    func conflict() {
        #expect {
            _ = try choose(["dump"], "aof", isExplicit: true)
        } throws: { error in
            guard let error = error as? PersistenceError else { return false }
            return error.code == .conflict && error.path == "/data/dump"
                && error.remedy?.contains("--backend rdb") == true
        }
    }

    @Test("a damaged CURRENT stops the start")
    func damagedCurrent() throws {
        let disk = SimDisk()
        try CurrentFile(engine: "aof", generation: 3).write(in: "/data", disk)
        #expect(
            try CurrentFile.read(in: "/data", disk) == CurrentFile(engine: "aof", generation: 3))
        var image = disk.live
        let good = image.files["/data/CURRENT"]?.bytes ?? []
        for index in good.indices {
            var bytes = good
            bytes[index] ^= 4
            image.files["/data/CURRENT"] = DiskContent(bytes)
            #expect {
                _ = try CurrentFile.read(in: "/data", SimDisk(image))
            } throws: { error in
                (error as? PersistenceError)?.code == .corrupt
            }
        }
    }

    @Test("a crash while CURRENT is written leaves the old one or the new one")
    func currentIsReplaced() throws {
        let disk = SimDisk()
        try CurrentFile(engine: "aof", generation: 1).write(in: "/data", disk)
        let second = SimDisk(disk.live)
        try CurrentFile(engine: "sqlite", generation: 2).write(in: "/data", second)
        var states = CrashStates(of: second, seed: 1)
        var seen: Set<Int> = []
        for event in second.events {
            states.advance(event)
            states.forEachState { image in
                do {
                    let found = try CurrentFile.read(in: "/data", SimDisk(image))
                    seen.insert(found?.generation ?? 0)
                } catch {
                    Issue.record("\(error)")
                }
            }
        }
        #expect(seen == [1, 2])
    }

    @Test("a directory that is in use can't be opened, and can be once it is free")
    func lock() throws {
        let folder = try TemporaryDirectory()
        let disk = SystemFileSystem()
        let first = try DataDirectory(path: folder.path, fileSystem: disk)
        #expect {
            _ = try DataDirectory(path: folder.path, fileSystem: disk)
        } throws: { error in
            (error as? PersistenceError)?.code == .locked
        }
        first.release()
        try DataDirectory(path: folder.path, fileSystem: disk).release()
    }
}
