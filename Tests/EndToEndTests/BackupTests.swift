/// Automatic backups: by the schedule, verified, with retention; a failure is loud and removes nothing.
import Foundation
import TestSupport
import Testing

extension EndToEndTests {
    @Suite("Backups", Needs.holdfast, Needs.noStandIn)
    struct BackupTests {
        private func backups(_ path: String) -> [String] {
            let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
            return names.filter { $0.hasPrefix("backup-2") }.sorted()
        }

        @Test("come by the schedule, and only old backups of ours go")
        func retention() throws {
            let folder = try TemporaryDirectory()
            let place = folder.path + "/kept"
            try FileManager.default.createDirectory(
                atPath: place, withIntermediateDirectories: false)
            let others = [
                "backup-notes.hfz", "other.hfz", "backup-20200101T000000Z", "backup-1.hfz",
                "backup-20201399T000000Z.hfz", "Backup-20200101T000000Z.hfz",
            ]
            for name in others {
                try Data("mine".utf8).write(to: URL(fileURLWithPath: "\(place)/\(name)"))
            }
            // An old backup of ours, which no rule keeps.
            let old = "backup-20200101T000000Z.hfz"
            try Data("old".utf8).write(to: URL(fileURLWithPath: "\(place)/\(old)"))
            let server = try ServerProcess(
                .holdfast, in: folder.path,
                arguments: [
                    "--backup-schedule", "1", "--backup-dir", place, "--backup-keep-last", "2",
                ])
            let client = try server.connect()
            _ = try client.run("SET", "k", "v")
            let digest = try client.canonicalDigest()
            let areThere = Eventually.holds(seconds: 30) {
                Int((try? client.figure("backup_count")) ?? "") ?? 0 >= 4
            }
            #expect(areThere)
            _ = try client.run("CONFIG", "SET", "backup-schedule", "")
            #expect(
                Eventually.holds(seconds: 10) {
                    (try? client.figure("backup_next_run_time")) == "0"
                })
            try client.waitForSnapshot()
            let kept = backups(place).filter { !others.contains($0) }
            #expect(kept.count == 2 && !kept.contains(old), "\(kept)")
            let names = try FileManager.default.contentsOfDirectory(atPath: place)
            #expect(Set(others).isSubset(of: names), "\(names)")
            #expect(try client.figure("backup_last_status") == "ok")
            #expect(try client.figure("backup_last_name") == kept.last)
            #expect(try client.figure("backup_files") == "2")
            #expect(try client.figure("last_verified_digest") == digest)
            let last = try #require(kept.last)
            #expect(try client.map("SNAPSHOT", "VERIFY", last)["digest"] == digest)
            _ = try client.run("SET", "k", "w")
            #expect(try client.run("SNAPSHOT", "RESTORE", last).text == "OK")
            #expect(try client.run("GET", "k").text == "v")
            // After a restart the schedule goes on behind the newest.
            let again = try server.restarted()
            let second = try again.connect()
            let goesOn = Eventually.holds(seconds: 10) {
                Int((try? second.figure("backup_last_run_time")) ?? "") ?? 0 > 0
            }
            #expect(goesOn)
        }

        @Test("that fail are loud, remove nothing, and come again", arguments: ["json", "aof"])
        func failure(format: String) throws {
            let folder = try TemporaryDirectory()
            let place = folder.path + "/kept"
            let server = try ServerProcess(
                .holdfast, in: folder.path,
                arguments: [
                    "--backup-schedule", "1", "--backup-dir", place, "--backup-keep-last", "1",
                    "--backup-format", format,
                ])
            let client = try server.connect()
            _ = try client.run("SET", "k", "v")
            #expect(Eventually.holds(seconds: 30) { (try? client.figure("backup_count")) == "1" })
            // A file where the folder was.
            let aside = folder.path + "/aside"
            try FileManager.default.moveItem(atPath: place, toPath: aside)
            try Data("x".utf8).write(to: URL(fileURLWithPath: place))
            let good = backups(aside)
            #expect(good.count == 1 && good[0].hasSuffix(".\(format)"), "\(good)")
            let hasFailed = Eventually.holds(seconds: 30) {
                (try? client.figure("backup_last_status")) == "err"
            }
            #expect(hasFailed)
            #expect(try client.figure("backup_last_error").contains(place))
            #expect(try client.figure("backup_failures") != "0")
            #expect(server.log.contains("BACKUP FAILED, older backups are kept"))
            #expect(try client.run("SNAPSHOT", "BACKUP").isError)
            #expect(backups(aside) == good)
            try FileManager.default.removeItem(atPath: place)
            try FileManager.default.moveItem(atPath: aside, toPath: place)
            let isBack = Eventually.holds(seconds: 30) {
                (try? client.figure("backup_last_status")) == "ok"
            }
            #expect(isBack)
            #expect(try client.figure("backup_last_error") == "")
        }

        @Test("a disk that is too small is refused early, and older backups stay")
        func small() throws {
            guard let disk = try SmallDisk(sizeBytes: 4 << 20) else {
                print("SKIPPED: this process may not mount a small disk")
                return
            }
            let folder = try TemporaryDirectory()
            let server = try ServerProcess(
                .holdfast, in: folder.path,
                arguments: ["--backup-dir", disk.path, "--backup-keep-last", "1"])
            let client = try server.connect()
            _ = try client.run("SET", "k", "v")
            #expect(try !client.run("SNAPSHOT", "BACKUP").isError)
            try client.waitForSnapshot()
            let good = backups(disk.path)
            #expect(good.count == 1)
            let text = String(repeating: "0123456789abcdef", count: 64 << 10)
            for number in 0..<8 { _ = try client.run("SET", "k\(number)", text) }
            let reply = try client.run("SNAPSHOT", "BACKUP").text ?? ""
            #expect(reply.contains("Not enough room on the disk"), "\(reply)")
            #expect(backups(disk.path) == good)
        }
    }
}
