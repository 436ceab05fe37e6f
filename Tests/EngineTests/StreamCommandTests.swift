/// Streams command by command: what random commands don't reach, and what is recorded.
import Bytes
import RESP
import Records
import TestSupport
import Testing

@testable import Engine

@Suite("Stream commands")
struct StreamCommandTests {
    @Test("ids without a number come from the clock and never go back")
    func automaticIDs() {
        let f = EngineFixture()
        #expect(f.line("XADD s * a b") == "\"1700000000000-0\"")
        #expect(f.line("XADD s * a b") == "\"1700000000000-1\"")
        f.advance(milliseconds: 5)
        #expect(f.line("XADD s * a b") == "\"1700000000005-0\"")
        #expect(f.line("XADD s 1800000000000-18446744073709551615 a b").contains("1800000000000"))
        #expect(f.line("XADD s * a b") == "\"1800000000001-0\"")
        #expect(
            f.backend.texts.last == "XADD s 1800000000001-0 a b", "what was chosen is recorded")
    }

    @Test("a refused XADD makes no stream")
    func refusals() {
        let f = EngineFixture()
        for line in [
            "XADD s 0-0 a b", "XADD s x a b", "XADD s NOMKSTREAM * a b", "XADD s MAXLEN x * a b",
            "XADD s * a", "XGROUP CREATE s g 0", "XGROUP CREATE s g x MKSTREAM",
        ] {
            _ = f.line(line)
            #expect(f.run("EXISTS", "s") == ":0", "\(line)")
        }
        #expect(f.backend.commands.isEmpty)
    }

    @Test("a trim is recorded as what it left")
    func trims() {
        let f = EngineFixture()
        f.engine.settings.limits.streamNodeEntries = 10
        for number in 1...95 { f.run("XADD", "s", "\(number)", "a", "b") }
        f.backend.forget()
        #expect(f.line("XTRIM s MAXLEN ~ 42") == ":50")
        #expect(f.line("XTRIM s MINID 60") == ":9")
        #expect(f.line("XADD s MAXLEN = 3 96 a b") == "\"96-0\"")
        #expect(f.line("XTRIM s MAXLEN 5") == ":0")
        #expect(
            f.backend.texts == [
                "XTRIM s MAXLEN = 45", "XTRIM s MAXLEN = 36", "XADD s 96-0 a b",
                "XTRIM s MAXLEN = 3",
            ])
        #expect(f.backend.unitSizes.last == 2)
    }

    @Test("what a group reads is recorded as deliveries, and how far it got")
    func deliveries() {
        let f = EngineFixture()
        for line in ["XADD s 1 a b", "XADD s 2 a b", "XGROUP CREATE s g 0"] { f.line(line) }
        f.backend.forget()
        f.line("XREADGROUP GROUP g c STREAMS s >")
        #expect(
            f.backend.texts == [
                "XGROUP CREATECONSUMER s g c",
                "XCLAIM s g c 0 1-0 TIME 1700000000000 RETRYCOUNT 1 FORCE JUSTID LASTID 1-0",
                "XCLAIM s g c 0 2-0 TIME 1700000000000 RETRYCOUNT 1 FORCE JUSTID LASTID 2-0",
                "XGROUP SETID s g 2-0 ENTRIESREAD 2",
            ])
        f.backend.forget()
        f.advance(milliseconds: 10)
        f.line("XREADGROUP GROUP g c STREAMS s 1")
        f.line("XREADGROUP GROUP g c NOACK STREAMS s >")
        f.line("XDEL s 1")
        f.line("XAUTOCLAIM s g d 0 0 JUSTID")
        #expect(
            f.backend.texts == [
                "XCLAIM s g c 0 2-0 TIME 1700000000010 RETRYCOUNT 2 FORCE JUSTID LASTID 2-0",
                "XDEL s 1-0", "XACK s g 1-0", "XGROUP CREATECONSUMER s g d",
                "XCLAIM s g d 0 2-0 TIME 1700000000010 RETRYCOUNT 2 FORCE JUSTID LASTID 2-0",
            ])
    }

    @Test("what happens to groups is no change to those who watch the key")
    func watching() {
        let f = EngineFixture()
        let other = f.connect()
        f.line("XADD s 1 a b")
        func isDirty(_ line: String) -> Bool {
            f.line("WATCH s", by: other)
            f.line(line)
            f.line("MULTI", by: other)
            return f.line("EXEC", by: other) == "nil"
        }
        #expect(!isDirty("XGROUP CREATE s g 0"))
        #expect(!isDirty("XREADGROUP GROUP g c STREAMS s >"))
        #expect(!isDirty("XACK s g 1"))
        #expect(!isDirty("XDEL s 7"))
        #expect(isDirty("XADD s 2 a b"))
        #expect(isDirty("XDEL s 2"))
        #expect(isDirty("XTRIM s MAXLEN 0"))
    }

    @Test("listeners hear of every change by Redis's names")
    func events() {
        let f = EngineFixture()
        f.engine.settings.notifiedEvents = [.keyspace, .stream]
        var heard: [String] = []
        f.engine.onKeyspaceEvent = { event, _, _ in heard.append("\(event)") }
        for line in [
            "XADD s 1 a b", "XADD s MAXLEN 1 2 a b", "XGROUP CREATE s g 0",
            "XREADGROUP GROUP g c STREAMS s >", "XACK s g 2", "XGROUP SETID s g 0",
            "XGROUP CREATECONSUMER s g d", "XGROUP DELCONSUMER s g d", "XGROUP DESTROY s g",
            "XSETID s 9", "XDEL s 2", "XDEL s 2", "XTRIM s MAXLEN 0",
        ] { f.line(line) }
        #expect(
            heard == [
                "xadd", "xadd", "xtrim", "xgroup-create", "xgroup-createconsumer", "xgroup-setid",
                "xgroup-createconsumer", "xgroup-delconsumer", "xgroup-destroy", "xsetid", "xdel",
            ])
    }

    @Test("a consumer that is made anew owes nothing; one that goes takes its debts along")
    func consumers() {
        let f = EngineFixture()
        for number in 1...40 { f.run("XADD", "s", "\(number)", "a", "b") }
        f.line("XGROUP CREATE s g 0")
        f.line("XREADGROUP GROUP g c COUNT 25 STREAMS s >")
        f.line("XREADGROUP GROUP g d STREAMS s >")
        #expect(f.line("XGROUP DELCONSUMER s g c") == ":25")
        #expect(f.line("XPENDING s g") == "[:15, \"26-0\", \"40-0\", [[\"d\", \"15\"]]]")
        #expect(f.line("XGROUP CREATECONSUMER s g c") == ":1")
        #expect(f.line("XPENDING s g - + 9 c") == "[]")
        #expect(f.line("XCLAIM s g c 0 30 JUSTID") == "[\"30-0\"]")
        #expect(f.line("XGROUP DESTROY s g") == ":1")
        #expect(f.line("XPENDING s g").contains("NOGROUP"))
    }

    @Test("activity shows in 7.2's fields: an attempt is seen, an entry is active")
    func activity() {
        let f = EngineFixture()
        for line in ["XADD s 1 a b", "XGROUP CREATE s g 0", "XGROUP CREATECONSUMER s g c"] {
            f.line(line)
        }
        f.advance(milliseconds: 7)
        #expect(f.line("XINFO CONSUMERS s g").contains("\"idle\", :7, \"inactive\", :-1"))
        f.line("XREADGROUP GROUP g c STREAMS s >")
        f.advance(milliseconds: 2)
        f.line("XREADGROUP GROUP g c STREAMS s 1")
        f.advance(milliseconds: 3)
        #expect(f.line("XINFO CONSUMERS s g").contains("\"idle\", :3, \"inactive\", :5"))
    }

    @Test("a wide entry is stored, found and deleted; so is one beyond every node's size")
    func wideEntries() throws {
        let f = EngineFixture()
        let fields = (0..<2000).flatMap { ["field:\($0)", "\($0)"] }.map { Array($0.utf8) }
        #expect(!f.value([Array("XADD".utf8), Array("s".utf8), Array("5".utf8)] + fields).isError)
        f.line("XADD s 6 a b")
        let large = [UInt8](repeating: 120, count: 200_000)
        #expect(!f.value(["XADD", "s", "7", "a"].map { Array($0.utf8) } + [large]).isError)
        #expect(f.value(["XRANGE", "s", "7", "7"].map { Array($0.utf8) }).elements.count == 1)
        #expect(f.line("XINFO STREAM s").contains("\"radix-tree-keys\", :3"))
        let dump = try StreamDump(f.engine.freeze())
        #expect(dump.streams[Array("s".utf8)]?.entries[StreamID(5, 0)] == fields)
        #expect(f.line("XDEL s 5 6 7") == ":3")
        #expect(f.line("XLEN s") == ":0")
        #expect(f.engine.keyspace.liveBytes == StreamWalk.bytes(f.engine.keyspace))
    }
}
