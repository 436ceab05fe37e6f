/// HELLO, AUTH, CLIENT and RESET over an embedded connection; replies as redis-server 7.0 gives them.
import NIOCore
import NIOEmbedded
import Testing

@testable import Server

@Suite("Commands of connections")
struct ConnectionCommandTests {
    @Test("HELLO chooses the protocol and describes the server as a map")
    func hello() throws {
        let world = try ServerWorld()
        let client = try world.connect()
        let two = try world.ask(client, "HELLO 2")
        #expect(two.hasPrefix("*14\r\n$6\r\nserver\r\n$5\r\nredis\r\n$7\r\nversion\r\n"))
        let three = try world.ask(client, "HELLO 3 SETNAME worker")
        #expect(three.hasPrefix("%7\r\n"))
        #expect(three.contains("$5\r\nproto\r\n:3\r\n"))
        #expect(try world.ask(client, "CLIENT GETNAME") == "$6\r\nworker\r\n")
        #expect(try world.ask(client, "HELLO 4") == "-NOPROTO unsupported protocol version\r\n")
        #expect(
            try world.ask(client, "HELLO x")
                == "-ERR Protocol version is not an integer or out of range\r\n")
    }

    @Test("without the password only AUTH, HELLO, QUIT and RESET are heard")
    func passwords() throws {
        let world = try ServerWorld(["--requirepass", "sesame"])
        let client = try world.connect()
        #expect(try world.ask(client, "GET k") == "-NOAUTH Authentication required.\r\n")
        #expect(try world.ask(client, "HELLO 3").hasPrefix("-NOAUTH HELLO must be called with"))
        let wrong = "-WRONGPASS invalid username-password pair or user is disabled.\r\n"
        #expect(try world.ask(client, "AUTH simsim") == wrong)
        #expect(try world.ask(client, "AUTH sesam") == wrong)
        #expect(try world.ask(client, "AUTH sesamesesame") == wrong)
        #expect(try world.ask(client, "AUTH other sesame") == wrong)
        #expect(try world.ask(client, "AUTH default sesame") == "+OK\r\n")
        #expect(try world.ask(client, "GET k") == "$-1\r\n")
        #expect(try world.ask(client, "RESET") == "+RESET\r\n")
        #expect(try world.ask(client, "GET k") == "-NOAUTH Authentication required.\r\n")
        #expect(try world.ask(client, "HELLO 3 AUTH default sesame").hasPrefix("%7\r\n"))
    }

    @Test("AUTH with one argument says that there is no password")
    func noPassword() throws {
        let world = try ServerWorld()
        let client = try world.connect()
        #expect(
            try world.ask(client, "AUTH x")
                == "-ERR AUTH <password> called without any password configured for the default "
                + "user. Are you sure your configuration is correct?\r\n")
    }

    @Test("clients that waited for a password need none once it is taken away")
    func passwordTakenAway() throws {
        let world = try ServerWorld(["--requirepass", "sesame"])
        let stranger = try world.connect()
        let owner = try world.connect()
        #expect(try world.ask(owner, "AUTH sesame") == "+OK\r\n")
        #expect(try world.ask(owner, "CONFIG SET requirepass \"\"") == "+OK\r\n")
        #expect(try world.ask(stranger, "GET k") == "$-1\r\n")
    }

    @Test("CLIENT LIST prints Redis 7.2's fields in its order")
    func listFields() throws {
        let world = try ServerWorld()
        let client = try world.connect()
        _ = try world.ask(client, "CLIENT SETNAME one")
        _ = try world.ask(client, "CLIENT SETINFO LIB-NAME probe")
        let line = try world.ask(client, "CLIENT INFO").split(separator: "\r\n")[1]
        let words = line.split(separator: " ").map { $0.split(separator: "=")[0] }
        #expect(
            words == [
                "id", "addr", "laddr", "fd", "name", "age", "idle", "flags", "db", "sub", "psub",
                "ssub", "multi", "qbuf", "qbuf-free", "argv-mem", "multi-mem", "rbs", "rbp", "obl",
                "oll", "omem", "tot-mem", "events", "cmd", "user", "redir", "resp", "lib-name",
                "lib-ver",
            ])
        #expect(line.contains("name=one"))
        #expect(line.contains("cmd=client|info"))
        #expect(line.contains("lib-name=probe"))
    }

    @Test("CLIENT LIST and KILL choose by id, and KILL spares the asking client unless told not to")
    func killing() throws {
        let world = try ServerWorld()
        let killer = try world.connect()
        let victim = try world.connect()
        let id = try world.ask(victim, "CLIENT ID").filter(\.isNumber)
        let listed = try world.ask(killer, "CLIENT LIST ID \(id) 99999")
        #expect(listed.contains("id=\(id) "))
        #expect(listed.split(whereSeparator: \.isNewline).filter { $0.hasPrefix("id=") }.count == 1)
        #expect(try world.ask(killer, "CLIENT KILL ID \(id)") == ":1\r\n")
        #expect(!victim.isActive)
        #expect(try world.ask(killer, "CLIENT KILL TYPE normal") == ":0\r\n")
        #expect(killer.isActive)
        #expect(try world.ask(killer, "CLIENT KILL TYPE normal SKIPME no") == ":1\r\n")
        #expect(!killer.isActive)
    }

    @Test("CLIENT REPLY OFF is silent until ON; SKIP leaves out one reply")
    func replies() throws {
        let world = try ServerWorld()
        let client = try world.connect()
        #expect(try world.ask(client, "CLIENT REPLY OFF\r\nPING") == "")
        #expect(try world.ask(client, "CLIENT REPLY ON") == "+OK\r\n")
        #expect(try world.ask(client, "CLIENT REPLY SKIP\r\nPING\r\nECHO x") == "$1\r\nx\r\n")
    }

    @Test("CLIENT PAUSE WRITE holds writes back, CLIENT UNPAUSE lets them go")
    func pausing() throws {
        let world = try ServerWorld()
        world.backend.releasesAtOnce = true
        let admin = try world.connect()
        let writer = try world.connect()
        #expect(try world.ask(admin, "CLIENT PAUSE 100000 WRITE") == "+OK\r\n")
        #expect(try world.ask(writer, "GET k") == "$-1\r\n")
        #expect(try world.ask(writer, "SET k v") == "")
        #expect(try world.ask(admin, "CLIENT UNPAUSE") == "+OK\r\n")
        world.loop.run()
        #expect(try world.received(writer) == "+OK\r\n")
    }
}
