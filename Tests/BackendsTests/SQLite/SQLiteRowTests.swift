/// How many rows a change writes: only what changed, and repeated writes once.
import Backends
import Bytes
import Persistence
import Records
import TestSupport
import Testing

@Suite("A change of a database is as many rows as elements changed")
struct SQLiteRowTests {
    private func filled() throws -> SQLiteRig {
        let rig = try SQLiteRig()
        let names = (0..<20_000).map { "e\($0)" }
        withTexts(["h"] + names.flatMap { [$0, "v"] }) { views in
            rig.record(.hashSet(key: views[0], pairs: views.dropFirst(1)))
        }
        withTexts(["l"] + names) { views in
            rig.record(.listPush(key: views[0], end: .right, values: views.dropFirst(1)))
        }
        withTexts(["s"] + names) { views in
            rig.record(.setAdd(key: views[0], members: views.dropFirst(1)))
        }
        withTexts(["z"] + names.flatMap { ["1", $0] }) { views in
            rig.record(.sortedSetAdd(key: views[0], scoresAndMembers: views.dropFirst(1)))
        }
        // A database that never held anything has no row.
        withTexts(["a"]) { rig.record(.set(key: $0[0], value: $0[0], deadline: nil), 3) }
        rig.commit()
        return rig
    }

    @Test("one field, element, member, score of a large collection is one row")
    func oneRow() throws {
        let rig = try filled()
        withTexts(["h", "l", "s", "z", "e77", "new", "3"]) { t in
            #expect(rig.rows { rig.record(.hashSet(key: t[0], pairs: t[4..<6])) } == 1)
            #expect(rig.rows { rig.record(.hashSet(key: t[0], pairs: t[5..<7])) } == 1)
            #expect(rig.rows { rig.record(.hashDelete(key: t[0], fields: t[4..<5])) } == 1)
            for end in [ListEnd.left, .right] {
                #expect(
                    rig.rows { rig.record(.listPush(key: t[1], end: end, values: t[5..<6])) } == 1)
            }
            #expect(rig.rows { rig.record(.listPop(key: t[1], end: .left, count: 1)) } == 1)
            #expect(
                rig.rows { rig.record(.listSet(key: t[1], index: 9000, value: t[5])) } == 1)
            #expect(
                rig.rows {
                    rig.record(
                        .listInsert(key: t[1], pivot: t[4], isBefore: true, value: t[5]))
                } == 1)
            #expect(rig.rows { rig.record(.setAdd(key: t[2], members: t[5..<6])) } == 1)
            #expect(rig.rows { rig.record(.setRemove(key: t[2], members: t[4..<5])) } == 1)
            let pair = [t[6].array, t[5].array]
            pair.withByteViews { pair in
                #expect(
                    rig.rows { rig.record(.sortedSetAdd(key: t[3], scoresAndMembers: pair)) } == 1)
            }
            #expect(rig.rows { rig.record(.sortedSetRemove(key: t[3], members: t[4..<5])) } == 1)
            // Whole keys too: what hangs off them hangs off a number.
            #expect(rig.rows { rig.record(.rename(key: t[0], newKey: t[5])) } == 1)
            #expect(rig.rows { rig.record(.move(key: t[5], database: 3)) } == 1)
            let deadline = Deadline(millisecondsSinceEpoch: 4_000_000_000_000)
            #expect(rig.rows { rig.record(.expire(key: t[3], deadline: deadline)) } == 1)
        }
        #expect(try rig.found() == rig.expected)
        try rig.backend.close()
    }

    @Test("writes to one element within a transaction are one row")
    func coalesced() throws {
        let rig = try filled()
        let rows = rig.rows {
            for number in 0..<1000 {
                withTexts(["counter", "\(number)", "h", "e1", "z", "e2"]) { t in
                    rig.record(.setKeepingDeadline(key: t[0], value: t[1]))
                    [t[3].array, t[1].array].withByteViews {
                        rig.record(.hashSet(key: t[2], pairs: $0))
                    }
                    [t[1].array, t[5].array].withByteViews {
                        rig.record(.sortedSetAdd(key: t[4], scoresAndMembers: $0))
                    }
                }
            }
        }
        #expect(rows == 3)
        #expect(try rig.found() == rig.expected)
        try rig.backend.close()
    }

    @Test("a deleted collection goes bit by bit, and none of it comes back")
    func abandoned() throws {
        let rig = try filled()
        withTexts(["h"]) { t in
            let rows = rig.rows { rig.record(.delete(key: t[0])) }
            #expect(rows < 1000, "the elements wait")
        }
        withTexts(["h", "f", "v"]) { rig.record(.hashSet(key: $0[0], pairs: $0.dropFirst(1))) }
        rig.commit()
        #expect(try rig.found() == rig.expected)
        for second in 1...20 { tick(rig, UInt64(second)) }
        #expect(try SQLiteRig.shell(rig.folder, "SELECT count(*) FROM hash_fields") == "1")
        #expect(try SQLiteRig.shell(rig.folder, "SELECT count(*) FROM abandoned") == "0")
        #expect(try rig.found() == rig.expected)
        try rig.backend.close()
    }

    private func tick(_ rig: SQLiteRig, _ second: UInt64) {
        rig.backend.tick(nowNanoseconds: rig.clock.monotonicNanoseconds + second * 1_000_000_000)
        rig.runner.drain()
    }

    @Test("insertions at one place of a list find room, again and again")
    func spreading() throws {
        let rig = try SQLiteRig()
        withTexts(["l", "first", "last"]) {
            rig.record(.listPush(key: $0[0], end: .right, values: $0.dropFirst(1)))
        }
        for number in 0..<3000 {
            withTexts(["l", "first", "n\(number)"]) {
                rig.record(
                    .listInsert(key: $0[0], pivot: $0[1], isBefore: false, value: $0[2]))
            }
            if number % 100 == 0 { rig.commit() }
        }
        rig.commit()
        #expect(rig.figure("sqlite_rows_written") < 3000 * 64, "a window of rows, not the list")
        #expect(try rig.found() == rig.expected)
        try rig.backend.close()
    }
}
