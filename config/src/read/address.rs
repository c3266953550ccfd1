//! Addresses to listen on.

use super::{Expanded, Problem};
use crate::diagnostic::codes;
use std::net::SocketAddr;

const EXAMPLE: &str =
    "such as \"tcp://0.0.0.0:7700\", \"tcp://127.0.0.1:7700\" or \"tcp://[::]:7700\"";

/// The longest path at which WebSocket is spoken, in bytes.
const MAX_PATH: usize = 1024;

/// A listener's `bind`.
#[derive(Debug)]
pub(crate) struct Bind {
    pub(crate) address: SocketAddr,
    /// Where WebSocket is spoken, if it is.
    pub(crate) path: Option<String>,
}

/// Reads it.
pub(crate) fn bind(typed: &Expanded) -> Result<Bind, Problem> {
    let Some((scheme, address)) = typed.text.split_once("://") else {
        let bad = Problem::new(
            codes::BAD_ADDRESS,
            format!("\"{}\" has no scheme", typed.shown(&typed.text)),
        );
        return Err(bad.help(format!("an address begins with `tcp://`, {EXAMPLE}")));
    };
    match scheme {
        "tcp" => Ok(Bind {
            address: socket_address(typed, address)?,
            path: None,
        }),
        "ws" => {
            let (address, path) = address.split_at(address.find('/').unwrap_or(address.len()));
            Ok(Bind {
                address: socket_address(typed, address)?,
                path: Some(websocket_path(typed, path)?.to_owned()),
            })
        }
        scheme => {
            let message = format!("there are no `{}://` listeners", typed.shown(scheme));
            let help = match scheme {
                "wss" => "that is `ws://` with a `tls` beside it",
                _ => "`tcp://` and `ws://` are what there is",
            };
            Err(Problem::new(codes::BAD_ADDRESS, message).help(help))
        }
    }
}

fn socket_address(typed: &Expanded, text: &str) -> Result<SocketAddr, Problem> {
    text.parse().map_err(|_| {
        not_an_address(typed, text).help(format!("an IP address and a port, {EXAMPLE}"))
    })
}

/// A path as clients ask for it: none is the same as `/`.
fn websocket_path<'p>(typed: &Expanded, path: &'p str) -> Result<&'p str, Problem> {
    let fine = |c: char| c.is_ascii_graphic() && !"?#\"<>\\^`{|}".contains(c);
    if path.is_empty() {
        return Ok("/");
    }
    if path.chars().all(fine) && path.len() <= MAX_PATH {
        return Ok(path);
    }
    let message = format!("\"{}\" is not the path of a URL", typed.shown(path));
    let help = "such as \"ws://127.0.0.1:8081/pos\"; whatever query a client adds is not looked at";
    Err(Problem::new(codes::BAD_ADDRESS, message).help(help))
}

/// The admin listener's address.
pub(crate) fn admin(typed: &Expanded) -> Result<SocketAddr, Problem> {
    let help = "an IP address and a port, such as \"127.0.0.1:9901\"";
    let text = &typed.text;
    let address: SocketAddr = (text.parse()).map_err(|_| not_an_address(typed, text).help(help))?;
    if address.ip().to_canonical().is_loopback() {
        return Ok(address);
    }
    Err(Problem::new(
        codes::NOT_LOOPBACK,
        format!("the admin listener would be open to others on {address}"),
    )
    .help(format!("did you mean \"127.0.0.1:{}\"?", address.port())))
}

fn not_an_address(typed: &Expanded, text: &str) -> Problem {
    Problem::new(
        codes::BAD_ADDRESS,
        format!("\"{}\" is not an address", typed.shown(text)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::expand;

    fn plain(text: &str) -> Expanded {
        expand(text, &|_| None).unwrap()
    }

    #[test]
    fn listeners_bind_ip_addresses() {
        let read = |text| bind(&plain(text)).ok().map(|bind| bind.address.to_string());
        let path = |text| bind(&plain(text)).ok().and_then(|bind| bind.path);
        assert_eq!(read("tcp://0.0.0.0:7700").as_deref(), Some("0.0.0.0:7700"));
        assert_eq!(read("tcp://[::1]:0").as_deref(), Some("[::1]:0"));
        assert_eq!(path("tcp://[::1]:0"), None);
        assert_eq!(path("ws://[::1]:0").as_deref(), Some("/"));
        assert_eq!(path("ws://1.2.3.4:5/a/b%20").as_deref(), Some("/a/b%20"));
        for bad in [
            "ws://1.2.3.4:5/a?b",
            "ws://1.2.3.4:5/a b",
            "ws://1.2.3.4:5/\u{e9}",
            "ws://host:5/",
            "wss://1.2.3.4:5/",
            "tcp://1.2.3.4:5/",
            "0.0.0.0:7700",
            "tcp://localhost:1",
            "tcp://1.2.3.4",
            "tcp://:7700",
            "udp://0.0.0.0:1",
            "tcp://1.2.3.4:70000",
        ] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }

    #[test]
    fn the_admin_listener_stays_on_the_machine() {
        for fine in [
            "127.0.0.1:9901",
            "[::1]:0",
            "127.8.9.10:1",
            "[::ffff:127.0.0.1]:1",
        ] {
            assert!(admin(&plain(fine)).is_ok(), "{fine}");
        }
        for bad in [
            "0.0.0.0:9901",
            "[::]:9901",
            "10.0.0.1:1",
            "localhost:1",
            "9901",
        ] {
            assert!(admin(&plain(bad)).is_err(), "{bad}");
        }
    }
}
