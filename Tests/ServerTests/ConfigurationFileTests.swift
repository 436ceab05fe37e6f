// Configuration files: the syntax, what lines mean together, and how errors are told.
import Foundation
import Testing

@testable import Server

struct ConfigurationFileTests {
    @Test("Reads words with quotes and escapes, skips comments and blank lines")
    func syntax() throws {
        let configuration = try Fixture.load(
            text: """
                # a comment
                \t port\t7777  \r

                requirepass "a\\x41\\n\\"b\\"  c"
                logfile ''
                MASTERAUTH 'it\\'s \\n'
                pidfile /tmp/a#b
                """)
        #expect(configuration.settings.port == 7777)
        #expect(configuration.settings.password == Array("aA\n\"b\"  c".utf8))
        #expect(configuration.shown("masterauth") == "it's \\n")
        #expect(configuration.settings.pidFilePath == "/tmp/a#b")
    }

    @Test("Keeps a password that is no UTF-8 byte for byte")
    func binary() throws {
        let configuration = try Fixture.load(text: "requirepass \"\\xff\\x00\\xfe\"\n")
        #expect(configuration.settings.password == [0xff, 0, 0xfe])
        #expect(configuration.get([Array("requirepass".utf8)])[0].value == [0xff, 0, 0xfe])
        let again = configuration.rewritten([])
        #expect(
            String(decoding: again, as: UTF8.self).contains("requirepass \"\\xff\\x00\\xfe\"\n"))
    }

    @Test("Lets later lines win, options over the file, and adds save lines up")
    func precedence() throws {
        let configuration = try Fixture.load(
            text: """
                port 1
                save 900 1
                timeout 5
                save 300 10
                port 2
                client-output-buffer-limit normal 1mb 0 0
                client-output-buffer-limit replica 2mb 1mb 30
                """, ["--port", "3"])
        let settings = configuration.settings
        #expect(settings.port == 3)
        #expect(settings.idleTimeoutSeconds == 5)
        #expect(
            settings.savePoints
                == [SavePoint(seconds: 900, changes: 1), SavePoint(seconds: 300, changes: 10)])
        #expect(settings.outputBufferLimits.normal.hardBytes == 1 << 20)
        #expect(settings.outputBufferLimits.replica.softBytes == 1 << 20)
        #expect(settings.outputBufferLimits.replica.softSeconds == 30)
        #expect(settings.outputBufferLimits.pubsub.hardBytes == 32 << 20)
    }

    @Test("Includes files by name and by wildcard, in order, and none is fine for a wildcard")
    func includes() throws {
        let folder = try TemporaryFolder.make()
        defer { try? FileManager.default.removeItem(at: folder) }
        for (name, text) in [
            ("10-a.conf", "port 10\ntimeout 10\n"), ("20-b.conf", "port 20"), ("c.txt", "port 30"),
        ] {
            try Data(text.utf8).write(to: folder.appendingPathComponent(name))
        }
        let configuration = try Fixture.load(
            text: """
                port 5
                include \(folder.path)/*.conf
                include \(folder.path)/none-*.conf
                hz 50
                """)
        #expect(configuration.settings.port == 20)
        #expect(configuration.settings.idleTimeoutSeconds == 10)
        #expect(configuration.settings.frequencyHertz == 50)
        #expect(throws: ConfigurationError.self) {
            try Fixture.load(text: "include \(folder.path)/absent.conf\n")
        }
    }

    @Test("Refuses files that include themselves, with file and line")
    func recursion() throws {
        let folder = try TemporaryFolder.make()
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appendingPathComponent("loop.conf").path
        try Data("port 1\ninclude \(file)\n".utf8).write(to: URL(fileURLWithPath: file))
        let error = try #require(throws: ConfigurationError.self) { try Fixture.load([file]) }
        #expect(error.place?.file == file)
        #expect(error.place?.line == 2)
        #expect(error.reason.contains("nested deeper"))
    }

    @Test("Names the file, the line and its text in an error, of an included file too")
    func errorPlace() throws {
        let folder = try TemporaryFolder.make()
        defer { try? FileManager.default.removeItem(at: folder) }
        let inner = folder.appendingPathComponent("inner.conf").path
        try Data("# x\n\n  maxmemory  12x \n".utf8).write(to: URL(fileURLWithPath: inner))
        let error = try #require(throws: ConfigurationError.self) {
            try Fixture.load(text: "port 1\ninclude \(inner)\n")
        }
        #expect(
            error.report(product: "Redis 7.0.15")
                == """

                *** FATAL CONFIG FILE ERROR (Redis 7.0.15) ***
                Reading the configuration file, at line 3
                >>> 'maxmemory  12x'
                argument must be a memory value
                The file is \(inner)

                """)
    }

    @Test("Reads standard input for a dash, between the file and the options")
    func standardInput() throws {
        let environment = Fixture.environment(input: "port 8\ntimeout 9\n")
        let configuration = try Fixture.load(
            text: "port 7\nhz 20", ["--timeout", "10", "-"], in: environment)
        #expect(configuration.settings.port == 8)
        #expect(configuration.settings.idleTimeoutSeconds == 10)
        #expect(configuration.settings.frequencyHertz == 20)
        #expect(try Fixture.load(["-"], in: environment).settings.port == 8)
    }

    @Test("Carries dir out where it stands and shows it as an absolute path")
    func directory() throws {
        let configuration = try Fixture.load(["--dir", "sub", "--appenddirname", "x"])
        #expect(configuration.shown("dir") == "/data/sub")
        #expect(configuration.settings.backend.directory == "/data/sub")
        #expect(throws: ConfigurationError.self) { try Fixture.load(["--dir", "/missing"]) }
        #expect(try Fixture.load().shown("dir") == "/data")
    }

    @Test("Collects renamed commands and checks them one after the other")
    func renames() throws {
        let configuration = try Fixture.load(
            text: "rename-command CONFIG \"\"\nrename-command get fetch\nrename-command fetch Get\n"
        )
        let pairs = configuration.renamedCommands.map {
            [String(decoding: $0.from, as: UTF8.self), String(decoding: $0.to, as: UTF8.self)]
        }
        #expect(pairs == [["CONFIG", ""], ["get", "fetch"], ["fetch", "Get"]])
        let reasons = ["nope a", "get set", "CONFIG \"\"\nrename-command config x"].map { text in
            (#expect(throws: ConfigurationError.self) {
                try Fixture.load(text: "rename-command \(text)\n")
            })?.reason
        }
        #expect(
            reasons == [
                "No such command in rename-command", "Target command name already exists",
                "No such command in rename-command",
            ])
    }

    @Test("Accepts what it doesn't act on yet and names it in one warning")
    func notActedOn() throws {
        let configuration = try Fixture.load(
            text: """
                replicaof 127.0.0.1 7000
                io-threads 1
                tls-port 7001
                slave-read-only yes
                user alice on nopass ~* +@all
                loadmodule /x/y.so 1
                list-max-ziplist-entries 5
                port 7002
                """)
        #expect(configuration.notActedOn == ["replicaof", "tls-port", "loadmodule"])
        #expect(
            configuration.warningOfNotActedOn
                == "These directives are accepted but not acted on yet: "
                + "replicaof, tls-port, loadmodule")
        #expect(configuration.userLines.count == 1)
        #expect(try Fixture.load().warningOfNotActedOn == nil)
    }

    @Test(
        "Accepts a distribution's redis.conf",
        .enabled(
            if: FileManager.default.isReadableFile(atPath: "/etc/redis/redis.conf"),
            "no redis.conf is installed"))
    func distribution() throws {
        let path = "/etc/redis/redis.conf"
        var environment = Fixture.environment()
        environment.backends.names = ["aof", "none"]
        // Its log file is in a folder that only root may write; the last line wins.
        let configuration = try Fixture.load([path, "--logfile", ""], in: environment)
        #expect(configuration.settings.port == 6379)
        #expect(configuration.settings.bindAddresses == ["127.0.0.1", "-::1"])
        #expect(configuration.backend.name == "aof")
    }
}
