/// Commands of our table that the differential test doesn't send, or can't send with success, and why.

enum Exclusions {
    static let reasons: [String: String] = [
        "shutdown": "ends the server; the interoperation and crash tests send it",
        "monitor": "turns the connection into a stream; a test of its own",
        "client|pause": "a matter of time; a test of its own",
        "client|reply": "changes the number of replies; a test of its own",
        "config|rewrite": "both servers run without a file, and say so",
        "holdfast|walk": "ours alone: walks a snapshot, for measuring",
        "debug|error": "answers nothing but errors",
        "debug|reload": "restarts the dataset; the restart tests do it",
        "debug|loadaof": "restarts the dataset; the restart tests do it",
        "asking": "answers an error outside a cluster",
        "readonly": "answers an error outside a cluster",
        "readwrite": "answers an error outside a cluster",
        "latency|graph": "no event is slow enough here to have samples",
        "waitaof": "new in 7.2: recorded",
        "client|setinfo": "new in 7.2: recorded",
        "client|no-touch": "new in 7.2: recorded",
    ]
}
