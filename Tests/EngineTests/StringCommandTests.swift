/// The string family, every odd case as redis-server 7.0 answers it.
import Testing

@testable import Engine

@Suite("Strings")
struct StringCommandTests {
    private let wrongType =
        "-WRONGTYPE Operation against a key holding the wrong kind of value"
    private let notAnInteger = "-ERR value is not an integer or out of range"
    private let tooLong = "-ERR string exceeds maximum allowed size (proto-max-bulk-len)"

    private func fixture() -> EngineFixture {
        let fixture = EngineFixture()
        fixture.line("HSET h f v")
        fixture.line("SET r This_is_a_string")
        fixture.backend.forget()
        return fixture
    }

    @Test("SET and GETEX read all words before any number")
    func optionOrder() {
        let f = fixture()
        #expect(f.line("SET x v EX abc FOO") == "-ERR syntax error")
        #expect(f.line("SET x v EX 10 EX 20") == "+OK")
        #expect(f.line("TTL x") == ":20")
        #expect(f.line("SET x v KEEPTTL EX 1") == "-ERR syntax error")
        #expect(f.line("SET x v PERSIST") == "-ERR syntax error")
        #expect(f.line("SET h v EX 0 GET") == "-ERR invalid expire time in 'set' command")
        #expect(f.line("SET h v GET") == wrongType)
        #expect(f.line("GETEX h FOO") == "-ERR syntax error")
        #expect(f.line("GETEX h EX abc") == wrongType)
        #expect(f.line("GETEX none EX abc") == "nil")
        #expect(f.line("GETEX x EX") == "-ERR syntax error")
        #expect(f.line("GETEX x EX abc") == notAnInteger)
        #expect(f.line("GETEX x EX 10 PX 10") == "-ERR syntax error")
        #expect(f.line("GETEX x PERSIST EX 10") == "-ERR syntax error")
        #expect(f.line("GETEX x KEEPTTL") == "-ERR syntax error")
        let invalid = "-ERR invalid expire time in 'getex' command"
        #expect(f.line("GETEX x EX 0") == invalid)
        #expect(f.line("GETEX x EX 9223372036854775807") == invalid)
        #expect(f.line("GETEX x PX 9223372036854775807") == invalid)
    }

    @Test("GETEX sets, drops and overruns a deadline, and records which")
    func getexEffects() {
        let f = fixture()
        f.line("SET x v")
        f.backend.forget()
        #expect(f.line("GETEX x PERSIST") == "\"v\"")
        #expect(f.backend.texts.isEmpty)
        #expect(f.line("GETEX x EX 10") == "\"v\"")
        #expect(f.line("GETEX x PERSIST") == "\"v\"")
        #expect(f.line("TTL x") == ":-1")
        #expect(f.line("GETEX x EXAT 1") == "\"v\"")
        #expect(f.line("GET x") == "nil")
        #expect(f.backend.texts == ["PEXPIREAT x 1700000010000", "PERSIST x", "DEL x"])
    }

    @Test("GETDEL and GETSET answer what was there")
    func takers() {
        let f = fixture()
        #expect(f.line("GETDEL h") == wrongType)
        #expect(f.line("GETDEL r") == "\"This_is_a_string\"")
        #expect(f.line("GETDEL r") == "nil")
        #expect(f.line("GETSET h a") == wrongType)
        #expect(f.line("GETSET n a") == "nil")
        f.line("EXPIRE n 100")
        #expect(f.line("GETSET n b") == "\"a\"")
        #expect(f.line("TTL n") == ":-1")
    }

    @Test("GETRANGE brings both ends into the string")
    func getrange() {
        let f = fixture()
        #expect(f.line("GETRANGE h a b") == notAnInteger)
        #expect(f.line("GETRANGE h 0 1") == wrongType)
        #expect(f.line("GETRANGE none 0 1") == "\"\"")
        #expect(f.line("GETRANGE r 0 3") == "\"This\"")
        #expect(f.line("GETRANGE r -3 -1") == "\"ing\"")
        #expect(f.line("GETRANGE r -1 -5") == "\"\"")
        #expect(f.line("GETRANGE r -100 -50") == "\"T\"")
        #expect(f.line("GETRANGE r 10 100") == "\"string\"")
        #expect(f.line("GETRANGE r 5 -100") == "\"\"")
        #expect(f.line("SUBSTR r 0 -1") == "\"This_is_a_string\"")
        let lowest = "-9223372036854775808"
        #expect(f.line("GETRANGE r \(lowest) 9223372036854775807") == "\"This_is_a_string\"")
        f.line("SET i -123")
        #expect(f.line("GETRANGE i 1 2") == "\"12\"")
    }

