// swift-tools-version: 6.2
// Targets mirror the folders of Sources/ and Tests/; arrows go to a lower layer only (see README, "The house").
import PackageDescription

let strict: [SwiftSetting] = [
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
    // Debug builds, and so the tests, check that no property is accessed while it is being changed; in
    // release builds the check of every class property took 12 % of the server's time.
    .unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release)),
]

/// A library module of the house, strict in everything.
func room(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

/// The tests that mirror one module.
func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: dependencies, swiftSettings: strict)
}

let nioCore: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")
let nioPosix: Target.Dependency = .product(name: "NIOPosix", package: "swift-nio")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let grdb: [Target.Dependency] = [
    .product(name: "GRDB", package: "GRDB.swift"),
    .product(name: "GRDBSQLite", package: "GRDB.swift"),
]
let arguments: Target.Dependency = .product(
    name: "ArgumentParser", package: "swift-argument-parser")
let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")

/// An offline tool: options, calls of the library, output.
func tool(_ name: String) -> Target {
    .executableTarget(
        name: name,
        dependencies: [
            "Bytes", "Persistence", "Records", "Digest", "Backends", "Offline", arguments,
        ],
        path: "Tools/\(name)", swiftSettings: strict)
}

let toolNames = [
    "aof-check", "aof-rewrite", "snapshot-convert", "restore-verify", "store-inspect",
]

let package = Package(
    name: "holdfast",
    products: (["holdfast-server"] + toolNames).map { .executable(name: $0, targets: [$0]) },
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    ],
    targets: [
        .target(name: "CHardware"),
        .systemLibrary(name: "CZlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CSQLiteOptions", providers: [.apt(["libsqlite3-dev"])]),
        room("Bytes", ["CHardware"]),
        room("RESP", ["Bytes"]),
        room("Records", ["Bytes"]),
        room("RDB", ["Bytes", "Records"]),
        .target(
            name: "Digest", dependencies: ["Bytes", "Records", crypto], exclude: ["FORMAT.md"],
            swiftSettings: strict),
        room("Persistence", ["Bytes", "Records"]),
        room("Engine", ["Bytes", "Records", "RDB", "RESP", "Persistence", crypto]),
        .target(
            name: "Backends",
            dependencies: [
                "Bytes", "Records", "Digest", "RDB", "RESP", "Persistence", "CZlib",
                "CSQLiteOptions",
            ] + grdb,
            exclude: [
                "AppendOnlyFile/FORMAT.md", "JSONSnapshot/FORMAT.md", "RDBSnapshot/FORMAT.md",
                "CompressedSnapshot/FORMAT.md", "SQLite/FORMAT.md",
            ],
            swiftSettings: strict),
        room(
            "Server",
            ["Bytes", "Records", "Digest", "RESP", "Persistence", "Engine", nioCore, nioPosix]),
        .executableTarget(
            name: "holdfast-server",
            dependencies: [
                "Bytes", "Persistence", "Engine", "Backends", "Server", nioCore, nioPosix,
            ],
            swiftSettings: strict),
        room(
            "Offline",
            [
                "Bytes", "Records", "RDB", "RESP", "Digest", "Persistence", "Engine", "Backends",
                arguments,
            ]),
        room2("TestSupport", ["Bytes", "Records", "Persistence"]),
        tests("BytesTests", ["Bytes", "TestSupport"]),
        tests("RESPTests", ["Bytes", "RESP", "TestSupport"]),
        tests(
            "DigestTests",
            ["Bytes", "Records", "RDB", "Digest", "Persistence", "Engine", "TestSupport"]),
        tests("RDBTests", ["Bytes", "Records", "RDB", "TestSupport"]),
        tests(
            "EngineTests",
            ["Bytes", "Records", "RESP", "Persistence", "Engine", "Backends", "TestSupport"]),
        tests("PersistenceTests", ["Bytes", "Records", "Persistence", "TestSupport"]),
        .testTarget(
            name: "BackendsTests",
            dependencies: [
                "Bytes", "Records", "Digest", "RDB", "Persistence", "Engine", "Backends",
                "TestSupport",
            ],
            exclude: ["PlantedBugs"], swiftSettings: strict),
        tests(
            "ServerTests",
            [
                "Bytes", "Engine", "Persistence", "Records", "Server", "TestSupport", nioCore,
                nioPosix, .product(name: "NIOEmbedded", package: "swift-nio"),
            ]),
        tests("EndToEndTests", ["Bytes", "TestSupport", "holdfast-server"]),
        tests(
            "OfflineTests",
            [
                "Bytes", "Records", "RDB", "Digest", "Persistence", "Engine", "Backends", "Offline",
                "TestSupport", "holdfast-server",
            ] + toolNames.map { .byName(name: $0) }),
        tests("HouseStyleTests", ["TestSupport"]),
    ] + toolNames.map(tool),
    swiftLanguageModes: [.v6]
)

/// Support code shared by tests; lives beside them.
func room2(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .target(name: name, dependencies: dependencies, path: "Tests/\(name)", swiftSettings: strict)
}
