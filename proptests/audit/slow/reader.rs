//! Clients that read slowly, and those that do not.

use super::LONG;
use super::server::byte;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::watch;

/// What the readers do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    Slowly,
    Fast,
}

/// What a slow reader takes at a time, and how long it is idle then.
pub(super) const SIP: usize = 512;
pub(super) const PAUSE: Duration = Duration::from_millis(250);
/// So little lies in the reader's kernel.
const RECEIVE_BUFFER: u32 = 4 << 10;
/// Of a small answer.
const SHORT: usize = 64;
/// A read that takes longer brings nothing more.
const PATIENCE: Duration = Duration::from_secs(60);

/// Asks for a long answer, reads it slowly, at the end fast, and compares each byte.
pub(super) async fn read(
    front: SocketAddr,
    number: usize,
    mut reading: watch::Receiver<Reading>,
    answered: Arc<AtomicUsize>,
) -> Result<(), String> {
    let told = |error: io::Error| format!("reader {number}: {error}");
    let socket = TcpSocket::new_v4().map_err(told)?;
    socket.set_recv_buffer_size(RECEIVE_BUFFER).map_err(told)?;
    let mut tcp = socket.connect(front).await.map_err(told)?;
    ask(&mut tcp, "slow", number, LONG).await.map_err(told)?;
    let mut answer = Answer::new(number, LONG);
    answer.read(&mut tcp, SIP).await.map_err(told)?;
    answered.fetch_add(1, Ordering::Relaxed);
    while !answer.is_whole() {
        let slow = *reading.borrow_and_update() == Reading::Slowly;
        let most = if slow { SIP } else { 64 << 10 };
        answer.read(&mut tcp, most).await.map_err(told)?;
        if slow {
            // Whoever tells them all to go on is not waited for.
            let _ = tokio::time::timeout(PAUSE, reading.changed()).await;
        }
    }
    Ok(())
}

async fn ask(tcp: &mut TcpStream, to: &str, number: usize, length: usize) -> io::Result<()> {
    let request = format!("GET /{to}/{number}/{length} HTTP/1.1\r\nhost: audit\r\n\r\n");
    tcp.write_all(request.as_bytes()).await
}

/// An answer as far as it was read.
struct Answer {
    number: usize,
    length: usize,
    head: Vec<u8>,
    /// So much of the body was right.
    at: Option<usize>,
}

impl Answer {
    const fn new(number: usize, length: usize) -> Self {
        Self {
            number,
            length,
            head: Vec::new(),
            at: None,
        }
    }

    fn is_whole(&self) -> bool {
        self.at == Some(self.length)
    }

    async fn read(&mut self, tcp: &mut TcpStream, most: usize) -> io::Result<()> {
        let mut buffer = vec![0; most];
        let read = tokio::time::timeout(PATIENCE, tcp.read(&mut buffer)).await??;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let bytes = &buffer[..read];
        match self.at {
            Some(at) => self.compare(at, bytes),
            None => {
                self.head.extend_from_slice(bytes);
                let Some(end) = self.head.windows(4).position(|four| four == b"\r\n\r\n") else {
                    return Ok(());
                };
                if !self.head.starts_with(b"HTTP/1.1 200 ") {
                    let head = self.head.escape_ascii().to_string();
                    return Err(io::Error::other(head));
                }
                let body = self.head.split_off(end + 4);
                self.compare(0, &body)
            }
        }
    }

    fn compare(&mut self, at: usize, bytes: &[u8]) -> io::Result<()> {
        let right = (at..).zip(bytes).all(|(at, b)| *b == byte(self.number, at));
        if !right || at + bytes.len() > self.length {
            return Err(io::Error::other(format!("a wrong byte behind {at}")));
        }
        self.at = Some(at + bytes.len());
        Ok(())
    }
}

/// Asks for short answers for a while, one after the other.
pub(crate) async fn ask_for(
    front: SocketAddr,
    number: usize,
    time: Duration,
) -> Result<Latencies, String> {
    let told = |error: io::Error| format!("good client {number}: {error}");
    let mut tcp = TcpStream::connect(front).await.map_err(told)?;
    let _ = tcp.set_nodelay(true);
    let began = Instant::now();
    let mut all = Latencies::default();
    while began.elapsed() < time {
        let asked = Instant::now();
        ask(&mut tcp, "good", number, SHORT).await.map_err(told)?;
        let mut answer = Answer::new(number, SHORT);
        while !answer.is_whole() {
            answer.read(&mut tcp, 4 << 10).await.map_err(told)?;
        }
        all.0.push(asked.elapsed());
    }
    Ok(all)
}

/// How long answers took.
#[derive(Debug, Default)]
pub(crate) struct Latencies(Vec<Duration>);

impl Latencies {
    pub(crate) fn add(&mut self, mut other: Self) {
        self.0.append(&mut other.0);
    }
}

impl fmt::Display for Latencies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let at = |percent: usize| {
            let place = sorted.len() * percent / 100;
            sorted.get(place).map_or(0, Duration::as_micros)
        };
        let (requests, p50, p99) = (sorted.len(), at(50), at(99));
        write!(f, "{requests} requests, p50 {p50} µs, p99 {p99} µs")
    }
}
