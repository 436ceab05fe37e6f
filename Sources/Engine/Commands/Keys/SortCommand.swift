/// SORT key [BY pattern] [LIMIT offset count] [GET pattern ...] [ASC | DESC] [ALPHA] [STORE destination]
/// SORT_RO, the same without STORE
///
/// Sorts the elements of a list, set or sorted set as numbers (or by bytes), by themselves or by what the
/// keys named by BY hold. O(n log n) in the elements, O(n) with a pattern without `*`. Replies the elements, or
/// what GET names; with STORE the length of the list stored. Errors: WRONGTYPE, syntax, scores that are no numbers.
import Bytes
import RESP
import Records

enum SortCommand {
    private static let complexity =
        "O(N+M*log(M)) where N is the number of elements in the list or set to sort, and M the number of returned elements. When the elements are not sorted, complexity is O(N)."
    private static let patterns =
        "For the optional BY/GET keyword. It is marked 'unknown' because the key names derive from the content of the key we sort"

    static var sort: CommandSpec {
        var spec = CommandSpec(
            "sort", arity: -2, [.write, .denyoom, .movablekeys],
            keys: [
                .read, .unknown(["RO", "access"], notes: patterns),
                .unknown(
                    ["OW", "update"],
                    notes:
                        "For the optional STORE keyword. It is marked 'unknown' because the keyword can appear anywhere in the argument array"
                ),
            ], group: .generic, since: "1.0.0",
            summary: "Sort the elements in a list, set or sorted set", complexity: complexity,
            syntax:
                "key [BY pattern] [LIMIT offset count] [GET pattern [GET pattern ...]] [ASC | DESC] [ALPHA] [STORE destination]",
            categories: ["set", "sortedset", "list", "dangerous"]
        ) { engine, session, arguments, reply throws(CommandError) in
            try run(engine, session, arguments, reply, stores: true)
        }
        spec.keyPlaces = { arguments in
            var place: Int?
            var index = 2
            while index < arguments.count {
                if arguments[index].equalsIgnoringCase("limit") {
                    index += 2
                } else if arguments[index].equalsIgnoringCase("by")
                    || arguments[index].equalsIgnoringCase("get")
                {
                    index += 1
                } else if arguments[index].equalsIgnoringCase("store"),
                    index + 1 < arguments.count
                {
                    place = index + 1
                    index += 1
                }
                index += 1
            }
            return place.map { [($0, ["OW", "update"])] } ?? []
        }
        return spec
    }

    static var sortReadOnly: CommandSpec {
        CommandSpec(
            "sort_ro", arity: -2, [.readonly, .movablekeys],
            keys: [.read, .unknown(["RO", "access"], notes: patterns)], group: .generic,
            since: "7.0.0",
            summary: "Sort the elements in a list, set or sorted set. Read-only variant of SORT.",
            complexity: complexity,
            syntax:
                "key [BY pattern] [LIMIT offset count] [GET pattern [GET pattern ...]] [ASC | DESC] [ALPHA]",
            categories: ["set", "sortedset", "list", "dangerous"]
        ) { engine, session, arguments, reply throws(CommandError) in
            try run(engine, session, arguments, reply, stores: false)
        }
    }

    private static func run(
        _ engine: Engine, _ session: Session, _ arguments: ByteViews, _ reply: ReplyWriter,
        stores: Bool
    ) throws(CommandError) {
        let options = try SortOptions(
            arguments, stores: stores,
            readsEveryKey: engine.mayReadEveryKey(session.lastCommand, session, arguments))
        let keeper = ViewKeeper()
        defer { withExtendedLifetime(keeper) {} }
        let source = try SortSource(engine, session, arguments[1], options, keeper)
        var elements = source.elements
        if !options.keepsOrder || source.mustSort {
            elements = try sorted(elements, options, engine, session, source.mustSort)
        } else if options.isDescending && source.isOrdered {
            elements.reverse()
        }
        let range = options.range(of: elements.count)
        let chosen = elements[range]
        if let destination = options.destination {
            store(chosen, options, destination, engine, session, reply, keeper)
            return
        }
        reply.array(chosen.count * max(1, options.gets.count))
        for element in chosen {
            if options.gets.isEmpty {
                reply.bulk(element)
                continue
            }
            for pattern in options.gets {
                let value: Void? = SortLookup.withValue(pattern, element, engine, session) {
                    reply.bulk($0)
                }
                if value == nil { reply.null() }
            }
        }
    }

