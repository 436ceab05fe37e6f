/// SAVE, BGSAVE, BGREWRITEAOF and WAITAOF against a backend whose work ends when the test says so.
import NIOCore
import NIOEmbedded
import Persistence
import Testing

@testable import Server

@Suite("Saving, and waiting for the disk")
struct SaveCommandTests {
    @Test("SAVE replies when it is done; its client's requests wait, another's don't")
    func savesInBackground() throws {
        let world = try ServerWorld()
        world.backend.holdsCheckpoints = true
        let saver = try world.connect()
        let other = try world.connect()
        #expect(try world.ask(saver, "SAVE\r\nPING") == "")
        #expect(try world.ask(other, "PING") == "+PONG\r\n")
        #expect(
            try world.ask(other, "BGSAVE") == "-ERR Background save already in progress\r\n")
        #expect(try world.ask(other, "SAVE") == "-ERR Background save already in progress\r\n")
        world.backend.finishCheckpoint()
        world.loop.run()
        #expect(try world.received(saver) == "+OK\r\n+PONG\r\n")
    }

    @Test("a rewrite asked for during a save is scheduled, and the other way round")
    func scheduling() throws {
        let world = try ServerWorld()
        world.backend.holdsCheckpoints = true
        let client = try world.connect()
        #expect(try world.ask(client, "BGSAVE") == "+Background saving started\r\n")
        #expect(
            try world.ask(client, "BGREWRITEAOF")
                == "+Background append only file rewriting scheduled\r\n")
        world.backend.finishCheckpoint()
        world.server.considerSaving()
        #expect(world.backend.begun == 2)
        #expect(
            try world.ask(client, "BGREWRITEAOF")
                == "-ERR Background append only file rewriting already in progress\r\n")
        #expect(
            try world.ask(client, "BGSAVE")
                == "-ERR Another child process is active (AOF?): can't BGSAVE right now. Use BGSAVE "
                + "SCHEDULE in order to schedule a BGSAVE whenever possible.\r\n")
        #expect(
            try world.ask(client, "BGSAVE SCHEDULE") == "+Background saving scheduled\r\n")
        world.backend.finishCheckpoint()
        world.server.considerSaving()
        #expect(world.backend.begun == 3)
        world.backend.finishCheckpoint()
        world.server.considerSaving()
        #expect(world.backend.begun == 3)
    }

    @Test("SAVE during a rewrite is a save of its own behind it")
    func saveBehindRewrite() throws {
        let world = try ServerWorld()
        world.backend.holdsCheckpoints = true
        let client = try world.connect()
        _ = try world.ask(client, "BGREWRITEAOF")
        #expect(try world.ask(client, "SAVE") == "")
        world.backend.finishCheckpoint()
        world.loop.run()
        #expect(try world.received(client) == "")
        #expect(world.backend.begun == 2)
        world.backend.finishCheckpoint()
        world.loop.run()
        #expect(try world.received(client) == "+OK\r\n")
    }

    @Test("inside EXEC a save is scheduled, not begun")
    func saveInTransaction() throws {
        let world = try ServerWorld()
        let client = try world.connect()
        _ = try world.ask(client, "MULTI\r\nBGSAVE\r\nBGREWRITEAOF")
        #expect(
            try world.ask(client, "EXEC")
                == "*2\r\n+Background saving scheduled\r\n"
                + "+Background append only file rewriting scheduled\r\n")
        #expect(world.backend.begun == 0)
        world.server.considerSaving()
        #expect(world.backend.begun == 1)
    }

    @Test("WAITAOF replies once this client's write is durable, and requests behind it wait")
    func waitsForDurability() throws {
        let world = try ServerWorld()
        world.backend.releasesAtOnce = true
        world.backend.durableByHand = 0
        let writer = try world.connect()
        let other = try world.connect()
        #expect(try world.ask(other, "WAITAOF 1 0 0") == "*2\r\n:1\r\n:0\r\n")
        #expect(try world.ask(writer, "SET k v\r\nWAITAOF 1 0 0\r\nPING") == "+OK\r\n")
        #expect(try world.ask(other, "WAITAOF 1 0 0") == "*2\r\n:1\r\n:0\r\n")
        world.backend.durableByHand = 1
        world.server.backendProgressed(failed: nil)
        world.loop.run()
        #expect(try world.received(writer) == "*2\r\n:1\r\n:0\r\n+PONG\r\n")
    }

    @Test("WAITAOF inside EXEC doesn't wait and says what is durable")
    func waitInTransaction() throws {
        let world = try ServerWorld()
        world.backend.releasesAtOnce = true
        world.backend.durableByHand = 0
        let client = try world.connect()
        _ = try world.ask(client, "SET k v")
        _ = try world.ask(client, "MULTI\r\nWAITAOF 1 0 0")
        #expect(try world.ask(client, "EXEC") == "*1\r\n*2\r\n:0\r\n:0\r\n")
        world.backend.durableByHand = 1
        _ = try world.ask(client, "MULTI\r\nWAITAOF 1 0 0")
        #expect(try world.ask(client, "EXEC") == "*1\r\n*2\r\n:1\r\n:0\r\n")
    }

    @Test("a save that can't begin is told, and the requests behind it are answered in order")
    func failingSave() throws {
        let world = try ServerWorld()
        world.backend.checkpointError = PersistenceError(.io, "No space left on device")
        let client = try world.connect()
        // The last request is kept for a later read, so there is something behind the failing save.
        try world.send(client, "*1\r\n$4\r\nSAVE\r\n*1\r\n$4\r\nPING\r\n*2\r\n$4\r\nECHO\r\n$1\r")
        let text = try world.received(client)
        #expect(text.hasPrefix("-ERR "))
        #expect(text.contains("No space left on device"))
        #expect(text.hasSuffix("\r\n+PONG\r\n"))
        try world.send(client, "\nx\r\n")
        #expect(try world.received(client) == "$1\r\nx\r\n")
    }

    @Test("CONFIG SET appendonly is refused and changes nothing while it contradicts the backend")
    func appendonly() throws {
        let world = try ServerWorld(["--appendonly", "yes"])
        let client = try world.connect()
        let refusal = try world.ask(client, "CONFIG SET appendonly no")
        #expect(
            refusal.hasPrefix(
                "-ERR CONFIG SET failed (possibly related to argument 'appendonly') - the log can't"
            ))
        #expect(
            try world.ask(client, "CONFIG GET appendonly")
                == "*2\r\n$10\r\nappendonly\r\n$3\r\nyes\r\n")
        #expect(try world.ask(client, "CONFIG SET appendonly yes") == "+OK\r\n")
    }
}
