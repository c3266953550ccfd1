//! What a run consists of: modes, the phases of each, and the groups of clients of each phase.

use crate::config::DEFINED;
use crate::hostile::{Deed, Forges, HOSTILE, Hostile};
use crate::verdict::Tolerance;
use crate::wire::{Dns, Headed, Json, Order, Pos, PosInResp, Resp, Whole, Wire};
use std::time::Duration;

/// A way through the gateway.
#[derive(Debug)]
pub(crate) struct Mode {
    pub(crate) name: &'static str,
    /// What clients speak.
    pub(crate) wire: &'static dyn Wire,
    /// What servers speak, but for the framing of HTTP/2.
    pub(crate) served: &'static dyn Wire,
    pub(crate) protocol: &'static str,
    pub(crate) carry: Carry,
    pub(crate) scheme: Scheme,
    /// Whether clients speak HTTP/2.
    pub(crate) streams: bool,
}

/// The name of the groups to which nothing may happen.
pub(crate) const WITNESS: &str = "witness";

/// How requests are carried to servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Carry {
    Shared,
    Exclusive,
    /// Each request on a connection that carries no other one.
    Single,
    /// Shared, but for requests that need a connection of their own, and clients that have come
    /// to need one: those are relayed to from then on.
    Own,
    /// As a request of HTTP that rules make.
    Http,
    /// Each client's bytes as they are, on a connection of its own.
    Raw,
    /// As messages of another protocol.
    Converted,
    /// As messages of another protocol, for clients that speak HTTP.
    Rest,
    /// Requests of HTTP as they come, and their answers.
    Proxied,
}

/// What is spoken below the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scheme {
    Tcp,
    Tls,
    Quic,
    Http,
    H2c,
    Https,
}

impl Scheme {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Tls => "tls",
            Self::Quic => "quic",
            Self::Http => "http",
            Self::H2c => "h2c",
            Self::Https => "https",
        }
    }

    /// The same with TLS.
    pub(crate) const fn secured(self) -> Self {
        match self {
            Self::Tcp | Self::Tls => Self::Tls,
            Self::Quic => Self::Quic,
            Self::Http | Self::H2c | Self::Https => Self::Https,
        }
    }

    pub(crate) const fn is_http2(self) -> bool {
        matches!(self, Self::H2c | Self::Https)
    }
}

impl Mode {
    const fn new(
        name: &'static str,
        wire: &'static dyn Wire,
        protocol: &'static str,
        carry: Carry,
        scheme: Scheme,
    ) -> Self {
        Self {
            name,
            wire,
            served: wire,
            protocol,
            carry,
            scheme,
            streams: false,
        }
    }

    const fn becoming(self, served: &'static dyn Wire) -> Self {
        Self { served, ..self }
    }

    /// The same for clients of HTTP/2.
    const fn over_http2(self) -> Self {
        Self {
            streams: true,
            ..self
        }
    }
}

const RESP: &Resp = &Resp { own: false };
const RESP_OWN: &Resp = &Resp { own: true };

