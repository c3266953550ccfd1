//! Raw listeners: their configuration, and the bytes that go through them.

use super::gateway::Gateway;
use super::in_time;
use super::rng::Rng;
use std::fmt::Write as _;
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::net::{TcpListener, TcpStream};

/// A configuration with one raw listener, `front`.
#[derive(Clone, Debug, Default)]
pub(crate) struct RawConfig {
    bind: Option<&'static str>,
    limits: Vec<String>,
    keys: Vec<String>,
    drain: Vec<String>,
    upstreams: Vec<String>,
    routes: Vec<String>,
    files: Vec<(String, String)>,
}

impl RawConfig {
    /// All connections to one upstream at these URLs.
    pub(crate) fn to(urls: &[String]) -> Self {
        Self::default()
            .upstream("backend", urls, "")
            .route("", "backend")
    }

    /// Listens there.
    pub(crate) const fn bind(mut self, bind: &'static str) -> Self {
        self.bind = Some(bind);
        self
    }

    /// One more upstream, with keys of its own.
    pub(crate) fn upstream(mut self, name: &str, urls: &[String], keys: &str) -> Self {
        self.upstreams
            .push(format!("[upstreams.{name}]\nurl = {urls:?}\n{keys}\n"));
        self
    }

    /// One more route; an empty condition takes everything.
    pub(crate) fn route(mut self, when: &str, to: &str) -> Self {
        let when = match when {
            "" => String::new(),
            when => format!("when = {when:?}\n"),
        };
        self.routes.push(format!(
            "[[routes]]\nfrom = \"front\"\n{when}to = \"{to}\"\n"
        ));
        self
    }

    /// A limit of the listener, its value as TOML has it.
    pub(crate) fn limit(mut self, key: &str, value: &str) -> Self {
        self.limits.push(format!("{key} = {value}"));
        self
    }

    /// Any other key of the listener, its value as TOML has it.
    pub(crate) fn key(mut self, key: &str, value: &str) -> Self {
        self.keys.push(format!("{key} = {value}"));
        self
    }

    pub(crate) fn drain_deadline(mut self, time: &str) -> Self {
        self.drain.push(format!("deadline = \"{time}\""));
        self
    }

    pub(crate) fn file(mut self, name: &str, content: impl Into<String>) -> Self {
        self.files.push((name.to_owned(), content.into()));
        self
    }

    pub(crate) async fn start(&self) -> Gateway {
        let mut text = "[gateway]\nworkers = 1\n[admin]\nhttp = \"127.0.0.1:0\"\n".to_owned();
        let drain = self.drain.join("\n");
        write!(text, "[gateway.drain]\nspread = \"0s\"\n{drain}\n").expect("text");
        let bind = self.bind.unwrap_or("tcp://127.0.0.1:0");
        let (limits, keys) = (self.limits.join(", "), self.keys.join("\n"));
        write!(
            text,
            "[listeners.front]\nbind = \"{bind}\"\nprotocol = \"raw\"\nlimits = {{ {limits} }}\n{keys}\n"
        )
        .expect("text");
        for part in self.upstreams.iter().chain(&self.routes) {
            text.push_str(part);
        }
        Gateway::start_text(&text, &self.files).await
    }
}

/// A listener that nobody knows of yet, and its URL.
pub(crate) async fn listener() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("tcp://{}", listener.local_addr().expect("an address"));
    (listener, url)
}

/// The URL of an address where nobody listens.
pub(crate) async fn dead_url() -> String {
    listener().await.1
}

pub(crate) async fn accept(listener: &TcpListener) -> TcpStream {
    let accepted = in_time("a connection", listener.accept()).await;
    let (stream, _) = accepted.expect("a connection");
    stream.set_nodelay(true).expect("a socket");
    stream
}

pub(crate) async fn connect(gateway: &Gateway) -> TcpStream {
    let connected = in_time("the gateway", TcpStream::connect(gateway.front())).await;
    let stream = connected.expect("a gateway");
    stream.set_nodelay(true).expect("a socket");
    stream
}

/// How a client ends that is not to be served: at once, so that even its connect may fail.
pub(crate) async fn turned_away(gateway: &Gateway) -> Result<(), std::io::ErrorKind> {
    let connected = in_time("the gateway", TcpStream::connect(gateway.front())).await;
    match connected {
        Ok(mut stream) => end(&mut stream).await,
        Err(error) => Err(error.kind()),
    }
}

/// A client and what the server has of it.
pub(crate) async fn pair(gateway: &Gateway, listener: &TcpListener) -> (TcpStream, TcpStream) {
    tokio::join!(connect(gateway), accept(listener))
}

/// Reads exactly these bytes.
#[track_caller]
pub(crate) fn expect(
    stream: &mut (impl AsyncRead + Unpin),
    bytes: &[u8],
) -> impl Future<Output = ()> {
    let place = std::panic::Location::caller();
    async move {
        let mut read = vec![0; bytes.len()];
        let done = in_time("bytes", stream.read_exact(&mut read)).await;
        assert!(done.is_ok(), "{place}: {done:?}");
        assert!(read == bytes, "{place}: other bytes");
    }
}

/// How a stream ends: the error's kind, or nothing for an orderly end. Bytes before it are an
/// error.
#[track_caller]
pub(crate) fn end(
    stream: &mut (impl AsyncRead + Unpin),
) -> impl Future<Output = Result<(), std::io::ErrorKind>> {
    let place = std::panic::Location::caller();
    async move {
        let mut byte = [0];
        match in_time("an end", stream.read(&mut byte)).await {
            Ok(0) => Ok(()),
            Ok(_) => panic!("{place}: bytes instead of an end"),
            Err(error) => Err(error.kind()),
        }
    }
}

/// Bytes that no piece of is like another.
pub(crate) fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut rng = Rng::seeded(seed);
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        bytes.extend(rng.next().to_be_bytes());
    }
    bytes.truncate(length);
    bytes
}
