/// The facts that we add to a snapshot in Redis's format: auxiliary fields, which Redis passes over.
import Bytes
import Digest
import Persistence
import RDB
import Records

/// Names of facts.
enum RDBFact {
    /// `holdfast_version` of the server that wrote it.
    static let version = "holdfast-ver"
    /// Its run id.
    static let serverID = "holdfast-server-id"
    /// The number of the last change in it.
    static let sequence = "holdfast-sequence"
    /// When the data was frozen, milliseconds since 1970.
    static let time = "holdfast-time-ms"
    /// The version of the digest and the digest, behind the keys.
    static let digest = "holdfast-digest"
    /// `db0` and on: keys by type, behind the keys.
    static let database = "holdfast-db"
    /// Redis's: when it was written, seconds since 1970.
    static let creation = "ctime"

    /// What a reader takes notice of.
    static let read: [StaticString] = [
        "holdfast-ver", "holdfast-server-id", "holdfast-sequence", "holdfast-time-ms",
        "holdfast-digest", "ctime",
    ]

    /// The facts at the beginning.
    static func head(_ header: SnapshotHeader) -> [(name: String, value: String)] {
        [
            (version, header.version), (serverID, header.serverID),
            (sequence, "\(header.sequence)"),
            (time, "\(header.frozenAt.millisecondsSinceEpoch)"),
        ]
    }

    /// Those that Redis writes too.
    static func redis(_ header: SnapshotHeader, isBase: Bool) -> RDBFileFacts {
        var facts = RDBFileFacts()
        facts.creationSeconds = header.frozenAt.millisecondsSinceEpoch / 1000
        facts.usedMemoryBytes = Int64(header.usedMemoryBytes)
        facts.isAppendOnlyBase = isBase
        return facts
    }

    /// The facts at the end.
    static func foot(_ report: DigestReport) -> [(name: String, value: String)] {
        var facts = report.counts.databases.map { database in
            let types = DatasetType.allCases.map { ",\($0.name)=\(database[$0])" }.joined()
            return (
                name: "\(Self.database)\(database.number)",
                value: "keys=\(database.keys),expires=\(database.deadlines)\(types)"
            )
        }
        facts.append((digest, "\(DatasetDigest.version):\(report.digest.root.hex)"))
        return facts
    }
}

extension SnapshotHeader {
    /// The digest that a file names; nil where it names none of the version that is computed here.
    static func digest(_ facts: [String: String]) -> Hash256? {
        guard let fact = facts[RDBFact.digest], fact.hasPrefix("\(DatasetDigest.version):") else {
            return nil
        }
        let text = Array(fact.utf8.drop { $0 != UInt8(ascii: ":") }.dropFirst())
        return text.withByteView { Hash256(hex: $0) }
    }

    /// What a file says about itself.
    init(_ facts: [String: String]) {
        let seconds = facts[RDBFact.creation].flatMap { Int64($0) } ?? 0
        self.init(
            version: facts[RDBFact.version] ?? "", serverID: facts[RDBFact.serverID] ?? "",
            sequence: facts[RDBFact.sequence].flatMap { CommitTicket($0) } ?? 0,
            frozenAt: Deadline(
                millisecondsSinceEpoch: facts[RDBFact.time].flatMap { Int64($0) }
                    ?? seconds.multipliedReportingOverflow(by: 1000).partialValue))
    }
}
