//! What TLS has in common on both sides, as typed.

use crate::diagnostic::codes;
use crate::keys::Key;
use crate::plan::{IdentityPlan, PemFile};
use crate::read::{Problem, Reader, Section, path};
use std::sync::Arc;

/// A PEM file; noted if there is none.
pub(super) fn pem(reader: &mut Reader<'_>, tls: &Section<'_>, key: &Key) -> Option<PemFile> {
    let typed = tls.expanded(reader, key)?;
    let path = path::file(reader, &typed)?;
    let shown = typed.value.shown(&path.to_string_lossy()).to_string();
    let typed = Some(typed.span);
    Some(PemFile { path, shown, typed })
}

/// A certificate and its key: both or neither.
pub(super) fn identity(
    reader: &mut Reader<'_>,
    tls: &Section<'_>,
    cert: &'static Key,
    key: &'static Key,
) -> Option<IdentityPlan> {
    let (cert_file, key_file) = (pem(reader, tls, cert), pem(reader, tls, key));
    for (present, absent) in [(cert, key), (key, cert)] {
        if let (Some(node), None) = (tls.node(present), tls.node(absent)) {
            let message = format!("`{}` is missing beside `{}`", absent.name(), present.name());
            let problem = Problem::new(codes::MISSING_KEY, message);
            let help = format!("it takes {}", absent.kind.describe());
            reader.problem(problem.help(help), node.span.clone());
        }
    }
    Some(IdentityPlan {
        cert: cert_file?,
        key: key_file?,
    })
}

/// RFC 7301, 3.1: a name has 1 to 255 bytes.
pub(super) fn alpn(reader: &mut Reader<'_>, tls: &Section<'_>, key: &Key) -> Vec<Arc<str>> {
    let names = tls.texts(reader, key);
    for name in &names {
        if !(1..=255).contains(&name.value.len()) {
            let problem = Problem::new(codes::OUT_OF_RANGE, "not the name of a protocol");
            let help = "a name has 1 to 255 bytes, such as \"h2\"";
            reader.problem(problem.help(help), name.span.clone());
        }
    }
    names.into_iter().map(|name| name.value.into()).collect()
}
