//! Clients of WebSocket, frame by frame.

use super::gateway::Gateway;
use super::in_time;
use super::raw;
use super::wire::AuthRsp;
use std::io;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

/// First bytes of frames that are whole messages.
pub(crate) const BINARY: u8 = 0x82;
pub(crate) const CLOSE: u8 = 0x88;
pub(crate) const PING: u8 = 0x89;
pub(crate) const PONG: u8 = 0x8A;

/// A request that a server agrees to, for `/pos`: RFC 6455, 1.3.
pub(crate) const REQUEST: &str = "GET /pos HTTP/1.1\r\nHost: gateway\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

/// One connection behind its handshake.
#[derive(Debug)]
pub(crate) struct WebSocket<S> {
    stream: S,
}

/// A frame from the gateway.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) first: u8,
    pub(crate) payload: Vec<u8>,
}

impl WebSocket<TcpStream> {
    pub(crate) async fn connect(gateway: &Gateway) -> Self {
        Self::open(raw::connect(gateway).await, REQUEST).await
    }

    /// One for whose frames the kernel has next to no room.
    pub(crate) async fn connect_with_little_room(gateway: &Gateway) -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.set_recv_buffer_size(4096).expect("a buffer size");
        let connected = in_time("the gateway", socket.connect(gateway.front())).await;
        Self::open(connected.expect("a gateway"), REQUEST).await
    }

    /// Leaves with a RST.
    pub(crate) fn abort(self) {
        self.stream.set_zero_linger().expect("linger");
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> WebSocket<S> {
    /// Shakes hands with this request.
    pub(crate) async fn open(mut stream: S, request: &str) -> Self {
        let head = ask(&mut stream, request).await;
        assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
        let accept = "\r\nsec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n";
        assert!(head.contains(accept), "{head}");
        Self { stream }
    }

    /// The same over a stream for which a server has agreed already.
    pub(crate) const fn over(stream: S) -> Self {
        Self { stream }
    }

    /// Sends any bytes at all.
    pub(crate) async fn send_bytes(&mut self, bytes: &[u8]) {
        let sent = in_time("a peer that reads", self.stream.write_all(bytes)).await;
        sent.expect("a peer that reads");
        self.stream.flush().await.expect("a peer that reads");
    }

    /// Sends them if they are taken.
    pub(crate) async fn try_send(&mut self, bytes: &[u8]) -> bool {
        self.stream.write_all(bytes).await.is_ok()
    }

    /// Sends a frame, masked.
    pub(crate) async fn send(&mut self, first: u8, payload: &[u8]) {
        self.send_bytes(&masked(first, payload)).await;
    }

    /// The frame that comes next, or nothing at the end.
    pub(crate) async fn next(&mut self) -> io::Result<Option<Frame>> {
        let mut head = [0; 2];
        match in_time("a frame", self.stream.read_exact(&mut head)).await {
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            Err(error) => return Err(error),
        }
        let length = match head[1] {
            126 => usize::from(self.stream.read_u16().await?),
            127 => usize::try_from(self.stream.read_u64().await?).expect("a length"),
            length @ 0..=125 => usize::from(length),
            _ => panic!("a mask: {head:02x?}"),
        };
        let mut payload = vec![0; length];
        in_time("a payload", self.stream.read_exact(&mut payload)).await?;
        Ok(Some(Frame {
            first: head[0],
            payload,
        }))
    }

    /// The next frame, which is this one.
    pub(crate) async fn expect(&mut self, first: u8, payload: &[u8]) {
        let frame = self.next().await.expect("a frame");
        let expected = Frame {
            first,
            payload: payload.to_vec(),
        };
        assert_eq!(frame, Some(expected));
    }

    /// A message that is one reply.
    pub(crate) async fn reply(&mut self) -> AuthRsp {
        let mut replies = self.replies().await;
        assert_eq!(replies.len(), 1, "{replies:?}");
        replies.remove(0)
    }

    /// The replies in the next message, which are whole.
    pub(crate) async fn replies(&mut self) -> Vec<AuthRsp> {
        let frame = self.next().await.expect("a frame").expect("a frame");
        assert_eq!(frame.first, BINARY, "{frame:02x?}");
        let replies = frame.payload.chunks(16).map(AuthRsp::read);
        replies.collect::<Result<_, _>>().expect("whole replies")
    }

    /// The gateway closes with this code, and then the connection.
    pub(crate) async fn closes(&mut self, code: u16) {
        self.expect(CLOSE, &code.to_be_bytes()).await;
        assert_eq!(self.next().await.expect("an end"), None);
    }
}

/// Sends a request and reads the head of its answer.
pub(crate) async fn ask(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    request: &str,
) -> String {
    stream.write_all(request.as_bytes()).await.expect("a peer");
    stream.flush().await.expect("a peer");
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let byte = in_time("an answer", stream.read_u8()).await;
        head.push(byte.expect("an answer"));
    }
    String::from_utf8(head).expect("text")
}

/// A frame as a client has to send it.
pub(crate) fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
    const MASK: [u8; 4] = [0x37, 0xFA, 0x21, 0x3D];
    let mut frame = vec![first];
    match payload.len() {
        short @ 0..=125 => frame.push(0x80 | u8::try_from(short).expect("a length")),
        long => {
            frame.push(0x80 | 126);
            frame.extend(u16::try_from(long).expect("a length").to_be_bytes());
        }
    }
    frame.extend(MASK);
    frame.extend(
        payload
            .iter()
            .zip(MASK.iter().cycle())
            .map(|(byte, key)| byte ^ key),
    );
    frame
}
