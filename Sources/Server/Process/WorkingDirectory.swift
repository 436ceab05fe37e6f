/// The process's working directory: `dir` changes it, and all relative paths mean it.
#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// The working directory; it is the whole process's, so only `dir` changes it.
public enum WorkingDirectory {
    /// Its absolute path, empty where the system can't say.
    public static var current: String {
        guard let path = unsafe getcwd(nil, 0) else { return "" }
        defer { unsafe free(path) }
        return unsafe String(cString: path)
    }

    /// Changes it; answers the system's error number, 0 for none.
    static func change(to path: String) -> Int32 { unsafe chdir(path) == 0 ? 0 : errno }
}
