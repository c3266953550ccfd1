//! `gatewright run`

use super::exit::Exit;
use super::output::print;
use super::report::{complain, report};
use crate::{Builder, StartError, observe};
use gatewright_config::plan::{ListenerPlan, Plan};
use std::path::PathBuf;
use std::sync::Arc;

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
        let carriers = carriers(&gateway.loaded().plan);
        let running = match gateway.start_until_signal() {
            Ok(running) => running,
            Err(error) => return refuse(&error),
        };
        let listening = running.addresses().listeners.iter().zip(&carriers);
        for ((name, address), Carrier { scheme, path }) in listening {
            // Nobody has to listen to this for the gateway to run.
            let _ = print(format_args!("listening {name} {scheme}://{address}{path}"));
        }
        if let Some(address) = running.addresses().admin {
            let _ = print(format_args!("listening admin http://{address}"));
        }
        let _ = running.wait();
        Exit::Good
    }
}

/// What is around an address in a listener's URL.
struct Carrier {
    scheme: &'static str,
    path: Arc<str>,
}

fn carriers(plan: &Plan) -> Vec<Carrier> {
    let carrier = |listener: &ListenerPlan| match &listener.websocket {
        None => Carrier {
            scheme: "tcp",
            path: Arc::default(),
        },
        Some(websocket) => Carrier {
            scheme: listener.tls.as_ref().map_or("ws", |_| "wss"),
            path: Arc::clone(&websocket.path),
        },
    };
    plan.listeners.iter().map(carrier).collect()
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
