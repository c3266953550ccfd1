//! Whatever a message's fields hold, other parsers read exactly that out of the request.

use bytes::{Bytes, BytesMut};
use gatewright_codecs::dns::Dns;
use gatewright_codecs::pos::Pos;
use gatewright_codecs::resp::Resp;
use gatewright_core::codec::{Event, Protocol, Side};
use gatewright_core::expr::{RuleError, Source};
use gatewright_core::fault::FaultClass;
use gatewright_core::message::{Message, Value};
use gatewright_core::translate::{
    BodySpec, Carriage, Conversion, Facts, HttpRequest, HttpSpec, JsonSpec, LabelSpec, MessageSpec,
    Peer, ReplySpec, RequestSpec, RouteSpec, SetSpec, Translation,
};
use gatewright_proptests::cases;
use proptest::collection::vec;
use proptest::prelude::*;
use std::sync::{Arc, LazyLock};

static POS: LazyLock<Arc<dyn Protocol>> = LazyLock::new(|| Arc::new(Pos::new()));

/// Texts that mean something to one of the places they go to.
fn hostile() -> impl Strategy<Value = String> {
    prop_oneof![
        2 => any::<String>(),
        4 => "[\\x00-\\x20\\x7f./%\"'\\\\{}?#&=;:@+,a0-2\u{80}-\u{a0}é\u{2028}\u{1f600}]{0,10}",
        1 => prop::sample::select(vec![
            "", ".", "..", "%2e", "%2e%2e/", "a b", " a", "a ", "a\r\nx-evil: 1", "\",\"x\":1", "//", "?", "\u{0}",
        ]).prop_map(str::to_owned),
        2 => "[ -~]{0,12}",
    ]
}

fn verbatim(text: &str) -> Source {
    Source::verbatim(text, 0)
}

fn route(target: &str, headers: &[(&str, &str)], body: BodySpec) -> RouteSpec {
    let headers = headers
        .iter()
        .map(|(name, value)| (verbatim(name), verbatim(value)));
    RouteSpec {
        name: None,
        operation: Some(verbatim("auth_req")),
        when: None,
        request: Some(RequestSpec::Http(HttpSpec {
            method: http::Method::POST,
            target: verbatim(target),
            headers: headers.collect(),
            body,
        })),
        replies: Vec::new(),
        events: None,
        reconnect: None,
        span: 0..0,
    }
}

/// A route that is compiled once for all cases.
fn compiled(spec: &RouteSpec) -> Translation {
    let (translation, _) = Translation::compile(spec, &POS).expect("a good route");
    translation
}

/// A request of `pos` with these texts in place of its own, lengths and characters aside.
fn message(merchant: &str, pan: &str) -> Message {
    let fields: Vec<Value> = vec![
        7.into(),
        merchant.into(),
        pan.into(),
        1_000.into(),
        978.into(),
    ];
    let operation = POS
        .descriptor()
        .operation_named("auth_req")
        .expect("it has requests");
    POS.descriptor().message(operation, fields)
}

/// The request, unless a value may not stand where it would go: that is the sender's fault.
fn request(translation: &Translation, merchant: &str, pan: &str) -> Option<HttpRequest> {
    let request = translation.request(&message(merchant, pan), &facts());
    request
        .map_err(|fault| assert_eq!(fault.class(), FaultClass::BadRequest))
        .ok()
}

fn facts() -> Facts {
    Facts {
        peer: Arc::new(Peer {
            address: ([127, 0, 0, 1], 9).into(),
            identity: None,
            connection: 1,
            listener: "pos".into(),
        }),
        client: [127, 0, 0, 1].into(),
        trace: 1,
        carriage: Carriage::default(),
    }
}

/// A route to another binary protocol, compiled once for all cases.
fn converting(upstream: &Arc<dyn Protocol>, send: &str, set: (&str, SetSpec)) -> Conversion {
    let request = RequestSpec::Message(MessageSpec {
        send: verbatim(send),
        set: vec![(verbatim(set.0), set.1)],
    });
    let spec = RouteSpec {
        request: Some(request),
        ..route("/", &[], BodySpec::Empty)
    };
    let compiled = Conversion::compile(&spec, &POS, upstream);
    compiled.expect("a good route").0
}

/// The bytes that a server of the upstream's protocol gets, unless the values do not fit.
fn sent(conversion: &Conversion, merchant: &str, pan: &str) -> Option<Bytes> {
    let message = conversion.request(&message(merchant, pan), &facts());
    let message = message.map_err(|fault| assert_eq!(fault.class(), FaultClass::BadRequest));
    let mut bytes = BytesMut::new();
    let mut codec = Arc::clone(conversion.upstream()).codec(Side::Client, 1 << 20);
    let written = codec.encode(&Event::Head(message.ok()?), &mut bytes);
    written.ok().map(|()| bytes.freeze())
}

static COMMAND: LazyLock<Conversion> = LazyLock::new(|| {
    let arg = |template| SetSpec::Template(verbatim(template));
    let args = vec![arg("{utf8(merchant)}"), arg("{utf8('<' + pan + '>')}")];
    let resp: Arc<dyn Protocol> = Arc::new(Resp::new());
    converting(&resp, "set", ("args", SetSpec::List(args, 0..0)))
});

