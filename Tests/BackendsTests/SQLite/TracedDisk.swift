/// What a traced server did to the files of one folder, and the states in which a power cut may leave them.
///
/// strace (`-f -y -xx`) writes each system call with its path and all bytes. A call of one thread may be interrupted by
/// others' in the trace ("unfinished", "resumed"), so each has a line where it began and one where it ended.
///
/// A write counts from its beginning on, as a kill or a cut may find part of it done; a sync covers the writes that
/// had ended before it began, and counts at its end. After a cut every write that no sync covers is there or not, each
/// on its own, the last one perhaps in part; so is every change of a name that no sync of the folder covers.
///
/// Files that SQLite maps (`-shm`) are not written by calls; they are made anew by whoever opens the database first.
import Foundation
import TestSupport

/// One system call on a file of the folder, or what a client was told.
enum TracedEvent {
    case write(path: String, offset: Int?, bytes: [UInt8])
    case truncate(path: String, size: Int)
    case sync(path: String)
    case syncFolder
    case create(path: String, isEmptied: Bool)
    case rename(from: String, to: String)
    case unlink(path: String)
    /// The marks `ack:N` in what went to a socket.
    case acknowledged(Int)
}

/// An event with the lines of the trace where it began and ended.
struct TracedCall {
    let begin: Int
    var end: Int
    let event: TracedEvent
}

/// Reads a trace.
struct TraceReader {
    private let folder: String
    private(set) var calls: [TracedCall] = []

    init(_ text: String, folder: String) {
        self.folder = folder
        var unfinished: [Substring: (line: Int, text: Substring)] = [:]
        for (number, line) in text.split(separator: "\n").enumerated() {
            guard let space = line.firstIndex(of: " ") else { continue }
            let thread = line[..<space]
            let call = line[space...].drop { $0 == " " }
            if call.hasSuffix("<unfinished ...>") {
                unfinished[thread] = (number, call.dropLast("<unfinished ...>".count))
            } else if call.hasPrefix("<... ") {
                guard let start = unfinished.removeValue(forKey: thread),
                    let rest = call.range(of: " resumed>")
                else { continue }
                take(String(start.text) + call[rest.upperBound...], start.line, number)
            } else {
                take(String(call), number, number)
            }
        }
    }

    /// A call that never returned is left out: the process ended in it.
    private mutating func take(_ call: String, _ begin: Int, _ end: Int) {
        // Blanks stand before the "=" of a short line. An error's text ends with a parenthesis: no result behind it.
        guard let open = call.firstIndex(of: "("), let close = call.lastIndex(of: ")") else {
            return
        }
        let rest = call[call.index(after: close)...].drop { $0 == " " }
        let result = rest.dropFirst(2).prefix { $0 == "-" || $0.isNumber }
        guard let value = Int(result), value >= 0 else { return }
        let arguments = call[call.index(after: open)..<close]
        for event in events(String(call[..<open]), String(arguments), value) {
            calls.append(TracedCall(begin: begin, end: end, event: event))
        }
    }

    private func events(_ name: String, _ arguments: String, _ value: Int) -> [TracedEvent] {
        let strings = Self.quoted(arguments)
        // What was interrupted has a blank behind its last argument.
        let numbers = arguments.split(separator: ",").map {
            $0.trimmingCharacters(in: .whitespaces)
        }
        switch name {
        case "openat":
            guard arguments.contains("O_CREAT"), let path = strings.first.flatMap(own) else {
                return []
            }
            return [.create(path: path, isEmptied: arguments.contains("O_TRUNC"))]
        case "rename", "renameat2", "renameat":
            guard strings.count == 2, let from = own(strings[0]), let to = own(strings[1]) else {
                return []
            }
            return [.rename(from: from, to: to)]
        case "unlink", "unlinkat":
            return strings.first.flatMap(own).map { [.unlink(path: $0)] } ?? []
        case "ftruncate":
            guard let path = descriptor(arguments).flatMap(own),
                let size = numbers.last.flatMap({ Int($0) })
            else { return [] }
            return [.truncate(path: path, size: size)]
        case "fsync", "fdatasync":
            guard let target = descriptor(arguments) else { return [] }
            if String(decoding: target, as: UTF8.self) == folder { return [.syncFolder] }
            return own(target).map { [.sync(path: $0)] } ?? []
        default:
            guard let target = descriptor(arguments) else { return [] }
            let bytes = strings.flatMap { $0 }
            guard let path = own(target) else {
                return Self.marks(bytes).map { .acknowledged($0) }
            }
            let offset = name.hasPrefix("pwrite") ? numbers.last.flatMap { Int($0) } : nil
            return [.write(path: path, offset: offset, bytes: Array(bytes.prefix(value)))]
        }
    }

    /// The name of a file in the folder; nil for others, and for those that don't count.
    private func own(_ path: [UInt8]) -> String? {
        let text = String(decoding: path, as: UTF8.self)
        guard text.hasPrefix(folder + "/") else { return nil }
        let name = String(text.dropFirst(folder.count + 1))
        return name.hasSuffix("-shm") || name.hasPrefix("server-") ? nil : name
    }

    /// What stands behind the descriptor, between angle brackets.
    private func descriptor(_ arguments: String) -> [UInt8]? {
        guard let open = arguments.firstIndex(of: "<"),
            let close = arguments[open...].firstIndex(of: ">")
        else { return nil }
        return Self.bytes(arguments[arguments.index(after: open)..<close])
    }

    /// All quoted strings.
    private static func quoted(_ text: String) -> [[UInt8]] {
        text.split(separator: "\"", omittingEmptySubsequences: false).enumerated()
            .filter { $0.offset % 2 == 1 }.map { bytes($0.element) }
    }

