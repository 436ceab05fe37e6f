/// Forms of their own about clients and addresses: `bind`, `client-output-buffer-limit`, `replicaof`.
import Bytes

extension SpecialForm {
    /// `bind <address> ...`; "" binds to nothing.
    static let addresses = SpecialForm(
        parse: { (words, _, _) throws(ConfigurationRefusal) in
            guard words.count <= 16 else {
                throw ConfigurationRefusal("Too many bind addresses specified.")
            }
            return .words(words == [[]] ? [] : words)
        },
        rewrite: { name, value, standard in
            guard value != standard else { return [] }
            let list = value.printed
            return [(Array("\(name) ".utf8) + (list.isEmpty ? Array("\"\"".utf8) : list), true)]
        })

    /// `client-output-buffer-limit <class> <hard> <soft> <seconds> ...`, classes not named stay.
    static let outputBufferLimits = SpecialForm(
        parse: { (words, _, current) throws(ConfigurationRefusal) in
            guard words.count.isMultiple(of: 4) else {
                throw ConfigurationRefusal(
                    "Wrong number of arguments in buffer limit configuration.")
            }
            guard case .words(var canonical) = current else { return current }
            for start in stride(from: 0, to: words.count, by: 4) {
                guard let place = bufferClass(words[start]) else {
                    throw ConfigurationRefusal(
                        "Invalid client class specified in buffer limit configuration.")
                }
                guard let hard = NumberText.memory(words[start + 1]),
                    let soft = NumberText.memory(words[start + 2]),
                    let seconds = NumberText.lenient(words[start + 3]), seconds >= 0
                else {
                    throw ConfigurationRefusal(
                        "Error in hard, soft or soft_seconds setting in buffer limit configuration."
                    )
                }
                canonical[place * 4 + 1] = Array(String(hard).utf8)
                canonical[place * 4 + 2] = Array(String(soft).utf8)
                canonical[place * 4 + 3] = Array(String(seconds).utf8)
            }
            return .words(canonical)
        },
        rewrite: { name, value, standard in
            let words = value.listed
            let usual = standard.listed
            return ["normal", "replica", "pubsub"].enumerated().map { place, title in
                let own = words[(place * 4 + 1)...(place * 4 + 3)]
                let sizes = own.dropLast().map { NumberText.memoryText(UInt64($0) ?? 0) }
                let line = ([name, title] + sizes + [own.last ?? "0"]).joined(separator: " ")
                return (Array(line.utf8), own != usual[(place * 4 + 1)...(place * 4 + 3)])
            }
        })

    /// `replicaof <host> <port>` or `replicaof no one`.
    static let replicaOf = SpecialForm(
        parse: { (words, _, _) throws(ConfigurationRefusal) in
            guard words.count == 2 else { throw ConfigurationRefusal("wrong number of arguments") }
            let texts = words.map { String(decoding: $0, as: UTF8.self).lowercased() }
            if texts == ["no", "one"] { return .words([]) }
            guard let port = NumberText.lenient(words[1]), (0...65_535).contains(port) else {
                throw ConfigurationRefusal("Invalid master port")
            }
            return .words([words[0], Array(String(port).utf8)])
        },
        rewrite: { name, value, _ in
            guard case .words(let words) = value, !words.isEmpty else { return [] }
            return [(Array("\(name) ".utf8) + value.printed, true)]
        })

    private static func bufferClass(_ name: [UInt8]) -> Int? {
        switch String(decoding: name, as: UTF8.self).lowercased() {
        case "normal": 0
        case "slave", "replica": 1
        case "pubsub": 2
        default: nil
        }
    }
}

extension OutputBufferLimits {
    /// The limits of a canonical `client-output-buffer-limit` list.
    init(_ value: DirectiveValue) {
        self.init()
        let words = value.listed
        func limit(_ place: Int) -> Limit {
            var limit = Limit()
            limit.hardBytes = Int(clamping: UInt64(words[place * 4 + 1]) ?? 0)
            limit.softBytes = Int(clamping: UInt64(words[place * 4 + 2]) ?? 0)
            limit.softSeconds = Int(words[place * 4 + 3]) ?? 0
            return limit
        }
        guard words.count == 12 else { return }
        normal = limit(0)
        replica = limit(1)
        pubsub = limit(2)
    }
}
