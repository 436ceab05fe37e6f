/// Random changes of sorted sets against dictionaries: content, order, ranks, frozen views, accounts, replay.
import Bytes
import Records
import TestSupport
import Testing

@testable import Engine

@Suite("Sorted sets under random commands")
struct SortedSetPropertyTests {
    /// An engine and what it must hold.
    private final class Rig {
        let world = EngineFixture(databases: 1)
        var model = SortedSetModel()
        var random: SeededGenerator

        init(limit: Int, seed: UInt64) {
            random = SeededGenerator(seed: seed)
            world.engine.settings.limits.maximumPackedSortedSet = limit
        }

        func below(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &random) }
        func key() -> String { "z\(below(4))" }

        func member() -> String {
            below(40) == 0 ? String(repeating: "long", count: 17 + below(60)) : "m\(below(300))"
        }

        func score() -> Double {
            switch below(12) {
            case 0: .infinity
            case 1: -.infinity
            case 2: Double.random(in: -1...1, using: &random)
            case 3: [.leastNonzeroMagnitude, 1.7e308, -1e300, 0.1, 0x1p53][below(5)]
            default: Double(below(30) - 10)
            }
        }

        func change() {
            let key = key()
            switch below(20) {
            case 0..<9: add(key)
            case 9: increment(key)
            case 10..<13: remove(key)
            case 13: removeRanks(key)
            case 14: removeScores(key)
            case 15: pop(key)
            case 16: conditional(key)
            default: moveOrCopy(key)
            }
        }

        private func run(_ words: [String]) -> String {
            world.value(words.map { Array($0.utf8) }).description
        }

        private func add(_ key: String) {
            var words = ["ZADD", key, "CH"]
            var changed = 0
            model.change(key) { set in
                for _ in 0..<(1 + below(below(10) == 0 ? 60 : 4)) {
                    let (score, member) = (score(), member())
                    words += [text(score), member]
                    if set[member] != score { changed += 1 }
                    set[member] = score
                }
            }
            #expect(run(words) == ":\(changed)")
        }

        private func conditional(_ key: String) {
            let (score, member) = (score(), member())
            let option = ["NX", "XX", "GT", "LT"][below(4)]
            model.change(key) { set in
                let old = set[member]
                switch option {
                case "NX": if old == nil { set[member] = score }
                case "XX": if old != nil { set[member] = score }
                case "GT": set[member] = max(old ?? -.infinity, score)
                default: set[member] = min(old ?? .infinity, score)
                }
            }
            #expect(run(["ZADD", key, option, text(score), member]).hasPrefix(":"))
        }

        private func increment(_ key: String) {
            let (member, by) = (member(), Double(below(9) - 4))
            var sum = 0.0
            model.change(key) { set in
                sum = (set[member] ?? 0) + by
                set[member] = sum
            }
            let reply = run(["ZINCRBY", key, text(by), member])
            #expect(reply == "\"\(String(decoding: FloatText.format(sum), as: UTF8.self))\"")
        }

        private func remove(_ key: String) {
            let members = (0..<(1 + below(4))).map { _ in member() }
            var removed = 0
            model.change(key) { set in
                for member in members where set.removeValue(forKey: member) != nil { removed += 1 }
            }
            #expect(run(["ZREM", key] + members) == ":\(removed)")
        }

        private func removeRanks(_ key: String) {
            let order = model.inOrder(key)
            let start = below(order.count + 2)
            let stop = start + below(12) - 1
            let gone = stop < start ? [] : order.dropFirst(start).prefix(stop - start + 1)
            model.change(key) { set in for each in gone { set[each.member] = nil } }
            if stop < 0 { return }
            #expect(run(["ZREMRANGEBYRANK", key, "\(start)", "\(stop)"]) == ":\(gone.count)")
        }

        private func removeScores(_ key: String) {
            let low = Double(below(40) - 15)
            let high = low + Double(below(3))
            let gone = model.inOrder(key).filter { $0.score > low && $0.score <= high }
            model.change(key) { set in for each in gone { set[each.member] = nil } }
            let words = ["ZREMRANGEBYSCORE", key, "(" + text(low), text(high)]
            #expect(run(words) == ":\(gone.count)")
        }

        private func pop(_ key: String) {
            let count = below(4)
            let order = model.inOrder(key)
            let isMaximum = below(2) == 0
            let gone = isMaximum ? order.reversed().prefix(count) : order.prefix(count)[...]
            model.change(key) { set in for each in gone { set[each.member] = nil } }
            let words = gone.flatMap { each in
                [each.member, String(decoding: FloatText.format(each.score), as: UTF8.self)]
            }
            let reply = world.value(
                [isMaximum ? "ZPOPMAX" : "ZPOPMIN", key, "\(count)"].map { Array($0.utf8) })
            #expect(reply.elements.compactMap(\.text) == words)
        }

