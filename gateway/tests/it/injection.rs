//! Whatever a client puts into a field, the backend reads exactly the request that was meant,
//! or none.

use crate::support::backend::{Action, Answer, Asked, Backend};
use crate::support::config::{Config, status};
use crate::support::gateway::Gateway;
use crate::support::wire::AuthReq;
use serde_json::json;

/// Where the field goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Slot {
    Path,
    Query,
    Header,
    Json,
}

const SLOTS: [Slot; 4] = [Slot::Path, Slot::Query, Slot::Header, Slot::Json];
const ROUTE: &str = r#"request.post = "/v1/merchants/{merchant}/authorisations"
request.headers = { idempotency-key = "{merchant}-{seq:08x}" }
request.json = { pan = "{pan}", amount_minor = "{amount}", currency = "{currency}" }"#;

impl Slot {
    const fn request(self) -> &'static str {
        match self {
            Self::Path => {
                "request.post = \"/before/{merchant}/after\"\nrequest.json = { amount_minor = \"{amount}\" }"
            }
            Self::Query => {
                "request.post = \"/path?m={merchant}&after=1\"\nrequest.json = { amount_minor = \"{amount}\" }"
            }
            Self::Header => {
                "request.post = \"/path\"\nrequest.headers = { x-merchant = \"{merchant}\" }\nrequest.json = { amount_minor = \"{amount}\" }"
            }
            Self::Json => {
                "request.post = \"/path\"\nrequest.json = { amount_minor = \"{amount}\", m = { whole = \"{merchant}\", part = \"<{merchant}>\" } }"
            }
        }
    }

    /// The field as a backend reads it, if nothing around it has changed.
    fn read(self, asked: &Asked) -> Option<Vec<u8>> {
        let target = asked.target.as_str();
        let body = asked.json();
        if asked.method != "POST" || body["amount_minor"] != 1250 {
            return None;
        }
        match self {
            Self::Path => {
                let segment = target.strip_prefix("/before/")?.strip_suffix("/after")?;
                let plain =
                    !segment.contains(['/', '?', '#', '\\']) && segment != "." && segment != "..";
                plain.then(|| unescape(segment))?
            }
            Self::Query => {
                let value = target.strip_prefix("/path?m=")?.strip_suffix("&after=1")?;
                let plain = !value.contains(['&', '#', '=', '+', ';']);
                plain.then(|| unescape(value))?
            }
            Self::Header => {
                let mut values = asked.headers.get_all("x-merchant").iter();
                let value = values.next()?.as_bytes().to_vec();
                (target == "/path" && values.next().is_none()).then_some(value)
            }
            Self::Json => {
                let merchant = body["m"]["whole"].as_str()?;
                let meant = json!({ "whole": merchant, "part": format!("<{merchant}>") });
                let meant = json!({ "amount_minor": 1250, "m": meant });
                (target == "/path" && body == meant).then(|| merchant.as_bytes().to_vec())
            }
        }
    }
}

/// Percent-decoding, RFC 3986 section 2.1: nothing may stand unescaped that is not unreserved
/// or a sub-delimiter, `:` or `@`.
fn unescape(text: &str) -> Option<Vec<u8>> {
    let mut bytes = text.bytes();
    let mut out = Vec::new();
    while let Some(byte) = bytes.next() {
        match byte {
            b'%' => {
                let digits = [bytes.next()?, bytes.next()?];
                out.push(u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?);
            }
            b'-' | b'.' | b'_' | b'~' | b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+'
            | b',' | b';' | b'=' | b':' | b'@' => out.push(byte),
            _ if byte.is_ascii_alphanumeric() => out.push(byte),
            _ => return None,
        }
    }
    Some(out)
}

/// Sends each text in the field, and checks what the backend reads.
async fn check(slot: Slot, merchants: &[Vec<u8>], served: impl Fn(&[u8]) -> bool) {
    let backend = Backend::scripted(|_| {
        Action::Answer(Answer::status(200).json(&json!({ "approval_code": "ABCDEF" })))
    })
    .start()
    .await;
    let gateway = Gateway::start(&Config::pos([backend.url()]).route(ROUTE, slot.request())).await;
    let mut client = gateway.client().await;
    let mut expected = 0;
    for (seq, merchant) in merchants.iter().enumerate() {
        let reply = client
            .ask(AuthReq::new(seq as u32).merchant(merchant.clone()))
            .await;
        let log = backend.log();
        if reply.status == status::APPROVED {
            let asked = log.asked.last().expect("a request");
            let read = slot.read(asked);
            assert_eq!(
                read.as_ref(),
                Some(merchant),
                "{slot:?} of {:?}: {asked:?}",
                String::from_utf8_lossy(merchant)
            );
            expected += 1;
        } else {
            assert!(
                !served(merchant),
                "{slot:?} of {:?} should be served",
                String::from_utf8_lossy(merchant)
            );
            assert_eq!(reply.status, status::FAILED);
        }
        assert_eq!(
            log.asked.len(),
            expected,
            "{slot:?} of {merchant:02x?}: one request if served, else none"
        );
    }
}

#[tokio::test]
async fn every_byte_in_every_slot() {
    let merchants: Vec<Vec<u8>> = (0..=255).map(|byte| vec![b'A', byte, b'Z']).collect();
    for slot in SLOTS {
        check(slot, &merchants, |merchant| {
            (b' '..=b'~').contains(&merchant[1])
        })
        .await;
    }
}

#[tokio::test]
async fn texts_with_a_meaning_elsewhere() {
    let texts = [
        ".",
        "..",
        "../..",
        "/",
        "//host/x",
        "/../../etc",
        "%2f",
        "%00",
        "%",
        "%zz",
        "#x",
        "?a=b",
        "&m=other",
        "a b",
        "a+b",
        ";x",
        ":80",
        "@host",
        "\\..\\x",
        "\",\"x\":\"",
        "\"}",
        "{\"x\":1}",
        "{merchant}",
        "{{",
        "}",
        "null",
        "true",
        "<script>",
        "'--",
        "${jndi:x}",
        "$(id)",
        "a\\u0000b",
    ];
    let merchants: Vec<Vec<u8>> = texts.iter().map(|text| text.as_bytes().to_vec()).collect();
    for slot in SLOTS {
        // A segment of dots would be another path: to refuse it is as good as to escape it.
        check(slot, &merchants, |merchant| {
            slot != Slot::Path || !merchant.iter().all(|byte| *byte == b'.')
        })
        .await;
    }
}
