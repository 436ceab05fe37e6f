/// A HyperLogLog as it lies in a string, byte for byte as Redis writes it: reading, and the bytes themselves.
///
///      0  "HYLL"
///      4  encoding         0 dense, 1 sparse; 5...7 unused
///      8  cardinality      8 bytes, little-endian, as counted last; the highest bit set: no longer true
///     16  registers        16,384 of them, 0...63 each
///
///     dense    12,288 bytes: register i has bits 6i ... 6i+5, bit 0 the lowest of the first byte
///     sparse   runs of registers, from the first on:
///                00llllll            l+1 registers are 0                    "zero"
///                01llllll llllllll   l+1 registers are 0 (high byte first)  "long zero"
///                1vvvvvll            l+1 registers are v+1                  "value"
///
/// INVARIANT 1: nothing is believed of the bytes behind a header: runs are walked with bounds, and a walk that
/// doesn't end at register 16,384 is answered with nil. A string from a client may hold anything.
import Bytes

/// The figures of the format.
enum HyperLogLogFormat {
    static let registers = 16384
    static let headerBytes = 16
    static let denseBytes = headerBytes + registers * 6 / 8
    /// Bits of a hash that choose the register.
    static let indexBits: UInt64 = 14
    /// Bits of a hash behind these: runs of zeros are counted in them.
    static let runBits: UInt64 = 50
    /// The greatest value that a sparse run can say.
    static let sparseMaximum: UInt8 = 32
    static let encodingOffset = 4
    static let cacheOffset = 8
    /// The byte with the bit that says that the cached cardinality isn't true any more.
    static let staleOffset = 15

    /// The register of an element, and what it is to hold at least: 1...51.
    @inline(__always)
    static func place(of element: ByteView) -> (register: Int, value: UInt8) {
        let hash = MurmurHash.hash64A(element, seed: 0xadc8_3b19)
        let run = hash >> indexBits | 1 << runBits
        return (Int(hash & UInt64(registers - 1)), UInt8(run.trailingZeroBitCount + 1))
    }
}

/// One run of a sparse HyperLogLog.
struct SparseRun {
    /// What its registers hold.
    let value: UInt8
    /// How many they are.
    let length: Int
    /// Bytes that say so.
    let byteCount: Int

    /// Whether it is of the form that says values; such runs may be of one to four registers.
    @inline(__always)
    var isValue: Bool { value > 0 }

    /// The run at `offset` of `bytes`, which reaches there. A second byte that is missing counts as NUL.
    @inline(__always)
    init(_ bytes: ByteView, _ offset: Int) {
        let byte = bytes[offset]
        if byte & 0x80 != 0 {
            value = byte >> 2 & 31 + 1
            length = Int(byte & 3) + 1
            byteCount = 1
        } else if byte & 0x40 != 0 {
            let next = offset + 1 < bytes.count ? bytes[offset + 1] : 0
            value = 0
            length = Int(byte & 63) << 8 + Int(next) + 1
            byteCount = 2
        } else {
            value = 0
            length = Int(byte) + 1
            byteCount = 1
        }
    }

    /// The bytes of a run of zeros.
    static func zeros(_ length: Int) -> [UInt8] {
        let code = length - 1
        return length <= 64
            ? [UInt8(code)] : [0x40 | UInt8(code >> 8), UInt8(truncatingIfNeeded: code)]
    }

    /// The byte of a run of values.
    static func values(_ value: UInt8, _ length: Int) -> UInt8 {
        0x80 | (value - 1) << 2 | UInt8(length - 1)
    }
}

/// The bytes of a HyperLogLog, read.
struct HyperLogLog {
    let bytes: ByteView

    /// Nil where the bytes don't begin as a HyperLogLog's do; what follows may be corrupt all the same.
    init?(_ bytes: ByteView) {
        guard bytes.count >= HyperLogLogFormat.headerBytes, bytes[0..<4] == ByteView("HYLL"),
            bytes[HyperLogLogFormat.encodingOffset] <= 1
        else { return nil }
        self.bytes = bytes
        if isDense && bytes.count != HyperLogLogFormat.denseBytes { return nil }
    }

    /// The bytes of one that has seen nothing.
    static var empty: [UInt8] {
        Array("HYLL".utf8) + [1] + [UInt8](repeating: 0, count: 11)
            + SparseRun.zeros(HyperLogLogFormat.registers)
    }

    var isDense: Bool { bytes[HyperLogLogFormat.encodingOffset] == 0 }

    /// Whether the cached cardinality is that of the registers.
    var isCacheTrue: Bool { bytes[HyperLogLogFormat.staleOffset] & 0x80 == 0 }

