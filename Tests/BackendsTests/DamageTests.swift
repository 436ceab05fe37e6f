/// Damage to a small log: every truncation point and every flipped bit.
///
/// Right is: the data is whole; or the start stops and names the place; or an unsynced tail was cut, the
/// report names the place, and the data is as it was after some earlier command.
import Backends
import Persistence
import Records
import TestSupport
import Testing

/// A log with everything in it, as a clean close leaves it.
struct SampleLog {
    let image: DiskImage
    let digests: [UInt64]

    /// - Parameter seed: the first to be tried; the first that makes a log of at most 3,000 bytes counts.
    init(seed: UInt64, closes: Bool = true) throws {
        for seed in seed... {
            var plan = SimulationPlan(seed: seed, policy: .always)
            plan.commands = 14
            plan.rewriteInterval = 6
            plan.closes = closes
            let simulation = try Simulation(plan)
            try simulation.run(appendOnlyFile)
            let live = simulation.disk.live
            if live.files.values.reduce(0, { $0 + $1.bytes.count }) <= 3000 {
                image = live
                digests = simulation.digests
                return
            }
        }
        throw Simulation.Stuck()
    }

    var whole: UInt64 { digests.last ?? 0 }
    var files: [String] { image.files.keys.sorted() }

    /// Where the groups of a file begin, its head at 0 included.
    func boundaries(_ path: String) -> [Int] {
        let bytes = image.files[path]?.bytes ?? []
        var places: [Int] = []
        var place = 0
        while place < bytes.count, bytes[place...].starts(with: Array("#HF1 ".utf8)),
            let end = bytes[place...].firstIndex(of: 10)
        {
            places.append(place)
            let words = bytes[place..<end].split(separator: 32)
            place = end + 1
            if words[1].first == UInt8(ascii: "g") {
                place += Int(String(decoding: words[4], as: UTF8.self), radix: 16) ?? 0
            }
        }
        return places
    }
}

/// What became of an attempt to start.
enum Start {
    case refused(PersistenceError)
    case started(digest: UInt64, RecoveryReport)
}

/// Starts the backend over an image.
func start(_ image: DiskImage, _ adjust: (inout BackendSettings) -> Void = { _ in }) -> Start {
    let disk = SimDisk(image)
    let runner = SimRunner(disk: disk)
    let environment = BackendEnvironment(
        fileSystem: disk, clock: SimClock(), runner: runner, log: .silent, progress: { _ in })
    var settings = BackendSettings()
    settings.directory = "/data"
    adjust(&settings)
    do {
        let backend = try appendOnlyFile(environment, settings)
        let target = NaiveTarget()
        let report = try backend.restore(into: target, progress: { _ in })
        try backend.start()
        runner.drain()
        return .started(digest: target.dataset.digest, report)
    } catch let error as PersistenceError {
        return .refused(error)
    } catch {
        return .refused(PersistenceError(.io, "\(error)"))
    }
}

@Suite("Damage")
struct DamageTests {
    /// Whether what happened is right for damage at `offset` of `path`; nil, or what is wrong.
    private func judge(
        _ outcome: Start, _ path: String, _ offset: Int, _ log: SampleLog
    ) -> String? {
        let bounds = log.boundaries(path)
        // A place is right when it is the group with the damage (a lost line makes it the one before).
        func isRight(_ place: Int?) -> Bool {
            guard let place, place <= offset else { return false }
            let end = bounds.first { $0 > place } ?? .max
            return offset < end || bounds.isEmpty || place == 0
        }
        switch outcome {
        case .refused(let error):
            if error.path == path && isRight(error.offset) { return nil }
            return "refused at the wrong place: \(error)"
        case .started(let digest, let report):
            if digest == log.whole { return nil }
            guard log.digests.contains(digest) else { return "other data than ever was" }
            if report.damages.contains(where: { $0.path == path && isRight($0.offset) }) {
                return nil
            }
            return "data lost without a report"
        }
    }

