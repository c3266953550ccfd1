//! WebSocket of a listener as typed.

use crate::diagnostic::codes;
use crate::keys::websocket as keys;
use crate::plan::{Origins, WebSocketPlan};
use crate::read::{Problem, Reader, Section, Spanned};
use std::sync::Arc;

/// How WebSocket is spoken at a path, if there is one: then `bind` says so.
pub(super) fn read_websocket(
    reader: &mut Reader<'_>,
    section: &Section<'_>,
    path: Option<&str>,
) -> Option<WebSocketPlan> {
    let node = section.node(&keys::WEBSOCKET);
    let table = section.section(reader, &keys::WEBSOCKET);
    let origins = table.texts(reader, &keys::ORIGINS);
    let subprotocols = table.texts(reader, &keys::SUBPROTOCOLS);
    for origin in origins.iter().filter(|origin| !is_origin(&origin.value)) {
        let problem = Problem::new(codes::OUT_OF_RANGE, "not an origin");
        let help =
            "scheme, host and perhaps port, such as \"https://shop.example\"; \"*\" for any page";
        reader.problem(problem.help(help), origin.span.clone());
    }
    for name in subprotocols.iter().filter(|name| !is_token(&name.value)) {
        let problem = Problem::new(codes::OUT_OF_RANGE, "not the name of a subprotocol");
        let help = "letters, digits and `!#$%&'*+-.^_`|~`, such as \"mqtt\"";
        reader.problem(problem.help(help), name.span.clone());
    }
    if let (Some(node), None) = (node, path) {
        let problem = Problem::warning(codes::UNUSED, "`websocket` is not used");
        let help = "it is about listeners whose `bind` is `ws://`";
        reader.problem(problem.help(help), node.span.clone());
    }
    Some(WebSocketPlan {
        path: path?.into(),
        origins: allowed(origins),
        subprotocols: subprotocols
            .into_iter()
            .map(|name| name.value.into())
            .collect(),
    })
}

fn allowed(typed: Vec<Spanned<String>>) -> Origins {
    if typed.iter().any(|origin| origin.value == "*") {
        return Origins::Any;
    }
    let origins = typed.into_iter().map(|origin| Arc::from(origin.value));
    Origins::Listed(origins.collect())
}

/// RFC 6454, 6.2: what a browser says, which is never more than scheme, host and port.
fn is_origin(text: &str) -> bool {
    let rest = text
        .split_once("://")
        .map(|(scheme, rest)| (!scheme.is_empty()).then_some(rest));
    let fine = |c: char| c.is_ascii_graphic() && !matches!(c, '/' | '?' | '#' | '@' | '*');
    text == "*"
        || rest
            .flatten()
            .is_some_and(|rest| !rest.is_empty() && rest.chars().all(fine))
}

/// RFC 6455, 4.1: a token of HTTP.
fn is_token(text: &str) -> bool {
    let fine = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    !text.is_empty() && text.len() <= 255 && text.chars().all(fine)
}
