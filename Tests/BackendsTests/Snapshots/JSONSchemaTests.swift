/// The fixture and the schema of the JSON format.
import Backends
import Digest
import Foundation
import Persistence
import Records
import TestSupport
import Testing

@Suite("JSON schema and fixture")
struct JSONSchemaTests {
    private let sorted = SampleFormat("json, sorted", JSONSnapshot.self) { $0.sortsText = true }
    private let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Fixtures/json").path

    @Test("the fixture is read, and written again byte for byte")
    func fixture() throws {
        let bytes = [UInt8](
            try Data(contentsOf: URL(fileURLWithPath: folder + "/everything.v1.json")))
        let target = NaiveTarget()
        let contents = try sorted.read(bytes, into: target)
        #expect(contents.keys == 11 && contents.warnings == [])
        let (again, report) = try sorted.write(NaiveFrozen(target.dataset, at: Samples.time))
        #expect(again == bytes)
        #expect(contents.digest == report.digest.root)
        #expect(target.dataset.entry(Array("binary".utf8))?.value == .string([97, 10, 98, 1, 255]))
        let zset = target.dataset.entry(Array("zset".utf8))?.value
        guard case .sortedSet(let scores)? = zset else {
            Issue.record("no sorted set")
            return
        }
        #expect(scores[Array("bottom".utf8)] == -.infinity && scores[Array("tenth".utf8)] == 0.1)
    }

    @Test("what is written fits the schema", arguments: [false, true])
    func schema(isSorted: Bool) throws {
        let program = """
            import json, sys
            try:
                import jsonschema
            except ImportError:
                sys.exit(42)
            schema = json.load(open(sys.argv[1]))
            validator = jsonschema.Draft202012Validator(schema)
            validator.validate(json.load(open(sys.argv[2], encoding="utf-8")))
            broken = json.load(open(sys.argv[2], encoding="utf-8"))
            broken["entries"][0]["more"] = 1
            assert not validator.is_valid(broken)
            """
        let format = SampleFormat("json", JSONSnapshot.self) { $0.sortsText = isSorted }
        let view = NaiveFrozen(Samples.everything(), at: Samples.time)
        let temporary = try TemporaryDirectory()
        let path = temporary.path + "/dump.json"
        try Data(try format.write(view).bytes).write(to: URL(fileURLWithPath: path))
        guard ServerProcess.find("python3") != nil else {
            return TestKnobs.skip("python3 is not installed")
        }
        let outcome = try SystemProgram.run(
            "python3", ["-c", program, folder + "/snapshot.v1.schema.json", path])
        if outcome.exitCode == 42 { return TestKnobs.skip("python3 has no jsonschema") }
        #expect(outcome.exitCode == 0, "\(outcome.output.suffix(1000))")
    }
}
