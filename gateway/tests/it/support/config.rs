//! Configurations, as text.

use std::fmt::Write as _;
use std::net::SocketAddr;

/// How the reply rules of [`Config::pos`] tell outcomes apart.
pub(crate) mod status {
    /// 2xx with an approval code.
    pub(crate) const APPROVED: u8 = 0;
    /// 402.
    pub(crate) const DECLINED: u8 = 51;
    /// No answer in time.
    pub(crate) const TIMEOUT: u8 = 91;
    /// Too much to do.
    pub(crate) const OVERLOAD: u8 = 95;
    /// Anything else.
    pub(crate) const FAILED: u8 = 96;
}

/// One configuration: a listener, an upstream, a route, and files beside them.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    protocol: &'static str,
    workers: usize,
    bind: String,
    urls: String,
    timeout: String,
    drain: Vec<String>,
    listener_limits: Vec<String>,
    listener_keys: Vec<String>,
    upstream_limits: Vec<String>,
    upstream_keys: Vec<String>,
    route: String,
    files: Vec<(String, String)>,
}

/// So long that no test ends well only because a request timed out.
const LONG: &str = "1h";

const AUTHORISE: &str = r#"
name = "authorise"
from = ["front"]
operation = "auth_req"
to = "backend"
request.post = "/v1/merchants/{merchant}/authorisations"
request.headers = { idempotency-key = "{merchant}-{seq:08x}" }
request.json = { pan = "{pan}", amount_minor = "{amount}", currency = "{currency}" }
reply = [
  { on = "2xx", send = "auth_rsp", set = { status = 0, code = "{json.approval_code}" } },
  { on = "402", send = "auth_rsp", set = { status = 51 } },
  { on = "timeout", send = "auth_rsp", set = { status = 91 } },
  { on = "overload", send = "auth_rsp", set = { status = 95 } },
  { on = "*", send = "auth_rsp", set = { status = 96 } },
]
"#;

const RESOLVE: &str = r#"
name = "resolve"
from = ["front"]
to = "backend"
request.post = "/dns-query"
request.headers = { content-type = "application/dns-message", accept = "application/dns-message" }
request.body = "{bytes}"
reply = [ { on = "200", bytes = "{body}" } ]
"#;

const FORWARD: &str = r#"
name = "forward"
from = ["front"]
to = "backend"
"#;

impl Config {
    /// The payment protocol in front of these backends. One worker, so that all clients share
    /// its connections.
    pub(crate) fn pos(urls: impl IntoIterator<Item = String>) -> Self {
        Self::new("pos", AUTHORISE, urls)
    }

    /// DNS in front of servers that speak it over HTTP.
    pub(crate) fn dns(urls: impl IntoIterator<Item = String>) -> Self {
        Self::new("dns", RESOLVE, urls)
    }

    /// A protocol in front of servers of the same protocol.
    pub(crate) fn forward(protocol: &'static str, urls: impl IntoIterator<Item = String>) -> Self {
        let mut config = Self::new(protocol, FORWARD, urls);
        config
            .upstream_keys
            .push(format!("protocol = \"{protocol}\""));
        config
    }

    /// HTTP in front of servers of HTTP/2.
    pub(crate) fn hand_on(urls: impl IntoIterator<Item = String>) -> Self {
        Self::new("http", FORWARD, urls)
    }

    /// A protocol in front of servers of another one, or of the same, with the rules of `route`.
    pub(crate) fn convert(
        protocol: &'static str,
        upstream: &str,
        urls: impl IntoIterator<Item = String>,
        route: &str,
    ) -> Self {
        let mut config = Self::new(protocol, &format!("{FORWARD}{route}"), urls);
        config
            .upstream_keys
            .push(format!("protocol = \"{upstream}\""));
        config
    }

    fn new(protocol: &'static str, route: &str, urls: impl IntoIterator<Item = String>) -> Self {
        Self {
            protocol,
            workers: 1,
            bind: "127.0.0.1:0".to_owned(),
            urls: format!("{:?}", urls.into_iter().collect::<Vec<_>>()),
            timeout: LONG.to_owned(),
            drain: Vec::new(),
            listener_limits: Vec::new(),
            listener_keys: Vec::new(),
            upstream_limits: Vec::new(),
            upstream_keys: Vec::new(),
            route: route.to_owned(),
            files: Vec::new(),
        }
    }

    /// The backends as TOML has them: with weights and priorities.
    pub(crate) fn endpoints(self, urls: String) -> Self {
        Self { urls, ..self }
    }

