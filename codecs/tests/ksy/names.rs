//! Names of fields in rules: short ones, and whole paths.

use gatewright_codecs::ksy::load::{Sources, Unreadable};
use gatewright_codecs::ksy::protocol::load;
use gatewright_core::codec::Descriptor;
use std::path::{Path, PathBuf};
use std::sync::Arc;

struct Disk;

impl Sources for Disk {
    fn read(&self, path: &Path, _: usize) -> Result<String, Unreadable> {
        std::fs::read_to_string(path).map_err(|_| Unreadable::Missing)
    }
}

/// All shipped definitions.
fn library() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/protocols");
    let folders = std::fs::read_dir(folder).expect("the library");
    let folders = folders.map(|entry| entry.expect("a folder").path());
    let file = |folder: PathBuf| {
        let name = folder.file_name()?.to_str()?.to_owned();
        Some(folder.join(format!("{name}.ksy"))).filter(|file| file.exists())
    };
    folders.filter_map(file).collect()
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
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/protocols/pos/pos.ksy");
    let pos = descriptor(&file);
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