/// All of them.
pub(crate) static MODES: [Mode; 26] = [
    Mode::new("pos-shared", &Pos, "pos", Carry::Shared, Scheme::Tcp),
    Mode::new("pos-exclusive", &Pos, "pos", Carry::Exclusive, Scheme::Tcp),
    Mode::new("defined-shared", &Pos, DEFINED, Carry::Shared, Scheme::Tcp),
    Mode::new("pos-tls", &Pos, "pos", Carry::Shared, Scheme::Tls),
    Mode::new("pos-quic", &Pos, "pos", Carry::Shared, Scheme::Quic),
    Mode::new("pos-quic-each", &Pos, "pos", Carry::Single, Scheme::Quic),
    Mode::new("resp-shared", RESP, "resp", Carry::Shared, Scheme::Tcp),
    Mode::new(
        "resp-exclusive",
        RESP,
        "resp",
        Carry::Exclusive,
        Scheme::Tcp,
    ),
    Mode::new("resp-own", RESP_OWN, "resp", Carry::Own, Scheme::Tcp),
    Mode::new("dns-shared", &Dns, "dns", Carry::Shared, Scheme::Tcp),
    Mode::new("dns-exclusive", &Dns, "dns", Carry::Exclusive, Scheme::Tcp),
    Mode::new("pos-to-resp", &Pos, "pos", Carry::Converted, Scheme::Tcp).becoming(&PosInResp),
    Mode::new("pos-h2c", &Pos, "pos", Carry::Http, Scheme::H2c),
    Mode::new("pos-https", &Pos, "pos", Carry::Http, Scheme::Https),
    Mode::new("defined-h2c", &Pos, DEFINED, Carry::Http, Scheme::H2c),
    Mode::new("pos-http1", &Pos, "pos", Carry::Converted, Scheme::Http).becoming(&Headed),
    Mode::new("rest-to-pos", &Json, "http", Carry::Rest, Scheme::Tcp).becoming(&Pos),
    Mode::new("http1-http1", &Whole, "http", Carry::Proxied, Scheme::Http),
    Mode::new("http1-h2c", &Whole, "http", Carry::Proxied, Scheme::H2c),
    Mode::new("rest-h2c-to-pos", &Json, "http", Carry::Rest, Scheme::Tcp)
        .becoming(&Pos)
        .over_http2(),
    Mode::new("h2c-http1", &Whole, "http", Carry::Proxied, Scheme::Http).over_http2(),
    Mode::new("h2c-h2c", &Whole, "http", Carry::Proxied, Scheme::H2c).over_http2(),
    Mode::new("raw-pos", &Pos, "raw", Carry::Raw, Scheme::Tcp),
    Mode::new("raw-resp", RESP, "raw", Carry::Raw, Scheme::Tcp),
    Mode::new("raw-tls", RESP, "raw", Carry::Raw, Scheme::Tls),
    Mode::new("raw-quic", &Pos, "raw", Carry::Raw, Scheme::Quic),
];

/// A part of a mode's run, with a gateway of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    /// No faults.
    Plain,
    /// Clients leave at any byte; some read nothing.
    Cancel,
    /// Servers are killed and come back.
    Kill,
    /// The gateway is told to end, and another one takes its place.
    Drain,
    /// What is between clients, gateway and servers spoils connections.
    Chaos,
    /// Servers lie.
    Hostile,
}

impl Phase {
    pub(crate) const ALL: [Self; 6] = [
        Self::Plain,
        Self::Cancel,
        Self::Kill,
        Self::Drain,
        Self::Chaos,
        Self::Hostile,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Cancel => "cancel",
            Self::Kill => "kill",
            Self::Drain => "drain",
            Self::Chaos => "chaos",
            Self::Hostile => "hostile",
        }
    }

    /// How much of a mode's requests, in percent.
    const fn share(self) -> usize {
        match self {
            Self::Plain | Self::Cancel => 25,
            Self::Kill => 20,
            Self::Drain => 8,
            Self::Chaos => 7,
            Self::Hostile => 15,
        }
    }
}

/// Clients that do the same through one listener to one upstream.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    pub(crate) name: &'static str,
    pub(crate) requests: usize,
    pub(crate) clients: usize,
    pub(crate) depth: usize,
    pub(crate) servers: usize,
    pub(crate) hostile: Option<&'static Hostile>,
    pub(crate) leaves: Option<usize>,
    /// Whether one client more reads nothing.
    pub(crate) mute: bool,
    pub(crate) chaos: bool,
    /// How often a server is killed.
    pub(crate) kills: Option<Duration>,
    /// The gateway's time limit for a request.
    pub(crate) timeout: Duration,
    /// The clients'.
    pub(crate) patience: Duration,
    pub(crate) least: Duration,
    pub(crate) tolerance: Tolerance,
}

impl Group {
    /// Nothing goes wrong here.
    const fn good(name: &'static str, requests: usize, clients: usize) -> Self {
        Self {
            name,
            requests,
            clients,
            depth: 32,
            servers: 2,
            hostile: None,
            leaves: None,
            mute: false,
            chaos: false,
            kills: None,
            timeout: Duration::from_secs(30),
            patience: Duration::from_secs(45),
            least: Duration::ZERO,
            tolerance: Tolerance::STRICT,
        }
    }

