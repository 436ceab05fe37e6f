/// Looks through the rest of a file, damage and all, for lines that say what was durable.
///
/// Only lines whose own sum is right count; nothing they guard needs to be. A line that a value happens to
/// contain is no line of this file: its sum is seeded with another salt. (A value that contains an older
/// copy of this very file tells an older truth, which is a truth.)
///
/// Threads: the loading thread.
import Bytes
import Persistence

/// The durable marks of a file.
enum DurableMarks {
    /// The highest sequence that any valid line from `start` on says was durable; 0 where none does.
    ///
    /// - Parameter salt: the file's; nil: its head tells.
    static func highest(
        _ path: String, from start: Int, salt: Salt?, _ disk: any FileSystem
    ) throws(PersistenceError) -> UInt64 {
        let window = try LogWindow(path: path, disk, moved: { _ in })
        var salt = salt
        var mark: UInt64 = 0
        try window.show(Annotation.maximumBytes)
        if case .increment(let header) = Annotation.parse(window.front, salt: nil)?.line {
            if salt == nil { salt = header.salt }
            if start == 0 { mark = header.durable }
        }
        guard let salt else { return mark }
        var toSkip = start
        while toSkip > 0 {
            try window.show(1)
            let step = min(toSkip, window.front.count)
            if step == 0 { return mark }
            window.skip(step)
            toSkip -= step
        }
        while try window.showForSearch() {
            let front = window.front
            var index = 0
            let stop = front.count - (window.holdsEnd ? 0 : Annotation.maximumBytes)
            while index < stop {
                if front[index] == UInt8(ascii: "#") {
                    mark = max(mark, told(front.dropFirst(index), salt))
                }
                index += 1
            }
            window.skip(index)
        }
        return mark
    }

    private static func told(_ bytes: ByteView, _ salt: Salt) -> UInt64 {
        switch Annotation.parse(bytes, salt: salt)?.line {
        case .group(let head): head.durable
        case .closing(let mark): mark.lastSequence
        default: 0
        }
    }
}

extension LogWindow {
    /// Makes enough visible to look for lines; false at the end of the file.
    fileprivate func showForSearch() throws(PersistenceError) -> Bool {
        try show(64 << 10)
        return !front.isEmpty
    }

    /// Whether the window reaches to the end of the file.
    fileprivate var holdsEnd: Bool { offset + front.count >= size }
}
