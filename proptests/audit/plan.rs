//! What a run consists of: modes, the phases of each, and the groups of clients of each phase.

use crate::hostile::{Forges, HOSTILE, Hostile};
use crate::verdict::Tolerance;
use crate::wire::{Dns, Order, Pos, PosInResp, Resp, Wire};
use std::time::Duration;

/// A way through the gateway.
#[derive(Debug)]
pub(crate) struct Mode {
    pub(crate) name: &'static str,
    pub(crate) wire: &'static dyn Wire,
    pub(crate) protocol: &'static str,
    pub(crate) carry: Carry,
    /// Whether TLS is spoken to servers.
    pub(crate) tls: bool,
}

/// The name of the groups to which nothing may happen.
pub(crate) const WITNESS: &str = "witness";

/// How requests are carried to servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Carry {
    Shared,
    Exclusive,
    /// Shared, but for requests that need a connection of their own, and clients that have come
    /// to need one: those are relayed to from then on.
    Own,
    Http,
    /// Each client's bytes as they are, on a connection of its own.
    Raw,
    /// As messages of another protocol.
    Converted,
}

impl Mode {
    /// What servers speak, but for HTTP/2.
    pub(crate) const fn served(&self) -> &'static dyn Wire {
        match self.carry {
            Carry::Converted => &PosInResp,
            Carry::Shared | Carry::Exclusive | Carry::Own | Carry::Http | Carry::Raw => self.wire,
        }
    }
}

const fn mode(
    name: &'static str,
    wire: &'static dyn Wire,
    protocol: &'static str,
    carry: Carry,
    tls: bool,
) -> Mode {
    Mode {
        name,
        wire,
        protocol,
        carry,
        tls,
    }
}

/// All of them.
pub(crate) static MODES: [Mode; 14] = [
    mode("pos-shared", &Pos, "pos", Carry::Shared, false),
    mode("pos-exclusive", &Pos, "pos", Carry::Exclusive, false),
    mode("pos-tls", &Pos, "pos", Carry::Shared, true),
    mode(
        "resp-shared",
        &Resp { own: false },
        "resp",
        Carry::Shared,
        false,
    ),
    mode(
        "resp-exclusive",
        &Resp { own: false },
        "resp",
        Carry::Exclusive,
        false,
    ),
    mode("resp-own", &Resp { own: true }, "resp", Carry::Own, false),
    mode("dns-shared", &Dns, "dns", Carry::Shared, false),
    mode("dns-exclusive", &Dns, "dns", Carry::Exclusive, false),
    mode("pos-to-resp", &Pos, "pos", Carry::Converted, false),
    mode("pos-h2c", &Pos, "pos", Carry::Http, false),
    mode("pos-https", &Pos, "pos", Carry::Http, true),
    mode("raw-pos", &Pos, "raw", Carry::Raw, false),
    mode("raw-resp", &Resp { own: false }, "raw", Carry::Raw, false),
    mode("raw-tls", &Resp { own: false }, "raw", Carry::Raw, true),
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
    /// What is between clients, gateway and servers spoils connections.
    Chaos,
    /// Servers lie.
    Hostile,
}

impl Phase {
    pub(crate) const ALL: [Self; 5] = [
        Self::Plain,
        Self::Cancel,
        Self::Kill,
        Self::Chaos,
        Self::Hostile,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Cancel => "cancel",
            Self::Kill => "kill",
            Self::Chaos => "chaos",
            Self::Hostile => "hostile",
        }
    }

    /// How much of a mode's requests, in percent.
    const fn share(self) -> usize {
        match self {
            Self::Plain | Self::Cancel | Self::Kill => 25,
            Self::Chaos => 10,
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
                closings: false,
                forgeries,
                answers: hostile.forges != Forges::AllFails,
            },
            ..Self::good(hostile.name, requests, 8)
        }
    }

    /// A relay has no words for a failure: it ends the connection.
    const fn relay(&mut self, words: bool) {
        self.tolerance.closings |= self.tolerance.failures;
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
        Phase::Chaos => vec![
            Group::spoilt(requests * 9 / 10),
            Group::witness(requests / 10),
        ],
        Phase::Hostile => {
            let rows = HOSTILE.iter().filter(|row| !raw || row.shows_in_raw());
            let each = requests / (rows.clone().count() + 1);
            let order = mode.served().order();
            let lied_to = rows.map(|row| Group::lied_to(row, each, order));
            lied_to.chain([Group::witness(each)]).collect()
        }
    };
    if raw {
        let words = mode.carry == Carry::Own;
        groups.iter_mut().for_each(|group| group.relay(words));
    }
    groups
}
