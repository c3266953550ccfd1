//! WebSocket as a carrier: what is in its messages is served as what comes by TCP is, and what is around
//! them is as RFC 6455 has it.

use crate::support::backend::{Action, Backend, approved};
use crate::support::certificates::Authority;
use crate::support::config::{Config, status};
use crate::support::dns_wire::{at_length, query};
use crate::support::gateway::Gateway;
use crate::support::host::Host;
use crate::support::in_time;
use crate::support::raw::{self, RawConfig, accept, end, expect, listener, noise};
use crate::support::websocket::{BINARY, CLOSE, PING, PONG, REQUEST, WebSocket, ask, masked};
use crate::support::wire::{AuthReq, AuthRsp, approval_code};
use std::collections::HashSet;
use std::io::ErrorKind;
use std::sync::Arc;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::DEFAULT_VERSIONS;

const FAILED: &str = "gatewright_websocket_handshakes_failed_total";

async fn approving() -> (Backend, Gateway) {
    let backend = Backend::approving().await;
    let gateway = Gateway::start(&Config::pos([backend.url()]).websocket()).await;
    (backend, gateway)
}

#[tokio::test]
async fn messages_are_a_stream_of_frames_however_they_are_cut() {
    let (_backend, gateway) = approving().await;
    let mut client = WebSocket::connect(&gateway).await;
    let frames: Vec<Vec<u8>> = (0..8).map(|seq| AuthReq::new(seq).bytes()).collect();
    client.send(BINARY, &frames[0]).await;
    assert_eq!(client.reply().await.code, approval_code(0, "M123", 1250));
    // In parts, with control frames between them, one that is empty, and each byte alone.
    let (begin, rest) = frames[1].split_at(5);
    let mut parts = masked(0x02, begin);
    parts.extend(
        [
            masked(PING, b"are you there"),
            masked(0x00, b""),
            masked(PONG, b""),
        ]
        .concat(),
    );
    parts.extend(masked(0x80, rest));
    for byte in parts {
        client.send_bytes(&[byte]).await;
    }
    client.expect(PONG, b"are you there").await;
    assert_eq!(client.reply().await.seq, 1);
    // Over two messages.
    client.send(BINARY, begin).await;
    client
        .send(BINARY, &[&frames[2][5..], &frames[3]].concat())
        .await;
    let mut answered: HashSet<u32> = HashSet::new();
    while answered.len() < 2 {
        answered.extend(client.replies().await.iter().map(|reply| reply.seq));
    }
    client.send(BINARY, &frames[4..].concat()).await;
    while answered.len() < 6 {
        answered.extend(client.replies().await.iter().map(|reply| reply.seq));
    }
    client.send(CLOSE, &1000_u16.to_be_bytes()).await;
    client.closes(1000).await;
    gateway.until_closed("peer", 1).await;
}

#[tokio::test]
async fn many_messages_are_in_flight_on_many_connections() {
    const CLIENTS: u32 = 20;
    const REQUESTS: u32 = 100;
    let backend = Backend::scripted(|asked| Action::Shuffle(approved(asked)))
        .batch(50, 7)
        .start()
        .await;
    let gateway = Gateway::start(&Config::pos([backend.url()]).websocket().workers(2)).await;
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..CLIENTS {
        let mut client = WebSocket::connect(&gateway).await;
        tasks.spawn(async move {
            let merchant = format!("M{number}");
            for seq in 0..REQUESTS {
                let request = AuthReq::new(seq).merchant(merchant.as_bytes());
                client.send(BINARY, &request.bytes()).await;
            }
            let mut seen = HashSet::new();
            while seen.len() < REQUESTS as usize {
                for reply in client.replies().await {
                    assert_eq!(reply.code, approval_code(reply.seq, &merchant, 1250));
                    assert!(seen.insert(reply.seq), "a second reply to {}", reply.seq);
                }
            }
        });
    }
    while let Some(done) = in_time("all clients", tasks.join_next()).await {
        done.expect("a client");
    }
}

