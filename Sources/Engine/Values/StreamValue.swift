/// Streams; see the branch that brings them.
import Bytes

enum StreamValue {
    static func headerBytes(_ kind: EntryKind) -> Int { 0 }
    static func freeEverything(_ raw: UnsafeMutableRawPointer, _ kind: EntryKind) {}
    static func deepCopy(
        _ raw: UnsafeMutableRawPointer, _ kind: EntryKind, _ heap: Heap
    ) -> UnsafeMutableRawPointer { unsafe raw }
}
