//! Where messages are sent to, and for how long.

use std::str::FromStr;
use std::time::Duration;

/// Who is spoken to, and what carries the bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    /// As the system's resolver takes it, with the port behind a colon.
    pub(super) authority: String,
    /// The host alone; an address of IPv6 without its brackets.
    pub(super) host: String,
    pub(super) tls: bool,
    /// Where WebSocket is asked for, if it is: a path, perhaps with a query.
    pub(super) websocket: Option<String>,
}

/// What the scheme of an address says.
struct Scheme {
    name: &'static str,
    tls: bool,
    websocket: bool,
}

const SCHEMES: [Scheme; 4] = [
    scheme("tcp://", false, false),
    scheme("tls://", true, false),
    scheme("ws://", false, true),
    scheme("wss://", true, true),
];

const fn scheme(name: &'static str, tls: bool, websocket: bool) -> Scheme {
    Scheme {
        name,
        tls,
        websocket,
    }
}

impl FromStr for Target {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const FORM: &str = "expected tcp://HOST:PORT, tls://HOST:PORT, ws://HOST:PORT/PATH or wss://HOST:PORT/PATH";
        let mut schemes = SCHEMES.iter();
        let found = schemes.find_map(|scheme| Some((scheme, text.strip_prefix(scheme.name)?)));
        let (scheme, rest) = found.ok_or(FORM)?;
        let path = scheme
            .websocket
            .then(|| rest.find('/').unwrap_or(rest.len()));
        let (authority, path) = rest.split_at(path.unwrap_or(rest.len()));
        let (host, port) = authority.rsplit_once(':').ok_or(FORM)?;
        let port: u16 = port.parse().map_err(|_| FORM)?;
        if host.is_empty() || host.contains(['/', '@', '?', '#']) || port == 0 {
            return Err(FORM);
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) || path.contains('#') {
            return Err("expected no spaces, no `#` and ASCII only, the rest percent-encoded");
        }
        let bare = host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'));
        let path = if path.is_empty() { "/" } else { path };
        Ok(Self {
            authority: authority.to_owned(),
            host: bare.unwrap_or(host).to_owned(),
            tls: scheme.tls,
            websocket: scheme.websocket.then(|| path.to_owned()),
        })
    }
}

/// A time as configurations write it: a whole number and its unit.
pub(super) fn duration(text: &str) -> Result<Duration, &'static str> {
    const FORM: &str = "expected a whole number and a unit, such as 800ms, 5s or 2m";
    const UNITS: [(&str, u64); 4] = [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000)];
    let unit_at = text.find(|c: char| !c.is_ascii_digit()).ok_or(FORM)?;
    let (number, unit) = text.split_at(unit_at);
    let number: u64 = number.parse().map_err(|_| FORM)?;
    let (_, millis) = UNITS.iter().find(|(name, _)| *name == unit).ok_or(FORM)?;
    number
        .checked_mul(*millis)
        .filter(|millis| *millis > 0)
        .map(Duration::from_millis)
        .ok_or(FORM)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_have_a_scheme_a_host_and_a_port() {
        for good in ["tcp://127.0.0.1:7700", "tls://[::1]:7700", "ws://host:1"] {
            assert!(good.parse::<Target>().is_ok(), "{good}");
        }
        let target: Target = "wss://[::1]:7700/a?b".parse().unwrap();
        let expected = Target {
            authority: "[::1]:7700".to_owned(),
            host: "::1".to_owned(),
            tls: true,
            websocket: Some("/a?b".to_owned()),
        };
        assert_eq!(target, expected);
        for bad in [
            "127.0.0.1:7700",
            "tcp://host",
            "tcp://:1",
            "tcp://h:0",
            "tcp://h:1/x",
            "ws://h/x",
            "ws://h:1/x#y",
            "ws://h:1/x y",
            "ws://h?:1/x",
            "http://h:1/x",
        ] {
            assert!(bad.parse::<Target>().is_err(), "{bad}");
        }
    }

    #[test]
    fn times_have_a_unit() {
        assert_eq!(duration("800ms"), Ok(Duration::from_millis(800)));
        assert_eq!(duration("2m"), Ok(Duration::from_secs(120)));
        for bad in ["", "5", "s", "0s", "5 s", "-1s", "99999999999999999999s"] {
            assert!(duration(bad).is_err(), "{bad}");
        }
    }
}
