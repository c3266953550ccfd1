//! Reading and writing one frame of every built-in protocol, from its corpus; counting many, where
//! a codec can.

use bytes::{Bytes, BytesMut};
use criterion::{Criterion, criterion_group, criterion_main};
use gatewright_codecs::http1::Http;
use gatewright_codecs::ksy::load::{Sources, Unreadable};
use gatewright_codecs::ksy::protocol::load;
use gatewright_codecs::{BUILTIN, Sample};
use gatewright_core::codec::{ConnCodec, Delimited, Event, Protocol, Side, Used};
use gatewright_core::message::OperationId;
use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;

/// The allocator of the `gatewright` binary.
use mimalloc as _;

fn codec_of(protocol: &Arc<dyn Protocol>, side: Side) -> Box<dyn ConnCodec> {
    Arc::clone(protocol).codec(side, 65_536)
}

/// The first frame of a sample, if one side of the protocol reads it.
fn first_frame(protocol: &Arc<dyn Protocol>, bytes: &[u8]) -> Option<(Side, Bytes)> {
    [Side::Server, Side::Client].into_iter().find_map(|side| {
        let mut codec = codec_of(protocol, side);
        let Ok(Delimited::Frame(length)) = codec.delimit(bytes) else {
            return None;
        };
        let frame = Bytes::copy_from_slice(&bytes[..length.get()]);
        codec.decode(frame.clone()).ok()?;
        Some((side, frame))
    })
}

fn codecs(criterion: &mut Criterion) {
    for row in BUILTIN {
        let protocol = (row.protocol)();
        if protocol.descriptor().http.is_some() {
            // Its frames cannot be read one after the other without an end: `heads` measures it.
            continue;
        }
        for sample in row.corpus.iter().filter(|sample| !sample.is_bad()) {
            let bytes = sample.bytes().expect("a corpus file is hexadecimal");
            let Some((side, frame)) = first_frame(&protocol, &bytes) else {
                continue;
            };
            let name = format!("{}/{}", row.name, sample.name.trim_end_matches(".hex"));
            bench(criterion, &name, &protocol, side, &frame);
        }
    }
}

/// Reads the definitions that are shipped.
struct Disk;

impl Sources for Disk {
    fn read(&self, path: &Path, _: usize) -> Result<String, Unreadable> {
        std::fs::read_to_string(path).map_err(|_| Unreadable::Missing)
    }
}

/// The same for protocols as data: `pos` beside the codec written by hand, `w5` for the comparison
/// with other proxies, and some that need all of the engine.
fn definitions(criterion: &mut Criterion) {
    let library = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/protocols");
    for name in [
        "pos",
        "w5",
        "inhouse",
        "memcached",
        "mqtt",
        "iso8583",
        "dns",
    ] {
        let folder = library.join(name);
        let definition = folder.join(format!("{name}.ksy"));
        criterion.bench_function(&format!("load {name}.ksy"), |b| {
            b.iter(|| load(black_box(&definition), &Disk, &[]).is_ok());
        });
        let Ok(loaded) = load(&definition, &Disk, &[]) else {
            panic!("{} does not load", definition.display());
        };
        let mut samples: Vec<_> = std::fs::read_dir(folder.join("corpus"))
            .expect("a definition has a corpus")
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| !path.to_string_lossy().contains("bad_"))
            .collect();
        samples.sort();
        // One of each protocol is enough, and both of `pos`.
        for path in samples.iter().take(if name == "pos" { 3 } else { 1 }) {
            let text = std::fs::read_to_string(path).expect("a sample is text");
            let sample = Sample {
                name: "",
                text: text.leak(),
            };
            let bytes = sample.bytes().expect("a sample is hexadecimal");
            let Some((side, frame)) = first_frame(&loaded.protocol, &bytes) else {
                continue;
            };
            let stem = path.file_stem().unwrap_or_default().to_string_lossy();
            let name = format!("{name}.ksy/{stem}");
            bench(criterion, &name, &loaded.protocol, side, &frame);
            bench_unread(criterion, &name, &loaded.protocol, side, &frame);
        }
    }
}

/// Reads a frame of which nobody looks at a field: all of it is checked, and no value is made.
fn bench_unread(
    criterion: &mut Criterion,
    name: &str,
    protocol: &Arc<dyn Protocol>,
    side: Side,
    frame: &Bytes,
) {
    let used = Used::of(protocol.descriptor(), |_, _| false, |_| false);
    if let Some(narrowed) = Arc::clone(protocol).using(&used) {
        let mut codec = codec_of(&narrowed, side);
        criterion.bench_function(&format!("decode {name}, no field used"), |b| {
            b.iter(|| codec.decode(black_box(frame.clone())));
        });
    }
}

fn bench(
    criterion: &mut Criterion,
    name: &str,
    protocol: &Arc<dyn Protocol>,
    side: Side,
    frame: &Bytes,
) {
    let mut codec = codec_of(protocol, side);
    criterion.bench_function(&format!("decode {name}"), |b| {
        b.iter(|| codec.decode(black_box(frame.clone())));
    });
    let Ok(Event::Head(read)) = codec.decode(frame.clone()) else {
        return;
    };
    // Made anew from its fields: nothing of the original frame is copied.
    let descriptor = protocol.descriptor();
    let event = Event::Head(descriptor.message(read.operation(), read.fields().clone()));
    let mut writer = codec_of(
        protocol,
        match side {
            Side::Server => Side::Client,
            Side::Client => Side::Server,
        },
    );
    let mut out = BytesMut::with_capacity(frame.len());
    writer
        .encode(&event, &mut out)
        .expect("what was read can be written");
    criterion.bench_function(&format!("encode {name}"), |b| {
        b.iter(|| {
            out.clear();
            writer.encode(black_box(&event), &mut out)
        });
    });
}

