//! Where the script is played, and what is written about it.

use super::backend::Seen;
use super::latency::{self, Latency};
use super::play::Play;
use super::script::{APPROVED, STEPS};
use super::show::Show;
use super::terminal::Terminal;
use super::{CONFIG, CONFIG_TEXT, judge, write_out};
use crate::Running;
use crate::cli::exit::Exit;
use crate::cli::ink::Ink;
use bytes::Bytes;
use gatewright_codecs::pos::Pos;
use gatewright_core::codec::{Event, Protocol, Side};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::sync::mpsc;

/// Where the script is played.
pub(super) struct Stage {
    protocol: Arc<dyn Protocol>,
    gateway: SocketAddr,
    backend: SocketAddr,
    pub(super) show: Show,
}

impl Stage {
    pub(super) fn new(gateway: &Running, backend: SocketAddr) -> io::Result<Self> {
        let protocol: Arc<dyn Protocol> = Arc::new(Pos::new());
        let listener = gateway.address("pos");
        let show = Show {
            ink: Ink::for_stdout(),
            protocol: Arc::clone(&protocol),
        };
        Ok(Self {
            protocol,
            gateway: listener.ok_or_else(|| io::Error::other("the quickstart has no `pos`"))?,
            backend,
            show,
        })
    }

    /// Plays the whole script, and measures.
    pub(super) fn play(&self, seen: &mut mpsc::Receiver<Seen>) -> io::Result<Exit> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        runtime.block_on(async {
            let (gateway, backend) = (self.gateway.to_string(), self.backend.to_string());
            write_out(&self.show.opening(&gateway, &backend, CONFIG, rules()))?;
            let mut play = Play {
                protocol: Arc::clone(&self.protocol),
                gateway: self.gateway,
                terminal: Terminal::connect(self.gateway, Arc::clone(&self.protocol)).await?,
                seen,
            };
            let mut different = 0;
            for (number, step) in (1..).zip(STEPS) {
                write_out(&self.show.sent(number, step))?;
                let scene = play.step(step).await?;
                let found = judge::differences(self.protocol.descriptor(), step, &scene);
                different += found.len();
                write_out(&self.show.scene(&scene))?;
                write_out(&self.show.verdict(&found))?;
            }
            let latency = self.measure(&mut play).await?;
            write_out(&self.show.summary(different, latency))?;
            // What was measured is of no interest to those who watch the backend from now on.
            while play.seen.try_recv().is_ok() {}
            Ok(match different {
                0 => Exit::Good,
                _ => Exit::Findings,
            })
        })
    }

    async fn measure(&self, play: &mut Play<'_>) -> io::Result<Latency> {
        let frame = Bytes::from_static(APPROVED);
        let mut codec = Arc::clone(&self.protocol).codec(Side::Server, frame.len());
        let Event::Head(message) = codec.decode(frame).map_err(io::Error::other)? else {
            return Err(io::Error::other("the first frame is no message"));
        };
        let descriptor = self.protocol.descriptor();
        latency::measure(&mut play.terminal, descriptor, &message, self.backend).await
    }

    /// How to go on by oneself while all is up.
    pub(super) fn invitation(&self, admin: Option<SocketAddr>) -> String {
        let gateway = self.gateway;
        let admin = admin.map_or_else(String::new, |admin| {
            format!("     curl -s http://{admin}/metrics\n\n")
        });
        format!(
            "\n   The gateway and the backend stay up. From another terminal:\n\n     \
             gatewright send --protocol pos --to tcp://{gateway} \\\n       \
             '{{\"auth_req\": {{\"seq\": 7, \"merchant\": \"M123\",\n        \"pan\": \"4111111111111111\", \
             \"amount\": 1250, \"currency\": 978}}}}'\n\n{admin}   \
             Amounts above 100000 are declined, from 50000 on the answer takes 150 ms, and for\n   \
             77700 there is none. A gateway of your own in front of this backend:\n\n     \
             PAYMENTS_URL=h2c://{} gatewright run -c {CONFIG}\n\n   \
             What the backend sees appears below. Ctrl-C ends it.\n\n",
            self.backend,
        )
    }
}

/// The configuration's routes: what a reader of the demo needs of it.
fn rules() -> &'static str {
    let start = CONFIG_TEXT.find("[[routes]]").unwrap_or_default();
    CONFIG_TEXT.get(start..).unwrap_or_default()
}
