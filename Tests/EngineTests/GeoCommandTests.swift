/// Geo: known places and distances, cells against arithmetic, searches against looking at everything, records.
import Bytes
import Records
import TestSupport
import Testing

@testable import Engine

@Suite("Places")
struct GeoCommandTests {
    private func sicily(version: Int = 2) -> EngineFixture {
        let f = EngineFixture(version: version)
        f.line("GEOADD Sicily 13.361389 38.115556 Palermo 15.087269 37.502669 Catania")
        return f
    }

    @Test("the documentation's examples")
    func examples() {
        let f = sicily()
        #expect(f.line("GEODIST Sicily Palermo Catania") == "\"166274.1516\"")
        #expect(f.line("GEODIST Sicily Palermo Catania km") == "\"166.2742\"")
        #expect(f.line("GEODIST Sicily Palermo Catania mi") == "\"103.3182\"")
        #expect(f.line("GEODIST Sicily Foo Bar") == "nil")
        #expect(
            f.line("GEOHASH Sicily Palermo Catania x") == "[\"sqc8b49rny0\", \"sqdtr74hyu0\", nil]")
        #expect(
            f.line("GEOPOS Sicily Palermo NonExisting")
                == "[[\"13.36138933897018433\", \"38.11555639549629859\"], nil]")
        #expect(f.line("ZSCORE Sicily Palermo") == "\"3479099956230698\"")
        #expect(
            f.line("GEORADIUS Sicily 15 37 200 km WITHDIST WITHHASH ASC")
                == "[[\"Catania\", \"56.4413\", :3479447370796909], [\"Palermo\", \"190.4424\", :3479099956230698]]"
        )
        f.line("GEOADD Sicily 12.758489 38.788135 edge1 17.241510 38.788135 edge2")
        #expect(
            f.line("GEOSEARCH Sicily FROMLONLAT 15 37 BYBOX 400 400 km ASC COUNT 3")
                == "[\"Catania\", \"Palermo\", \"edge2\"]")
    }

    @Test("RESP3 tells coordinates as doubles, distances as strings")
    func protocolThree() {
        let f = sicily(version: 3)
        let reply = f.raw(
            "GEOSEARCH Sicily FROMLONLAT 15 37 BYRADIUS 100 km WITHCOORD WITHDIST"
                .split(separator: " ").map { Array($0.utf8) })
        #expect(
            String(decoding: reply, as: UTF8.self)
                == "*1\r\n*3\r\n$7\r\nCatania\r\n$7\r\n56.4413\r\n*2\r\n,15.08726745843887329\r\n,37.50266842333162032\r\n"
        )
    }

    @Test("GEOADD adds, moves, and obeys its options; it is recorded as scores")
    func add() throws {
        let f = sicily()
        #expect(f.backend.texts.count == 1)
        #expect(f.line("GEOADD Sicily NX 1 1 Palermo 2 2 new") == ":1")
        #expect(f.line("GEOADD Sicily XX CH 1 1 Palermo 2 2 other") == ":1")
        #expect(f.line("GEOADD none XX 1 1 a") == ":0")
        #expect(f.line("EXISTS none") == ":0")
        f.backend.forget()
        #expect(f.line("GEOADD Sicily CH 1 1 Palermo") == ":0")
        #expect(f.backend.commands.isEmpty)
        #expect(f.line("GEOADD Sicily NX XX 1 1 a") == "-ERR syntax error")
        #expect(f.line("GEOADD Sicily 1 1 a 2") == "-ERR syntax error")
        #expect(f.line("GEOADD Sicily 1 x a") == "-ERR value is not a valid float")
        #expect(
            f.line("GEOADD Sicily 1 1 b 181 -86 a")
                == "-ERR invalid longitude,latitude pair 181.000000,-86.000000")
        #expect(f.line("ZSCORE Sicily b") == "nil")
        f.line("SET s x")
        #expect(f.line("GEOADD s 1 1 a").hasPrefix("-WRONGTYPE"))
        #expect(f.line("GEOADD Sicily 180 85.05112878 corner -180 -85.05112878 origin") == ":2")
        #expect(f.line("ZSCORE Sicily origin") == "\"0\"")
    }

    @Test("what is stored is recorded and replays; an empty result takes the destination away")
    func store() throws {
        let f = sicily()
        #expect(
            f.line("GEOSEARCHSTORE d Sicily FROMLONLAT 15 37 BYRADIUS 200 km STOREDIST") == ":2")
        #expect(f.line("ZRANGE d 0 -1") == "[\"Catania\", \"Palermo\"]")
        #expect(f.line("GEORADIUS Sicily 15 37 200 km STORE Sicily COUNT 1") == ":1")
        #expect(f.line("ZCARD Sicily") == ":1")
        let other = f.replayed()
        let session = Session(id: 9)
        let key = Array("Sicily".utf8)
        key.withByteView { view in
            let mine = f.engine.peek(view, f.session).map { SortedSetValue($0).count }
            #expect(other.peek(view, session).map { SortedSetValue($0).count } == mine)
        }
        #expect(f.line("GEORADIUS none 15 37 200 km STOREDIST d") == ":0")
        #expect(f.line("EXISTS d") == ":0")
        #expect(f.backend.texts.last == "DEL d")
    }

    @Test("mistakes are told in Redis's words")
    func mistakes() {
        let f = sicily()
        let expected = [
            ("FROMMEMBER x BYRADIUS 1 m", "-ERR could not decode requested zset member"),
            ("FROMLONLAT 1 1 BYRADIUS x m", "-ERR need numeric radius"),
            ("FROMLONLAT 1 1 BYRADIUS -1 m", "-ERR radius cannot be negative"),
            (
                "FROMLONLAT 1 1 BYRADIUS 1 yd",
                "-ERR unsupported unit provided. please use M, KM, FT, MI"
            ),
            ("FROMLONLAT 1 1 BYBOX x 1 m", "-ERR need numeric width"),
            ("FROMLONLAT 1 1 BYBOX 1 x m", "-ERR need numeric height"),
            ("FROMLONLAT 1 1 BYBOX 1 -1 m", "-ERR height or width cannot be negative"),
            ("FROMLONLAT 1 1 BYRADIUS 1 m COUNT 0", "-ERR COUNT must be > 0"),
            ("FROMLONLAT 1 1 BYRADIUS 1 m ANY", "-ERR the ANY argument requires COUNT argument"),
            ("FROMLONLAT 1 1 FROMMEMBER Palermo BYRADIUS 1 m", "-ERR syntax error"),
            (
                "BYRADIUS 1 m ASC ASC",
                "-ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for GEOSEARCH"
            ),
            (
                "FROMLONLAT 1 1 ASC ASC",
                "-ERR exactly one of BYRADIUS and BYBOX can be specified for GEOSEARCH"
            ),
        ]
        for (words, error) in expected {
            #expect(f.line("GEOSEARCH Sicily \(words)") == error, "\(words)")
        }
        #expect(
            f.line("GEORADIUS Sicily 1 1 1 m STORE d WITHDIST")
                == "-ERR STORE option in GEORADIUS is not compatible with WITHDIST, WITHHASH and WITHCOORD options"
        )
        #expect(f.line("GEORADIUS_RO Sicily 1 1 1 m STORE d") == "-ERR syntax error")
    }

    @Test("scores that are no cells are decoded somehow and never trap")
    func strangeScores() {
        let f = EngineFixture()
        f.line("ZADD z -1 a inf b -inf c 1e300 d 1.5 e 9.3e18 f 1.9e19 g -9e18 h")
        #expect(
            f.value("GEOPOS z a b c d e f g h".split(separator: " ").map { Array($0.utf8) })
                .elements.count == 8)
        for member in ["a", "b", "c", "d", "e", "f", "g", "h"] {
            #expect(
                !f.line("GEORADIUSBYMEMBER z \(member) 30000 km WITHCOORD WITHHASH").hasPrefix("-"))
        }
        f.line("GEOHASH z a b c d e f g h")
    }

    @Test("a search finds what looking at every member finds, near edges and poles too")
    func completeness() {
        var random = SeededGenerator(seed: TestKnobs.seed)
        func degrees(_ limit: Double) -> Double { .random(in: -limit...limit, using: &random) }
        for round in 0..<60 {
            let spread = [180, 20, 0.5, 0.01][round % 4]
            let middle = GeoPoint(longitude: degrees(179), latitude: degrees(84))
            var places: [GeoPoint] = []
            let f = EngineFixture()
            for index in 0..<200 {
                let point = GeoPoint(
                    longitude: max(-180, min(180, middle.longitude + degrees(spread))),
                    latitude: max(-85, min(85, middle.latitude + degrees(spread / 2))))
                f.run("GEOADD", "g", "\(point.longitude)", "\(point.latitude)", "\(index)")
                places.append(
                    GeoCell(score: Double(GeoCell(point, step: GeoCell.finest).bits)).middle)
            }
            // Redis's cells don't reach over the edge of the map nor over a pole: such areas are left out.
            let reach = spread * 100_000
            let radius = Double.random(in: 0...reach, using: &random)
            let inDegrees = radius / 111_000
            let atPole = middle.latitude.magnitude + inDegrees > 80
            let wide = inDegrees / max(0.05, GeoCommandTests.cosine(middle.latitude))
            if atPole || middle.longitude.magnitude + wide > 175 || radius > 2_000_000 { continue }
            let area = GeoArea(middle: middle, shape: .circle(radius: radius))
            let expected = places.indices.filter { area.distance(of: places[$0]) != nil }
            let reply = f.value(
                [
                    "GEOSEARCH", "g", "FROMLONLAT", "\(middle.longitude)", "\(middle.latitude)",
                    "BYRADIUS", "\(radius)", "m",
                ].map { Array($0.utf8) })
            let found = reply.elements.compactMap { $0.text.flatMap { Int($0) } }.sorted()
            #expect(found == expected, "seed \(TestKnobs.seed), round \(round)")
        }
    }

    private static func cosine(_ degrees: Double) -> Double {
        // Enough for a bound: 1 - x^2/2 lies below the cosine.
        let angle = degrees * 0.01745
        return 1 - angle * angle / 2
    }

    @Test("cells: numbers, edges and neighbours")
    func cells() {
        let cell = GeoCell(GeoPoint(longitude: 0.1, latitude: 0.1), step: 2)
        #expect(cell.row == 2 && cell.column == 2 && cell.bits == 0b1100)
        #expect(cell.west == 0 && cell.east == 90 && cell.south == 0)
        #expect(cell.neighbour(east: 1, north: 0).column == 3)
        #expect(cell.neighbour(east: 2, north: 0).column == 0)
        #expect(cell.neighbour(east: 0, north: -1).bits == 0b1001)
        var random = SeededGenerator(seed: TestKnobs.seed)
        for _ in 0..<2000 {
            let point = GeoPoint(
                longitude: .random(in: -180...180, using: &random),
                latitude: .random(in: -85...85, using: &random))
            let fine = GeoCell(point, step: GeoCell.finest)
            #expect(GeoCell(score: Double(fine.bits)) == fine)
            #expect(fine.west <= point.longitude && point.longitude <= fine.east)
            #expect(fine.south <= point.latitude && point.latitude <= fine.north)
            let coarse = GeoCell(point, step: 7).scores
            #expect(Double(fine.bits) >= coarse.from && Double(fine.bits) < coarse.below)
        }
    }
}
