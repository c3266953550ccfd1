//! Every shipped definition: it loads, its corpus reads, and it holds the laws of all codecs.

use bytes::BytesMut;
use gatewright_codecs::ksy::load::{Sources, Unreadable};
use gatewright_codecs::ksy::protocol::{Loaded, load};
use gatewright_codecs::ksy::{Refused, finding::Severity};
use gatewright_core::codec::{Event, Protocol, Side};
use gatewright_core::laws::{self, Reading};
use gatewright_core::message::Message;
use std::path::{Path, PathBuf};
use std::sync::Arc;

struct Disk;

impl Sources for Disk {
    fn read(&self, path: &Path, _: usize) -> Result<String, Unreadable> {
        std::fs::read_to_string(path).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => Unreadable::Missing,
            _ => Unreadable::Other(error.to_string()),
        })
    }
}

fn library() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/protocols")
}

fn sorted(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

/// A definition and where its messages are.
struct Shipped {
    definition: PathBuf,
    corpus: PathBuf,
}

/// All shipped definitions. A side file `NAME-VARIANT.gateway.yaml` has a corpus of its own.
fn shipped() -> Vec<Shipped> {
    let mut all = Vec::new();
    for folder in sorted(&library()).into_iter().filter(|path| path.is_dir()) {
        for path in sorted(&folder) {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            let corpus = match name.strip_suffix(".gateway.yaml") {
                Some(stem) => match stem.split_once('-') {
                    Some((_, variant)) => folder.join(format!("corpus-{variant}")),
                    None => folder.join("corpus"),
                },
                None if name.ends_with(".ksy") => folder.join("corpus"),
                None => continue,
            };
            all.push(Shipped {
                definition: path,
                corpus,
            });
        }
    }
    all
}

fn protocol(path: &Path) -> Arc<dyn Protocol> {
    match load(path, &Disk, &[]) {
        Ok(Loaded { protocol, .. }) => protocol,
        Err(Refused::Unreadable(error)) => panic!("{}: {error}", path.display()),
        Err(Refused::Faulty { findings, .. }) => {
            let errors = findings.all().iter();
            let errors = errors.filter(|finding| finding.severity == Severity::Error);
            let shown: Vec<_> = errors
                .map(|finding| format!("{} {}: {}", finding.code, finding.path, finding.message))
                .collect();
            panic!("{}: {}", path.display(), shown.join("\n"))
        }
    }
}

fn bytes(path: &Path) -> Vec<u8> {
    let text = std::fs::read_to_string(path).unwrap();
    let digits: String = text
        .lines()
        .map(|line| line.split('#').next().unwrap())
        .flat_map(str::split_whitespace)
        .collect();
    let pairs = digits.as_bytes().chunks(2);
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    pairs.map(byte).collect()
}

/// All messages, if the bytes are nothing but messages of one side.
fn messages(
    protocol: &Arc<dyn Protocol>,
    side: Side,
    bytes: &[u8],
    request: Option<&[u8]>,
) -> Option<Vec<(Message, Vec<u8>)>> {
    let max = protocol.descriptor().capabilities.max_frame;
    let mut codec = Arc::clone(protocol).codec(side, max);
    if let Some(request) = request {
        let asked = messages(protocol, Side::Server, request, None)?;
        for (message, _) in asked {
            codec
                .encode(&Event::Head(message), &mut BytesMut::new())
                .ok()?;
        }
    }
    let mut rest = bytes;
    let mut all = Vec::new();
    while !rest.is_empty() {
        let gatewright_core::codec::Delimited::Frame(len) = codec.delimit(rest).ok()? else {
            return None;
        };
        let (frame, after) = rest.split_at(len.get());
        match codec.decode(bytes::Bytes::copy_from_slice(frame)).ok()? {
            Event::Head(message) => all.push((message, frame.to_vec())),
            _ => {}
        }
        rest = after;
    }
    Some(all)
}

/// Reads a message, forgets the bytes, writes it: they must be the same.
fn anew(
    protocol: &Arc<dyn Protocol>,
    side: Side,
    message: &Message,
    request: Option<&[u8]>,
) -> Result<Vec<u8>, String> {
    let made = Message::new(
        message.kind(),
        message.operation(),
        message.fields().clone(),
    )
    .with_correlation(message.correlation().clone());
    let writer = match side {
        Side::Server => Side::Client,
        Side::Client => Side::Server,
    };
    let mut out = BytesMut::new();
    let mut codec = Arc::clone(protocol).codec(writer, usize::MAX);
    if let Some(request) = request {
        let _ = codec.decode(bytes::Bytes::copy_from_slice(request));
    }
    match codec.encode(&Event::Head(made), &mut out) {
        Ok(()) => Ok(out.to_vec()),
        Err(error) => Err(error.to_string()),
    }
}

#[test]
fn shipped_definitions_hold_their_corpus() {
    let only = std::env::var("ONLY").unwrap_or_default();
    let mut faults = Vec::new();
    for Shipped { definition, corpus } in shipped() {
        let name = definition.file_name().unwrap().to_str().unwrap().to_owned();
        if !name.starts_with(&only) {
            continue;
        }
        let loaded = std::panic::catch_unwind(|| protocol(&definition));
        let Ok(protocol) = loaded else {
            faults.push(format!("{name}: does not load"));
            continue;
        };
        if let Err(e) = laws::check_descriptor(protocol.descriptor()) {
            faults.push(format!("{name}: {e}"));
        }
        for file in sorted(&corpus) {
            let bytes = bytes(&file);
            let file = format!("{name} {}", file.file_name().unwrap().to_str().unwrap());
            // Names say who sends it, where the same bytes would mean something the other way.
            let stem = file.rsplit(' ').next().unwrap();
            let from = |who: &[&str]| {
                who.iter()
                    .any(|who| stem.trim_start_matches("bad_").starts_with(who))
            };
            let sides: Vec<Side> = if from(&["request", "client"]) {
                vec![Side::Server]
            } else if from(&["reply", "server", "answer"]) {
                vec![Side::Client]
            } else {
                vec![Side::Server, Side::Client]
            };
            if stem.contains("unknown") {
                continue;
            }
            // A reply that says nothing of its request is read after it.
            let asked = corpus.join(stem.replacen("reply_", "request_", 1));
            let request =
                (stem.starts_with("reply_") && asked.exists()).then(|| self::bytes(&asked));
            let good: Vec<_> = sides
                .iter()
                .copied()
                .filter_map(|side| {
                    messages(&protocol, side, &bytes, request.as_deref()).map(|m| (side, m))
                })
                .collect();
            let bad = file.contains(" bad_");
            if bad == !good.is_empty() {
                let why: Vec<_> = sides
                    .iter()
                    .map(|side| format!("{:?}", Reading::of(&protocol, *side, [&bytes[..]])))
                    .collect();
                faults.push(format!(
                    "{file}: {} {}",
                    if bad { "is accepted" } else { "is refused" },
                    if bad {
                        String::new()
                    } else {
                        why.join(" | ").chars().take(600).collect()
                    }
                ));
                continue;
            }
            for (side, all) in &good {
                for (message, frame) in all {
                    match anew(&protocol, *side, message, request.as_deref()) {
                        Ok(out) if out == *frame => {}
                        Ok(out) => faults.push(format!(
                            "{file} {side:?}: written otherwise: {:02x?}\n {:02x?}",
                            frame, out
                        )),
                        Err(e) => faults.push(format!("{file} {side:?}: cannot be written: {e}")),
                    }
                }
            }
            if name.contains("udp") {
                continue;
            }
            if let Err(e) = laws::check_input(&protocol, &bytes) {
                faults.push(format!("{file}: LAW {e:?}").chars().take(500).collect());
            }
        }
    }
    let count = faults.len();
    assert!(faults.is_empty(), "{count} faults:\n{}", faults.join("\n"));
}
