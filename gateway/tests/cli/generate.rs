//! What is made of definitions: documents, dissectors, dictionaries.

use crate::{Run, gatewright};
use insta::assert_snapshot;
use serde_json::Value;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A folder of a test's own, empty.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// Whether there is a tshark. Where everything must be tested, there is.
fn has_tshark() -> bool {
    if Command::new("tshark").arg("--version").output().is_ok() {
        return true;
    }
    let message = "tshark is not installed: apt-get install tshark";
    assert!(std::env::var_os("CI").is_none(), "{message}");
    // Past the test harness, which keeps what a passing test prints to itself.
    writeln!(std::io::stderr(), "SKIPPED: {message}").expect("standard error");
    false
}

/// What tshark reads of a capture with the dissector of a definition, and what it complains of.
fn tshark(name: &str, definition: &[&str], capture: &Path, arguments: &[&str]) -> (String, String) {
    let made = gatewright(&[&["gen", "wireshark"], definition].concat());
    assert_eq!(made.code, Some(0), "{made}");
    let folder = folder(name);
    let script = folder.join("dissector.lua");
    fs::write(&script, &made.stdout).unwrap();
    let output = Command::new("tshark")
        // Nobody's settings and plugins.
        .env("HOME", &folder)
        .env("XDG_CONFIG_HOME", &folder)
        .arg("-X")
        .arg(format!("lua_script:{}", script.display()))
        .arg("-r")
        .arg(
            Path::new(env!("CARGO_MANIFEST_DIR"))
                .join("tests/cli/data")
                .join(capture),
        )
        .args(arguments)
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let (out, complaints) = (text(output.stdout), text(output.stderr));
    assert!(output.status.success(), "{complaints}");
    assert!(!out.contains("Lua Error"), "{out}");
    assert!(!complaints.contains("Lua:"), "{complaints}");
    (out, complaints)
}

#[test]
fn documents_have_types_diagrams_and_enums() {
    assert_snapshot!(gatewright(&["gen", "docs", "protocols/meter.ksy"]));
    let shown = gatewright(&["gen", "docs", "protocols/shown.ksy"]);
    for row in [
        "| `terminal` | bytes | 3 bytes | Where it was. In hexadecimal digits. Called `terminal_id` in messages. |",
        "| `fee` | u2 | 2 bytes | As digits in text. Times 0.5. |",
        "| `key` | bytes | 2 bytes | Secret. |",
    ] {
        assert!(shown.stdout.contains(row), "{row}: {shown}");
    }
}

#[test]
fn tshark_shows_what_the_definition_says() {
    if !has_tshark() {
        return;
    }
    let capture = Path::new("captures/meter.pcap");
    let meter = ["protocols/meter.ksy", "--udp", "9410"];
    let (tree, _) = tshark("meter", &meter, capture, &["-V", "-O", "meter"]);
    let shown: Vec<&str> = tree
        .lines()
        .filter(|line| {
            !line.starts_with(|c: char| c.is_ascii_uppercase()) || line.starts_with("Meters")
        })
        .collect();
    assert_snapshot!(shown.join("\n"));
}

#[test]
fn tshark_puts_messages_of_a_stream_together() {
    if !has_tshark() {
        return;
    }
    let fields = ["body.seq", "body.kind", "auth_req.amount", "auth_rsp.code"];
    let fields = fields.map(|field| format!("shop.{field}"));
    let mut arguments = vec![
        "-Y",
        "shop",
        "-T",
        "fields",
        "-E",
        "separator=,",
        "-e",
        "frame.number",
    ];
    for field in &fields {
        arguments.extend(["-e", field]);
    }
    let till = ["protocols/till.ksy", "--name", "shop", "--tcp", "7700"];
    let (rows, _) = tshark("till", &till, Path::new("captures/pos.pcap"), &arguments);
    // The first request is whole in the second of its segments, which begins the next one.
    let expected = "6,7,1,1250,\n8,8,1,1250,\n10,7,129,,A1B2C3\n12,8,129,,......\n";
    assert_eq!(rows, expected);
}

/// A message of `sums.ksy`.
fn sums() -> Vec<u8> {
    let mut message = vec![0x4d];
    message.extend(1234_u16.to_le_bytes());
    message.extend((-56_789_i32).to_le_bytes());
    message.extend((u64::MAX - 1).to_le_bytes());
    message.extend(2.25_f64.to_le_bytes());
    message.extend("häns\0".as_bytes());
    message.extend([7, 0, 9, 1, 3, 0, 0, 0]);
    message.extend(0x0102_0304_u32.to_be_bytes());
    message.extend([0xfd, 0x1a, 10, 20, 30]);
    message.extend(
        b"ABCDEF"
            .iter()
            .zip([0x0f, 0xf0].iter().cycle())
            .map(|(a, b)| a ^ b),
    );
    message.extend([0x21, 1, 2, 250]);
    message
}

