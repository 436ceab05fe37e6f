/// The declaration of one directive: its names, kind, default, and what may be done with it.
///
/// One declaration serves the file, the command line, CONFIG GET, SET and REWRITE, so a directive
/// can't mean one thing here and another there. What Holdfast acts on is projected into
/// `ServerSettings` by `project`; a directive without a projection and without `.actedOn` is accepted,
/// checked as Redis checks it, and named in the warning at start where it is set to something else than
/// its default.

/// One directive.
public struct Directive: Sendable {
    /// What may be done with a directive.
    public struct Traits: OptionSet, Sendable {
        /// The set's bits.
        public let rawValue: UInt16
        /// A set of traits.
        public init(rawValue: UInt16) { self.rawValue = rawValue }
        /// Only the file and the command line set it.
        public static let immutable = Traits(rawValue: 1)
        /// CONFIG SET needs `enable-protected-configs`.
        public static let protected = Traits(rawValue: 2)
        /// Patterns of CONFIG GET don't show it.
        public static let hidden = Traits(rawValue: 4)
        /// Its value belongs in no log.
        public static let sensitive = Traits(rawValue: 8)
        /// CONFIG SET refuses it while the data is being loaded.
        public static let deniedWhileLoading = Traits(rawValue: 16)
        /// The server acts on it.
        public static let actedOn = Traits(rawValue: 32)
        /// Takes several words; CONFIG SET splits its one at blanks.
        public static let severalWords = Traits(rawValue: 64)
    }

    /// How a value is written.
    public enum Form: Sendable {
        /// yes or no.
        case flag
        /// One of the words; a synonym stands for the word it is mapped to.
        case choice([String], synonyms: [String: String])
        /// Any of the words, several at once; the first stands for none of the others.
        case choices([String])
        /// A number within the range.
        case integer(ClosedRange<Int64>)
        /// An octal number within the range.
        case octal(ClosedRange<Int64>)
        /// A size within the range.
        case memory(ClosedRange<UInt64>)
        /// A size, or a percentage up to 100.
        case memoryOrPercent
        /// Any text; the empty one may mean "not set".
        case text(emptyIsAbsent: Bool)
        /// A form of its own.
        case special(SpecialForm)
    }

    /// Looks at a parsed value, may replace it, and may carry it out (`dir`).
    typealias Check =
        @Sendable (DirectiveValue, ConfigurationEnvironment) throws(ConfigurationRefusal) ->
        DirectiveValue
    typealias Projection = @Sendable (DirectiveValue, inout ServerSettings) -> Void

    /// The name, in lower case.
    public let name: String
    /// An older name that means the same.
    public let alias: String?
    /// How a value is written.
    public let form: Form
    /// What may be done with it.
    public let traits: Traits
    /// The value when nobody sets it.
    public let defaultValue: DirectiveValue
    let check: Check?
    let project: Projection?

    init(
        _ name: String, alias: String?, _ form: Form, _ traits: Traits,
        default value: DirectiveValue,
        check: Check? = nil, project: Projection? = nil
    ) {
        self.name = name
        self.alias = alias
        self.form = form
        self.traits = project == nil ? traits : traits.union(.actedOn)
        self.defaultValue = value
        self.check = check
        self.project = project
    }
}

/// A form of value that one directive has for itself.
public struct SpecialForm: Sendable {
    /// Parses the words behind the name; `previous` is what a further line of a file adds to.
    let parse:
        @Sendable (_ words: [[UInt8]], _ previous: DirectiveValue?, _ current: DirectiveValue)
            throws(ConfigurationRefusal) -> DirectiveValue
    /// The lines that CONFIG REWRITE writes, nil for none; `isForced` decides whether they are appended
    /// where the file has no such line.
    let rewrite:
        @Sendable (_ name: String, _ value: DirectiveValue, _ standard: DirectiveValue) -> [(
            line: [UInt8], isForced: Bool
        )]
}
