//! A client that floods, on one connection after the other.

use super::frames::{GOAWAY, HEADERS, hello};
use super::kinds::{Flood, Sender};
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

/// So many bytes are sent at a time.
const CHUNK: usize = 16 << 10;

/// What all of its connections saw.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) connections: usize,
    /// Those that the gateway ended.
    pub(super) ended: usize,
    /// How long the one lived that was ended last of all.
    pub(super) longest: Duration,
    pub(super) sent: u64,
    /// Requests that were answered with a head of whatever status.
    pub(super) answered: u64,
    /// The last code of a GOAWAY.
    pub(super) goaway: Option<u32>,
}

/// What comes back on one connection.
#[derive(Debug, Default)]
struct Heard {
    answered: u64,
    goaway: Option<u32>,
}

impl Flood {
    /// Floods until then.
    pub(super) async fn run(&self, front: SocketAddr, until: Instant) -> Seen {
        let mut seen = Seen::default();
        while Instant::now() < until {
            let Ok(tcp) = TcpStream::connect(front).await else {
                tokio::time::sleep(Duration::from_millis(1)).await;
                continue;
            };
            seen.connections += 1;
            let began = Instant::now();
            let (read, write) = tcp.into_split();
            let heard = async {
                if self.reads {
                    listen(read).await
                } else {
                    // It is kept: to close it would be another attack.
                    let _read = read;
                    std::future::pending().await
                }
            };
            let mut sent = 0;
            let flooding = self.send(write, &mut sent);
            let both = async {
                tokio::select! {
                    () = flooding => Heard::default(),
                    heard = heard => heard,
                }
            };
            let ended = tokio::time::timeout_at(until.into(), both).await;
            seen.sent += sent;
            if let Ok(heard) = ended {
                seen.ended += 1;
                seen.longest = seen.longest.max(began.elapsed());
                seen.answered += heard.answered;
                seen.goaway = heard.goaway.or(seen.goaway);
            }
        }
        seen
    }

    /// Sends until nobody takes it. Who reads hears of the end there, and is asked for it.
    async fn send(&self, mut to: OwnedWriteHalf, sent: &mut u64) {
        let mut sender = Sender {
            out: hello(self.settings),
            // Behind which the first stream is 1.
            stream: 0,
        };
        (self.begin)(&mut sender);
        loop {
            while sender.out.len() < CHUNK {
                let before = sender.out.len();
                (self.again)(&mut sender);
                if sender.out.len() == before {
                    break;
                }
            }
            if sender.out.is_empty() {
                std::future::pending::<()>().await;
            }
            if to.write_all(&sender.out).await.is_err() {
                break;
            }
            *sent += sender.out.len() as u64;
            sender.out.clear();
        }
        if self.reads {
            std::future::pending::<()>().await;
        }
    }
}

/// Reads to the end.
async fn listen(mut from: OwnedReadHalf) -> Heard {
    let mut heard = Heard::default();
    let mut buffer = Vec::new();
    // A reset is an end, too.
    while from.read_buf(&mut buffer).await.is_ok_and(|read| read > 0) {
        let mut at = 0;
        while let Some(length) = whole(&buffer[at..]) {
            match buffer[at + 3] {
                HEADERS => heard.answered += 1,
                GOAWAY => {
                    let code = buffer[at + 13..at + 17].first_chunk();
                    heard.goaway = code.copied().map(u32::from_be_bytes);
                }
                _ => {}
            }
            at += length;
        }
        buffer.drain(..at);
    }
    heard
}

/// The length of the frame in front, once all of it is there.
fn whole(bytes: &[u8]) -> Option<usize> {
    let [one, two, three, ..] = bytes else {
        return None;
    };
    let payload = u32::from_be_bytes([0, *one, *two, *three]) as usize;
    (bytes.len() >= 9 + payload).then_some(9 + payload)
}
