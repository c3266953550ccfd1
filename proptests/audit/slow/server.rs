//! Servers of HTTP/1.1: `GET /whose/number/length` is answered with so many bytes that follow from the
//! number.

use socket2::SockRef;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

/// Requests for this number are counted.
pub(crate) const COUNTED: usize = 1_000_000;

/// It ends with this value.
pub(crate) struct Server {
    address: SocketAddr,
    counted: Arc<AtomicU64>,
    running: JoinHandle<()>,
}

impl Server {
    /// One that counts the bytes of answers that it has written.
    pub(crate) async fn start(written: &Arc<AtomicU64>) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let written = Arc::clone(written);
        let counted = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&counted);
        let running = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                tokio::select! {
                    accepted = listener.accept() => {
                        if let Ok((tcp, _)) = accepted {
                            connections.spawn(serve(tcp, Arc::clone(&written), Arc::clone(&counter)));
                        }
                    }
                    Some(_) = connections.join_next() => {}
                }
            }
        });
        Ok(Self {
            address,
            counted,
            running,
        })
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// How many requests for [`COUNTED`] have come.
    pub(crate) fn counted(&self) -> u64 {
        self.counted.load(Ordering::Relaxed)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.running.abort();
    }
}

/// The byte at a place of an answer.
pub(super) const fn byte(number: usize, at: usize) -> u8 {
    (number
        .wrapping_mul(31)
        .wrapping_add(at)
        .wrapping_add(at >> 8)) as u8
}

/// What is written at once.
const PART: usize = 16 << 10;

/// So little lies in a server's kernel: what the gateway does not read is to be here, where it costs
/// nothing.
const SEND_BUFFER: usize = 8 << 10;

/// Ends with its peer, whatever the end.
async fn serve(mut tcp: TcpStream, written: Arc<AtomicU64>, counter: Arc<AtomicU64>) {
    let _ = tcp.set_nodelay(true);
    let _ = SockRef::from(&tcp).set_send_buffer_size(SEND_BUFFER);
    let mut head = Vec::new();
    while let Some((number, length)) = request(&mut tcp, &mut head).await {
        if number == COUNTED {
            counter.fetch_add(1, Ordering::Relaxed);
        }
        let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n");
        if tcp.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
        for begin in (0..length).step_by(PART) {
            let end = length.min(begin + PART);
            let part: Vec<u8> = (begin..end).map(|at| byte(number, at)).collect();
            if tcp.write_all(&part).await.is_err() {
                return;
            }
            written.fetch_add(part.len() as u64, Ordering::Relaxed);
        }
    }
}

/// Number and length of the next request; nothing at the end.
async fn request(tcp: &mut TcpStream, head: &mut Vec<u8>) -> Option<(usize, usize)> {
    loop {
        if let Some(end) = head.windows(4).position(|four| four == b"\r\n\r\n") {
            let text = String::from_utf8(head.drain(..end + 4).collect()).ok()?;
            let mut parts = text
                .split([' ', '/'])
                .filter(|part| !part.is_empty())
                .skip(2);
            return Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?));
        }
        if tcp.read_buf(head).await.ok()? == 0 {
            return None;
        }
    }
}