    @Test("SETRANGE pads with NUL, keeps the deadline and changes nothing for nothing")
    func setrange() {
        let f = fixture()
        #expect(f.line("SETRANGE h a b") == notAnInteger)
        #expect(f.line("SETRANGE h -1 b") == "-ERR offset is out of range")
        #expect(f.line("SETRANGE h 0 b") == wrongType)
        #expect(f.run("SETRANGE", "h", "0", "") == wrongType)
        #expect(f.run("SETRANGE", "none", "5", "") == ":0")
        #expect(f.line("EXISTS none") == ":0")
        #expect(f.run("SETRANGE", "r", "536870912", "") == ":16")
        #expect(f.line("SETRANGE r 536870912 x") == tooLong)
        #expect(f.line("SETRANGE none 9223372036854775807 xx") == tooLong)
        #expect(f.backend.texts.isEmpty)
        #expect(f.line("SETRANGE none 3 ab") == ":5")
        #expect(f.line("GET none") == "\"\\x0\\x0\\x0ab\"")
        #expect(f.line("SETRANGE none 1 Z") == ":5")
        #expect(f.line("GET none") == "\"\\x0Z\\x0ab\"")
        f.line("SET i 12345 EX 100")
        #expect(f.line("SETRANGE i 7 9") == ":8")
        #expect(f.line("GET i") == "\"12345\\x0\\x09\"")
        #expect(f.line("TTL i") == ":100")
        #expect(f.backend.texts.last == "SETRANGE i 7 9")
    }

    @Test("APPEND makes, grows and refuses")
    func append() {
        let f = fixture()
        #expect(f.line("APPEND h x") == wrongType)
        #expect(f.run("APPEND", "empty", "") == ":0")
        #expect(f.line("EXISTS empty") == ":1")
        #expect(f.line("APPEND i 12") == ":2")
        #expect(f.line("OBJECT ENCODING i") == "\"int\"")
        #expect(f.line("EXPIRE i 100") == ":1")
        #expect(f.line("APPEND i 3") == ":3")
        #expect(f.line("INCR i") == ":124")
        #expect(f.line("TTL i") == ":100")
        f.engine.settings.maximumStringBytes = 20
        #expect(f.line("APPEND r 12345") == tooLong)
        #expect(f.line("APPEND r 1234") == ":20")
        #expect(f.line("GET r") == "\"This_is_a_string1234\"")
    }

    @Test("STRLEN and MGET look at every kind")
    func looks() {
        let f = fixture()
        f.line("SET i -10")
        #expect(f.line("STRLEN h") == wrongType)
        #expect(f.line("STRLEN i") == ":3")
        #expect(f.line("STRLEN none") == ":0")
        #expect(f.line("MGET i h none r") == "[\"-10\", nil, nil, \"This_is_a_string\"]")
    }

    @Test("MSET and MSETNX are all or nothing")
    func many() {
        let f = fixture()
        #expect(f.line("MSET a 1 b") == "-ERR wrong number of arguments for 'mset' command")
        #expect(f.line("MSETNX a 1 b") == "-ERR wrong number of arguments for 'msetnx' command")
        #expect(f.line("MSETNX new 1 h 2") == ":0")
        #expect(f.line("EXISTS new") == ":0")
        #expect(f.line("MSETNX q b q c") == ":1")
        #expect(f.line("GET q") == "\"c\"")
        f.line("EXPIRE q 100")
        #expect(f.line("MSET q 1 h 2") == "+OK")
        #expect(f.line("TTL q") == ":-1")
        #expect(f.line("MGET q h") == "[\"1\", \"2\"]")
        #expect(f.backend.texts.last == "MSET q 1 h 2")
    }

    @Test("SETNX leaves what is there; SETEX and PSETEX overwrite anything")
    func setters() {
        let f = fixture()
        #expect(f.line("SETNX n 1") == ":1")
        #expect(f.line("SETNX n 2") == ":0")
        #expect(f.line("SETNX h 2") == ":0")
        #expect(f.line("SETEX n abc v") == notAnInteger)
        #expect(f.line("SETEX n 0 v") == "-ERR invalid expire time in 'setex' command")
        #expect(f.line("PSETEX n 0 v") == "-ERR invalid expire time in 'psetex' command")
        #expect(f.line("SETEX h 10 v") == "+OK")
        #expect(f.line("PTTL h") == ":10000")
        #expect(f.line("PSETEX h 10 v") == "+OK")
        #expect(f.line("PTTL h") == ":10")
        f.advance(milliseconds: 11)
        #expect(f.line("GET h") == "nil")
        #expect(f.backend.texts.suffix(2) == ["SET h v PXAT 1700000000010", "DEL h"])
    }

    @Test("INCR and its kin check the number, the type, the value, the range")
    func integers() {
        let f = fixture()
        let overflow = "-ERR increment or decrement would overflow"
        #expect(f.line("INCR n") == ":1")
        #expect(f.line("INCRBY n abc") == notAnInteger)
        #expect(f.line("INCRBY h abc") == notAnInteger)
        #expect(f.line("INCR h") == wrongType)
        #expect(f.line("INCR r") == notAnInteger)
        #expect(f.line("INCRBY n 9223372036854775806") == ":9223372036854775807")
        #expect(f.line("INCR n") == overflow)
        #expect(f.line("INCRBY n -9223372036854775808") == ":-1")
        #expect(f.line("DECRBY n -9223372036854775808") == "-ERR decrement would overflow")
        #expect(f.line("DECRBY n 9223372036854775807") == ":-9223372036854775808")
        #expect(f.line("DECR n") == overflow)
        for text in ["01", "-0", "+1", "1.0", "9223372036854775808"] {
            f.run("SET", "s", text)
            #expect(f.line("INCR s") == notAnInteger, "\(text)")
        }
        f.run("SET", "s", " 1")
        #expect(f.line("INCR s") == notAnInteger)
    }