static QUERY: LazyLock<Conversion> = LazyLock::new(|| {
    let field = |name, template| (verbatim(name), SetSpec::Template(verbatim(template)));
    let fields = vec![field("name", "{merchant}.{pan}.test"), field("type", "TXT")];
    let question = SetSpec::Table(fields, 0..0);
    let dns: Arc<dyn Protocol> = Arc::new(Dns::new());
    converting(
        &dns,
        "query",
        ("questions", SetSpec::List(vec![question], 0..0)),
    )
});

/// The labels of a query over TCP that has one question, for TXT, and nothing else.
fn labels(query: &[u8]) -> Vec<Vec<u8>> {
    let length = usize::from(u16::from_be_bytes([query[0], query[1]]));
    assert_eq!(query.len(), 2 + length);
    assert_eq!(query[4..14], [0, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
    let (mut labels, mut rest) = (Vec::new(), &query[14..]);
    while let [length @ 1..=63, after @ ..] = rest {
        let (label, after) = after.split_at(usize::from(*length));
        labels.push(label.to_vec());
        rest = after;
    }
    assert_eq!(rest, [0, 0, 16, 0, 1]);
    labels
}

fn percent_decoded(text: &str) -> String {
    let mut bytes = text.bytes();
    let mut decoded = Vec::new();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => {
                let mut digit = || char::from(bytes.next()?).to_digit(16);
                let value = digit().zip(digit()).map(|(high, low)| 16 * high + low);
                value
                    .and_then(|n| u8::try_from(n).ok())
                    .expect("two digits")
            }
            byte => byte,
        });
    }
    String::from_utf8(decoded).expect("UTF-8")
}

static TARGET: LazyLock<Translation> = LazyLock::new(|| {
    let target = "/v1/{merchant}/x-{pan}/end?a={pan}&b=-{merchant}&c";
    compiled(&route(target, &[], BodySpec::Empty))
});

static HEADERS: LazyLock<Translation> = LazyLock::new(|| {
    let headers = [("x-one", "{merchant}"), ("x-two", "<{pan}>")];
    compiled(&route("/", &headers, BodySpec::Empty))
});

static JSON: LazyLock<Translation> = LazyLock::new(|| {
    let text = |template| JsonSpec::Template(verbatim(template));
    let members = vec![
        (verbatim("alone"), text("{merchant}")),
        (verbatim("among"), text("<{merchant}\"{pan}>")),
        (
            verbatim("k\"\n"),
            JsonSpec::Array(vec![text("{pan + merchant}"), JsonSpec::Int(1)]),
        ),
    ];
    compiled(&route("/", &[], BodySpec::Json(JsonSpec::Object(members))))
});

static TEXT: LazyLock<Translation> = LazyLock::new(|| {
    compiled(&route(
        "/",
        &[],
        BodySpec::Bytes(verbatim("{merchant}|{pan}")),
    ))
});

fn body(request: &HttpRequest) -> Bytes {
    request.body.whole().expect("a whole body")
}

proptest! {
    #![proptest_config(cases(300))]

    #[test]
    fn a_value_stays_in_its_segment_and_its_parameter(merchant in hostile(), pan in hostile()) {
        let request = request(&TARGET, &merchant, &pan);
        let resolved = ["", ".", ".."].contains(&merchant.as_str());
        prop_assert_eq!(request.is_none(), resolved, "a segment that a server drops");
        let Some(request) = request else { return Ok(()) };
        let uri: http::Uri = format!("http://host{}", request.target).parse().expect("a URI");
        prop_assert_eq!(uri.host(), Some("host"));
        let segments: Vec<String> = uri.path().split('/').map(percent_decoded).collect();
        let expected = ["", "v1", &merchant, &format!("x-{pan}"), "end"];
        prop_assert_eq!(segments, expected);
        let query = uri.query().expect("a query");
        let parameters: Vec<String> = query.split('&').map(percent_decoded).collect();
        prop_assert_eq!(parameters, [format!("a={pan}"), format!("b=-{merchant}"), "c".to_owned()]);
    }

    #[test]
    fn a_value_stays_in_its_header(merchant in hostile(), pan in hostile()) {
        let visible = |text: &str| text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
        let sendable = visible(&merchant) && visible(&pan) && merchant.trim_matches(' ') == merchant;
        let request = request(&HEADERS, &merchant, &pan);
        prop_assert_eq!(request.is_some(), sendable);
        if let Some(request) = request {
            prop_assert_eq!(request.headers.len(), 2);
            prop_assert_eq!(&request.headers["x-one"], &merchant);
            prop_assert_eq!(&request.headers["x-two"], &format!("<{pan}>"));
        }
    }

    #[test]
    fn a_value_stays_in_its_json_string(merchant in hostile(), pan in hostile()) {
        let request = request(&JSON, &merchant, &pan).expect("JSON holds any text");
        let json: serde_json::Value = serde_json::from_slice(&body(&request)).expect("JSON");
        let expected = serde_json::json!({
            "alone": merchant,
            "among": format!("<{merchant}\"{pan}>"),
            "k\"\n": [format!("{pan}{merchant}"), 1],
        });
        prop_assert_eq!(json, expected);
    }

    #[test]
    fn a_text_is_sent_as_it_is(merchant in hostile(), pan in hostile()) {
        let request = request(&TEXT, &merchant, &pan).expect("a body holds any text");
        prop_assert_eq!(body(&request), format!("{merchant}|{pan}"));
    }

    #[test]
    fn a_value_stays_in_its_argument(merchant in hostile(), pan in hostile()) {
        let command = sent(&COMMAND, &merchant, &pan).expect("an argument holds any text");
        let pan = format!("<{pan}>");
        let bulk = |text: &str| format!("${}\r\n{text}\r\n", text.len());
        prop_assert_eq!(command, format!("*3\r\n{}{}{}", bulk("set"), bulk(&merchant), bulk(&pan)));
    }

    #[test]
    fn a_value_stays_in_its_name(merchant in hostile(), pan in hostile()) {
        // A name that cannot be written is not sent; what is sent has one question.
        if let Some(query) = sent(&QUERY, &merchant, &pan) {
            let labels = labels(&query);
            // Dots part labels and backslashes escape them, in a name as anywhere.
            let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric());
            if plain(&merchant) && plain(&pan) {
                prop_assert_eq!(labels, [merchant.as_bytes(), pan.as_bytes(), b"test"]);
            }
        }
    }
}

