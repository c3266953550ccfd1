//! Who a client is by its TLS handshake, as rules, backends and logs see it.

use crate::support::backend::{Action, Answer, Asked, Backend};
use crate::support::certificates::{Authority, Identity};
use crate::support::config::status;
use crate::support::gateway::Gateway;
use crate::support::in_time;
use crate::support::secure_web::{SecureWeb, Version};
use crate::support::websocket::{BINARY, REQUEST, WebSocket};
use crate::support::wire::{AuthReq, AuthRsp};
use rcgen::DnType;
use serde_json::json;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{ClientConfig, HandshakeKind, SupportedProtocolVersion};

const HEADERS: &str = r#"{ x-sni = "{peer.sni}", x-subject = "{base64(peer.cert.subject)}", x-dns = "{peer.cert.dns}" }"#;
const TLS: &str = r#"tls = { cert = "a.pem", key = "a.key", client-ca = "ca.pem", client-auth = "optional", min-version = "1.2" }"#;

/// Terminals by TCP and by WebSocket, shops by HTTP: who shows the certificate of one subject is
/// known, who shows another is nobody, and who shows none a guest.
fn config(url: &str) -> String {
    let mut text = format!(
        r#"
[gateway]
workers = 1
[log]
messages = true
[admin]
http = "127.0.0.1:0"
[upstreams.backend]
url = "{url}"
[listeners.front]
bind = "tcp://127.0.0.1:0"
protocol = "pos"
{TLS}
[listeners.carried]
bind = "ws://127.0.0.1:0/pos"
protocol = "pos"
{TLS}
[listeners.web]
bind = "tcp://127.0.0.1:0"
protocol = "http"
{TLS}
"#
    );
    for (name, when) in [
        (
            "known",
            "peer.cert.subject == 'CN=till 7\\\\, \u{fc}ber,O=Shop'",
        ),
        ("guest", "peer.cert.subject == null"),
    ] {
        let guest_headers = r#"{ x-sni = "{peer.sni}" }"#;
        let headers = if name == "known" {
            HEADERS
        } else {
            guest_headers
        };
        text += &format!(
            r#"
[[routes]]
name = "{name}-terminal"
from = ["front", "carried"]
operation = "auth_req"
when = """{when}"""
to = "backend"
request.post = "/{name}"
request.headers = {headers}
reply = [{{ on = "2xx", send = "auth_rsp", set = {{ status = 0, code = "{{json.code}}" }} }}, {{ on = "*", send = "auth_rsp", set = {{ status = 96 }} }}]
[[routes]]
name = "{name}-shop"
from = ["web"]
operation = "GET /shop"
when = """{when}"""
to = "backend"
request.post = "/{name}"
request.headers = {headers}
reply = [{{ on = "2xx", status = 200, body = "{{json.code}}" }}, {{ on = "*", status = 502 }}]
"#
        );
    }
    text
}

/// Answers with the name of the route, and tells what headers it was asked with.
fn answer(asked: &Asked) -> Action {
    let code = asked.target.trim_start_matches('/');
    Action::Answer(Answer::status(200).json(&json!({ "code": format!("{code:6.6}") })))
}

struct Scene {
    gateway: Gateway,
    backend: Backend,
    servers: Authority,
    clients: Authority,
}

impl Scene {
    async fn set() -> Self {
        let (servers, clients) = (Authority::new(), Authority::new());
        let shown = servers.issue(&["localhost", "other.example"]);
        let (cert, key) = shown.pem();
        let files = [
            ("a.pem", cert.to_owned()),
            ("a.key", key),
            ("ca.pem", clients.pem()),
        ];
        let files = files.map(|(name, content)| (name.to_owned(), content));
        let backend = Backend::scripted(answer).start().await;
        let gateway = Gateway::start_text(&config(&backend.url()), &files).await;
        Self {
            gateway,
            backend,
            servers,
            clients,
        }
    }

    fn client(
        &self,
        version: &'static SupportedProtocolVersion,
        who: Option<&Identity>,
    ) -> ClientConfig {
        self.servers.bare_client(&[version], who)
    }

    /// A till of the shop, or of somebody else.
    fn till(&self, shop: &str) -> Identity {
        let subject = [
            (DnType::OrganizationName, shop),
            (DnType::CommonName, "till 7, \u{fc}ber"),
        ];
        self.clients.issue_to(&subject, &["till.example"])
    }

    /// What the last request told the backend: `x-sni`, `x-subject`, `x-dns`.
    fn told(&self) -> [Option<String>; 3] {
        let log = self.backend.log();
        let asked = log.asked.last().expect("a request");
        ["x-sni", "x-subject", "x-dns"].map(|name| {
            let value = asked.headers.get(name)?;
            Some(value.to_str().expect("text").to_owned())
        })
    }
}

/// How the backend is told who is known.
fn known(sni: &str) -> [Option<String>; 3] {
    // In Base64, for not all of it is ASCII: `CN=till 7\, über,O=Shop`.
    let subject = "Q049dGlsbCA3XCwgw7xiZXIsTz1TaG9w".to_owned();
    [
        Some(sni.to_owned()),
        Some(subject),
        Some("till.example".to_owned()),
    ]
}

