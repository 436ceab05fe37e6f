/// Short forms in which the catalog declares directives; a store makes the server act on one.

extension Directive {
    /// Puts a value in its place among the settings.
    typealias Store<Value> = @Sendable (inout ServerSettings, Value) -> Void

    /// A yes/no directive.
    static func flag(
        _ name: String, or alias: String? = nil, is traits: Traits = [], _ standard: Bool,
        _ store: Store<Bool>? = nil
    ) -> Directive {
        Directive(
            name, alias: alias, .flag, traits, default: .flag(standard),
            project: projection(store) { $0 == .flag(true) })
    }

    /// A number within a range.
    static func integer(
        _ name: String, or alias: String? = nil, is traits: Traits = [],
        _ range: ClosedRange<Int64>, _ standard: Int64, check: Check? = nil,
        _ store: Store<Int>? = nil
    ) -> Directive {
        Directive(
            name, alias: alias, .integer(range), traits, default: .integer(standard), check: check,
            project: projection(store) { value in
                guard case .integer(let number) = value else { return nil }
                return Int(clamping: number)
            })
    }

    /// A size within a range.
    static func memory(
        _ name: String, or alias: String? = nil, is traits: Traits = [],
        _ range: ClosedRange<UInt64>, _ standard: UInt64, check: Check? = nil,
        _ store: Store<Int>? = nil
    ) -> Directive {
        Directive(
            name, alias: alias, .memory(range), traits, default: .memory(standard), check: check,
            project: projection(store) { value in
                guard case .memory(let bytes) = value else { return nil }
                return Int(clamping: bytes)
            })
    }

    /// A text; `standard` nil means that it isn't set, and that the empty text unsets it.
    static func text(
        _ name: String, or alias: String? = nil, is traits: Traits = [], _ standard: String?,
        check: Check? = nil, project: Projection? = nil
    ) -> Directive {
        Directive(
            name, alias: alias, .text(emptyIsAbsent: standard == nil), traits,
            default: standard.map { .text($0) } ?? .absent, check: check, project: project)
    }

    /// A text that is kept as a string.
    static func text(
        _ name: String, is traits: Traits = [], _ standard: String, check: Check? = nil,
        _ store: @escaping Store<String>
    ) -> Directive {
        text(name, is: traits, standard, check: check) { value, settings in
            store(&settings, value.printedText)
        }
    }

    /// One of some words.
    static func choice(
        _ name: String, is traits: Traits = [], _ words: [String], _ standard: String,
        synonyms: [String: String] = [:]
    ) -> Directive {
        Directive(
            name, alias: nil, .choice(words, synonyms: synonyms), traits,
            default: .choices([standard]))
    }

    /// One of some words that the raw values of a type spell.
    static func choice<Value: RawRepresentable<String> & Sendable>(
        _ name: String, is traits: Traits = [], _ words: [String], _ standard: String,
        _ store: @escaping Store<Value>
    ) -> Directive {
        Directive(
            name, alias: nil, .choice(words, synonyms: [:]), traits, default: .choices([standard]),
            project: { value, settings in
                if let choice = Value(rawValue: value.printedText) {
                    store(&settings, choice)
                }
            })
    }

    /// A directive with a form of its own.
    static func special(
        _ name: String, or alias: String? = nil, is traits: Traits = [], _ form: SpecialForm,
        _ standard: DirectiveValue, check: Check? = nil, project: Projection? = nil
    ) -> Directive {
        Directive(
            name, alias: alias, .special(form), traits, default: standard, check: check,
            project: project)
    }

    private static func projection<Value>(
        _ store: Store<Value>?, _ read: @escaping @Sendable (DirectiveValue) -> Value?
    ) -> Projection? {
        guard let store else { return nil }
        return { value, settings in
            if let read = read(value) { store(&settings, read) }
        }
    }

    /// A check that refuses what `test` answers a sentence for.
    static func refusing(
        _ test: @escaping @Sendable (_ text: String) -> String?
    ) -> Check {
        { (value: DirectiveValue, _: ConfigurationEnvironment) throws(ConfigurationRefusal) in
            if let reason = test(value.printedText) { throw ConfigurationRefusal(reason) }
            return value
        }
    }
}

/// The bounds that Redis's integer types give its directives.
enum Bound {
    /// C's int.
    static let int = Int64(Int32.max)
    /// C's long.
    static let long = Int64.max
    /// C's long as an unsigned size.
    static let size = UInt64(Int64.max)
}