    /// `\x61\x62` as bytes.
    private static func bytes(_ text: Substring) -> [UInt8] {
        func digit(_ byte: UInt8) -> UInt8 { byte < 58 ? byte - 48 : byte - 87 }
        let characters = Array(text.utf8)
        return stride(from: 0, to: characters.count - 3, by: 4).map {
            digit(characters[$0 + 2]) << 4 | digit(characters[$0 + 3])
        }
    }

    private static func marks(_ bytes: [UInt8]) -> [Int] {
        String(decoding: bytes, as: UTF8.self).components(separatedBy: "ack:").dropFirst()
            .compactMap { Int($0.prefix { $0.isNumber }) }
    }
}

/// The files and what of them is on the platter; takes events one by one.
struct TracedDisk {
    private struct Change {
        let end: Int
        let offset: Int
        /// Nil: cut to `offset` bytes.
        let bytes: [UInt8]?
    }

    private final class Object {
        var durable: [UInt8] = []
        var pending: [Change] = []
        var size = 0
    }

    private var live: [String: Object] = [:]
    private var durable: [String: Object] = [:]
    private var entries: [(end: Int, change: (inout [String: Object]) -> Void)] = []
    private var random: SeededGenerator

    init(seed: UInt64) { random = SeededGenerator(seed: seed) }

    mutating func take(_ call: TracedCall) {
        switch call.event {
        case .write(let path, let offset, let bytes):
            guard let object = live[path] else { return }
            let place = offset ?? object.size
            object.pending.append(Change(end: call.end, offset: place, bytes: bytes))
            object.size = max(object.size, place + bytes.count)
        case .truncate(let path, let size):
            guard let object = live[path] else { return }
            object.pending.append(Change(end: call.end, offset: size, bytes: nil))
            object.size = size
        case .sync(let path):
            guard let object = live[path] else { return }
            for change in object.pending where change.end < call.begin {
                Self.apply(change, to: &object.durable)
            }
            object.pending.removeAll { $0.end < call.begin }
        case .syncFolder:
            for entry in entries where entry.end < call.begin { entry.change(&durable) }
            entries.removeAll { $0.end < call.begin }
        case .create(let path, let isEmptied):
            if let object = live[path] {
                if isEmptied {
                    object.pending.append(Change(end: call.end, offset: 0, bytes: nil))
                    object.size = 0
                }
                return
            }
            let object = Object()
            change(call.end) { $0[path] = object }
        case .rename(let from, let to):
            guard let object = live[from] else { return }
            change(call.end) {
                $0[from] = nil
                $0[to] = object
            }
        case .unlink(let path): change(call.end) { $0[path] = nil }
        case .acknowledged: break
        }
    }

    private mutating func change(_ end: Int, _ change: @escaping (inout [String: Object]) -> Void) {
        change(&live)
        entries.append((end, change))
    }

    private static func apply(_ change: Change, to content: inout [UInt8]) {
        let end = change.offset + (change.bytes?.count ?? 0)
        if let bytes = change.bytes {
            if content.count < end { content += [UInt8](repeating: 0, count: end - content.count) }
            content.replaceSubrange(change.offset..<end, with: bytes)
        } else if content.count > change.offset {
            content.removeLast(content.count - change.offset)
        } else {
            content += [UInt8](repeating: 0, count: change.offset - content.count)
        }
    }

    /// What a killed process leaves.
    func newest() -> [String: [UInt8]] {
        live.mapValues { object in Self.content(object, object.pending.indices.map { ($0, nil) }) }
    }

    /// What a power cut may leave: nothing that wasn't synced, or a random choice.
    mutating func afterPowerCut(isStrict: Bool) -> [String: [UInt8]] {
        var names = durable
        for entry in entries where !isStrict && Bool.random(using: &random) { entry.change(&names) }
        var result: [String: [UInt8]] = [:]
        for (name, object) in names.sorted(by: { $0.key < $1.key }) {
            result[name] = Self.content(object, isStrict ? [] : choice(object))
        }
        return result
    }

    /// Which changes arrived, and of a torn one how many bytes.
    private mutating func choice(_ object: Object) -> [(Int, Int?)] {
        let all = Array(object.pending.indices)
        if all.isEmpty { return [] }
        switch Int.random(in: 0..<6, using: &random) {
        case 0: return all.map { ($0, nil) }
        case 1: return all.prefix(Int.random(in: 0...all.count, using: &random)).map { ($0, nil) }
        case 2:
            let lost = Int.random(in: 0..<all.count, using: &random)
            return all.filter { $0 != lost }.map { ($0, nil) }
        case 3:
            let torn = Int.random(in: 0..<all.count, using: &random)
            let count = object.pending[torn].bytes?.count ?? 0
            let parts = [1, 24, 512, count / 2, max(0, count - 1)].filter { $0 <= count }
            return all.prefix(torn).map { ($0, nil) } + [
                (torn, parts.randomElement(using: &random) ?? 0)
            ]
        default: return all.filter { _ in Bool.random(using: &random) }.map { ($0, nil) }
        }
    }

    private static func content(_ object: Object, _ chosen: [(Int, Int?)]) -> [UInt8] {
        var content = object.durable
        for (index, part) in chosen {
            let change = object.pending[index]
            guard let part, let bytes = change.bytes else {
                apply(change, to: &content)
                continue
            }
            apply(
                Change(end: 0, offset: change.offset, bytes: Array(bytes.prefix(part))),
                to: &content)
        }
        return content
    }
}
