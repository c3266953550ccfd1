//! HTTP/2, frame by frame (RFC 9113, 4): for what no library would send.

use super::in_time;
use super::web::WebGateway;
use h2::Reason;
use std::io;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

pub(crate) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
pub(crate) const DATA: u8 = 0;
pub(crate) const HEADERS: u8 = 1;
pub(crate) const RST_STREAM: u8 = 3;
pub(crate) const SETTINGS: u8 = 4;
pub(crate) const PING: u8 = 6;
pub(crate) const GOAWAY: u8 = 7;
pub(crate) const WINDOW_UPDATE: u8 = 8;
pub(crate) const END_STREAM: u8 = 1;
pub(crate) const END_HEADERS: u8 = 4;
pub(crate) const ACK: u8 = 1;

pub(crate) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len())
        .expect("a length")
        .to_be_bytes();
    let mut bytes = length[1..].to_vec();
    bytes.extend([kind, flags]);
    bytes.extend(stream.to_be_bytes());
    bytes.extend(payload);
    bytes
}

/// A header block of literals that nobody indexes (RFC 7541, 6.2.2), no string longer than 126 bytes.
pub(crate) fn block(fields: &[(&str, &str)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (name, value) in fields {
        bytes.push(0);
        for text in [name, value] {
            bytes.push(
                u8::try_from(text.len())
                    .ok()
                    .filter(|n| *n < 127)
                    .expect("short"),
            );
            bytes.extend(text.bytes());
        }
    }
    bytes
}

pub(crate) const GET: [(&str, &str); 4] = [
    (":method", "GET"),
    (":scheme", "http"),
    (":authority", "a.example"),
    (":path", "/a"),
];

pub(crate) fn get(stream: u32, more: &[(&str, &str)]) -> Vec<u8> {
    let fields = [&GET[..], more].concat();
    frame(HEADERS, END_STREAM | END_HEADERS, stream, &block(&fields))
}

pub(crate) struct Raw(pub(crate) TcpStream);

impl Raw {
    pub(crate) async fn connect(gateway: &WebGateway, settings: &[u8]) -> Self {
        let stream = TcpStream::connect(gateway.address()).await;
        Self::over(stream.expect("a gateway"), settings).await
    }

    /// The same over a connection that is there.
    pub(crate) async fn over(mut stream: TcpStream, settings: &[u8]) -> Self {
        stream.set_nodelay(true).expect("a socket");
        let hello = [PREFACE, &frame(SETTINGS, 0, 0, settings)].concat();
        stream.write_all(&hello).await.expect("a write");
        Self(stream)
    }

    pub(crate) async fn send(&mut self, bytes: &[u8]) {
        self.try_send(bytes).await.expect("a write");
    }

    /// The same to a peer that may have heard enough.
    pub(crate) async fn try_send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes).await
    }

    /// The next frame: its kind, its flags, its stream, its payload. Nothing at the end.
    pub(crate) async fn next(&mut self) -> Option<(u8, u8, u32, Vec<u8>)> {
        let mut head = [0; 9];
        in_time("a frame", self.0.read_exact(&mut head))
            .await
            .ok()?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let mut payload = vec![0; usize::try_from(length).expect("a length")];
        self.0.read_exact(&mut payload).await.ok()?;
        let stream = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
        Some((head[3], head[4], stream, payload))
    }

    /// The next frame of that kind; those before it are passed over.
    pub(crate) async fn next_of(&mut self, kind: u8) -> (u8, u8, u32, Vec<u8>) {
        loop {
            let next = self.next().await.expect("a frame of that kind");
            if next.0 == kind {
                return next;
            }
        }
    }

    /// With which error the connection ends: its GOAWAY's, if one came.
    pub(crate) async fn end(&mut self) -> Option<Reason> {
        let mut reason = None;
        while let Some((kind, _, _, payload)) = self.next().await {
            if kind == GOAWAY {
                let code = payload[4..8].try_into().expect("four bytes");
                reason = Some(u32::from_be_bytes(code).into());
            }
        }
        reason
    }
}

/// Whether a block begins with that status. The encoder takes those of HPACK's static table, from 8
/// on, and compresses 501 (RFC 7541, 6.1, 6.2.1 and appendices A and B).
pub(crate) fn is_status(block: &[u8], status: &str) -> bool {
    let known = ["200", "204", "206", "304", "400", "404", "500"];
    let index = known.iter().position(|known| *known == status);
    // What tells the size of the table comes first (RFC 7541, 6.3).
    let field = match block {
        [0x20..0x40, field @ ..] => field,
        field => field,
    };
    match index {
        Some(index) => field.first().copied() == u8::try_from(0x88 + index).ok(),
        None => status == "501" && field.starts_with(&[0x48, 0x82, 0x6c, 0x01]),
    }
}