#[tokio::test]
async fn who_breaks_the_rules_is_told_and_the_others_go_on() {
    let (_backend, gateway) = approving().await;
    let mut other = WebSocket::connect(&gateway).await;
    let good = AuthReq::new(7).bytes();
    for (bytes, code) in [
        ([&[BINARY, 5][..], b"hello"].concat(), 1002),
        (masked(0xC2, b""), 1002),
        (masked(0x83, b""), 1002),
        (masked(0x80, b""), 1002),
        (masked(0x09, b""), 1002),
        (masked(PING, &[0; 126]), 1002),
        (masked(CLOSE, &999_u16.to_be_bytes()), 1002),
        (masked(CLOSE, b"\x03\xE8\xFF"), 1007),
        (masked(0x81, b"text"), 1003),
    ] {
        let mut client = WebSocket::connect(&gateway).await;
        // What came before it is answered still, and what comes behind it is not heard.
        client
            .send_bytes(&[masked(BINARY, &good), bytes, masked(BINARY, &good)].concat())
            .await;
        assert_eq!(client.reply().await.seq, 7);
        client.closes(code).await;
    }
    gateway.until_closed("websocket", 9).await;
    other.send(BINARY, &good).await;
    assert_eq!(other.reply().await.status, status::APPROVED);
}

#[tokio::test]
async fn frames_of_the_protocol_that_are_none_close_with_their_reason() {
    let backend = Backend::approving().await;
    let config = Config::pos([backend.url()])
        .websocket()
        .listener("frame", "\"256B\"");
    let gateway = Gateway::start(&config).await;
    for (bytes, code) in [
        (&b"GET / HTTP/1.1\r\n\r\n"[..], 1007),
        (b"\xAC\x4D\xFF\xFF\x01", 1009),
    ] {
        let mut client = WebSocket::connect(&gateway).await;
        client.send(BINARY, bytes).await;
        client.closes(code).await;
    }
}

#[tokio::test]
async fn a_client_that_says_goodbye_has_its_replies_first() {
    let backend = Backend::scripted(|asked| Action::AtGate(approved(asked)))
        .start()
        .await;
    let gateway = Gateway::start(&Config::pos([backend.url()]).websocket()).await;
    let mut client = WebSocket::connect(&gateway).await;
    client.send(BINARY, &AuthReq::new(1).bytes()).await;
    client.send(CLOSE, b"\x0F\xA0bye").await;
    backend.until_asked(1).await;
    backend.open_gate();
    assert_eq!(client.reply().await.seq, 1);
    client.closes(4000).await;
}

#[tokio::test]
async fn a_client_that_leaves_takes_its_requests_with_it() {
    let backend = Backend::scripted(|_| Action::Silence).start().await;
    let gateway = Gateway::start(&Config::pos([backend.url()]).websocket()).await;
    let mut client = WebSocket::connect(&gateway).await;
    client.send(BINARY, &AuthReq::new(1).bytes()).await;
    backend.until_asked(1).await;
    client.abort();
    backend
        .until("a cancelled request", |log| !log.cancelled.is_empty())
        .await;
    gateway.until_closed("reset", 1).await;
}

#[tokio::test]
async fn a_drain_answers_what_is_in_flight_and_says_goodbye() {
    let backend = Backend::scripted(|asked| Action::AtGate(approved(asked)))
        .start()
        .await;
    let mut gateway = Gateway::start(&Config::pos([backend.url()]).websocket()).await;
    let (mut busy, mut idle) = (
        WebSocket::connect(&gateway).await,
        WebSocket::connect(&gateway).await,
    );
    busy.send(BINARY, &AuthReq::new(1).bytes()).await;
    backend.until_asked(1).await;
    gateway.terminate().await;
    idle.expect(CLOSE, &1001_u16.to_be_bytes()).await;
    idle.send(CLOSE, &1001_u16.to_be_bytes()).await;
    assert_eq!(idle.next().await.expect("an end"), None);
    backend.open_gate();
    assert_eq!(busy.reply().await.seq, 1);
    busy.closes(1001).await;
    assert_eq!(gateway.exit().await.code, Some(0));
}

