//! Rules that change header fields of requests and answers that are handed on, between any two versions.

use crate::support::backend::{Action, Answer, Asked, Backend};
use crate::support::gateway::Gateway;
use crate::support::in_time;
use crate::support::raw;
use bytes::Bytes;
use http::Request;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

const RULES: &str = r#"
request.headers = { x-shop = "{path.shop}", X-Peer = "{peer.ip}", x-copy = "{headers['x-from']}", authorization = "Bearer {path.shop}" }
request.add-headers = { x-tag = "gateway" }
request.remove-headers = ["cookie", "X-Debug"]
reply = [
  { on = "404" },
  { on = "2xx", when = "headers['x-cache'] == 'hit'", headers = { Server = "gw", x-status = "{status}", x-asked = "{request.path.shop}" }, add-headers = { set-cookie = "b=2" }, remove-headers = ["x-secret"] },
  { on = "503", headers = { x-cut = "{headers['x-cache'].substring(0, 9)}" } },
  { on = "unreachable", headers = { x-kind = "{error.kind}" } },
  { on = "*", headers = { x-rest = "yes" } },
]
"#;

const WEIGHING: &str = r#"
request.headers = { x-amount = "{json.amount}" }
"#;

/// Both servers behind the same rules.
fn config(http1: &str, http2: &str, dead: &str) -> String {
    let mut text = "[gateway]\nworkers = 1\n[admin]\nhttp = \"127.0.0.1:0\"\n[listeners.front]\nbind = \"tcp://127.0.0.1:0\"\nprotocol = \"http\"\n".to_owned();
    for (name, url) in [("one", http1), ("two", http2), ("dead", dead)] {
        text += &format!("[upstreams.{name}]\nurl = \"{url}\"\n");
        for (operation, rules) in [("POST /json", WEIGHING), ("* /{shop}/{rest...}", RULES)] {
            let when = format!("host == '{name}'");
            text += &format!(
                "[[routes]]\nfrom = \"front\"\noperation = \"{operation}\"\nwhen = \"{when}\"\nto = \"{name}\"\n{rules}\n"
            );
        }
    }
    text
}

/// What a server was asked, but for what the gateway says by itself: a line each, sorted.
fn told(lines: impl Iterator<Item = (String, String)>) -> String {
    let own = ["via", "traceparent", "host", "content-length"];
    let mut lines: Vec<String> = lines
        .map(|(name, value)| (name.to_lowercase(), value))
        .filter(|(name, _)| !own.contains(&&**name) && !name.starts_with("x-forwarded-"))
        .map(|(name, value)| format!("{name}: {value}\n"))
        .collect();
    lines.sort();
    lines.concat()
}

const SAID: [(&str, &str); 4] = [
    ("server", "app"),
    ("x-secret", "1"),
    ("set-cookie", "a=1"),
    ("x-cache", "hit"),
];

/// The last segment of a path is the status that is wanted.
fn status_of(path: &str) -> u16 {
    let last = path.rsplit('/').next().unwrap_or_default();
    last.parse().unwrap_or(200)
}

fn answer(asked: &Asked) -> Action {
    let headers = asked.headers.iter();
    let headers = headers.map(|(name, value)| {
        let value = value.to_str().expect("text");
        (name.to_string(), value.to_owned())
    });
    let answer = Answer::status(status_of(&asked.target));
    let answer = SAID
        .into_iter()
        .fold(answer, |answer, (name, value)| answer.header(name, value));
    Action::Answer(answer.body(told(headers)))
}

async fn head(stream: &mut TcpStream) -> Option<String> {
    let mut read = Vec::new();
    while !read.ends_with(b"\r\n\r\n") {
        read.push(stream.read_u8().await.ok()?);
    }
    Some(String::from_utf8(read).expect("text"))
}

fn fields(head: &str) -> impl Iterator<Item = (String, String)> {
    let fields = head.lines().filter_map(|line| line.split_once(": "));
    fields.map(|(name, value)| (name.to_owned(), value.to_owned()))
}

