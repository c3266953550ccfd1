//! TLS with clients: what they are shown, what is asked of them, and what becomes of those who
//! do not speak it.

use crate::support::certificates::{Authority, Identity};
use crate::support::config::{Config, status};
use crate::support::gateway::Gateway;
use crate::support::in_time;
use crate::support::raw::{self, RawConfig, accept, end, expect, listener, noise};
use crate::support::wire::{AuthReq, AuthRsp};
use std::io;
use std::sync::Arc;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{ClientConfig, DEFAULT_VERSIONS, ProtocolVersion};

const MOCK: &str = r#"mock:201?body={"approval_code":"A1B2C3"}"#;
const FAILED: &str = "gatewright_tls_handshakes_failed_total";

/// Payments over TLS, with the keys of `tls` that are given beside the certificate.
fn config(identity: &Identity, keys: &str) -> Config {
    let (cert, key) = identity.pem();
    Config::pos([MOCK.to_owned()])
        .listener_key(
            "tls",
            format!("{{ cert = \"a.pem\", key = \"a.key\"{keys} }}"),
        )
        .file("a.pem", cert)
        .file("a.key", key)
}

async fn shake_hands(
    gateway: &Gateway,
    client: ClientConfig,
    name: &str,
) -> io::Result<TlsStream<TcpStream>> {
    let stream = raw::connect(gateway).await;
    let name = name.to_owned().try_into().expect("a name");
    let connector = TlsConnector::from(Arc::new(client));
    in_time("a handshake", connector.connect(name, stream)).await
}

/// Asks for an authorisation.
async fn ask(stream: &mut TlsStream<TcpStream>, seq: u32) -> io::Result<AuthRsp> {
    stream.write_all(&AuthReq::new(seq).bytes()).await?;
    stream.flush().await?;
    reply(stream).await
}

async fn reply(stream: &mut TlsStream<TcpStream>) -> io::Result<AuthRsp> {
    let mut frame = [0; 16];
    in_time("a reply", stream.read_exact(&mut frame)).await?;
    Ok(AuthRsp::read(&frame).expect("a reply"))
}

/// A client that is let in and served.
async fn is_served(gateway: &Gateway, client: ClientConfig) -> TlsStream<TcpStream> {
    let mut stream = shake_hands(gateway, client, "localhost")
        .await
        .expect("a handshake");
    let reply = ask(&mut stream, 7).await.expect("a reply");
    assert_eq!((reply.seq, reply.status), (7, status::APPROVED));
    stream
}

/// A client that is refused for this cause. With TLS 1.3 it may hear of it with the first reply only.
async fn is_refused(gateway: &Gateway, client: ClientConfig, cause: &str) {
    let before = failed(gateway, cause).await;
    if let Ok(mut stream) = shake_hands(gateway, client, "localhost").await {
        let asked = ask(&mut stream, 7).await;
        assert!(asked.is_err(), "a reply to who should be refused");
    }
    let labels = [("listener", "front"), ("cause", cause)];
    gateway.until_metric(FAILED, &labels, before + 1.0).await;
}

async fn failed(gateway: &Gateway, cause: &str) -> f64 {
    let labels = [("listener", "front"), ("cause", cause)];
    gateway.metrics().await.sum(FAILED, &labels)
}

#[tokio::test]
async fn messages_are_spoken_in_tls_1_3_and_in_1_2_if_that_is_said() {
    let authority = Authority::new();
    let identity = authority.issue(&["localhost"]);
    let old = || authority.bare_client(&[&TLS12], None);

    let gateway = Gateway::start(&config(&identity, "")).await;
    let stream = is_served(&gateway, authority.bare_client(DEFAULT_VERSIONS, None)).await;
    let version = stream.get_ref().1.protocol_version();
    assert_eq!(version, Some(ProtocolVersion::TLSv1_3));
    is_refused(&gateway, old(), "incompatible").await;

    let gateway = Gateway::start(&config(&identity, ", min-version = \"1.2\"")).await;
    is_served(&gateway, old()).await;
    let stream = is_served(&gateway, authority.bare_client(&[&TLS13, &TLS12], None)).await;
    let version = stream.get_ref().1.protocol_version();
    assert_eq!(version, Some(ProtocolVersion::TLSv1_3));
}

