//! Raw listeners and TLS: passed through by the name that a client asks for, and spoken to
//! upstreams.

use crate::support::certificates::Authority;
use crate::support::in_time;
use crate::support::raw::{RawConfig, accept, connect, end, expect, listener, noise};
use std::io::ErrorKind;
use std::sync::Arc;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::rustls::{ClientConfig, ClientConnection, ServerConfig};
use tokio_rustls::server::TlsStream;
use tokio_rustls::{TlsAcceptor, TlsConnector};

async fn accept_tls(listener: &TcpListener, config: &Arc<ServerConfig>) -> TlsStream<TcpStream> {
    let stream = accept(listener).await;
    let acceptor = TlsAcceptor::from(Arc::clone(config));
    in_time("a handshake", acceptor.accept(stream))
        .await
        .expect("a handshake")
}

fn tls_url(url: &str) -> String {
    url.replace("tcp://127.0.0.1", "tls://localhost")
}

#[tokio::test]
async fn tls_is_passed_through_by_the_name_that_is_asked_for() {
    let authority = Authority::new();
    let (a, a_url) = listener().await;
    let (b, b_url) = listener().await;
    let gateway = RawConfig::default()
        .upstream("a", &[a_url], "")
        .upstream("b", &[b_url], "")
        .route("sni == 'a.example'", "a")
        .route("sni == 'b.example'", "b")
        .start()
        .await;
    for (listener, name, asked) in [
        (&a, "a.example", "A.example"),
        (&b, "b.example", "b.example"),
    ] {
        let server = authority.issue(&[name]).server(b"h2");
        let connector = TlsConnector::from(authority.client());
        let asked = asked.to_owned().try_into().expect("a name");
        let client = async {
            let stream = connect(&gateway).await;
            connector.connect(asked, stream).await.expect("a handshake")
        };
        let (mut client, mut server) = tokio::join!(client, accept_tls(listener, &server));
        let bytes = noise(1, 300_000);
        let (written, ()) = tokio::join!(
            async { client.write_all(&bytes).await.and(client.flush().await) },
            expect(&mut server, &bytes)
        );
        written.expect("a write");
    }
}

/// The ClientHello of a client that asks for a name.
fn hello(config: Arc<ClientConfig>, name: &'static str) -> Vec<u8> {
    let name = name.try_into().expect("a name");
    let mut client = ClientConnection::new(config, name).expect("a client");
    let mut hello = Vec::new();
    while client.wants_write() {
        client.write_tls(&mut hello).expect("a hello");
    }
    hello
}

#[tokio::test]
async fn a_hello_may_come_byte_by_byte() {
    let (listener, url) = listener().await;
    let config = RawConfig::default().upstream("a", &[url], "");
    let gateway = config.route("sni == 'a.example'", "a").start().await;
    let hello = hello(Authority::new().client(), "a.example");
    let mut client = connect(&gateway).await;
    for byte in &hello {
        client.write_all(&[*byte]).await.expect("a write");
        tokio::task::yield_now().await;
    }
    let mut server = accept(&listener).await;
    expect(&mut server, &hello).await;
    client.write_all(b"more").await.expect("a write");
    expect(&mut server, b"more").await;
}

#[tokio::test]
async fn who_asks_for_nobody_has_the_routes_without_a_name() {
    let (named, named_url) = listener().await;
    let (other, other_url) = listener().await;
    let gateway = RawConfig::default()
        .upstream("named", &[named_url], "")
        .upstream("other", &[other_url], "")
        .route("sni == 'a.example'", "named")
        .route("", "other")
        .start()
        .await;
    let mut plain = connect(&gateway).await;
    plain.write_all(b"SSH-2.0-x\r\n").await.expect("a write");
    expect(&mut accept(&other).await, b"SSH-2.0-x\r\n").await;
    let hello = hello(Authority::new().client(), "c.example");
    let mut stranger = connect(&gateway).await;
    stranger.write_all(&hello).await.expect("a write");
    expect(&mut accept(&other).await, &hello).await;
    drop(named);
}

#[tokio::test]
async fn what_only_begins_like_tls_is_refused() {
    let (_listener, url) = listener().await;
    let config = RawConfig::default().upstream("a", &[url], "");
    let config = config.route("sni == 'a.example'", "a").route("", "a");
    let gateway = config.limit("frame-time", "\"200ms\"").start().await;
    let mut liar = connect(&gateway).await;
    liar.write_all(&[22, 3, 1, 0, 4, 2, 0, 0, 0])
        .await
        .expect("a write");
    assert_eq!(end(&mut liar).await, Err(ErrorKind::ConnectionReset));
    gateway.until_closed("bad-value", 1).await;

    let mut slow = connect(&gateway).await;
    slow.write_all(&[22, 3, 1, 1, 0, 1]).await.expect("a write");
    assert_eq!(end(&mut slow).await, Err(ErrorKind::ConnectionReset));
    gateway.until_closed("frame-time", 1).await;
}

