/// Which backend the directives ask for.
///
///     backend NAME                          NAME
///     appendonly yes                        the log
///     appendonly no, or no word of it, with
///       save points                         the snapshots
///       none                                nothing is kept
///     none of backend, appendonly, save     the log
///
/// Where snapshots are asked for and there is no such backend, the log is kept instead and a
/// warning says so: more durable than asked beats not at all. What a `CURRENT` file in the data directory
/// says about it is for whoever opens the directory.

/// The backend in force and why.
public struct BackendResolution: Sendable, Hashable {
    /// Its name.
    public let name: String
    /// Whether the directive `backend` named it.
    public let isExplicit: Bool
    /// What a user should know about the choice.
    public let warning: String?

    init(
        offer: BackendOffer, named: String?, appendOnly: Bool?, savePoints: Bool, isSaveSet: Bool
    ) {
        isExplicit = named != nil
        if let named {
            name = named
            warning = nil
        } else if appendOnly == true || (appendOnly == nil && !isSaveSet) {
            name = offer.log
            warning = nil
        } else if !savePoints {
            name = offer.nothing
            warning = nil
        } else if offer.names.contains(offer.snapshot) {
            name = offer.snapshot
            warning = nil
        } else {
            name = offer.log
            warning =
                "The configuration asks for snapshots only ('appendonly no' with save points), which "
                + "this server doesn't write yet: an append only file is kept instead. Say 'backend "
                + "\(offer.log)' to agree, or 'backend \(offer.nothing)' to keep nothing on disk."
        }
    }
}

extension Configuration {
    /// Chooses the backend, once all lines are carried out; answers derived from the choice follow it.
    func resolveBackend() {
        let named = value(of: DirectiveCatalog.backendName)
        backend = BackendResolution(
            offer: environment.backends,
            named: named == .absent ? nil : named.printedText,
            appendOnly: isSet("appendonly") ? settings.isAppendOnly : nil,
            savePoints: !settings.savePoints.isEmpty, isSaveSet: isSet("save"))
        derive(DirectiveCatalog.backendName, .text(backend.name))
        if !isSet("appendonly") {
            derive("appendonly", .flag(backend.name == environment.backends.log))
        }
    }
}
