/// Programs of the system that tests ask: redis-cli, redis-check-aof, mount.
import Foundation

/// Runs a program to its end.
public enum SystemProgram {
    /// What a program answered.
    public struct Outcome: Sendable {
        /// Its exit code.
        public let exitCode: Int32
        /// Standard output and standard error, as they came.
        public let output: String
    }

    /// Runs `name`, found on PATH, with `input` as its standard input.
    public static func run(
        _ name: String, _ arguments: [String], input: String = ""
    ) throws -> Outcome {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: ServerProcess.find(name) ?? name)
        process.arguments = arguments
        let output = Pipe()
        let standardInput = Pipe()
        process.standardOutput = output
        process.standardError = output
        process.standardInput = standardInput
        try process.run()
        standardInput.fileHandleForWriting.write(Data(input.utf8))
        try standardInput.fileHandleForWriting.close()
        let text = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return Outcome(
            exitCode: process.terminationStatus, output: String(decoding: text, as: UTF8.self))
    }
}
