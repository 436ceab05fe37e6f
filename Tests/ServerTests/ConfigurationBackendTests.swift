// Which backend the directives ask for, with and without snapshots to offer.
import Testing

@testable import Server

struct ConfigurationBackendTests {
    static let withSnapshots = BackendOffer(
        names: ["aof", "rdb", "none"], log: "aof", snapshot: "rdb", nothing: "none")

    static let cases: [(arguments: [String], backend: String, appendonly: String)] = [
        ([], "aof", "yes"),
        (["--port", "1"], "aof", "yes"),
        (["--appendonly", "yes"], "aof", "yes"),
        (["--appendonly", "yes", "--save", ""], "aof", "yes"),
        (["--appendonly", "no"], "rdb", "no"),
        (["--save", "900", "1"], "rdb", "no"),
        (["--save", ""], "none", "no"),
        (["--appendonly", "no", "--save", ""], "none", "no"),
        (["--backend", "none"], "none", "no"),
        (["--backend", "NONE", "--appendonly", "yes"], "none", "yes"),
        (["--backend", "aof", "--save", ""], "aof", "yes"),
    ]

    @Test("Chooses the backend that the directives ask for", arguments: cases.indices)
    func resolution(index: Int) throws {
        let (arguments, backend, appendonly) = Self.cases[index]
        let environment = Fixture.environment(backends: Self.withSnapshots)
        let configuration = try Fixture.load(arguments, in: environment)
        #expect(configuration.backend.name == backend)
        #expect(configuration.backend.warning == nil)
        #expect(configuration.shown("backend") == backend)
        #expect(configuration.shown("appendonly") == appendonly)
        #expect(configuration.settings.isAppendOnly == (appendonly == "yes"))
        #expect(configuration.notActedOn == [])
    }

    @Test("Keeps a log where only snapshots are asked for and there are none, and says so")
    func missingSnapshots() throws {
        let configuration = try Fixture.load(["--appendonly", "no"])
        #expect(configuration.backend.name == "aof")
        #expect(try #require(configuration.backend.warning).contains("'backend none'"))
        #expect(try Fixture.load(["--appendonly", "no", "--save", ""]).backend.warning == nil)
    }

    @Test("Refuses a backend that there isn't, naming those there are")
    func unknown() throws {
        for name in ["json", "rdb", ""] {
            let error = try #require(throws: ConfigurationError.self) {
                try Fixture.load(["--backend", name])
            }
            #expect(error.reason == "this server has no backend '\(name)'; it has aof, none")
        }
        // While the server runs it is the server that changes it, and says what it can't do.
        #expect(try Fixture.load().answer(("backend", "json")).hasSuffix("it has aof, none"))
    }

    @Test(
        "Writes appendonly beside save points set at run time, so that a restart keeps the backend")
    func rewriteKeepsTheBackend() throws {
        for offer in [Self.withSnapshots, Fixture.offer] {
            let environment = Fixture.environment(backends: offer)
            let configuration = try Fixture.load(in: environment)
            #expect(configuration.answer(("save", "60 1")) == "OK")
            let text = String(decoding: configuration.rewritten([]), as: UTF8.self)
            #expect(text.contains("appendonly yes\n") && text.contains("save 60 1\n"))
            #expect(try Fixture.load(text: text, in: environment).backend.name == "aof")
        }
    }
}
