//! `gatewright run`

use super::exit::Exit;
use super::output::print;
use super::report::{complain, report};
use crate::{Builder, StartError, observe};
use std::path::PathBuf;

/// Run the gateway until SIGTERM or SIGINT.
#[derive(Debug, clap::Args)]
pub(super) struct Run {
    /// The configuration: a file, or a folder, of which all files *.toml are read.
    #[arg(short, long, value_name = "FILE", default_value = "gatewright.toml")]
    config: PathBuf,
}

impl Run {
    pub(super) fn run(self, builder: Builder) -> Exit {
        let gateway = match builder.config(self.config).load() {
            Ok(gateway) => gateway,
            Err(found) => {
                report(&found);
                return Exit::BadConfig;
            }
        };
        report(&gateway.loaded().warnings);
        observe::start_logs(&gateway.loaded().plan.log);
        let running = match gateway.start_until_signal() {
            Ok(running) => running,
            Err(error) => return refuse(&error),
        };
        for (name, address) in &running.addresses().listeners {
            // Nobody has to listen to this for the gateway to run.
            let _ = print(format_args!("listening {name} tcp://{address}"));
        }
        if let Some(address) = running.addresses().admin {
            let _ = print(format_args!("listening admin http://{address}"));
        }
        let _ = running.wait();
        Exit::Good
    }
}

fn refuse(error: &StartError) -> Exit {
    match error {
        StartError::Config(found) => {
            report(found);
            Exit::BadConfig
        }
        StartError::Bind(found) => {
            report(found);
            Exit::Refused
        }
        StartError::Tls(_) | StartError::System(_) => {
            complain(error);
            Exit::Refused
        }
    }
}
