//! A server that does nothing by itself: the test says what it reads and writes, and when.

use super::in_time;
use std::io;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// Where a gateway connects to.
#[derive(Debug)]
pub(crate) struct Host {
    listener: TcpListener,
}

impl Host {
    pub(crate) async fn start() -> Self {
        Self::at("127.0.0.1:0".parse().expect("an address")).await
    }

    /// A server where one was before.
    pub(crate) async fn at(address: SocketAddr) -> Self {
        let listener = TcpListener::bind(address).await.expect("an address");
        Self { listener }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.listener.local_addr().expect("an address")
    }

    pub(crate) fn url(&self) -> String {
        format!("tcp://{}", self.address())
    }

    /// The next connection.
    pub(crate) async fn accept(&self) -> HostConnection {
        let accepted = in_time("a connection", self.listener.accept()).await;
        let (stream, _) = accepted.expect("a connection");
        stream.set_nodelay(true).expect("no delay");
        let read = Vec::new();
        HostConnection { stream, read }
    }
}

/// One connection of a gateway.
#[derive(Debug)]
pub(crate) struct HostConnection {
    stream: TcpStream,
    read: Vec<u8>,
}

impl HostConnection {
    /// So many bytes.
    pub(crate) async fn read(&mut self, bytes: usize) -> Vec<u8> {
        while self.read.len() < bytes {
            let read = in_time("bytes", self.stream.read_buf(&mut self.read)).await;
            assert_ne!(read.expect("bytes"), 0, "closed after {:02x?}", self.read);
        }
        self.read.drain(..bytes).collect()
    }

    /// The next frame of the payment protocol.
    pub(crate) async fn frame(&mut self) -> Vec<u8> {
        let mut frame = self.read(4).await;
        let length = usize::from(u16::from_be_bytes([frame[2], frame[3]]));
        frame.extend(self.read(length).await);
        frame
    }

    /// Nothing more is there by now, nor after the peer has had time to send it.
    pub(crate) async fn nothing(&mut self) {
        const WHILE: std::time::Duration = std::time::Duration::from_millis(50);
        let read = self.stream.read_buf(&mut self.read);
        let read = tokio::time::timeout(WHILE, read).await;
        assert!(read.is_err() && self.read.is_empty(), "{:02x?}", self.read);
    }

    pub(crate) async fn send(&mut self, bytes: &[u8]) {
        let sent = in_time("a peer that reads", self.stream.write_all(bytes)).await;
        sent.expect("an open connection");
    }

    /// Waits for the end of what the gateway sends, by a FIN or a reset.
    pub(crate) async fn closed(&mut self) {
        loop {
            match in_time("an end", self.stream.read_buf(&mut self.read)).await {
                Ok(0) => return,
                Ok(_) => {}
                Err(e) if e.kind() == io::ErrorKind::ConnectionReset => return,
                Err(e) => panic!("while reading: {e}"),
            }
        }
    }

    /// Breaks the connection off.
    pub(crate) fn reset(self) {
        self.stream.set_zero_linger().expect("a socket");
    }
}
