//! Those who read well, and the server that answers them, in a thread of their own: what they see is the
//! gateway, and not how busy the audit is with its slow readers.

use super::reader::{self, Latencies};
use super::server::Server;
use super::{GOOD, MEASURED};
use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::runtime::Builder;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

/// What is measured: where to ask, and where to tell what came of it.
type Order = (SocketAddr, oneshot::Sender<Result<Latencies, String>>);

/// That thread; it ends with this value.
pub(super) struct Good {
    url: String,
    orders: mpsc::UnboundedSender<Order>,
}

impl Good {
    pub(super) async fn start() -> io::Result<Self> {
        let (orders, inbox) = mpsc::unbounded_channel();
        let (told, url) = oneshot::channel();
        std::thread::spawn(move || {
            let runtime = Builder::new_current_thread().enable_all().build();
            runtime.map(|runtime| runtime.block_on(serve(inbox, told)))
        });
        let url = url.await.map_err(io::Error::other)??;
        Ok(Self { url, orders })
    }

    /// Where its server is.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// How long answers take by way of the gateway.
    pub(super) async fn measure(&self, front: SocketAddr) -> Result<Latencies, Box<dyn Error>> {
        let (told, latencies) = oneshot::channel();
        self.orders.send((front, told))?;
        Ok(latencies.await??)
    }
}

/// Measures as it is told, until nobody is there to tell.
async fn serve(
    mut inbox: mpsc::UnboundedReceiver<Order>,
    told: oneshot::Sender<io::Result<String>>,
) {
    let server = Server::start(&Arc::default()).await;
    // Whoever asked may be gone, here and below.
    let _ = told.send(match &server {
        Ok(server) => Ok(server.url()),
        Err(error) => Err(error.kind().into()),
    });
    while let Some((front, told)) = inbox.recv().await {
        let _ = told.send(measure(front).await);
    }
}

async fn measure(front: SocketAddr) -> Result<Latencies, String> {
    let mut asking = JoinSet::new();
    for number in 0..GOOD {
        asking.spawn(reader::ask_for(front, number, MEASURED));
    }
    let mut all = Latencies::default();
    while let Some(one) = asking.join_next().await {
        all.add(one.map_err(|error| error.to_string())??);
    }
    Ok(all)
}
