//! What an upstream says of its own accord, as server-sent events.

use crate::definitions::{recipe, run};
use crate::support::gateway::{Directory, Gateway};
use crate::support::in_time;
use crate::support::raw::{self, accept, dead_url, end, expect};
use crate::support::servers::{Server, installed};
use crate::support::web::find;
use std::path::PathBuf;
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::Command;

/// Channels of a redis as events, by RESP3. `limits` are the listener's.
fn config(url: &str, limits: &str) -> String {
    format!(
        r#"
[gateway]
workers = 1
[gateway.drain]
spread = "0s"
[admin]
http = "127.0.0.1:0"
[listeners.front]
bind = "tcp://127.0.0.1:0"
protocol = "http"
limits = {{ {limits} }}
[upstreams.redis]
url = "{url}"
protocol = "resp"
[[routes]]
name = "channel"
from = "front"
operation = "GET /v1/channels/{{channel}}"
to = "redis"
events = true
request.send = "subscribe"
request.set = {{ args = ["{{utf8(path.channel)}}"] }}
reply = [
  {{ on = "push", when = "kind == 'message'", json = {{ channel = "{{items[1].data.to_s('UTF-8')}}", text = "{{items[2].data.to_s('UTF-8')}}" }} }},
  {{ on = "error", body = "{{message}}" }},
  {{ on = "unreachable", status = 503, json = {{ reason = "{{error.kind}}" }} }},
]
"#
    )
}

/// Entries of a log as events with their ids, from behind the one that a client has had.
fn log_config(url: &str) -> String {
    let told = config(url, "");
    let (head, _) = told.split_once("[[routes]]").expect("a route");
    let routes = r#"
[[routes]]
name = "resumed"
from = "front"
operation = "GET /v1/log"
when = "headers['last-event-id'].length > 0"
to = "redis"
events = true
reconnect = "1500ms"
request.send = "subscribe"
request.set = { args = ["{utf8('log')}", "{utf8(headers['last-event-id'])}"] }
reply = [{ on = "push", id = "{items[1].data.to_s('UTF-8')}", event = "{items[0].data.to_s('UTF-8')}", body = "{items[2].data.to_s('UTF-8')}" }]
[[routes]]
name = "new"
from = "front"
operation = "GET /v1/log"
to = "redis"
events = true
reconnect = "1500ms"
request.send = "subscribe"
request.set = { args = ["{utf8('log')}", "{utf8('0')}"] }
reply = [{ on = "push", id = "{items[1].data.to_s('UTF-8')}", event = "{items[0].data.to_s('UTF-8')}", body = "{items[2].data.to_s('UTF-8')}" }]
"#;
    format!("{head}{routes}")
}

/// An entry: its name, its id, its data.
fn entry(words: [&str; 3]) -> Vec<u8> {
    let bulk = |word: &str| format!("${}\r\n{word}\r\n", word.len());
    format!(">3\r\n{}", words.map(bulk).concat()).into_bytes()
}

/// What a browser makes of a stream: WHATWG HTML, 9.2.6.
#[derive(Debug, Default)]
struct EventSource {
    dispatched: Vec<[String; 3]>,
    last_id: String,
    reconnection_millis: Option<u64>,
}

impl EventSource {
    fn read(stream: &str) -> Self {
        let mut source = Self::default();
        let (mut name, mut data) = (String::new(), String::new());
        let unified = stream.replace("\r\n", "\n").replace('\r', "\n");
        for line in unified.split('\n') {
            let (field, value) = line.split_once(':').unwrap_or((line, ""));
            let value = value.strip_prefix(' ').unwrap_or(value);
            match field {
                "" if line.is_empty() => {
                    if let Some(data) = data.strip_suffix('\n') {
                        let data = data.to_owned();
                        source
                            .dispatched
                            .push([name.clone(), source.last_id.clone(), data]);
                    }
                    (name, data) = (String::new(), String::new());
                }
                "event" => name = value.to_owned(),
                "data" => data += &format!("{value}\n"),
                "id" if !value.contains('\0') => source.last_id = value.to_owned(),
                "retry" => source.reconnection_millis = value.parse().ok(),
                _ => {}
            }
        }
        source
    }
}

