//! `gatewright demo`: the quickstart with a backend and a terminal of its own.

mod backend;
mod dump;
mod judge;
mod latency;
mod ledger;
mod play;
mod script;
mod show;
mod stage;
mod terminal;
mod text;

use super::exit::Exit;
use super::report::{complain, report};
use crate::{Gateway, StartError};
use backend::Backend;
use stage::Stage;
use std::io::{self, Write};
use std::net::SocketAddr;

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
                complain(error);
                Exit::Refused
            }
            // Whoever reads our output has seen enough.
            Self::Io(error) if error.kind() == io::ErrorKind::BrokenPipe => Exit::Good,
            Self::Io(error) => {
                complain(format_args!("the demo did not come to its end: {error}"));
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

fn write_out(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// What to read and to do next.
const NEXT: &str = "
   Next
     config/examples/quickstart/gatewright.toml   the whole configuration of this demo
     codecs/src/pos/                              the protocol: delimit, parse, emit
     codecs/README.md                             how to add a protocol of your own
     gateway/src/cli/demo/                        this demo: script.rs has the frames
     gatewright demo --serve                      keeps it up to play with
     gatewright run -c config/examples/quickstart/gatewright.toml
";
