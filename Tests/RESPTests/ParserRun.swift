/// Feeds bytes to a parser as a connection does, in pieces of any size.
import Bytes
import Testing

@testable import RESP

/// What came of some bytes.
enum ParserEvent: Equatable {
    case request([[UInt8]])
    /// An empty request.
    case nothing
    /// A violation; nothing comes after it.
    case error(String)
    /// Bytes left over at the end, of an unfinished request.
    case rest(Int)

    static func words(_ words: String...) -> ParserEvent {
        .request(words.map { Array($0.utf8) })
    }
}

enum ParserRun {
    /// Everything that a parser finds in `bytes`, which arrive in pieces.
    static func events(
        _ bytes: [UInt8], limits: RequestLimits = RequestLimits(), piece: () -> Int
    ) -> [ParserEvent] {
        let parser = RequestParser()
        parser.limits = limits
        var events: [ParserEvent] = []
        var buffer: [UInt8] = []
        var arrived = 0
        while arrived < bytes.count {
            let more = min(max(1, piece()), bytes.count - arrived)
            buffer += bytes[arrived..<(arrived + more)]
            arrived += more
            var start = 0
            reading: while start < buffer.count {
                do throws(RESPError) {
                    let consumed = try next(buffer[start...], parser, &events)
                    guard let consumed else { break reading }
                    start += consumed
                } catch {
                    return events + [.error(error.message)]
                }
            }
            buffer.removeFirst(start)
        }
        return buffer.isEmpty ? events : events + [.rest(buffer.count)]
    }

    private static func next(
        _ slice: ArraySlice<UInt8>, _ parser: RequestParser, _ events: inout [ParserEvent]
    ) throws(RESPError) -> Int? {
        try Array(slice).withByteView { (view) throws(RESPError) -> Int? in
            switch try parser.parse(view) {
            case .request(let consumed):
                #expect(consumed > 0 && consumed <= view.count)
                events.append(.request(parser.arguments.views.arrays))
                return consumed
            case .nothing(let consumed):
                #expect(consumed > 0 && consumed <= view.count)
                events.append(.nothing)
                return consumed
            case .needsMore:
                return nil
            }
        }
    }

    /// The same of text, checked to be the same whole, byte by byte, and in pieces of three.
    static func events(_ text: String, limits: RequestLimits = RequestLimits()) -> [ParserEvent] {
        events(Array(text.utf8), limits: limits)
    }

    static func events(
        _ bytes: [UInt8], limits: RequestLimits = RequestLimits()
    ) -> [ParserEvent] {
        let whole = events(bytes, limits: limits) { bytes.count }
        for size in [1, 3] {
            #expect(events(bytes, limits: limits) { size } == whole, "in pieces of \(size)")
        }
        return whole
    }
}