/// Hears with curl until the server has said this, and has ended.
async fn listen(gateway: &Gateway, curl: &PathBuf, last_id: &str) -> EventSource {
    let url = format!("http://{}/v1/log", gateway.front());
    let mut command = Command::new(curl);
    command.args(["--silent", "--show-error", "--no-buffer", &url]);
    if !last_id.is_empty() {
        command.args(["-H", &format!("Last-Event-ID: {last_id}")]);
    }
    let output = run(&mut command).await;
    assert!(output.status.success(), "{output:?}");
    EventSource::read(&String::from_utf8(output.stdout).expect("text"))
}

#[tokio::test]
async fn a_client_that_comes_back_goes_on_behind_the_last_event_that_it_had() {
    let Some([curl]) = installed(["curl"], "curl") else {
        return;
    };
    let (listener, url) = raw::listener().await;
    let gateway = Gateway::start_text(&log_config(&url), &[]).await;
    let asked = |id: &str| {
        let length = id.len();
        format!("*3\r\n$9\r\nsubscribe\r\n$3\r\nlog\r\n${length}\r\n{id}\r\n").into_bytes()
    };
    let serve = async |id: &str, said: Vec<u8>| {
        let mut server = accept(&listener).await;
        expect(&mut server, &asked(id)).await;
        server.write_all(&said).await.expect("a gateway");
    };
    let said = [
        entry(["placed", "17-0", "a"]),
        entry(["paid", "17-1", "b\r\nid: 99\n\nevent: c"]),
        // What would be another line or another event is left out, and the ids before it stand.
        entry(["paid\nid: 98", "18\n\ndata: x", "d"]),
        entry(["", "19\0", ""]),
    ];
    let (first, ()) = tokio::join!(listen(&gateway, &curl, ""), serve("0", said.concat()));
    let expected = [
        ["placed", "17-0", "a"],
        ["paid", "17-1", "b\nid: 99\n\nevent: c"],
        ["push", "17-1", "d"],
        ["push", "17-1", ""],
    ];
    assert_eq!(
        first.dispatched,
        expected.map(|event| event.map(str::to_owned))
    );
    assert_eq!(first.reconnection_millis, Some(1500));
    let said = entry(["paid", "20-0", "e"]);
    let back = listen(&gateway, &curl, &first.last_id);
    let (second, ()) = tokio::join!(back, serve("17-1", said));
    let expected = ["paid", "20-0", "e"].map(str::to_owned);
    assert_eq!(second.dispatched, [expected]);
}

async fn start(limits: &str) -> (Gateway, TcpListener) {
    let (listener, url) = raw::listener().await;
    let gateway = Gateway::start_text(&config(&url, limits), &[]).await;
    (gateway, listener)
}

const SUBSCRIBE: &[u8] = b"*2\r\n$9\r\nsubscribe\r\n$4\r\nnews\r\n";
const SUBSCRIBED: &[u8] = b">3\r\n$9\r\nsubscribe\r\n$4\r\nnews\r\n:1\r\n";

fn published(text: &str) -> Vec<u8> {
    let length = text.len();
    format!(">3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n${length}\r\n{text}\r\n").into_bytes()
}

fn event(text: &str) -> String {
    format!("event: push\ndata: {{\"channel\":\"news\",\"text\":\"{text}\"}}\n\n")
}

/// A client of HTTP/1.1 whose response is on its way.
struct Client {
    stream: TcpStream,
    read: Vec<u8>,
}

impl Client {
    async fn ask(gateway: &Gateway) -> Self {
        let mut stream = raw::connect(gateway).await;
        let request =
            b"GET /v1/channels/news HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n\r\n";
        stream.write_all(request).await.expect("a gateway");
        Self {
            stream,
            read: Vec::new(),
        }
    }

    /// Reads until this has come, and gives what came before it.
    async fn until(&mut self, what: &str) -> String {
        loop {
            if let Some(at) = find(&self.read, what.as_bytes()) {
                let before = self.read.drain(..at + what.len()).take(at).collect();
                return String::from_utf8(before).expect("text");
            }
            let read = in_time(what, self.stream.read_buf(&mut self.read)).await;
            let came = String::from_utf8_lossy(&self.read);
            assert!(read.expect("an open connection") > 0, "{what} after {came}");
        }
    }

    /// The head of its response.
    async fn head(&mut self) -> String {
        self.until("\r\n\r\n").await
    }
}

