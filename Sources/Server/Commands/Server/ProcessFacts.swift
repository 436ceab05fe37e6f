/// What the system knows about this process, for INFO and MEMORY.
#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Facts of the process and its machine.
enum ProcessFacts {
    /// Resident bytes.
    static var residentBytes: Int {
        // The second word of /proc/self/statm is pages.
        let words = contents("/proc/self/statm").split(separator: " ")
        guard words.count > 1, let pages = Int(words[1]) else { return 0 }
        return pages * Int(getpagesize())
    }

    /// Memory of the machine.
    static var systemBytes: Int {
        max(0, sysconf(Int32(_SC_PHYS_PAGES))) * Int(getpagesize())
    }

    /// Memory that may still be taken without swapping, as the kernel estimates it; nil: it doesn't say.
    static var availableBytes: Int? {
        for line in contents("/proc/meminfo").split(separator: "\n")
        where line.hasPrefix("MemAvailable:") {
            let words = line.split(separator: " ")
            return words.count > 1 ? Int(words[1]).map { $0 * 1024 } : nil
        }
        return nil
    }

    /// System and user CPU seconds of the process, printed with six decimals.
    static var cpuSeconds: (system: String, user: String) { cpuSeconds(of: 0) }

    /// The same of the calling thread.
    static var threadCPUSeconds: (system: String, user: String) { cpuSeconds(of: 1) }

    /// `who`: 0 is RUSAGE_SELF, 1 RUSAGE_THREAD, whose Swift types differ between C libraries and
    /// optimisation levels.
    private static func cpuSeconds(of who: Int32) -> (system: String, user: String) {
        var usage = rusage()
        _ = unsafe getrusage(who, &usage)
        func text(_ time: timeval) -> String {
            let fraction = String(time.tv_usec)
            return "\(time.tv_sec)." + String(repeating: "0", count: 6 - fraction.count) + fraction
        }
        return (text(usage.ru_stime), text(usage.ru_utime))
    }

    /// Name and version of the kernel.
    static var operatingSystem: String {
        let release = contents("/proc/sys/kernel/osrelease").split(separator: "\n").first
        return "Linux \(release ?? "?")"
    }

    /// `1.50M`: bytes for people.
    static func human(_ bytes: Int) -> String {
        var value = Double(bytes)
        for unit in ["B", "K", "M", "G"] {
            if value < 1024 || unit == "G" {
                if unit == "B" { return "\(bytes)B" }
                let hundredths = Int((value * 100).rounded())
                let fraction = hundredths % 100
                return "\(hundredths / 100).\(fraction < 10 ? "0" : "")\(fraction)\(unit)"
            }
            value /= 1024
        }
        return "\(bytes)B"
    }

    private static func contents(_ path: String) -> String {
        let file = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return "" }
        defer { close(file) }
        var buffer = [UInt8](repeating: 0, count: 4096)
        // SAFETY: the array has room for its count.
        let count = unsafe buffer.withUnsafeMutableBytes {
            unsafe read(file, $0.baseAddress, $0.count)
        }
        return String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
    }
}
