//! Who said what to whom: streams and datagrams.

use super::ip::{Content, Segment, content};
use super::link::{Carried, unwrap};
use super::packets::Packet;
use super::reassembly::Reassembly;
use bytes::Bytes;
use std::collections::HashMap;
use std::net::SocketAddr;

/// One direction of a TCP connection.
#[derive(Clone, Debug)]
pub struct Flow {
    /// Which connection: both directions of one have the same number.
    pub connection: usize,
    /// Who sent it.
    pub from: SocketAddr,
    /// To whom.
    pub to: SocketAddr,
    /// Who opened the connection, if that was captured.
    pub client: Option<SocketAddr>,
    /// Its bytes, up to the first that were not captured.
    pub bytes: Bytes,
    /// Since when so many of them could be read, in nanoseconds since 1970. Both ascend.
    pub times: Vec<(usize, u64)>,
    /// Whether its first byte is the first that was sent.
    pub opening: Opening,
    /// Where it stops although more was captured.
    pub gap: Option<Gap>,
}

impl Flow {
    /// Since when the first `end` bytes could be read.
    #[must_use]
    pub fn time(&self, end: usize) -> u64 {
        let at = self.times.partition_point(|(reach, _)| *reach < end);
        let time = self.times.get(at).or_else(|| self.times.last());
        time.map_or(0, |(_, time)| *time)
    }
}

/// Whether the beginning of a direction was captured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opening {
    /// It was.
    Seen,
    /// The capture began later: the first byte may be in the middle of a message.
    Missed,
}

/// Bytes that were not captured. Nothing behind them is read: nobody knows where the next message
/// begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// How many bytes come before it.
    pub at: usize,
    /// How many bytes are missing.
    pub missing: u64,
}

/// A UDP datagram.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Datagram {
    /// When, in nanoseconds since 1970.
    pub time: u64,
    /// Who sent it.
    pub from: SocketAddr,
    /// To whom.
    pub to: SocketAddr,
    /// Its payload.
    pub payload: Bytes,
}

/// How many packets are in no conversation, by reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Skipped {
    /// IP fragments, which are not put together.
    pub fragments: usize,
    /// Datagrams of which only a part was captured.
    pub cut_short: usize,
    /// Other protocols than TCP and UDP.
    pub others: usize,
    /// Link types that are not read, or headers that contradict themselves.
    pub unreadable: usize,
}

/// Everything that was said.
#[derive(Clone, Debug, Default)]
pub struct Conversations {
    /// The directions of TCP connections that have bytes, in the order in which connections began.
    pub flows: Vec<Flow>,
    /// UDP datagrams, in the order of the capture.
    pub datagrams: Vec<Datagram>,
    /// What is left out.
    pub skipped: Skipped,
}

/// Sorts packets into conversations.
#[must_use]
pub fn conversations(packets: impl Iterator<Item = Packet>) -> Conversations {
    let mut sorter = Sorter::default();
    for packet in packets {
        sorter.take(&packet);
    }
    sorter.finish()
}

/// Both ends of a connection, the lesser first.
type Ends = [SocketAddr; 2];

#[derive(Clone, Debug)]
struct Connection {
    ends: Ends,
    client: Option<SocketAddr>,
    directions: [Reassembly; 2],
}

#[derive(Debug, Default)]
struct Sorter {
    connections: Vec<Connection>,
    /// The latest connection between two ends.
    latest: HashMap<Ends, usize>,
    datagrams: Vec<Datagram>,
    skipped: Skipped,
}

impl Sorter {
    fn take(&mut self, packet: &Packet) {
        let content = match unwrap(packet.link, &packet.data) {
            Carried::Ip(ip) => content(&ip),
            Carried::Other => Content::Other,
            Carried::Unreadable => Content::Malformed,
        };
        let reason = match content {
            Content::Segment(segment) => return self.segment(segment, packet.time),
            Content::Datagram {
                from,
                to,
                payload,
                whole: true,
            } => {
                let time = packet.time;
                return self.datagrams.push(Datagram {
                    time,
                    from,
                    to,
                    payload,
                });
            }
            Content::Datagram { whole: false, .. } => &mut self.skipped.cut_short,
            Content::Fragment => &mut self.skipped.fragments,
            Content::Other => &mut self.skipped.others,
            Content::Malformed => &mut self.skipped.unreadable,
        };
        *reason = reason.saturating_add(1);
    }

    fn segment(&mut self, segment: Segment, time: u64) {
        let ends = [segment.from.min(segment.to), segment.from.max(segment.to)];
        let side = usize::from(segment.from != ends[0]);
        let known = self.latest.get(&ends).copied();
        let known = known.filter(|at| !self.begins_anew(*at, side, &segment));
        let at = known.unwrap_or_else(|| {
            self.connections.push(Connection {
                ends,
                client: None,
                directions: Default::default(),
            });
            self.connections.len().saturating_sub(1)
        });
        self.latest.insert(ends, at);
        let Some(connection) = self.connections.get_mut(at) else {
            return;
        };
        if segment.syn {
            let client = if segment.ack {
                segment.to
            } else {
                segment.from
            };
            connection.client = Some(client);
        }
        // A reset has no place in the stream, and its payload is not the application's.
        if let (Some(direction), false) = (connection.directions.get_mut(side), segment.rst) {
            direction.add(segment.sequence, segment.syn, time, segment.payload);
        }
    }

    /// Whether a segment is the first of a new connection between ends that had one before: a SYN
    /// with another number than the last.
    fn begins_anew(&self, at: usize, side: usize, segment: &Segment) -> bool {
        let connection = self.connections.get(at);
        let direction = connection.and_then(|connection| connection.directions.get(side));
        let before = direction.and_then(|direction| direction.syn);
        segment.syn && !segment.ack && before != Some(segment.sequence)
    }

    fn finish(self) -> Conversations {
        let mut flows = Vec::new();
        for (connection, both) in self.connections.into_iter().enumerate() {
            let Connection {
                ends: [a, b],
                client,
                directions,
            } = both;
            let ways = [(a, b), (b, a)].into_iter().zip(directions);
            let ways = ways.map(|((from, to), direction)| {
                let stream = direction.finish();
                Flow {
                    connection,
                    from,
                    to,
                    client,
                    bytes: stream.bytes,
                    times: stream.times,
                    opening: stream.opening,
                    gap: stream.gap,
                }
            });
            flows.extend(ways.filter(|flow| !flow.bytes.is_empty() || flow.gap.is_some()));
        }
        Conversations {
            flows,
            datagrams: self.datagrams,
            skipped: self.skipped,
        }
    }
}
