/// The family of places, which are members of sorted sets: one file a command or a tight pair, one line here; and
/// what they share: units, coordinates, members' places.
import Bytes
import RESP
import Records

enum GeoCommands {
    static var all: [CommandSpec] {
        [
            GeoAddCommand.spec, GeoPosCommand.spec, GeoDistCommand.spec, GeoHashCommand.spec,
            GeoSearchCommand.search, GeoSearchCommand.store, GeoRadiusCommands.radius,
            GeoRadiusCommands.radiusReadOnly, GeoRadiusCommands.byMember,
            GeoRadiusCommands.byMemberReadOnly,
        ]
    }
}

/// A unit of length.
struct GeoUnit {
    /// How long it is.
    let metres: Double

    static let metre = GeoUnit(metres: 1)

    private init(metres: Double) { self.metres = metres }

    init(_ word: ByteView) throws(CommandError) {
        if word.equalsIgnoringCase("m") {
            metres = 1
        } else if word.equalsIgnoringCase("km") {
            metres = 1000
        } else if word.equalsIgnoringCase("ft") {
            metres = 0.3048
        } else if word.equalsIgnoringCase("mi") {
            metres = 1609.34
        } else {
            throw .geoUnit
        }
    }
}

extension GeoPoint {
    /// The place that two words tell, which must be on the map.
    init(_ longitude: ByteView, _ latitude: ByteView) throws(CommandError) {
        guard let longitude = FloatText.parse(longitude), let latitude = FloatText.parse(latitude)
        else { throw .notAFloat }
        self.init(longitude: longitude, latitude: latitude)
        if !isOnMap { throw .offTheMap(longitude, latitude) }
    }
}

extension SortedSetValue {
    /// The place of a member, nil where it is absent.
    func place(of member: ByteView, _ engine: Engine) -> GeoPoint? {
        score(of: member, engine.heap).map { GeoCell(score: $0).middle }
    }
}

extension ReplyWriter {
    /// Longitude and latitude.
    func place(_ point: GeoPoint) {
        array(2)
        fixedDouble(point.longitude)
        fixedDouble(point.latitude)
    }
}