/// Whose message a datagram is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sender {
    Client,
    Server,
}

/// A capture of datagrams between a client and port 9999.
fn capture(said: &[(Sender, Vec<u8>)]) -> Vec<u8> {
    let mut file = [0xa1b2_c3d4, 0x0002_0004, 0, 0, 65_535, 101]
        .map(u32::to_be_bytes)
        .concat();
    for (sender, payload) in said {
        let ports: [u16; 2] = match sender {
            Sender::Client => [4_096, 9_999],
            Sender::Server => [9_999, 4_096],
        };
        let length = u16::try_from(payload.len()).unwrap();
        let mut packet = vec![0x45, 0];
        packet.extend((length + 28).to_be_bytes());
        packet.extend([0, 1, 0, 0, 64, 17, 0, 0, 127, 0, 0, 1, 127, 0, 0, 1]);
        packet.extend(ports.map(u16::to_be_bytes).concat());
        packet.extend((length + 8).to_be_bytes());
        packet.extend([0, 0]);
        packet.extend(payload);
        let total = u32::from(length) + 28;
        file.extend([0, 0, total, total].map(u32::to_be_bytes).concat());
        file.extend(packet);
    }
    file
}

/// A value as tshark shows it.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Bool(truth) => if *truth { "1" } else { "0" }.to_owned(),
        other => other.to_string(),
    }
}

#[test]
fn tshark_computes_as_the_gateway_does() {
    if !has_tshark() {
        return;
    }
    let message = sums();
    let hex: String = message.iter().map(|byte| format!("{byte:02x}")).collect();
    let run = gatewright(&[
        "decode",
        "-p",
        "protocols/sums.ksy",
        &hex,
        "--format",
        "json",
    ]);
    assert_eq!(run.code, Some(0), "{run}");
    let values: Value = serde_json::from_str(&run.stdout).unwrap();
    let fields = values.as_object().unwrap().iter();
    let single = fields.filter(|(name, value)| {
        !value.is_array() && !value.is_object() && !["secret", "left"].contains(&name.as_str())
    });
    let single: Vec<_> = single.collect();
    assert!(single.len() > 30, "{run}");
    let file = folder("sums-capture").join("sums.pcap");
    fs::write(&file, capture(&[(Sender::Client, message)])).unwrap();
    let names: Vec<String> = single
        .iter()
        .map(|(name, _)| format!("sums.{name}"))
        .collect();
    let mut arguments = vec!["-T", "fields", "-E", "separator=|"];
    for name in &names {
        arguments.extend(["-e", name]);
    }
    let definition = ["protocols/sums.ksy", "--udp", "9999"];
    let (row, _) = tshark("sums", &definition, &file, &arguments);
    let read: Vec<&str> = row.trim_end().split('|').collect();
    assert_eq!(read.len(), single.len(), "{row}");
    for ((name, expected), read) in single.into_iter().zip(read) {
        let number = |text: &str| text.parse::<f64>().ok();
        let expected = plain(expected);
        let same = match (number(&expected), number(read)) {
            (Some(a), Some(b)) => a == b || (a - b).abs() < 1e-9 * a.abs(),
            _ => expected == read,
        };
        assert!(same, "{name}: the gateway has {expected}, tshark {read}");
    }
}

/// The good messages of a corpus, those of clients first.
fn corpus(definition: &str, folder: &Path) -> Vec<(Sender, Vec<u8>)> {
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    let good = files.iter().filter(|file| {
        let name = file.file_name().unwrap().to_str().unwrap();
        name.ends_with(".hex") && !name.starts_with("bad_")
    });
    let mut said: Vec<_> = good
        .map(|file| {
            let decode = ["decode", "-p", definition, "--hex", file.to_str().unwrap()];
            let run = gatewright(&[&decode[..], &["--from", "client"]].concat());
            let sender = if run.code == Some(0) {
                Sender::Client
            } else {
                Sender::Server
            };
            let text = fs::read_to_string(file).unwrap();
            let digits: String = text
                .lines()
                .filter_map(|line| line.split('#').next())
                .collect();
            let digits: Vec<char> = digits.chars().filter(|c| !c.is_whitespace()).collect();
            let byte =
                |pair: &[char]| u8::from_str_radix(&pair.iter().collect::<String>(), 16).unwrap();
            (sender, digits.chunks(2).map(byte).collect())
        })
        .collect();
    said.sort_by_key(|(sender, _)| *sender == Sender::Server);
    said
}

