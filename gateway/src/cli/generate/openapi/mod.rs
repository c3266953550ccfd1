//! `gatewright gen openapi`

mod asked;
mod document;
mod operation;
mod part;
mod pattern;
mod payload;
mod problem;
mod schema;
mod told;

use crate::Builder;
use crate::cli::exit::{Exit, Outcome};
use crate::cli::output::print;
use crate::cli::report::{complain, note, report};
use document::Document;
use gatewright_config::plan::{ListenerPlan, Plan};
use std::path::PathBuf;

/// Print the routes of an HTTP listener as an OpenAPI 3.1 document
///
/// Paths, parameters and payloads are those that the rules name, with the types of the fields that
/// they fill or come from.
#[derive(Debug, clap::Args)]
pub(super) struct OpenApi {
    /// The configuration: a file, or a folder, of which all files *.toml are read.
    #[arg(short, long, value_name = "FILE", default_value = "gatewright.toml")]
    config: PathBuf,
    /// Which listener, if several speak HTTP.
    #[arg(long, value_name = "NAME")]
    listener: Option<String>,
    /// The document's title [default: the listener's name].
    #[arg(long, value_name = "TEXT")]
    title: Option<String>,
    /// Which version of the API it describes.
    #[arg(long, value_name = "TEXT", default_value = "1.0.0")]
    api_version: String,
    /// The file to write [default: standard output].
    #[arg(short, long, value_name = "FILE")]
    out: Option<PathBuf>,
}

impl OpenApi {
    pub(super) fn run(self, builder: Builder) -> Exit {
        self.tell(builder).into()
    }

    fn tell(&self, builder: Builder) -> Outcome {
        let gateway = builder.config(&self.config).load().map_err(|found| {
            report(&found);
            Exit::BadConfig
        })?;
        report(&gateway.loaded().warnings);
        let document = Document::of(self.listener(&gateway.loaded().plan)?);
        for left in &document.left_out {
            note(format_args!("note: left out: {left}"));
        }
        let json = document.json(self.title.as_deref(), &self.api_version);
        self.write(&format!("{json:#}"))
    }

    /// The listener asked for, or the only one that there is.
    fn listener<'p>(&self, plan: &'p Plan) -> Outcome<&'p ListenerPlan> {
        let of_http = |listener: &&ListenerPlan| listener.protocol.descriptor().http.is_some();
        let all: Vec<&ListenerPlan> = plan.listeners.iter().filter(of_http).collect();
        let asked = |listener: &&&ListenerPlan| {
            (self.listener.as_deref()).is_none_or(|name| *listener.name == *name)
        };
        let mut found = all.iter().filter(asked);
        match (found.next(), found.next()) {
            (Some(listener), None) => Ok(listener),
            (Some(_), Some(_)) => Err(refuse(
                "several listeners speak HTTP: choose one with --listener",
                &all,
            )),
            (None, _) if self.listener.is_some() => {
                Err(refuse("no listener of that name speaks HTTP", &all))
            }
            (None, _) => Err(refuse("no listener speaks HTTP", &all)),
        }
    }

    fn write(&self, text: &str) -> Outcome {
        let Some(path) = &self.out else {
            return print(text);
        };
        std::fs::write(path, format!("{text}\n")).map_err(|error| {
            complain(format_args!("cannot write {}: {error}", path.display()));
            Exit::Refused
        })
    }
}

fn refuse(why: &str, listeners: &[&ListenerPlan]) -> Exit {
    let names: Vec<String> = listeners.iter().map(|l| format!("`{}`", l.name)).collect();
    let those = match names.as_slice() {
        [] => String::new(),
        names => format!(" ({})", names.join(", ")),
    };
    complain(format_args!("{why}{those}"));
    Exit::BadUsage
}
