//! Messages to requests.

use super::toy::*;
use crate::fault::FaultClass;
use crate::message::{Body, Message, Value};
use crate::translate::{BodySpec, HttpRequest, JsonSpec};
use bytes::Bytes;

fn body(request: &HttpRequest) -> String {
    let whole = request.body.whole().expect("a whole body");
    String::from_utf8(whole.to_vec()).expect("text")
}

fn target(operation: &str, template: &str, message: &Message) -> Result<String, FaultClass> {
    let spec = File::default().route(operation, template);
    let request = compiled(&spec)
        .request(message, &facts())
        .map_err(|fault| {
            assert!(!fault.may_have_been_sent());
            fault.class()
        })?;
    Ok(request.target.to_string())
}

#[test]
fn a_target_is_put_together() {
    for (template, expected) in [
        ("/", "/"),
        ("/v1//x;a=1/%2F?q=%20&r", "/v1//x;a=1/%2F?q=%20&r"),
        ("/m/{merchant}/x-{seq:08x}", "/m/M1/x-00000007"),
        (
            "/{merchant}{amount}?c={colour}&n={rate}",
            "/M11250?c=green&n=0.5",
        ),
        (
            "/{peer.ip}/{peer.port}/{conn.id}/{listener}",
            "/192.0.2.7/4711/12/pos-tls",
        ),
        (
            "/{peer.sni}/{peer.cert.dns}/{peer.cert.sha256}?{peer.cert.subject}",
            "/pay.example/till.example/00ff?CN%3Dtill%207%2CO%3DShop",
        ),
        ("/{trace.id}", "/00000000000000000000000000000abc"),
        (
            "/{'v' + '1'}/{merchant + '/../b?c#d%&= ü'}?{merchant + '/b?c&=+ '}",
            "/v1/M1%2F..%2Fb%3Fc%23d%25%26%3D%20%C3%BC?M1%2Fb%3Fc%26%3D%2B%20",
        ),
        ("/{hex(blob)}", "/00ff"),
        ("/{body.seq}/{body.msg.amount}", "/7/1250"),
    ] {
        assert_eq!(
            target("pay", template, &payment()).as_deref(),
            Ok(expected),
            "{template}"
        );
    }
}

#[test]
fn values_cannot_make_a_segment_that_servers_resolve() {
    for (template, merchant, ok) in [
        ("/a/{merchant}/b", ".", false),
        ("/a/{merchant}/b", "..", false),
        ("/a/{merchant}", "", false),
        ("/a/{merchant}?x", "", false),
        ("/a/{merchant}{merchant}", ".", false),
        ("/a/.{merchant}", ".", false),
        ("/a/%2e{merchant}/b", ".", false),
        ("/a/{merchant}.", "", false),
        ("/a/x{merchant}", "", true),
        ("/a/{merchant}", "...", true),
        ("/a/x?{merchant}", "..", true),
        ("/a/x?q={merchant}", "", true),
    ] {
        let mut message = payment();
        message.set_field(pay::MERCHANT, Value::from(merchant));
        let result = target("pay", template, &message);
        assert_eq!(result.is_ok(), ok, "{template} with {merchant}: {result:?}");
        assert!(ok || result == Err(FaultClass::BadRequest));
    }
}

#[test]
fn a_value_that_is_absent_or_too_long_is_a_bad_request() {
    assert_eq!(
        target("pay", "/{note}", &payment()),
        Err(FaultClass::BadRequest)
    );
    let mut message = payment();
    message.set_field(pay::MERCHANT, Value::from("x".repeat(70_000).as_str()));
    assert_eq!(
        target("pay", "/{merchant}", &message),
        Err(FaultClass::BadRequest)
    );
}

#[test]
fn a_route_for_every_request_uses_what_they_share() {
    let template = "/{amount}/{seq}";
    assert_eq!(target("", template, &payment()).as_deref(), Ok("/1250/7"));
    assert_eq!(target("", template, &ping(3)).as_deref(), Ok("/3/9"));
    let path = "/{body.seq}";
    assert_eq!(target("", path, &payment()).as_deref(), Ok("/7"));
    assert_eq!(target("", path, &ping(3)).as_deref(), Ok("/9"));
}