/// Frames that arrive together.
const PIPELINE: usize = 32;

/// Counts pipelines of the first frame of each sample.
fn pipelines(criterion: &mut Criterion) {
    for row in BUILTIN {
        let protocol = (row.protocol)();
        for sample in row.corpus.iter().filter(|sample| !sample.is_bad()) {
            let bytes = sample.bytes().expect("a corpus file is hexadecimal");
            let Some((side, frame)) = first_frame(&protocol, &bytes) else {
                continue;
            };
            let name = sample.name.trim_end_matches(".hex");
            let name = format!("scan {PIPELINE} {}/{name}", row.name);
            scan(
                criterion,
                &name,
                codec_of(&protocol, side),
                &frame.repeat(PIPELINE),
            );
        }
    }
}

fn scan(criterion: &mut Criterion, name: &str, mut codec: Box<dyn ConnCodec>, bytes: &[u8]) {
    let counted = codec.scan(bytes, PIPELINE).map(|scanned| scanned.frames);
    if counted == Ok(PIPELINE) {
        criterion.bench_function(name, |b| b.iter(|| codec.scan(black_box(bytes), PIPELINE)));
    }
}

/// A request as browsers send it.
const BROWSER: &[u8] = b"GET /wp-content/uploads/2010/03/hello-kitty.jpg?v=1 HTTP/1.1\r\n\
Host: www.example.org\r\n\
User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0\r\n\
Accept: image/avif,image/webp,image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5\r\n\
Accept-Language: de,en-US;q=0.7,en;q=0.3\r\n\
Accept-Encoding: gzip, deflate, br\r\n\
Referer: https://www.example.org/a/page/that/is/not/very/long\r\n\
Cookie: wp_ozh_wsa_visits=2; wp_ozh_wsa_visit_lasttime=1281534577; session=0123456789abcdef\r\n\
Sec-Fetch-Dest: image\r\n\
Sec-Fetch-Mode: no-cors\r\n\r\n";

/// A request as wrk sends it.
const WRK: &[u8] = b"GET / HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n";

/// A response as nginx sends it.
const NGINX: &[u8] =
    b"HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nDate: Fri, 27 Nov 2026 12:00:00 GMT\r\n\
Content-Type: text/plain\r\nContent-Length: 64\r\nConnection: keep-alive\r\n\r\n";

/// Heads of HTTP/1.1. httparse finds lines, checks bytes, and says where names and values stand. So does
/// `ours`, which checks the target, the host, and what frames the message as well. Neither makes a message; the
/// third row does, and writes an answer without fields, as a codec remembers requests until then.
fn heads(criterion: &mut Criterion) {
    for (name, head) in [("browser", BROWSER), ("wrk", WRK)] {
        criterion.bench_function(&format!("head/httparse {name}"), |b| {
            b.iter(|| httparsed_request(black_box(head)));
        });
        head_of(criterion, Side::Server, name, head);
        exchanges(criterion, name, head);
    }
    criterion.bench_function("head/httparse nginx", |b| {
        b.iter(|| httparsed_response(black_box(NGINX)));
    });
    head_of(criterion, Side::Client, "nginx", NGINX);
}

fn head_of(criterion: &mut Criterion, side: Side, name: &str, head: &[u8]) {
    let protocol: Arc<dyn Protocol> = Arc::new(Http::new());
    let mut codec = codec_of(&protocol, side);
    criterion.bench_function(&format!("head/ours {name}"), |b| {
        b.iter(|| codec.delimit(black_box(head)));
    });
}

fn httparsed_request(head: &[u8]) -> bool {
    let mut places = [httparse::EMPTY_HEADER; 32];
    let mut request = httparse::Request::new(&mut places);
    let read = request.parse(head);
    black_box(&request);
    read.is_ok()
}

fn httparsed_response(head: &[u8]) -> bool {
    let mut places = [httparse::EMPTY_HEADER; 32];
    let mut response = httparse::Response::new(&mut places);
    let read = response.parse(head);
    black_box(&response);
    read.is_ok()
}

fn exchanges(criterion: &mut Criterion, name: &str, head: &'static [u8]) {
    let protocol: Arc<dyn Protocol> = Arc::new(Http::new());
    let answer = Event::Head(
        protocol
            .descriptor()
            .message(OperationId(1), vec![204_u16.into()]),
    );
    let head = Bytes::from_static(head);
    let mut codec = codec_of(&protocol, Side::Server);
    let mut out = BytesMut::with_capacity(256);
    criterion.bench_function(&format!("head/ours {name}, message and answer"), |b| {
        b.iter(|| {
            let found = codec.delimit(black_box(&head));
            let read = codec.decode(black_box(head.clone()));
            out.clear();
            let written = codec.encode(&answer, &mut out);
            (found, read, written)
        });
    });
}

criterion_group!(benches, definitions, codecs, pipelines, heads);
criterion_main!(benches);
