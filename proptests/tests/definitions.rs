//! Every shipped definition: it loads, its corpus reads, and it holds the laws of all codecs.

use bytes::BytesMut;
use gatewright_codecs::ksy::load::{Sources, Unreadable};
use gatewright_codecs::ksy::protocol::{Loaded, load};
use gatewright_codecs::ksy::{Refused, finding::Severity};
use gatewright_core::codec::{Delimited, Event, Protocol, Side};
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
        let Delimited::Frame(len) = codec.delimit(rest).ok()? else {
            return None;
        };
        let (frame, after) = rest.split_at(len.get());
        let event = codec.decode(bytes::Bytes::copy_from_slice(frame)).ok()?;
        if let Event::Head(message) = event {
            all.push((message, frame.to_vec()));
        }
        rest = after;
    }
    Some(all)
}

/// The bytes of a message whose own are forgotten.
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

/// A file of a corpus.
struct Sample {
    name: String,
    bytes: Vec<u8>,
    /// The request that it answers, where replies say nothing of theirs.
    request: Option<Vec<u8>>,
}

impl Sample {
    fn of(corpus: &Path, file: &Path) -> Self {
        let name = file.file_name().unwrap().to_str().unwrap().to_owned();
        let request = corpus.join(name.replacen("reply_", "request_", 1));
        let answers = name.starts_with("reply_") && request.exists();
        Self {
            bytes: bytes(file),
            request: answers.then(|| bytes(&request)),
            name,
        }
    }

    /// Who reads it. Names say who sends it, where the same bytes would mean something else the
    /// other way.
    fn readers(&self) -> &'static [Side] {
        let name = self.name.trim_start_matches("bad_");
        let from = |senders: &[&str]| senders.iter().any(|sender| name.starts_with(sender));
        if from(&["request", "client"]) {
            &[Side::Server]
        } else if from(&["reply", "server", "answer"]) {
            &[Side::Client]
        } else {
            &[Side::Server, Side::Client]
        }
    }

    fn is_bad(&self) -> bool {
        self.name.starts_with("bad_")
    }

    /// Whether it is good, but perhaps nothing that the definition has a name for: then it
    /// cannot be routed, and is refused.
    fn may_be_nameless(&self) -> bool {
        self.name.contains("unknown")
    }

    fn check(&self, protocol: &Arc<dyn Protocol>) -> Result<(), String> {
        let mut read = false;
        for side in self.readers() {
            let Some(all) = messages(protocol, *side, &self.bytes, self.request.as_deref()) else {
                continue;
            };
            read = true;
            for (message, frame) in all {
                let written = anew(protocol, *side, &message, self.request.as_deref());
                if written.as_ref() != Ok(&frame) {
                    return Err(format!(
                        "{side:?}: {frame:02x?} is written as {written:02x?}"
                    ));
                }
            }
        }
        if read == self.is_bad() && !self.may_be_nameless() {
            let readings = self.readers().iter();
            let readings: Vec<_> = readings
                .map(|side| Reading::of(protocol, *side, [&self.bytes[..]]))
                .collect();
            return Err(format!(
                "{}: {readings:?}",
                if read { "accepted" } else { "refused" }
            ));
        }
        Ok(())
    }
}

#[test]
fn shipped_definitions_read_and_write_their_corpus() {
    let mut faults = Vec::new();
    for Shipped { definition, corpus } in shipped() {
        let protocol = protocol(&definition);
        laws::check_descriptor(protocol.descriptor())
            .unwrap_or_else(|e| panic!("{}: {e}", definition.display()));
        let samples: Vec<_> = sorted(&corpus)
            .iter()
            .map(|file| Sample::of(&corpus, file))
            .collect();
        assert!(samples.iter().any(|sample| !sample.is_bad()));
        assert!(samples.iter().any(Sample::is_bad));
        for sample in samples {
            if let Err(fault) = sample.check(&protocol) {
                faults.push(format!("{} {}: {fault}", definition.display(), sample.name));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn shipped_definitions_hold_the_laws() {
    for Shipped { definition, corpus } in shipped() {
        let protocol = protocol(&definition);
        // Datagrams are not cut in other ways than they came.
        if definition.to_str().unwrap().contains("udp") {
            continue;
        }
        for file in sorted(&corpus) {
            laws::check_input(&protocol, &bytes(&file))
                .unwrap_or_else(|e| panic!("{}: {e}", file.display()));
        }
    }
}
