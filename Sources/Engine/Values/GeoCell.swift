/// Places on the globe, and the cells into which it is cut: a sorted set's score is the number of a cell so small
/// that its middle stands for the place.
///
/// A cell of step n is one of 2^n columns of the longitude and 2^n rows of the latitude. Its number interleaves the
/// two (row bits at even places, column bits at odd ones), so that a cell's smaller cells have numbers that follow
/// one another: a range of scores. Scores are of step 26, 52 bits, which a double holds exactly.
///
/// As Redis's: WGS 84 without its poles (EPSG:900913's limits), and a sphere for distances.

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// A place, in degrees.
struct GeoPoint: Equatable {
    var longitude: Double
    var latitude: Double

    /// The greatest longitude; the least is its opposite.
    static let longitudeLimit = 180.0
    /// The greatest latitude; the least is its opposite.
    static let latitudeLimit = 85.05112878
    /// Metres.
    static let earthRadius = 6_372_797.560856

    /// Whether the place may be kept.
    var isOnMap: Bool {
        longitude.magnitude <= Self.longitudeLimit && latitude.magnitude <= Self.latitudeLimit
    }

    /// Metres along the sphere, by the haversine formula.
    func distance(to other: GeoPoint) -> Double {
        let byLongitude = sin((other.longitude.radians - longitude.radians) / 2)
        if byLongitude == 0 { return distance(toLatitude: other.latitude) }
        let south = latitude.radians
        let north = other.latitude.radians
        let byLatitude = sin((north - south) / 2)
        let chord =
            byLatitude * byLatitude + cos(south) * cos(north) * byLongitude * byLongitude
        return 2 * Self.earthRadius * asin(chord.squareRoot())
    }

    /// Metres along a meridian.
    func distance(toLatitude other: Double) -> Double {
        Self.earthRadius * (other.radians - latitude.radians).magnitude
    }
}

extension Double {
    var radians: Double { self * (Double.pi / 180) }
    var degrees: Double { self / (Double.pi / 180) }
}

/// A cell of the map.
struct GeoCell: Equatable {
    /// The cell's step in scores.
    static let finest = 26

    /// 2^step rows and columns.
    let step: Int
    /// From the south.
    let row: UInt32
    /// From the west.
    let column: UInt32

    init(step: Int, row: UInt32, column: UInt32) {
        self.step = step
        self.row = row
        self.column = column
    }

    /// The cell that a place lies in.
    ///
    /// - Parameter latitudeLimit: of the map; geohashes as text are of one with its poles.
    init(_ point: GeoPoint, step: Int, latitudeLimit: Double = GeoPoint.latitudeLimit) {
        self.init(
            step: step, row: Self.index(point.latitude, latitudeLimit, step),
            column: Self.index(point.longitude, GeoPoint.longitudeLimit, step))
    }

    /// A place at the upper limit is one beyond the last cell, as in Redis.
    private static func index(_ degrees: Double, _ limit: Double, _ step: Int) -> UInt32 {
        let share = (degrees - -limit) / (limit - -limit)
        return UInt32(share * Double(1 << step))
    }

    /// The finest cell whose number a score is; scores that are none give some cell, the one Redis takes.
    init(score: Double) {
        let bits: UInt64
        if score > -0x1p63 && score < 0x1p63 {
            bits = UInt64(bitPattern: Int64(score))
        } else if score >= 0x1p63 && score < 0x1p64 {
            bits = UInt64(score)
        } else {
            bits = score > 0 ? 0 : 1 << 63
        }
        self.init(
            step: Self.finest, row: Self.evenBits(bits), column: Self.evenBits(bits >> 1))
    }

    /// The cell's number amongst those of its step.
    var bits: UInt64 { Self.spread(row) | Self.spread(column) << 1 }

    /// The scores of the places in it: from the lower one, up to but without the upper one.
    var scores: (from: Double, below: Double) {
        let shift = UInt64(2 * (Self.finest - step))
        return (Double(bits << shift), Double((bits + 1) << shift))
    }

    /// A cell this many columns to the east and rows to the north; the map's edges meet.
    func neighbour(east: Int, north: Int) -> GeoCell {
        let mask = UInt32(1) << UInt32(step) - 1
        func move(_ index: UInt32, _ distance: Int) -> UInt32 {
            distance == 0 ? index : (index &+ UInt32(truncatingIfNeeded: distance)) & mask
        }
        return GeoCell(step: step, row: move(row, north), column: move(column, east))
    }

    // MARK: Edges

    private func degrees(_ index: UInt32, _ limit: Double) -> Double {
        -limit + Double(index) / Double(1 << step) * (limit - -limit)
    }

    var west: Double { degrees(column, GeoPoint.longitudeLimit) }
    var east: Double { degrees(column &+ 1, GeoPoint.longitudeLimit) }
    var south: Double { degrees(row, GeoPoint.latitudeLimit) }
    var north: Double { degrees(row &+ 1, GeoPoint.latitudeLimit) }

    /// The place in its middle, drawn back onto the map.
    var middle: GeoPoint {
        func clamp(_ value: Double, _ limit: Double) -> Double { min(max(value, -limit), limit) }
        return GeoPoint(
            longitude: clamp((west + east) / 2, GeoPoint.longitudeLimit),
            latitude: clamp((south + north) / 2, GeoPoint.latitudeLimit))
    }

    // MARK: Bits

    /// The bits of `value` at the even places of the result.
    private static func spread(_ value: UInt32) -> UInt64 {
        var word = UInt64(value)
        word = (word | word << 16) & 0x0000_ffff_0000_ffff
        word = (word | word << 8) & 0x00ff_00ff_00ff_00ff
        word = (word | word << 4) & 0x0f0f_0f0f_0f0f_0f0f
        word = (word | word << 2) & 0x3333_3333_3333_3333
        return (word | word << 1) & 0x5555_5555_5555_5555
    }

    /// The bits at the even places of `word`.
    private static func evenBits(_ word: UInt64) -> UInt32 {
        var word = word & 0x5555_5555_5555_5555
        word = (word | word >> 1) & 0x3333_3333_3333_3333
        word = (word | word >> 2) & 0x0f0f_0f0f_0f0f_0f0f
        word = (word | word >> 4) & 0x00ff_00ff_00ff_00ff
        word = (word | word >> 8) & 0x0000_ffff_0000_ffff
        return UInt32(truncatingIfNeeded: word | word >> 16)
    }
}
