//! Clients of the payment protocol, polite and otherwise.

use super::in_time;
use super::wire::{AuthReq, AuthRsp, HEADER};
use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

/// One connection. Replies may come in any order; those that nobody asked for yet are kept.
#[derive(Debug)]
pub(crate) struct Client {
    stream: TcpStream,
    read: Vec<u8>,
    early: HashMap<u32, AuthRsp>,
}

impl Client {
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        Self::through(socket, address).await
    }

    /// One for whose replies the kernel has next to no room.
    pub(crate) async fn connect_with_little_room(address: SocketAddr) -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.set_recv_buffer_size(4096).expect("a buffer size");
        Self::through(socket, address).await
    }

    /// One that comes from this address.
    pub(crate) async fn connect_from(from: [u8; 4], address: SocketAddr) -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        let from = SocketAddr::from((from, 0));
        socket.bind(from).expect("an address of the loopback");
        Self::through(socket, address).await
    }

    async fn through(socket: TcpSocket, address: SocketAddr) -> Self {
        let stream = in_time("a connection", socket.connect(address))
            .await
            .expect("a connection");
        stream.set_nodelay(true).expect("no delay");
        Self {
            stream,
            read: Vec::new(),
            early: HashMap::new(),
        }
    }

    /// Sends requests in one write.
    pub(crate) async fn send(&mut self, requests: impl IntoIterator<Item = AuthReq>) {
        let bytes: Vec<u8> = requests
            .into_iter()
            .flat_map(|request| request.bytes())
            .collect();
        self.send_bytes(&bytes).await.expect("a peer that reads");
    }

    /// Sends any bytes at all.
    pub(crate) async fn send_bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        in_time("a peer that reads", self.stream.write_all(bytes)).await
    }

    /// Sends what goes without waiting for the peer, and says how much that was.
    pub(crate) fn send_what_goes(&self, bytes: &[u8]) -> io::Result<usize> {
        match self.stream.try_write(bytes) {
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => Ok(0),
            sent => sent,
        }
    }

    /// Waits until more goes, or the connection is gone.
    pub(crate) async fn room(&self) {
        self.stream.writable().await.expect("a socket");
    }

    /// Sends a request and waits for its reply.
    pub(crate) async fn ask(&mut self, request: AuthReq) -> AuthRsp {
        let seq = request.seq;
        self.send([request]).await;
        self.reply_to(seq).await
    }

    /// The reply to the request `seq`.
    pub(crate) async fn reply_to(&mut self, seq: u32) -> AuthRsp {
        loop {
            if let Some(reply) = self.early.remove(&seq) {
                return reply;
            }
            let reply = self
                .next()
                .await
                .unwrap_or_else(|end| panic!("no reply to {seq}: {end}"));
            let double = self.early.insert(reply.seq, reply);
            assert_eq!(double, None, "a second reply to one request");
        }
    }

    /// The reply that comes next, or why none does.
    pub(crate) async fn next(&mut self) -> Result<AuthRsp, Ended> {
        let frame = self.next_frame().await?;
        Ok(AuthRsp::read(&frame).unwrap_or_else(|error| panic!("{error}")))
    }

    /// The bytes of the frame that comes next, or why none does.
    pub(crate) async fn next_frame(&mut self) -> Result<Vec<u8>, Ended> {
        self.next_delimited(take_frame).await
    }

    /// The same for DNS over TCP.
    pub(crate) async fn next_dns(&mut self) -> Result<Vec<u8>, Ended> {
        self.next_delimited(take_dns).await
    }

    async fn next_delimited(
        &mut self,
        take: impl Fn(&mut Vec<u8>) -> Option<Vec<u8>>,
    ) -> Result<Vec<u8>, Ended> {
        loop {
            if let Some(frame) = take(&mut self.read) {
                return Ok(frame);
            }
            let read = in_time("a reply", self.stream.read_buf(&mut self.read)).await;
            match read {
                Ok(0) if self.read.is_empty() => return Err(Ended::Closed),
                Ok(0) => panic!("closed within a frame: {:02x?}", self.read),
                Ok(_) => {}
                Err(e) if e.kind() == io::ErrorKind::ConnectionReset => return Err(Ended::Reset),
                Err(e) => panic!("while reading: {e}"),
            }
        }
    }

    /// Every reply until the peer closes.
    pub(crate) async fn rest(&mut self) -> (Vec<AuthRsp>, Ended) {
        let mut replies: Vec<_> = self.early.drain().map(|(_, reply)| reply).collect();
        loop {
            match self.next().await {
                Ok(reply) => replies.push(reply),
                Err(ended) => return (replies, ended),
            }
        }
    }

    /// Says that no more requests come; replies still may.
    pub(crate) async fn finish(&mut self) {
        self.stream.shutdown().await.expect("an open connection");
    }

    /// Leaves with a RST, whatever may still be under way.
    pub(crate) fn abort(self) {
        self.stream.set_zero_linger().expect("linger");
    }
}

/// How a connection came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// FIN, at a frame's boundary.
    Closed,
    /// RST.
    Reset,
}

impl std::fmt::Display for Ended {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Closed => "closed",
            Self::Reset => "reset",
        })
    }
}

fn take_frame(read: &mut Vec<u8>) -> Option<Vec<u8>> {
    let [_, _, high, low, ..] = read[..] else {
        return None;
    };
    take(read, HEADER, [high, low])
}

fn take_dns(read: &mut Vec<u8>) -> Option<Vec<u8>> {
    let [high, low, ..] = read[..] else {
        return None;
    };
    take(read, 2, [high, low])
}

fn take(read: &mut Vec<u8>, header: usize, length: [u8; 2]) -> Option<Vec<u8>> {
    let total = header + usize::from(u16::from_be_bytes(length));
    (read.len() >= total).then(|| read.drain(..total).collect())
}