fn length(head: &str) -> usize {
    let is_length = |(name, _): &(String, String)| name.eq_ignore_ascii_case("content-length");
    let length = fields(head).find(is_length);
    length.map_or(0, |(_, length)| length.parse().expect("a number"))
}

/// The same server in HTTP/1.1; it counts what it is asked.
async fn serve(listener: TcpListener, asked: Arc<AtomicUsize>) {
    while let Ok((mut stream, _)) = listener.accept().await {
        let asked = Arc::clone(&asked);
        tokio::spawn(async move {
            while let Some(head) = head(&mut stream).await {
                asked.fetch_add(1, Ordering::SeqCst);
                let mut body = vec![0; length(&head)];
                stream.read_exact(&mut body).await.expect("a body");
                let path = head.split(' ').nth(1).expect("a target");
                let told = told(fields(&head));
                let said = SAID.map(|(name, value)| format!("{name}: {value}\r\n"));
                let answer = format!(
                    "HTTP/1.1 {} x\r\n{}Content-Length: {}\r\n\r\n{told}",
                    status_of(path),
                    said.concat(),
                    told.len()
                );
                stream.write_all(answer.as_bytes()).await.expect("a client");
            }
        });
    }
}

/// A status, header fields but for those that differ from case to case, and the body.
type Got = (u16, Vec<String>, String);

fn got(status: u16, fields: impl Iterator<Item = (String, String)>, body: &[u8]) -> Got {
    let fields = fields.filter(|(name, _)| !name.eq_ignore_ascii_case("date"));
    let fields = fields.filter(|(name, _)| !name.eq_ignore_ascii_case("content-length"));
    let mut fields: Vec<_> = fields
        .map(|(name, value)| format!("{}: {value}", name.to_lowercase()))
        .collect();
    fields.sort();
    (
        status,
        fields,
        String::from_utf8(body.to_vec()).expect("text"),
    )
}

/// A request in HTTP/1.1.
async fn ask1(
    gateway: SocketAddr,
    host: &str,
    line: &str,
    said: &[(&str, &str)],
    body: &str,
) -> Got {
    let mut stream = TcpStream::connect(gateway).await.expect("a gateway");
    let said: String = said
        .iter()
        .map(|(name, value)| format!("{name}: {value}\r\n"))
        .collect();
    let length = body.len();
    let request =
        format!("{line} HTTP/1.1\r\nHost: {host}\r\n{said}Content-Length: {length}\r\n\r\n{body}");
    stream
        .write_all(request.as_bytes())
        .await
        .expect("a gateway");
    let head = in_time("a head", head(&mut stream)).await.expect("a head");
    let mut body = vec![0; self::length(&head)];
    in_time("a body", stream.read_exact(&mut body))
        .await
        .expect("a body");
    let status = head.split(' ').nth(1).expect("a status").parse();
    got(status.expect("a number"), fields(&head), &body)
}

/// The same in HTTP/2.
async fn ask2(
    gateway: SocketAddr,
    host: &str,
    line: &str,
    said: &[(&str, &str)],
    body: &str,
) -> Got {
    let stream = TcpStream::connect(gateway).await.expect("a gateway");
    let (sender, connection) = h2::client::handshake(stream).await.expect("a gateway");
    let task = tokio::spawn(connection);
    let (method, path) = line.split_once(' ').expect("a line");
    let mut request = Request::builder()
        .method(method)
        .uri(format!("http://{host}{path}"));
    for (name, value) in said {
        request = request.header(*name, *value);
    }
    let mut sender = sender.ready().await.expect("a gateway");
    let request = request.header("content-length", body.len());
    let request = request.body(()).expect("a request");
    let (response, mut sent) = sender
        .send_request(request, body.is_empty())
        .expect("a stream");
    if !body.is_empty() {
        sent.send_data(Bytes::copy_from_slice(body.as_bytes()), true)
            .expect("a stream");
    }
    let (head, mut stream) = in_time("a head", response)
        .await
        .expect("a head")
        .into_parts();
    let mut body = Vec::new();
    while let Some(data) = in_time("a body", stream.data()).await {
        body.extend(data.expect("a body"));
    }
    task.abort();
    let fields = head.headers.iter();
    let fields =
        fields.map(|(name, value)| (name.to_string(), value.to_str().expect("text").to_owned()));
    got(head.status.as_u16(), fields, &body)
}

