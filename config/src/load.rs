//! From a file to a plan.

use crate::diagnostic::{Diagnostic, codes};
use crate::knock_on;
use crate::plan::{PemFile, Plan};
use crate::protocols::Protocols;
use crate::read::{Environment, Reader};
use crate::source::SourceFile;
use crate::typed::File;
use crate::valid;
use gatewright_core::expr::Span;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A configuration that can run.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// What it says.
    pub plan: Plan,
    /// What is odd about it, in the order of the file, and then about the definitions that it
    /// names, file by file.
    pub warnings: Vec<Diagnostic>,
    /// The file itself; of several, all of them one behind the other.
    pub source: Arc<SourceFile>,
    /// Where each listener's address was typed, by its index in the plan.
    binds: Vec<Span>,
    /// Where the admin listener's address was typed.
    admin: Option<Span>,
}

impl Loaded {
    /// The finding that the system refuses a listener's address, by the listener's index in
    /// the plan.
    #[must_use]
    pub fn not_bound(&self, listener: usize, error: &io::Error) -> Diagnostic {
        let address = self
            .plan
            .listeners
            .get(listener)
            .map(|listener| listener.bind);
        self.refused(address, self.binds.get(listener), error)
    }

    /// The finding that the system refuses the admin listener's address.
    #[must_use]
    pub fn admin_not_bound(&self, error: &io::Error) -> Diagnostic {
        self.refused(self.plan.admin, self.admin.as_ref(), error)
    }

    /// The finding that TLS cannot use a file that the configuration names.
    #[must_use]
    pub fn not_usable(&self, file: &PemFile, why: &str) -> Diagnostic {
        let message = format!("cannot use {}: {why}", file.shown);
        let finding = Diagnostic::error(codes::BAD_PEM, message);
        match &file.typed {
            Some(span) => self.here(finding, span),
            None => finding,
        }
    }

    fn here(&self, finding: Diagnostic, span: &Span) -> Diagnostic {
        finding.at(&self.source, span.clone()).in_its_file()
    }

    fn refused(
        &self,
        address: Option<SocketAddr>,
        typed: Option<&Span>,
        error: &io::Error,
    ) -> Diagnostic {
        let address =
            address.map_or_else(|| "the address".to_owned(), |address| address.to_string());
        let refused = Diagnostic::error(
            codes::NOT_BOUND,
            format!("cannot listen on {address}: {error}"),
        )
        .help("is another gateway running? port 0 takes a free port");
        match typed {
            Some(span) => self.here(refused, span),
            None => refused,
        }
    }
}

/// Reads and checks a configuration: a file, or all files `*.toml` of a folder but `*.test.toml`,
/// in the order of their names. Relative paths in it start at its folder; variables come from the
/// process's environment.
///
/// # Errors
/// All that is wrong with it, in the order of the file, warnings included; then what is wrong with
/// the definitions that it names, file by file.
pub fn load(path: &Path, protocols: &Protocols) -> Result<Loaded, Vec<Diagnostic>> {
    load_with(path, protocols, &from_process)
}

/// The same with variables from elsewhere: `variables` gives the value of a name, `None` for one
/// that is not set.
///
/// # Errors
/// As [`load`].
pub fn load_with(
    path: &Path,
    protocols: &Protocols,
    variables: &dyn Fn(&str) -> Option<String>,
) -> Result<Loaded, Vec<Diagnostic>> {
    if !path.is_dir() {
        let folder = path.parent().unwrap_or_else(|| Path::new(""));
        return load_source(read(path)?, folder, protocols, variables);
    }
    let (mut files, mut found) = (Vec::new(), Vec::new());
    for path in files_of(path)? {
        match read(&path) {
            Ok(file) => files.push(file),
            Err(bad) => found.extend(bad),
        }
    }
    if found.is_empty() {
        let joined = SourceFile::joined(path.display().to_string(), files);
        return load_source(joined, path, protocols, variables);
    }
    Err(found)
}

fn unreadable(path: &Path, why: impl fmt::Display) -> Vec<Diagnostic> {
    let message = format!("cannot read the configuration `{}`: {why}", path.display());
    vec![Diagnostic::error(codes::UNREADABLE, message)]
}

/// The files of a folder that are its configuration.
fn files_of(folder: &Path) -> Result<Vec<PathBuf>, Vec<Diagnostic>> {
    let bad = |error: io::Error| unreadable(folder, error);
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(bad)? {
        let path = entry.map_err(bad)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.ends_with(".toml") && !name.ends_with(".test.toml") {
            files.push(path);
        }
    }
    if files.is_empty() {
        return Err(unreadable(folder, "there is no file `*.toml`"));
    }
    files.sort();
    Ok(files)
}

fn read(path: &Path) -> Result<SourceFile, Vec<Diagnostic>> {
    let bytes = std::fs::read(path).map_err(|error| unreadable(path, error))?;
    let name = path.display().to_string();
    match String::from_utf8(bytes) {
        Ok(text) => Ok(SourceFile::new(name, text)),
        Err(error) => Err(vec![not_utf8(name, &error)]),
    }
}

