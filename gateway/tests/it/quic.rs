//! Upstreams over QUIC: relays and messages are streams of one connection.

use crate::support::certificates::Authority;
use crate::support::config::Config;
use crate::support::gateway::Gateway;
use crate::support::in_time;
use crate::support::quic::{ALPN, HostStream, QuicHost, next_stream};
use crate::support::raw::{RawConfig, connect, end, expect, noise};
use crate::support::wire::{AuthReq, AuthRsp};
use quinn::{Connection, ConnectionError};
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::timeout;

const RESET: Result<(), ErrorKind> = Err(ErrorKind::ConnectionReset);
/// What the protocol's own refusal says.
const FAILED: u8 = 96;
const STATES: &str = "gatewright_upstream_endpoints";
/// Long enough for a stream that is not read to be full: nothing is decided by it but when to
/// look.
const A_WHILE: Duration = Duration::from_millis(100);

/// A raw listener in front of a server that `authority` vouches for.
fn relay(authority: &Authority, url: String, keys: &str) -> RawConfig {
    let tls = format!("tls = {{ ca = \"ca.pem\", alpn = \"{ALPN}\" }}\n{keys}");
    RawConfig::default()
        .upstream("backend", &[url], &tls)
        .route("", "backend")
        .file("ca.pem", authority.pem())
}

/// A client that has sent one byte, so that the server knows of its stream.
async fn greeting(gateway: &Gateway) -> TcpStream {
    let mut client = connect(gateway).await;
    client.write_all(b"x").await.expect("a write");
    client
}

/// A client's stream on a connection that is there.
async fn talk(gateway: &Gateway, connection: &Connection) -> (TcpStream, HostStream) {
    let (client, mut stream) = tokio::join!(greeting(gateway), next_stream(connection));
    expect(&mut stream, b"x").await;
    (client, stream)
}

async fn closed(connection: &Connection) -> ConnectionError {
    in_time("an end", connection.closed()).await
}

#[tokio::test]
async fn bytes_pass_both_ways_and_each_direction_ends_by_itself() {
    let authority = Authority::new();
    let host = QuicHost::start(&authority);
    let gateway = relay(&authority, host.url_by_name(), "").start().await;
    let (mut client, connection) = tokio::join!(greeting(&gateway), host.accept());
    let mut server = next_stream(&connection).await;
    expect(&mut server, b"x").await;

    let (up, down) = (noise(1, 8 << 20), noise(2, 8 << 20));
    let (mut client_read, mut client_write) = client.split();
    let (mut server_read, mut server_write) = tokio::io::split(&mut server);
    let all = async {
        tokio::join!(
            async { client_write.write_all(&up).await.expect("a write") },
            async { server_write.write_all(&down).await.expect("a write") },
            expect(&mut server_read, &up),
            expect(&mut client_read, &down),
        )
    };
    in_time("both directions", all).await;
    client.shutdown().await.expect("an end");
    assert_eq!(end(&mut server).await, Ok(()));
    server.write_all(b"late").await.expect("a write");
    server.shutdown().await.expect("an end");
    expect(&mut client, b"late").await;
    assert_eq!(end(&mut client).await, Ok(()));

    let (mut client, mut server) = talk(&gateway, &connection).await;
    server.shutdown().await.expect("an end");
    assert_eq!(end(&mut client).await, Ok(()));
    client.write_all(b"late").await.expect("a write");
    client.shutdown().await.expect("an end");
    expect(&mut server, b"late").await;
    assert_eq!(end(&mut server).await, Ok(()));
    gateway.until_closed("peer", 2).await;
}

#[tokio::test]
async fn clients_share_one_connection() {
    let authority = Authority::new();
    let host = QuicHost::start(&authority);
    let gateway = relay(&authority, host.url(), "").start().await;
    let mut clients = Vec::new();
    for client in 0..20_u8 {
        let mut stream = connect(&gateway).await;
        stream.write_all(&[client]).await.expect("a write");
        clients.push(stream);
    }
    let connection = host.accept().await;
    for _ in 0..20 {
        let mut stream = next_stream(&connection).await;
        let client = stream.read_u8().await.expect("a byte");
        stream.write_all(&[client, client]).await.expect("a write");
    }
    for (number, client) in (0..).zip(&mut clients) {
        expect(client, &[number, number]).await;
    }
    assert_eq!(host.handshakes(), 1);
}

/// Writes until nothing more is taken.
async fn fill(stream: &mut HostStream) {
    let bytes = [0; 64 << 10];
    let mut taken = 0;
    while let Ok(written) = timeout(A_WHILE, stream.write(&bytes)).await {
        taken += written.expect("an open stream");
        assert!(taken < 64 << 20, "all of it goes somewhere");
    }
}