/// Asks each server in each version.
async fn each(gateway: &Gateway, line: &str, said: &[(&str, &str)], body: &str, expected: &Got) {
    for host in ["one", "two"] {
        let one = ask1(gateway.front(), host, line, said, body).await;
        assert_eq!(&one, expected, "HTTP/1.1 to {host}: {line}");
        let two = ask2(gateway.front(), host, line, said, body).await;
        assert_eq!(&two, expected, "HTTP/2 to {host}: {line}");
    }
}

struct Servers {
    gateway: Gateway,
    http2: Backend,
    /// What was asked of that of HTTP/1.1.
    asked: Arc<AtomicUsize>,
}

async fn start() -> Servers {
    let (listener, http1) = raw::listener().await;
    let asked = Arc::new(AtomicUsize::new(0));
    tokio::spawn(serve(listener, Arc::clone(&asked)));
    let http2 = Backend::scripted(answer).start().await;
    let http = |url: String| url.replace("tcp://", "http://");
    let dead = http(raw::dead_url().await);
    let config = config(&http(http1), &http2.url(), &dead);
    let gateway = Gateway::start_text(&config, &[]).await;
    Servers {
        gateway,
        http2,
        asked,
    }
}

fn owned<const N: usize>(fields: [&str; N]) -> Vec<String> {
    fields.map(str::to_owned).to_vec()
}

#[tokio::test]
async fn fields_are_set_added_and_removed_both_ways() {
    let servers = start().await;
    let gateway = &servers.gateway;
    let said = [
        ("X-SHOP", "mine"),
        ("x-tag", "client"),
        ("Cookie", "c=1"),
        ("x-debug", "1"),
        ("x-peer", "6.6.6.6"),
        ("Authorization", "Basic x"),
        ("x-kept", "a"),
    ];
    let told = "authorization: Bearer berlin\nx-kept: a\nx-peer: 127.0.0.1\nx-shop: berlin\nx-tag: client\nx-tag: gateway\n";
    let fields = owned([
        "server: gw",
        "set-cookie: a=1",
        "set-cookie: b=2",
        "x-asked: berlin",
        "x-cache: hit",
        "x-status: 200",
    ]);
    let expected = (200, fields, told.to_owned());
    each(gateway, "GET /berlin/x", &said, "", &expected).await;
    // A rule that changes nothing keeps others from it.
    let untouched = owned([
        "server: app",
        "set-cookie: a=1",
        "x-cache: hit",
        "x-secret: 1",
    ]);
    let expected = (404, untouched.clone(), told.to_owned());
    each(gateway, "GET /berlin/404", &said, "", &expected).await;
    let with_rest = [untouched, owned(["x-rest: yes"])].concat();
    let told = "authorization: Bearer a%20b\nx-copy: 7\nx-from: 7\nx-peer: 127.0.0.1\nx-shop: a%20b\nx-tag: gateway\n".replace("%20", " ");
    let mut fields = with_rest.clone();
    fields.sort();
    let expected = (500, fields, told);
    each(
        gateway,
        "POST /a%20b/500",
        &[("x-from", "7")],
        "payload",
        &expected,
    )
    .await;
}

#[tokio::test]
async fn what_cannot_stand_in_a_field_never_reaches_the_wire() {
    let Servers {
        gateway,
        http2,
        asked,
    } = start().await;
    for path in [
        "/a%0d%0ax-evil:%201/x",
        "/%00/x",
        "/caf%C3%A9/x",
        "/a%0a/x",
        "/%20a/x",
    ] {
        for host in ["one", "two"] {
            let line = format!("GET {path}");
            let (status, fields, _) = ask1(gateway.front(), host, &line, &[], "").await;
            // The rule for all outcomes is for those of the gateway itself, too.
            assert_eq!(status, 400, "{path}");
            assert!(fields.contains(&"x-rest: yes".to_owned()), "{fields:?}");
            assert_eq!(
                ask2(gateway.front(), host, &line, &[], "").await.0,
                400,
                "{path}"
            );
        }
    }
    assert_eq!(
        (asked.load(Ordering::SeqCst), http2.log().asked.len()),
        (0, 0)
    );
}

