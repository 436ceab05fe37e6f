/// Changes a HyperLogLog in a copy of its bytes: what becomes of a sparse one's runs is Redis's choice, byte for
/// byte, so that both servers' strings stay equal.
///
/// Raising a register splits its run in up to three, then neighbours of equal value are joined, but only in
/// runs of values and only near the change. A value that no run can say, or bytes beyond the limit, make it
/// dense; a dense one stays dense.
///
/// INVARIANT 1: an edit that fails (corrupt bytes) may leave `bytes` half done: they are the caller's to throw away.
import Bytes

/// The bytes of a HyperLogLog, being changed.
struct HyperLogLogEditor {
    /// What an edit did.
    enum Outcome {
        case unchanged
        case changed
        case corrupt
    }

    /// The whole string.
    private(set) var bytes: [UInt8]
    /// `hll-sparse-max-bytes`: bytes of the whole string.
    private let limit: Int

    init(_ bytes: [UInt8], limit: Int) {
        self.bytes = bytes
        self.limit = limit
    }

    private var isDense: Bool { bytes[HyperLogLogFormat.encodingOffset] == 0 }

    /// Says that the cached cardinality isn't true any more.
    mutating func invalidateCache() { bytes[HyperLogLogFormat.staleOffset] |= 0x80 }

    /// Makes a register hold at least `value`.
    mutating func raise(_ register: Int, to value: UInt8) -> Outcome {
        if isDense { return raiseDense(register, to: value) }
        if value > HyperLogLogFormat.sparseMaximum { return raiseAsDense(register, to: value) }
        return raiseSparse(register, to: value)
    }

    /// Makes a sparse one dense; false where the bytes are corrupt.
    mutating func becomeDense() -> Bool {
        if isDense { return true }
        var dense = Array(bytes[0..<HyperLogLogFormat.headerBytes])
        dense[HyperLogLogFormat.encodingOffset] = 0
        dense += [UInt8](
            repeating: 0, count: HyperLogLogFormat.denseBytes - HyperLogLogFormat.headerBytes)
        let isWhole = bytes.withByteView { view in
            HyperLogLog(view)?.forEachRun { first, length, value in
                if value == 0 { return }
                for index in first..<(first + length) { Self.set(index, to: value, in: &dense) }
            } ?? false
        }
        if isWhole { bytes = dense }
        return isWhole
    }

    // MARK: Dense

    private mutating func raiseAsDense(_ register: Int, to value: UInt8) -> Outcome {
        becomeDense() ? raiseDense(register, to: value) : .corrupt
    }

    private mutating func raiseDense(_ register: Int, to value: UInt8) -> Outcome {
        let old = bytes.withByteView { HyperLogLog($0)?.denseRegister(register) ?? 0 }
        if old >= value { return .unchanged }
        Self.set(register, to: value, in: &bytes)
        return .changed
    }

    private static func set(_ register: Int, to value: UInt8, in dense: inout [UInt8]) {
        let bit = register * 6
        let place = HyperLogLogFormat.headerBytes + bit >> 3
        let shift = UInt16(bit & 7)
        let pair = UInt16(value) << shift
        let mask = UInt16(63) << shift
        dense[place] = dense[place] & ~UInt8(mask & 255) | UInt8(pair & 255)
        if mask > 255 { dense[place + 1] = dense[place + 1] & ~UInt8(mask >> 8) | UInt8(pair >> 8) }
    }

    // MARK: Sparse

    private mutating func raiseSparse(_ register: Int, to value: UInt8) -> Outcome {
        guard let found = find(register) else { return .corrupt }
        let run = found.run
        if run.value >= value { return .unchanged }
        var pieces: [UInt8] = []
        let before = register - found.first
        let behind = run.length - 1 - before
        if before > 0 { pieces += piece(run, before) }
        pieces.append(SparseRun.values(value, 1))
        if behind > 0 { pieces += piece(run, behind) }
        if pieces.count > run.byteCount, bytes.count + pieces.count - run.byteCount > limit {
            return raiseAsDense(register, to: value)
        }
        bytes.replaceSubrange(found.offset..<(found.offset + run.byteCount), with: pieces)
        joinNeighbours(from: found.previous ?? HyperLogLogFormat.headerBytes)
        return .changed
    }

    private func piece(_ run: SparseRun, _ length: Int) -> [UInt8] {
        run.isValue ? [SparseRun.values(run.value, length)] : SparseRun.zeros(length)
    }

    /// The run of a register: where it stands, the one before it, its first register; nil where the runs end
    /// before, or the last one lacks a byte.
    private func find(
        _ register: Int
    ) -> (run: SparseRun, offset: Int, previous: Int?, first: Int)? {
        bytes.withByteView { view in
            var offset = HyperLogLogFormat.headerBytes
            var previous: Int?
            var first = 0
            while offset < view.count {
                let run = SparseRun(view, offset)
                if register < first + run.length {
                    return offset + run.byteCount <= view.count
                        ? (run, offset, previous, first) : nil
                }
                first += run.length
                previous = offset
                offset += run.byteCount
            }
            return nil
        }
    }

    /// Joins runs of the same value that stand together and are no longer than one run may be; looks at five
    /// runs or joins.
    private mutating func joinNeighbours(from start: Int) {
        var offset = start
        for _ in 0..<5 {
            guard offset < bytes.count else { return }
            let (run, next) = bytes.withByteView { view in
                let run = SparseRun(view, offset)
                let next = offset + run.byteCount
                return (run, next < view.count ? SparseRun(view, next) : nil)
            }
            if run.isValue, let next, next.value == run.value, run.length + next.length <= 4 {
                bytes[offset] = SparseRun.values(run.value, run.length + next.length)
                bytes.remove(at: offset + 1)
            } else {
                offset += run.byteCount
            }
        }
    }
}
