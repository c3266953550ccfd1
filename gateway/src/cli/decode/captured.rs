//! Messages of a capture: those of all its conversations, in the order of time.

use super::From;
use super::moment::Moment;
use super::reader::{Carrier, Failure, Reader, Recording};
use crate::cli::exit::{Exit, Outcome};
use crate::cli::output::{Format, print};
use crate::cli::report::{complain, note};
use crate::cli::view::Told;
use bytes::Bytes;
use gatewright_codecs::capture::{
    Conversations, Datagram, Flow, Gap, Opening, Packets, Skipped, conversations,
};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::fmt;
use std::net::SocketAddr;

/// What is asked of a capture.
pub(super) struct Captured<'a> {
    pub(super) reader: &'a dyn Reader,
    /// The server's port, if it was said.
    pub(super) port: Option<u16>,
    /// Whose messages are shown, if not both sides'.
    pub(super) from: Option<From>,
    pub(super) format: Format,
}

/// Who said something to whom.
#[derive(Clone, Copy, Debug)]
struct Way {
    transport: &'static str,
    from: SocketAddr,
    to: SocketAddr,
    /// Which of them is the client, if that can be told.
    sender: Option<From>,
}

/// A message and when it could be read.
struct Said {
    time: u64,
    way: Way,
    told: Told,
}

/// What could not be read.
struct Unread {
    way: Way,
    failure: Failure,
}

/// Everything that was read, and how many conversations were of another port.
#[derive(Default)]
struct Heard {
    said: Vec<Said>,
    unread: Vec<Unread>,
    elsewhere: usize,
}

