//! The situations of RFC 9113 in which a client errs, or does what is rare and right, frame by frame:
//! what becomes of its stream and of its connection. Each has a connection of its own, and the
//! gateway serves others after all of them.

mod connection;
mod frames;
mod headers;
mod messages;
mod settings;
mod streams;

use crate::support::backend::{Action, Answer, Asked, Backend};
use crate::support::http2_wire::{
    DATA, GET, GOAWAY, HEADERS, PING, RST_STREAM, Raw, block, frame, get, is_status,
};
use crate::support::web::WebGateway;
use h2::Reason;
use std::time::Duration;
use tokio::time::timeout;

const PRIORITY: u8 = 2;
const PUSH_PROMISE: u8 = 5;
const CONTINUATION: u8 = 9;
const PADDED: u8 = 8;
const PRIORITISED: u8 = 0x20;

/// What a client sends after its preface and its SETTINGS, and what comes of it.
struct Situation {
    /// Of RFC 9113.
    section: &'static str,
    what: &'static str,
    sent: Vec<u8>,
    outcome: Outcome,
}

/// What the library says to all that it cannot read: the frame's size, the compression, names and
/// values of fields. RFC 9113, 5.4.2 and 7: an error of a stream may be taken for one of the connection,
/// and this code serves where a more specific one is not at hand.
const UNREADABLE: Outcome = Outcome::Connection(Reason::PROTOCOL_ERROR);

#[derive(Clone, Copy, Debug)]
enum Outcome {
    /// The connection ends, after a GOAWAY with this error code.
    Connection(Reason),
    /// This stream is reset, and the connection goes on.
    Stream(u32, Reason),
    /// This stream has an answer of that status, and the connection goes on.
    Answer(u32, &'static str),
    /// Nothing: the connection goes on.
    Nothing,
}

fn situation(
    section: &'static str,
    what: &'static str,
    sent: impl Into<Vec<u8>>,
    outcome: Outcome,
) -> Situation {
    let sent = sent.into();
    Situation {
        section,
        what,
        sent,
        outcome,
    }
}

/// Frames, one after the other.
fn frames<const N: usize>(frames: [Vec<u8>; N]) -> Vec<u8> {
    frames.concat()
}

/// A request whose body is still to come.
fn post(stream: u32, more: &[(&str, &str)]) -> Vec<u8> {
    let mut fields = [&GET[..], more].concat();
    fields[0].1 = "POST";
    frame(HEADERS, 4, stream, &block(&fields))
}

/// Its end.
fn last_data(stream: u32, bytes: &[u8]) -> Vec<u8> {
    frame(DATA, 1, stream, bytes)
}

fn reset(stream: u32) -> Vec<u8> {
    let reason = u32::from(Reason::CANCEL).to_be_bytes();
    frame(RST_STREAM, 0, stream, &reason)
}

const LAST: &[u8; 8] = b"the last";

impl Situation {
    /// What is said about it, up to what is expected.
    async fn hold(&self, gateway: &WebGateway) -> Result<(), String> {
        let mut raw = Raw::connect(gateway, &[]).await;
        // A peer that has ended takes no more.
        let _ = raw.try_send(&self.sent).await;
        let expected = match self.outcome {
            Outcome::Connection(reason) => {
                let end = raw.end().await;
                return (end == Some(reason))
                    .then_some(())
                    .ok_or_else(|| format!("ended with {end:?}"));
            }
            Outcome::Stream(stream, reason) => {
                let code = u32::from(reason).to_be_bytes().to_vec();
                Some((RST_STREAM, stream, code))
            }
            Outcome::Answer(stream, status) => Some((HEADERS, stream, status.into())),
            Outcome::Nothing => None,
        };
        if let Some(expected) = expected {
            raw.until(&expected).await?;
        }
        let _ = raw.try_send(&frame(PING, 0, 0, LAST)).await;
        raw.until(&(PING, 0, LAST.to_vec())).await
    }
}

impl Raw {
    /// Reads up to that frame, which is the first that tells of a stream or of the connection.
    async fn until(&mut self, expected: &(u8, u32, Vec<u8>)) -> Result<(), String> {
        let (kind, stream, payload) = expected;
        while let Some(next) = self.next().await {
            let is_it = next.0 == *kind && next.2 == *stream;
            let says_it = match next.0 {
                HEADERS => {
                    std::str::from_utf8(payload).is_ok_and(|status| is_status(&next.3, status))
                }
                _ => next.3 == *payload,
            };
            match next.0 {
                _ if is_it && says_it => return Ok(()),
                HEADERS | RST_STREAM | GOAWAY => {
                    let (kind, flags, stream, payload) = next;
                    return Err(format!(
                        "frame {kind}, flags {flags}, of stream {stream}: {payload:02x?}"
                    ));
                }
                _ => {}
            }
        }
        Err("ended".to_owned())
    }
}

fn echo(asked: &Asked) -> Action {
    Action::Answer(Answer::status(200).body(asked.body.clone()))
}

/// Puts each to a gateway, and tells of all that are not as they should be.
async fn hold(situations: Vec<Situation>) {
    let backend = Backend::scripted(echo).start().await;
    let gateway = WebGateway::start(&backend.url(), "in-flight = 10, frame = \"64KiB\"", "").await;
    let mut wrong = Vec::new();
    for situation in &situations {
        let held = timeout(Duration::from_secs(10), situation.hold(&gateway)).await;
        if let Err(said) = held.unwrap_or_else(|_| Err("nothing for long".to_owned())) {
            let Situation {
                section,
                what,
                outcome,
                ..
            } = situation;
            wrong.push(format!("{section}, {what}: not {outcome:?}, but {said}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let good = situation(
        "8.1",
        "a good request",
        get(1, &[]),
        Outcome::Answer(1, "200"),
    );
    assert_eq!(good.hold(&gateway).await, Ok(()), "it serves others");
}