    @Test("INCR keeps the deadline and is recorded as its result")
    func integerRecords() {
        let f = fixture()
        f.line("SET n 5 EX 100")
        f.backend.forget()
        #expect(f.line("INCR n") == ":6")
        #expect(f.line("TTL n") == ":100")
        #expect(f.line("DECRBY m 7") == ":-7")
        #expect(f.backend.texts == ["SET n 6 KEEPTTL", "SET m -7"])
    }

    @Test("INCRBYFLOAT adds as Redis does and is recorded as its result")
    func floats() {
        let f = fixture()
        #expect(f.line("INCRBYFLOAT h abc") == wrongType)
        #expect(f.line("INCRBYFLOAT r 1") == "-ERR value is not a valid float")
        #expect(f.line("INCRBYFLOAT n nan") == "-ERR value is not a valid float")
        #expect(f.line("INCRBYFLOAT n inf") == "-ERR increment would produce NaN or Infinity")
        #expect(f.line("EXISTS n") == ":0")
        #expect(f.line("INCRBYFLOAT n 3") == "\"3\"")
        #expect(f.line("OBJECT ENCODING n") == "\"embstr\"")
        #expect(f.line("INCRBYFLOAT n 3.0e3") == "\"3003\"")
        #expect(f.line("INCR n") == ":3004")
        f.line("EXPIRE n 100")
        #expect(f.line("INCRBYFLOAT n -0.25") == "\"3003.75\"")
        #expect(f.line("TTL n") == ":100")
        #expect(f.backend.texts.first == "SET n 3")
        #expect(f.backend.texts.last == "SET n 3003.75 KEEPTTL")
    }

    @Test("LCS finds what Redis finds, in every form")
    func lcs() {
        let f = fixture()
        f.line("MSET a ohmytext b mynewtext")
        #expect(f.line("LCS a b") == "\"mytext\"")
        #expect(f.line("LCS a b LEN") == ":6")
        let both = "[[4, 7], [5, 8]], [[2, 3], [0, 1]]"
        let first = "[[4, 7], [5, 8]]"
        func shown(_ text: String) -> String {
            var out = ""
            var isDigit = false
            for character in text {
                if character.isNumber && !isDigit { out += ":" }
                isDigit = character.isNumber
                out.append(character)
            }
            return out
        }
        #expect(f.line("LCS a b IDX") == "[\"matches\", [\(shown(both))], \"len\", :6]")
        #expect(
            f.line("LCS a b IDX MINMATCHLEN 4") == "[\"matches\", [\(shown(first))], \"len\", :6]")
        #expect(
            f.line("LCS a b IDX MINMATCHLEN 4 WITHMATCHLEN")
                == "[\"matches\", [\(shown("[[4, 7], [5, 8], 4]"))], \"len\", :6]")
        #expect(f.line("LCS none b") == "\"\"")
        #expect(f.line("LCS none b IDX") == "[\"matches\", [], \"len\", :0]")
        #expect(f.line("LCS h b FOO") == "-ERR The specified keys must contain string values")
        #expect(f.line("LCS a b FOO") == "-ERR syntax error")
        #expect(f.line("LCS a b MINMATCHLEN") == "-ERR syntax error")
        #expect(f.line("LCS a b MINMATCHLEN x") == notAnInteger)
        #expect(
            f.line("LCS a b IDX LEN")
                == "-ERR If you want both the length and indexes, please just use IDX.")
        f.line("SETRANGE big 20000 x")
        #expect(
            f.line("LCS big big LEN")
                == "-ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len")
        let other = EngineFixture(version: 3)
        other.line("MSET a xab b ab")
        #expect(other.line("LCS a b IDX") == "%{\"matches\", [[[:1, :2], [:0, :1]]], \"len\", :2}")
    }

    @Test("an expired string is absent for every command that meets it")
    func expired() {
        for command in [
            "GETDEL k", "GETEX k", "GETSET k v", "STRLEN k", "GETRANGE k 0 -1", "MGET k", "INCR k",
            "APPEND k x", "SETNX k x", "MSETNX k x", "SETRANGE k 0 x", "INCRBYFLOAT k 1",
        ] {
            let f = EngineFixture()
            f.line("SET k 41 PX 5")
            f.advance(milliseconds: 6)
            let reply = f.line(command)
            let fresh = EngineFixture()
            #expect(reply == fresh.line(command), "\(command)")
            #expect(f.backend.texts.contains("DEL k"), "\(command)")
        }
    }
}
