/// The server's log, in Redis's line style, which operators and harnesses read.
///
///     5579:M 23 Nov 2026 01:02:03.456 * Ready to accept connections tcp
///     pid :role  local time           mark  message
///
/// Roles: `C` while the configuration is read and in child processes, `M` once serving, `S` as a replica.
/// Marks: `.` debug, `-` verbose, `*` notice, `#` warning. swift-log isn't used: its handlers would
/// have to rebuild this format from parts, and an atomic load is all that a level that is off costs here.
///
/// INVARIANT 1: a message makes one line: line ends in it are written `\n`, so that no client can forge
/// a line.
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// The log; any thread may write to it.
public final class ServerLog: Sendable {
    /// The letter behind the process id.
    public enum Role: UInt8, Sendable {
        /// Before the server is set up, and children.
        case child = 67
        /// A server that takes writes.
        case master = 77
        /// A replica.
        case replica = 83
    }

    private let threshold: Atomic<UInt8>
    private let roleLetter: Atomic<UInt8>
    private let path: Mutex<String>

    /// A log that appends to the file at `path`; empty is standard output.
    public init(path: String = "", level: LogLevel = .notice, role: Role = .child) {
        threshold = Atomic(level.rank)
        roleLetter = Atomic(role.rawValue)
        self.path = Mutex(path)
    }

    /// Changes the least level that is written.
    public func setLevel(_ level: LogLevel) { threshold.store(level.rank, ordering: .relaxed) }

    /// Changes the letter behind the process id.
    public func setRole(_ role: Role) { roleLetter.store(role.rawValue, ordering: .relaxed) }

    /// Changes the file; empty is standard output.
    public func setPath(_ path: String) { self.path.withLock { $0 = path } }

    /// Whether lines of `level` are written: for callers whose messages are costly to prepare.
    public func writes(_ level: LogLevel) -> Bool {
        level.rank >= threshold.load(ordering: .relaxed)
    }

    /// Writes a line; the message isn't even made where its level is off.
    public func log(_ level: LogLevel, _ message: @autoclosure () -> String) {
        guard writes(level) else { return }
        append(line(level, message(), at: .now))
    }

    /// A `debug` line.
    public func debug(_ message: @autoclosure () -> String) { log(.debug, message()) }
    /// A `verbose` line.
    public func verbose(_ message: @autoclosure () -> String) { log(.verbose, message()) }
    /// A `notice` line.
    public func notice(_ message: @autoclosure () -> String) { log(.notice, message()) }
    /// A `warning` line.
    public func warning(_ message: @autoclosure () -> String) { log(.warning, message()) }

    /// Writes text as it is, without time and mark: the lines of the logo.
    public func raw(_ level: LogLevel, _ text: @autoclosure () -> String) {
        guard writes(level) else { return }
        append(Array(text().utf8))
    }

    /// The bytes of one line, for a moment.
    func line(_ level: LogLevel, _ message: String, at time: LogTime) -> [UInt8] {
        let role = Character(Unicode.Scalar(roleLetter.load(ordering: .relaxed)))
        var line = Array("\(getpid()):\(role) \(time.text) \(level.mark) ".utf8)
        line.reserveCapacity(line.count + message.utf8.count + 1)
        for byte in message.utf8 {
            switch byte {
            case 10: line += [UInt8(ascii: "\\"), UInt8(ascii: "n")]
            case 13: line += [UInt8(ascii: "\\"), UInt8(ascii: "r")]
            default: line.append(byte)
            }
        }
        line.append(10)
        return line
    }

    private func append(_ line: [UInt8]) {
        LogFile.append(line, to: path.withLock { $0 })
    }
}

/// A moment as the log prints it: `23 Nov 2026 01:02:03.456`, local time.
struct LogTime {
    let text: String

    /// Now.
    static var now: LogTime {
        var moment = timespec()
        _ = unsafe clock_gettime(CLOCK_REALTIME, &moment)
        return LogTime(seconds: moment.tv_sec, milliseconds: moment.tv_nsec / 1_000_000)
    }

    /// The moment so long after 1970.
    init(seconds: Int, milliseconds: Int) {
        var clock = time_t(seconds)
        var parts = unsafe tm()
        _ = unsafe localtime_r(&clock, &parts)
        func padded(_ number: Int, _ width: Int = 2) -> String {
            let digits = String(number)
            return String(repeating: "0", count: max(0, width - digits.count)) + digits
        }
        let (day, month, year) = unsafe (parts.tm_mday, parts.tm_mon, parts.tm_year)
        let (hour, minute, second) = unsafe (parts.tm_hour, parts.tm_min, parts.tm_sec)
        text =
            "\(padded(Int(day))) \(Self.months[Int(month) % 12]) \(Int(year) + 1900) "
            + "\(padded(Int(hour))):\(padded(Int(minute))):\(padded(Int(second)))."
            + padded(milliseconds, 3)
    }

    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]
}
