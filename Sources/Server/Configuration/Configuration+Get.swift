/// CONFIG GET.
import Engine

extension Configuration {
    /// The directives whose names match any of `patterns`, each once, with their values.
    ///
    /// A name without wildcards is answered in the spelling it was asked in, aliases under both
    /// names, hidden directives only by their exact name: as Redis answers.
    /// - Complexity: O(patterns x directives).
    public func get(_ patterns: [[UInt8]]) -> [(name: [UInt8], value: [UInt8])] {
        var answered: Set<String> = []
        var answer: [(name: [UInt8], value: [UInt8])] = []
        func add(_ name: [UInt8], _ place: Int) {
            guard answered.insert(String(decoding: name, as: UTF8.self).lowercased()).inserted
            else { return }
            answer.append((name, values[place].printed))
        }
        for pattern in patterns {
            guard GlobPattern.isPattern(pattern) else {
                if let place = DirectiveCatalog.place(of: pattern) { add(pattern, place) }
                continue
            }
            for (place, directive) in DirectiveCatalog.all.enumerated()
            where !directive.traits.contains(.hidden) {
                for name in [directive.name, directive.alias].compactMap({ $0 }) {
                    let bytes = Array(name.utf8)
                    if GlobPattern.matches(directive: bytes, pattern) { add(bytes, place) }
                }
            }
        }
        return answer
    }
}