    /// The elements in order; a stable sort with the element itself as the last word.
    private static func sorted(
        _ elements: [ByteView], _ options: SortOptions, _ engine: Engine, _ session: Session,
        _ mustSort: Bool
    ) throws(CommandError) -> [ByteView] {
        struct Item {
            let element: ByteView
            var score = 0.0
            var text: [UInt8]?
        }
        let usesPattern = options.by != nil && !options.keepsOrder
        let isAlpha = options.isAlpha || mustSort && options.keepsOrder
        var items: [Item] = []
        items.reserveCapacity(elements.count)
        for element in elements {
            var item = Item(element: element)
            var bytes: [UInt8]?
            if usesPattern, let by = options.by {
                bytes = SortLookup.withValue(by, element, engine, session) { $0.array }
            }
            if isAlpha {
                item.text = usesPattern ? bytes : nil
            } else if let bytes {
                item.score = try number(bytes)
            } else if !usesPattern {
                item.score = try number(element.array)
            }
            items.append(item)
        }
        let sign = options.isDescending ? -1 : 1
        func order(_ left: Item, _ right: Item) -> Int {
            if !isAlpha {
                if left.score != right.score { return left.score < right.score ? -1 : 1 }
                return left.element.compare(right.element)
            }
            guard usesPattern else { return left.element.compare(right.element) }
            switch (left.text, right.text) {
            case (nil, nil): return left.element.compare(right.element)
            case (nil, _): return -1
            case (_, nil): return 1
            case (let first?, let second?):
                let order = first.withByteView { one in second.withByteView { one.compare($0) } }
                return order != 0 ? order : left.element.compare(right.element)
            }
        }
        items.sort { order($0, $1) * sign < 0 }
        return items.map(\.element)
    }

    /// As C's strtod reads it: up to the first NUL, blanks in front are passed over, nothing at all is 0.
    private static func number(_ bytes: [UInt8]) throws(CommandError) -> Double {
        let text = bytes.prefix { $0 != 0 }
        let digits = Array(text.drop { $0 == 32 || $0 >= 9 && $0 <= 13 })
        if text.isEmpty { return 0 }
        // A number below the smallest normal one is out of strtod's range, too.
        guard let number = digits.withByteView({ FloatText.parse($0) }), !number.isSubnormal else {
            throw CommandError("ERR One or more scores can't be converted into double")
        }
        return number
    }

    /// `destination` becomes a list of what would be replied, or goes where that is nothing.
    private static func store(
        _ elements: ArraySlice<ByteView>, _ options: SortOptions, _ destination: ByteView,
        _ engine: Engine, _ session: Session, _ reply: ReplyWriter, _ keeper: ViewKeeper
    ) {
        var values: [ByteView] = []
        for element in elements {
            if options.gets.isEmpty { values.append(keeper.keep(element)) }
            for pattern in options.gets {
                values.append(
                    SortLookup.withValue(pattern, element, engine, session) { keeper.keep($0) }
                        ?? .empty)
            }
        }
        let database = session.database
        let old = engine.locate(destination, session)
        if let old {
            engine.remove(old, database: database)
            engine.record(.delete(key: destination), database: database)
            if values.isEmpty { engine.notify(.generic, "del", destination, database) }
        }
        if !values.isEmpty {
            let writer = engine.listWriter(destination, at: nil, session, isNew: old == nil)
            for value in values { writer.push(value, .right) }
            for start in stride(from: 0, to: values.count, by: 64) {
                Array(values[start..<min(start + 64, values.count)]).withByteViews {
                    engine.record(
                        .listPush(key: destination, end: .right, values: $0), database: database)
                }
            }
            engine.notify(.list, "sortstore", destination, database)
        }
        reply.integer(values.count)
    }
}

/// The options of SORT.
struct SortOptions {
    private(set) var by: ByteView?
    /// A BY names no element: the elements stay as they come.
    private(set) var keepsOrder = false
    private(set) var gets: [ByteView] = []
    private(set) var isDescending = false
    private(set) var isAlpha = false
    private(set) var destination: ByteView?
    private var offset: Int64 = 0
    private var count: Int64 = -1

