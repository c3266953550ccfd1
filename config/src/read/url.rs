//! URLs of upstreams.

use super::{Expanded, Problem, value};
use crate::diagnostic::codes;
use crate::plan::{Authority, Endpoint, MockPlan, Records};
use std::fmt;
use std::net::Ipv6Addr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

const SCHEMES: &str = "`http://`, `h2c://`, `https://`, `tcp://`, `tls://`, `quic://`, `unix://` and `mock:` are what there is";

/// One endpoint.
pub(crate) fn endpoint(url: &Expanded, records: Option<Records>) -> Result<Endpoint, Problem> {
    // A service's ports are in its records.
    let port = (records == Some(Records::Service)).then_some(0);
    if let Some(answer) = url.text.strip_prefix("mock:") {
        return mock(url, answer).map(Endpoint::Mock);
    }
    match url.text.split_once("://") {
        Some(("h2c", rest)) => authority(url, rest, Some(80)).map(Endpoint::H2c),
        Some(("https", rest)) => authority(url, rest, Some(443)).map(Endpoint::Https),
        Some(("tcp", rest)) => authority(url, rest, port).map(Endpoint::Tcp),
        Some(("tls", rest)) => authority(url, rest, port).map(Endpoint::Tls),
        Some(("quic", rest)) => authority(url, rest, port).map(Endpoint::Quic),
        Some(("unix", path)) => socket_path(url, path).map(Endpoint::Unix),
        Some(("http", rest)) => authority(url, rest, Some(80)).map(Endpoint::Http),
        Some((scheme, _)) => {
            let message = format!("there are no `{}://` upstreams", url.shown(scheme));
            Err(Problem::new(codes::BAD_URL, message).help(SCHEMES))
        }
        None => Err(bad(url).help(SCHEMES)),
    }
}

/// As it is written in a configuration, but for what `mock:` answers; with the address where it was found, if it
/// was looked for.
impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::H2c(at) => write!(f, "h2c://{at}"),
            Self::Https(at) => write!(f, "https://{at}"),
            Self::Http(at) => write!(f, "http://{at}"),
            Self::Tcp(at) => write!(f, "tcp://{at}"),
            Self::Tls(at) => write!(f, "tls://{at}"),
            Self::Quic(at) => write!(f, "quic://{at}"),
            Self::Unix(path) => write!(f, "unix://{}", path.display()),
            Self::Mock(_) => f.write_str("mock:"),
        }
    }
}

impl fmt::Display for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            host,
            port,
            address,
        } = self;
        match host.contains(':') {
            true => write!(f, "[{host}]:{port}")?,
            false => write!(f, "{host}:{port}")?,
        }
        match address {
            Some(address) => write!(f, " ({address})"),
            None => Ok(()),
        }
    }
}

fn bad(url: &Expanded) -> Problem {
    Problem::new(
        codes::BAD_URL,
        format!("\"{}\" is not the URL of an upstream", url.shown(&url.text)),
    )
}

/// A path that fits the system's addresses: `sun_path` has 108 bytes on Linux, the last one NUL.
fn socket_path(url: &Expanded, path: &str) -> Result<PathBuf, Problem> {
    if path.starts_with('/') && path.len() < 108 && !path.contains('\0') {
        return Ok(path.into());
    }
    Err(bad(url).help("an absolute path of 107 bytes at most, such as \"unix:///run/app.sock\""))
}