/// Streams that are not read hold their own windows, and no window that others need.
#[tokio::test]
async fn clients_that_do_not_read_stop_nobody_else() {
    let authority = Authority::new();
    let host = QuicHost::start(&authority);
    let patient = relay(&authority, host.url(), "").limit("send-time", "\"1h\"");
    let gateway = patient.start().await;
    let (mut client, connection) = tokio::join!(greeting(&gateway), host.accept());
    let mut server = next_stream(&connection).await;
    let mut lazy = Vec::new();
    for _ in 0..40 {
        let (client, mut stream) = talk(&gateway, &connection).await;
        fill(&mut stream).await;
        lazy.push((client, stream));
    }
    expect(&mut server, b"x").await;
    server.write_all(b"still here").await.expect("a write");
    expect(&mut client, b"still here").await;
    assert!(
        gateway.memory() < 64 << 20,
        "{} bytes for 40 streams",
        gateway.memory()
    );
}

#[tokio::test]
async fn resets_are_passed_on_and_hurt_one_stream_only() {
    let authority = Authority::new();
    let host = QuicHost::start(&authority);
    let gateway = relay(&authority, host.url(), "").start().await;
    let (mut other, connection) = tokio::join!(greeting(&gateway), host.accept());
    let mut other_stream = next_stream(&connection).await;
    expect(&mut other_stream, b"x").await;

    let (mut client, mut stream) = talk(&gateway, &connection).await;
    stream.writer_mut().reset(7_u32.into()).expect("a reset");
    assert_eq!(end(&mut client).await, RESET);
    gateway.until_closed("reset", 1).await;

    let (mut client, mut stream) = talk(&gateway, &connection).await;
    stream.reader_mut().stop(7_u32.into()).expect("a stop");
    let refused = async { while client.write_all(b"more").await.is_ok() {} };
    in_time("a reset", refused).await;
    gateway.until_closed("reset", 2).await;

    let (client, mut stream) = talk(&gateway, &connection).await;
    client.set_zero_linger().expect("a socket");
    drop(client);
    assert_eq!(end(&mut stream).await, RESET);
    gateway.until_closed("reset", 3).await;

    other.write_all(b"well").await.expect("a write");
    expect(&mut other_stream, b"well").await;
    assert_eq!(host.handshakes(), 1);
}

/// A server that has answered may read no further: that is how it closes a stream.
#[tokio::test]
async fn a_server_that_has_said_all_need_not_hear_the_end() {
    let authority = Authority::new();
    let host = QuicHost::start(&authority);
    let gateway = relay(&authority, host.url(), "").start().await;
    let (mut client, connection) = tokio::join!(greeting(&gateway), host.accept());
    let mut stream = next_stream(&connection).await;
    expect(&mut stream, b"x").await;
    stream.write_all(b"bye").await.expect("a write");
    drop(stream);
    expect(&mut client, b"bye").await;
    assert_eq!(end(&mut client).await, Ok(()));
    client.shutdown().await.expect("an end");
    gateway.until_closed("peer", 1).await;

    let (mut client, mut stream) = talk(&gateway, &connection).await;
    stream.reader_mut().stop(7_u32.into()).expect("a stop");
    stream.write_all(b"stopped").await.expect("a write");
    expect(&mut client, b"stopped").await;
    client.shutdown().await.expect("an end");
    gateway.until_closed("reset", 1).await;
}

/// A client that takes nothing does not keep the gateway from hearing of the server's reset.
#[tokio::test]
async fn a_reset_is_heard_while_nobody_reads() {
    let authority = Authority::new();
    let host = QuicHost::start(&authority);
    let gateway = relay(&authority, host.url(), "").start().await;
    let (_client, connection) = tokio::join!(greeting(&gateway), host.accept());
    let mut stream = next_stream(&connection).await;
    fill(&mut stream).await;
    stream.writer_mut().reset(7_u32.into()).expect("a reset");
    gateway.until_closed("reset", 1).await;
}

#[tokio::test]
async fn a_lost_connection_resets_its_streams_and_is_replaced() {
    let authority = Authority::new();
    let host = QuicHost::start(&authority);
    let gateway = relay(&authority, host.url(), "").start().await;
    let (mut one, connection) = tokio::join!(greeting(&gateway), host.accept());
    let _one = next_stream(&connection).await;
    let (mut two, _two) = talk(&gateway, &connection).await;
    connection.close(3_u32.into(), b"enough");
    assert_eq!(end(&mut one).await, RESET);
    assert_eq!(end(&mut two).await, RESET);
    gateway.until_closed("reset", 2).await;

    let (mut client, connection) = tokio::join!(greeting(&gateway), host.accept());
    let mut server = next_stream(&connection).await;
    expect(&mut server, b"x").await;
    server.write_all(b"again").await.expect("a write");
    expect(&mut client, b"again").await;
    assert_eq!(host.handshakes(), 2);
}

