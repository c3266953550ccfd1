//! An HTTP/2 backend below the level at which a library would keep it honest: frame by frame,
//! RFC 9113 section 4.1, or no HTTP/2 at all.

use std::net::SocketAddr;
use std::sync::Arc;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::AbortHandle;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const DATA: u8 = 0x0;
const HEADERS: u8 = 0x1;
const RST_STREAM: u8 = 0x3;
const SETTINGS: u8 = 0x4;
const PING: u8 = 0x6;
const GOAWAY: u8 = 0x7;
const ACK: u8 = 0x1;
const END_STREAM: u8 = 0x1;
const END_HEADERS: u8 = 0x4;
const MAX_CONCURRENT_STREAMS: u16 = 0x3;
/// `:status: 200`, from HPACK's static table.
const STATUS_200: &[u8] = &[0x88];

/// The code that [`Peer::answer`] approves with.
pub(crate) const CODE: &str = "FRAMES";

/// A backend whose connections do what a test spells out.
pub(crate) struct FrameBackend {
    address: SocketAddr,
    connections: watch::Receiver<usize>,
    task: AbortHandle,
}

impl FrameBackend {
    /// Calls `converse` with the number of each connection, from 0, and its peer.
    pub(crate) async fn start<F, C>(converse: C) -> Self
    where
        C: Fn(usize, Peer) -> F + Send + Sync + 'static,
        F: Future<Output = std::io::Result<()>> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (count, connections) = watch::channel(0);
        let converse = Arc::new(converse);
        let task = tokio::spawn(async move {
            let mut running = tokio::task::JoinSet::new();
            for number in 0.. {
                let (stream, _) = listener.accept().await.expect("a connection");
                count.send_replace(number + 1);
                let converse = Arc::clone(&converse);
                // That the gateway leaves in the middle is one of the ways in which it may end.
                running.spawn(async move { converse(number, Peer { stream }).await });
            }
        });
        Self {
            address,
            connections,
            task: task.abort_handle(),
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("h2c://{}", self.address)
    }

    /// Connections so far.
    pub(crate) fn connections(&self) -> usize {
        *self.connections.borrow()
    }
}

impl Drop for FrameBackend {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Whether a frame is the last one of its stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Here,
    Later,
}

/// The gateway, seen from the backend.
pub(crate) struct Peer {
    stream: TcpStream,
}

impl Peer {
    /// Bytes that mean whatever they mean.
    pub(crate) async fn send(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.stream.write_all(bytes).await
    }

    /// Takes the preface and sends SETTINGS that allow so many streams.
    pub(crate) async fn open(&mut self, streams: u32) -> std::io::Result<()> {
        let mut preface = [0; PREFACE.len()];
        self.stream.read_exact(&mut preface).await?;
        assert_eq!(preface, PREFACE, "a client that does not speak HTTP/2");
        self.allow(streams).await
    }

    /// Allows so many streams from now on.
    pub(crate) async fn allow(&mut self, streams: u32) -> std::io::Result<()> {
        let setting = [
            &MAX_CONCURRENT_STREAMS.to_be_bytes()[..],
            &streams.to_be_bytes(),
        ]
        .concat();
        self.frame(SETTINGS, 0, 0, &setting).await
    }

    /// The stream of the next whole request.
    pub(crate) async fn request(&mut self) -> std::io::Result<u32> {
        loop {
            let (kind, flags, stream) = self.next().await?;
            if matches!(kind, HEADERS | DATA) && flags & END_STREAM != 0 {
                return Ok(stream);
            }
        }
    }

    /// Sends PING, and counts the requests that begin before its answer: those that the
    /// gateway was willing to send, knowing all that it was told before.
    pub(crate) async fn requests_until_ping(&mut self) -> std::io::Result<usize> {
        let mut begun = 0;
        self.frame(PING, 0, 0, b"what now").await?;
        loop {
            match self.next().await? {
                (HEADERS, ..) => begun += 1,
                (PING, ACK, _) => return Ok(begun),
                _ => {}
            }
        }
    }

    /// Approves of the request of that stream.
    pub(crate) async fn answer(&mut self, stream: u32) -> std::io::Result<()> {
        let body = format!("{{\"approval_code\":\"{CODE}\"}}");
        self.head(stream).await?;
        self.frame(DATA, END_STREAM, stream, body.as_bytes()).await
    }

    /// Begins an answer.
    pub(crate) async fn head(&mut self, stream: u32) -> std::io::Result<()> {
        self.frame(HEADERS, END_HEADERS, stream, STATUS_200).await
    }

    /// One more head of that stream, from HPACK's bytes: before an answer's own it is
    /// informational, after its body the last word.
    pub(crate) async fn another_head(
        &mut self,
        stream: u32,
        end: End,
        block: &[u8],
    ) -> std::io::Result<()> {
        let end = match end {
            End::Here => END_STREAM,
            End::Later => 0,
        };
        self.frame(HEADERS, END_HEADERS | end, stream, block).await
    }

    /// Goes on with it, without an end.
    pub(crate) async fn part(&mut self, stream: u32, body: &[u8]) -> std::io::Result<()> {
        self.frame(DATA, 0, stream, body).await
    }

    pub(crate) async fn reset(&mut self, stream: u32, reason: h2::Reason) -> std::io::Result<()> {
        self.frame(RST_STREAM, 0, stream, &u32::from(reason).to_be_bytes())
            .await
    }

    /// Says that nothing above `last` was or will be processed.
    pub(crate) async fn go_away(&mut self, last: u32, reason: h2::Reason) -> std::io::Result<()> {
        let payload = [last.to_be_bytes(), u32::from(reason).to_be_bytes()].concat();
        self.frame(GOAWAY, 0, 0, &payload).await
    }

    /// Closes its side and waits until the gateway has closed the other: nothing is lost to a RST.
    pub(crate) async fn close(&mut self) -> std::io::Result<()> {
        self.stream.shutdown().await?;
        while self.stream.read(&mut [0; 4096]).await? > 0 {}
        Ok(())
    }

    /// Answers PING and SETTINGS until the connection ends.
    pub(crate) async fn idle(&mut self) -> std::io::Result<()> {
        loop {
            self.next().await?;
        }
    }

    async fn next(&mut self) -> std::io::Result<(u8, u8, u32)> {
        let mut head = [0; 9];
        self.stream.read_exact(&mut head).await?;
        let [l0, l1, l2, kind, flags, s0, s1, s2, s3] = head;
        let mut payload = vec![0; u32::from_be_bytes([0, l0, l1, l2]) as usize];
        self.stream.read_exact(&mut payload).await?;
        match (kind, flags & ACK) {
            (SETTINGS, 0) => self.frame(SETTINGS, ACK, 0, &[]).await?,
            (PING, 0) => self.frame(PING, ACK, 0, &payload).await?,
            _ => {}
        }
        Ok((kind, flags, u32::from_be_bytes([s0, s1, s2, s3])))
    }

    async fn frame(
        &mut self,
        kind: u8,
        flags: u8,
        stream: u32,
        payload: &[u8],
    ) -> std::io::Result<()> {
        let length = u32::try_from(payload.len())
            .expect("a payload that fits")
            .to_be_bytes();
        let head = [length[1], length[2], length[3], kind, flags];
        self.send(&[&head[..], &stream.to_be_bytes(), payload].concat())
            .await
    }
}
