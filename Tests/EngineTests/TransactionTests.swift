/// MULTI, EXEC, DISCARD, WATCH, UNWATCH: what is queued, what is refused, what is one unit.
import Persistence
import Testing

@testable import Engine

@Suite("Transactions")
struct TransactionTests {
    @Test("EXEC answers every reply in order and records one unit")
    func executes() {
        let f = EngineFixture()
        f.line("SET a 1")
        f.line("HSET h f v")
        f.backend.forget()
        #expect(f.line("MULTI") == "+OK")
        #expect(f.line("INCR a") == "+QUEUED")
        #expect(f.line("GET none") == "+QUEUED")
        #expect(f.line("APPEND h x") == "+QUEUED")
        #expect(f.line("SET b 2") == "+QUEUED")
        #expect(f.backend.texts.isEmpty)
        #expect(
            f.line("EXEC")
                == "[:2, nil, -WRONGTYPE Operation against a key holding the wrong kind of value, +OK]"
        )
        #expect(f.backend.texts == ["SET a 2", "SET b 2"])
        #expect(f.backend.unitSizes == [2])
        #expect(f.line("EXEC") == "-ERR EXEC without MULTI")
    }

    @Test("an empty transaction answers an empty array and records nothing")
    func empty() {
        let f = EngineFixture()
        f.line("MULTI")
        #expect(f.line("EXEC") == "[]")
        #expect(f.backend.unitSizes.isEmpty)
    }

    @Test("MULTI within MULTI and WATCH within MULTI are errors that spoil nothing")
    func nested() {
        let f = EngineFixture()
        f.line("MULTI")
        #expect(f.line("MULTI") == "-ERR MULTI calls can not be nested")
        #expect(f.line("WATCH a") == "-ERR WATCH inside MULTI is not allowed")
        f.line("SET a 1")
        #expect(f.line("EXEC") == "[+OK]")
    }

    @Test("a command that can't be queued spoils the transaction")
    func spoilt() {
        for wrong in ["FOO", "GET", "DISCARD x", "MULTI x", "OBJECT FOO k"] {
            let f = EngineFixture()
            f.line("MULTI")
            #expect(f.line(wrong).hasPrefix("-ERR"), "\(wrong)")
            #expect(f.line("SET a 3") == "+QUEUED")
            #expect(
                f.line("EXEC") == "-EXECABORT Transaction discarded because of previous errors.")
            #expect(f.line("EXISTS a") == ":0")
            #expect(f.line("DISCARD") == "-ERR DISCARD without MULTI")
        }
    }

    @Test("EXEC with arguments discards and says why, within MULTI or not")
    func execArity() {
        let f = EngineFixture()
        let aborted =
            "-EXECABORT Transaction discarded because of: "
            + "wrong number of arguments for 'exec' command"
        #expect(f.line("EXEC x") == aborted)
        f.line("MULTI")
        #expect(f.line("EXEC x") == aborted)
        #expect(f.line("EXEC") == "-ERR EXEC without MULTI")
    }

    @Test("DISCARD forgets the queue and the watches")
    func discards() {
        let f = EngineFixture()
        f.line("WATCH a")
        f.line("MULTI")
        f.line("SET a 1")
        #expect(f.line("DISCARD") == "+OK")
        #expect(f.session.watched.count == 0)
        #expect(f.line("EXISTS a") == ":0")
    }

    @Test(
        "a watched key that another client changes makes EXEC answer nil",
        arguments: [
            "SET a 2", "APPEND a x", "SETRANGE a 0 x", "INCR a", "INCRBYFLOAT a 1", "DEL a",
            "EXPIRE a 100", "GETDEL a", "GETEX a EX 5", "GETSET a 1", "MSET b 1 a 1", "RENAME a c",
            "FLUSHALL", "FLUSHDB", "SETEX a 5 v", "SWAPDB 0 1",
        ])
    func watched(change: String) {
        for version in [2, 3] {
            let f = EngineFixture(version: version)
            let other = f.connect()
            f.line("SET a 1")
            #expect(f.line("WATCH a b") == "+OK")
            f.line(change, by: other)
            f.line("MULTI")
            f.line("SET z 1")
            let raw = f.raw([Array("EXEC".utf8)])
            #expect(raw == Array((version == 2 ? "*-1\r\n" : "_\r\n").utf8))
            #expect(f.line("EXISTS z") == ":0")
            f.line("MULTI")
            #expect(f.line("EXEC") == "[]")
        }
    }

    @Test("reading a watched key, or writing what leaves it as it is, is no change")
    func harmless() {
        let f = EngineFixture()
        let other = f.connect()
        f.line("SET a 1")
        f.line("WATCH a")
        for command in [
            "GET a", "GETEX a", "SETNX a 2", "MSETNX a 2 b 3", "STRLEN a", "SET b 1", "INCRBY a x",
        ] {
            f.line(command, by: other)
        }
        f.line("MULTI")
        #expect(f.line("EXEC") == "[]")
    }

    @Test("UNWATCH forgets, and is queued within MULTI")
    func unwatch() {
        let f = EngineFixture()
        let other = f.connect()
        f.line("WATCH a")
        f.line("SET a 1", by: other)
        #expect(f.line("UNWATCH") == "+OK")
        f.line("MULTI")
        #expect(f.line("UNWATCH") == "+QUEUED")
        #expect(f.line("EXEC") == "[+OK]")
    }

    @Test("a watched key that expires is a change; one already expired is not")
    func expiry() {
        let f = EngineFixture()
        f.line("SET a 1 PX 5")
        f.line("WATCH a")
        f.advance(milliseconds: 6)
        f.line("MULTI")
        #expect(f.line("EXEC") == "nil")

        f.line("SET a 1 PX 5")
        f.advance(milliseconds: 6)
        f.line("WATCH a")
        f.line("GET a", by: f.connect())
        f.line("MULTI")
        #expect(f.line("EXEC") == "[]")
    }

    @Test("a full memory refuses what would be queued, and an EXEC of what needs memory")
    func outOfMemory() {
        let f = EngineFixture()
        let oom = "OOM command not allowed when used memory > 'maxmemory'."
        f.line("SET a 1")
        f.engine.settings.maximumMemory = 1
        f.line("MULTI")
        #expect(f.line("GET a") == "-\(oom)")
        #expect(f.line("EXEC") == "-EXECABORT Transaction discarded because of previous errors.")

        f.engine.settings.maximumMemory = 0
        f.line("MULTI")
        f.line("SET a 2")
        f.engine.settings.maximumMemory = 1
        #expect(f.line("EXEC") == "-EXECABORT Transaction discarded because of: \(oom)")
        #expect(f.line("EXEC") == "-ERR EXEC without MULTI")

        f.engine.settings.maximumMemory = 0
        f.line("MULTI")
        f.line("GET a")
        f.engine.settings.maximumMemory = 1
        #expect(f.line("EXEC") == "[\"1\"]")
    }

    @Test("a failing disk refuses an EXEC that writes, not one that reads")
    func refusedWrites() {
        let f = EngineFixture()
        f.line("MULTI")
        f.line("SET a 2")
        f.backend.refusal = WriteRefusal(reason: "No space left on device")
        #expect(
            f.line("EXEC")
                == "-EXECABORT Transaction discarded because of: "
                + "MISCONF Errors writing to the AOF file: No space left on device")
        f.line("MULTI")
        #expect(f.line("GET a") == "+QUEUED")
        #expect(f.line("EXEC") == "[nil]")
        f.line("MULTI")
        #expect(f.line("SET a 1").hasPrefix("-MISCONF"))
        #expect(f.line("EXEC") == "-EXECABORT Transaction discarded because of previous errors.")
    }

    @Test("SELECT within a transaction moves the commands behind it")
    func select() {
        let f = EngineFixture()
        f.line("MULTI")
        f.line("SET a 1")
        f.line("SELECT 1")
        f.line("SET a 2")
        #expect(f.line("EXEC") == "[+OK, +OK, +OK]")
        #expect(f.line("GET a") == "\"2\"")
        #expect(f.backend.commands.map(\.database) == [0, 1])
        #expect(f.backend.unitSizes == [2])
    }
}
