/// What a search looks for: all places in a circle or a box around a place; and the cells in which to look.
///
/// At most nine cells are looked through, the one that the middle lies in and those around it, of a step at which
/// they are sure to cover the area. Their order, which unsorted replies keep, is Redis's.

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// A circle or a box.
struct GeoArea {
    /// Its extent.
    enum Shape {
        /// Metres from the middle.
        case circle(radius: Double)
        /// Metres from edge to edge.
        case box(width: Double, height: Double)
    }

    let middle: GeoPoint
    let shape: Shape

    /// The distance of a place in the area from its middle, in metres; nil for places outside.
    func distance(of point: GeoPoint) -> Double? {
        switch shape {
        case .circle(let radius):
            let distance = middle.distance(to: point)
            return distance > radius ? nil : distance
        case .box(let width, let height):
            if point.distance(toLatitude: middle.latitude) > height / 2 { return nil }
            let beside = GeoPoint(longitude: middle.longitude, latitude: point.latitude)
            if point.distance(to: beside) > width / 2 { return nil }
            return middle.distance(to: point)
        }
    }

    // MARK: Where to look

    /// Metres from the middle to the farthest place.
    private var reach: Double {
        switch shape {
        case .circle(let radius): radius
        case .box(let width, let height):
            (width / 2 * (width / 2) + height / 2 * (height / 2)).squareRoot()
        }
    }

    /// The edges of a box of degrees around the area.
    private var bounds: (west: Double, south: Double, east: Double, north: Double) {
        let halfWidth: Double
        let halfHeight: Double
        switch shape {
        case .circle(let radius): (halfWidth, halfHeight) = (radius, radius)
        case .box(let width, let height): (halfWidth, halfHeight) = (width / 2, height / 2)
        }
        let byLatitude = (halfHeight / GeoPoint.earthRadius).degrees
        // Meridians are closest at the edge nearer to the pole.
        let outer = middle.latitude + (middle.latitude < 0 ? -byLatitude : byLatitude)
        let byLongitude = (halfWidth / GeoPoint.earthRadius / cos(outer.radians)).degrees
        return (
            middle.longitude - byLongitude, middle.latitude - byLatitude,
            middle.longitude + byLongitude, middle.latitude + byLatitude
        )
    }

    /// The step at which a cell and those around it cover the area in most cases.
    private var estimatedStep: Int {
        var metres = reach
        if metres == 0 { return GeoCell.finest }
        var step = 1
        // Half the equator of the Mercator projection.
        while metres < 20_037_726.37 {
            metres *= 2
            step += 1
        }
        step -= 2
        // Cells are narrower towards the poles.
        if middle.latitude.magnitude > 66 { step -= 1 }
        if middle.latitude.magnitude > 80 { step -= 1 }
        return min(max(step, 1), GeoCell.finest)
    }

    /// The cells to look through, in order; none of them follows itself.
    var cells: [GeoCell] {
        let bounds = bounds
        var cell = GeoCell(middle, step: estimatedStep)
        // Near an edge of its cell the area may stick out of the cell beyond.
        if cell.step > 1,
            cell.neighbour(east: 0, north: 1).north < bounds.north
                || cell.neighbour(east: 0, north: -1).south > bounds.south
                || cell.neighbour(east: 1, north: 0).east < bounds.east
                || cell.neighbour(east: -1, north: 0).west > bounds.west
        {
            cell = GeoCell(middle, step: cell.step - 1)
        }
        var found = [cell]
        for (east, north) in Self.around {
            if cell.step >= 2 {
                if north < 0 && cell.south < bounds.south { continue }
                if north > 0 && cell.north > bounds.north { continue }
                if east < 0 && cell.west < bounds.west { continue }
                if east > 0 && cell.east > bounds.east { continue }
            }
            let neighbour = cell.neighbour(east: east, north: north)
            if neighbour != found.last { found.append(neighbour) }
        }
        return found
    }

    private static let around = [
        (0, 1), (0, -1), (1, 0), (-1, 0), (1, 1), (-1, 1), (1, -1), (-1, -1),
    ]
}
