/// What the server calls itself.
import Persistence

/// Names and versions.
public enum ServerVersion {
    /// The version of Redis whose commands and replies are spoken; clients decide by it.
    public static let redis = "7.2.4"
    /// Our own version.
    public static let holdfast = ProductVersion.text
}