impl Captured<'_> {
    /// Shows the messages of a capture.
    pub(super) fn tell(&self, file: Bytes) -> Outcome {
        let mut packets = Packets::new(file).map_err(|error| {
            complain(error);
            Exit::Findings
        })?;
        let all = conversations(packets.by_ref());
        let mut heard = Heard::default();
        self.streams(&all, &mut heard)?;
        self.datagrams(&all.datagrams, &mut heard)?;
        // The order of the capture decides among messages of one moment.
        heard.said.sort_by_key(|said| said.time);
        for said in &heard.said {
            print(self.shown(said))?;
        }
        for line in left_out(&all.skipped, heard.elsewhere) {
            note(format_args!("note: {line}"));
        }
        if !packets.is_whole() {
            note("note: the capture ends in the middle of a packet");
        }
        for unread in &heard.unread {
            self.refuse(unread);
        }
        if heard.said.is_empty() && heard.unread.is_empty() {
            complain("there is no message in the capture");
            return Err(Exit::Findings);
        }
        if heard.unread.is_empty() {
            Ok(())
        } else {
            Err(Exit::Findings)
        }
    }

    fn streams(&self, all: &Conversations, heard: &mut Heard) -> Outcome {
        let mut flows: Vec<(usize, Way, &Flow)> = Vec::new();
        for flow in &all.flows {
            let way = Way {
                transport: "tcp",
                from: flow.from,
                to: flow.to,
                sender: self.sender(flow.from, flow.to, flow.client),
            };
            if self.is_asked_for(way) {
                flows.push((flow.connection, way, flow));
            } else {
                heard.elsewhere += 1;
            }
        }
        // Replies may have to be read with something of their requests.
        flows.sort_by_key(|(connection, way, _)| (*connection, way.sender != Some(From::Client)));
        let mut last = None;
        for (connection, way, flow) in flows {
            if last.replace(connection) != Some(connection) {
                self.reader.forget();
            }
            self.stream(flow, way, heard)?;
        }
        self.reader.forget();
        Ok(())
    }

    fn stream(&self, flow: &Flow, way: Way, heard: &mut Heard) -> Outcome {
        let recording = Recording::stream(flow.bytes.clone(), way.sender);
        let read = self.reader.read(&recording, &mut |entry| {
            if self.shows(way) {
                heard.said.push(Said {
                    time: flow.time(entry.end),
                    way,
                    told: entry.told,
                });
            }
            Ok(())
        })?;
        if !self.shows(way) {
            return Ok(());
        }
        let mut failed = |failure| heard.unread.push(Unread { way, failure });
        if let (Opening::Missed, Err(_)) = (flow.opening, &read) {
            failed(Failure::of(
                "the capture begins in the middle of it",
                "missed-opening",
            ));
        }
        read.unwrap_or_else(&mut failed);
        if let Some(Gap { at, missing }) = flow.gap {
            let text =
                format!("{missing} bytes are missing behind byte {at}; nothing is read after them");
            failed(Failure::of(&text, "gap"));
        }
        Ok(())
    }

    fn datagrams(&self, all: &[Datagram], heard: &mut Heard) -> Outcome {
        // Whoever speaks first is the client.
        let mut clients: HashMap<[SocketAddr; 2], SocketAddr> = HashMap::new();
        for datagram in all {
            let ends = [
                datagram.from.min(datagram.to),
                datagram.from.max(datagram.to),
            ];
            let client = *clients.entry(ends).or_insert(datagram.from);
            let sender = self.sender(datagram.from, datagram.to, Some(client));
            let way = Way {
                transport: "udp",
                from: datagram.from,
                to: datagram.to,
                sender,
            };
            if !self.is_asked_for(way) {
                heard.elsewhere += 1;
                continue;
            }
            self.datagram(datagram, way, heard)?;
        }
        Ok(())
    }

    fn datagram(&self, datagram: &Datagram, way: Way, heard: &mut Heard) -> Outcome {
        let recording = Recording {
            bytes: datagram.payload.clone(),
            from: way.sender,
            carrier: Carrier::Datagram,
        };
        let read = self.reader.read(&recording, &mut |entry| {
            if self.shows(way) {
                heard.said.push(Said {
                    time: datagram.time,
                    way,
                    told: entry.told,
                });
            }
            Ok(())
        })?;
        if let (Err(failure), true) = (read, self.shows(way)) {
            heard.unread.push(Unread { way, failure });
        }
        Ok(())
    }

    /// Which side sent something: by the port that was said, by who began, by the lower port.
    fn sender(&self, from: SocketAddr, to: SocketAddr, client: Option<SocketAddr>) -> Option<From> {
        let is_server = match (self.port, client) {
            (Some(port), _) if (from.port() == port) != (to.port() == port) => from.port() == port,
            (_, Some(client)) => from != client,
            (_, None) if from.port() != to.port() => from.port() < to.port(),
            (_, None) => return None,
        };
        Some(if is_server {
            From::Server
        } else {
            From::Client
        })
    }

    /// Whether it is of a side whose messages are shown; the others are read for what replies need.
    fn shows(&self, way: Way) -> bool {
        self.from.is_none() || self.from == way.sender
    }

    fn is_asked_for(&self, way: Way) -> bool {
        self.port
            .is_none_or(|port| way.from.port() == port || way.to.port() == port)
    }

    fn shown(&self, said: &Said) -> String {
        let time = Moment(said.time);
        match (&said.told, self.format) {
            (Told::Json(message), _) => {
                let mut document = said.way.document();
                document["time"] = json!(time.to_string());
                document["message"] = message.clone();
                document.to_string()
            }
            (Told::Text(text), _) => format!("{time} {}\n{text}", said.way),
        }
    }

    fn refuse(&self, unread: &Unread) {
        let Unread { way, failure } = unread;
        match self.format {
            Format::Text => complain(format_args!("{way}: {}", failure.text)),
            Format::Json => {
                let mut document = way.document();
                document["error"] = failure.document["error"].clone();
                note(document);
            }
        }
    }
}

impl Way {
    fn document(&self) -> Value {
        json!({
            "transport": self.transport,
            "from": self.from.to_string(),
            "to": self.to.to_string(),
            "sender": self.sender.map(From::as_str),
        })
    }
}

/// `tcp 127.0.0.1:4000 > 127.0.0.1:7700 (client)`
impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} > {}", self.transport, self.from, self.to)?;
        match self.sender {
            Some(sender) => write!(f, " ({})", sender.as_str()),
            None => Ok(()),
        }
    }
}

/// What of the capture is not shown, one line a reason.
fn left_out(skipped: &Skipped, elsewhere: usize) -> Vec<String> {
    let reasons = [
        (
            skipped.fragments,
            "IP fragments, which are not put together",
        ),
        (
            skipped.cut_short,
            "datagrams of which only a part was captured",
        ),
        (
            skipped.others,
            "packets of other protocols than TCP and UDP",
        ),
        (skipped.unreadable, "packets that cannot be read as IP"),
        (elsewhere, "streams and datagrams of other ports"),
    ];
    let reasons = reasons.into_iter().filter(|(count, _)| *count > 0);
    reasons
        .map(|(count, what)| format!("left out: {count} {what}"))
        .collect()
}
