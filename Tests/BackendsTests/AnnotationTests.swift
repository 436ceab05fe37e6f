/// The annotation lines, the manifest and the group writer, byte for byte.
import Bytes
import Digest
import Persistence
import Records
import TestSupport
import Testing

@testable import Backends

@Suite("Annotations")
struct AnnotationTests {
    private let salt = Salt(bits: 0x2_0000_0001)

    private func line(_ annotation: Annotation) -> [UInt8] {
        let out = ByteWriter()
        annotation.append(to: out, salt: salt)
        return out.array
    }

    private var samples: [Annotation] {
        [
            .increment(IncrementHeader(salt: salt, firstSequence: 1, durable: 0)),
            .base(BaseHeader(salt: salt, lastSequence: .max, timeMilliseconds: 1)),
            .group(
                GroupHeader(
                    firstSequence: 17, count: 3, payloadBytes: 4711,
                    timeMilliseconds: 1_700_000_000_000, durable: 16, payloadSum: 0xDEAD_BEEF)),
            .closing(ClosingMark(lastSequence: 19, timeMilliseconds: 1_700_000_000_001)),
            .digest(SnapshotMark(keys: 3, digest: Hash256(1, 0, .max, 0xABC))),
        ]
    }

    @Test("every kind reads back as it was written, and says how long it is")
    func roundTrip() {
        for sample in samples {
            let bytes = line(sample)
            (bytes + [42]).withByteView { view in
                let read = Annotation.parse(view, salt: salt)
                #expect(read?.line == sample)
                #expect(read?.length == bytes.count)
            }
        }
    }

    @Test("no line is longer than promised")
    func longest() {
        let worst = Annotation.group(
            GroupHeader(
                firstSequence: .max, count: .max, payloadBytes: Int(Int32.max) * 1024,
                timeMilliseconds: .max, durable: .max, payloadSum: .max))
        #expect(line(worst).count <= Annotation.maximumBytes)
    }

    @Test("any flipped bit makes a line invalid")
    func flips() {
        for sample in samples {
            let good = line(sample)
            for index in good.indices {
                for bit in 0..<8 {
                    var bytes = good
                    bytes[index] ^= 1 << bit
                    #expect(bytes.withByteView { Annotation.parse($0, salt: salt) } == nil)
                }
            }
        }
    }

    @Test("any prefix of a line is invalid")
    func prefixes() {
        for sample in samples {
            let good = line(sample)
            for count in good.indices {
                let part = Array(good[..<count])
                #expect(part.withByteView { Annotation.parse($0, salt: salt) } == nil)
            }
        }
    }

    @Test("a line of another file's salt is no line of this file")
    func otherSalt() {
        let group = line(samples[2])
        #expect(group.withByteView { Annotation.parse($0, salt: Salt(bits: 5)) } == nil)
    }
}

@Suite("Group writer")
struct GroupWriterTests {
    private let clock = SimClock()

    private func writer() -> GroupWriter {
        let writer = GroupWriter(clock: clock, salt: Salt(bits: 0x2_0000_0001), sequence: 0)
        writer.beginFile(salt: Salt(bits: 0x2_0000_0001))
        return writer
    }

    private func set(_ writer: GroupWriter, _ key: String, _ value: [UInt8], _ database: Int = 0) {
        [Array(key.utf8), value].withByteViews {
            writer.record(.set(key: $0[0], value: $0[1], deadline: nil), database: database)
        }
    }

    /// The groups of the writer's chunk: heads and payloads.
    private func groups(_ writer: GroupWriter) -> [(head: GroupHeader, payload: String)] {
        var found: [(head: GroupHeader, payload: String)] = []
        let all = writer.chunk.bytes.array
        var place = 0
        while place < all.count {
            let rest = Array(all[place...])
            let parsed = rest.withByteView { Annotation.parse($0, salt: writer.salt) }
            guard case .group(let head) = parsed?.line, let length = parsed?.length else {
                Issue.record("no group at \(place)")
                return found
            }
            let payload = Array(rest[length..<(length + head.payloadBytes)])
            #expect(CRC32C.checksum(payload, seed: writer.salt.payloadSeed) == head.payloadSum)
            found.append((head, String(decoding: payload, as: UTF8.self)))
            place += length + head.payloadBytes
        }
        return found
    }

