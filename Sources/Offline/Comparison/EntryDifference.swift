/// A key that differs, as a line and as JSON.
extension DatasetDifference.Difference {
    /// One line for people.
    public var line: String {
        let head = "db \(database)  \(KeyText.quoted(key))"
        switch kind {
        case .removed: return Terminal.styled("- \(head)", .bad) + "  \(old?.type ?? "")"
        case .added: return Terminal.styled("+ \(head)", .good) + "  \(new?.type ?? "")"
        case .changed:
            return Terminal.styled("! \(head)", .warning) + "  " + ways.joined(separator: "; ")
        }
    }

    /// The object for programs.
    public var json: JSONValue {
        var members: [(name: String, value: JSONValue)] = [
            ("change", .string(kind.rawValue)), ("db", .integer(database)), ("key", .bytes(key)),
        ]
        if kind == .changed { members.append(("ways", .array(ways.map { .string($0) }))) }
        if let old { members.append(("first", old.json)) }
        if let new { members.append(("second", new.json)) }
        return .object(members)
    }
}