#[test]
fn tshark_reads_every_shipped_definitions_corpus() {
    if !has_tshark() {
        return;
    }
    let protocols = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/protocols");
    let mut count = 0;
    for entry in fs::read_dir(&protocols).unwrap() {
        let entry = entry.unwrap();
        if !entry.file_type().unwrap().is_dir() {
            continue;
        }
        let name = entry.file_name().into_string().unwrap();
        let definition = entry.path().join(format!("{name}.ksy"));
        let definition = definition.to_str().unwrap();
        let said = corpus(definition, &entry.path().join("corpus"));
        assert!(!said.is_empty(), "{name}");
        let file = folder(&format!("{name}-capture")).join("corpus.pcap");
        fs::write(&file, capture(&said)).unwrap();
        let here = format!("of-{name}");
        let arguments = [definition, "--name", &here, "--udp", "9999"];
        let (tree, _) = tshark(&here, &arguments, &file, &["-V", "-O", &here]);
        let faults = tree.lines().filter(|line| line.contains("Expert Info"));
        let faults: Vec<&str> = faults.collect();
        // Replies whose requests are not in the corpus cannot be read.
        let alone = faults
            .iter()
            .filter(|fault| fault.contains("which was not captured"))
            .count();
        assert_eq!(faults.len(), alone, "{name}: {faults:?}");
        let most = if name == "modbus" { 2 } else { 0 };
        assert!(
            alone <= most,
            "{name}: {alone} replies without a request\n{tree}"
        );
        let title = format!("({here})");
        let messages = tree.lines().filter(|line| line.contains(&title)).count();
        assert!(
            messages >= said.len(),
            "{name}: {messages} of {}",
            said.len()
        );
        count += 1;
    }
    assert!(count >= 18, "{count}");
}

#[test]
fn what_has_no_form_in_lua_is_refused_with_its_place() {
    let folder = folder("refused");
    let file = folder.join("wide.ksy");
    let text = "meta: {id: wide, endian: be}\n\
                seq:\n\
                \x20 - {id: bits, type: b60}\n\
                \x20 - {id: large, type: u8, valid: 0xffff_ffff_ffff_ffff}\n\
                \x20 - {id: text, type: str, size: 4, encoding: Big5}\n\
                \x20 - {id: fine, type: u1}\n";
    fs::write(&file, text).unwrap();
    let run = gatewright(&["gen", "wireshark", file.to_str().unwrap()]);
    assert_eq!((run.code, run.stdout.as_str()), (Some(1), ""), "{run}");
    assert_eq!(run.stderr.matches("error[GW3091]").count(), 3, "{run}");
    for place in ["wide.ksy:3:", "wide.ksy:4:", "wide.ksy:5:"] {
        assert!(run.stderr.contains(place), "{place}: {run}");
    }
    let named = gatewright(&["gen", "wireshark", "protocols/till.ksy", "--name", "No way"]);
    assert_eq!(named.code, Some(2), "{named}");
}

fn made(run: &Run, path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}: {run}", path.display()))
}

#[test]
fn fuzzers_get_words_and_messages() {
    let folder = folder("fuzz");
    let (good, bad) = (folder.join("good.hex"), folder.join("bad.bin"));
    fs::write(&good, "# a reply\nac4d000c 81 00000007 00 413142324333\n").unwrap();
    fs::write(&bad, b"\xac\x4e").unwrap();
    let out = folder.join("out");
    let paths = [&out, &good, &bad].map(|path| path.to_str().unwrap());
    let run = gatewright(&[
        "gen",
        "fuzz",
        "protocols/till.ksy",
        "-o",
        paths[0],
        paths[1],
        paths[2],
    ]);
    assert_eq!(run.code, Some(0), "{run}");
    assert!(run.stdout.contains("2 messages, 1 of them good"), "{run}");
    assert!(run.stderr.contains("bad.bin: magic: "), "{run}");
    let words = made(&run, &out.join("till.dict"));
    let expected = [
        r#"auth_req_currency_1="\x00\x01""#,
        r#"body_kind_auth_req="\x01""#,
        r#"auth_req_currency_999="\x03\xe7""#,
        r#"body_kind_auth_rsp="\x81""#,
        r#"till_magic="\xac\x4d""#,
    ];
    assert_eq!(words.lines().collect::<Vec<_>>(), expected);
    let message = fs::read(out.join("corpus/good")).unwrap();
    assert_eq!(message[..5], [0xac, 0x4d, 0, 12, 0x81]);
    assert_eq!(fs::read(out.join("corpus/bad")).unwrap(), b"\xac\x4e");
}