    @Test("the worked example of FORMAT.md")
    func workedExample() {
        let writer = writer()
        writer.beginUnit()
        set(writer, "k", Array("v".utf8))
        writer.endUnit()
        writer.closeGroup()
        let found = groups(writer)
        #expect(found.count == 1)
        let head = LogFile.head(
            IncrementHeader(salt: writer.salt, firstSequence: 1, durable: 0))
        let lines = String(decoding: head.array + writer.chunk.bytes.array, as: UTF8.self)
            .split(separator: "\r\n")
        #expect(
            lines.prefix(2) == [
                "#HF1 f 200000001 1 0 4dfb6788",
                "#HF1 g 1 1 32 18bcfe56be8 0 8905a3b0 30f887f4",
            ])
        #expect(found.first?.head.payloadBytes == 0x32)
        #expect(
            found.first?.payload
                == "*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n")
    }

    @Test("a unit of several mutations stands between MULTI and EXEC, one alone doesn't")
    func units() {
        let writer = writer()
        writer.beginUnit()
        set(writer, "a", [49])
        set(writer, "b", [50], 2)
        writer.endUnit()
        writer.beginUnit()
        set(writer, "c", [51], 2)
        writer.endUnit()
        writer.beginUnit()
        writer.endUnit()
        writer.closeGroup()
        let payload = groups(writer).first?.payload ?? ""
        #expect(payload.hasPrefix("*1\r\n$5\r\nMULTI\r\n*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n"))
        #expect(
            payload.contains(
                "SELECT\r\n$1\r\n2\r\n*3\r\n$3\r\nSET\r\n$1\r\nb\r\n$1\r\n2\r\n*1\r\n$4\r\nEXEC\r\n"
            ))
        #expect(payload.hasSuffix("EXEC\r\n*3\r\n$3\r\nSET\r\n$1\r\nc\r\n$1\r\n3\r\n"))
        #expect(writer.sequence == 3)
    }

    @Test("a group has at most 64 KB but for one unit, and sequences go on across groups")
    func limits() {
        let writer = writer()
        let sizes = [30_000, 30_000, 30_000, 200_000, 10, 65_000, 600]
        for (index, size) in sizes.enumerated() {
            writer.beginUnit()
            set(writer, "k\(index)", [UInt8](repeating: 120, count: size))
            if index == 2 { set(writer, "more", [49]) }
            writer.endUnit()
        }
        writer.closeGroup()
        let found = groups(writer)
        var next: UInt64 = 1
        for group in found {
            #expect(group.head.firstSequence == next)
            next += group.head.count
            let isOneUnit = group.head.count == 1
            #expect(group.head.payloadBytes <= GroupWriter.groupLimit || isOneUnit)
            #expect(group.payload.contains("MULTI") == group.payload.contains("EXEC"))
        }
        #expect(next == 9)
        #expect(found.count > 3)
    }

    @Test("a time stamp stands before a group where the second has changed")
    func stamps() {
        let writer = writer()
        writer.writesTimestamps = true
        for _ in 0..<3 {
            writer.beginUnit()
            set(writer, "k", [49])
            writer.endUnit()
            writer.closeGroup()
            clock.advance(milliseconds: 500)
        }
        let text = String(decoding: writer.chunk.bytes.array, as: UTF8.self)
        #expect(text.split(separator: "#TS:").count == 2)
        #expect(text.hasPrefix("#TS:1700000001\r\n#HF1 g 1 1 "))
    }
}

@Suite("Manifest")
struct ManifestTests {
    private func parse(_ text: String) throws -> Manifest {
        try Manifest.parse(Array(text.utf8), path: "m")
    }

    @Test("what was written reads back, odd names included")
    func roundTrip() throws {
        var manifest = Manifest()
        manifest.base = Manifest.Entry(name: "a b\"\\\u{1}.base", number: 3, kind: .base, salt: 7)
        manifest.history = [
            Manifest.Entry(name: "h", number: 9, kind: .history, keptSince: 1_700_000_000)
        ]
        manifest.increments = [
            Manifest.Entry(name: "x.1.incr.aof", number: 1, kind: .increment, salt: .max),
            Manifest.Entry(name: "x.4.incr.aof", number: 4, kind: .increment),
        ]
        #expect(try Manifest.parse(manifest.serialized, path: "m") == manifest)
    }

    @Test("a manifest of Redis 8 with offsets is read, in any order of keys")
    func redis8() throws {
        let manifest = try parse(
            "# comment\nSEQ 1 TYPE b FILE base.rdb\n"
                + "file i.1 seq 1 type i startoffset 0 endoffset 88\n")
        #expect(!manifest.isOurs)
        #expect(manifest.chain.map(\.name) == ["base.rdb", "i.1"])
    }

    @Test(
        "what Redis refuses is refused with its words",
        arguments: [
            ("", "Found an empty AOF manifest"),
            ("file a seq 1 type b", "The AOF manifest file contains too long line"),
            ("\n", "Invalid AOF manifest file format"),
            ("file a seq 1\n", "Invalid AOF manifest file format"),
            ("file a seq 0 type b\n", "Invalid AOF manifest file format"),
            ("file a/b seq 1 type b\n", "File can't be a path, just a filename"),
            ("file a seq 1 type x\n", "Unknown AOF file type"),
            ("file a seq 1 type b\nfile b seq 2 type b\n", "Found duplicate base file information"),
            ("file a seq 2 type i\nfile b seq 2 type i\n", "Found a non-monotonic sequence number"),
        ])
    func refused(text: String, message: String) {
        #expect {
            _ = try parse(text)
        } throws: { error in
            (error as? PersistenceError)?.message == message
        }
    }
}