/// The value of a rule for an answer fails, or there is none: the gateway's own refusal has the fields of the
/// rule for that.
#[tokio::test]
async fn faults_have_the_fields_of_their_rules() {
    let servers = start().await;
    let gateway = &servers.gateway;
    let refused = |kind: &str| owned(["content-type: application/problem+json", kind]);
    for host in ["one", "two"] {
        let (status, fields, _) = ask1(gateway.front(), host, "GET /a/503", &[], "").await;
        assert_eq!((status, fields), (502, refused("x-rest: yes")), "{host}");
        let (status, fields, _) = ask2(gateway.front(), host, "GET /a/503", &[], "").await;
        assert_eq!((status, fields), (502, refused("x-rest: yes")), "{host}");
    }
    let (status, fields, _) = ask1(gateway.front(), "dead", "GET /a/b", &[], "").await;
    let kind = [refused("x-kind: unreachable"), Vec::new()].concat();
    assert_eq!((status, fields), (502, kind));
}

/// Behind a proxy that is trusted, rules and the log have whom it names; behind any other, who asked.
#[tokio::test]
async fn rules_have_the_client_that_a_trusted_proxy_names() {
    let http2 = Backend::scripted(answer).start().await;
    let listener = |name, networks| {
        format!(
            "[listeners.{name}]\nbind = \"tcp://127.0.0.1:0\"\nprotocol = \"http\"\nforwarded = {{ trusted = {networks} }}\n"
        )
    };
    let text = format!(
        "[gateway]\nworkers = 1\n[admin]\nhttp = \"127.0.0.1:0\"\n[log]\nmessages = true\n{}{}[upstreams.app]\nurl = \"{}\"\n\
         [[routes]]\nfrom = [\"front\", \"strange\"]\nwhen = \"client.ip != '192.0.2.66'\"\nto = \"app\"\nrequest.headers = {{ x-client = \"{{client.ip}}\" }}\n",
        listener("front", "[\"127.0.0.0/8\", \"10.0.0.0/8\"]"),
        listener("strange", "\"10.0.0.0/8\""),
        http2.url()
    );
    let gateway = Gateway::start_text(&text, &[]).await;
    let (front, strange) = (gateway.listener("front"), gateway.listener("strange"));
    let said = [("x-forwarded-for", "6.6.6.6, 192.0.2.7, 10.1.1.1")];
    for (address, client) in [(front, "192.0.2.7"), (strange, "127.0.0.1")] {
        let told = format!("x-client: {client}\n");
        assert_eq!(ask1(address, "one", "GET /a", &said, "").await.2, told);
        assert_eq!(ask2(address, "one", "GET /a", &said, "").await.2, told);
    }
    let banned = [("x-forwarded-for", "192.0.2.66")];
    assert_eq!(ask1(front, "one", "GET /a", &banned, "").await.0, 404);
    assert_eq!(ask1(strange, "one", "GET /a", &banned, "").await.0, 200);
    let log = gateway.stderr();
    let named = log.lines().filter(|line| line.contains("client=192.0.2.7"));
    assert_eq!(named.count(), 2, "{log}");
    assert!(!log.contains("client=127.0.0.1"), "{log}");
}

#[tokio::test]
async fn a_rule_may_look_at_the_body_of_a_request() {
    let servers = start().await;
    let gateway = &servers.gateway;
    let untouched = owned([
        "server: app",
        "set-cookie: a=1",
        "x-cache: hit",
        "x-secret: 1",
    ]);
    let told = "x-amount: 12\nx-from: b\n";
    let expected = (200, untouched.clone(), told.to_owned());
    let body = r#"{"amount": 12}"#;
    each(gateway, "POST /json", &[("x-from", "b")], body, &expected).await;
    let expected = (200, untouched, String::new());
    each(gateway, "POST /json", &[], "{}", &expected).await;
    let (status, ..) = ask1(gateway.front(), "one", "POST /json", &[], "{").await;
    assert_eq!(status, 400);
}
