/// Deadlines of hash fields, as the pages of Redis 7.4's commands describe them (redis.io, HEXPIRE and its kin).
import Records
import Testing

@testable import Engine

@Suite("Deadlines of hash fields")
struct FieldDeadlineTests {
    private func world() -> EngineFixture {
        let f = EngineFixture()
        f.line("HSET h a 1 b 2 c 3")
        return f
    }

    @Test("replies tell for each field what became of it")
    func replies() {
        let f = world()
        #expect(f.line("HEXPIRE h 100 FIELDS 3 a x b") == "[:1, :-2, :1]")
        #expect(f.line("HPTTL h FIELDS 3 a x c") == "[:100000, :-2, :-1]")
        #expect(f.line("HTTL h FIELDS 1 a") == "[:100]")
        #expect(f.line("HEXPIRETIME h FIELDS 1 a") == "[:1700000100]")
        #expect(f.line("HPEXPIRETIME h FIELDS 1 b") == "[:1700000100000]")
        #expect(f.line("HPERSIST h FIELDS 3 a c x") == "[:1, :-1, :-2]")
        #expect(f.line("HEXPIRE none 10 FIELDS 2 a b") == "[:-2, :-2]")
        #expect(f.line("HEXPIRE h 0 FIELDS 1 a") == "[:2]")
        #expect(f.line("HGET h a") == "nil")
    }

    @Test("conditions hold a deadline back")
    func conditions() {
        let f = world()
        #expect(f.line("HEXPIRE h 100 XX FIELDS 1 a") == "[:0]")
        #expect(f.line("HEXPIRE h 100 GT FIELDS 1 a") == "[:0]")
        #expect(f.line("HEXPIRE h 100 LT FIELDS 1 a") == "[:1]")
        #expect(f.line("HEXPIRE h 100 NX FIELDS 2 a b") == "[:0, :1]")
        #expect(f.line("HEXPIRE h 50 GT FIELDS 1 a") == "[:0]")
        #expect(f.line("HEXPIRE h 200 GT FIELDS 1 a") == "[:1]")
        #expect(f.line("HEXPIRE h 300 LT FIELDS 1 a") == "[:0]")
    }

    @Test("mistakes are told and change nothing")
    func mistakes() {
        let f = world()
        #expect(f.line("HEXPIRE h x FIELDS 1 a").contains("not an integer"))
        #expect(f.line("HEXPIRE h -1 FIELDS 1 a").contains("invalid expire time"))
        #expect(f.line("HEXPIRE h 9223372036854775807 FIELDS 1 a").contains("invalid expire time"))
        #expect(f.line("HEXPIRE h 1 FIELDS 0 a").contains("should be greater than 0"))
        #expect(f.line("HEXPIRE h 1 FIELDS 2 a").contains("must match the number"))
        #expect(f.line("HEXPIRE h 1 WORDS 1 a").contains("FIELDS is missing"))
        f.line("SET s v")
        #expect(f.line("HEXPIRE s 1 FIELDS 1 a").contains("WRONGTYPE"))
        #expect(f.line("HTTL h FIELDS 3 a b c") == "[:-1, :-1, :-1]")
    }

    @Test("a field past its deadline is absent at once and deleted soon")
    func expiry() {
        let f = world()
        f.line("HPEXPIRE h 50 FIELDS 2 a b")
        f.advance(milliseconds: 51)
        #expect(f.line("HGET h a") == "nil")
        #expect(f.line("HMGET h a b c") == "[nil, nil, \"3\"]")
        #expect(f.line("HGETALL h") == "[\"c\", \"3\"]")
        #expect(f.line("HEXISTS h a") == ":0")
        #expect(f.line("HRANDFIELD h") == "\"c\"")
        #expect(f.line("HSCAN h 0") == "[\"0\", [\"c\", \"3\"]]")
        #expect(f.line("HLEN h") == ":3")
        f.engine.expireCycle(budgetNanoseconds: .max)
        #expect(f.line("HLEN h") == ":1")
        f.line("HPEXPIRE h 50 FIELDS 1 c")
        f.advance(milliseconds: 51)
        f.engine.expireCycle(budgetNanoseconds: .max)
        #expect(f.line("EXISTS h") == ":0")
        #expect(f.engine.statistics.expiredFields == 3)
        #expect(f.replayed().keyspace.keyCount == 0)
    }

    @Test("HSET takes a deadline away, HINCRBY keeps it")
    func writes() {
        let f = world()
        f.line("HEXPIRE h 100 FIELDS 3 a b c")
        f.line("HSET h a 9")
        f.line("HINCRBY h b 5")
        f.line("HINCRBYFLOAT h c 0.5")
        #expect(f.line("HTTL h FIELDS 3 a b c") == "[:-1, :100, :100]")
        let other = EngineFixture()
        other.engine.adopt(f.replayed().keyspace)
        #expect(other.line("HTTL h FIELDS 3 a b c") == "[:-1, :100, :100]")
        #expect(other.line("HGETALL h").contains("\"7\""))
    }

    @Test("deadlines go where the hash goes")
    func copies() {
        let f = world()
        f.line("HEXPIRE h 100 FIELDS 1 a")
        f.line("EXPIRE h 1000")
        f.line("COPY h copy")
        f.line("RENAME h renamed")
        f.line("MOVE copy 1")
        #expect(f.line("HTTL renamed FIELDS 1 a") == "[:100]")
        f.line("SELECT 1")
        #expect(f.line("HTTL copy FIELDS 1 a") == "[:100]")
        #expect(f.line("OBJECT ENCODING copy") == "\"listpackex\"")
        f.advance(milliseconds: 101_000)
        f.engine.expireCycle(budgetNanoseconds: .max)
        #expect(f.line("HLEN copy") == ":2")
        f.line("SELECT 0")
        #expect(f.line("HLEN renamed") == ":2")
        #expect(f.engine.keyspace.tables[0].nestedDeadlines == 0)
    }

    @Test("many hashes are swept without looking at those that aren't due")
    func sweeps() {
        let f = EngineFixture()
        for number in 0..<3000 {
            f.line("HSET h\(number) a 1 b 2")
            f.line("HPEXPIRE h\(number) \(number % 3 == 0 ? 10 : 100_000) FIELDS 1 a")
        }
        f.advance(milliseconds: 11)
        while !f.engine.expireCycle(budgetNanoseconds: .max) {}
        #expect(f.engine.statistics.expiredFields == 1000)
        #expect(f.engine.keyspace.liveBytes == WalkedBytes.of(f.engine.keyspace))
    }
}