/// Reads and checks a configuration that is at hand as text; `name` stands for its path.
///
/// # Errors
/// As [`load`].
pub fn load_str(name: &str, text: &str, protocols: &Protocols) -> Result<Loaded, Vec<Diagnostic>> {
    load_str_with(name, text, protocols, &from_process)
}

/// The same with variables from elsewhere, as for [`load_with`].
///
/// # Errors
/// As [`load_str`].
pub fn load_str_with(
    name: &str,
    text: &str,
    protocols: &Protocols,
    variables: &dyn Fn(&str) -> Option<String>,
) -> Result<Loaded, Vec<Diagnostic>> {
    let folder = Path::new(name).parent().unwrap_or_else(|| Path::new(""));
    load_source(SourceFile::new(name, text), folder, protocols, variables)
}

fn from_process(variable: &str) -> Option<String> {
    std::env::var(variable).ok()
}

fn load_source(
    source: SourceFile,
    folder: &Path,
    protocols: &Protocols,
    environment: Environment<'_>,
) -> Result<Loaded, Vec<Diagnostic>> {
    let source = Arc::new(source);
    let mut reader = Reader {
        source: Arc::clone(&source),
        folder,
        environment,
        found: Vec::new(),
    };
    let mut document = reader.parse();
    let file = File::read(&mut reader, &mut document);
    let plan = valid::plan(&mut reader, &file, protocols);
    let found = in_order(std::mem::take(&mut reader.found), &source);
    let found: Vec<_> = found.into_iter().map(Diagnostic::in_its_file).collect();
    match plan {
        Some(plan) if !found.iter().any(Diagnostic::is_error) => {
            let binds = file
                .listeners
                .iter()
                .filter_map(|listener| Some(listener.bind.as_ref()?.span.clone()));
            Ok(Loaded {
                plan,
                warnings: found,
                binds: binds.collect(),
                admin: file.gateway.admin.map(|admin| admin.span),
                source,
            })
        }
        _ => Err(found),
    }
}

/// What was found in the file itself, without what syntax errors may have caused, and then what was
/// found in others.
fn in_order(found: Vec<Diagnostic>, source: &Arc<SourceFile>) -> Vec<Diagnostic> {
    let is_here = |diagnostic: &Diagnostic| match &diagnostic.place {
        Some(place) => Arc::ptr_eq(&place.source, source),
        None => true,
    };
    let (mut here, mut elsewhere): (Vec<_>, Vec<_>) = found.into_iter().partition(is_here);
    knock_on::remove(&mut here, source);
    here.sort_by(|a, b| a.order().cmp(&b.order()));
    // Two definitions may import one file, and then have its findings in common.
    elsewhere.sort_by(|a, b| a.order().cmp(&b.order()));
    here.append(&mut elsewhere);
    here.dedup();
    here
}

fn not_utf8(name: String, error: &std::string::FromUtf8Error) -> Diagnostic {
    let good = error.utf8_error().valid_up_to();
    let text =
        String::from_utf8_lossy(error.as_bytes().get(..good).unwrap_or_default()).into_owned();
    let source = Arc::new(SourceFile::new(name, text));
    Diagnostic::error(codes::SYNTAX, "the file is not UTF-8 text from here on")
        .at(&source, good..good)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Authority, Endpoint};

    #[test]
    fn variables_are_replaced_in_addresses_and_paths() {
        let text = r#"
            [admin]
            http = "127.0.0.1:${ADMIN}"
            [listeners.pos]
            bind = "tcp://${BIND:-127.0.0.1}:${PORT:-7700}"
            protocol = "pos"
            [upstreams.payments]
            url = ["${FIRST}", "https://${SECOND:-pay-2}"]
            tls.server-name = "${FIRST_NAME:-pay}.internal"
            "#;
        let environment = |name: &str| match name {
            "ADMIN" => Some("1".to_owned()),
            "PORT" => Some("2".to_owned()),
            "FIRST" => Some("h2c://pay-1".to_owned()),
            _ => None,
        };
        let protocols = gatewright_codecs::BUILTIN
            .iter()
            .map(|builtin| (builtin.name, (builtin.protocol)()));
        let loaded = load_str_with("a.toml", text, &protocols.collect(), &environment);
        let plan = loaded.unwrap_or_else(|found| panic!("{found:#?}")).plan;
        assert_eq!(plan.admin, Some("127.0.0.1:1".parse().unwrap()));
        assert_eq!(plan.listeners[0].bind, "127.0.0.1:2".parse().unwrap());
        let authority = |host: &str, port| Authority {
            host: host.into(),
            port,
            address: None,
        };
        assert_eq!(
            plan.upstreams[0].endpoints,
            [
                Endpoint::H2c(authority("pay-1", 80)),
                Endpoint::Https(authority("pay-2", 443))
            ]
        );
        assert_eq!(
            plan.upstreams[0].tls.server_name.as_deref(),
            Some("pay.internal")
        );
    }
}