/// A client, and the connection upstream that is its own.
async fn subscribed(gateway: &Gateway, listener: &TcpListener) -> (Client, TcpStream) {
    let (client, mut server) = tokio::join!(Client::ask(gateway), accept(listener));
    expect(&mut server, SUBSCRIBE).await;
    (client, server)
}

#[tokio::test]
async fn events_come_as_they_are_said_to_whoever_asked() {
    let (gateway, listener) = start("").await;
    let (mut one, mut server) = subscribed(&gateway, &listener).await;
    let head = one.head().await;
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    for field in [
        "content-type: text/event-stream",
        "cache-control: no-store",
        "transfer-encoding: chunked",
    ] {
        assert!(head.contains(field), "{field} in {head}");
    }
    let (mut two, mut other) = subscribed(&gateway, &listener).await;
    two.head().await;
    // What no rule is for passes by; frames come in pieces, and several at once.
    let said = [SUBSCRIBED, &published("a"), &published("b\\\"\r\nc")].concat();
    for byte in said {
        server.write_all(&[byte]).await.expect("a gateway");
    }
    other
        .write_all(&[published("other"), published("again")].concat())
        .await
        .expect("a gateway");
    one.until(&event("a")).await;
    one.until(&event("b\\\\\\\"\\r\\nc")).await;
    let before = two.until(&event("other")).await;
    assert!(!before.contains("event:"), "{before}");
    two.until(&event("again")).await;
    server.write_all(b"-ERR no\r\n").await.expect("a gateway");
    one.until("event: error\ndata: ERR no\n\n").await;
    // The server's end is the response's, and the connection has others.
    drop(server);
    one.until("\r\n0\r\n\r\n").await;
    let labels = [("route", "channel"), ("outcome", "reply")];
    gateway
        .until_metric("gatewright_exchanges_total", &labels, 2.0)
        .await;
}

#[tokio::test]
async fn who_asks_for_their_head_only_goes_on_behind_it() {
    let (listener, url) = raw::listener().await;
    let config = config(&url, "").replace("\"GET ", "\"GET|HEAD ");
    let gateway = Gateway::start_text(&config, &[]).await;
    let mut client = Client {
        stream: raw::connect(&gateway).await,
        read: Vec::new(),
    };
    let both = b"HEAD /v1/channels/news HTTP/1.1\r\nHost: x\r\n\r\nGET /nothing HTTP/1.1\r\nHost: x\r\n\r\n";
    client.stream.write_all(both).await.expect("a gateway");
    let mut server = accept(&listener).await;
    expect(&mut server, SUBSCRIBE).await;
    // It is sent on until the gateway has let go of it.
    let said = async { while server.write_all(&published("a")).await.is_ok() {} };
    in_time("an end of the feed", said).await;
    let head = client.head().await;
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    let next = client.head().await;
    assert!(next.starts_with("HTTP/1.1 404 "), "{next}");
}

#[tokio::test]
async fn what_is_no_message_cuts_the_events() {
    let (gateway, listener) = start("").await;
    let (mut client, mut server) = subscribed(&gateway, &listener).await;
    server.write_all(&published("a")).await.expect("a gateway");
    client.until(&event("a")).await;
    server.write_all(b"?\r\n").await.expect("a gateway");
    let mut rest = Vec::new();
    // Be it by a reset.
    let _ = in_time("an end", client.stream.read_to_end(&mut rest)).await;
    client.read.extend(rest);
    assert_eq!(
        find(&client.read, b"\r\n0\r\n"),
        None,
        "it must not look whole"
    );
}

#[tokio::test]
async fn events_go_on_when_nothing_is_asked_for_long() {
    let (gateway, listener) = start("idle = \"300ms\"").await;
    let (mut client, mut server) = subscribed(&gateway, &listener).await;
    client.head().await;
    for round in 1..4 {
        // Whoever came later and does nothing is let go.
        let mut idle = raw::connect(&gateway).await;
        assert_eq!(end(&mut idle).await, Ok(()));
        gateway.until_closed("idle", round).await;
        server.write_all(&published("a")).await.expect("a gateway");
        client.until(&event("a")).await;
    }
}

