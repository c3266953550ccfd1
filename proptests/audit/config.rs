//! The gateway's configuration for one phase.

use crate::hostile::{Deed, Hostile};
use crate::plan::{Carry, Group, Mode, Scheme};
use std::fmt::Write as _;
use std::net::SocketAddr;

/// The authority's file, beside the configuration.
pub(crate) const CA: &str = "ca.pem";

/// `pos` once more, as a file says what it is.
pub(crate) const DEFINED: &str = "defined";

/// That file, beside the configuration, and what it says.
pub(crate) const DEFINITION: (&str, &str) = (
    "defined.ksy",
    include_str!("../../config/protocols/pos/pos.ksy"),
);

/// What servers of QUIC agree to.
pub(crate) const ALPN: &str = "audit";

const HTTP: &str = r#"operation = "auth_req"
request.post = "/{merchant}/{pan}"
request.json = { merchant = "{merchant}", pan = "{pan}" }
reply = [
  { on = "2xx", send = "auth_rsp", set = { status = "{json.server}", code = "{json.code}" } },
"#;

/// The path has one half of the nonce, the body the other: who mixes two requests makes a third.
const REST: &str = r#"operation = "POST /{merchant}/{pan}"
request.send = "auth_req"
request.set = { merchant = "{path.merchant}", pan = "{json.pan}", amount = 1, currency = "{json.currency}" }
reply = [
  { on = "auth_rsp", status = 200, json = { server = "{status}", code = "{code}" } },
  { on = "*" },
]
"#;

/// What payments become that may be repeated, and what others do: the currency says which they are.
struct Conversion {
    requests: [(u16, &'static str); 2],
    reply: &'static str,
}

const TO_RESP: Conversion = Conversion {
    requests: [
        (
            1,
            r#"request = { send = "get", set = { args = ["{utf8(merchant + ':' + pan)}"] } }"#,
        ),
        (
            2,
            r#"request = { send = "incr", set = { args = ["{utf8(merchant + ':' + pan)}"] } }"#,
        ),
    ],
    reply: r#"reply = [
  { on = "reply", send = "auth_rsp", set = { status = "{int(data.to_s('ASCII').substring(0, 2))}", code = "{data.to_s('ASCII').substring(2, 8)}" } },
"#,
};

const TO_HTTP: Conversion = Conversion {
    requests: [
        (
            1,
            r#"request = { send = "request", set = { method = "GET", target = "/{merchant}/{pan}", authority = "audit" } }"#,
        ),
        (
            2,
            r#"request = { send = "request", set = { method = "POST", target = "/{merchant}/{pan}", authority = "audit" } }"#,
        ),
    ],
    reply: r#"reply = [
  { on = "response", when = "status == 200", send = "auth_rsp", set = { status = "{int(headers[0].value.substring(0, 2))}", code = "{headers[0].value.substring(2, 8)}" } },
"#,
};

impl Conversion {
    const fn to(scheme: Scheme) -> Self {
        match scheme {
            Scheme::Http => TO_HTTP,
            Scheme::Tcp | Scheme::Tls | Scheme::Quic | Scheme::H2c | Scheme::Https => TO_RESP,
        }
    }

    fn write(&self, text: &mut String, name: &str) -> std::fmt::Result {
        self.requests.iter().try_for_each(|(currency, request)| {
            write_route(text, name)?;
            writeln!(
                text,
                "when = \"currency == {currency}\"\noperation = \"auth_req\""
            )?;
            writeln!(text, "{request}\n{}{FAULTS}", self.reply)
        })
    }
}

const FAULTS: &str = r#"  { on = "unreachable", send = "auth_rsp", set = { status = 90 } },
  { on = "timeout", send = "auth_rsp", set = { status = 91 } },
  { on = "bad-reply", send = "auth_rsp", set = { status = 92 } },
  { on = "draining", send = "auth_rsp", set = { status = 93 } },
  { on = "internal", send = "auth_rsp", set = { status = 94 } },
  { on = "overload", send = "auth_rsp", set = { status = 95 } },
  { on = "*", send = "auth_rsp", set = { status = 96 } },
]
"#;

/// A listener, an upstream and a route for each group, named after its number.
pub(crate) fn text(mode: &Mode, groups: &[(Group, Vec<SocketAddr>)]) -> String {
    let mut text = String::from(
        "[gateway]\nworkers = 2\n[gateway.drain]\nspread = \"0s\"\ndeadline = \"10s\"\n[log]\nfilter = \"error\"\n",
    );
    if mode.protocol == DEFINED {
        let (file, _) = DEFINITION;
        writeln!(text, "[protocols.{DEFINED}]\ndefinition = \"{file}\"").expect("memory");
    }
    for (number, (group, servers)) in groups.iter().enumerate() {
        write_group(&mut text, mode, number, group, servers).expect("memory");
    }
    text
}

/// The name of a group's listener.
pub(crate) fn listener(number: usize) -> String {
    format!("g{number}")
}

/// What is spoken to a group's servers, below their protocol.
pub(crate) fn scheme(mode: &Mode, group: &Group) -> Scheme {
    let plaintext = |row: &&Hostile| row.deed == Deed::Plaintext;
    match group.hostile.filter(plaintext) {
        Some(_) => mode.scheme.secured(),
        None => mode.scheme,
    }
}

fn write_group(
    text: &mut String,
    mode: &Mode,
    number: usize,
    group: &Group,
    servers: &[SocketAddr],
) -> std::fmt::Result {
    let (name, protocol) = (listener(number), mode.protocol);
    let scheme = scheme(mode, group);
    let urls: Vec<_> = servers
        .iter()
        .map(|at| format!("{}://{at}", scheme.name()))
        .collect();
    let timeout = group.timeout.as_millis();
    writeln!(
        text,
        "[listeners.{name}]\nbind = \"tcp://127.0.0.1:0\"\nprotocol = \"{protocol}\""
    )?;
    writeln!(text, "[upstreams.{name}]\nurl = {urls:?}")?;
    match scheme {
        Scheme::Tls | Scheme::Https => writeln!(text, "tls = {{ ca = \"{CA}\" }}")?,
        Scheme::Quic => writeln!(text, "tls = {{ ca = \"{CA}\", alpn = \"{ALPN}\" }}")?,
        Scheme::Tcp | Scheme::Http | Scheme::H2c => {}
    }
    match mode.carry {
        Carry::Shared | Carry::Own => {
            writeln!(text, "protocol = \"{protocol}\"\nsharing = \"shared\"")?
        }
        Carry::Exclusive | Carry::Single => {
            writeln!(text, "protocol = \"{protocol}\"\nsharing = \"exclusive\"")?
        }
        Carry::Converted if scheme == Scheme::Http => {}
        Carry::Converted => writeln!(text, "protocol = \"resp\"\nsharing = \"shared\"")?,
        Carry::Rest => writeln!(text, "protocol = \"pos\"\nsharing = \"shared\"")?,
        Carry::Http | Carry::Raw | Carry::Proxied => {}
    }
    write_limits(text, mode, timeout)?;
    match mode.carry {
        Carry::Converted => Conversion::to(mode.scheme).write(text, &name),
        Carry::Http => {
            write_route(text, &name)?;
            write!(text, "{HTTP}{FAULTS}")
        }
        Carry::Rest => {
            write_route(text, &name)?;
            text.write_str(REST)
        }
        Carry::Shared
        | Carry::Exclusive
        | Carry::Single
        | Carry::Own
        | Carry::Raw
        | Carry::Proxied => write_route(text, &name),
    }
}

fn write_route(text: &mut String, name: &str) -> std::fmt::Result {
    writeln!(text, "[[routes]]\nfrom = [\"{name}\"]\nto = \"{name}\"")
}

fn write_limits(text: &mut String, mode: &Mode, timeout: u128) -> std::fmt::Result {
    // Where a connection carries one request at a time, there have to be more.
    let connections = match (mode.carry, mode.scheme) {
        (Carry::Raw, Scheme::Quic) => {
            // Nobody refuses a handshake that gets no answer: it takes as long as it may.
            let connect = timeout.min(1_000);
            return writeln!(text, "limits = {{ connect = \"{connect}ms\" }}");
        }
        (Carry::Raw, _) => return Ok(()),
        (Carry::Exclusive | Carry::Single, _) | (_, Scheme::Http) => 32,
        (
            Carry::Shared
            | Carry::Own
            | Carry::Converted
            | Carry::Rest
            | Carry::Http
            | Carry::Proxied,
            _,
        ) => 2,
    };
    let quarantine = timeout * 2;
    let frame = match mode.carry {
        _ if mode.scheme == Scheme::Http => String::new(),
        Carry::Shared
        | Carry::Exclusive
        | Carry::Single
        | Carry::Own
        | Carry::Converted
        | Carry::Rest => {
            format!(", frame = \"32KiB\", quarantine = \"{quarantine}ms\"")
        }
        Carry::Http | Carry::Raw | Carry::Proxied => String::new(),
    };
    // Connections retire now and then, whatever else happens to them.
    let most = if mode.carry == Carry::Single {
        1
    } else {
        2_000
    };
    writeln!(text, "timeout = \"{timeout}ms\"\nmax-requests = {most}")?;
    // Of what the protocol calls idempotent: the rest must not be repeated for it.
    writeln!(
        text,
        "retry = {{ on = [\"connect\", \"reset\"], budget = \"100%\" }}"
    )?;
    writeln!(
        text,
        "limits = {{ connections = {connections}, queue = 100_000, queue-wait = \"{timeout}ms\"{frame} }}"
    )
}
