/// The packed types: intsets, ziplists, listpacks, zipmaps, and lists of nodes of them.
import Bytes
import Records

extension RDBValueReader {
    /// Reads a packed body; answers how many elements it had.
    func readPacked(_ type: UInt8, _ sink: any ValueSink) throws -> Int {
        switch type {
        case RDBType.setIntset: return try readIntset(sink)
        case RDBType.setListpack: return try readSet(ListpackReader(try readBlob()), sink)
        case RDBType.hashZipmap: return try readHash(ZipmapReader(try readBlob()), sink)
        case RDBType.hashZiplist: return try readHash(ZiplistReader(try readBlob()), sink)
        case RDBType.hashListpack: return try readHash(ListpackReader(try readBlob()), sink)
        case RDBType.sortedSetZiplist:
            return try readSortedSet(ZiplistReader(try readBlob()), sink)
        case RDBType.sortedSetListpack:
            return try readSortedSet(ListpackReader(try readBlob()), sink)
        case RDBType.hashListpackDeadlinesAbsolute: return try readHashWithDeadlines(sink)
        case RDBType.hashListpackDeadlines:
            _ = try input.readTime()  // The lowest deadline, which the fields have too.
            return try readHashWithDeadlines(sink)
        case RDBType.listZiplist:
            let blob = try readBlob()
            try sink.beginList(expecting: 0)
            return try readElements(ZiplistReader(blob), sink)
        case RDBType.quicklist: return try readQuicklist(sink, isSecond: false)
        case RDBType.quicklist2: return try readQuicklist(sink, isSecond: true)
        default:
            throw RDBError(
                .unsupportedType, "a value of the unknown type \(type) (\(RDBType.name(type)))")
        }
    }

    /// A packed form; valid until the next read.
    private func readBlob() throws -> ByteView { input.view(try input.readText()) }

    private func readIntset(_ sink: any ValueSink) throws -> Int {
        var members = try IntsetReader(try readBlob())
        try sink.beginSet(expecting: members.count, isIntegers: true)
        while let member = try members.next() {
            try hand(8)
            guard try sink.integerMember(member) else { throw Self.duplicate }
        }
        return members.count
    }

    private func readSet(_ packed: some PackedReader, _ sink: any ValueSink) throws -> Int {
        var packed = packed
        var count = 0
        try sink.beginSet(expecting: 0, isIntegers: false)
        while let element = try packed.next() {
            let member = element.text(firstDigits)
            try hand(member.count)
            guard try sink.member(member) else { throw Self.duplicate }
            count += 1
        }
        return count
    }

    private func readSortedSet(
        _ packed: some PackedReader, _ sink: any ValueSink
    ) throws -> Int {
        var packed = packed
        var count = 0
        try sink.beginSortedSet(expecting: 0)
        while let element = try packed.next() {
            guard let score = try packed.next()?.score, !score.isNaN else {
                throw RDBError.corrupt("a member without a score")
            }
            let member = element.text(firstDigits)
            try hand(member.count + 8)
            guard try sink.member(member, score: score) else { throw Self.duplicate }
            count += 1
        }
        return count
    }

    private func readHash(_ packed: some PackedReader, _ sink: any ValueSink) throws -> Int {
        var packed = packed
        var count = 0
        try sink.beginHash(expecting: 0)
        while let field = try packed.next() {
            guard let value = try packed.next() else {
                throw RDBError.corrupt("a field without a value")
            }
            try hand(field, value, nil, sink)
            count += 1
        }
        return count
    }

    /// A listpack of triples: field, value, deadline (0: none).
    private func readHashWithDeadlines(_ sink: any ValueSink) throws -> Int {
        var packed = try ListpackReader(try readBlob())
        var count = 0
        try sink.beginHash(expecting: 0)
        while let field = try packed.next() {
            guard let value = try packed.next(), let time = try packed.next()?.asInteger else {
                throw RDBError.corrupt("a field without a value or deadline")
            }
            try hand(field, value, time == 0 ? nil : try Self.deadline(time), sink)
            count += 1
        }
        return count
    }

    private func hand(
        _ field: PackedElement, _ value: PackedElement, _ deadline: Deadline?,
        _ sink: any ValueSink
    ) throws {
        let name = field.text(firstDigits)
        let content = value.text(secondDigits)
        try hand(name.count + content.count)
        guard try sink.field(name, value: content, deadline: deadline) else {
            throw Self.duplicate
        }
    }
}

/// Lists of nodes.
extension RDBValueReader {
    private func readQuicklist(_ sink: any ValueSink, isSecond: Bool) throws -> Int {
        let nodes = try input.readCount()
        var count = 0
        try sink.beginList(expecting: 0)
        for _ in 0..<nodes {
            input.mark()
            let container = isSecond ? try input.readLength() : 2
            let blob = try readBlob()
            switch container {
            case 1:
                try hand(blob.count)
                try sink.element(blob)
                count += 1
            case 2 where isSecond: count += try readElements(ListpackReader(blob), sink)
            case 2: count += try readElements(ZiplistReader(blob), sink)
            default: throw RDBError.corrupt("a list's node of an unknown kind")
            }
        }
        return count
    }

    private func readElements(
        _ packed: some PackedReader, _ sink: any ValueSink
    ) throws -> Int {
        var packed = packed
        var count = 0
        while let element = try packed.next() {
            let text = element.text(firstDigits)
            try hand(text.count)
            try sink.element(text)
            count += 1
        }
        return count
    }
}

/// Values of modules: nobody here can hold them, but their layout tells where they end.
extension RDBValueReader {
    private static let letters = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

    /// The name of a module's type: nine letters of six bits each, above ten bits of its version.
    func readModuleName() throws -> String {
        let id = try input.readLength()
        let letters = (0..<9).map { place in
            Self.letters[Int(truncatingIfNeeded: id >> UInt64(58 - place * 6)) & 63]
        }
        return String(decoding: letters, as: UTF8.self)
    }

    /// Reads past a module's fields to the end mark behind them.
    func skipModuleFields() throws {
        while true {
            input.mark()
            switch try input.readLength() {
            case 0: return
            case 1, 2: _ = try input.readLength()
            case 3: _ = try input.readRaw(4)
            case 4: _ = try input.readRaw(8)
            case 5: _ = try input.readText()
            default: throw RDBError.corrupt("a module's value has an unknown field")
            }
        }
    }

    /// Reads past a value of a module's (type 7); answers the name of its type.
    public func skipModuleValue() throws -> String {
        let name = try readModuleName()
        try skipModuleFields()
        return name
    }
}
