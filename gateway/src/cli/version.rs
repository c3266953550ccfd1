//! `gatewright version`

use super::exit::{Exit, Outcome};
use super::output::{Format, print};
use crate::Builder;
use serde_json::json;

const VERSION: &str = env!("CARGO_PKG_VERSION");
const TLS: &str = "rustls with aws-lc-rs";

/// Print the version.
#[derive(Debug, clap::Args)]
pub(super) struct Version {
    /// What is linked in, too.
    #[arg(short, long)]
    verbose: bool,
    /// The form of the result.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

impl Version {
    pub(super) fn run(self, builder: Builder) -> Exit {
        self.tell(&builder).into()
    }

    fn tell(&self, builder: &Builder) -> Outcome {
        let protocols: Vec<&str> = builder.protocols().names().collect();
        match (self.format, self.verbose) {
            (Format::Text, false) => print(format_args!("gatewright {VERSION}")),
            (Format::Text, true) => {
                let protocols = protocols.join(", ");
                let features = features().join(", ");
                print(format_args!(
                    "gatewright {VERSION}\nprotocols: {protocols}\ntls: {TLS}\nfeatures: {features}"
                ))
            }
            (Format::Json, false) => print(json!({ "version": VERSION })),
            (Format::Json, true) => print(json!({
                "version": VERSION, "protocols": protocols, "tls": TLS, "features": features(),
            })),
        }
    }
}

/// The features that this build has.
fn features() -> Vec<&'static str> {
    let all = [
        ("mimalloc", cfg!(feature = "mimalloc")),
        ("no-traces", cfg!(feature = "no-traces")),
    ];
    all.into_iter()
        .filter_map(|(name, is_there)| is_there.then_some(name))
        .collect()
}
