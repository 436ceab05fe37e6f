/// The growing buffer, the views, and the window over a file.
import Bytes
import Testing

@Suite("Byte buffers and views")
struct ByteWriterTests {
    private func text(_ writer: ByteWriter) -> String {
        String(decoding: writer.array, as: UTF8.self)
    }

    @Test("whatever is appended stands there, however often the buffer grows")
    func grows() {
        let writer = ByteWriter(capacity: 1)
        var expected: [UInt8] = []
        for index in 0..<2000 {
            writer.append(UInt8(index & 255))
            writer.append(decimal: index * 7919 - 5000)
            writer.append("literal")
            writer.append([1, 2, 3])
            writer.appendLineEnd()
            expected.append(UInt8(index & 255))
            expected += Array(String(index * 7919 - 5000).utf8) + Array("literal".utf8)
            expected += [1, 2, 3, 13, 10]
        }
        #expect(writer.array == expected)
        #expect(writer.count == expected.count)
    }

    @Test("numbers are written in decimal and hexadecimal without leading zeros")
    func numbers() {
        let writer = ByteWriter()
        for value in [0, 9, 10, -1, Int.max, Int.min] {
            writer.removeAll()
            writer.append(decimal: value)
            #expect(text(writer) == String(value))
        }
        for value: UInt64 in [0, 1, 15, 16, 255, 256, 0xDEAD_BEEF, .max] {
            writer.removeAll()
            writer.append(hex: value)
            #expect(text(writer) == String(value, radix: 16))
        }
    }

    @Test("bytes can be inserted, overwritten and cut off")
    func edits() {
        let writer = ByteWriter(capacity: 4)
        writer.append("hello world")
        Array(" brave".utf8).withByteView { writer.insert($0, at: 5) }
        #expect(text(writer) == "hello brave world")
        writer.overwrite(at: 0, with: ByteView("J"))
        #expect(text(writer) == "Jello brave world")
        writer.truncate(to: 5)
        #expect(text(writer) == "Jello")
        writer.removeAll()
        #expect(writer.count == 0)
    }

    @Test("a buffer that grew large gives its memory back and goes on")
    func shrinks() {
        let writer = ByteWriter(capacity: 64)
        writer.append([UInt8](repeating: 7, count: 100_000))
        writer.removeAll(keepingUpTo: 1024)
        writer.append("after")
        #expect(text(writer) == "after")
        writer.append([UInt8](repeating: 8, count: 5000))
        #expect(writer.count == 5005)
    }

    @Test("as a window, the front goes, the tail moves, and gaps are zero")
    func window() {
        let writer = ByteWriter(capacity: 8)
        writer.append("0123456789")
        writer.discardFirst(4)
        #expect(text(writer) == "456789")
        writer.discardFirst(0)
        writer.moveTail(from: 4, to: 1)
        #expect(text(writer) == "489")
        writer.appendGap(2)
        #expect(writer.array == Array("489".utf8) + [0, 0])
        let filled = unsafe writer.appendFilling(10) { room in
            // SAFETY: ten bytes were lent.
            unsafe room[0] = 65
            return 1
        }
        #expect(filled == 1)
        #expect(writer.array == Array("489".utf8) + [0, 0, 65])
    }

    @Test("views compare as bytes do")
    func views() {
        let a = ByteView("abc")
        #expect(a == ByteView("abc") && a != ByteView("abd") && a != ByteView("ab"))
        #expect(ByteView("ab") < a && a < ByteView("abd") && !(a < a))
        #expect(ByteView("\u{7f}") < ByteView("\u{80}"))
        #expect(ByteView("GeT").equalsIgnoringCase("get"))
        #expect(!ByteView("ge").equalsIgnoringCase("get"))
        #expect(!ByteView("g@t").equalsIgnoringCase("g`t"))
        #expect(a.dropFirst(1) == ByteView("bc"))
        #expect(a.dropFirst(9).isEmpty)
        #expect(a[1..<2] == ByteView("b"))
        #expect(a.array == [97, 98, 99] && Array(a) == [97, 98, 99])
    }

    @Test("owned arguments are lent as views, empty ones too")
    func lists() {
        let words = [[UInt8]](arrayLiteral: [1, 2], [], [3])
        let copies = words.withByteViews { $0.arrays }
        #expect(copies == words)
        #expect(words.withByteViews { $0.dropFirst(1).arrays } == [[], [3]])
        #expect(words.withByteViews { $0.dropFirst(9).count } == 0)
        #expect([[UInt8]]().withByteViews { $0.isEmpty })
    }
}
