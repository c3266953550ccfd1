//! Names of fields in rules: short ones, and whole paths.

use gatewright_codecs::ksy::load::{Sources, Unreadable};
use gatewright_codecs::ksy::protocol::load;
use gatewright_core::codec::{Descriptor, Protocol};
use std::path::{Path, PathBuf};
use std::sync::Arc;

struct Disk;

impl Sources for Disk {
    fn read(&self, path: &Path, _: usize) -> Result<String, Unreadable> {
        std::fs::read_to_string(path).map_err(|_| Unreadable::Missing)
    }
}

/// All shipped definitions.
pub(crate) fn library() -> Vec<PathBuf> {
    let folders = std::fs::read_dir(folder()).expect("the library");
    let folders = folders.map(|entry| entry.expect("a folder").path());
    let file = |folder: PathBuf| {
        let name = folder.file_name()?.to_str()?.to_owned();
        Some(folder.join(format!("{name}.ksy"))).filter(|file| file.exists())
    };
    folders.filter_map(file).collect()
}

/// A shipped definition as a protocol.
pub(crate) fn protocol(name: &str) -> Arc<dyn Protocol> {
    let file = folder().join(name).join(format!("{name}.ksy"));
    load(&file, &Disk, &[]).expect("a good definition").protocol
}

/// The bytes of all files of a definition's corpus.
pub(crate) fn samples(definition: &str) -> Vec<Vec<u8>> {
    let corpus = folder().join(definition).join("corpus");
    let files = std::fs::read_dir(corpus).expect("a corpus");
    let stem = |path: PathBuf| Some(path.file_stem()?.to_str()?.to_owned());
    let stems = files.filter_map(|file| stem(file.expect("a file").path()));
    stems.map(|sample| hex(definition, &sample)).collect()
}

/// The bytes of a file of a definition's corpus.
pub(crate) fn hex(definition: &str, sample: &str) -> Vec<u8> {
    let file = folder()
        .join(definition)
        .join(format!("corpus/{sample}.hex"));
    let text = std::fs::read_to_string(file).expect("a sample");
    let digits = text
        .lines()
        .map(|line| line.split('#').next().unwrap_or_default());
    crate::support::bytes(&digits.collect::<String>()).to_vec()
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/protocols")
}

fn descriptor(file: &Path) -> Arc<Descriptor> {
    let loaded = load(file, &Disk, &[]).expect("a good definition");
    Arc::clone(loaded.protocol.descriptor())
}

#[test]
fn each_field_of_each_definition_is_found_by_its_path() {
    let mut paths = 0;
    for file in library() {
        for record in &descriptor(&file).schema.structs {
            for (at, field) in record.fields.iter().enumerate() {
                let path = match field.path.as_ref() {
                    "" => field.name.as_ref(),
                    path => path,
                };
                let path: Vec<&str> = path.split('.').collect();
                let named = record.named(&path).expect("a field");
                assert_eq!(named.slot.index(), at, "{}: {path:?}", file.display());
                assert_eq!(named.used, path.len());
                paths += usize::from(path.len() > 1);
            }
        }
    }
    assert!(paths > 500, "{paths}");
}

#[test]
fn a_path_ends_at_the_field_and_goes_on_in_it() {
    let pos = protocol("pos");
    let pos = pos.descriptor();
    let record = pos.record(pos.operation_named("auth_req").expect("an operation"));
    let slot = |path: &[&str]| {
        let named = record.named(path);
        named.map(|named| (named.field.name.as_ref(), named.used))
    };
    assert_eq!(slot(&["amount"]), Some(("amount", 1)));
    assert_eq!(slot(&["body", "msg", "amount"]), Some(("amount", 3)));
    assert_eq!(slot(&["body", "msg", "amount", "x"]), Some(("amount", 3)));
    assert_eq!(slot(&["amount", "x"]), Some(("amount", 1)));
    assert_eq!(slot(&["body", "seq"]), Some(("seq", 2)));
    // What follows from others is no field, wherever it stands.
    assert_eq!(slot(&["body", "kind"]), None);
    assert_eq!(slot(&["body", "msg"]), None);
    assert_eq!(slot(&[]), None);
}
