//! WebSocket by HTTP/2 (RFC 8441): each stream is a client like any other.

use crate::definitions::{run, said};
use crate::support::backend::Backend;
use crate::support::certificates::Authority;
use crate::support::config::Config;
use crate::support::gateway::{Directory, Gateway};
use crate::support::http2_wire::{PREFACE, Raw, SETTINGS, frame};
use crate::support::in_time;
use crate::support::raw;
use crate::support::servers::python_with;
use crate::support::tunnel::{Tunnels, ask};
use crate::support::web::WebGateway;
use crate::support::websocket::{BINARY, CLOSE, PING, PONG};
use crate::support::wire::{AuthReq, AuthRsp};
use h2::ext::Protocol;
use http::{HeaderValue, Method, Uri};
use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::io::AsyncReadExt as _;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::DEFAULT_VERSIONS;

const FAILED: &str = "gatewright_websocket_handshakes_failed_total";

async fn approving(config: impl FnOnce(Config) -> Config) -> (Backend, Gateway) {
    let backend = Backend::approving().await;
    let config = config(Config::pos([backend.url()]).websocket());
    let gateway = Gateway::start(&config).await;
    (backend, gateway)
}

async fn tunnels(gateway: &Gateway) -> Tunnels {
    Tunnels::over(raw::connect(gateway).await).await
}

#[tokio::test]
async fn several_clients_and_other_requests_share_a_connection() {
    let (_backend, gateway) = approving(|config| config).await;
    let tunnels = tunnels(&gateway).await;
    let mut clients = Vec::new();
    for _ in 0..5 {
        clients.push(tunnels.open().await);
    }
    for round in 0..3 {
        for (at, client) in (0..).zip(&mut clients) {
            client
                .send(BINARY, &AuthReq::new(10 * round + at).bytes())
                .await;
        }
        for (at, client) in (0..).zip(&mut clients) {
            assert_eq!(client.reply().await.seq, 10 * round + at);
            client.send(PING, b"?").await;
            client.expect(PONG, b"?").await;
        }
        let get = http::Request::get("https://gateway/pos").body(()).unwrap();
        assert_eq!(tunnels.status(get).await, 405);
    }
    let mut leaving = clients.remove(0);
    leaving.send(CLOSE, &1000_u16.to_be_bytes()).await;
    leaving.closes(1000).await;
    for client in &mut clients {
        client.send(BINARY, &AuthReq::new(99).bytes()).await;
        assert_eq!(client.reply().await.seq, 99);
    }
}

#[tokio::test]
async fn who_is_not_let_in_is_told_why() {
    let (_backend, gateway) = approving(|config| config).await;
    let tunnels = tunnels(&gateway).await;
    let refused = async |status: u16, cause: &str, change: fn(&mut http::Request<()>)| {
        let mut request = ask();
        change(&mut request);
        assert_eq!(tunnels.status(request).await, status, "{cause}");
        let labels = [("cause", cause)];
        gateway.until_metric(FAILED, &labels, 1.0).await;
    };
    refused(404, "path", |request| {
        *request.uri_mut() = Uri::from_static("https://gateway/other");
    })
    .await;
    refused(501, "protocol", |request| {
        let other = Protocol::from_static("connect-udp");
        request.extensions_mut().insert(other);
    })
    .await;
    refused(405, "method", |request| {
        *request.method_mut() = Method::GET;
        request.extensions_mut().remove::<Protocol>();
    })
    .await;
    refused(400, "version", |request| {
        let version = HeaderValue::from_static("8");
        request
            .headers_mut()
            .insert("sec-websocket-version", version);
    })
    .await;
    refused(403, "origin", |request| {
        let origin = HeaderValue::from_static("https://shop.test");
        request.headers_mut().insert("origin", origin);
    })
    .await;
    let mut client = tunnels.open().await;
    client.send(BINARY, &AuthReq::new(7).bytes()).await;
    assert_eq!(client.reply().await.seq, 7);
}

