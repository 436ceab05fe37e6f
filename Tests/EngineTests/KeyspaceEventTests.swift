/// Keyspace events as the engine tells them: which, of which key, in which order.
import Bytes
import Testing

@testable import Engine

@Suite("Keyspace events")
struct KeyspaceEventTests {
    /// What was told since the last look.
    private final class Ear {
        private var heard: [String] = []

        init(_ fixture: EngineFixture, _ letters: String = "KEAmn") {
            fixture.engine.settings.notifiedEvents = KeyspaceEvents(letters: Array(letters.utf8))
            fixture.engine.onKeyspaceEvent = { event, key, database in
                let place = database == 0 ? "" : "@\(database)"
                self.heard.append("\(event) \(key.text)\(place)")
            }
        }

        func take() -> [String] {
            defer { heard = [] }
            return heard
        }
    }

    @Test("letters name classes; without K or E nobody is told")
    func letters() {
        #expect(KeyspaceEvents(letters: Array("g$".utf8)) == [])
        #expect(KeyspaceEvents(letters: Array("Kg$".utf8)) == [.keyspace, .generic, .string])
        let all = KeyspaceEvents(letters: Array("AE".utf8))
        #expect(all.contains([.stream, .module, .evicted, .expired]))
        #expect(all.isDisjoint(with: [.keyMiss, .new, .keyspace]))
    }

    @Test("commands tell what they did, and nothing where they did nothing")
    func commands() {
        let fixture = EngineFixture()
        let ear = Ear(fixture)
        let expected: [(String, [String])] = [
            ("SET k v EX 100", ["new k", "set k", "expire k"]), ("SET k v", ["set k"]),
            ("SET k v NX", []), ("APPEND k x", ["append k"]), ("SETRANGE k 0 ab", ["setrange k"]),
            ("PERSIST k", []), ("EXPIRE k 10", ["expire k"]), ("PERSIST k", ["persist k"]),
            ("GET none", ["keymiss none"]), ("SET n 1 GET", ["keymiss n", "new n", "set n"]),
            ("DECRBY n 2", ["incrby n"]), ("INCRBYFLOAT n 1.5", ["incrbyfloat n"]),
            ("MSET a 1 k 2", ["new a", "set a", "set k"]), ("MSETNX a 1 z 2", []),
            ("RENAME a k", ["new k", "rename_from a", "rename_to k"]),
            ("COPY k c DB 1", ["new c@1", "copy_to c@1"]),
            ("MOVE k 1", ["new k@1", "move_from k", "move_to k@1"]),
            ("GETEX n EX 10", ["expire n"]), ("GETDEL n", ["del n"]),
            ("HSET h a 1 b 2", ["new h", "hset h"]), ("HINCRBY h a 1", ["hincrby h"]),
            ("HINCRBYFLOAT h a 1.5", ["hincrbyfloat h"]), ("HSETNX h a 1", []),
            ("HDEL h a", ["hdel h"]), ("HDEL h b c", ["hdel h", "del h"]), ("HDEL h x", []),
            ("SET x 1", ["new x", "set x"]), ("EXPIRE x -1", ["del x"]), ("DEL x none", []),
            ("SET y 1 EXAT 1", ["new y", "set y", "expire y", "expired y"]),
        ]
        for (line, events) in expected {
            fixture.line(line)
            #expect(ear.take() == events, "\(line)")
        }
    }

    @Test(
        "an expired key is told when it is met, once, before the miss; the sweep tells the others")
    func expiry() {
        let fixture = EngineFixture()
        let ear = Ear(fixture)
        fixture.line("SET a 1 PX 10")
        fixture.line("SET b 1 PX 10")
        fixture.line("SET c 1 PX 10")
        _ = ear.take()
        fixture.advance(milliseconds: 20)
        fixture.line("MGET a a")
        #expect(ear.take() == ["expired a", "keymiss a", "keymiss a"])
        fixture.line("SET b 2")
        #expect(ear.take() == ["expired b", "new b", "set b"])
        fixture.engine.expireCycle(budgetNanoseconds: .max)
        #expect(ear.take() == ["expired c"])
        fixture.line("SET d 1 PX 10")
        fixture.advance(milliseconds: 20)
        _ = ear.take()
        for line in ["MULTI", "GET d", "SET d 2", "GET d", "EXEC"] { fixture.line(line) }
        #expect(ear.take() == ["expired d", "keymiss d", "new d", "set d"])
        #expect(fixture.engine.statistics.expiredKeys == 4)
    }

    @Test("keys that go for room are told")
    func eviction() {
        let fixture = EngineFixture()
        let ear = Ear(fixture, "Ee")
        for number in 0..<2000 { fixture.line("SET key:\(number) some-value-or-other") }
        fixture.engine.settings.evictionPolicy = .allkeysRandom
        fixture.engine.settings.maximumMemory = fixture.engine.usedMemory - 2000
        fixture.line("SET one more")
        let told = ear.take()
        #expect(!told.isEmpty && told.allSatisfy { $0.hasPrefix("evicted key:") })
        #expect(told.count == fixture.engine.statistics.evictedKeys)
    }

    @Test("changes are told while somebody wants to know, expiry as nobody's doing")
    func changes() {
        let fixture = EngineFixture()
        var heard: [String] = []
        fixture.engine.onKeyChange = { heard.append("\($0.text) \($1)") }
        fixture.line("SET a 1 PX 10")
        fixture.line("GET a")
        fixture.advance(milliseconds: 20)
        fixture.line("GET a")
        #expect(heard == ["a true", "a false"])
        fixture.engine.onKeyChange = nil
        #expect(!fixture.engine.isObserved)
        fixture.line("WATCH a")
        #expect(fixture.engine.isObserved)
        fixture.line("UNWATCH")
        #expect(!fixture.engine.isObserved)
    }
}
