/// The reader of logs on bytes that nobody wrote: it may refuse, it may cut, it may not crash or hang.
///
/// HOLDFAST_FUZZ sets the number of inputs, HOLDFAST_SEED the seed.
import Backends
import Persistence
import TestSupport
import Testing

@Suite("Fuzzing the reader")
struct ReaderFuzzTests {
    private let pieces: [[UInt8]] = [
        "*1\r\n", "*3\r\n$3\r\nSET\r\n", "$1\r\nk\r\n", "$5\r\nMULTI\r\n", "*1\r\n$4\r\nEXEC\r\n",
        "#TS:1700000000\r\n", "#HF1 g 1 1 32 0 0 0 0\r\n", "#HF1 f 1 1 0 0\r\n", "#\r\n", "\r\n",
        "*-1\r\n", "$-1\r\n", "*99999999999\r\n", "$9223372036854775807\r\n", "REDIS0011",
        "*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n", "\u{0}\u{0}\u{0}\u{0}", "file a seq 1 type i\n",
    ].map { Array($0.utf8) }

    private func mutate(_ bytes: [UInt8], _ random: inout SeededGenerator) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            let place = Int.random(in: 0...bytes.count, using: &random)
            switch Int.random(in: 0..<6, using: &random) {
            case 0 where place < bytes.count: bytes[place] = .random(in: 0...255, using: &random)
            case 1: bytes.removeSubrange(place..<min(bytes.count, place + 9))
            case 2: bytes.insert(contentsOf: pieces.randomElement(using: &random) ?? [], at: place)
            case 3: bytes.removeLast(bytes.count - place)
            case 4:
                let end = min(bytes.count, place + Int.random(in: 1...80, using: &random))
                bytes.insert(contentsOf: bytes[place..<end], at: place)
            default: bytes += [UInt8](repeating: 0, count: place % 70)
            }
        }
        return bytes
    }

    @Test("damaged logs of ours and of Redis's never crash the reader")
    func fuzz() throws {
        let seed = TestKnobs.seed
        var random = SeededGenerator(seed: seed)
        let samples = try [
            SampleLog(seed: 11).image, SampleLog(seed: 12, closes: false).image, Self.foreign,
        ]
        let count = TestKnobs.count("HOLDFAST_FUZZ", or: TestKnobs.isCampaign ? 300_000 : 6_000)
        var started = 0
        for _ in 0..<count {
            var image = samples.randomElement(using: &random) ?? DiskImage()
            let path = image.files.keys.sorted().randomElement(using: &random) ?? ""
            image.files[path] = DiskContent(mutate(image.files[path]?.bytes ?? [], &random))
            if case .started = start(image) { started += 1 }
        }
        print("reader fuzz: seed \(seed), \(count) inputs, \(started) started")
        #expect(started > 0)
    }

    private static var foreign: DiskImage {
        var image = DiskImage()
        image.folders = ["/data/appendonlydir"]
        let log =
            "#TS:1700000000\r\n*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n*1\r\n$5\r\nMULTI\r\n"
            + "*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\n1\r\n*1\r\n$4\r\nEXEC\r\n"
        let folder = "/data/appendonlydir/appendonly.aof"
        image.files[folder + ".1.incr.aof"] = DiskContent(Array(log.utf8))
        image.files[folder + ".manifest"] = DiskContent(
            Array("file appendonly.aof.1.incr.aof seq 1 type i\n".utf8))
        return image
    }
}
