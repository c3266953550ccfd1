//! `gatewright demo`: the quickstart with a backend and a terminal of its own.

mod backend;
mod hex;
mod ink;
mod judge;
mod latency;
mod ledger;
mod play;
mod script;
mod show;
mod terminal;
mod text;

use super::exit::Exit;
use super::report::report;
use crate::{Gateway, Running, StartError};
use backend::{Backend, Seen};
use bytes::Bytes;
use gatewright_codecs::pos::Pos;
use gatewright_core::codec::{Event, Protocol, Side};
use ink::Ink;
use latency::Latency;
use play::Play;
use script::{APPROVED, STEPS};
use show::Show;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::sync::Arc;
use terminal::Terminal;
use tokio::sync::mpsc;

/// Where the configuration of the demo stands in the repository.
const CONFIG: &str = "config/examples/quickstart/gatewright.toml";

/// The file itself.
const CONFIG_TEXT: &str = include_str!(concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../config/examples/quickstart/gatewright.toml"
));

/// See it work: a backend, the quickstart's gateway and a terminal that plays recorded frames
///
/// Needs nothing, listens on free ports of the loopback interface, and takes a few seconds. Exits
/// with 1 if anything is not as it should be.
#[derive(Debug, clap::Args)]
pub(super) struct Demo {
    /// Keep the gateway and the backend up afterwards, until Ctrl-C.
    #[arg(long)]
    serve: bool,
}

impl Demo {
    pub(super) fn run(self) -> Exit {
        let ended = if self.serve { serve() } else { play_once() };
        ended.unwrap_or_else(Failure::tell)
    }
}

/// Why the demo cannot go on.
enum Failure {
    Start(StartError),
    Io(io::Error),
}

impl From<StartError> for Failure {
    fn from(error: StartError) -> Self {
        Self::Start(error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl Failure {
    fn tell(self) -> Exit {
        match self {
            Self::Start(StartError::Config(found)) => {
                report(&found);
                Exit::BadConfig
            }
            Self::Start(StartError::Bind(found)) => {
                report(&found);
                Exit::Refused
            }
            Self::Start(error) => {
                eprintln!("error: {error}");
                Exit::Refused
            }
            // Whoever reads our output has seen enough.
            Self::Io(error) if error.kind() == io::ErrorKind::BrokenPipe => Exit::Good,
            Self::Io(error) => {
                eprintln!("error: the demo did not come to its end: {error}");
                Exit::Findings
            }
        }
    }
}

fn play_once() -> Result<Exit, Failure> {
    let (backend, mut seen) = Backend::start().map_err(StartError::System)?;
    let gateway = quickstart(backend.address)?.start()?;
    let stage = Stage::new(&gateway, backend.address)?;
    let exit = stage.play(&mut seen)?;
    write_out(NEXT)?;
    let _ = gateway.stop();
    backend.stop();
    Ok(exit)
}

fn serve() -> Result<Exit, Failure> {
    let (backend, mut seen) = Backend::start().map_err(StartError::System)?;
    let gateway = quickstart(backend.address)?.start_until_signal()?;
    let stage = Stage::new(&gateway, backend.address)?;
    let exit = stage.play(&mut seen)?;
    write_out(&stage.invitation(gateway.addresses().admin))?;
    let watcher = std::thread::spawn(move || {
        // It ends with the backend, or once nobody reads what it writes.
        while let Some(seen) = seen.blocking_recv() {
            if write_out(&stage.show.watched(&seen)).is_err() {
                break;
            }
        }
    });
    let _ = gateway.wait();
    backend.stop();
    // A watcher that panicked has ended, too.
    let _ = watcher.join();
    Ok(exit)
}

/// The quickstart's gateway, on free ports and in front of `backend`.
fn quickstart(backend: SocketAddr) -> Result<Gateway, Failure> {
    let builder = Gateway::builder()
        .config_text(CONFIG, CONFIG_TEXT)
        .variable("GATEWRIGHT_BIND", "tcp://127.0.0.1:0")
        .variable("GATEWRIGHT_ADMIN", "127.0.0.1:0")
        .variable("PAYMENTS_URL", format!("h2c://{backend}"));
    Ok(builder.load().map_err(StartError::Config)?)
}

/// The configuration's routes: what a reader of the demo needs of it.
fn rules() -> &'static str {
    let start = CONFIG_TEXT.find("[[routes]]").unwrap_or_default();
    CONFIG_TEXT.get(start..).unwrap_or_default()
}

fn write_out(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// Where the script is played.
struct Stage {
    protocol: Arc<dyn Protocol>,
    gateway: SocketAddr,
    backend: SocketAddr,
    show: Show,
}

impl Stage {
    fn new(gateway: &Running, backend: SocketAddr) -> io::Result<Self> {
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
    fn play(&self, seen: &mut mpsc::Receiver<Seen>) -> io::Result<Exit> {
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
    fn invitation(&self, admin: Option<SocketAddr>) -> String {
        let gateway = self.gateway;
        let admin = admin.map_or_else(String::new, |admin| {
            format!("     curl -s http://{admin}/metrics\n\n")
        });
        format!(
            "\n   The gateway and the backend stay up. From another terminal:\n\n     \
             gatewright send --protocol pos --to tcp://{gateway} \\\n       \
             '{{\"auth_req\": {{\"seq\": 7, \"merchant\": \"M123\", \"pan\": \"4111111111111111\", \
             \"amount\": 1250, \"currency\": 978}}}}'\n\n{admin}   \
             Amounts above 100000 are declined, from 50000 on the answer takes 150 ms, and for\n   \
             77700 there is none. A gateway of your own in front of this backend:\n\n     \
             PAYMENTS_URL=h2c://{} gatewright run -c {CONFIG}\n\n   \
             What the backend sees appears below. Ctrl-C ends it.\n\n",
            self.backend,
        )
    }
}

/// What to read and to do next.
const NEXT: &str = "
   Next
     config/examples/quickstart/gatewright.toml   the whole configuration of this demo
     codecs/src/pos/                              the protocol: delimit, parse, emit
     gateway/src/cli/demo/                        this demo: script.rs has the frames
     gatewright demo --serve                      keeps it up to play with
     gatewright run -c config/examples/quickstart/gatewright.toml
";
