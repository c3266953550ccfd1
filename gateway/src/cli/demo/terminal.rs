//! A payment terminal: a TCP connection that speaks `pos`.

use crate::Framing;
use bytes::{Bytes, BytesMut};
use gatewright_core::codec::{Event, Protocol, Side};
use gatewright_core::message::Message;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Longer than anything in the demo takes, unless something is wrong.
const PATIENCE: Duration = Duration::from_secs(10);

/// Longer than any frame of the demo.
const FRAME: usize = 4096;

pub(super) struct Terminal {
    stream: TcpStream,
    framing: Framing,
    buffer: BytesMut,
}

/// A reply that came back.
#[derive(Clone, Debug)]
pub(super) struct Reply {
    pub(super) message: Message,
    pub(super) at: Instant,
}

impl Reply {
    /// The bytes that it came as.
    pub(super) fn frame(&self) -> Bytes {
        self.message.frame().cloned().unwrap_or_default()
    }
}

impl Terminal {
    pub(super) async fn connect(
        address: SocketAddr,
        protocol: Arc<dyn Protocol>,
    ) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            framing: Framing::new(protocol, Side::Client, FRAME),
            buffer: BytesMut::new(),
        })
    }

    pub(super) async fn send(&mut self, frames: &[u8]) -> io::Result<()> {
        self.stream.write_all(frames).await
    }

    /// Writes a message as a frame.
    pub(super) async fn request(&mut self, message: Message) -> io::Result<()> {
        let mut frame = BytesMut::new();
        self.framing
            .write(&Event::Head(message), &mut frame)
            .map_err(io::Error::other)?;
        self.send(&frame).await
    }

    /// The next reply, or `None` once the gateway has closed the connection.
    pub(super) async fn reply(&mut self) -> io::Result<Option<Reply>> {
        tokio::time::timeout(PATIENCE, self.read())
            .await
            .map_err(|_| io::Error::new(io::ErrorKind::TimedOut, "no reply within 10 s"))?
    }

    async fn read(&mut self) -> io::Result<Option<Reply>> {
        loop {
            match self.framing.read(&mut self.buffer) {
                Ok(Some(Event::Head(message))) => {
                    let at = Instant::now();
                    return Ok(Some(Reply { message, at }));
                }
                Ok(Some(_)) => {}
                Ok(None) => match self.stream.read_buf(&mut self.buffer).await {
                    Ok(0) => return Ok(None),
                    Ok(_) => {}
                    Err(error) if error.kind() == io::ErrorKind::ConnectionReset => {
                        return Ok(None);
                    }
                    Err(error) => return Err(error),
                },
                Err(error) => return Err(io::Error::other(error)),
            }
        }
    }
}