#[tokio::test]
async fn an_upstream_is_spoken_tls_to_with_a_certificate_of_ours() {
    let (servers, clients) = (Authority::new(), Authority::new());
    let (listener, url) = listener().await;
    let client_identity = clients.issue(&["gateway"]);
    let (cert, key) = client_identity.pem();
    let tls = r#"tls = { ca = "ca.pem", cert = "client.pem", key = "client.key", alpn = "echo" }"#;
    let gateway = RawConfig::default()
        .upstream("backend", &[tls_url(&url)], tls)
        .route("", "backend")
        .file("ca.pem", servers.pem())
        .file("client.pem", cert)
        .file("client.key", key)
        .start()
        .await;
    let config = servers.issue(&["localhost"]).server_for(&clients, b"echo");
    let (mut client, mut server) = tokio::join!(connect(&gateway), accept_tls(&listener, &config));
    let session = server.get_ref().1;
    assert_eq!(session.alpn_protocol(), Some(&b"echo"[..]));
    assert_eq!(session.peer_certificates().map(<[_]>::len), Some(1));

    let (up, down) = (noise(1, 3_000_000), noise(2, 5_000_000));
    let (mut client_read, mut client_write) = client.split();
    let (mut server_read, mut server_write) = tokio::io::split(&mut server);
    let all = async {
        tokio::join!(
            async { client_write.write_all(&up).await.expect("a write") },
            async {
                server_write.write_all(&down).await.expect("a write");
                server_write.flush().await.expect("a write");
            },
            expect(&mut server_read, &up),
            expect(&mut client_read, &down),
        )
    };
    in_time("both directions", all).await;

    client.shutdown().await.expect("an end");
    assert_eq!(end(&mut server).await, Ok(()), "close_notify");
    server.write_all(b"late").await.expect("a write");
    server.shutdown().await.expect("an end");
    expect(&mut client, b"late").await;
    assert_eq!(end(&mut client).await, Ok(()));
    gateway.until_closed("peer", 1).await;
}

#[tokio::test]
async fn a_tls_stream_that_is_cut_short_does_not_end_well() {
    let authority = Authority::new();
    let (listener, url) = listener().await;
    let gateway = RawConfig::default()
        .upstream("backend", &[tls_url(&url)], "tls = { ca = \"ca.pem\" }")
        .route("", "backend")
        .file("ca.pem", authority.pem())
        .start()
        .await;
    let config = authority.issue(&["localhost"]).server(b"h2");
    let (mut client, mut server) = tokio::join!(connect(&gateway), accept_tls(&listener, &config));
    server.write_all(b"half of it").await.expect("a write");
    server.flush().await.expect("a write");
    expect(&mut client, b"half of it").await;
    let (mut tcp, _) = server.into_inner();
    tcp.shutdown().await.expect("an end");
    assert_eq!(end(&mut client).await, Err(ErrorKind::ConnectionReset));
    gateway.until_closed("tls", 1).await;
}

#[tokio::test]
async fn a_quiet_pair_ends_with_close_notify() {
    let authority = Authority::new();
    let (listener, url) = listener().await;
    let gateway = RawConfig::default()
        .upstream("backend", &[tls_url(&url)], "tls = { ca = \"ca.pem\" }")
        .route("", "backend")
        .file("ca.pem", authority.pem())
        .limit("idle", "\"300ms\"")
        .start()
        .await;
    let config = authority.issue(&["localhost"]).server(b"h2");
    let (mut client, mut server) = tokio::join!(connect(&gateway), accept_tls(&listener, &config));
    server.write_all(b"all of it").await.expect("a write");
    server.flush().await.expect("a write");
    expect(&mut client, b"all of it").await;
    assert_eq!(end(&mut client).await, Ok(()));
    assert_eq!(end(&mut server).await, Ok(()));
    gateway.until_closed("idle", 1).await;
}

#[tokio::test]
async fn an_upstream_that_is_not_trusted_gets_nothing() {
    let (ours, other) = (Authority::new(), Authority::new());
    let (listener, url) = listener().await;
    let gateway = RawConfig::default()
        .upstream("backend", &[tls_url(&url)], "tls = { ca = \"ca.pem\" }")
        .route("", "backend")
        .file("ca.pem", ours.pem())
        .start()
        .await;
    let acceptor = TlsAcceptor::from(other.issue(&["localhost"]).server(b"h2"));
    let mut client = connect(&gateway).await;
    client.write_all(b"secret").await.expect("a write");
    let stream = accept(&listener).await;
    let accepted = in_time("a handshake", acceptor.accept(stream)).await;
    assert!(accepted.is_err());
    assert_eq!(end(&mut client).await, Err(ErrorKind::ConnectionReset));
    gateway.until_closed("unreachable", 1).await;
}
