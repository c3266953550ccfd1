//! Clients that speak HTTP over TLS, one request after the other on one connection.

use super::in_time;
use super::web::find;
use bytes::Bytes;
use h2::client::SendRequest;
use http::Request;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::ClientConfig;

/// A version of HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Version {
    Http1,
    Http2,
}

/// A response.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) status: u16,
    pub(crate) body: String,
}

/// A connection behind its handshake.
pub(crate) enum SecureWeb {
    Http1(Box<TlsStream<TcpStream>>),
    Http2(SendRequest<Bytes>),
}

impl SecureWeb {
    /// Connects as this client, and asks for the certificate of `name`.
    pub(crate) async fn connect(
        gateway: SocketAddr,
        mut client: ClientConfig,
        name: &str,
        version: Version,
    ) -> Self {
        client.alpn_protocols = match version {
            Version::Http1 => vec![b"http/1.1".to_vec()],
            Version::Http2 => vec![b"h2".to_vec()],
        };
        let stream = TcpStream::connect(gateway).await.expect("a gateway");
        let name = name.to_owned().try_into().expect("a name");
        let connecting = TlsConnector::from(Arc::new(client)).connect(name, stream);
        let stream = in_time("TLS", connecting).await.expect("a handshake");
        match version {
            Version::Http1 => Self::Http1(Box::new(stream)),
            Version::Http2 => {
                let (sender, connection) = in_time("HTTP/2", h2::client::handshake(stream))
                    .await
                    .expect("a handshake");
                tokio::spawn(connection);
                Self::Http2(sender)
            }
        }
    }

    /// The answer to a GET.
    pub(crate) async fn get(&mut self, host: &str, path: &str) -> Told {
        match self {
            Self::Http1(stream) => get_by_http1(stream, host, path).await,
            Self::Http2(sender) => get_by_http2(sender, host, path).await,
        }
    }
}

async fn get_by_http1(stream: &mut TlsStream<TcpStream>, host: &str, path: &str) -> Told {
    let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("a peer");
    stream.flush().await.expect("a peer");
    let mut read = Vec::new();
    let end = loop {
        if let Some(at) = find(&read, b"\r\n\r\n") {
            break at + 4;
        }
        let more = in_time("a head", stream.read_buf(&mut read)).await;
        assert_ne!(more.expect("a head"), 0);
    };
    let head = String::from_utf8(read.drain(..end).collect()).expect("text");
    let length = (head.lines())
        .find_map(|line| line.strip_prefix("content-length: "))
        .map_or(0, |length| length.parse().expect("a length"));
    while read.len() < length {
        let more = in_time("a body", stream.read_buf(&mut read)).await;
        assert_ne!(more.expect("a body"), 0);
    }
    Told {
        status: head[9..12].parse().expect("a status"),
        body: String::from_utf8(read).expect("text"),
    }
}

async fn get_by_http2(sender: &SendRequest<Bytes>, host: &str, path: &str) -> Told {
    let mut sender = in_time("a stream", sender.clone().ready())
        .await
        .expect("a connection");
    let request = Request::get(format!("https://{host}{path}"));
    let request = request.body(()).expect("a request");
    let (response, _) = sender.send_request(request, true).expect("a stream");
    let response = in_time("a response", response).await.expect("a response");
    let status = response.status().as_u16();
    let mut stream = response.into_body();
    let mut body = Vec::new();
    while let Some(part) = in_time("a body", stream.data()).await {
        let part = part.expect("a body");
        let taken = stream.flow_control().release_capacity(part.len());
        taken.expect("a stream");
        body.extend_from_slice(&part);
    }
    Told {
        status,
        body: String::from_utf8(body).expect("text"),
    }
}