#[tokio::test]
async fn each_client_takes_a_place_and_gives_it_back() {
    let places = |config: Config| config.listener("connections", 4);
    let (_backend, gateway) = approving(places).await;
    // The connection has one itself, and one is kept for whoever connects next.
    let tunnels = tunnels(&gateway).await;
    let (mut one, mut other) = (tunnels.open().await, tunnels.open().await);
    assert_eq!(tunnels.status(ask()).await, 503);
    one.send(CLOSE, b"").await;
    one.expect(CLOSE, b"").await;
    assert_eq!(one.next().await.expect("an end"), None);
    drop(one);
    in_time("a place", async {
        while tunnels.status(ask()).await == 503 {}
    })
    .await;
    other.send(BINARY, &AuthReq::new(7).bytes()).await;
    assert_eq!(other.reply().await.seq, 7);
}

#[tokio::test]
async fn it_goes_over_tls_where_alpn_chooses_it() {
    let authority = Authority::new();
    let identity = authority.issue(&["localhost"]);
    let (cert, key) = identity.pem();
    let (_backend, gateway) = approving(|config| {
        config
            .listener_key("tls", "{ cert = \"a.pem\", key = \"a.key\" }")
            .file("a.pem", cert)
            .file("a.key", key.clone())
    })
    .await;
    let connector = TlsConnector::from(authority.client());
    let name = "localhost".try_into().expect("a name");
    let stream = connector.connect(name, raw::connect(&gateway).await).await;
    let tunnels = Tunnels::over(stream.expect("a handshake")).await;
    let mut client = tunnels.open().await;
    for seq in 0..3 {
        client.send(BINARY, &AuthReq::new(seq).bytes()).await;
        assert_eq!(client.reply().await.seq, seq);
    }
    // Who chose HTTP/1.1 and speaks HTTP/2 is not served.
    let mut tls = authority.bare_client(DEFAULT_VERSIONS, None);
    tls.alpn_protocols = vec![b"http/1.1".to_vec()];
    let connector = TlsConnector::from(Arc::new(tls));
    let name = "localhost".try_into().expect("a name");
    let stream = connector.connect(name, raw::connect(&gateway).await).await;
    let mut stream = stream.expect("a handshake");
    stream.write_all(PREFACE).await.expect("a peer");
    let mut answer = [0; 12];
    let read = in_time("an answer", stream.read_exact(&mut answer));
    read.await.expect("an answer");
    assert_eq!(&answer, b"HTTP/1.1 400");
}

#[tokio::test]
async fn the_extension_is_announced_nowhere_else() {
    let backend = Backend::approving().await;
    let front = WebGateway::start(&backend.url(), "", "").await;
    let mut raw = Raw::connect(&front, &[]).await;
    let (_, _, _, settings) = raw.next_of(SETTINGS).await;
    let ids = settings.chunks(6).map(|setting| setting[..2].to_vec());
    // RFC 8441, 3.
    assert!(
        !ids.clone().any(|id| id == [0, 8]),
        "{:?}",
        ids.collect::<Vec<_>>()
    );
    raw.send(&frame(SETTINGS, 1, 0, &[])).await;
}

#[tokio::test]
async fn a_drain_says_goodbye_to_all_and_ends_the_connection() {
    let (_backend, mut gateway) = approving(|config| config).await;
    let mut tunnels = tunnels(&gateway).await;
    let (mut one, mut other) = (tunnels.open().await, tunnels.open().await);
    one.send(BINARY, &AuthReq::new(7).bytes()).await;
    assert_eq!(one.reply().await.seq, 7);
    gateway.terminate().await;
    one.closes(1001).await;
    other.closes(1001).await;
    let ended = in_time("the end", &mut tunnels.ended).await;
    assert!(ended.expect("no panic").is_ok());
    drop((one, other));
    assert_eq!(gateway.exit().await.code, Some(0));
}

/// What a browser does with RFC 8441, of parts that others wrote. The arguments are an address, and requests
/// in hexadecimal.
const CLIENT: &str = r#"
import socket, sys
import h2.connection, h2.config, h2.events, h2.settings
import wsproto.connection, wsproto.events
from wsproto.connection import ConnectionType

host, port = sys.argv[1].rsplit(":", 1)
frames = [bytes.fromhex(frame) for frame in sys.argv[2:]]
io = socket.create_connection((host, int(port)))
io.settimeout(30)
http = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True))
http.initiate_connection()
io.sendall(http.data_to_send())
streams, replies, statuses, ended = {}, {}, {}, set()

