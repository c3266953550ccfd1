//! The configuration as typed: every value read, with its place, but nothing yet looked up.

mod check;
mod discovery;
mod endpoints;
mod forwarded;
mod gateway;
mod idle;
mod listener;
mod listener_tls;
mod protocol;
mod question;
mod retry;
mod route;
mod rules;
mod session;
mod tls;
mod tries;
mod upstream;
mod websocket;

pub(crate) use check::Probe;
pub(crate) use gateway::Gateway;
pub(crate) use listener::Listener;
pub(crate) use protocol::{Definition, Form, Protocol};
pub(crate) use route::Route;
pub(crate) use upstream::Upstream;

use crate::keys;
use crate::read::{Reader, Section, unknown_keys};
use crate::tree::Node;

/// A whole file.
#[derive(Debug)]
pub(crate) struct File {
    pub(crate) gateway: Gateway,
    pub(crate) protocols: Vec<Protocol>,
    pub(crate) listeners: Vec<Listener>,
    pub(crate) upstreams: Vec<Upstream>,
    pub(crate) routes: Vec<Route>,
}

impl File {
    /// Reads a document, noting all that is wrong with it.
    pub(crate) fn read(reader: &mut Reader<'_>, document: &mut Node) -> Self {
        unknown_keys(reader, document);
        let document = &*document;
        let root = Section::of(reader, "the file", document);
        Self {
            gateway: Gateway::read(reader, &root),
            protocols: each(reader, &root, &keys::gateway::PROTOCOLS, Protocol::read),
            listeners: each(reader, &root, &keys::listener::LISTENERS, Listener::read),
            upstreams: each(reader, &root, &keys::upstream::UPSTREAMS, Upstream::read),
            routes: root
                .tables(reader, &keys::route::ROUTES)
                .into_iter()
                .map(|(section, span)| Route::read(reader, &section, span))
                .collect(),
        }
    }
}

/// Reads each of the tables that have names.
fn each<'e, T>(
    reader: &mut Reader<'e>,
    root: &Section<'_>,
    key: &keys::Key,
    read: fn(&mut Reader<'e>, crate::read::Spanned<String>, &Section<'_>) -> T,
) -> Vec<T> {
    let sections = root.section(reader, key).named(reader);
    sections
        .into_iter()
        .map(|(name, section)| read(reader, name, &section))
        .collect()
}
