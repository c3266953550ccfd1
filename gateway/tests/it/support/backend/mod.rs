//! An HTTP/2 backend that does what a test tells it to, and remembers what it was asked.

mod log;
mod script;
mod serve;
mod shuffle;

pub(crate) use log::{Asked, Cancelled, Log};
pub(crate) use script::{Action, Answer, approve, approved};

use super::in_time;
use script::Script;
use serve::{Connection, Shared};
use shuffle::Shuffle;
use std::fmt::Display;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::AbortHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;

/// What a backend is to be, before it is.
pub(crate) struct Builder {
    script: Script,
    tls: Option<Arc<ServerConfig>>,
    streams: Option<u32>,
    window: Option<u32>,
    batch: (usize, u64),
}

impl Builder {
    /// Speaks TLS, as `config` says.
    pub(crate) fn tls(self, config: Arc<ServerConfig>) -> Self {
        Self {
            tls: Some(config),
            ..self
        }
    }

    /// Allows so many streams at a time on a connection.
    pub(crate) fn streams(self, streams: u32) -> Self {
        Self {
            streams: Some(streams),
            ..self
        }
    }

    /// Takes so many bytes of a body before it has to say that it takes more.
    pub(crate) fn window(self, window: u32) -> Self {
        Self {
            window: Some(window),
            ..self
        }
    }

    /// Holds what is to be [`Action::Shuffle`]d until so many wait, then answers them in an
    /// order that `seed` decides.
    pub(crate) fn batch(self, size: usize, seed: u64) -> Self {
        Self {
            batch: (size, seed),
            ..self
        }
    }

    pub(crate) async fn start(self) -> Backend {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let scheme = if self.tls.is_some() { "https" } else { "h2c" };
        let (log, seen) = watch::channel(Log::default());
        let (gate, _) = watch::channel(false);
        let (size, seed) = self.batch;
        let shared = Arc::new(Shared {
            script: self.script,
            log,
            gate,
            shuffle: Shuffle::new(size, seed),
            streams: self.streams,
            window: self.window,
        });
        let task = tokio::spawn(accept(
            listener,
            self.tls.map(TlsAcceptor::from),
            Arc::clone(&shared),
        ));
        Backend {
            address,
            scheme,
            shared,
            seen,
            task: task.abort_handle(),
        }
    }
}

/// A running backend; it ends with this value.
pub(crate) struct Backend {
    address: SocketAddr,
    scheme: &'static str,
    shared: Arc<Shared>,
    seen: watch::Receiver<Log>,
    task: AbortHandle,
}

impl Backend {
    /// One that does for each request what `script` says.
    pub(crate) fn scripted(script: impl Fn(&Asked) -> Action + Send + Sync + 'static) -> Builder {
        Builder {
            script: Arc::new(script),
            tls: None,
            streams: None,
            window: None,
            batch: (1, 0),
        }
    }

    /// One that approves of everything.
    pub(crate) async fn approving() -> Self {
        Self::scripted(approve).start().await
    }

    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its address as a configuration names it.
    pub(crate) fn url(&self) -> String {
        format!("{}://{}", self.scheme, self.address)
    }

    /// The same by name, as certificates know it.
    pub(crate) fn url_at(&self, host: &str) -> String {
        format!("{}://{host}:{}", self.scheme, self.address.port())
    }

    /// What it has seen so far.
    pub(crate) fn log(&self) -> Log {
        self.seen.borrow().clone()
    }

    /// Waits until it has seen what `enough` asks for.
    #[track_caller]
    pub(crate) fn until(
        &self,
        what: impl Display,
        enough: impl FnMut(&Log) -> bool,
    ) -> impl Future<Output = Log> {
        let mut seen = self.seen.clone();
        let wait = async move {
            seen.wait_for(enough)
                .await
                .expect("a running backend")
                .clone()
        };
        in_time(what, wait)
    }

    /// Waits until it was asked so many times.
    #[track_caller]
    pub(crate) fn until_asked(&self, times: usize) -> impl Future<Output = Log> {
        self.until(format!("{times} requests"), move |log| {
            log.asked.len() >= times
        })
    }

    /// Lets all requests pass that wait at the gate, and those to come.
    pub(crate) fn open_gate(&self) {
        self.shared.gate.send_replace(true);
    }

    /// Closes its port and all connections.
    pub(crate) async fn stop(self) {
        self.task.abort();
        self.until("its connections to end", |log| log.open_connections() == 0)
            .await;
    }
}

impl Drop for Backend {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, tls: Option<TlsAcceptor>, shared: Arc<Shared>) {
    let mut connections = tokio::task::JoinSet::new();
    for number in 0.. {
        let (stream, _) = listener.accept().await.expect("a connection");
        stream.set_nodelay(true).expect("no delay");
        let connection = Connection::new(number, Arc::clone(&shared));
        match tls.clone() {
            None => drop(connections.spawn(connection.run(stream))),
            Some(tls) => drop(connections.spawn(async move {
                // A client that does not like the certificate is a test's business, not ours.
                if let Ok(stream) = tls.accept(stream).await {
                    connection.run(stream).await;
                }
            })),
        }
    }
}