#[tokio::test]
async fn a_client_is_shown_the_certificate_for_the_name_that_it_asks_for() {
    let authority = Authority::new();
    let a = authority.issue(&["a.example", "127.0.0.1"]);
    let b = authority.issue(&["b.example", "*.c.example"]);
    let certificates = r#"{ certificates = [{ cert = "a.pem", key = "a.key" }, { cert = "b.pem", key = "b.key" }] }"#;
    let mut config = Config::pos([MOCK.to_owned()]).listener_key("tls", certificates);
    for (name, identity) in [("a", &a), ("b", &b)] {
        let (cert, key) = identity.pem();
        config = config.file(&format!("{name}.pem"), cert);
        config = config.file(&format!("{name}.key"), key);
    }
    let gateway = Gateway::start(&config).await;
    let client = || authority.bare_client(DEFAULT_VERSIONS, None);
    for (name, identity) in [
        ("a.example", &a),
        ("b.example", &b),
        ("x.c.example", &b),
        ("127.0.0.1", &a),
    ] {
        let stream = shake_hands(&gateway, client(), name)
            .await
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        let shown = stream.get_ref().1.peer_certificates();
        assert_eq!(shown.and_then(<[_]>::first), Some(identity.der()), "{name}");
    }
    let stranger = shake_hands(&gateway, client(), "d.example").await;
    assert!(stranger.is_err(), "the first one is not for that name");
}

#[tokio::test]
async fn clients_need_a_certificate_of_the_right_authority() {
    let (servers, clients, others) = (Authority::new(), Authority::new(), Authority::new());
    let identity = servers.issue(&["localhost"]);
    let config = config(&identity, ", client-ca = \"ca.pem\"").file("ca.pem", clients.pem());
    let gateway = Gateway::start(&config).await;
    let client = |identity: Option<&Identity>| servers.bare_client(DEFAULT_VERSIONS, identity);
    is_served(&gateway, client(Some(&clients.issue(&["terminal"])))).await;
    is_refused(&gateway, client(None), "no-certificate").await;
    let stranger = others.issue(&["terminal"]);
    is_refused(
        &gateway,
        client(Some(&stranger)),
        "certificate-unknown-issuer",
    )
    .await;
    let late = clients.issue_expired(&["terminal"]);
    is_refused(&gateway, client(Some(&late)), "certificate-expired").await;
    let open = gateway.metrics().await;
    assert_eq!(open.sum("gatewright_requests_total", &[]), 1.0);
}

#[tokio::test]
async fn clients_may_come_without_a_certificate_if_that_is_said() {
    let (servers, clients, others) = (Authority::new(), Authority::new(), Authority::new());
    let keys = ", client-ca = \"ca.pem\", client-auth = \"optional\"";
    let config = config(&servers.issue(&["localhost"]), keys).file("ca.pem", clients.pem());
    let gateway = Gateway::start(&config).await;
    is_served(&gateway, servers.bare_client(DEFAULT_VERSIONS, None)).await;
    let stranger = others.issue(&["terminal"]);
    let stranger = servers.bare_client(DEFAULT_VERSIONS, Some(&stranger));
    is_refused(&gateway, stranger, "certificate-unknown-issuer").await;
}

#[tokio::test]
async fn a_protocol_is_agreed_on_if_both_name_any() {
    let authority = Authority::new();
    let config = config(
        &authority.issue(&["localhost"]),
        ", alpn = [\"pos/2\", \"pos/1\"]",
    );
    let gateway = Gateway::start(&config).await;
    let offering = |names: &[&[u8]]| {
        let mut client = authority.bare_client(DEFAULT_VERSIONS, None);
        client.alpn_protocols = names.iter().map(|name| name.to_vec()).collect();
        client
    };
    let stream = is_served(&gateway, offering(&[b"pos/1", b"pos/2"])).await;
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"pos/2"[..]));
    let stream = is_served(&gateway, offering(&[])).await;
    assert_eq!(stream.get_ref().1.alpn_protocol(), None);
    is_refused(&gateway, offering(&[b"h2"]), "alpn").await;
}

#[tokio::test]
async fn who_does_not_speak_tls_is_told_so() {
    let authority = Authority::new();
    let gateway = Gateway::start(&config(&authority.issue(&["localhost"]), "")).await;
    for plain in [&AuthReq::new(1).bytes()[..], b"GET / HTTP/1.1\r\n\r\n"] {
        let mut client = raw::connect(&gateway).await;
        client.write_all(plain).await.expect("a write");
        let mut said = Vec::new();
        in_time("an end", client.read_to_end(&mut said))
            .await
            .expect("an orderly end");
        // RFC 8446, 6: an alert is a record of type 21.
        assert_eq!(said.first(), Some(&21), "{said:02x?}");
    }
    assert_eq!(failed(&gateway, "not-tls").await, 2.0);
    let requests = gateway
        .metrics()
        .await
        .sum("gatewright_requests_total", &[]);
    assert_eq!(requests, 0.0);
}

