/// Which arguments of a command are passwords: MONITOR and SLOWLOG show "(redacted)" in their place.
import Bytes
import Engine

/// Passwords among arguments.
enum Secrets {
    /// Their places; of the commands flagged `secrets`.
    static func places(of command: Command, _ arguments: ByteViews) -> Set<Int> {
        switch command.fullName {
        case "auth": Set(1..<max(1, arguments.count))
        case "hello": behindAuth(arguments)
        case "acl|setuser", "acl|getuser", "acl|deluser": Set(2..<max(2, arguments.count))
        default: sensitiveValues(arguments)
        }
    }

    /// HELLO 3 AUTH name password.
    private static func behindAuth(_ arguments: ByteViews) -> Set<Int> {
        var places: Set<Int> = []
        for index in 0..<arguments.count where index >= 2 {
            if arguments[index].equalsIgnoringCase("auth") && !places.contains(index) {
                places.formUnion([index + 1, index + 2])
            }
        }
        return places
    }

    /// CONFIG SET name value ...
    private static func sensitiveValues(_ arguments: ByteViews) -> Set<Int> {
        var places: Set<Int> = []
        var index = 2
        while index + 1 < arguments.count {
            if DirectiveCatalog.isSensitive(arguments[index].array) { places.insert(index + 1) }
            index += 2
        }
        return places
    }
}
