/// A long list: chunks of elements, in a tree that counts them.
import Bytes

/// A chunk in the tree.
struct ListChunkPlace: TreeElement {
    /// The chunk's address.
    var address: UInt
    /// Elements in it.
    var count: Int

    var weight: Int { count }
    static var leafCapacity: Int { 32 }
}

/// The address of a long list's header.
@safe
struct ListTree {
    let raw: UnsafeMutableRawPointer

    init(raw: UnsafeMutableRawPointer) { unsafe self.raw = raw }

    static let headerBytes = 32
    func freeEverything() {}
    func deepCopy(_ heap: Heap) -> ListTree { self }
}
