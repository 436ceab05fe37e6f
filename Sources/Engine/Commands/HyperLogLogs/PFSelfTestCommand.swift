/// PFSELFTEST
///
/// Tests the HyperLogLogs of this very build: registers of both encodings against an array, and estimates against
/// the truth. O(elements tried). Replies OK. Errors: what failed.
import Bytes
import RESP

enum PFSelfTestCommand {
    static var spec: CommandSpec {
        var spec = CommandSpec(
            "pfselftest", arity: 1, [.admin], group: .hyperloglog, since: "2.8.9",
            summary: "An internal command for testing HyperLogLog values", complexity: "N/A"
        ) { _, _, _, reply throws(CommandError) in
            try checkRegisters()
            try checkEstimates()
            reply.ok()
        }
        spec.isInternal = true
        return spec
    }

    /// A run of numbers without chance, so that a failure can be repeated.
    private struct Numbers {
        private var state: UInt64 = 0x9e37_79b9_7f4a_7c15

        mutating func next() -> UInt64 {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return state
        }
    }

    /// Sparse at first, dense when it has grown.
    private static func checkRegisters() throws(CommandError) {
        var numbers = Numbers()
        var truth = [UInt8](repeating: 0, count: HyperLogLogFormat.registers)
        var editor = HyperLogLogEditor(HyperLogLog.empty, limit: 3000)
        for step in 0..<4_000 {
            let register = Int(numbers.next() % UInt64(truth.count))
            let value = UInt8(numbers.next() % 50 % (step < 500 ? 32 : 50)) + 1
            let outcome = editor.raise(register, to: value)
            if outcome == .corrupt || (outcome == .changed) != (truth[register] < value) {
                throw CommandError(
                    "ERR TESTFAILED Register \(register) isn't raised as it should be")
            }
            truth[register] = max(truth[register], value)
        }
        var registers = [UInt8](repeating: 0, count: truth.count)
        let isWhole = editor.bytes.withByteView {
            HyperLogLog($0)?.merge(into: &registers) ?? false
        }
        if !isWhole || registers != truth {
            throw CommandError("ERR TESTFAILED Registers don't hold what they were given")
        }
    }

    /// The error stays below six times the standard error of 1.04 / sqrt(registers).
    private static func checkEstimates() throws(CommandError) {
        var numbers = Numbers()
        var editor = HyperLogLogEditor(HyperLogLog.empty, limit: 3000)
        var checkpoint = 1
        for count in 1...30_000 {
            let element = Decimal.text(Int64(truncatingIfNeeded: numbers.next()))
            let (register, value) = element.withByteView { HyperLogLogFormat.place(of: $0) }
            _ = editor.raise(register, to: value)
            if count < checkpoint { continue }
            checkpoint *= 10
            let estimate = editor.bytes.withByteView { HyperLogLog($0)?.cardinality() } ?? 0
            let error = Double(estimate) - Double(count)
            if error.magnitude > max(1, 6 * 0.008125 * Double(count)) {
                throw CommandError(
                    "ERR TESTFAILED Too high error. card:\(count) estimate:\(estimate)")
            }
        }
    }
}
