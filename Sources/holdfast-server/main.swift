/// holdfast-server: the command line, the process, and the wiring of server and backend.
///
/// The only place that knows both. The main thread parses, makes the loop, and then waits for signals; the
/// server lives on the loop.
import Bytes
import NIOCore
import NIOPosix
import Persistence
import Server

let arguments = CommandLineArguments(Array(CommandLine.arguments.dropFirst()))
Launch(arguments).run()
