//! TLS of a listener as typed.

use super::tls::{alpn, identity, pem};
use crate::diagnostic::codes;
use crate::keys::listener_tls as keys;
use crate::plan::{ClientAuth, ClientsPlan, IdentityPlan, ListenerTls, TlsVersion};
use crate::read::{Problem, Reader, Section};

/// How TLS is spoken, if it is. What is wrong with it is noted.
pub(super) fn read_tls(reader: &mut Reader<'_>, section: &Section<'_>) -> Option<ListenerTls> {
    section.node(&keys::TLS)?;
    let tls = section.section(reader, &keys::TLS);
    let certificates = read_certificates(reader, &tls);
    let min_version = tls.text(reader, &keys::MIN_VERSION);
    let min_version = match min_version.as_ref().map(|version| &*version.value) {
        Some("1.2") => TlsVersion::Tls12,
        _ => TlsVersion::Tls13,
    };
    let read = ListenerTls {
        certificates,
        clients: read_clients(reader, &tls),
        min_version,
        alpn: alpn(reader, &tls, &keys::ALPN),
    };
    (!tls.is_refused()).then_some(read)
}

/// One certificate, or several in `certificates`.
fn read_certificates(reader: &mut Reader<'_>, tls: &Section<'_>) -> Vec<IdentityPlan> {
    let single = [&keys::CERT, &keys::KEY].map(|key| tls.node(key));
    let several = tls.node(&keys::CERTIFICATES);
    if let (Some(node), Some(_)) = (single.into_iter().flatten().next(), several) {
        let problem = Problem::new(codes::EXACTLY_ONE, "`cert` and `key` beside `certificates`");
        let help =
            "put them into `certificates`, first: that is the one for clients that ask for no name";
        reader.problem(problem.help(help), node.span.clone());
    }
    if single.into_iter().flatten().next().is_none() && several.is_none() && !tls.is_refused() {
        let problem = Problem::new(codes::MISSING_KEY, "TLS without a certificate");
        let help = "`cert` and `key`, or several of them in `certificates`";
        reader.problem(problem.help(help), tls.place().clone());
    }
    let one = identity(reader, tls, &keys::CERT, &keys::KEY);
    let mut certificates: Vec<_> = one.into_iter().collect();
    for item in tls.items(reader, &keys::CERTIFICATES) {
        let table = Section::of(reader, keys::CERTIFICATES.name(), item);
        let cert = pem(reader, &table, &keys::CERTIFICATES_CERT);
        let key = pem(reader, &table, &keys::CERTIFICATES_KEY);
        certificates.extend(cert.zip(key).map(|(cert, key)| IdentityPlan { cert, key }));
    }
    certificates
}

fn read_clients(reader: &mut Reader<'_>, tls: &Section<'_>) -> Option<ClientsPlan> {
    let auth = tls.text(reader, &keys::CLIENT_AUTH);
    let ca = pem(reader, tls, &keys::CLIENT_CA);
    if let (Some(node), None) = (tls.node(&keys::CLIENT_AUTH), tls.node(&keys::CLIENT_CA)) {
        let problem = Problem::new(
            codes::MISSING_KEY,
            "`client-ca` is missing beside `client-auth`",
        );
        let help = "without authorities no client's certificate can be verified";
        reader.problem(problem.help(help), node.span.clone());
    }
    let auth = match auth.as_ref().map(|auth| &*auth.value) {
        Some("optional") => ClientAuth::Optional,
        _ => ClientAuth::Required,
    };
    Some(ClientsPlan { ca: ca?, auth })
}
