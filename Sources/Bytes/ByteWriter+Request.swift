/// Commands as RESP carries them from clients: an array of bulk strings.

extension ByteWriter {
    /// Appends a command.
    public func append(request words: ByteViews) {
        append("*")
        append(decimal: words.count)
        appendLineEnd()
        for word in words { append(bulk: word) }
    }

    /// Appends a command.
    public func append(request words: [[UInt8]]) {
        append("*")
        append(decimal: words.count)
        appendLineEnd()
        for word in words { word.withByteView { append(bulk: $0) } }
    }

    private func append(bulk word: ByteView) {
        append("$")
        append(decimal: word.count)
        appendLineEnd()
        append(word)
        appendLineEnd()
    }
}
