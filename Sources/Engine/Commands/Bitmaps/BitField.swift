/// Integers of 1 to 64 bits anywhere in a string: how BITFIELD spells, reads, computes and writes them.
import Bytes

/// What an integer does that doesn't fit its field.
enum BitFieldOverflow {
    /// Its high bits are lost.
    case wrap
    /// It becomes the greatest or the least that fits.
    case saturate
    /// Nothing is written.
    case fail
}

/// The type of a field: `u8`, `i16`.
struct BitFieldType {
    let isSigned: Bool
    /// Bits: 1...64, unsigned ones up to 63.
    let width: Int

    init(_ text: ByteView) throws(CommandError) {
        let first = text.isEmpty ? 0 : text[0]
        isSigned = first == UInt8(ascii: "i")
        guard isSigned || first == UInt8(ascii: "u"),
            let width = Decimal.parse(text.dropFirst(1)), width > 0, width <= (isSigned ? 64 : 63)
        else { throw .bitFieldType }
        self.width = Int(width)
    }

    private var mask: UInt64 { .max >> UInt64(64 - width) }

    /// The integer that these bits are.
    func value(of bits: UInt64) -> Int64 {
        let shift = Int64(64 - width)
        let raised = Int64(bitPattern: bits << UInt64(shift))
        return isSigned ? raised >> shift : Int64(bitPattern: bits & mask)
    }

    /// The bits of `value + increment`, nil where they don't fit and `overflow` forbids it.
    func bits(
        _ value: Int64, plus increment: Int64, _ overflow: BitFieldOverflow
    ) -> UInt64? {
        let (sum, fits) = exactly(value, plus: increment)
        if fits { return UInt64(bitPattern: sum) & mask }
        switch overflow {
        case .wrap: return UInt64(bitPattern: value &+ increment) & mask
        case .fail: return nil
        case .saturate: return leavesBelow(value, increment) ? least : greatest
        }
    }

    private var greatest: UInt64 { isSigned ? mask >> 1 : mask }
    private var least: UInt64 { isSigned ? ~(mask >> 1) & mask : 0 }

    /// Whether a sum that doesn't fit is too small rather than too large.
    ///
    /// What SET is given is looked at as Redis does: to an unsigned field a negative integer is a large one, and so
    /// is, to a signed field, one so small that its distance from the field's greatest exceeds 64 bits.
    private func leavesBelow(_ value: Int64, _ increment: Int64) -> Bool {
        if increment != 0 { return increment < 0 }
        return isSigned && value < 0 && Int64(bitPattern: greatest) &- value >= 0
    }

    /// The sum, and whether the field holds it.
    private func exactly(_ value: Int64, plus increment: Int64) -> (sum: Int64, fits: Bool) {
        let (sum, isOver) = value.addingReportingOverflow(increment)
        if isOver { return (sum, false) }
        if isSigned { return (sum, self.value(of: UInt64(bitPattern: sum)) == sum) }
        return (sum, sum >= 0 && UInt64(sum) <= mask)
    }
}

/// The up to nine bytes of a string in which a field lies; behind the string's end they are NUL.
struct BitFieldWindow {
    /// The first of the bytes in the string.
    let start: Int
    /// How many they are.
    let count: Int
    /// The bytes, the last one lowest.
    private var word: UInt128 = 0
    /// Bits behind the field.
    private let shift: Int
    private let mask: UInt128

    /// The window on the field of `width` bits at bit `offset`.
    init(_ text: ByteView, offset: Int, width: Int) {
        start = offset >> 3
        count = (offset & 7 + width + 7) >> 3
        shift = count << 3 - offset & 7 - width
        mask = UInt128(UInt64.max >> UInt64(64 - width)) << UInt128(shift)
        for place in start..<(start + count) {
            word = word << 8 | UInt128(place < text.count ? text[place] : 0)
        }
    }

    /// The field's bits.
    var bits: UInt64 {
        get { UInt64(truncatingIfNeeded: (word & mask) >> UInt128(shift)) }
        set { word = word & ~mask | UInt128(newValue) << UInt128(shift) & mask }
    }

    /// Appends the bytes.
    func write(to out: ByteWriter) {
        for place in 0..<count {
            out.append(UInt8(truncatingIfNeeded: word >> UInt128((count - 1 - place) << 3)))
        }
    }
}
