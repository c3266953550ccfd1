//! Who a client is by its handshake.

use aws_lc_rs::digest::{SHA256, digest};
use bytestring::ByteString;
use gatewright_core::translate::{Certificate, Identity};
use rustls::ServerConnection;
use rustls::pki_types::CertificateDer;
use std::fmt::Write as _;
use std::sync::Arc;
use webpki::EndEntityCert;
use x509_cert::attr::AttributeTypeAndValue;
use x509_cert::der::asn1::SetOfVec;
use x509_cert::der::{Decode as _, Reader as _, SliceReader};

/// What a client said of itself; nothing if it neither asked for a name nor showed a certificate.
pub(super) fn of(connection: &ServerConnection) -> Option<Arc<Identity>> {
    let shown = connection.peer_certificates().and_then(<[_]>::first);
    let identity = Identity {
        server_name: connection.server_name().map(ByteString::from),
        certificate: shown.map(certificate),
    };
    (identity != Identity::default()).then(|| Arc::new(identity))
}

/// A certificate that was verified. Parts of it that cannot be read are as good as none.
fn certificate(shown: &CertificateDer<'_>) -> Certificate {
    let sha256 = hex(digest(&SHA256, shown).as_ref()).into();
    let Ok(read) = EndEntityCert::try_from(shown) else {
        return Certificate {
            sha256,
            ..Certificate::default()
        };
    };
    Certificate {
        subject: subject(read.subject()).map(ByteString::from),
        dns: read.valid_dns_names().next().map(ByteString::from),
        uri: read.valid_uri_names().next().map(ByteString::from),
        sha256,
    }
}

/// A name, as DER has the content of its sequence, as RFC 4514 writes it: the last of its parts
/// comes first (2.1).
fn subject(content: &[u8]) -> Option<String> {
    let mut reader = SliceReader::new(content).ok()?;
    let mut parts = Vec::new();
    while !reader.is_finished() {
        parts.push(SetOfVec::<AttributeTypeAndValue>::decode(&mut reader).ok()?);
    }
    let mut text = String::new();
    for part in parts.iter().rev() {
        for (place, attribute) in part.iter().enumerate() {
            let before = match (text.is_empty(), place) {
                (true, _) => "",
                (false, 0) => ",",
                (false, _) => "+",
            };
            write!(text, "{before}{attribute}").ok()?;
        }
    }
    (!text.is_empty()).then_some(text)
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{CertificateParams, DistinguishedName, DnType, DnValue, KeyPair, SanType};

    fn made(parts: &[(DnType, DnValue)], names: Vec<SanType>) -> CertificateDer<'static> {
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        for (kind, value) in parts {
            params.distinguished_name.push(kind.clone(), value.clone());
        }
        params.subject_alt_names = names;
        let key = KeyPair::generate().unwrap();
        params.self_signed(&key).unwrap().der().clone()
    }

    fn text(value: &str) -> DnValue {
        DnValue::Utf8String(value.to_owned())
    }

    #[test]
    fn subjects_are_written_as_rfc_4514_does() {
        let printable = DnValue::PrintableString("DE".try_into().unwrap());
        let wide = DnValue::BmpString("a".try_into().unwrap());
        let own = || DnType::CustomDnType(vec![1, 2, 3, 4]);
        type Parts = Vec<(DnType, DnValue)>;
        let table: [(Parts, Option<&str>); 8] = [
            (vec![], None),
            (vec![(DnType::CommonName, text("a"))], Some("CN=a")),
            (
                vec![
                    (DnType::CountryName, printable),
                    (DnType::OrganizationName, text("Shop")),
                    (DnType::CommonName, text("till 7")),
                ],
                Some("CN=till 7,O=Shop,C=DE"),
            ),
            (
                vec![(DnType::CommonName, text(",+\"\\<>;=#"))],
                Some("CN=\\,\\+\\\"\\\\\\<\\>\\;=#"),
            ),
            (
                vec![(DnType::CommonName, text("# a "))],
                Some("CN=\\# a\\ "),
            ),
            (
                vec![(DnType::CommonName, text("\0\r\nü"))],
                Some("CN=\\00\\0d\\0aü"),
            ),
            (
                vec![(DnType::CommonName, text("a,O=Shop"))],
                Some("CN=a\\,O=Shop"),
            ),
            // Of no known name, or no text: the value as DER has it (2.4).
            (
                vec![(own(), text("a")), (DnType::CommonName, wide)],
                Some("2.5.4.3=#1e020061,1.2.3.4=#0c0161"),
            ),
        ];
        for (parts, expected) in table {
            let read = certificate(&made(&parts, Vec::new()));
            assert_eq!(read.subject.as_deref(), expected);
        }
    }

    #[test]
    fn the_first_of_its_names_are_told() {
        let names = [
            SanType::IpAddress("192.0.2.7".parse().unwrap()),
            SanType::URI("spiffe://shop.example/till".try_into().unwrap()),
            SanType::DnsName("a.example".try_into().unwrap()),
            SanType::DnsName("b.example".try_into().unwrap()),
            SanType::URI("urn:b".try_into().unwrap()),
        ];
        let der = made(&[], names.into());
        let read = certificate(&der);
        assert_eq!(read.dns.as_deref(), Some("a.example"));
        assert_eq!(read.uri.as_deref(), Some("spiffe://shop.example/till"));
        let (start, rest) = read.sha256.split_at(2);
        assert_eq!(start, format!("{:02x}", digest(&SHA256, &der).as_ref()[0]));
        assert_eq!(rest.len(), 62);
    }

    /// Only verified ones are read, but that is another's promise.
    #[test]
    fn whatever_is_shown_is_read_or_not() {
        let name = SanType::DnsName("a.example".try_into().unwrap());
        let good = made(&[(DnType::CommonName, text("a"))], vec![name]);
        for length in 0..good.len() {
            let cut = CertificateDer::from(&good[..length]);
            assert_eq!(certificate(&cut).subject, None, "{length}");
        }
        for place in 0..good.len() {
            for value in [0, 1, 0x30, 0x7f, 0x80, 0x84, 0xff] {
                let mut bad = good.to_vec();
                bad[place] = value;
                let read = certificate(&CertificateDer::from(bad));
                assert_eq!(read.sha256.len(), 64);
            }
        }
    }
}
