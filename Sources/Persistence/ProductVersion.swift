/// What this product calls itself: the server, its files and its tools.

/// Our own version.
public enum ProductVersion {
    /// As `holdfast_version` has it.
    public static let text = "0.1.0"
}