#[tokio::test]
async fn idle_clients_partial_frames_and_slow_handshakes_end_in_time() {
    let backend = Backend::approving().await;
    let config = Config::pos([backend.url()])
        .websocket()
        .listener("idle", "\"1s\"")
        .listener("frame-time", "\"200ms\"")
        .listener("handshake", "\"1s\"");
    let gateway = Gateway::start(&config).await;
    // A ping is answered, and keeps nobody.
    let mut idle = WebSocket::connect(&gateway).await;
    idle.send(PING, b"").await;
    idle.expect(PONG, b"").await;
    idle.closes(1000).await;
    let mut slow = WebSocket::connect(&gateway).await;
    slow.send(BINARY, &AuthReq::new(1).bytes()[..9]).await;
    slow.closes(1008).await;
    let mut silent = raw::connect(&gateway).await;
    silent
        .write_all(b"GET /pos HTTP/1.1\r\n")
        .await
        .expect("a peer");
    assert_eq!(end(&mut silent).await, Ok(()));
    let labels = [("listener", "front"), ("cause", "time")];
    gateway.until_metric(FAILED, &labels, 1.0).await;
}

#[tokio::test]
async fn handshakes_are_answered_as_http_has_it() {
    let backend = Backend::approving().await;
    let config = Config::pos([backend.url()])
        .websocket()
        .listener("handshake", "\"1s\"")
        .listener_key(
            "websocket",
            r#"{ origins = "https://shop.example", subprotocols = "pos" }"#,
        );
    let gateway = Gateway::start(&config).await;
    let offer = "Sec-WebSocket-Protocol: x, pos\r\n\r\n";
    let good = REQUEST.replace(
        "\r\n\r\n",
        &format!("\r\nOrigin: https://shop.example\r\n{offer}"),
    );
    for (from, to, status, cause) in [
        ("/pos", "/", "404 Not Found", "path"),
        ("GET", "POST", "405 Method Not Allowed", "method"),
        (
            "Upgrade: websocket\r\n",
            "",
            "426 Upgrade Required",
            "no-upgrade",
        ),
        (
            "Version: 13",
            "Version: 12",
            "426 Upgrade Required",
            "version",
        ),
        ("Key: dGhl", "Key: ", "400 Bad Request", "key"),
        (
            "shop.example\r\n",
            "shop.test\r\n",
            "403 Forbidden",
            "origin",
        ),
        ("x, pos", "x", "400 Bad Request", "subprotocol"),
        ("Host: gateway\r\n", "", "400 Bad Request", "not-http"),
        ("GET", "\u{1}", "400 Bad Request", "not-http"),
    ] {
        assert!(good.contains(from), "{from}");
        let mut stream = raw::connect(&gateway).await;
        let head = ask(&mut stream, &good.replacen(from, to, 1)).await;
        assert!(
            head.starts_with(&format!("HTTP/1.1 {status}\r\n")),
            "{cause}: {head}"
        );
        let mut body = String::new();
        let read = in_time("an end", stream.read_to_string(&mut body)).await;
        read.expect("an orderly end");
        assert!(!body.is_empty() && head.contains(&format!("content-length: {}\r\n", body.len())));
        let labels = [("listener", "front"), ("cause", cause)];
        gateway.until_metric(FAILED, &labels, 1.0).await;
    }
    let mut stream = raw::connect(&gateway).await;
    let head = ask(&mut stream, &good).await;
    assert!(
        head.contains("\r\nsec-websocket-protocol: pos\r\n"),
        "{head}"
    );
    gateway
        .until_metric(
            "gatewright_connections_total",
            &[("listener", "front")],
            1.0,
        )
        .await;
}

#[tokio::test]
async fn websocket_goes_over_tls() {
    let authority = Authority::new();
    let identity = authority.issue(&["localhost"]);
    let (cert, key) = identity.pem();
    let backend = Backend::approving().await;
    let config = Config::pos([backend.url()])
        .websocket()
        .listener_key("tls", "{ cert = \"a.pem\", key = \"a.key\" }")
        .file("a.pem", cert)
        .file("a.key", key);
    let gateway = Gateway::start(&config).await;
    let mut tls = authority.bare_client(DEFAULT_VERSIONS, None);
    tls.alpn_protocols = vec![b"http/1.1".to_vec()];
    let connector = TlsConnector::from(Arc::new(tls));
    let name = "localhost".try_into().expect("a name");
    let stream = connector.connect(name, raw::connect(&gateway).await).await;
    let mut client = WebSocket::open(stream.expect("a handshake"), REQUEST).await;
    for seq in 0..3 {
        client.send(BINARY, &AuthReq::new(seq).bytes()).await;
        assert_eq!(client.reply().await.seq, seq);
        client.send(PING, b"?").await;
        client.expect(PONG, b"?").await;
    }
    client.send(CLOSE, b"").await;
    client.expect(CLOSE, b"").await;
    assert_eq!(client.next().await.expect("close_notify"), None);
}

