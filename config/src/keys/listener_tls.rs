//! Keys of TLS on listeners.

use super::{Fallback, Key, Kind};

const PEM: Kind = Kind::Expanded("the path of a PEM file, relative to the configuration's folder");

pub(crate) static TLS: Key = Key::table(
    "listeners.*.tls",
    "TLS with the listener's clients, by rustls: version 1.3 unless something else is said, no renegotiation, no early data. For `raw`, the bytes within it are relayed.",
);
pub(crate) static CERT: Key = Key::new(
    "listeners.*.tls.cert",
    PEM,
    Fallback::Absent,
    "The certificate to show to clients, and those that lead from it to an authority. Needs `key`. Several certificates stand in `certificates`.",
);
pub(crate) static KEY: Key = Key::new(
    "listeners.*.tls.key",
    PEM,
    Fallback::Absent,
    "The private key of `cert`.",
);
pub(crate) static CERTIFICATES: Key = Key::new(
    "listeners.*.tls.certificates",
    Kind::TableOrTables("a table with `cert` and `key`"),
    Fallback::Absent,
    "Several certificates. A client is shown the first one that is for the name that it asks for (SNI), by the names in the certificates; the first of all if none is, or it asks for none.",
);
pub(crate) static CERTIFICATES_CERT: Key = Key::new(
    "listeners.*.tls.certificates.cert",
    PEM,
    Fallback::Required,
    "One of several certificates, and those that lead from it to an authority.",
);
pub(crate) static CERTIFICATES_KEY: Key = Key::new(
    "listeners.*.tls.certificates.key",
    PEM,
    Fallback::Required,
    "Its private key.",
);
pub(crate) static CLIENT_CA: Key = Key::new(
    "listeners.*.tls.client-ca",
    PEM,
    Fallback::Absent,
    "Authorities: clients have to show a certificate that leads to one of them.",
);
pub(crate) static CLIENT_AUTH: Key = Key::new(
    "listeners.*.tls.client-auth",
    Kind::Choice(&["required", "optional"]),
    Fallback::Derived("\"required\" if there is a `client-ca`"),
    "Whether a client without a certificate is let in. One whose certificate is not good never is.",
);
pub(crate) static MIN_VERSION: Key = Key::new(
    "listeners.*.tls.min-version",
    Kind::Choice(&["1.2", "1.3"]),
    Fallback::Derived("\"1.3\""),
    "The oldest version of TLS that is spoken. Of 1.2, only forward secret suites with authenticated encryption.",
);
pub(crate) static ALPN: Key = Key::new(
    "listeners.*.tls.alpn",
    Kind::Texts("the name of a protocol, such as \"h2\""),
    Fallback::Derived(
        "\"h2\" and \"http/1.1\" for a protocol that carries HTTP and for WebSocket, else none",
    ),
    "The protocols to agree on by ALPN (RFC 7301), the preferred one first. A client that offers others only is refused; one that offers none is not.",
);

pub(crate) static KEYS: &[&Key] = &[
    &TLS,
    &CERT,
    &KEY,
    &CERTIFICATES,
    &CERTIFICATES_CERT,
    &CERTIFICATES_KEY,
    &CLIENT_CA,
    &CLIENT_AUTH,
    &MIN_VERSION,
    &ALPN,
];
