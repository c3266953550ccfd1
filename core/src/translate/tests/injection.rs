//! Every byte 0 to 255 through every place that a value can take, read back by others' parsers.

use super::toy::*;
use crate::fault::FaultClass;
use crate::message::{Message, Value};
use crate::translate::{BodySpec, HttpRequest, JsonSpec};
use bytes::Bytes;

/// The byte as a character, alone and between others, at the ends and doubled.
fn texts() -> impl Iterator<Item = String> {
    (0..=255).map(char::from).flat_map(|c| {
        [
            format!("{c}"),
            format!("a{c}b"),
            format!("{c}{c}"),
            format!("../{c}"),
        ]
    })
}

fn with(text: &str) -> Message {
    let mut message = payment();
    message.set_field(pay::MERCHANT, Value::from(text));
    message
}

fn request(template: &str, message: &Message) -> Option<HttpRequest> {
    let spec = File::default().route("pay", template);
    compiled(&spec)
        .request(message, &facts())
        .map_err(|fault| assert_eq!(fault.class(), FaultClass::BadRequest))
        .ok()
}

fn percent_decoded(text: &str) -> String {
    let mut out = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        if *byte == b'%' {
            let (digits, after) = rest.split_at(2);
            let digits = std::str::from_utf8(digits).expect("ASCII");
            out.push(u8::from_str_radix(digits, 16).expect("two digits"));
            rest = after;
        } else {
            out.push(*byte);
        }
    }
    String::from_utf8(out).expect("UTF-8")
}

#[test]
fn no_byte_leaves_its_path_segment() {
    for text in texts() {
        let Some(request) = request("/v1/{merchant}/x-{merchant}/end?k=1", &with(&text)) else {
            assert!(matches!(text.as_str(), "." | ".."), "{text:?}");
            continue;
        };
        let segments: Vec<String> = request
            .target
            .path()
            .split('/')
            .map(percent_decoded)
            .collect();
        assert_eq!(segments, ["", "v1", &text, &format!("x-{text}"), "end"]);
        assert_eq!(request.target.query(), Some("k=1"));
    }
}

#[test]
fn no_byte_leaves_its_query_parameter() {
    for text in texts() {
        let request = request("/p?a={merchant}&b={merchant}&c", &with(&text)).expect("a request");
        assert_eq!(request.target.path(), "/p");
        let query = request.target.query().expect("a query");
        assert!(!query.contains(['#', '+', ' ']), "{query}");
        let parameters: Vec<String> = query.split('&').map(percent_decoded).collect();
        assert_eq!(
            parameters,
            [format!("a={text}"), format!("b={text}"), "c".to_owned()]
        );
    }
}

#[test]
fn no_byte_leaves_its_header() {
    let mut file = File::default();
    let mut spec = file.route("pay", "/");
    http(&mut spec).headers = vec![
        (file.source("x-m"), file.source("{merchant}")),
        (file.source("x-n"), file.source("<{merchant}>")),
    ];
    let translation = compiled(&spec);
    for text in texts() {
        let visible = text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
        let sendable = visible && text.trim() == text;
        match translation.request(&with(&text), &facts()) {
            Ok(request) => {
                assert!(sendable, "{text:?}");
                assert_eq!(request.headers.len(), 2);
                assert_eq!(request.headers["x-m"], text);
                assert_eq!(request.headers["x-n"], format!("<{text}>"));
            }
            Err(fault) => {
                assert!(!sendable, "{text:?}");
                assert_eq!(
                    (fault.class(), fault.may_have_been_sent()),
                    (FaultClass::BadRequest, false)
                );
            }
        }
    }
}

#[test]
fn no_byte_leaves_its_json_string() {
    let mut file = File::default();
    let mut spec = file.route("pay", "/");
    let mut member =
        |name: &str, template: &str| (file.source(name), JsonSpec::Template(file.source(template)));
    let members = vec![
        member("single", "{merchant}"),
        member("mixed", "<{merchant}>"),
        member("computed", "{merchant + merchant}"),
        member("k\"\n{", "{base64(blob)}"),
    ];
    http(&mut spec).body = BodySpec::Json(JsonSpec::Object(members));
    let translation = compiled(&spec);
    for (byte, text) in (0..=255).cycle().zip(texts()) {
        let mut message = with(&text);
        message.set_field(pay::BLOB, Value::Bytes(Bytes::copy_from_slice(&[byte])));
        let request = translation.request(&message, &facts()).expect("a request");
        let body = request.body.whole().expect("a whole body");
        let json: serde_json::Value = serde_json::from_slice(&body).expect("JSON");
        let base64 = json["k\"\n{"].as_str().expect("text").to_owned();
        let expected = serde_json::json!({
            "single": text, "mixed": format!("<{text}>"), "computed": format!("{text}{text}"), "k\"\n{": base64,
        });
        assert_eq!(json, expected);
        use base64::Engine as _;
        assert_eq!(
            base64::engine::general_purpose::STANDARD
                .decode(base64)
                .expect("base64"),
            [byte]
        );
    }
}
