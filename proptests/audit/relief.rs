//! One gateway after the other: the next one listens before the one on duty is told to end.

use crate::client::Front;
use crate::config::{self, CA, DEFINITION};
use crate::gateway::{Ended, Gateway};
use std::error::Error;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, MissedTickBehavior, interval_at};

/// What all gateways of one phase are started with.
pub(crate) struct Watches {
    pub(crate) program: Arc<PathBuf>,
    pub(crate) name: String,
    pub(crate) config: String,
    pub(crate) authority: String,
    /// How many there were.
    pub(crate) begun: usize,
}

impl Watches {
    /// The next one.
    pub(crate) async fn next(&mut self) -> io::Result<Gateway> {
        self.begun += 1;
        let name = format!("{}-{}", self.name, self.begun);
        let files = [(CA, &self.authority[..]), DEFINITION];
        Gateway::start(&self.program, &name, &self.config, &files).await
    }

    /// Waits for `work`; meanwhile one gateway takes over from the other, where that is asked for.
    /// How they ended comes with it.
    pub(crate) async fn relieve_until<T>(
        mut self,
        work: impl Future<Output = Result<T, Box<dyn Error + Send + Sync>>>,
        mut on_duty: Gateway,
        fronts: &[Arc<Front>],
        every: Option<Duration>,
    ) -> Result<(T, Ended), Box<dyn Error + Send + Sync>> {
        let mut work = std::pin::pin!(work);
        let mut ended = Ended::default();
        let Some(every) = every else {
            let done = work.await?;
            return Ok((done, on_duty.stop().await?));
        };
        let mut ticks = interval_at(Instant::now() + every / 2, every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let next = self.next().await?;
            tokio::select! {
                done = &mut work => {
                    ended.add(next.stop().await?);
                    ended.add(on_duty.stop().await?);
                    return Ok((done?, ended));
                }
                _ = ticks.tick() => {}
            }
            for (number, front) in fronts.iter().enumerate() {
                front.move_to(next.address(&config::listener(number))?);
            }
            // Clients are tasks of their own: they go on with the next one meanwhile.
            let before = std::mem::replace(&mut on_duty, next);
            ended.add(before.stop().await?);
        }
    }
}