    pub(crate) fn workers(self, workers: usize) -> Self {
        Self { workers, ..self }
    }

    pub(crate) fn bind(self, address: SocketAddr) -> Self {
        Self {
            bind: address.to_string(),
            ..self
        }
    }

    /// The request timeout.
    pub(crate) fn timeout(self, time: &str) -> Self {
        Self {
            timeout: time.to_owned(),
            ..self
        }
    }

    /// How long requests in flight have once the gateway is told to stop.
    pub(crate) fn drain_deadline(mut self, time: &str) -> Self {
        self.drain.push(format!("deadline = \"{time}\""));
        self
    }

    /// A limit of the listener, its value as TOML has it.
    pub(crate) fn listener(mut self, key: &str, value: impl std::fmt::Display) -> Self {
        self.listener_limits.push(format!("{key} = {value}"));
        self
    }

    /// Any other key of the listener, its value as TOML has it.
    pub(crate) fn listener_key(mut self, key: &str, value: impl std::fmt::Display) -> Self {
        self.listener_keys.push(format!("{key} = {value}"));
        self
    }

    /// A file beside the configuration.
    pub(crate) fn file(mut self, name: &str, content: impl Into<String>) -> Self {
        self.files.push((name.to_owned(), content.into()));
        self
    }

    /// A limit of the upstream, its value as TOML has it.
    pub(crate) fn upstream(mut self, key: &str, value: impl std::fmt::Display) -> Self {
        self.upstream_limits.push(format!("{key} = {value}"));
        self
    }

    /// Any other key of the upstream, its value as TOML has it.
    pub(crate) fn upstream_key(mut self, key: &str, value: impl std::fmt::Display) -> Self {
        self.upstream_keys.push(format!("{key} = {value}"));
        self
    }

    /// How often what was certainly not carried out is tried, whatever the rate.
    pub(crate) fn attempts(self, attempts: u32) -> Self {
        self.upstream_key("retry.attempts", attempts)
            .upstream_key("retry.budget", "\"100%\"")
    }

    /// Trusts this authority, and no other, for the upstream.
    pub(crate) fn trusting(mut self, authority_pem: String) -> Self {
        self.files.push(("ca.pem".to_owned(), authority_pem));
        self.upstream_keys
            .push("tls = { ca = \"ca.pem\" }".to_owned());
        self
    }

    /// The same, and offers these protocols, a name or a list as TOML has it.
    pub(crate) fn trusting_for(mut self, authority_pem: String, alpn: &str) -> Self {
        self.files.push(("ca.pem".to_owned(), authority_pem));
        self.upstream_key("tls", format!("{{ ca = \"ca.pem\", alpn = {alpn} }}"))
    }

    /// Replaces a piece of the route.
    pub(crate) fn route(mut self, from: &str, to: &str) -> Self {
        assert!(self.route.contains(from), "the route has no {from:?}");
        self.route = self.route.replace(from, to);
        self
    }

    /// The files beside the configuration.
    pub(crate) fn files(&self) -> &[(String, String)] {
        &self.files
    }

    pub(crate) fn text(&self) -> String {
        let Self {
            protocol,
            workers,
            bind,
            urls,
            timeout,
            route,
            ..
        } = self;
        let mut text = format!("[gateway]\nworkers = {workers}\n");
        write!(text, "[admin]\nhttp = \"127.0.0.1:0\"\n").expect("text");
        write!(
            text,
            "[gateway.drain]\nspread = \"0s\"\n{}\n",
            self.drain.join("\n")
        )
        .expect("text");
        write!(text, "[protocols.{protocol}]\ncodec = \"{protocol}\"\n").expect("text");
        write!(
            text,
            "[listeners.front]\nbind = \"tcp://{bind}\"\nprotocol = \"{protocol}\"\n"
        )
        .expect("text");
        writeln!(text, "limits = {{ {} }}", self.listener_limits.join(", ")).expect("text");
        writeln!(text, "{}", self.listener_keys.join("\n")).expect("text");
        write!(
            text,
            "[upstreams.backend]\nurl = {urls}\ntimeout = \"{timeout}\"\n"
        )
        .expect("text");
        writeln!(text, "limits = {{ {} }}", self.upstream_limits.join(", ")).expect("text");
        write!(text, "{}\n[[routes]]{route}", self.upstream_keys.join("\n")).expect("text");
        text
    }
}
