/// Directives about TLS: accepted and checked, not acted on yet.

extension DirectiveCatalog {
    static let tls: [Directive] = [
        .integer("tls-port", 0...65_535, 0),
        .integer("tls-session-cache-size", 0...Bound.int, 20 << 10),
        .integer("tls-session-cache-timeout", 0...Bound.int, 300),
        .flag("tls-cluster", false),
        .flag("tls-replication", false),
        .choice("tls-auth-clients", ["no", "yes", "optional"], "yes"),
        .flag("tls-prefer-server-ciphers", false),
        .flag("tls-session-caching", true),
        .text("tls-cert-file", nil),
        .text("tls-key-file", nil),
        .text("tls-key-file-pass", is: .sensitive, nil),
        .text("tls-client-cert-file", nil),
        .text("tls-client-key-file", nil),
        .text("tls-client-key-file-pass", is: .sensitive, nil),
        .text("tls-dh-params-file", nil),
        .text("tls-ca-cert-file", nil),
        .text("tls-ca-cert-dir", nil),
        .text("tls-protocols", nil),
        .text("tls-ciphers", nil),
        .text("tls-ciphersuites", nil),
    ]
}