#[tokio::test]
async fn who_does_not_finish_the_handshake_gives_its_place_back() {
    let authority = Authority::new();
    let config = config(&authority.issue(&["localhost"]), "")
        .listener("connections", 1)
        .listener("handshake", "\"300ms\"");
    let gateway = Gateway::start(&config).await;
    let mut silent = raw::connect(&gateway).await;
    is_served(&gateway, authority.bare_client(DEFAULT_VERSIONS, None)).await;
    assert_eq!(end(&mut silent).await, Ok(()));
    assert_eq!(failed(&gateway, "time").await, 1.0);
    let waited = gateway.metrics().await;
    assert!(waited.sum("gatewright_accept_pauses_total", &[]) >= 1.0);
}

#[tokio::test]
async fn replies_leave_whole_whenever_they_are_read() {
    const REQUESTS: u32 = 20_000;
    let authority = Authority::new();
    let gateway = Gateway::start(&config(&authority.issue(&["localhost"]), "")).await;
    let client = authority.bare_client(DEFAULT_VERSIONS, None);
    let stream = shake_hands(&gateway, client, "localhost")
        .await
        .expect("a handshake");
    let (mut replies, mut requests) = tokio::io::split(stream);
    let asking = async {
        for seq in 1..=REQUESTS {
            requests
                .write_all(&AuthReq::new(seq).bytes())
                .await
                .expect("a write");
        }
        requests.shutdown().await.expect("an end");
    };
    let mut read = Vec::new();
    let reading = replies.read_to_end(&mut read);
    let (_, all) = in_time("all replies", async { tokio::join!(asking, reading) }).await;
    all.expect("an orderly end");
    assert_eq!(read.len(), 16 * REQUESTS as usize);
    gateway.until_closed("peer", 1).await;
}

#[tokio::test]
async fn a_drain_ends_clients_of_tls_in_good_order() {
    let authority = Authority::new();
    let mut gateway = Gateway::start(&config(&authority.issue(&["localhost"]), "")).await;
    let client = authority.bare_client(DEFAULT_VERSIONS, None);
    let mut stream = is_served(&gateway, client).await;
    gateway.terminate().await;
    let mut rest = Vec::new();
    let ended = in_time("an end", stream.read_to_end(&mut rest)).await;
    assert_eq!(ended.expect("close_notify"), 0);
    drop(stream);
    assert_eq!(gateway.exit().await.code, Some(0));
}

#[tokio::test]
async fn a_relay_carries_what_is_within_tls() {
    let authority = Authority::new();
    let (cert, key) = {
        let identity = authority.issue(&["a.example", "b.example"]);
        let (cert, key) = identity.pem();
        (cert.to_owned(), key)
    };
    let (a, a_url) = listener().await;
    let (b, b_url) = listener().await;
    let gateway = RawConfig::default()
        .upstream("a", &[a_url], "")
        .upstream("b", &[b_url], "")
        .route("sni == 'a.example'", "a")
        .route("sni == 'b.example'", "b")
        .key("tls", r#"{ cert = "a.pem", key = "a.key" }"#)
        .file("a.pem", cert)
        .file("a.key", key)
        .start()
        .await;
    for (name, server) in [("a.example", &a), ("b.example", &b)] {
        let client = authority.bare_client(DEFAULT_VERSIONS, None);
        let (client, mut server) =
            tokio::join!(shake_hands(&gateway, client, name), accept(server));
        let mut client = client.expect("a handshake");
        let (up, down) = (noise(1, 300_000), noise(2, 300_000));
        let written = async {
            client.write_all(&up).await?;
            client.shutdown().await
        };
        let (written, ()) = tokio::join!(written, expect(&mut server, &up));
        written.expect("a write");
        assert_eq!(end(&mut server).await, Ok(()));
        let written = async {
            server.write_all(&down).await?;
            server.shutdown().await
        };
        let (written, ()) = tokio::join!(written, expect(&mut client, &down));
        written.expect("a write");
        assert_eq!(end(&mut client).await, Ok(()), "close_notify");
    }
    gateway.until_closed("peer", 2).await;
}

#[tokio::test]
async fn a_key_of_another_certificate_is_refused_at_the_start() {
    let authority = Authority::new();
    let (one, other) = (authority.issue(&["a"]), authority.issue(&["b"]));
    let config = config(&one, "").file("a.key", other.pem().1);
    let exit = Gateway::fail_with(&config).await;
    assert_eq!(exit.code, Some(78));
    assert!(exit.stderr.contains("error[GW4005]"), "{}", exit.stderr);
    assert!(exit.stderr.contains("a.key: beside"), "{}", exit.stderr);
}
