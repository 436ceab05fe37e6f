/// A dataset as the vectors spell it: what Fixtures/digest/digest.py reads.
import Bytes
import Digest
import Foundation
import Records
import TestSupport

/// Bytes as hexadecimal text.
struct Hex: Codable, Equatable {
    var bytes: [UInt8]

    init(_ bytes: [UInt8]) { self.bytes = bytes }
    init(_ view: ByteView) { bytes = view.array }
    init(_ text: String) { bytes = Array(text.utf8) }

    init(from decoder: any Decoder) throws {
        let text = Array(try decoder.singleValueContainer().decode(String.self))
        bytes = stride(from: 0, to: text.count, by: 2).compactMap {
            UInt8(String(text[$0..<$0 + 2]), radix: 16)
        }
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        let digits = Array("0123456789abcdef")
        try container.encode(
            String(bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }))
    }
}

/// A dataset and, in the vectors, what its digest must be.
struct DatasetCase: Codable {
    var name: String
    var frozenAt: Int64
    var keys: [KeyCase]
    var expected: DigestCase?

    /// Digests the keys in their order.
    func report() throws -> DigestReport {
        let sink = DigestSink(at: Deadline(millisecondsSinceEpoch: frozenAt))
        for key in keys { try key.feed(sink) }
        return DigestReport(digest: sink.digest, counts: sink.counts)
    }
}

/// What the Python program answers.
struct DigestCase: Codable, Equatable {
    struct Bucket: Codable, Equatable {
        var index: Int
        var count: UInt64
        var sum: String

        init(_ index: Int, _ bucket: DigestBucket) {
            (self.index, count, sum) = (index, bucket.count, bucket.sum.hex)
        }

        init(from decoder: any Decoder) throws {
            var container = try decoder.unkeyedContainer()
            index = try container.decode(Int.self)
            count = try container.decode(UInt64.self)
            sum = try container.decode(String.self)
        }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.unkeyedContainer()
            try container.encode(index)
            try container.encode(count)
            try container.encode(sum)
        }
    }

    var root: String
    var keys: Int
    var level4: [Bucket]

    init(_ report: DigestReport) {
        root = report.digest.root.hex
        keys = report.counts.keys
        level4 = report.digest.level(4).enumerated().filter { $1.count > 0 }.map(Bucket.init)
    }
}

/// A file of datasets.
struct CaseFile: Codable {
    var cases: [DatasetCase]

    static let folder = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Fixtures/digest")

    static func vectors() throws -> CaseFile {
        try JSONDecoder().decode(
            CaseFile.self, from: Data(contentsOf: folder.appendingPathComponent("vectors.v1.json")))
    }

    /// What the Python program makes of these datasets; nil where there is no Python.
    static func python(_ cases: [DatasetCase]) throws -> [DigestCase]? {
        guard ServerProcess.find("python3") != nil else {
            TestKnobs.skip("python3 is not installed: the digest is compared with its vectors only")
            return nil
        }
        let directory = try TemporaryDirectory()
        let path = "\(directory.path)/cases.json"
        try JSONEncoder().encode(CaseFile(cases: cases)).write(to: URL(fileURLWithPath: path))
        let outcome = try SystemProgram.run(
            "python3", [folder.appendingPathComponent("digest.py").path, path])
        guard outcome.exitCode == 0 else { throw PythonFailure(text: outcome.output) }
        return try JSONDecoder().decode([DigestCase].self, from: Data(outcome.output.utf8))
    }
}

/// The Python program ended with an error.
struct PythonFailure: Error {
    let text: String
}
