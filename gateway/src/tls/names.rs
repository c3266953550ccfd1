//! Which names a listener's certificates are for.

use rustls::pki_types::CertificateDer;
use std::sync::Arc;
use webpki::EndEntityCert;

/// The DNS names of each certificate of a listener, in the order of the configuration.
#[derive(Debug)]
pub(super) struct Names(Vec<Vec<Box<str>>>);

impl Names {
    pub(super) fn of<'c>(certificates: impl Iterator<Item = &'c CertificateDer<'c>>) -> Self {
        Self(certificates.map(dns_names).collect())
    }

    /// The first certificate that is for a name.
    pub(super) fn find(&self, name: &str) -> Option<usize> {
        self.0.iter().position(|names| are_for(names, name))
    }

    const fn are_several(&self) -> bool {
        self.0.len() > 1
    }
}

fn dns_names(certificate: &CertificateDer<'_>) -> Vec<Box<str>> {
    let read = EndEntityCert::try_from(certificate);
    let names = read.iter().flat_map(|read| read.valid_dns_names());
    names.map(Box::from).collect()
}

fn are_for(names: &[Box<str>], name: &str) -> bool {
    names.iter().any(|own| is_for(own, name))
}

/// RFC 6125, 6.4.3: a wildcard is the whole first label, and stands for one label.
fn is_for(own: &str, name: &str) -> bool {
    match own.strip_prefix("*.") {
        Some(parent) => name
            .split_once('.')
            .is_some_and(|(first, rest)| !first.is_empty() && rest.eq_ignore_ascii_case(parent)),
        None => own.eq_ignore_ascii_case(name),
    }
}

/// The certificate that a client was shown, where its listener has others besides.
#[derive(Clone, Debug)]
pub(crate) struct Shown {
    names: Arc<Names>,
    place: usize,
}

impl Shown {
    /// What a client was shown that asked for this name, or none.
    pub(super) fn to(names: &Arc<Names>, asked: Option<&str>) -> Option<Self> {
        let place = asked.and_then(|name| names.find(name)).unwrap_or_default();
        let names = Arc::clone(names);
        names.are_several().then_some(Self { names, place })
    }

    /// Whether a request for this authority belongs on another connection (RFC 9110, 15.5.20): the
    /// listener has a certificate for its host, and showed one that is not.
    pub(crate) fn misdirects(&self, authority: &str) -> bool {
        let host = host(authority);
        let own = self.names.0.get(self.place);
        let is_own = own.is_some_and(|names| are_for(names, host));
        !is_own && self.names.find(host).is_some()
    }
}

/// The host of an authority as certificates have it: no port, nor the dot of the root.
fn host(authority: &str) -> &str {
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => host,
        Some(_) | None => authority,
    };
    host.strip_suffix('.').unwrap_or(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Arc<Names> {
        let all: [&[&str]; 3] = [
            &["a.example", "both.example"],
            &["b.example", "*.c.example", "both.example"],
            &[],
        ];
        let boxed = all.map(|names| names.iter().map(|name| Box::from(*name)).collect());
        Arc::new(Names(boxed.into()))
    }

    #[test]
    fn the_first_certificate_for_a_name_is_found() {
        for (name, expected) in [
            ("a.example", Some(0)),
            ("A.Example", Some(0)),
            ("both.example", Some(0)),
            ("b.example", Some(1)),
            ("x.C.example", Some(1)),
            ("c.example", None),
            (".c.example", None),
            ("x.y.c.example", None),
            ("xb.example", None),
            ("", None),
        ] {
            assert_eq!(names().find(name), expected, "{name}");
        }
    }

    #[test]
    fn a_host_of_another_certificate_is_misdirected() {
        let shown = |asked| Shown::to(&names(), asked).unwrap();
        for (asked, authority, expected) in [
            (Some("a.example"), "a.example", false),
            (Some("a.example"), "A.EXAMPLE:8443", false),
            (Some("a.example"), "both.example", false),
            (Some("a.example"), "b.example", true),
            (Some("a.example"), "B.example.:443", true),
            (Some("a.example"), "x.c.example", true),
            // Nobody's host: that is for routes to say.
            (Some("a.example"), "d.example", false),
            (Some("a.example"), "127.0.0.1:8443", false),
            (Some("a.example"), "[::1]:8443", false),
            (Some("a.example"), "", false),
            (Some("x.c.example"), "b.example", false),
            (Some("x.c.example"), "y.c.example", false),
            (Some("x.c.example"), "both.example", false),
            (Some("x.c.example"), "a.example", true),
            // Who asks for no name, or one of nobody, is shown the first.
            (None, "a.example", false),
            (None, "b.example", true),
            (Some("d.example"), "d.example", false),
            (Some("d.example"), "b.example", true),
        ] {
            let misdirects = shown(asked).misdirects(authority);
            assert_eq!(misdirects, expected, "{asked:?} {authority}");
        }
    }

    #[test]
    fn one_certificate_is_for_whoever_is_asked_for() {
        let one = Arc::new(Names(vec![vec!["a.example".into()]]));
        assert!(Shown::to(&one, Some("a.example")).is_none());
    }
}
