/// The arguments of the searches: GEOSEARCH, GEORADIUS and their kin take what is read here, each its part.
///
/// What is looked for begins at a place or at a member, is a circle or a box, and may be sorted, cut short, shown
/// with distances, hashes and coordinates, or stored.
import Bytes

/// A search.
struct GeoQuery {
    /// How a command says what it looks for.
    enum Form {
        /// Where and how far stand amongst the options.
        case search
        /// A place, a radius and a unit stand behind the key.
        case radius
        /// The same of a member.
        case radiusByMember
    }

    /// The order of results.
    enum Order {
        case none
        case ascending
        case descending
    }

    /// What is looked for; nil where the sorted set is absent.
    private(set) var area: GeoArea?
    /// In which distances are told.
    private(set) var unit = GeoUnit.metre
    private(set) var order = Order.none
    /// How many results are wanted; 0: all.
    private(set) var limit = 0
    /// The first results found will do.
    private(set) var takesAny = false
    private(set) var showsPlaces = false
    private(set) var showsDistances = false
    private(set) var showsHashes = false
    /// Where results go instead of into the reply.
    private(set) var destination: ByteView?
    /// Stored scores are distances.
    private(set) var storesDistances = false

    private var middle: GeoPoint?
    private var shape: GeoArea.Shape?
    private var hasMiddle = false

    /// Reads the arguments of a command, whose sorted set is `source`.
    ///
    /// - Parameter mayStore: STORE and STOREDIST are options of its radius form.
    init(
        _ arguments: ByteViews, _ form: Form, source: SortedSetValue?, destination: ByteView? = nil,
        mayStore: Bool, _ engine: Engine
    ) throws(CommandError) {
        self.destination = destination
        var index = form == .search ? destination == nil ? 2 : 3 : form == .radius ? 6 : 5
        if form == .radius {
            middle = try GeoPoint(arguments[2], arguments[3])
            try readCircle(arguments[4], arguments[5])
        } else if form == .radiusByMember, let source {
            middle = try Self.place(of: arguments[2], in: source, engine)
            try readCircle(arguments[3], arguments[4])
        }
        while index < arguments.count {
            let left = arguments.dropFirst(index)
            if try readFlag(left[0], form) {
                index += 1
                continue
            }
            var taken = try readOrder(left)
            if taken == 0 {
                taken =
                    form == .search
                    ? try readArea(left, source, engine) : mayStore ? readStore(left) : 0
            }
            if taken == 0 { throw .syntax }
            index += taken
        }
        try check(arguments[0], form)
        if let middle, let shape { area = GeoArea(middle: middle, shape: shape) }
    }

    // MARK: Options

    /// WITHCOORD, WITHDIST, WITHHASH, ANY, ASC, DESC; STOREDIST of GEOSEARCHSTORE.
    private mutating func readFlag(_ word: ByteView, _ form: Form) throws(CommandError) -> Bool {
        if word.equalsIgnoringCase("withdist") {
            showsDistances = true
        } else if word.equalsIgnoringCase("withhash") {
            showsHashes = true
        } else if word.equalsIgnoringCase("withcoord") {
            showsPlaces = true
        } else if word.equalsIgnoringCase("any") {
            takesAny = true
        } else if word.equalsIgnoringCase("asc") {
            order = .ascending
        } else if word.equalsIgnoringCase("desc") {
            order = .descending
        } else if form == .search, destination != nil, word.equalsIgnoringCase("storedist") {
            storesDistances = true
        } else {
            return false
        }
        return true
    }

    /// COUNT and its number: how many words were read.
    private mutating func readOrder(_ words: ByteViews) throws(CommandError) -> Int {
        guard words.count > 1, words[0].equalsIgnoringCase("count") else { return 0 }
        guard let count = Decimal.parse(words[1]) else { throw .notAnInteger }
        if count <= 0 { throw CommandError("ERR COUNT must be > 0") }
        limit = Int(count)
        return 2
    }

    /// STORE and STOREDIST: how many words were read. The last one counts.
    private mutating func readStore(_ words: ByteViews) -> Int {
        guard words.count > 1 else { return 0 }
        if words[0].equalsIgnoringCase("store") {
            storesDistances = false
        } else if words[0].equalsIgnoringCase("storedist") {
            storesDistances = true
        } else {
            return 0
        }
        destination = words[1]
        return 2
    }

    /// FROMMEMBER, FROMLONLAT, BYRADIUS, BYBOX: how many words were read. None of a kind may follow the other.
    private mutating func readArea(
        _ words: ByteViews, _ source: SortedSetValue?, _ engine: Engine
    ) throws(CommandError) -> Int {
        let word = words[0]
        if words.count > 1, word.equalsIgnoringCase("frommember"), hasNoPlace {
            if let source { middle = try Self.place(of: words[1], in: source, engine) }
            hasMiddle = true
            isFromMember = true
            return 2
        }
        if words.count > 2, word.equalsIgnoringCase("fromlonlat"), !isFromMember {
            middle = try GeoPoint(words[1], words[2])
            hasMiddle = true
            return 3
        }
        if words.count > 2, word.equalsIgnoringCase("byradius"), !isBox {
            try readCircle(words[1], words[2])
            return 3
        }
        if words.count > 3, word.equalsIgnoringCase("bybox"), shape == nil || isBox {
            try readBox(words[1], words[2], words[3])
            return 4
        }
        return 0
    }

    private var isFromMember = false
    private var hasNoPlace: Bool { !hasMiddle || isFromMember }
    private var isBox: Bool {
        if case .box = shape { return true }
        return false
    }

    private static func place(
        of member: ByteView, in source: SortedSetValue, _ engine: Engine
    ) throws(CommandError) -> GeoPoint {
        guard let place = source.place(of: member, engine) else {
            throw CommandError("ERR could not decode requested zset member")
        }
        return place
    }

    private mutating func readCircle(
        _ radius: ByteView, _ unit: ByteView
    ) throws(CommandError) {
        guard let radius = FloatText.parse(radius) else {
            throw CommandError("ERR need numeric radius")
        }
        if radius < 0 { throw CommandError("ERR radius cannot be negative") }
        self.unit = try GeoUnit(unit)
        shape = .circle(radius: radius * self.unit.metres)
    }

    private mutating func readBox(
        _ width: ByteView, _ height: ByteView, _ unit: ByteView
    ) throws(CommandError) {
        guard let width = FloatText.parse(width) else {
            throw CommandError("ERR need numeric width")
        }
        guard let height = FloatText.parse(height) else {
            throw CommandError("ERR need numeric height")
        }
        if width < 0 || height < 0 {
            throw CommandError("ERR height or width cannot be negative")
        }
        self.unit = try GeoUnit(unit)
        shape = .box(width: width * self.unit.metres, height: height * self.unit.metres)
    }

    /// What is missing, and what doesn't go together.
    private func check(_ name: ByteView, _ form: Form) throws(CommandError) {
        if destination != nil && (showsDistances || showsHashes || showsPlaces) {
            throw CommandError(
                form == .search
                    ? "ERR GEOSEARCHSTORE is not compatible with WITHDIST, WITHHASH and WITHCOORD options"
                    : "ERR STORE option in GEORADIUS is not compatible with WITHDIST, WITHHASH and WITHCOORD options"
            )
        }
        if form == .search {
            if !hasMiddle { throw .exactlyOne("FROMMEMBER or FROMLONLAT", name) }
            if shape == nil { throw .exactlyOne("BYRADIUS and BYBOX", name) }
        }
        if takesAny && limit == 0 {
            throw CommandError("ERR the ANY argument requires COUNT argument")
        }
    }
}