/// Carries packets between a gateway and a server until it is dropped.
async fn path(socket: Arc<UdpSocket>, server: SocketAddr) {
    let mut packet = vec![0; 64 << 10];
    let mut gateway = None;
    loop {
        let (length, from) = socket.recv_from(&mut packet).await.expect("a packet");
        let to = if from == server {
            gateway
        } else {
            gateway = Some(from);
            Some(server)
        };
        if let Some(to) = to {
            let sent = socket.send_to(&packet[..length], to).await;
            sent.expect("a peer");
        }
    }
}

/// No packet says that a host died.
#[tokio::test]
async fn a_server_that_falls_silent_is_given_up() {
    let authority = Authority::new();
    let host = QuicHost::start(&authority);
    let socket = UdpSocket::bind("127.0.0.1:0").await.expect("an address");
    let url = format!("quic://{}", socket.local_addr().expect("an address"));
    let socket = Arc::new(socket);
    let cable = tokio::spawn(path(Arc::clone(&socket), host.address()));
    let gateway = relay(&authority, url, "").start().await;
    let (mut client, connection) = tokio::join!(greeting(&gateway), host.accept());
    let _stream = next_stream(&connection).await;
    cable.abort();
    assert_eq!(end(&mut client).await, RESET);
    let cable = tokio::spawn(path(socket, host.address()));
    let (_client, connection) = tokio::join!(greeting(&gateway), host.accept());
    next_stream(&connection).await;
    cable.abort();
}

#[tokio::test]
async fn a_connection_without_streams_is_closed_and_replaced() {
    let authority = Authority::new();
    let host = QuicHost::start(&authority);
    let config = relay(&authority, host.url(), "limits = { idle = \"50ms\" }");
    let gateway = config.start().await;
    let (client, connection) = tokio::join!(greeting(&gateway), host.accept());
    let mut stream = next_stream(&connection).await;
    let busy = timeout(A_WHILE * 3, connection.closed()).await;
    assert!(busy.is_err(), "it has a stream");
    drop(client);
    expect(&mut stream, b"x").await;
    stream.shutdown().await.expect("an end");
    let reason = closed(&connection).await;
    assert!(matches!(reason, ConnectionError::ApplicationClosed(_)));
    let (_client, connection) = tokio::join!(greeting(&gateway), host.accept());
    next_stream(&connection).await;
}

#[tokio::test]
async fn what_was_finished_arrives_when_the_gateway_stops() {
    let authority = Authority::new();
    let host = QuicHost::start(&authority);
    let mut gateway = relay(&authority, host.url(), "").start().await;
    let (mut client, connection) = tokio::join!(greeting(&gateway), host.accept());
    let mut server = next_stream(&connection).await;
    server.shutdown().await.expect("an end");
    assert_eq!(end(&mut client).await, Ok(()));
    let last = noise(1, 500_000);
    client.write_all(&last).await.expect("a write");
    client.shutdown().await.expect("an end");
    gateway.until_closed("peer", 1).await;
    gateway.terminate().await;
    assert_eq!(gateway.exit().await.code, Some(0));
    expect(&mut server, &[b"x", &last[..]].concat()).await;
    assert_eq!(end(&mut server).await, Ok(()));
    let reason = closed(&connection).await;
    assert!(matches!(reason, ConnectionError::ApplicationClosed(_)));
}

#[tokio::test]
async fn a_server_that_is_not_trusted_or_speaks_something_else_gets_nothing() {
    let (ours, other) = (Authority::new(), Authority::new());
    for (host, says) in [
        (QuicHost::start(&other), "invalid peer certificate"),
        (QuicHost::speaking(&ours, b"chat"), "error 120"),
    ] {
        let gateway = relay(&ours, host.url(), "").start().await;
        let (mut client, refused) = tokio::join!(greeting(&gateway), host.handshake());
        assert!(refused.is_err());
        assert_eq!(end(&mut client).await, RESET);
        gateway.until_closed("unreachable", 1).await;
        assert!(gateway.stderr().contains(says), "{}", gateway.stderr());
    }
}

fn messages(protocol: &'static str, authority: &Authority, url: String) -> Config {
    Config::forward(protocol, [url])
        .trusting_for(authority.pem(), &format!("\"{ALPN}\""))
        .upstream("connections", 1)
}

/// The id that the gateway gave a request.
async fn id_of(stream: &mut HostStream, sent: &AuthReq) -> u32 {
    let mut frame = vec![0; sent.bytes().len()];
    let read = in_time("a frame", stream.read_exact(&mut frame)).await;
    read.expect("a frame");
    let id = u32::from_be_bytes([frame[5], frame[6], frame[7], frame[8]]);
    let mut expected = sent.clone();
    expected.seq = id;
    assert_eq!(frame, expected.bytes());
    id
}

