#![no_main]
//! Any bytes against the laws that hold for every protocol: what is read is written the same,
//! however it arrives; what is refused is refused without a panic.

use bytes::Bytes;
use gatewright_codecs::framing::Framer;
use gatewright_codecs::ksy::Definition;
use gatewright_codecs::ksy::load::{Sources, Unreadable};
use gatewright_codecs::ksy::protocol::load;
use gatewright_core::codec::{Event, Protocol, Side};
use gatewright_core::laws;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

/// From this crate's folder.
const DEFINITION: &str = "DEFINITION";
/// Where imports that begin with `/` are looked for.
const FOLDERS: &[&str] = &[FOLDERS];

struct Disk;

impl Sources for Disk {
    fn read(&self, path: &Path, _: usize) -> Result<String, Unreadable> {
        std::fs::read_to_string(path).map_err(|error| Unreadable::Other(error.to_string()))
    }
}

struct Defined {
    protocol: Arc<dyn Protocol>,
    is_datagram: bool,
}

static DEFINED: LazyLock<Defined> = LazyLock::new(|| {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    let file = own.join(DEFINITION);
    let folders: Vec<PathBuf> = FOLDERS.iter().map(|folder| own.join(folder)).collect();
    let section = Definition::load(&file, &Disk, &folders).unwrap().section;
    Defined {
        protocol: load(&file, &Disk, &folders).unwrap().protocol,
        is_datagram: section.unwrap().request.framer == Framer::Datagram,
    }
});

/// A datagram comes as it was sent.
fn check_datagram(protocol: &Arc<dyn Protocol>, bytes: &[u8]) {
    for side in [Side::Server, Side::Client] {
        let mut codec = Arc::clone(protocol).codec(side, bytes.len());
        if let Ok(Event::Head(message)) = codec.decode(Bytes::copy_from_slice(bytes)) {
            laws::rewritten(protocol, side, bytes, &message).unwrap();
            laws::shown(protocol, &message).unwrap();
        }
    }
}

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    match DEFINED.is_datagram {
        true => check_datagram(&DEFINED.protocol, data),
        false => laws::check_input(&DEFINED.protocol, data).unwrap(),
    }
});