async fn shake_hands(
    gateway: SocketAddr,
    client: ClientConfig,
    name: &str,
) -> TlsStream<TcpStream> {
    let stream = TcpStream::connect(gateway).await.expect("a gateway");
    let name = name.to_owned().try_into().expect("a name");
    let connecting = TlsConnector::from(Arc::new(client)).connect(name, stream);
    in_time("TLS", connecting).await.expect("a handshake")
}

async fn ask(stream: &mut TlsStream<TcpStream>) -> AuthRsp {
    stream
        .write_all(&AuthReq::new(7).bytes())
        .await
        .expect("a peer");
    stream.flush().await.expect("a peer");
    let mut frame = [0; 16];
    in_time("a reply", stream.read_exact(&mut frame))
        .await
        .expect("a reply");
    AuthRsp::read(&frame).expect("a reply")
}

#[tokio::test]
async fn rules_of_a_binary_protocol_know_who_asks() {
    let scene = Scene::set().await;
    let front = scene.gateway.front();
    for version in [&TLS12, &TLS13] {
        let till = scene.till("Shop");
        let client = scene.client(version, Some(&till));
        let mut stream = shake_hands(front, client, "localhost").await;
        for _ in 0..2 {
            assert_eq!(ask(&mut stream).await.code, "known ", "{version:?}");
            assert_eq!(scene.told(), known("localhost"), "{version:?}");
        }
        let mut stream = shake_hands(front, scene.client(version, None), "other.example").await;
        assert_eq!(ask(&mut stream).await.code, "guest ");
        assert_eq!(scene.told(), [Some("other.example".to_owned()), None, None]);
        // The name of one authority's client is not that of another's.
        let stranger = scene.till("Shop+");
        let client = scene.client(version, Some(&stranger));
        let mut stream = shake_hands(front, client, "localhost").await;
        assert_eq!(ask(&mut stream).await.status, status::FAILED);
    }
}

#[tokio::test]
async fn a_session_that_is_resumed_is_still_its_client() {
    let scene = Scene::set().await;
    let till = scene.till("Shop");
    for version in [&TLS12, &TLS13] {
        let client = Arc::new(scene.client(version, Some(&till)));
        for resumed in [false, true] {
            let stream = TcpStream::connect(scene.gateway.front())
                .await
                .expect("a gateway");
            let name = "localhost".try_into().expect("a name");
            let connecting = TlsConnector::from(Arc::clone(&client)).connect(name, stream);
            let mut stream = in_time("TLS", connecting).await.expect("a handshake");
            assert_eq!(ask(&mut stream).await.code, "known ");
            let kind = stream.get_ref().1.handshake_kind().expect("a handshake");
            let was = kind == HandshakeKind::Resumed;
            assert_eq!(was, resumed, "{version:?}");
        }
    }
}

#[tokio::test]
async fn rules_know_who_is_carried_by_websocket() {
    let scene = Scene::set().await;
    let carried = scene.gateway.listener("carried");
    let till = scene.till("Shop");
    for (who, expected) in [(Some(&till), "known "), (None, "guest ")] {
        let stream = shake_hands(carried, scene.client(&TLS13, who), "localhost").await;
        let mut client = WebSocket::open(stream, REQUEST).await;
        client.send(BINARY, &AuthReq::new(7).bytes()).await;
        assert_eq!(client.reply().await.code, expected);
    }
}

#[tokio::test]
async fn rules_of_http_know_who_asks_in_both_versions() {
    let scene = Scene::set().await;
    let web = scene.gateway.listener("web");
    let till = scene.till("Shop");
    for version in [Version::Http1, Version::Http2] {
        for (who, expected) in [(Some(&till), "known "), (None, "guest ")] {
            let client = scene.client(&TLS13, who);
            let mut client = SecureWeb::connect(web, client, "localhost", version).await;
            for _ in 0..2 {
                let told = client.get("localhost", "/shop").await;
                assert_eq!((told.status, &*told.body), (200, expected), "{version:?}");
            }
        }
        let client = scene.client(&TLS13, Some(&till));
        let mut client = SecureWeb::connect(web, client, "localhost", version).await;
        client.get("localhost", "/shop").await;
        assert_eq!(scene.told(), known("localhost"));
    }
}

/// One line a message names its client, and whatever a subject holds, it stays in its quotes.
#[tokio::test]
async fn logs_tell_the_subject_in_one_line() {
    let scene = Scene::set().await;
    let evil = [(DnType::CommonName, "a\"\nb\u{202e}c")];
    let evil = scene.clients.issue_to(&evil, &[]);
    let front = scene.gateway.front();
    for (who, expected) in [
        (
            scene.till("Shop"),
            r#" subject="CN=till 7\\, über,O=Shop" "#,
        ),
        (evil, r#" subject="CN=a\\\"\\0ab\u{202e}c" "#),
    ] {
        let before = scene.gateway.stderr().lines().count();
        let client = scene.client(&TLS13, Some(&who));
        let mut stream = shake_hands(front, client, "localhost").await;
        ask(&mut stream).await;
        let log = scene.gateway.stderr();
        let lines: Vec<&str> = log.lines().skip(before).collect();
        let line = lines
            .iter()
            .find(|line| line.contains("gatewright::message"));
        let line = line.unwrap_or_else(|| panic!("no line: {lines:#?}"));
        assert!(line.contains(expected), "{line}");
    }
}
