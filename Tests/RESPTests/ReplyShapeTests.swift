/// Replies in both protocol versions, byte for byte.
import Bytes
import RESP
import Testing

@Suite("Replies in RESP2 and RESP3")
struct ReplyShapeTests {
    private func written(_ version: Int, _ write: (ReplyWriter) -> Void) -> String {
        let reply = ReplyWriter()
        reply.version = version
        write(reply)
        return String(decoding: reply.bytes.array, as: UTF8.self)
    }

    @Test("what RESP2 lacks is written as Redis downgrades it")
    func downgrades() {
        #expect(written(2) { $0.null() } == "$-1\r\n")
        #expect(written(3) { $0.null() } == "_\r\n")
        #expect(written(2) { $0.nullArray() } == "*-1\r\n")
        #expect(written(2) { $0.map(2) } == "*4\r\n")
        #expect(written(3) { $0.map(2) } == "%2\r\n")
        #expect(written(2) { $0.double(1.5) } == "$3\r\n1.5\r\n")
        #expect(written(3) { $0.double(1.5) } == ",1.5\r\n")
        #expect(written(2) { $0.boolean(true) } == ":1\r\n")
        #expect(written(3) { $0.boolean(false) } == "#f\r\n")
    }

    @Test("an error can't break out of its line")
    func errorsAreOneLine() {
        let text = written(2) { $0.error(Array("ERR a\r\n+OK".utf8)) }
        #expect(text == "-ERR a  +OK\r\n")
    }
}
