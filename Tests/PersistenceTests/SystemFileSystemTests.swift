/// The production disk and the production threads.
import Bytes
import Persistence
import TestSupport
import Testing

@Suite("System file system")
struct SystemFileSystemTests {
    private let disk = SystemFileSystem()

    @Test("appends, cuts, reads and replaces as a disk does")
    func files() throws {
        let folder = try TemporaryDirectory()
        let path = folder.path + "/file"
        let file = try disk.open(path, .create)
        try file.writeAll(Array("hello world".utf8))
        try file.truncate(to: 5)
        try file.writeAll(Array("!".utf8))
        try file.sync()
        #expect(try file.size() == 6)
        let window = ByteWriter()
        #expect(try file.read(100, at: 1, into: window) == 5)
        #expect(window.array == Array("ello!".utf8))
        file.close()
        try disk.replace("other", in: folder.path, with: [1, 2, 3])
        #expect(try disk.contents(of: folder.path + "/other", limit: 10) == [1, 2, 3])
        #expect(try disk.list(folder.path) == ["file", "other"])
        try disk.rename(path, to: folder.path + "/moved")
        try disk.unlink(folder.path + "/other")
        try disk.syncDirectory(folder.path)
        #expect(try disk.list(folder.path) == ["moved"])
        #expect(try disk.status(folder.path + "/moved")?.size == 6)
        #expect(try disk.status(folder.path)?.isDirectory == true)
        #expect(try disk.status(path) == nil)
        #expect(try disk.list(folder.path + "/nowhere") == [])
    }

    @Test("an error names the path and carries the system's number")
    func errors() throws {
        let folder = try TemporaryDirectory()
        #expect {
            _ = try disk.open(folder.path + "/absent", .read)
        } throws: { error in
            guard let error = error as? PersistenceError else { return false }
            return error.errno == 2 && error.path == folder.path + "/absent"
                && error.description.hasSuffix("No such file or directory")
        }
        #expect {
            _ = try disk.contents(of: folder.path + "/big", limit: 2)
            try disk.writeSynced(folder.path + "/big", [1, 2, 3])
            _ = try disk.contents(of: folder.path + "/big", limit: 2)
        } throws: { error in
            (error as? PersistenceError)?.code == .corrupt
        }
    }
}

@Suite("Lane runner")
struct LaneRunnerTests {
    @Test("work finishes in order within a lane, on the engine's thread")
    func order() {
        let runner = LaneRunner { _ in }
        var finished: [Int] = []
        for number in 0..<50 {
            runner.run(on: number % 2 == 0 ? .sync : .checkpoint) {
                number * 10
            } finish: {
                finished.append($0)
            }
        }
        runner.later { finished.append(-1) }
        runner.drain()
        #expect(finished.filter { $0 % 20 == 0 } == (0..<25).map { $0 * 20 })
        #expect(finished.count == 51)
        runner.drain()
        #expect(finished.count == 51)
    }

    @Test("drain takes what a finish hands over, too")
    func nested() {
        let runner = LaneRunner { _ in }
        var steps = 0
        runner.run(on: .sync) {
        } finish: {
            steps += 1
            runner.run(on: .cleanup) {
            } finish: {
                steps += 1
            }
        }
        runner.drain()
        #expect(steps == 2)
    }
}