#[tokio::test]
async fn who_leaves_has_no_connection_upstream_any_more() {
    let (gateway, listener) = start("").await;
    let (mut client, mut server) = subscribed(&gateway, &listener).await;
    client.head().await;
    let open = "gatewright_upstream_connections";
    assert_eq!(gateway.metrics().await.sum(open, &[]), 1.0);
    drop(client);
    // It is looked after, or told by what cannot be written.
    let gone = async {
        while server.write_all(&published("a")).await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    in_time("its connection to end", gone).await;
    let closed = async { while gateway.metrics().await.sum(open, &[]) > 0.0 {} };
    in_time("its place to be free", closed).await;
}

#[tokio::test]
async fn a_client_that_does_not_read_is_cut_off_within_bounds() {
    let (gateway, listener) = start("send-time = \"500ms\", send-buffer = \"64KiB\"").await;
    let (mut client, mut server) = subscribed(&gateway, &listener).await;
    client.head().await;
    let before = gateway.memory();
    let text = published(&"x".repeat(60_000));
    let flood = async { while server.write_all(&text).await.is_ok() {} };
    in_time("the gateway to give up", flood).await;
    gateway.until_closed("send-time", 1).await;
    let after = gateway.memory();
    assert!(after < before + (32 << 20), "from {before} to {after}");
}

#[tokio::test]
async fn a_drain_ends_the_events() {
    let (mut gateway, listener) = start("").await;
    let (mut client, mut server) = subscribed(&gateway, &listener).await;
    server.write_all(&published("a")).await.expect("a gateway");
    client.until(&event("a")).await;
    gateway.terminate().await;
    client.until("0\r\n\r\n").await;
    assert_eq!(end(&mut client.stream).await, Ok(()));
    assert_eq!(gateway.exit().await.code, Some(0));
}

#[tokio::test]
async fn without_an_upstream_the_rules_say_what_the_client_gets() {
    let gateway = Gateway::start_text(&config(&dead_url().await, ""), &[]).await;
    let mut client = Client::ask(&gateway).await;
    let head = client.head().await;
    assert!(head.starts_with("HTTP/1.1 503 "), "{head}");
    client.until("{\"reason\":\"unreachable\"}").await;
}

fn redis_server(program: &PathBuf, directory: &Directory, port: u16) -> Command {
    let mut command = Command::new(program);
    command
        .current_dir(directory.path())
        .args([
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--appendonly",
            "no",
            "--port",
        ])
        .arg(port.to_string());
    command
}

#[tokio::test]
async fn curl_hears_what_is_published_in_redis() {
    let Some([curl]) = installed(["curl"], "curl") else {
        return;
    };
    let Some([program]) = installed(["redis-server"], "redis-server") else {
        return;
    };
    let server = Server::start(|directory, [port]| redis_server(&program, directory, port)).await;
    let url = format!("tcp://{}", server.address(0));
    let shipped = "${REDIS_URL:-tcp://127.0.0.1:6379}";
    let gateway = recipe("redis-to-events", &[(shipped, url)]).await;
    let channel = format!("http://{}/v1/channels/news", gateway.front());
    for version in ["--http1.1", "--http2-prior-knowledge"] {
        let mut listening = Command::new(&curl)
            .args(["--silent", "--show-error", "--no-buffer", version])
            .arg(&channel)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("curl");
        let mut lines = BufReader::new(listening.stdout.take().expect("a pipe")).lines();
        let publish = async |text: &str| {
            let json = format!(r#"{{"text":"{text}"}}"#);
            let posted =
                run(Command::new(&curl).args(["--silent", "--json", &json, &channel])).await;
            String::from_utf8(posted.stdout).expect("text")
        };
        // Nobody hears it before the subscription is there.
        let heard = async { while publish("first").await != r#"{"heard":1}"# {} };
        in_time("a subscription", heard).await;
        for text in ["second", "third"] {
            publish(text).await;
        }
        for text in ["first", "second", "third"] {
            let data = format!(r#"data: {{"text":"{text}"}}"#);
            for expected in ["event: push", &data, ""] {
                let line = in_time("a line", lines.next_line()).await.expect("text");
                assert_eq!(line.as_deref(), Some(expected), "{version}");
            }
        }
        listening.kill().await.expect("a running curl");
        let gone = async { while publish("nobody").await != r#"{"heard":0}"# {} };
        in_time("its subscription to end", gone).await;
    }
}