#[tokio::test]
async fn a_client_that_does_not_read_is_paused_and_then_let_go() {
    let backend = Backend::scripted(at_length).start().await;
    let config = Config::dns([backend.url()])
        .websocket()
        .listener("in-flight", 16)
        .listener("send-buffer", "\"64KiB\"")
        .listener("send-time", "\"300ms\"");
    let gateway = Gateway::start(&config).await;
    let mut good = WebSocket::connect(&gateway).await;
    good.send(BINARY, &query(1)).await;
    let reply = good.next().await.expect("a frame").expect("a reply");
    assert!(reply.payload.len() > 60_000);
    let before = gateway.memory();
    let mut client = WebSocket::connect_with_little_room(&gateway).await;
    let flood = async {
        for id in 0.. {
            // Pings, too: each wants an answer that finds no room.
            let sent = [masked(BINARY, &query(id)), masked(PING, &[7; 125])].concat();
            if !client.try_send(&sent).await {
                break;
            }
        }
    };
    in_time("the flood to be stopped", flood).await;
    gateway.until_closed("send-time", 1).await;
    let after = gateway.memory();
    assert!(after < before + (32 << 20), "from {before} to {after}");
    good.send(BINARY, &query(2)).await;
    assert!(
        good.next().await.expect("a frame").is_some(),
        "the others go on"
    );
}

/// Both sides of a relay hear that it ends, and a client of WebSocket why.
#[tokio::test]
async fn a_quiet_relay_says_goodbye() {
    let (listener, url) = listener().await;
    let config = RawConfig::to(&[url]).bind("ws://127.0.0.1:0/pos");
    let idle = config.clone().limit("idle", "\"300ms\"");
    let gateway = idle.start().await;
    let (mut client, mut server) = tokio::join!(WebSocket::connect(&gateway), accept(&listener));
    client.closes(1000).await;
    assert_eq!(end(&mut server).await, Ok(()));

    let mut gateway = config.start().await;
    let (mut client, mut server) = tokio::join!(WebSocket::connect(&gateway), accept(&listener));
    server.write_all(b"there").await.expect("a write");
    client.expect(BINARY, b"there").await;
    gateway.terminate().await;
    client.closes(1001).await;
    assert_eq!(end(&mut server).await, Ok(()));
    assert_eq!(gateway.exit().await.code, Some(0));
}

#[tokio::test]
async fn relays_and_bound_clients_come_by_websocket() {
    let (listener, url) = listener().await;
    let config = RawConfig::to(&[url]).bind("ws://127.0.0.1:0/pos");
    let gateway = config.start().await;
    let (mut client, mut server) = tokio::join!(WebSocket::connect(&gateway), accept(&listener));
    let bytes = noise(3, 60_000);
    client.send(BINARY, &bytes).await;
    expect(&mut server, &bytes).await;
    server.write_all(&bytes).await.expect("a write");
    let mut came = Vec::new();
    while came.len() < bytes.len() {
        let frame = client.next().await.expect("a frame").expect("a frame");
        assert_eq!(frame.first, BINARY);
        came.extend(frame.payload);
    }
    assert!(came == bytes);
    client.send(CLOSE, b"").await;
    assert_eq!(end(&mut server).await, Ok(()), "a close is an end");
    drop(server);
    client.expect(CLOSE, b"").await;

    // A connection that is cut is no end.
    let (client, mut server) = tokio::join!(WebSocket::connect(&gateway), accept(&listener));
    drop(client);
    assert_eq!(end(&mut server).await, Err(ErrorKind::ConnectionReset));

    let host = Host::start().await;
    let config = Config::forward("pos", [host.url()])
        .upstream_key("sharing", "\"bound\"")
        .websocket();
    let gateway = Gateway::start(&config).await;
    let mut client = WebSocket::connect(&gateway).await;
    client.send(BINARY, &AuthReq::new(7).bytes()).await;
    let mut bound = host.accept().await;
    assert_eq!(bound.frame().await, AuthReq::new(7).bytes());
    let reply = AuthRsp {
        seq: 99,
        status: 0,
        code: "OTHERS".to_owned(),
    };
    bound.send(&reply.bytes()).await;
    assert_eq!(client.reply().await, reply, "also what nobody asked for");
}