/// Texts with and without good expressions in them.
fn template() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        hostile(),
        prop::sample::select(vec![
            "/",
            "{merchant}",
            "{amount:08x}",
            "{json.a[0]}",
            "{request.pan}",
            "{status}",
            "{'.'}",
            "?",
            "{bytes}",
            "{pan",
            "}",
            "{body}",
            "{headers['x']}",
            "{error.kind}",
        ])
        .prop_map(str::to_owned),
    ];
    prop_oneof![
        hostile(),
        vec(piece, 0..5).prop_map(|pieces| format!("/{}", pieces.concat()))
    ]
}

/// A route whose every text is its own source; the texts, to hold places against.
fn any_route() -> impl Strategy<Value = RouteSpec> {
    vec(template(), 10).prop_map(|texts| {
        let source = |n: usize| verbatim(&texts[n]);
        let json = JsonSpec::Object(vec![(source(3), JsonSpec::Template(source(4)))]);
        RouteSpec {
            when: None,
            replies: vec![
                ReplySpec {
                    on: verbatim("2xx"),
                    when: Some(source(5)),
                    send: Some(verbatim("auth_rsp")),
                    set: vec![(verbatim("code"), SetSpec::Template(source(6)))],
                    bytes: None,
                    response: None,
                    amend: None,
                    label: LabelSpec::default(),
                    span: 0..0,
                },
                ReplySpec {
                    on: source(7),
                    when: None,
                    send: Some(source(8)),
                    set: Vec::new(),
                    bytes: Some(source(9)),
                    response: None,
                    amend: None,
                    label: LabelSpec::default(),
                    span: 0..0,
                },
            ],
            request: Some(RequestSpec::Http(HttpSpec {
                method: http::Method::PUT,
                target: source(0),
                headers: vec![(source(1), source(2))],
                body: BodySpec::Json(json),
            })),
            ..route("/", &[], BodySpec::Empty)
        }
    })
}

fn sources(spec: &RouteSpec) -> Vec<&Source> {
    let Some(RequestSpec::Http(request)) = &spec.request else {
        panic!("no HTTP request")
    };
    let headers = request
        .headers
        .iter()
        .flat_map(|(name, value)| [name, value]);
    let json = match &request.body {
        BodySpec::Json(JsonSpec::Object(members)) => members.as_slice(),
        _ => &[],
    };
    let json = json.iter().flat_map(|(key, value)| match value {
        JsonSpec::Template(value) => [key, value],
        _ => [key, key],
    });
    let replies = spec.replies.iter().flat_map(|reply| {
        let set = reply.set.iter().filter_map(|(_, set)| match set {
            SetSpec::Template(source) => Some(source),
            _ => None,
        });
        set.chain([&reply.on])
            .chain(&reply.when)
            .chain(&reply.send)
            .chain(&reply.bytes)
    });
    [&request.target]
        .into_iter()
        .chain(headers)
        .chain(json)
        .chain(replies)
        .collect()
}

proptest! {
    #![proptest_config(cases(300))]

    #[test]
    fn any_route_is_refused_at_its_place_or_compiled(spec in any_route()) {
        let found: Vec<RuleError> = match Translation::compile(&spec, &POS) {
            Ok((_, warnings)) => warnings,
            Err(errors) => {
                prop_assert!(!errors.is_empty());
                errors
            }
        };
        // Each source starts at 0, so a place must be one of at least one of them.
        let texts: Vec<&str> = sources(&spec).into_iter().map(Source::text).collect();
        for error in found {
            let placed = error.span == (0..0) || texts.iter().any(|text| text.get(error.span.clone()).is_some());
            prop_assert!(placed, "{error} at {:?}", error.span);
        }
    }
}
