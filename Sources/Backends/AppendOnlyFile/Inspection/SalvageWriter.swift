/// The last pass of a salvage: each record goes to the new log or to the suspect ones.
import Bytes
import Persistence
import RESP

/// Where a salvage writes.
struct SalvagePlaces {
    /// The new log's folder; nil: one plain file.
    let log: LogPlaces?
    /// The file of records.
    let main: String
    /// The records of suspect keys.
    let suspect: String
    /// Their names.
    let list: String
    /// Folders that were made, and have to be synced.
    let folders: [String]

    init(
        _ source: LogSource, _ output: String, _ disk: any FileSystem
    ) throws(PersistenceError) {
        if source.shape == .file {
            log = nil
            main = output
            suspect = output + ".suspect.aof"
            list = output + ".suspect.txt"
            let folder = output.lastIndex(of: "/").map { String(output[..<$0]) } ?? "."
            folders = [folder.isEmpty ? "/" : folder]
            return
        }
        var settings = source.settings
        settings.directory = output
        let places = LogPlaces(settings)
        try disk.makeDirectory(output)
        try disk.makeDirectory(places.directory)
        log = places
        main = places.path(places.increment(1))
        suspect = output + "/suspect.aof"
        list = output + "/suspect.txt"
        folders = [places.directory, output]
    }
}

/// Writes what a scan hands it; see the file's header.
final class SalvageWriter: LogScanVisitor {
    let main: RecordOutput
    private(set) var suspectRecords = 0
    private(set) var healedRecords = 0
    private(set) var snapshotKeys = 0
    private(set) var files: [String] = []
    private let places: SalvagePlaces
    private let vocabulary: any CommandVocabulary
    private let suspects: SuspectKeys
    private let disk: any FileSystem
    private let sandbox: () -> LogSalvage.Sandbox
    private var suspect: RecordOutput?
    private var database = 0
    private var path = ""

    init(
        _ places: SalvagePlaces, _ vocabulary: any CommandVocabulary, _ suspects: SuspectKeys,
        _ disk: any FileSystem, salt: UInt64?,
        sandbox: @escaping () -> LogSalvage.Sandbox
    ) throws(PersistenceError) {
        self.places = places
        self.vocabulary = vocabulary
        self.suspects = suspects
        self.disk = disk
        self.sandbox = sandbox
        self.salt = salt
        main = try RecordOutput(places.main, salt: salt, first: 1, disk)
        if !suspects.keys.isEmpty {
            suspect = try RecordOutput(places.suspect, salt: nil, first: 1, disk)
        }
    }

    private let salt: UInt64?

    func abandon() {
        main.abandon()
        suspect?.abandon()
    }

    /// A snapshot is written as commands, so that suspect keys can be kept apart from the others.
    func snapshot(_ window: LogWindow) throws(PersistenceError) {
        try SnapshotSpelling.read(window, sandbox()) {
            [self] (arguments, database, isNewKey) throws(PersistenceError) in
            if isNewKey { snapshotKeys += 1 }
            try put(arguments, database: database, time: nil)
        }
    }

    func record(_ arguments: ByteViews, _ place: RecordPlace) throws(PersistenceError) {
        if place.path != path {
            // Each file of a plain Redis begins in database 0; ours select one first.
            path = place.path
            database = 0
        }
        if arguments[0].equalsIgnoringCase("select") && arguments.count == 2 {
            database = Int(Decimal.parse(arguments[1]) ?? Int64(database))
            return
        }
        if RecordOutput.isFrame(arguments[0]) { return }
        try put(arguments, database: database, time: place.time)
    }

    func damage(_ region: LogRegion, healed: [UInt8]?) throws(PersistenceError) {
        guard let healed else { return }
        // What a checksum healed is plausible: it stands amongst the suspect records, in its place.
        let parser = RequestParser()
        parser.limits.maximumArguments = .max
        parser.limits.maximumBulkBytes = 1 << 40
        try healed.withByteView { (bytes) throws(PersistenceError) in
            var position = 0
            while position < bytes.count {
                var consumed = 0
                do throws(RESPError) {
                    if case .request(let count) = try parser.parse(bytes.dropFirst(position)) {
                        consumed = count
                    }
                } catch {
                    consumed = 0
                }
                if consumed == 0 { return }
                position += consumed
                let arguments = parser.arguments.views
                if arguments[0].equalsIgnoringCase("select") && arguments.count == 2 {
                    database = Int(Decimal.parse(arguments[1]) ?? Int64(database))
                } else if !RecordOutput.isFrame(arguments[0]) {
                    healedRecords += 1
                    suspectRecords += 1
                    try suspect?.add(arguments, database: database, time: nil)
                }
            }
        }
    }

    private func put(
        _ arguments: ByteViews, database: Int, time: UInt64?
    ) throws(PersistenceError) {
        guard let suspect else {
            try main.add(arguments, database: database, time: time)
            return
        }
        let keys = vocabulary.keyPlaces(in: arguments)
        let isSweeping = keys.isEmpty
        if isSweeping {
            // FLUSHALL and its like concern both.
            try main.add(arguments, database: database, time: time)
            try suspect.add(arguments, database: database, time: time)
            return
        }
        if !suspects.touches(arguments, keys) {
            try main.add(arguments, database: database, time: time)
            return
        }
        let width = SplitCommand.width(arguments[0])
        if width > 0 && keys.count > 1 {
            try split(arguments, width: width, database: database, time: time)
            return
        }
        suspectRecords += 1
        try suspect.add(arguments, database: database, time: time)
    }

    private func split(
        _ arguments: ByteViews, width: Int, database: Int, time: UInt64?
    ) throws(PersistenceError) {
        var index = 1
        while index + width <= arguments.count {
            let piece = [arguments[0].array] + (0..<width).map { arguments[index + $0].array }
            let isSuspect = suspects.keys.contains(piece[1])
            if isSuspect { suspectRecords += 1 }
            let output = isSuspect ? suspect : main
            let outcome = piece.withByteViews { views -> PersistenceError? in
                do throws(PersistenceError) {
                    try output?.add(views, database: database, time: time)
                    return nil
                } catch {
                    return error
                }
            }
            if let outcome { throw outcome }
            index += width
        }
    }

    /// Gives everything its name.
    func finish() throws(PersistenceError) {
        try suspect?.finish()
        if suspect != nil {
            let names = suspects.keys.sorted { $0.lexicographicallyPrecedes($1) }
                .map { String(decoding: QuotedText.quote($0), as: UTF8.self) + "\n" }
            try disk.writeSynced(places.list, Array(names.joined().utf8))
            files += [places.suspect, places.list]
        }
        try main.finish()
        files.append(places.main)
        if let log = places.log {
            var manifest = Manifest()
            manifest.increments = [
                Manifest.Entry(
                    name: log.increment(1), number: 1, kind: .increment, salt: salt)
            ]
            try disk.replace(log.manifestName, in: log.directory, with: manifest.serialized)
            files.append(log.manifest)
        }
        for folder in places.folders { try disk.syncDirectory(folder) }
    }
}
