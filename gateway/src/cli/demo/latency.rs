//! What the gateway adds: round trips through it, and without it, in turn.

use super::terminal::Terminal;
use bytes::Bytes;
use gatewright_core::codec::Descriptor;
use gatewright_core::message::{Correlation, Message};
use h2::client::SendRequest;
use http::{Method, Request};
use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::net::TcpStream;

/// Round trips of each kind.
pub(super) const ROUNDS: u32 = 200;

/// Round trips before those that count.
const WARM_UP: u32 = 20;

/// Medians of all rounds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Latency {
    /// From the request's frame to the reply's.
    pub(super) gateway: Duration,
    /// From the request to the answer, on an HTTP/2 connection to the same backend.
    pub(super) backend: Duration,
}

/// Measures with `message`, a request that the backend answers at once.
pub(super) async fn measure(
    terminal: &mut Terminal,
    descriptor: &Descriptor,
    message: &Message,
    backend: SocketAddr,
) -> io::Result<Latency> {
    let direct = Direct::connect(backend).await?;
    let mut gateway_took = Vec::new();
    let mut backend_took = Vec::new();
    for round in 0..WARM_UP + ROUNDS {
        let mut message = message.clone();
        descriptor.correlate(&mut message, Correlation::Id(u64::from(1000 + round)));
        let sent = Instant::now();
        terminal.request(message).await?;
        let reply = terminal
            .reply()
            .await?
            .ok_or(io::ErrorKind::UnexpectedEof)?;
        gateway_took.push(reply.at - sent);
        backend_took.push(direct.round_trip().await.map_err(io::Error::other)?);
    }
    Ok(Latency {
        gateway: median(gateway_took),
        backend: median(backend_took),
    })
}

fn median(mut took: Vec<Duration>) -> Duration {
    let mut counted = took.split_off(WARM_UP as usize);
    counted.sort_unstable();
    counted.get(counted.len() / 2).copied().unwrap_or_default()
}

/// A client that speaks HTTP/2 itself.
struct Direct {
    sender: SendRequest<Bytes>,
    uri: String,
}

impl Direct {
    async fn connect(backend: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(backend).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = h2::client::handshake(stream)
            .await
            .map_err(io::Error::other)?;
        // It ends with the runtime; what it fails with, the next request fails with, too.
        tokio::spawn(async { drop(connection.await) });
        let uri = format!("http://{backend}/v1/merchants/M123/authorisations");
        Ok(Self { sender, uri })
    }

    async fn round_trip(&self) -> Result<Duration, h2::Error> {
        let sent = Instant::now();
        let mut sender = self.sender.clone().ready().await?;
        let mut request = Request::new(());
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.uri.parse().unwrap_or_default();
        let (answer, mut body) = sender.send_request(request, false)?;
        let json = br#"{"pan":"4111111111111111","amount_minor":1250,"currency":978}"#;
        body.send_data(Bytes::from_static(json), true)?;
        let mut body = answer.await?.into_body();
        while let Some(chunk) = body.data().await {
            body.flow_control().release_capacity(chunk?.len())?;
        }
        Ok(sent.elapsed())
    }
}
