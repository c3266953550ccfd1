//! Plays the script.

use super::backend::Seen;
use super::script::{self, Sender, Step};
use super::terminal::{Reply, Terminal};
use gatewright_core::codec::Protocol;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// How long the backend may take to notice that a request is over.
const NOTICE: Duration = Duration::from_secs(5);

/// The cast: one terminal for the whole script, and the backend's own account.
pub(super) struct Play<'b> {
    pub(super) protocol: Arc<dyn Protocol>,
    pub(super) gateway: SocketAddr,
    pub(super) terminal: Terminal,
    pub(super) seen: &'b mut mpsc::Receiver<Seen>,
}

/// What happened in a step.
pub(super) struct Scene {
    pub(super) sent: Instant,
    /// In the order in which the backend was done with them.
    pub(super) seen: Vec<Seen>,
    pub(super) replies: Vec<Reply>,
    pub(super) ended: Instant,
}

impl Play<'_> {
    /// Sends a step's frames, and waits for all that must come of them.
    pub(super) async fn step(&mut self, step: &Step) -> io::Result<Scene> {
        let frames = script::write(step);
        let sent = Instant::now();
        let replies = match step.sender {
            Sender::Terminal => exchange(&mut self.terminal, step, &frames).await?,
            Sender::Stranger => {
                let mut stranger =
                    Terminal::connect(self.gateway, Arc::clone(&self.protocol)).await?;
                exchange(&mut stranger, step, &frames).await?
            }
        };
        let ended = Instant::now();
        Ok(Scene {
            sent,
            seen: self.account(step.backend.len()).await,
            replies,
            ended,
        })
    }

    /// The backend's account: as much as must be there, and what should not be.
    async fn account(&mut self, expected: usize) -> Vec<Seen> {
        let mut account = Vec::new();
        while account.len() < expected {
            match tokio::time::timeout(NOTICE, self.seen.recv()).await {
                Ok(Some(seen)) => account.push(seen),
                Ok(None) | Err(_) => break,
            }
        }
        while let Ok(seen) = self.seen.try_recv() {
            account.push(seen);
        }
        account
    }
}

/// One write, and as many replies as are due; where none are due, all until the connection is
/// closed.
async fn exchange(terminal: &mut Terminal, step: &Step, frames: &[u8]) -> io::Result<Vec<Reply>> {
    terminal.send(frames).await?;
    let mut replies = Vec::new();
    let closes = step.replies.is_empty();
    while closes || replies.len() < step.replies.len() {
        match terminal.reply().await? {
            Some(reply) => replies.push(reply),
            None => break,
        }
    }
    Ok(replies)
}

impl Seen {
    /// The terminal's number for the request, as the rules put it into the idempotency key.
    pub(super) fn seq(&self) -> Option<u64> {
        let key = self.headers.get("idempotency-key")?.to_str().ok()?;
        let (_, seq) = key.rsplit_once('-')?;
        u64::from_str_radix(seq, 16).ok()
    }
}
