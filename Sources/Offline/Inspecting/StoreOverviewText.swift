/// An overview as text for people and as JSON for programs.

extension StoreOverview {
    private static let branchesShown = 8

    /// Lines for people.
    public var lines: [String] {
        var lines = [
            "\(Figures.counted(total.keys, "key")), \(Figures.size(usedMemory)) in memory, "
                + "\(Figures.count(total.deadlines)) with an expiry"
        ]
        let databases = types.keys.sorted()
        for database in databases {
            lines.append(Terminal.styled("db \(database)", .strong))
            for (type, share) in (types[database] ?? [:]).sorted(by: { $0.key < $1.key }) {
                lines.append(
                    "  " + Columns.left(type, 8) + Columns.right(Figures.count(share.keys), 12)
                        + " keys" + Columns.right(Figures.count(share.elements), 14) + " elements"
                        + Columns.right(Figures.size(share.bytes), 12))
            }
        }
        if total.keys == 0 { return lines }
        lines.append(Terminal.styled("memory of a key", .strong))
        for (index, count) in sizes.enumerated() where count > 0 {
            let name =
                index < Self.sizeLimits.count
                ? "below \(Self.binary(Self.sizeLimits[index]))"
                : "\(Self.binary(Self.sizeLimits[index - 1])) and more"
            lines.append(bar(name, count))
        }
        lines.append(Terminal.styled("time to live", .strong))
        for (index, count) in lifetimes.enumerated() where count > 0 {
            lines.append(bar(Self.lifetimeNames[index], count))
        }
        lines.append(Terminal.styled("biggest keys", .strong))
        for key in biggest {
            lines.append(
                "  " + Columns.right(Figures.size(key.bytes), 12) + "  " + Columns.left(key.type, 8)
                    + Columns.right(Figures.count(key.elements), 12) + " elements  db "
                    + "\(key.database)  \(KeyText.quoted(key.key))")
        }
        lines.append(Terminal.styled("prefixes", .strong))
        append(prefixes.root, "  ", to: &lines)
        return lines
    }

    private func bar(_ name: String, _ count: Int) -> String {
        let width = max(1, count * 30 / max(1, total.keys))
        return "  " + Columns.left(name, 16) + Columns.right(Figures.count(count), 12) + "  "
            + String(repeating: "#", count: width)
    }

    private static func binary(_ bytes: Int) -> String {
        let units = ["B", "KB", "MB", "GB"]
        var (value, index) = (bytes, 0)
        while value >= 1024 && index + 1 < units.count {
            value /= 1024
            index += 1
        }
        return "\(value) \(units[index])"
    }

    private func append(
        _ branch: PrefixTree.Branch, _ indent: String, to lines: inout [String]
    ) {
        let sorted = branch.branches.values.sorted { $0.share.bytes > $1.share.bytes }
        for one in sorted.prefix(Self.branchesShown) {
            lines.append(
                Columns.right(Figures.size(one.share.bytes), 12)
                    + Columns.right(Figures.count(one.share.keys), 12) + " keys"
                    + indent + KeyText.quoted(one.prefix))
            if one.share.keys > 1 && one.branches.count < one.share.keys {
                append(one, indent + "  ", to: &lines)
            }
        }
        if sorted.count > Self.branchesShown {
            let rest = sorted.dropFirst(Self.branchesShown).reduce(into: Share()) {
                $0.keys += $1.share.keys
                $0.bytes += $1.share.bytes
            }
            lines.append(
                Columns.right(Figures.size(rest.bytes), 12)
                    + Columns.right(Figures.count(rest.keys), 12) + " keys" + indent
                    + "... \(Figures.counted(sorted.count - Self.branchesShown, "other prefix"))es")
        }
    }

    /// The document for programs.
    public var json: JSONValue {
        .object([
            ("keys", .integer(total.keys)), ("used_memory", .integer(usedMemory)),
            ("expiring", .integer(total.deadlines)),
            (
                "databases",
                .array(
                    types.keys.sorted().map { database in
                        .object([
                            ("db", .integer(database)),
                            (
                                "types",
                                .object(
                                    (types[database] ?? [:]).sorted { $0.key < $1.key }.map {
                                        ($0.key, Self.json($0.value))
                                    })
                            ),
                        ])
                    })
            ),
            (
                "sizes",
                .array(
                    sizes.enumerated().map { index, count in
                        .object([
                            (
                                "below",
                                index < Self.sizeLimits.count
                                    ? .integer(Self.sizeLimits[index]) : .null
                            ), ("keys", .integer(count)),
                        ])
                    })
            ),
            (
                "ttl",
                .object(zip(Self.lifetimeNames, lifetimes).map { ($0, .integer($1)) })
            ),
            (
                "biggest",
                .array(
                    biggest.map {
                        .object([
                            ("db", .integer($0.database)), ("key", .bytes($0.key)),
                            ("type", .string($0.type)), ("elements", .integer($0.elements)),
                            ("bytes", .integer($0.bytes)),
                        ])
                    })
            ), ("prefixes", Self.json(prefixes.root)),
        ])
    }

    private static func json(_ share: Share) -> JSONValue {
        .object([
            ("keys", .integer(share.keys)), ("elements", .integer(share.elements)),
            ("bytes", .integer(share.bytes)), ("expiring", .integer(share.deadlines)),
        ])
    }

    private static func json(_ branch: PrefixTree.Branch) -> JSONValue {
        .array(
            branch.branches.values.sorted { $0.share.bytes > $1.share.bytes }.prefix(100).map {
                .object([
                    ("prefix", .bytes($0.prefix)), ("keys", .integer($0.share.keys)),
                    ("bytes", .integer($0.share.bytes)), ("prefixes", json($0)),
                ])
            })
    }
}

/// Text in columns.
enum Columns {
    static func left(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }

    static func right(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.count)) + text
    }
}