def turn():
    data = io.recv(65536)
    assert data, "the connection is closed"
    for event in http.receive_data(data):
        if isinstance(event, h2.events.ResponseReceived):
            statuses[event.stream_id] = dict(event.headers)[b":status"].decode()
        elif isinstance(event, h2.events.DataReceived):
            http.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            if event.data and event.stream_id in streams:
                ws = streams[event.stream_id]
                ws.receive_data(event.data)
                for said in ws.events():
                    if isinstance(said, wsproto.events.BytesMessage):
                        replies[event.stream_id] += bytes(said.data)
                    elif isinstance(said, wsproto.events.Pong):
                        replies[event.stream_id] += b""
                        ponged.add(event.stream_id)
                    elif isinstance(said, wsproto.events.CloseConnection):
                        assert said.code == 1000, said
        elif isinstance(event, h2.events.StreamEnded):
            ended.add(event.stream_id)
        elif isinstance(event, h2.events.StreamReset) and event.error_code == 0:
            # RFC 9113, 8.1: an answer that is whole before its request needs no more of it.
            pass
        elif isinstance(event, (h2.events.StreamReset, h2.events.ConnectionTerminated)):
            raise AssertionError(event)
    io.sendall(http.data_to_send())

ponged = set()
while http.remote_settings.enable_connect_protocol != 1:
    turn()

def ask(protocol):
    stream = http.get_next_available_stream_id()
    http.send_headers(stream, [
        (":method", "CONNECT"), (":protocol", protocol), (":scheme", "http"), (":path", "/pos"),
        (":authority", "gateway"), ("sec-websocket-version", "13"), ("sec-websocket-protocol", "x, pos"),
        ("origin", "https://shop.example"),
    ])
    io.sendall(http.data_to_send())
    while stream not in statuses:
        turn()
    return stream

other = ask("webtransport")
assert statuses[other] == "501", statuses
for _ in range(3):
    stream = ask("websocket")
    assert statuses[stream] == "200", statuses
    streams[stream] = wsproto.connection.Connection(ConnectionType.CLIENT)
    replies[stream] = b""
    ws = streams[stream]
    http.send_data(stream, ws.send(wsproto.events.Ping(payload=b"are you there")))
for frame in frames:
    for stream, ws in streams.items():
        half = len(frame) // 2
        http.send_data(stream, ws.send(wsproto.events.BytesMessage(data=frame[:half], message_finished=False)))
        http.send_data(stream, ws.send(wsproto.events.BytesMessage(data=frame[half:])))
        io.sendall(http.data_to_send())
while any(len(got) < 16 * len(frames) for got in replies.values()) or len(ponged) < 3:
    turn()
for stream, ws in streams.items():
    http.send_data(stream, ws.send(wsproto.events.CloseConnection(code=1000)), end_stream=True)
io.sendall(http.data_to_send())
while not ended >= set(streams):
    turn()
for got in replies.values():
    print("\n".join(got[at:at + 16].hex() for at in range(0, len(got), 16)))
"#;

fn python() -> Option<PathBuf> {
    python_with(["h2", "wsproto"], "python3-h2 python3-wsproto")
}

#[tokio::test]
async fn a_client_of_others_has_several_on_one_connection() {
    let Some(python) = python() else { return };
    let keys = r#"{ origins = "https://shop.example", subprotocols = ["pos"] }"#;
    let (_backend, gateway) = approving(|config| config.listener_key("websocket", keys)).await;
    let requests = (0..50).map(|seq| {
        let mut hex = String::new();
        for byte in AuthReq::new(seq).bytes() {
            write!(hex, "{byte:02x}").expect("text");
        }
        hex
    });
    let directory = Directory::new();
    let mut command = Command::new(python);
    command
        .arg(directory.write("client.py", CLIENT))
        .arg(gateway.front().to_string())
        .args(requests);
    let output = run(&mut command).await;
    assert!(output.status.success(), "{}", said(&output));
    let text = String::from_utf8(output.stdout).expect("text");
    let mut answered: Vec<u32> = text.lines().map(seq).collect();
    answered.sort_unstable();
    let expected: Vec<u32> = (0..50).flat_map(|seq| [seq; 3]).collect();
    assert_eq!(answered, expected);
}

fn seq(line: &str) -> u32 {
    let digits = line.as_bytes().chunks(2);
    let bytes: Vec<u8> = digits
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).expect("text"), 16).expect("hex"))
        .collect();
    AuthRsp::read(&bytes).expect("a reply").seq
}
