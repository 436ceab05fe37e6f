/// The timeout of blocking commands: seconds with a fraction.
import Bytes

enum BlockingTimeout {
    /// Milliseconds, rounded up; 0: for ever.
    static func parse(_ text: ByteView) throws(CommandError) -> Int64 {
        guard let seconds = FloatText.parse(text) else {
            throw CommandError("ERR timeout is not a float or out of range")
        }
        let milliseconds = (seconds * 1000).rounded(.up)
        if milliseconds > 9.2e18 { throw CommandError("ERR timeout is out of range") }
        if milliseconds < 0 { throw CommandError("ERR timeout is negative") }
        return Int64(milliseconds)
    }
}
