/// What `ps` shows of the server: `set-proc-title`, `proc-title-template`.
///
///     {title} {listen-addr} {server-mode}     ->     holdfast-server *:6379
///
/// `{{` is a brace; other names in braces are refused. Linux shows the bytes of the original arguments, so
/// those are written over, cut to their length; their place is told by /proc/self/stat.
#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// The process's title.
public enum ProcessTitle {
    /// The names that a template may use.
    static let variables: Set<String> = [
        "title", "listen-addr", "server-mode", "port", "tls-port", "unixsocket", "config-file",
    ]

    /// Whether `template` is well formed and shows something even where its texts are empty.
    static func isValid(_ template: String) -> Bool {
        var values = Dictionary(uniqueKeysWithValues: variables.map { ($0, "") })
        for name in ["listen-addr", "port", "tls-port"] { values[name] = "0" }
        return expand(template, values)?.isEmpty == false
    }

    /// The template with its variables filled in, blanks at the end gone; nil where it is malformed.
    public static func expand(_ template: String, _ values: [String: String]) -> String? {
        var title = ""
        var rest = template[...]
        while let brace = rest.firstIndex(of: "{") {
            title += rest[..<brace]
            rest = rest[rest.index(after: brace)...]
            if rest.first == "{" {
                title += "{"
                rest = rest.dropFirst()
                continue
            }
            guard let end = rest.firstIndex(of: "}"), let value = values[String(rest[..<end])]
            else {
                return nil
            }
            title += value
            rest = rest[rest.index(after: end)...]
        }
        title += rest
        while title.last == " " { title.removeLast() }
        return title
    }

    /// Shows `title` in the process list, as much of it as fits.
    ///
    /// Call it before any thread reads the arguments; they are gone afterwards.
    public static func set(_ title: String) {
        // SAFETY: the kernel says where the arguments lie; they are ours to write for `end - start` bytes.
        guard let (start, end) = argumentArea(), end > start,
            let area = unsafe UnsafeMutablePointer<UInt8>(bitPattern: start)
        else { return }
        let room = Int(end - start)
        let text = Array(title.utf8.prefix(room - 1))
        for index in 0..<room {
            // SAFETY: the kernel says that these bytes are the process's own arguments.
            unsafe area[index] = index < text.count ? text[index] : 0
        }
    }

    /// First byte of the arguments and the one behind their last: fields 48 and 49.
    private static func argumentArea() -> (UInt, UInt)? {
        var content: [UInt8] = []
        guard ConfigurationFile.read("/proc/self/stat", into: &content) == 0 else { return nil }
        // The second field, the name in parentheses, may hold blanks: count behind its end.
        let text = String(decoding: content, as: UTF8.self)
        guard let name = text.lastIndex(of: ")") else { return nil }
        let fields = text[text.index(after: name)...].split { $0 == " " || $0 == "\n" }
        guard fields.count > 46, let start = UInt(fields[45]), let end = UInt(fields[46]) else {
            return nil
        }
        return (start, end)
    }
}
