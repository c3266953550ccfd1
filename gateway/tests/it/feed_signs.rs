//! Events by server-sent events, of a server that wants signs of life and has an opening.

use crate::support::gateway::Gateway;
use crate::support::in_time;
use crate::support::raw::{accept, connect, listener};
use crate::support::web::find;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const DEFINITION: &str = r#"
meta: {id: beat, endian: be}
-gateway:
  frame: {fixed: 4, max: 4}
  operation: kind
  kind: 'kind.to_i >= 0x80 ? "reply" : kind.to_i >= 0x40 ? "event" : "request"'
  id: tag
  heartbeat: {operation: ping, every: 50ms, silence: 500ms, answer: pong}
seq:
  - {id: kind, type: u1, enum: kind, valid: {in-enum: true}}
  - {id: tag, type: u2}
  - {id: value, type: u1, -gateway: {default: 0}}
enums:
  kind:
    1: ask
    2: ping
    0x41: {id: news, -gateway: {one-way: true}}
    0x81: told
    0x82: pong
"#;

async fn gateway(url: &str) -> Gateway {
    let text = format!(
        r#"
[gateway]
workers = 1
[admin]
http = "127.0.0.1:0"
[protocols.beat]
definition = "beat.ksy"
[listeners.front]
bind = "tcp://127.0.0.1:0"
protocol = "http"
[upstreams.host]
url = "{url}"
protocol = "beat"
session.open = {{ send = "ask", set = {{ value = 1 }}, expect = "told", when = "value == 0" }}
[[routes]]
from = "front"
operation = "GET /news"
to = "host"
events = true
request.send = "ask"
request.set = {{ value = 2 }}
reply = [
  {{ on = "news", json = {{ value = "{{value}}" }} }},
  {{ on = "told", json = {{ value = "{{value}}" }} }},
  {{ on = "pong", body = "pong" }},
]
"#
    );
    let definition = DEFINITION.to_owned();
    Gateway::start_text(&text, &[("beat.ksy".to_owned(), definition)]).await
}

async fn frame(server: &mut TcpStream) -> [u8; 4] {
    let mut frame = [0; 4];
    let read = in_time("a frame", server.read_exact(&mut frame)).await;
    read.expect("a frame");
    frame
}

/// The next frame that is no sign of life; those are answered.
async fn asked(server: &mut TcpStream) -> [u8; 4] {
    loop {
        match frame(server).await {
            [2, high, low, _] => server.write_all(&[0x82, high, low, 0]).await.expect("it"),
            other => return other,
        }
    }
}

async fn until(client: &mut TcpStream, what: &str) -> String {
    let mut read = Vec::new();
    while find(&read, what.as_bytes()).is_none() {
        let more = in_time(what, client.read_buf(&mut read)).await;
        let came = String::from_utf8_lossy(&read);
        assert!(more.expect("an open connection") > 0, "{what} after {came}");
    }
    String::from_utf8(read).expect("text")
}

#[tokio::test]
async fn what_comes_with_the_opening_is_told_and_signs_of_life_are_not() {
    let (host, url) = listener().await;
    let gateway = gateway(&url).await;
    let mut client = connect(&gateway).await;
    let request = b"GET /news HTTP/1.1\r\nHost: x\r\n\r\n";
    client.write_all(request).await.expect("a gateway");
    let mut server = accept(&host).await;
    let [kind, high, low, value] = asked(&mut server).await;
    assert_eq!((kind, value), (1, 1), "the opening");
    // Its reply, an event, and half of another in one piece.
    let said = [0x81, high, low, 0, 0x41, 0, 0, 7, 0x41, 0];
    server.write_all(&said).await.expect("a gateway");
    let [kind, high, low, value] = asked(&mut server).await;
    assert_eq!((kind, value), (1, 2));
    let rest = [0, 8, 0x81, high, low, 9];
    server.write_all(&rest).await.expect("a gateway");
    let told = until(&mut client, "\"value\":9").await;
    let event = |name: &str, value: u8| format!("event: {name}\ndata: {{\"value\":{value}}}\n\n");
    for (name, value) in [("news", 7), ("news", 8), ("told", 9)] {
        assert!(told.contains(&event(name, value)), "{name} in {told}");
    }

    // As many signs as would otherwise be the end of both.
    for _ in 0..15 {
        let [kind, high, low, _] = frame(&mut server).await;
        assert_eq!(kind, 2);
        server.write_all(&[0x82, high, low, 0]).await.expect("it");
    }
    let last = [0x41, 0, 0, 10];
    server.write_all(&last).await.expect("a gateway");
    let told = until(&mut client, "\"value\":10").await;
    assert!(!told.contains("pong"), "{told}");

    // A server that is silent is not there any more: its client may ask again.
    let mut rest = Vec::new();
    let _ = in_time("an end", client.read_to_end(&mut rest)).await;
    assert_eq!(find(&rest, b"\r\n0\r\n"), None, "it must not look whole");
    let mut signs = Vec::new();
    let ended = in_time("an end", server.read_to_end(&mut signs)).await;
    assert!(
        ended.is_ok() && signs.chunks(4).all(|sign| sign[0] == 2),
        "{ended:?} {signs:?}"
    );
}
