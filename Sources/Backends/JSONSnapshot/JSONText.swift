/// The small parts of a document: strings, numbers, ids; bytes into a buffer, nothing in between.
///
/// A string that is UTF-8 stands as it is, with the escapes JSON asks for; any other bytes stand as
/// {"base64":"…"}. Long ones go out in pieces, so the buffer stays small.
import Bytes
import Records

/// Appends JSON to a buffer.
struct JSONText {
    /// Where the text goes.
    let out: ByteWriter
    /// Called between the pieces of long texts: the buffer may be emptied.
    let settle: () throws -> Void

    /// Bytes in a piece; a multiple of 3, so that base64 can be cut there.
    private static let pieceBytes = 48 << 10

    /// Bytes, as a string or in base64.
    @inline(__always)
    func append(_ bytes: ByteView) throws {
        if bytes.count <= Self.pieceBytes, bytes.plainEnd(from: 0) == bytes.count {
            out.append(0x22)
            out.append(bytes)
            out.append(0x22)
        } else {
            try appendOther(bytes)
        }
    }

    @inline(never)
    private func appendOther(_ bytes: ByteView) throws {
        if !bytes.isUTF8 { return try appendBase64(bytes) }
        out.append(0x22)
        var start = 0
        while start < bytes.count {
            let end = min(bytes.count, bytes.plainEnd(from: start))
            try appendPieces(bytes[start..<end])
            start = end
            if start < bytes.count { start += escape(bytes, at: start) }
        }
        out.append(0x22)
    }

    private func appendPieces(_ bytes: ByteView) throws {
        var start = 0
        while bytes.count - start > Self.pieceBytes {
            out.append(bytes[start..<(start + Self.pieceBytes)])
            try settle()
            start += Self.pieceBytes
        }
        out.append(bytes.dropFirst(start))
        try settle()
    }

    /// Appends one character that isn't plain; answers its bytes.
    private func escape(_ bytes: ByteView, at index: Int) -> Int {
        let byte = bytes[index]
        switch byte {
        case 0x22: out.append("\\\"")
        case 0x5C: out.append("\\\\")
        case 8: out.append("\\b")
        case 9: out.append("\\t")
        case 10: out.append("\\n")
        case 12: out.append("\\f")
        case 13: out.append("\\r")
        case 0..<0x20:
            out.append("\\u00")
            out.append(byte < 16 ? 0x30 : 0x31)
            out.append(hex: UInt64(byte & 15))
        default:
            let length = bytes.multibyteLength(at: index) ?? 1
            out.append(bytes[index..<(index + length)])
            return length
        }
        return 1
    }

    private func appendBase64(_ bytes: ByteView) throws {
        out.append("{\"base64\":\"")
        var start = 0
        while start < bytes.count {
            let end = min(bytes.count, start + Self.pieceBytes)
            Base64.append(bytes[start..<end], to: out)
            try settle()
            start = end
        }
        out.append("\"}")
    }

    /// A score: the shortest number that is read as the same double; `inf` and its kin as strings.
    func append(_ score: Double) {
        if score.magnitude < 9e15, let whole = Int(exactly: score),
            whole != 0 || score.sign == .plus
        {
            out.append(decimal: whole)
        } else if score.isFinite {
            // What Swift prints of a finite double is a number of JSON's, -0.0 included.
            out.append(text: score.description)
        } else {
            out.append(score.isNaN ? "\"nan\"" : score < 0 ? "\"-inf\"" : "\"inf\"")
        }
    }

    /// An id: "milliseconds-sequence".
    func append(_ id: StreamID) {
        out.append(0x22)
        append(unsigned: id.milliseconds)
        out.append(0x2D)
        append(unsigned: id.sequence)
        out.append(0x22)
    }

    /// A number of 64 bits without a sign.
    func append(unsigned value: UInt64) {
        if let small = Int(exactly: value) {
            out.append(decimal: small)
        } else {
            let (rest, digit) = value.quotientAndRemainder(dividingBy: 10)
            out.append(decimal: Int(rest))
            out.append(0x30 + UInt8(digit))
        }
    }

    /// A number.
    func append(_ value: Int64) { out.append(decimal: Int(value)) }

    /// What opens or stands between.
    @inline(__always)
    func append(_ literal: StaticString) { out.append(literal) }
}
