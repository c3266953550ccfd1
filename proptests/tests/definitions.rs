//! Every shipped definition: it loads, its corpus reads, and it holds the laws of all codecs.

use bytes::BytesMut;
use gatewright_codecs::ksy::{Definition, Refused};
use gatewright_core::codec::{Delimited, Event, Protocol, Side};
use gatewright_core::laws::{self, Reading};
use gatewright_core::message::Message;
use gatewright_proptests::definitions::{InMemory, Told, check_findings, check_message};
use gatewright_proptests::library::{Shipped, hex, sorted};
use std::path::Path;
use std::sync::Arc;

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
            bytes: hex(file),
            request: answers.then(|| hex(&request)),
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
    for shipped in Shipped::all() {
        let path = shipped.path.display();
        let protocol = shipped.protocol();
        laws::check_descriptor(protocol.descriptor()).unwrap_or_else(|e| panic!("{path}: {e}"));
        let samples = shipped.samples();
        let samples = samples.iter().map(|file| Sample::of(&shipped.corpus, file));
        let samples: Vec<_> = samples.collect();
        assert!(samples.iter().any(|sample| !sample.is_bad()), "{path}");
        assert!(samples.iter().any(Sample::is_bad), "{path}");
        for sample in samples {
            if let Err(fault) = sample.check(&protocol) {
                faults.push(format!("{path} {}: {fault}", sample.name));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn shipped_definitions_hold_the_laws() {
    // Datagrams are not cut in other ways than they came.
    for shipped in Shipped::all().iter().filter(|row| !row.is_datagram()) {
        let protocol = shipped.protocol();
        for file in shipped.samples() {
            laws::check_input(&protocol, &hex(&file))
                .unwrap_or_else(|e| panic!("{}: {e}", file.display()));
        }
    }
}

/// A definition and a message of it, with a zero byte between them.
fn check_seed(bad: bool, seed: &[u8]) -> Result<(), String> {
    let mut parts = seed.splitn(2, |byte| *byte == 0);
    let text = std::str::from_utf8(parts.next().unwrap_or_default()).map_err(|e| e.to_string())?;
    let message = parts.next().unwrap_or_default();
    match Definition::load(Path::new(InMemory::PATH), &InMemory(text), &[]) {
        Ok(definition) => match check_message(&definition, message) {
            Told::Written(_) if !bad => Ok(()),
            Told::Unread(_) | Told::Unwritten(_) if bad => Ok(()),
            told => Err(format!("{told:?}")),
        },
        Err(Refused::Faulty { files, findings }) => {
            check_findings(&files, &findings);
            match bad {
                true => Ok(()),
                false => Err(format!("{:?}", findings.all())),
            }
        }
        Err(Refused::Unreadable(why)) => Err(why.to_string()),
    }
}

/// One definition for each part of the language, and those that were once handled badly. What is
/// called `bad_…` is refused, at the latest when its message is written.
#[test]
fn what_fuzzing_begins_with_is_read_and_written() {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/seeds/ksy");
    let mut faults = Vec::new();
    for file in sorted(&seeds) {
        let name = file.file_name().unwrap().to_string_lossy();
        let seed = std::fs::read(&file).unwrap();
        if let Err(fault) = check_seed(name.starts_with("bad_"), &seed) {
            faults.push(format!("{name}: {fault}"));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
