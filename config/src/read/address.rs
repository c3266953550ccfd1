//! Addresses to listen on.

use super::Problem;
use crate::diagnostic::codes;
use std::net::SocketAddr;

const EXAMPLE: &str =
    "such as \"tcp://0.0.0.0:7700\", \"tcp://127.0.0.1:7700\" or \"tcp://[::]:7700\"";

/// A listener's `bind`.
pub(crate) fn bind(text: &str) -> Result<SocketAddr, Problem> {
    let Some((scheme, address)) = text.split_once("://") else {
        let bad = Problem::new(
            codes::BAD_ADDRESS,
            format!("\"{}\" has no scheme", text.escape_debug()),
        );
        return Err(bad.help(format!("an address begins with `tcp://`, {EXAMPLE}")));
    };
    if scheme != "tcp" {
        let message = format!("there are no `{}://` listeners", scheme.escape_debug());
        return Err(Problem::new(codes::BAD_ADDRESS, message).help("`tcp://` is what there is"));
    }
    address
        .parse()
        .map_err(|_| not_an_address(address).help(format!("an IP address and a port, {EXAMPLE}")))
}

/// The admin listener's address.
pub(crate) fn admin(text: &str) -> Result<SocketAddr, Problem> {
    let help = "an IP address and a port, such as \"127.0.0.1:9901\"";
    let address: SocketAddr = text.parse().map_err(|_| not_an_address(text).help(help))?;
    if address.ip().to_canonical().is_loopback() {
        return Ok(address);
    }
    Err(Problem::new(
        codes::NOT_LOOPBACK,
        format!("the admin listener would be open to others on {address}"),
    )
    .help(format!("did you mean \"127.0.0.1:{}\"?", address.port())))
}

fn not_an_address(text: &str) -> Problem {
    Problem::new(
        codes::BAD_ADDRESS,
        format!("\"{}\" is not an address", text.escape_debug()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listeners_bind_ip_addresses() {
        let read = |text| bind(text).ok().map(|address| address.to_string());
        assert_eq!(read("tcp://0.0.0.0:7700").as_deref(), Some("0.0.0.0:7700"));
        assert_eq!(read("tcp://[::1]:0").as_deref(), Some("[::1]:0"));
        for bad in [
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
            assert!(admin(fine).is_ok(), "{fine}");
        }
        for bad in [
            "0.0.0.0:9901",
            "[::]:9901",
            "10.0.0.1:1",
            "localhost:1",
            "9901",
        ] {
            assert!(admin(bad).is_err(), "{bad}");
        }
    }
}
