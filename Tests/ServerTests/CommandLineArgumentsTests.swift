// The command line: what is a file, an option, a value.
import Testing

@testable import Server

struct CommandLineArgumentsTests {
    @Test("Turns options into lines of configuration behind the file's")
    func options() {
        let cases: [([String], String)] = [
            (
                ["--port", "7777", "--replicaof", "127.0.0.1", "8888"],
                "port \"7777\" \nreplicaof \"127.0.0.1\" \"8888\" "
            ),
            (["--save", "900", "1", "300", "10"], "save \"900\" \"1\" \"300\" \"10\" "),
            (["--save", ""], "save \"\" "), (["--save"], "save \"\""),
            (["--save", "--port", "1"], "save \"\"\nport \"1\" "),
            (
                ["--requirepass", "--secret", "--port", "1"],
                "requirepass \"--secret\" \nport \"1\" "
            ),
            (["--port 7", "--hz", "20"], "port 7 \nhz \"20\" "),
            (["-x"], "\"-x\" "), (["--logfile", "a\"b\n"], "logfile \"a\\\"b\\n\" "),
        ]
        for (arguments, lines) in cases {
            let parsed = CommandLineArguments(arguments)
            #expect(String(decoding: parsed.optionLines, as: UTF8.self) == lines)
            #expect(parsed.file == nil && !parsed.readsStandardInput && parsed.request == .serve)
        }
    }

    @Test("Tells files, standard input and requests apart")
    func requests() {
        #expect(CommandLineArguments([]).request == .serve)
        #expect(CommandLineArguments(["a.conf", "--port", "1"]).file == "a.conf")
        #expect(CommandLineArguments(["-"]).readsStandardInput)
        #expect(CommandLineArguments(["a.conf", "--port", "1", "-"]).readsStandardInput)
        #expect(
            !CommandLineArguments(["a.conf", "--logfile", "-", "--port", "1"]).readsStandardInput)
        #expect(CommandLineArguments(["-v"]).request == .version)
        #expect(CommandLineArguments(["--version", "--port"]).request == .version)
        #expect(CommandLineArguments(["-h"]).request == .help)
        #expect(CommandLineArguments(["--help"]).request == .help)
        #expect(CommandLineArguments.usage.hasPrefix("Usage: holdfast-server [FILE.conf]"))
    }
}