        private func moveOrCopy(_ key: String) {
            let other = self.key()
            switch below(4) {
            case 0 where key != other:
                if let set = model.sets[key] {
                    model.sets[other] = set
                    model.sets[key] = nil
                }
                _ = run(["RENAME", key, other])
            case 1 where key != other:
                if let set = model.sets[key] { model.sets[other] = set }
                _ = run(["COPY", key, other, "REPLACE"])
            case 2:
                let range = model.inOrder(key).dropFirst(3).prefix(50)
                model.sets[other] = nil
                model.change(other) { set in for each in range { set[each.member] = each.score } }
                #expect(run(["ZRANGESTORE", other, key, "3", "52"]) == ":\(range.count)")
            default:
                let sum = (model.sets[key] ?? [:]).merging(model.sets[other] ?? [:]) {
                    ($0 + $1).isNaN ? 0 : $0 + $1
                }
                if sum.count > 250 { return }
                model.sets[other] = sum.isEmpty ? nil : sum
                #expect(run(["ZUNIONSTORE", other, "2", key, other]) == ":\(sum.count)")
            }
        }

        private func text(_ score: Double) -> String {
            String(decoding: FloatText.format(score), as: UTF8.self)
        }

        /// Reads at random, and compares.
        func look() {
            let key = key()
            let order = model.inOrder(key)
            #expect(run(["ZCARD", key]) == ":\(order.count)")
            let start = below(order.count + 1)
            let expected = order.dropFirst(start).prefix(20).map(\.member)
            let words = ["ZRANGE", key, "\(start)", "\(start + 19)"].map { Array($0.utf8) }
            #expect(world.value(words).elements.compactMap(\.text) == expected)
            let backwards = ["ZREVRANGE", key, "\(start)", "\(start + 19)"].map { Array($0.utf8) }
            #expect(
                world.value(backwards).elements.compactMap(\.text)
                    == order.reversed().dropFirst(start).prefix(20).map(\.member))
            let low = Double(below(30) - 10)
            let count = order.filter { $0.score >= low && $0.score < low + 2 }.count
            #expect(run(["ZCOUNT", key, text(low), "(" + text(low + 2)]) == ":\(count)")
            let member = member()
            let rank = order.firstIndex { $0.member == member }
            #expect(run(["ZRANK", key, member]) == (rank.map { ":\($0)" } ?? "nil"))
            #expect(
                run(["ZREVRANK", key, member])
                    == (rank.map { ":\(order.count - 1 - $0)" } ?? "nil"))
        }
    }

    @Test(
        "views stay what they were, ranks and ranges are the model's, accounts are true",
        arguments: [0, 8, 128])
    func randomChanges(limit: Int) throws {
        let rig = Rig(limit: limit, seed: TestKnobs.seed ^ UInt64(limit))
        let engine = rig.world.engine
        var views: [(view: FrozenKeyspace, model: SortedSetModel)] = []
        for round in 0..<(TestKnobs.isCampaign ? 400 : 40) {
            for _ in 0..<60 {
                rig.change()
                rig.look()
            }
            if views.count < 4, round % 2 == 0 {
                views.append((engine.freeze(), rig.model))
            } else if !views.isEmpty, rig.below(3) == 0 {
                let gone = views.remove(at: rig.below(views.count))
                try gone.model.expectEqual(gone.view, "a view in round \(round)")
            }
            if round % 10 == 0 {
                try rig.model.expectEqual(engine.freeze(), "round \(round)")
                #expect(engine.keyspace.liveBytes == SortedSetWalk.bytes(engine.keyspace))
            }
        }
        for (view, model) in views { try model.expectEqual(view, "at the end") }
        views.removeAll()
        engine.keyspace.collect()
        #expect(engine.keyspace.frozenBytes == 0)
        #expect(engine.keyspace.liveBytes == SortedSetWalk.bytes(engine.keyspace))
        let replayed = rig.world.replayed()
        try rig.model.expectEqual(replayed.freeze(), "replayed")
        rig.world.run("FLUSHALL")
    }

    @Test("a large sorted set of many members grows, answers and shrinks in step")
    func growsAndShrinks() throws {
        let rig = Rig(limit: 128, seed: TestKnobs.seed)
        let world = rig.world
        let count = TestKnobs.isCampaign ? 200_000 : 5_000
        for number in 0..<count {
            let score = Double((number &* 7919) % 1000)
            world.run("ZADD", "z0", "\(Int(score))", "m\(number)")
            rig.model.sets["z0", default: [:]]["m\(number)"] = score
        }
        let view = world.engine.freeze()
        let full = rig.model
        for number in 0..<count where number % 10 != 0 {
            world.run("ZREM", "z0", "m\(number)")
            rig.model.sets["z0"]?["m\(number)"] = nil
        }
        try full.expectEqual(view, "the view")
        try rig.model.expectEqual(world.engine.freeze(), "the rest")
        #expect(world.engine.keyspace.liveBytes == SortedSetWalk.bytes(world.engine.keyspace))
        #expect(world.run("ZREMRANGEBYRANK", "z0", "0", "-1") == ":\(count / 10)")
        #expect(world.run("EXISTS", "z0") == ":0")
        withExtendedLifetime(view) {}
    }
}