fn approved(seq: u32, code: &str) -> AuthRsp {
    AuthRsp {
        seq,
        status: 0,
        code: code.to_owned(),
    }
}

#[tokio::test]
async fn messages_share_a_stream_that_is_replaced_with_its_connection() {
    let authority = Authority::new();
    let host = QuicHost::start(&authority);
    let gateway = Gateway::start(&messages("pos", &authority, host.url())).await;
    let (mut one, mut two) = (gateway.client().await, gateway.client().await);
    let (first, second) = (AuthReq::new(7).amount(1), AuthReq::new(7).amount(2));
    one.send([first.clone()]).await;
    let connection = host.accept().await;
    let mut link = next_stream(&connection).await;
    let a = id_of(&mut link, &first).await;
    two.send([second.clone()]).await;
    let b = id_of(&mut link, &second).await;
    for (id, code) in [(b, "SECOND"), (a, "FIRST ")] {
        let reply = approved(id, code).bytes();
        link.write_all(&reply).await.expect("a write");
    }
    assert_eq!(one.next().await, Ok(approved(7, "FIRST ")));
    assert_eq!(two.next().await, Ok(approved(7, "SECOND")));

    one.send([first.clone()]).await;
    id_of(&mut link, &first).await;
    connection.close(3_u32.into(), b"enough");
    assert_eq!(one.next().await.expect("a refusal").status, FAILED);
    one.send([first.clone()]).await;
    let connection = host.accept().await;
    let mut link = next_stream(&connection).await;
    let id = id_of(&mut link, &first).await;
    let reply = approved(id, "AGAIN ").bytes();
    link.write_all(&reply).await.expect("a write");
    assert_eq!(one.next().await, Ok(approved(7, "AGAIN ")));
    assert_eq!(host.handshakes(), 2);
}

/// Replies in order on the shared stream; what blocks has another stream of the same connection.
#[tokio::test]
async fn ordered_messages_share_a_stream_and_blocking_ones_have_their_own() {
    let authority = Authority::new();
    let host = QuicHost::start(&authority);
    let gateway = Gateway::start(&messages("resp", &authority, host.url())).await;
    let (mut one, mut two) = (connect(&gateway).await, connect(&gateway).await);
    let (get_a, get_b): (&[u8], &[u8]) = (
        b"*2\r\n$3\r\nGET\r\n$1\r\na\r\n",
        b"*2\r\n$3\r\nGET\r\n$1\r\nb\r\n",
    );
    one.write_all(get_a).await.expect("a write");
    let connection = host.accept().await;
    let mut link = next_stream(&connection).await;
    expect(&mut link, get_a).await;
    two.write_all(get_b).await.expect("a write");
    expect(&mut link, get_b).await;
    link.write_all(b"$1\r\nA\r\n$1\r\nB\r\n")
        .await
        .expect("a write");
    expect(&mut one, b"$1\r\nA\r\n").await;
    expect(&mut two, b"$1\r\nB\r\n").await;

    let blocking = b"*3\r\n$5\r\nBLPOP\r\n$1\r\nq\r\n$1\r\n0\r\n";
    one.write_all(blocking).await.expect("a write");
    let mut own = next_stream(&connection).await;
    expect(&mut own, blocking).await;
    two.write_all(get_a).await.expect("a write");
    expect(&mut link, get_a).await;
    link.write_all(b"$1\r\nA\r\n").await.expect("a write");
    expect(&mut two, b"$1\r\nA\r\n").await;
    own.write_all(b"*-1\r\n").await.expect("a write");
    expect(&mut one, b"*-1\r\n").await;
    assert_eq!(host.handshakes(), 1);
}

#[tokio::test]
async fn a_handshake_is_a_probe() {
    let authority = Authority::new();
    let host = QuicHost::start(&authority);
    let health = r#"{ every = "20ms", timeout = "2s", fall = 2, rise = 2 }"#;
    let config = messages("pos", &authority, host.url()).upstream_key("health", health);
    let gateway = Gateway::start(&config).await;
    for _ in 0..3 {
        // A probe may be over before its server has ended the handshake.
        let reason = match host.handshake().await {
            Ok(connection) => closed(&connection).await,
            Err(reason) => reason,
        };
        assert!(matches!(reason, ConnectionError::ApplicationClosed(_)));
    }
    let probes = "gatewright_upstream_probes_total";
    gateway
        .until_metric(probes, &[("result", "passed")], 3.0)
        .await;
    host.close();
    gateway
        .until_metric(STATES, &[("state", "ejected")], 1.0)
        .await;
}