    fn killed(requests: usize, every: Duration) -> Self {
        Self {
            servers: 3,
            leaves: Some(64),
            kills: Some(every),
            timeout: Duration::from_secs(3),
            patience: Duration::from_secs(20),
            least: every * 4,
            tolerance: Tolerance {
                failures: true,
                ..Tolerance::STRICT
            },
            ..Self::good("killed", requests, 32)
        }
    }

    fn drained(requests: usize, every: Duration) -> Self {
        Self {
            least: every * 3,
            tolerance: Tolerance {
                drains: true,
                ..Tolerance::STRICT
            },
            ..Self::good("drained", requests, 32)
        }
    }

    fn spoilt(requests: usize) -> Self {
        Self {
            leaves: Some(64),
            chaos: true,
            timeout: Duration::from_secs(2),
            patience: Duration::from_secs(20),
            tolerance: Tolerance {
                failures: true,
                closings: true,
                ..Tolerance::STRICT
            },
            ..Self::good("spoilt", requests, 32)
        }
    }

    fn lied_to(hostile: &'static Hostile, requests: usize, order: Order) -> Self {
        let forgeries = match hostile.forges {
            Forges::Always => true,
            Forges::ByOrder => order == Order::Requests,
            Forges::Nothing | Forges::AllFails | Forges::Harmless => false,
        };
        let harmless = hostile.forges == Forges::Harmless;
        let timeout = if harmless { 30_000 } else { 400 };
        Self {
            depth: 16,
            servers: 1,
            hostile: Some(hostile),
            timeout: Duration::from_millis(timeout),
            patience: Duration::from_secs(40),
            tolerance: Tolerance {
                failures: !harmless,
                forgeries,
                answers: hostile.forges != Forges::AllFails,
                ..Tolerance::STRICT
            },
            ..Self::good(hostile.name, requests, 8)
        }
    }

    /// A relay has no words for a failure, nor has an answer of which the beginning is on its way:
    /// the connection ends.
    const fn relay(&mut self, words: bool) {
        self.tolerance.closings |= self.tolerance.failures || self.tolerance.drains && !words;
        self.tolerance.failures &= words;
    }

    /// Those who must not notice what happens to others.
    const fn witness(requests: usize) -> Self {
        Self::good(WITNESS, requests, 4)
    }
}

/// The groups of a phase that may take so many requests of a mode.
pub(crate) fn groups(phase: Phase, mode: &Mode, requests: usize, kills: Duration) -> Vec<Group> {
    let requests = requests * phase.share() / 100;
    let raw = matches!(mode.carry, Carry::Raw | Carry::Own);
    let streamed = mode.carry == Carry::Proxied;
    let mut groups = match phase {
        Phase::Plain => vec![Group::good("plain", requests, 32)],
        Phase::Cancel => vec![
            Group {
                leaves: Some(4),
                mute: true,
                ..Group::good("leaving", requests * 9 / 10, 32)
            },
            Group::witness(requests / 10),
        ],
        Phase::Kill => vec![
            Group::killed(requests * 9 / 10, kills),
            Group::witness(requests / 10),
        ],
        Phase::Drain => vec![Group::drained(requests, kills)],
        Phase::Chaos => vec![
            Group::spoilt(requests * 9 / 10),
            Group::witness(requests / 10),
        ],
        Phase::Hostile => {
            // HTTP/1.1 is spoken to servers without TLS only.
            let none = mode.scheme == Scheme::Http;
            let rows = HOSTILE.iter().filter(|row| !raw || row.shows_in_raw());
            let rows = rows.filter(|row| !none || row.deed != Deed::Plaintext);
            let each = requests / (rows.clone().count() + 1);
            let order = mode.served.order();
            let lied_to = rows.map(|row| Group::lied_to(row, each, order));
            lied_to.chain([Group::witness(each)]).collect()
        }
    };
    if raw || streamed {
        let words = mode.carry != Carry::Raw;
        groups.iter_mut().for_each(|group| group.relay(words));
    }
    groups
}
