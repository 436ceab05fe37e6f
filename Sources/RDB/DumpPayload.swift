/// What DUMP answers and RESTORE takes.
///
///     [type byte][body][version, 2 bytes][CRC64 of all before it, 8 bytes]      lowest byte first
///
/// RESTORE distinguishes two faults: a frame of a later version or with another checksum
/// (`ERR DUMP payload version or checksum are wrong`) and a body that can't be read
/// (`ERR Bad data format`). Bytes between the body's end and the frame's are not looked at, as in Redis.
import Bytes
import Records

/// The frame around a value that is moved between servers.
public struct DumpPayload {
    private static let footerSize = 10

    /// The value's type byte.
    public let type: UInt8
    /// What follows it.
    public let body: ByteView
    /// The version that wrote it.
    public let version: Int

    /// Checks the frame.
    ///
    /// - Throws: `.truncated`, `.unsupportedVersion`, `.checksum`: all are RESTORE's first fault.
    public init(
        verifying payload: ByteView, checksum isChecked: Bool = true
    ) throws(RDBError) {
        let end = payload.count - Self.footerSize
        guard end >= 0 else { throw RDBError(.truncated, "a dump payload is too short") }
        version = Int(payload.littleEndian16(end))
        if version > RDBVersion.highestPayload {
            throw RDBError(.unsupportedVersion, "a dump payload of the later version \(version)")
        }
        let expected = payload.littleEndian64(end + 2)
        if isChecked && CRC64.checksum(payload[0..<(end + 2)]) != expected {
            throw RDBError(.checksum, "a dump payload's checksum is wrong")
        }
        // A frame around nothing at all passes for Redis too; its type is then the version's low byte.
        type = payload[0]
        body = payload[min(1, end)..<end]
    }

    /// Reads the value into a sink.
    ///
    /// - Throws: `RDBError` where it can't be read or is empty (RESTORE's second fault), and what the sink throws.
    public func read(
        into sink: any ValueSink, limits: RDBLimits = RDBLimits()
    ) throws {
        let reader = RDBValueReader(RDBInput(body, limits: limits))
        if try reader.read(type, into: sink) == .empty {
            throw RDBError.corrupt("an empty \(RDBType.name(type))")
        }
    }

    /// Appends what DUMP answers for a value: in `version`, or the lowest above that holds it.
    ///
    /// - Throws: nothing of its own; a frozen value can be walked.
    public static func append(
        _ value: FrozenValue, to output: ByteWriter, version: Int = RDBVersion.written,
        limits: RDBPackingLimits = RDBPackingLimits()
    ) throws {
        let start = output.count
        let version = max(version, try RDBValueWriter.version(of: value))
        try RDBValueWriter(RDBOutput(output), version: version, limits: limits).write(value)
        output.append(littleEndian: UInt64(version), width: 2)
        let checksum = CRC64.checksum(output.view.dropFirst(start))
        output.append(littleEndian: checksum, width: 8)
    }
}
