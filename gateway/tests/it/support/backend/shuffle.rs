//! Holds answers back until enough wait, then lets them go in another order.

use super::super::rng::Rng;
use std::sync::Mutex;
use std::time::Duration;
use tokio::sync::oneshot;

/// After which the last few go, though they are not enough.
const STRAGGLERS: Duration = Duration::from_millis(20);

/// The waiting ones.
#[derive(Debug)]
pub(crate) struct Shuffle {
    size: usize,
    waiting: Mutex<(Vec<oneshot::Sender<()>>, Rng)>,
}

impl Shuffle {
    pub(crate) const fn new(size: usize, seed: u64) -> Self {
        Self {
            size,
            waiting: Mutex::new((Vec::new(), Rng::seeded(seed))),
        }
    }

    /// Waits for its turn.
    pub(crate) async fn turn(&self) {
        let mut turn = self.enter();
        if tokio::time::timeout(STRAGGLERS, &mut turn).await.is_err() {
            self.release();
            turn.await.expect("a turn");
        }
    }

    fn enter(&self) -> oneshot::Receiver<()> {
        let (go, turn) = oneshot::channel();
        let enough = {
            let mut waiting = self.waiting.lock().expect("no panic");
            waiting.0.push(go);
            waiting.0.len() >= self.size
        };
        if enough {
            self.release();
        }
        turn
    }

    fn release(&self) {
        let mut waiting = self.waiting.lock().expect("no panic");
        let (mut released, mut rng) = (std::mem::take(&mut waiting.0), waiting.1.clone());
        rng.shuffle(&mut released);
        waiting.1 = rng;
        for go in released {
            // Whoever was cancelled meanwhile waits no more.
            let _ = go.send(());
        }
    }
}
