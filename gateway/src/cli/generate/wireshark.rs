//! `gatewright gen wireshark`

use crate::cli::definition::Folders;
use crate::cli::exit::{Exit, Outcome};
use crate::cli::output::print;
use crate::cli::report::{complain, report};
use crate::definitions::located;
use gatewright_codecs::ksy::generate::wireshark::{Ports, dissector};
use std::path::PathBuf;

/// Print a dissector for Wireshark and tshark, in Lua
///
/// Put it into a folder for plugins, or name it on the command line:
/// `tshark -X lua_script:FILE.lua`.
#[derive(Debug, clap::Args)]
pub(super) struct Wireshark {
    /// The definition.
    #[arg(value_name = "FILE.ksy")]
    definition: PathBuf,
    #[command(flatten)]
    folders: Folders,
    /// The protocol's name there, which none that Wireshark knows may have [default: that of the
    /// definition].
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// A TCP port where it is spoken; may be repeated. Elsewhere, "Decode As" chooses it.
    #[arg(long = "tcp", value_name = "PORT")]
    tcp: Vec<u16>,
    /// A UDP port where it is spoken; may be repeated.
    #[arg(long = "udp", value_name = "PORT")]
    udp: Vec<u16>,
}

/// What Wireshark takes for the name of a protocol.
fn is_name(name: &str) -> bool {
    let fits =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_.".contains(&byte);
    !name.is_empty() && name.bytes().all(fits)
}

impl Wireshark {
    pub(super) fn run(self) -> Exit {
        self.tell().into()
    }

    fn tell(self) -> Outcome {
        let name = self.name.as_deref();
        if !name.is_none_or(is_name) {
            complain("a protocol's name has small letters, digits, `-`, `_` and `.`");
            return Err(Exit::BadUsage);
        }
        let definition = self.folders.load_or_tell(&self.definition)?;
        let ports = Ports {
            tcp: self.tcp,
            udp: self.udp,
        };
        let script = dissector(&definition, name, &ports).map_err(|refused| {
            let found = refused.into_iter();
            let found = found.map(|part| located(&definition.files, part.file, part.fault));
            report(&found.collect::<Vec<_>>());
            Exit::Findings
        })?;
        print(script.trim_end())
    }
}