    /// - Parameter readsEveryKey: whether the client may read keys whatever they are called: BY and GET lead to any.
    init(
        _ arguments: ByteViews, stores: Bool, readsEveryKey: Bool
    ) throws(CommandError) {
        var index = 2
        while index < arguments.count {
            let word = arguments[index]
            let left = arguments.count - index - 1
            if word.equalsIgnoringCase("asc") {
                isDescending = false
            } else if word.equalsIgnoringCase("desc") {
                isDescending = true
            } else if word.equalsIgnoringCase("alpha") {
                isAlpha = true
            } else if word.equalsIgnoringCase("limit") && left >= 2 {
                guard let first = Decimal.parse(arguments[index + 1]),
                    let second = Decimal.parse(arguments[index + 2])
                else { throw .notAnInteger }
                (offset, count) = (first, second)
                index += 2
            } else if stores && word.equalsIgnoringCase("store") && left >= 1 {
                destination = arguments[index + 1]
                index += 1
            } else if word.equalsIgnoringCase("by") && left >= 1 {
                by = arguments[index + 1]
                // Once said, it holds, whatever other BY follows; so does Redis.
                if arguments[index + 1].firstIndex(of: UInt8(ascii: "*")) == nil {
                    keepsOrder = true
                } else if !readsEveryKey {
                    throw .sortByDenied
                }
                index += 1
            } else if word.equalsIgnoringCase("get") && left >= 1 {
                if !readsEveryKey { throw .sortGetDenied }
                gets.append(arguments[index + 1])
                index += 1
            } else {
                throw .syntax
            }
            index += 1
        }
    }

    /// The places that LIMIT leaves of so many.
    func range(of total: Int) -> Range<Int> {
        let start = Int(min(max(0, offset), Int64(total)))
        if count < 0 { return start..<total }
        return start..<min(total, start + Int(min(count, Int64(total))))
    }
}

/// What SORT sorts.
struct SortSource {
    let elements: [ByteView]
    /// A list or a sorted set, whose order stands where nothing else is asked.
    let isOrdered: Bool
    /// A set's order is none: what is stored must not depend on it.
    let mustSort: Bool

    init(
        _ engine: Engine, _ session: Session, _ key: ByteView, _ options: SortOptions,
        _ keeper: ViewKeeper
    ) throws(CommandError) {
        var elements: [ByteView] = []
        guard var entry = engine.read(key, session) else {
            (self.elements, isOrdered, mustSort) = ([], false, false)
            return
        }
        if entry.kind == .packedSortedSet, let position = engine.locate(key, session) {
            // Redis sorts no small set: it makes a large one of it first, which OBJECT ENCODING shows.
            let writer = SortedSetWriter(
                position, in: engine.table(session), engine.heap, engine.settings.limits,
                engine.scratch, keepsSigns: true)
            writer.spread()
            entry = writer.position.entry
        }
        switch entry.frozenValue {
        case .list:
            ListValue(entry).forEach(from: 0, limit: .max) {
                elements.append($0)
                return true
            }
        case .set:
            let set = SetValue(entry)
            set.forEach { elements.append(keeper.keep($0, of: set)) }
        case .sortedSet(let set):
            // The visit never throws.
            try? set.forEachMember { member, _ in elements.append(member) }
        default: throw .wrongType
        }
        self.elements = elements
        isOrdered = !entry.kind.isSet
        mustSort = entry.kind.isSet && options.keepsOrder && options.destination != nil
    }
}

/// Keys and fields named by BY and GET: `weight_*`, `data_*->field`, `#`.
enum SortLookup {
    /// Hands what the pattern names for an element to `body`; nil where it is absent or no string.
    static func withValue<R>(
        _ pattern: ByteView, _ element: ByteView, _ engine: Engine, _ session: Session,
        _ body: (ByteView) -> R
    ) -> R? {
        if pattern.count == 1 && pattern[0] == UInt8(ascii: "#") { return body(element) }
        guard let star = pattern.firstIndex(of: UInt8(ascii: "*")) else { return nil }
        let (end, field) = split(pattern, behind: star)
        let name = engine.moving
        name.removeAll()
        name.append(pattern[0..<star])
        name.append(element)
        name.append(pattern[(star + 1)..<end])
        guard let entry = engine.read(name.view, session) else { return nil }
        if let field {
            guard entry.kind == .packedHash || entry.kind == .tableHash else { return nil }
            let hash = HashValue(entry, at: engine.fieldTime(session))
            return hash.value(of: field, engine.heap).map(body)
        }
        switch entry.kind {
        case .string: return body(entry.value)
        case .integer: return Decimal.text(entry.integer).withByteView { body($0) }
        default: return nil
        }
    }

    /// Where the key's part of a pattern ends, and the field behind `->`.
    private static func split(_ pattern: ByteView, behind star: Int) -> (Int, ByteView?) {
        var index = star + 1
        while index + 1 < pattern.count {
            if pattern[index] == UInt8(ascii: "-") && pattern[index + 1] == UInt8(ascii: ">") {
                // An arrow with nothing behind it is part of the key's name.
                return index + 2 < pattern.count
                    ? (index, pattern.dropFirst(index + 2)) : (pattern.count, nil)
            }
            index += 1
        }
        return (pattern.count, nil)
    }
}