    @Test("every flipped bit is harmless or reported with its place", arguments: [true, false])
    func flips(closes: Bool) throws {
        let log = try SampleLog(seed: 3, closes: closes)
        var wrong: [String] = []
        var harmless = 0
        var total = 0
        for path in log.files {
            let good = log.image.files[path]?.bytes ?? []
            for index in good.indices {
                for bit in 0..<8 {
                    var bytes = good
                    bytes[index] ^= 1 << bit
                    var image = log.image
                    image.files[path] = DiskContent(bytes)
                    total += 1
                    let outcome = start(image)
                    if case .started(let digest, _) = outcome, digest == log.whole {
                        harmless += 1
                    }
                    if let reason = judge(outcome, path, index, log) {
                        wrong.append("\(path) byte \(index) bit \(bit): \(reason)")
                    }
                }
            }
        }
        print("bit flips: \(total), harmless \(harmless), wrong \(wrong.count)")
        #expect(wrong.prefix(5) == [])
    }

    @Test(
        "every truncation point leaves an earlier state or is reported", arguments: [true, false])
    func truncations(closes: Bool) throws {
        let log = try SampleLog(seed: 4, closes: closes)
        var wrong: [String] = []
        for path in log.files {
            let good = log.image.files[path]?.bytes ?? []
            let bounds = Set(log.boundaries(path))
            for size in 0..<good.count {
                var image = log.image
                image.files[path] = DiskContent(Array(good[..<size]))
                let outcome = start(image)
                // At a border of groups nothing tells that there was more, unless a mark does.
                if bounds.contains(size), case .started(let digest, _) = outcome,
                    log.digests.contains(digest)
                {
                    continue
                }
                if let reason = judge(outcome, path, size, log) {
                    wrong.append("\(path) cut at \(size): \(reason)")
                }
            }
        }
        #expect(wrong.prefix(5) == [])
    }

    @Test("a NUL tail is cut and reported")
    func nulTail() throws {
        let log = try SampleLog(seed: 5, closes: false)
        let path = try #require(log.files.last { $0.hasSuffix(".incr.aof") })
        var image = log.image
        let good = image.files[path]?.bytes ?? []
        image.files[path] = DiskContent(good + [UInt8](repeating: 0, count: 3000))
        guard case .started(let digest, let report) = start(image) else {
            Issue.record("no start")
            return
        }
        #expect(digest == log.whole)
        #expect(report.damages.map(\.offset) == [good.count])
        #expect(report.damages.map(\.length) == [3000])
    }

    @Test("a torn tail stops the start where aof-load-truncated is no")
    func tornTailRefused() throws {
        let log = try SampleLog(seed: 5, closes: false)
        let path = try #require(log.files.last { $0.hasSuffix(".incr.aof") })
        var image = log.image
        let good = image.files[path]?.bytes ?? []
        image.files[path] = DiskContent(Array(good.dropLast()))
        guard case .refused(let error) = start(image, { $0.loadsTruncated = false }) else {
            Issue.record("it started")
            return
        }
        #expect(error.code == .tornTail)
        #expect(error.message.hasPrefix("Unexpected end of file reading the append only file"))
    }

    @Test("a file that the manifest names but isn't there stops the start and is named")
    func missingFile() throws {
        let log = try SampleLog(seed: 5)
        for path in log.files where path.hasSuffix(".aof") {
            var image = log.image
            image.files[path] = nil
            guard case .refused(let error) = start(image) else {
                Issue.record("it started without \(path)")
                continue
            }
            #expect(error.path == path)
        }
    }

    @Test("all files gone but CURRENT stops the start")
    func allGone() throws {
        let log = try SampleLog(seed: 5)
        var image = log.image
        for path in log.files where path.contains("appendonlydir") { image.files[path] = nil }
        guard case .refused(let error) = start(image) else {
            Issue.record("it started empty")
            return
        }
        #expect(error.code == .conflict)
    }
}
