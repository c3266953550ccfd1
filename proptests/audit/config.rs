//! The gateway's configuration for one phase.

use crate::hostile::Deed;
use crate::plan::{Carry, Group, Mode};
use std::fmt::Write as _;
use std::net::SocketAddr;

/// The authority's file, beside the configuration.
pub(crate) const CA: &str = "ca.pem";

const HTTP: &str = r#"operation = "auth_req"
request.post = "/{merchant}/{pan}"
request.json = { merchant = "{merchant}", pan = "{pan}" }
reply = [
  { on = "2xx", send = "auth_rsp", set = { status = "{json.server}", code = "{json.code}" } },
"#;

/// Commands that may be repeated, or not, as the currency says.
const RESP: [(&str, &str); 2] = [("currency == 1", "get"), ("currency == 2", "incr")];

const REPLY: &str = r#"reply = [
  { on = "reply", send = "auth_rsp", set = { status = "{int(data.to_s('ASCII').substring(0, 2))}", code = "{data.to_s('ASCII').substring(2, 8)}" } },
"#;

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
    for (number, (group, servers)) in groups.iter().enumerate() {
        write_group(&mut text, mode, number, group, servers).expect("memory");
    }
    text
}

/// The name of a group's listener.
pub(crate) fn listener(number: usize) -> String {
    format!("g{number}")
}

/// Whether TLS is to be spoken to a group's servers.
pub(crate) fn is_tls(mode: &Mode, group: &Group) -> bool {
    mode.tls || group.hostile.is_some_and(|row| row.deed == Deed::Plaintext)
}

fn write_group(
    text: &mut String,
    mode: &Mode,
    number: usize,
    group: &Group,
    servers: &[SocketAddr],
) -> std::fmt::Result {
    let (name, protocol) = (listener(number), mode.protocol);
    let tls = is_tls(mode, group);
    let scheme = match (mode.carry, tls) {
        (Carry::Http, false) => "h2c",
        (Carry::Http, true) => "https",
        (_, false) => "tcp",
        (_, true) => "tls",
    };
    let urls: Vec<_> = servers
        .iter()
        .map(|at| format!("{scheme}://{at}"))
        .collect();
    let timeout = group.timeout.as_millis();
    writeln!(
        text,
        "[listeners.{name}]\nbind = \"tcp://127.0.0.1:0\"\nprotocol = \"{protocol}\""
    )?;
    writeln!(text, "[upstreams.{name}]\nurl = {urls:?}")?;
    if tls {
        writeln!(text, "tls = {{ ca = \"{CA}\" }}")?;
    }
    match mode.carry {
        Carry::Shared | Carry::Own => {
            writeln!(text, "protocol = \"{protocol}\"\nsharing = \"shared\"")?
        }
        Carry::Exclusive => writeln!(text, "protocol = \"{protocol}\"\nsharing = \"exclusive\"")?,
        Carry::Converted => writeln!(text, "protocol = \"resp\"\nsharing = \"shared\"")?,
        Carry::Http | Carry::Raw => {}
    }
    write_limits(text, mode.carry, timeout)?;
    match mode.carry {
        Carry::Converted => RESP.iter().try_for_each(|(when, send)| {
            write_route(text, &name)?;
            write!(text, "when = \"{when}\"\noperation = \"auth_req\"\n")?;
            writeln!(text, "request.send = \"{send}\"")?;
            text.push_str("request.set = { args = [\"{utf8(merchant + ':' + pan)}\"] }\n");
            write!(text, "{REPLY}{FAULTS}")
        }),
        Carry::Http => {
            write_route(text, &name)?;
            write!(text, "{HTTP}{FAULTS}")
        }
        Carry::Shared | Carry::Exclusive | Carry::Own | Carry::Raw => write_route(text, &name),
    }
}

fn write_route(text: &mut String, name: &str) -> std::fmt::Result {
    writeln!(text, "[[routes]]\nfrom = [\"{name}\"]\nto = \"{name}\"")
}

fn write_limits(text: &mut String, carry: Carry, timeout: u128) -> std::fmt::Result {
    let connections = match carry {
        Carry::Shared | Carry::Own | Carry::Converted | Carry::Http => 2,
        Carry::Exclusive => 32,
        Carry::Raw => return Ok(()),
    };
    let quarantine = timeout * 2;
    let frame = match carry {
        Carry::Shared | Carry::Exclusive | Carry::Own | Carry::Converted => {
            format!(", frame = \"32KiB\", quarantine = \"{quarantine}ms\"")
        }
        Carry::Http | Carry::Raw => String::new(),
    };
    writeln!(text, "timeout = \"{timeout}ms\"")?;
    // Connections retire now and then, whatever else happens to them.
    writeln!(text, "max-requests = 2_000")?;
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