fn authority(url: &Expanded, rest: &str, default_port: Option<u16>) -> Result<Authority, Problem> {
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    if rest.contains(['/', '?', '#']) {
        return Err(bad(url).help(match default_port {
            Some(_) => "a path belongs into the route's `request`, not into the upstream's `url`",
            None => "a stream of bytes has no path",
        }));
    }
    if rest.contains('@') {
        return Err(bad(url).help("there is no user in it; credentials go into `request.headers`"));
    }
    let (host, port) =
        host_and_port(rest).ok_or_else(|| bad(url).help("a host, and after a colon the port"))?;
    let port = match port {
        None => default_port.ok_or_else(|| {
            let shown = url.shown(&url.text);
            bad(url).help(format!("a port is missing, such as in \"{shown}:7700\""))
        })?,
        Some(port) => port
            .parse()
            .ok()
            .filter(|port| *port > 0)
            .ok_or_else(|| bad(url).help("a port is a number from 1 to 65535"))?,
    };
    Ok(Authority {
        host: Arc::from(host),
        port,
        address: None,
    })
}

/// The host without brackets and the port after the colon, if there is one.
fn host_and_port(text: &str) -> Option<(&str, Option<&str>)> {
    if let Some(bracketed) = text.strip_prefix('[') {
        let (host, after) = bracketed.split_once(']')?;
        host.parse::<Ipv6Addr>().ok()?;
        let port = if after.is_empty() {
            None
        } else {
            Some(after.strip_prefix(':')?)
        };
        return Some((host, port));
    }
    let (host, port) = match text.split_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (text, None),
    };
    is_host(host).then_some((host, port))
}

/// The name that a server's certificate must have.
pub(crate) fn server_name(typed: &Expanded) -> Result<(), Problem> {
    let name = &typed.text;
    if is_host(name) || name.parse::<Ipv6Addr>().is_ok() {
        return Ok(());
    }
    Err(Problem::new(
        codes::BAD_URL,
        format!("\"{}\" is not the name of a server", typed.shown(name)),
    )
    .help("a host name or an IP address, without scheme and port"))
}

/// Whether it can be a host name or an IPv4 address.
fn is_host(host: &str) -> bool {
    let fine = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    !host.is_empty() && host.len() <= 253 && !host.starts_with(['.', '-']) && host.chars().all(fine)
}

/// `503`, `200?delay=50ms&body=hello%20world`, or nothing at all.
fn mock(url: &Expanded, answer: &str) -> Result<MockPlan, Problem> {
    let bad = |message: String| {
        Problem::new(codes::BAD_URL, message)
            .help("`mock:`, `mock:503` or `mock:200?delay=50ms&body=hello%20world`")
    };
    let (status, query) = answer.split_once('?').unwrap_or((answer, ""));
    let mut plan = MockPlan {
        status: 200,
        delay: Duration::ZERO,
        body: None,
    };
    if !status.is_empty() {
        plan.status = status
            .parse()
            .ok()
            .filter(|status| (200..=599).contains(status))
            .ok_or_else(|| {
                bad(format!(
                    "\"{}\" is not an HTTP status from 200 to 599",
                    url.shown(status)
                ))
            })?;
    }
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        match pair.split_once('=') {
            Some(("delay", delay)) => plan.delay = value::time(delay)?,
            Some(("body", body)) => {
                let body = percent_decoded(body)
                    .ok_or_else(|| bad("the body is not percent-encoded UTF-8".into()))?;
                plan.body = Some(body.into());
            }
            _ => {
                return Err(bad(format!(
                    "the built-in upstream does not know `{}`",
                    url.shown(pair)
                )));
            }
        }
    }
    Ok(plan)
}

fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => digit(rest.next()?)? << 4 | digit(rest.next()?)?,
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}