#[test]
fn headers_are_lower_case_and_secrets_are_marked() {
    let mut file = File::default();
    let mut spec = file.route("pay", "/");
    http(&mut spec).headers = vec![
        (
            file.source("Idempotency-Key"),
            file.source("{merchant}-{seq:08x}"),
        ),
        (file.source("x-fixed"), file.source("a b")),
        (file.source("x-pan"), file.source("{pan}")),
    ];
    let request = compiled(&spec)
        .request(&payment(), &facts())
        .expect("a request");
    assert_eq!(request.headers.len(), 3);
    assert_eq!(request.headers["idempotency-key"], "M1-00000007");
    assert_eq!(request.headers["x-fixed"], "a b");
    assert!(request.headers["x-pan"].is_sensitive());
    assert!(!request.headers["idempotency-key"].is_sensitive());
    assert_eq!(request.body, Body::Empty);
}

#[test]
fn json_keeps_types() {
    let mut file = File::default();
    let mut spec = file.route("pay", "/");
    let mut template = |text: &str| JsonSpec::Template(file.source(text));
    let values = vec![
        ("amount", template("{amount}")),
        ("text", template("{amount}")),
        ("label", template("{colour}")),
        ("rate", template("{rate}")),
        ("note", template("{note}")),
        ("plain", template("say {{\"hi\"}}")),
        ("mixed", template("{merchant}\n{amount:06}")),
        ("b64", template("{base64(blob)}")),
        ("limits", template("{limits}")),
        ("odd", template("{amount % 2 == 1}")),
        (
            "list",
            JsonSpec::Array(vec![
                JsonSpec::Int(-1),
                JsonSpec::Float(1.5),
                JsonSpec::Bool(true),
            ]),
        ),
        ("none", JsonSpec::Object(Vec::new())),
    ];
    let members = values
        .into_iter()
        .map(|(name, value)| (file.source(name), value))
        .collect();
    http(&mut spec).body = BodySpec::Json(JsonSpec::Object(members));
    let request = compiled(&spec)
        .request(&payment(), &facts())
        .expect("a request");
    let expected = concat!(
        r#"{"amount":1250,"text":1250,"label":"green","rate":0.5,"note":null,"#,
        r#""plain":"say {\"hi\"}","mixed":"M1\n001250","b64":"AP8=","limits":[1,2],"odd":false,"#,
        r#""list":[-1,1.5,true],"none":{}}"#
    );
    assert_eq!(body(&request), expected);
    assert_eq!(request.headers["content-type"], "application/json");
}

#[test]
fn a_number_without_json_form_is_a_bad_request() {
    let mut file = File::default();
    let mut spec = file.route("pay", "/");
    http(&mut spec).body = BodySpec::Json(JsonSpec::Template(file.source("{rate}")));
    for rate in [f64::NAN, f64::INFINITY] {
        let mut message = payment();
        message.set_field(pay::RATE, Value::Float(rate));
        let fault = compiled(&spec)
            .request(&message, &facts())
            .expect_err("no JSON");
        assert_eq!(fault.class(), FaultClass::BadRequest);
    }
}

#[test]
fn a_rule_may_give_another_content_type() {
    let mut file = File::default();
    let mut spec = file.route("pay", "/");
    http(&mut spec).headers = vec![(
        file.source("Content-Type"),
        file.source("application/x+json"),
    )];
    http(&mut spec).body = BodySpec::Json(JsonSpec::Int(1));
    let request = compiled(&spec)
        .request(&payment(), &facts())
        .expect("a request");
    assert_eq!(
        request
            .headers
            .get_all("content-type")
            .iter()
            .collect::<Vec<_>>(),
        ["application/x+json"]
    );
    assert_eq!(body(&request), "1");
}

#[test]
fn a_body_is_the_messages_own_bytes_or_text() {
    let frame = Bytes::from_static(b"\x07\x00\0\0\0\x07M1");
    let mut own = payment().with_frame(frame.clone());
    let send = |template: &str, message: &Message| {
        let mut file = File::default();
        let mut spec = file.route("pay", "/");
        http(&mut spec).body = BodySpec::Bytes(file.source(template));
        let request = compiled(&spec)
            .request(message, &facts())
            .expect("a request");
        assert!(request.headers.is_empty());
        request.body.whole().expect("a whole body")
    };
    assert_eq!(send("{bytes}", &own), frame.slice(1..), "as it came");
    own.set_field(pay::MERCHANT, Value::from("M2"));
    assert_eq!(send("{bytes}", &own), "\0\0\0\0\x07M2", "written anew");
    assert_eq!(send("{blob}", &own), Bytes::from_static(b"\x00\xff"));
    assert_eq!(send("{amount}", &own), "1250");
    assert_eq!(send("a={amount}", &own), "a=1250");
}