    /// The cardinality as counted last.
    var cachedCardinality: UInt64 {
        (0..<8).reduce(0) {
            $0 | UInt64(bytes[HyperLogLogFormat.cacheOffset + $1]) << UInt64($1 << 3)
        }
    }

    /// What stands behind the header.
    var body: ByteView { bytes.dropFirst(HyperLogLogFormat.headerBytes) }

    /// A register of a dense one.
    @inline(__always)
    func denseRegister(_ index: Int) -> UInt8 {
        let bit = index * 6
        let place = HyperLogLogFormat.headerBytes + bit >> 3
        let low = UInt16(bytes[place])
        let high = place + 1 < bytes.count ? UInt16(bytes[place + 1]) : 0
        return UInt8(truncatingIfNeeded: (high << 8 | low) >> UInt16(bit & 7)) & 63
    }

    /// A register of a sparse one, nil where its runs end before.
    func sparseRegister(_ index: Int) -> UInt8? {
        let body = body
        var offset = 0
        var first = 0
        while offset < body.count {
            let run = SparseRun(body, offset)
            first += run.length
            if index < first { return run.value }
            offset += run.byteCount
        }
        return nil
    }

    /// Hands runs of equal registers to `visit`, dense ones in runs of one; false where the runs don't make up
    /// all registers and no more.
    func forEachRun(_ visit: (_ first: Int, _ length: Int, _ value: UInt8) -> Void) -> Bool {
        if isDense {
            for index in 0..<HyperLogLogFormat.registers { visit(index, 1, denseRegister(index)) }
            return true
        }
        let body = body
        var offset = 0
        var first = 0
        while offset < body.count {
            let run = SparseRun(body, offset)
            if run.length > HyperLogLogFormat.registers - first { return false }
            visit(first, run.length, run.value)
            first += run.length
            offset += run.byteCount
        }
        return first == HyperLogLogFormat.registers
    }

    /// Raises `registers` to what these hold; false where the bytes are corrupt.
    func merge(into registers: inout [UInt8]) -> Bool {
        forEachRun { first, length, value in
            if value == 0 { return }
            for index in first..<(first + length) where registers[index] < value {
                registers[index] = value
            }
        }
    }

    /// The cardinality that the registers tell; nil where the bytes are corrupt.
    func cardinality() -> UInt64? {
        var histogram = RegisterHistogram()
        let isWhole = forEachRun { _, length, value in
            histogram.add(value, length)
        }
        return isWhole ? histogram.cardinality : nil
    }
}

/// How many registers hold each value, and what that tells of the cardinality.
struct RegisterHistogram {
    private var counts = [Int](repeating: 0, count: 64)

    init() {}

    init(_ registers: [UInt8]) {
        for value in registers { add(value, 1) }
    }

    @inline(__always)
    mutating func add(_ value: UInt8, _ count: Int) { counts[Int(value & 63)] += count }

    /// The estimate of Otmar Ertl, "New cardinality estimation algorithms for HyperLogLog sketches" (2017,
    /// arXiv:1702.01284), algorithm 6, which needs no correction of small or large ranges.
    var cardinality: UInt64 {
        let registers = Double(HyperLogLogFormat.registers)
        let longest = Int(HyperLogLogFormat.runBits)
        var sum = registers * Self.tau((registers - Double(counts[longest + 1])) / registers)
        for value in stride(from: longest, through: 1, by: -1) {
            sum = (sum + Double(counts[value])) * 0.5
        }
        sum += registers * Self.sigma(Double(counts[0]) / registers)
        // 1 / (2 ln 2)
        let estimate = (0.721347520444481703680 * registers * registers / sum).rounded()
        // Registers that no hash fills can make the sum 0: what C's conversion gives then.
        return UInt64(exactly: estimate) ?? 1 << 63
    }

    /// The paper's correction for registers that are full.
    private static func tau(_ share: Double) -> Double {
        if share == 0 || share == 1 { return 0 }
        var share = share
        var weight = 1.0
        var sum = 1 - share
        while true {
            let before = sum
            share = share.squareRoot()
            weight *= 0.5
            sum -= (1 - share) * (1 - share) * weight
            if sum == before { return sum / 3 }
        }
    }

    /// The paper's correction for registers that are empty.
    private static func sigma(_ share: Double) -> Double {
        if share == 1 { return .infinity }
        var share = share
        var weight = 1.0
        var sum = share
        while true {
            let before = sum
            share *= share
            sum += share * weight
            weight += weight
            if sum == before { return sum }
        }
    }
}
