//! Who a client is, as far as its TLS handshake told.

use bytestring::ByteString;

/// What a client said of itself in its TLS handshake. Certificates are verified before they are
/// read, so of these a client can only have made up the name that it asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// The server's name that it asked for, in lower case (RFC 6066, 3): `peer.sni`.
    pub server_name: Option<ByteString>,
    /// The certificate that it showed.
    pub certificate: Option<Certificate>,
}

/// What rules can name of a certificate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Certificate {
    /// Its subject as text (RFC 4514), the most specific part first, what is special there escaped. None if it is
    /// empty or cannot be read: `peer.cert.subject`.
    pub subject: Option<ByteString>,
    /// The first DNS name among its alternative names: `peer.cert.dns`.
    pub dns: Option<ByteString>,
    /// The first URI among them: `peer.cert.uri`.
    pub uri: Option<ByteString>,
    /// The SHA-256 of all of it, 64 hexadecimal digits: `peer.cert.sha256`.
    pub sha256: ByteString,
}
