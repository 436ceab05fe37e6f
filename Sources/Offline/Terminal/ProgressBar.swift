/// A progress bar on standard error: how far, how fast, how long yet; nothing where that is no terminal.
///
///     appendonly.aof.1.incr.aof  [##########..........]  52 %  311.0 MB/s  0:07 left
///
/// Drawn at most ten times a second, and removed before anything else is printed.
import Persistence

/// Shows progress to a person; one thread at a time.
public final class ProgressBar: @unchecked Sendable {
    // BECAUSE: a pass over a file reports from the one thread that reads.
    private static let interval: UInt64 = 100_000_000

    private let title: String
    private let clock: any Clock
    private let isShown: Bool
    private let began: UInt64
    private var drawn: UInt64
    private var isDrawn = false

    /// A bar; `isWanted` false hides it (`--quiet`, `--json`).
    public init(_ title: String, clock: any Clock = SystemClock(), isWanted: Bool = true) {
        self.title = title
        self.clock = clock
        isShown = isWanted && Terminal.showsErrors
        began = clock.monotonicNanoseconds
        drawn = began
    }

    deinit { finish() }

    /// So much of `total` is done, both in `unit`s.
    public func move(to done: Int, of total: Int, unit: Unit = .bytes) {
        if !isShown { return }
        let now = clock.monotonicNanoseconds
        if now &- drawn < Self.interval { return }
        drawn = now
        let line = Self.line(
            title, done: done, total: total, nanoseconds: now &- began, unit: unit,
            columns: Terminal.columns)
        Output.tell("\r\u{1b}[K" + line + "\u{1b}[1A")
        isDrawn = true
    }

    /// Removes the bar.
    public func finish() {
        if isDrawn { Output.tell("\r\u{1b}[K\u{1b}[1A") }
        isDrawn = false
    }

    /// What is counted.
    public enum Unit: Sendable {
        /// Bytes.
        case bytes
        /// Keys.
        case keys
    }

    /// The bar as text of at most `columns` columns.
    static func line(
        _ title: String, done: Int, total: Int, nanoseconds: UInt64, unit: Unit, columns: Int
    ) -> String {
        let seconds = Double(nanoseconds) / 1e9
        let rate = seconds > 0 ? Double(done) / seconds : 0
        var tail = "  \(Figures.rate(rate, unit))"
        var bar = ""
        if total > 0 {
            let part = min(1, Double(done) / Double(total))
            let filled = Int(part * 20)
            bar =
                "  [" + String(repeating: "#", count: filled)
                + String(repeating: ".", count: 20 - filled) + "]"
            tail = "  \(Int(part * 100)) %" + tail
            if rate > 0 && part < 1 {
                tail += "  \(Figures.duration(Double(total - min(done, total)) / rate)) left"
            }
        }
        let room = columns - 1 - tail.count - bar.count
        if room < 8 { return String((bar + tail).dropFirst(2).prefix(max(0, columns - 1))) }
        return String(title.suffix(room)) + bar + tail
    }
}
