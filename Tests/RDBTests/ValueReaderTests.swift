/// Bodies built by hand: the layouts that no server of today writes, and what no server would ever write.
import Bytes
import Records
import Testing

@testable import RDB

/// Composes bodies.
struct BodyBuilder {
    let output = RDBOutput(compresses: false)

    @discardableResult
    func count(_ value: Int) -> BodyBuilder {
        output.append(count: value)
        return self
    }

    @discardableResult
    func text(_ text: String) -> BodyBuilder { blob(Array(text.utf8)) }

    @discardableResult
    func blob(_ bytes: [UInt8]) -> BodyBuilder {
        bytes.withByteView { output.append(blob: $0) }
        return self
    }

    @discardableResult
    func raw(_ bytes: [UInt8]) -> BodyBuilder {
        output.buffer.append(bytes)
        return self
    }

    @discardableResult
    func number(_ value: Int64) -> BodyBuilder {
        output.append(littleEndian: value)
        return self
    }

    @discardableResult
    func double(_ value: Double) -> BodyBuilder {
        number(Int64(bitPattern: value.bitPattern))
    }

    var bytes: [UInt8] { output.buffer.array }

    /// A listpack of texts; those that spell integers become integers.
    static func listpack(_ texts: [String]) -> [UInt8] {
        var builder = ListpackBuilder()
        for text in texts { Array(text.utf8).withByteView { builder.append($0) } }
        return builder.finish().array
    }

    /// A ziplist of raw entries (encoding and data), each behind the size of the one before it.
    static func ziplist(_ entries: [[UInt8]], count: UInt16? = nil) -> [UInt8] {
        var body: [UInt8] = []
        var before = 0
        var tail = 10
        for entry in entries {
            tail = 10 + body.count
            let head: [UInt8] = before < 254 ? [UInt8(before)] : [254] + little(before, 4)
            body += head + entry
            before = head.count + entry.count
        }
        let count = count ?? UInt16(entries.count)
        return little(11 + body.count, 4) + little(tail, 4) + little(Int(count), 2) + body + [255]
    }

    static func little(_ value: Int, _ width: Int) -> [UInt8] {
        (0..<width).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
    }

    static func intset(_ width: Int, _ values: [Int]) -> [UInt8] {
        little(width, 4) + little(values.count, 4) + values.flatMap { little($0, width) }
    }
}

