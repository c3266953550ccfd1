//! A relay that spoils connections by seed: it delays, stalls, hands on one byte at a time, cuts
//! in the middle of frames and resets.

use crate::rng::Rng;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// Most bytes that are handed on at once.
const CHUNK: usize = 4 << 10;

/// Why a relay ends before its time.
enum Spoilt {
    Cut,
    Reset,
}

impl From<io::Error> for Spoilt {
    fn from(_: io::Error) -> Self {
        Self::Reset
    }
}

/// Relays all connections of a listener.
pub(super) async fn run(listener: TcpListener, target: SocketAddr, mut rng: Rng) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                if let Ok((tcp, _)) = accepted {
                    connections.spawn(relay(tcp, target, rng.fork()));
                }
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn relay(client: TcpStream, target: SocketAddr, mut rng: Rng) {
    let Ok(server) = TcpStream::connect(target).await else {
        // Whoever cannot be reached resets.
        let _ = client.set_zero_linger();
        return;
    };
    for tcp in [&client, &server] {
        // A connection that is gone is seen by its next read.
        let _ = tcp.set_nodelay(true);
    }
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let mut up = Pump::new(from_client, to_server, rng.fork());
    let mut down = Pump::new(from_server, to_client, rng.fork());
    if let Err(Spoilt::Reset) = tokio::try_join!(up.run(), down.run()) {
        for half in [&up.to, &down.to] {
            let _ = half.as_ref().set_zero_linger();
        }
    }
}

/// One direction.
struct Pump {
    from: OwnedReadHalf,
    to: OwnedWriteHalf,
    rng: Rng,
}

impl Pump {
    const fn new(from: OwnedReadHalf, to: OwnedWriteHalf, rng: Rng) -> Self {
        Self { from, to, rng }
    }

    async fn run(&mut self) -> Result<(), Spoilt> {
        let mut buffer = vec![0; CHUNK];
        loop {
            let room = 1 + self.rng.below(CHUNK);
            let read = self.from.read(&mut buffer[..room]).await?;
            if read == 0 {
                self.to.shutdown().await?;
                return Ok(());
            }
            self.hand_on(&buffer[..read]).await?;
        }
    }

    async fn hand_on(&mut self, bytes: &[u8]) -> Result<(), Spoilt> {
        let half = self.rng.below(bytes.len());
        match self.rng.below(512) {
            0 => {
                self.to.write_all(&bytes[..half]).await?;
                return Err(Spoilt::Cut);
            }
            1 => {
                self.to.write_all(&bytes[..half]).await?;
                return Err(Spoilt::Reset);
            }
            2..5 => {
                self.to.write_all(&bytes[..half]).await?;
                self.wait(20, 100).await;
                self.to.write_all(&bytes[half..]).await?;
            }
            5..32 => {
                for byte in bytes.iter().take(64) {
                    self.to.write_all(&[*byte]).await?;
                    tokio::task::yield_now().await;
                }
                self.to
                    .write_all(bytes.get(64..).unwrap_or_default())
                    .await?;
            }
            32..64 => {
                self.wait(0, 4).await;
                self.to.write_all(bytes).await?;
            }
            _ => self.to.write_all(bytes).await?,
        }
        Ok(())
    }

    async fn wait(&mut self, least: u64, more: usize) {
        let time = least + self.rng.below(more) as u64;
        tokio::time::sleep(Duration::from_millis(time)).await;
    }
}