fn digit(hex: u8) -> Option<u8> {
    char::from(hex)
        .to_digit(16)
        .and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::expand;

    fn plain(text: &str) -> Expanded {
        expand(text, &|_| None).unwrap()
    }

    #[test]
    fn http_endpoints() {
        let of = |host: &str, port| Authority {
            host: host.into(),
            port,
            address: None,
        };
        let read = |url| endpoint(&plain(url), None).ok();
        assert_eq!(
            read("h2c://127.0.0.1:8080"),
            Some(Endpoint::H2c(of("127.0.0.1", 8080)))
        );
        assert_eq!(read("h2c://pay"), Some(Endpoint::H2c(of("pay", 80))));
        assert_eq!(read("http://pay"), Some(Endpoint::Http(of("pay", 80))));
        assert_eq!(
            read("https://pay-1.internal/"),
            Some(Endpoint::Https(of("pay-1.internal", 443)))
        );
        assert_eq!(
            read("https://[::1]:8443"),
            Some(Endpoint::Https(of("::1", 8443)))
        );
        for bad in [
            "http://",
            "udp://x:1",
            "x:1",
            "h2c://",
            "h2c://:80",
            "h2c://x:0",
            "h2c://x:70000",
            "h2c://x:",
            "h2c://x/p",
            "https://u@x",
            "https://x?q",
            "https://[::1",
            "https://[x]:1",
            "https://::1:1",
            "https://a b",
        ] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }

    #[test]
    fn endpoints_are_shown_as_they_are_written() {
        for url in [
            "h2c://pay:8080",
            "https://[::1]:8443",
            "http://127.0.0.1:80",
            "tcp://db-1:5432",
            "tls://db-1:5432",
            "quic://db-1:5432",
            "unix:///run/app.sock",
            "mock:",
        ] {
            assert_eq!(endpoint(&plain(url), None).unwrap().to_string(), url);
        }
        let found = endpoint(&plain("tcp://db:1"), None).unwrap();
        let found = found.found("192.0.2.1:5432".parse().unwrap());
        assert_eq!(found.to_string(), "tcp://db:5432 (192.0.2.1:5432)");
    }

    #[test]
    fn stream_endpoints() {
        let of = |host: &str, port| Authority {
            host: host.into(),
            port,
            address: None,
        };
        let read = |url| endpoint(&plain(url), None).ok();
        assert_eq!(
            read("tcp://db-1:5432"),
            Some(Endpoint::Tcp(of("db-1", 5432)))
        );
        assert_eq!(read("tls://[::1]:1"), Some(Endpoint::Tls(of("::1", 1))));
        let service = endpoint(&plain("tcp://_db._tcp.test"), Some(Records::Service));
        assert_eq!(service.ok(), Some(Endpoint::Tcp(of("_db._tcp.test", 0))));
        assert!(endpoint(&plain("tcp://db"), Some(Records::Address)).is_err());
        assert_eq!(read("quic://a:1"), Some(Endpoint::Quic(of("a", 1))));
        assert_eq!(
            read("unix:///run/a.sock"),
            Some(Endpoint::Unix("/run/a.sock".into()))
        );
        let longest = format!("unix:///{}", "a".repeat(106));
        assert!(read(&longest).is_some());
        let too_long = format!("{longest}a");
        for bad in [
            "tcp://x",
            "tls://x",
            "quic://x",
            "quic://x:1/p",
            "tcp://x:0",
            "tcp://x:1/p",
            "tcp://:1",
            "unix://run/a.sock",
            "unix://",
            "unix:///a\0b",
            &too_long,
        ] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }

    #[test]
    fn the_built_in_upstream() {
        let plan = |status, millis, body: Option<&str>| {
            Some(Endpoint::Mock(MockPlan {
                status,
                delay: Duration::from_millis(millis),
                body: body.map(Into::into),
            }))
        };
        let read = |url| endpoint(&plain(url), None).ok();
        assert_eq!(read("mock:"), plan(200, 0, None));
        assert_eq!(read("mock:503"), plan(503, 0, None));
        assert_eq!(read("mock:?delay=50ms"), plan(200, 50, None));
        assert_eq!(
            read("mock:201?delay=1s&body=a%26b%3D%c3%bc"),
            plan(201, 1000, Some("a&b=ü"))
        );
        for bad in [
            "mock:99",
            "mock:100",
            "mock:x",
            "mock:200?delay=5",
            "mock:200?colour=red",
            "mock:?body=%f",
            "mock:?body=%ff",
        ] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