@Suite("Values of every layout")
struct ValueReaderTests {
    private func expectCorrupt(
        _ type: UInt8, _ body: BodyBuilder, _ location: SourceLocation = #_sourceLocation
    ) {
        do {
            let value = try ModelReading.body(type, body.bytes)
            Issue.record("was read as \(String(describing: value))", sourceLocation: location)
        } catch let error as RDBError {
            #expect(
                error.code == .corrupt && error.offset != nil, "\(error)", sourceLocation: location)
        } catch {
            Issue.record("\(error)", sourceLocation: location)
        }
    }

    private func texts(_ words: [String]) -> [[UInt8]] { words.map { Array($0.utf8) } }

    @Test("a ziplist's entries of every encoding are read")
    func ziplists() throws {
        let long = [UInt8](repeating: 97, count: 300)
        let entries: [[UInt8]] = [
            [2, 97, 98], [0x41, 44] + long, [0x80, 0, 0, 0, 1, 99], [0xC0, 0xFE, 0xFF],
            [0xD0, 0, 0, 0, 0x80], [0xE0, 1, 0, 0, 0, 0, 0, 0, 0x80], [0xF0, 0xFF, 0xFF, 0x7F],
            [0xFE, 0x80], [0xF1], [0xFD], [0],
        ]
        let expected =
            [[97, 98], long]
            + texts([
                "c", "-2", "-2147483648", "-9223372036854775807", "8388607", "-128", "0", "12", "",
            ])
        let body = BodyBuilder().blob(BodyBuilder.ziplist(entries))
        #expect(try ModelReading.body(10, body.bytes) == .list(expected))
        let uncounted = BodyBuilder().blob(BodyBuilder.ziplist(entries, count: 65535))
        #expect(try ModelReading.body(10, uncounted.bytes) == .list(expected))
        let nodes = BodyBuilder().count(2).blob(BodyBuilder.ziplist(entries))
            .blob(BodyBuilder.ziplist([[0xF3]]))
        #expect(try ModelReading.body(14, nodes.bytes) == .list(expected + texts(["2"])))
        expectCorrupt(10, BodyBuilder().blob(BodyBuilder.ziplist(entries, count: 3)))
        expectCorrupt(10, BodyBuilder().blob(BodyBuilder.ziplist([[0xFF]])))
        expectCorrupt(10, BodyBuilder().blob(BodyBuilder.ziplist([[0xC1]])))
        expectCorrupt(10, BodyBuilder().blob(BodyBuilder.ziplist([[5, 97]])))
        expectCorrupt(13, BodyBuilder().blob(BodyBuilder.ziplist([[0xF1]])))
        var wrongBefore = BodyBuilder.ziplist([[1, 97], [1, 98]])
        wrongBefore[13] = 9
        expectCorrupt(10, BodyBuilder().blob(wrongBefore))
    }

    @Test("a listpack's elements of every encoding are read")
    func listpacks() throws {
        let numbers: [Int64] = [
            0, 127, 128, -1, 4095, -4096, 4096, -4097, 32767, -32768, 32768, 8_388_607, -8_388_608,
            8_388_608, 2_147_483_647, -2_147_483_648, 2_147_483_648, .max, .min,
        ]
        let words =
            numbers.map { String($0) } + ["", "x", "-0", "01"]
            + [63, 64, 127, 4095, 4096, 20000].map { String(repeating: "y", count: $0) }
        let body = BodyBuilder().count(1).count(2).blob(BodyBuilder.listpack(words))
        #expect(try ModelReading.body(18, body.bytes) == .list(texts(words)))
        let packed = BodyBuilder.listpack(["a", "1"])
        for place in packed.indices {
            var damaged = packed
            damaged[place] = 0xF7
            let body = BodyBuilder().blob(damaged).bytes
            // The letter itself may be any other.
            if place == 7 { continue }
            #expect(throws: RDBError.self, "\(place)") { try ModelReading.body(16, body) }
        }
    }

    @Test("zipmaps and the first sorted sets are read")
    func old() throws {
        let zipmap: [UInt8] = [2, 1, 97, 1, 0, 98, 1, 99, 2, 3, 100, 101, 0, 0, 0, 255]
        let fields = [
            Array("a".utf8): ModelField(value: [98]),
            Array("c".utf8): ModelField(value: [100, 101]),
        ]
        #expect(try ModelReading.body(9, BodyBuilder().blob(zipmap).bytes) == .hash(fields))
        expectCorrupt(9, BodyBuilder().blob([1] + zipmap.dropFirst()))
        expectCorrupt(9, BodyBuilder().blob(zipmap.dropLast(2) + [255]))
        expectCorrupt(9, BodyBuilder().blob([1, 1, 97, 255]))
        let scores = BodyBuilder().count(4).text("a").raw([254]).text("b").raw([255])
            .text("c").raw([3] + Array("1.5".utf8)).text("d").raw([2] + Array("-0".utf8))
        #expect(
            try ModelReading.body(3, scores.bytes)
                == .sortedSet([[97]: .infinity, [98]: -.infinity, [99]: 1.5, [100]: 0]))
        expectCorrupt(3, BodyBuilder().count(1).text("a").raw([253]))
        expectCorrupt(3, BodyBuilder().count(1).text("a").raw([3] + Array("nan".utf8)))
        expectCorrupt(3, BodyBuilder().count(1).text("a").raw([2] + Array("1x".utf8)))
        expectCorrupt(3, BodyBuilder().count(1).text("a").raw([0]))
    }

    @Test("sets, sorted sets and hashes with duplicates are refused")
    func duplicates() {
        let pack = BodyBuilder.listpack
        expectCorrupt(2, BodyBuilder().count(2).text("a").text("a"))
        expectCorrupt(20, BodyBuilder().blob(pack(["a", "1", "a"])))
        expectCorrupt(4, BodyBuilder().count(2).text("a").text("1").text("a").text("2"))
        expectCorrupt(16, BodyBuilder().blob(pack(["a", "1", "a", "2"])))
        expectCorrupt(17, BodyBuilder().blob(pack(["a", "1", "a", "2"])))
        expectCorrupt(5, BodyBuilder().count(2).text("a").double(1).text("a").double(2))
        expectCorrupt(11, BodyBuilder().blob(BodyBuilder.intset(2, [1, 1])))
    }

    @Test("scores that are no number, odd counts and unsorted integers are refused")
    func nonsense() {
        let pack = BodyBuilder.listpack
        expectCorrupt(5, BodyBuilder().count(1).text("a").double(.nan))
        expectCorrupt(17, BodyBuilder().blob(pack(["a", "nan"])))
        expectCorrupt(17, BodyBuilder().blob(pack(["a", "x"])))
        expectCorrupt(17, BodyBuilder().blob(pack(["a"])))
        expectCorrupt(16, BodyBuilder().blob(pack(["a"])))
        expectCorrupt(11, BodyBuilder().blob(BodyBuilder.intset(4, [2, 1])))
        expectCorrupt(11, BodyBuilder().blob(BodyBuilder.intset(3, [1])))
        expectCorrupt(11, BodyBuilder().blob(BodyBuilder.intset(2, [])))
        expectCorrupt(11, BodyBuilder().blob(BodyBuilder.intset(2, [1]) + [0]))
        expectCorrupt(11, BodyBuilder().blob([2, 0, 0, 0, 255, 255, 255, 255]))
        expectCorrupt(18, BodyBuilder().count(1).count(3).text("x"))
        expectCorrupt(0, BodyBuilder().raw([0xC4]))
        expectCorrupt(0, BodyBuilder().raw([0x82]))
        expectCorrupt(1, BodyBuilder().raw([0xC0, 1]))
        expectCorrupt(1, BodyBuilder().raw([0x81, 255, 255, 255, 255, 255, 255, 255, 255]))
    }

    @Test("fields' deadlines of every layout are read, and those out of range refused")
    func fieldDeadlines() throws {
        let expected = ModelValue.hash([
            [97]: ModelField(value: [98], deadline: 1_000_005), [99]: ModelField(value: [100]),
        ])
        let pack = BodyBuilder.listpack(["a", "b", "1000005", "c", "d", "0"])
        let absolute = BodyBuilder().count(2).count(1_000_005).text("a").text("b")
            .count(0).text("c").text("d")
        let relative = BodyBuilder().number(1_000_000).count(2).count(6).text("a").text("b")
            .count(0).text("c").text("d")
        #expect(try ModelReading.body(22, absolute.bytes) == expected)
        #expect(try ModelReading.body(23, BodyBuilder().blob(pack).bytes) == expected)
        #expect(try ModelReading.body(24, relative.bytes) == expected)
        #expect(
            try ModelReading.body(25, BodyBuilder().number(1_000_005).blob(pack).bytes) == expected)
        let valkey = BodyBuilder().count(2).text("a").text("b").number(1_000_005)
            .text("c").text("d").number(-1)
        let found = try valkey.bytes.withByteView { view in
            let sink = ModelSink()
            let reader = RDBValueReader(RDBInput(view), dialect: .valkey)
            _ = try reader.read(22, into: sink)
            return sink.value
        }
        #expect(found == expected)
        expectCorrupt(24, BodyBuilder().number(.max).count(1).count(6).text("a").text("b"))
        expectCorrupt(24, BodyBuilder().number(-9).count(1).count(1).text("a").text("b"))
        expectCorrupt(22, BodyBuilder().count(1).count(1 << 48).text("a").text("b"))
        expectCorrupt(23, BodyBuilder().blob(BodyBuilder.listpack(["a", "b", "-5"])))
        expectCorrupt(23, BodyBuilder().blob(BodyBuilder.listpack(["a", "b", "x"])))
        expectCorrupt(23, BodyBuilder().blob(BodyBuilder.listpack(["a", "b"])))
    }

    @Test("empty collections are told from values")
    func empty() throws {
        for type in [1, 2, 3, 4, 5, 14, 18, 22] as [UInt8] {
            #expect(try ModelReading.body(type, [0]) == nil)
        }
        let pack = BodyBuilder().blob(BodyBuilder.listpack([])).bytes
        for type in [16, 17, 20, 23] as [UInt8] {
            #expect(try ModelReading.body(type, pack) == nil)
        }
        let node = BodyBuilder().count(1).count(2).blob(BodyBuilder.listpack([])).bytes
        #expect(try ModelReading.body(18, node) == nil)
        #expect(throws: RDBError.self) { try ModelReading.payload(frame([1, 0])) }
    }

    @Test("types of modules and of later versions are refused by name")
    func unsupported() throws {
        // "test_type", version 3.
        let letters = Array(
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
        var id: UInt64 = 0
        for letter in "test_type".utf8 {
            id = id << 6 | UInt64(letters.firstIndex(of: letter) ?? 0)
        }
        let body = RDBOutput()
        body.append(length: id << 10 | 3)
        for (type, bytes, word) in [
            (6, [], "module"), (7, body.buffer.array, "test_type"), (8, [], "8"), (26, [], "26"),
            (200, [], "200"),
        ] as [(UInt8, [UInt8], String)] {
            do {
                _ = try ModelReading.body(type, bytes)
                Issue.record("type \(type) was read")
            } catch let error as RDBError {
                #expect(error.code == .unsupportedType && error.message.contains(word), "\(error)")
            }
        }
    }

    @Test("limits hold for strings, blobs and whole values")
    func limits() throws {
        func code(_ type: UInt8, _ bytes: [UInt8], _ limits: RDBLimits) -> RDBError.Code? {
            do {
                _ = try ModelReading.body(type, bytes, limits: limits)
                return nil
            } catch { return (error as? RDBError)?.code }
        }
        let short = RDBLimits(stringBytes: 100)
        #expect(code(0, [0x40, 101] + [UInt8](repeating: 1, count: 101), short) == .tooLarge)
        #expect(code(0, [0x40, 100] + [UInt8](repeating: 1, count: 100), short) == nil)
        #expect(code(0, [0xC3, 2, 0x41, 0, 0, 1], short) == .tooLarge)
        #expect(code(0, [0x81, 255, 0, 0, 0, 0, 0, 0, 0], RDBLimits()) == .tooLarge)
        #expect(code(0, [0x80, 255, 0, 0, 0], RDBLimits()) == .truncated)
        let small = RDBLimits(valueBytes: 5)
        #expect(code(1, [2, 3, 1, 1, 1, 3, 1, 1, 1], small) == .tooLarge)
        #expect(code(1, [2, 2, 1, 1, 3, 1, 1, 1], small) == nil)
    }

    private func frame(_ content: [UInt8], version: Int = 10) -> [UInt8] {
        let signed = content + BodyBuilder.little(version, 2)
        return signed + BodyBuilder.little(Int(bitPattern: UInt(CRC64.checksum(signed))), 8)
    }

    @Test("a payload's frame is checked before its body")
    func frames() throws {
        func code(_ bytes: [UInt8], checked: Bool = true) -> RDBError.Code? {
            bytes.withByteView { view in
                do throws(RDBError) {
                    _ = try DumpPayload(verifying: view, checksum: checked)
                    return nil
                } catch { return error.code }
            }
        }
        let good = frame([0, 1, 120])
        #expect(try ModelReading.payload(good) == .text("x"))
        #expect(code(Array(good.dropFirst(4))) == .truncated)
        #expect(code([]) == .truncated)
        #expect(code(frame([0, 1, 120], version: 13)) == .unsupportedVersion)
        #expect(code(frame([0, 1, 120], version: 12)) == nil)
        for place in 0..<3 {
            var damaged = good
            damaged[place] ^= 1
            #expect(code(damaged) == .checksum)
            #expect(code(damaged, checked: false) == nil)
        }
        #expect(code(frame([])) == nil)
        #expect(throws: RDBError.self) { try ModelReading.payload(frame([])) }
        #expect(try ModelReading.payload(frame([0, 1, 120, 99, 99])) == .text("x"))
    }
}
