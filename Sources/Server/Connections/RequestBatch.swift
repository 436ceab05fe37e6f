/// Requests of one connection, parsed ahead of their execution; one batch serves all connections.
import Bytes
import Engine
import RESP

/// Up to 32 parsed requests over one run of bytes.
final class RequestBatch {
    private var tables: [ArgumentTable] = (0..<PrefetchBatch.capacity).map { _ in ArgumentTable() }
    private let lines = PrefetchBatch()
    /// Where each request ends, from the start of the bytes.
    private(set) var ends: [Int] = Array(repeating: 0, count: PrefetchBatch.capacity)
    /// Requests in the batch.
    private(set) var count = 0
    /// Where the last one ends.
    private(set) var end = 0

    /// The arguments of a request.
    @inline(__always)
    func arguments(_ index: Int) -> ByteViews { tables[index].views }

    /// Parses what is at the front of `bytes`, at most `limit` requests.
    ///
    /// - Returns: bytes that hold no request (empty lines) where none was found.
    /// - Throws: a violation; the requests before it are in the batch.
    func fill(
        from bytes: ByteView, _ parser: RequestParser, limit: Int
    ) throws(RESPError) -> Int {
        count = 0
        end = 0
        var place = 0
        while count < min(limit, PrefetchBatch.capacity) {
            switch try parser.parse(bytes.dropFirst(place)) {
            case .request(let consumed):
                place += consumed
                parser.take(&tables[count])
                ends[count] = place
                end = place
                count += 1
            case .nothing(let consumed):
                place += consumed
                if count > 0 {
                    ends[count - 1] = place
                    end = place
                }
            case .needsMore:
                return place
            }
        }
        return place
    }

    /// Asks for the memory that the requests' keys lead to.
    @inline(__always)
    func prefetch(_ engine: Engine, database: Int) {
        lines.removeAll()
        for index in 0..<count {
            let arguments = tables[index].views
            if arguments.count > 1 { lines.add(arguments[1], engine, database: database) }
        }
        lines.finish()
    }
}
