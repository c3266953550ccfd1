//! The demo as a newcomer meets it: the binary, run.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

fn demo(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gatewright"));
    command
        .arg("demo")
        .args(arguments)
        // Variables that the quickstart knows must not reach the demo.
        .env("GATEWRIGHT_BIND", "tcp://192.0.2.1:1")
        .env("GATEWRIGHT_ADMIN", "nonsense")
        .env("PAYMENTS_URL", "h2c://192.0.2.1:1");
    command
}

/// What must be in the demo's output, in this order.
const STORY: &[&str] = &[
    "1. A payment is approved",
    "0000  ac 4d 00 2d 01 00 00 00 07 4d 31 32 33 20 20 20  |.M.-.....M123   |",
    "magic:2 len:2 kind:1 seq:4 merchant:15 pan:19 amount:4 currency:2",
    r#"{"auth_req": {"seq": 7, "merchant": "M123", "pan": "***", "amount": 1250, "currency": 978}}"#,
    "HTTP/2 POST /v1/merchants/M123/authorisations",
    "idempotency-key: M123-00000007",
    r#"{"pan": "***", "amount_minor": 1250, "currency": 978}"#,
    "201 Created",
    r#"{"auth_rsp": {"seq": 7, "status": 0,"#,
    "2. Two payments in one write",
    r#"{"auth_rsp": {"seq": 9, "status": 0,"#,
    r#"{"auth_rsp": {"seq": 8, "status": 0,"#,
    "402 Payment Required",
    r#"{"auth_rsp": {"seq": 10, "status": 51,"#,
    "RST_STREAM for seq 11: CANCEL",
    r#"{"auth_rsp": {"seq": 11, "status": 91,"#,
    "at byte 47: expected a currency from 1 to 999",
    "gateway -> backend    nothing",
    r#"{"auth_rsp": {"seq": 12, "status": 96,"#,
    "connection closed",
    r#"{"auth_rsp": {"seq": 14, "status": 0,"#,
    "7 steps, 8 frames: all as expected",
    "median of 200 round trips",
];

/// The card numbers of the script, as text and as bytes.
const SECRETS: [&str; 6] = [
    "4111111111111111",
    "5105105105105100",
    "4000000000000002",
    "31 31 31",
    "35 31 30 35",
    "30 30 30",
];

#[test]
fn every_step_goes_as_the_script_says() {
    let run = demo(&[]).output().unwrap();
    let text = String::from_utf8(run.stdout).unwrap();
    let errors = String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success(), "{}\n{text}\n{errors}", run.status);
    assert_eq!(errors, "");
    let mut rest = text.as_str();
    for line in STORY {
        let Some((_, after)) = rest.split_once(line) else {
            panic!("`{line}` is not there, or not in its place:\n{text}");
        };
        rest = after;
    }
    for line in text.lines() {
        assert!(line.chars().count() <= 100, "a long line: {line}");
    }
    assert!(!text.contains('\x1b'), "colours in a pipe");
    for secret in SECRETS {
        assert!(!text.contains(secret), "{secret}");
    }
    places_exist(&text);
}

/// A newcomer follows the paths that the demo prints.
#[track_caller]
fn places_exist(text: &str) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let (_, next) = text.rsplit_once("Next\n").unwrap();
    let places: Vec<&str> = next
        .split_whitespace()
        .filter(|word| word.contains('/'))
        .collect();
    assert!(places.len() >= 3, "{places:?}");
    for place in places {
        assert!(root.join(place).exists(), "{place}");
    }
}

/// Ends the process whatever a test finds.
struct Guard(Child);

impl Drop for Guard {
    fn drop(&mut self) {
        // It has ended by itself if all is well.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Pays 12.50 to the merchant M777.
const PAYMENT: &[u8] =
    b"\xac\x4d\0\x2d\x01\0\0\0\x07M777           4111111111111111   \0\0\x04\xe2\x03\xd2";

#[test]
fn it_stays_up_until_told_to_end() {
    let child = demo(&["--serve"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut child = Guard(child);
    let out = BufReader::new(child.0.stdout.take().unwrap());
    let mut lines = out.lines().map(Result::unwrap).inspect(|line| {
        let fits = line.chars().count() <= 100 || line.contains("backend: POST");
        assert!(fits, "a long line: {line}");
    });
    let mut line = |what: &str| lines.find(|line| line.contains(what)).unwrap();

    let address = line("--to tcp://");
    let (_, address) = address.rsplit_once("tcp://").unwrap();
    line("\"pan\": \"4111111111111111\"");
    line("Ctrl-C ends it");
    let mut stream = TcpStream::connect(address.trim_end_matches([' ', '\\'])).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(10)))
        .unwrap();
    stream.write_all(PAYMENT).unwrap();
    let mut reply = [0; 16];
    stream.read_exact(&mut reply).unwrap();
    assert_eq!(reply[..10], *b"\xac\x4d\0\x0c\x81\0\0\0\x07\0");
    drop(stream);

    let watched = line("backend: POST");
    assert!(watched.contains("/v1/merchants/M777/"), "{watched}");
    assert!(watched.contains(r#""pan": "***""#), "{watched}");
    assert!(watched.ends_with("-> 201"), "{watched}");

    let id = child.0.id().to_string();
    let interrupt = Command::new("kill").args(["-INT", &id]).status();
    assert!(interrupt.unwrap().success());
    assert!(child.0.wait().unwrap().success());
}
