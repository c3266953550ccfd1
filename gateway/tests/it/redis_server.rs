//! redis, read through the public adapter: every reply and push is understood, and written back
//! as the bytes that came.

use crate::support::gateway::Gateway;
use crate::support::in_time;
use crate::support::servers::{Server, installed};
use bytes::{Bytes, BytesMut};
use gatewright::Framing;
use gatewright_codecs::resp::Resp;
use gatewright_core::codec::json::{Secrets, to_json};
use gatewright_core::codec::{Event, Protocol, Side};
use gatewright_core::message::{Kind, Message, Value};
use serde_json::{Value as Json, json};
use std::collections::VecDeque;
use std::process::Stdio;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::process::Command;

const MAX_FRAME: usize = 1 << 20;

/// A client of redis, and beside it what a gateway would write to a client of its own.
struct Redis {
    stream: TcpStream,
    protocol: Arc<dyn Protocol>,
    from_redis: Framing,
    to_client: Framing,
    buffer: BytesMut,
    received: BytesMut,
    written: BytesMut,
    pushes: VecDeque<Json>,
}

impl Redis {
    async fn connect(server: &Server) -> Self {
        let protocol: Arc<dyn Protocol> = Arc::new(Resp::new());
        let framing = |side| Framing::new(Arc::clone(&protocol), side, MAX_FRAME);
        Self {
            stream: TcpStream::connect(server.address(0)).await.expect("redis"),
            from_redis: framing(Side::Client),
            to_client: framing(Side::Server),
            protocol,
            buffer: BytesMut::new(),
            received: BytesMut::new(),
            written: BytesMut::new(),
            pushes: VecDeque::new(),
        }
    }

    /// What redis answers to a line of words, as JSON without the operation's name if that is
    /// `reply`.
    async fn ask(&mut self, line: &str) -> Json {
        self.send(&[line]).await;
        self.answer().await
    }

    async fn send(&mut self, lines: &[&str]) {
        let mut out = BytesMut::new();
        for line in lines {
            let event = Event::Head(self.command(line));
            self.from_redis.write(&event, &mut out).expect("a command");
        }
        self.stream.write_all(&out).await.expect("redis");
    }

    fn command(&self, line: &str) -> Message {
        let mut words = line.split(' ');
        let name = words.next().unwrap_or_default();
        let args = words.map(|word| Value::Bytes(Bytes::copy_from_slice(word.as_bytes())));
        let args = Value::List(args.collect());
        let descriptor = self.protocol.descriptor();
        match descriptor.operation_named(name) {
            Some(operation) => descriptor.message(operation, vec![Value::Null, args, Value::Null]),
            None => {
                let other = descriptor.operation_named("other").expect("an operation");
                descriptor.message(other, vec![name.into(), args])
            }
        }
    }

    async fn answer(&mut self) -> Json {
        loop {
            let message = self.next().await;
            let json = self.show(&message);
            match message.kind() {
                Kind::Event => self.pushes.push_back(json),
                Kind::Request | Kind::Reply => return json,
            }
        }
    }

    async fn push(&mut self) -> Json {
        if let Some(push) = self.pushes.pop_front() {
            return push;
        }
        let message = self.next().await;
        assert_eq!(message.kind(), Kind::Event);
        self.show(&message)
    }

    async fn next(&mut self) -> Message {
        loop {
            if let Some(event) = self.from_redis.read(&mut self.buffer).expect("good bytes") {
                self.to_client
                    .write(&event, &mut self.written)
                    .expect("what was read can be written");
                let Event::Head(message) = event else {
                    panic!("a message")
                };
                return message;
            }
            let before = self.buffer.len();
            let read = self.stream.read_buf(&mut self.buffer);
            let read = in_time("redis", read).await.expect("redis");
            assert!(read > 0, "redis left");
            self.received.extend_from_slice(&self.buffer[before..]);
        }
    }

    fn show(&self, message: &Message) -> Json {
        let mut json = to_json(self.protocol.descriptor(), message, Secrets::Shown);
        readable(&mut json);
        json
    }

    /// All that came was a message, and has been written again as it came.
    fn settle(self) {
        assert_eq!(self.buffer, Bytes::new());
        assert_eq!(self.written, self.received);
    }
}

/// Bulk strings as their text: redis' answers here are all ASCII.
fn readable(json: &mut Json) {
    match json {
        Json::Object(members) => {
            if let Some(Json::String(data)) = members.get_mut("data") {
                *data = plain(data);
            }
            members.values_mut().for_each(readable);
        }
        Json::Array(items) => items.iter_mut().for_each(readable),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {}
    }
}

/// The text that base64 stands for.
fn plain(base64: &str) -> String {
    const DIGITS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digits = base64.chars().filter_map(|c| DIGITS.find(c));
    let bits: Vec<bool> = digits
        .flat_map(|digit| (0..6).rev().map(move |bit| digit >> bit & 1 == 1))
        .collect();
    let bytes = bits.chunks_exact(8);
    bytes
        .map(|byte| char::from(byte.iter().fold(0_u8, |n, bit| n << 1 | u8::from(*bit))))
        .collect()
}

fn simple(text: &str) -> Json {
    json!({"reply": {"type": "simple", "text": text}})
}

fn bulk(data: &str) -> Json {
    json!({"type": "bulk", "data": data})
}

fn integer(number: i64) -> Json {
    json!({"type": "integer", "number": number})
}

fn aggregate(kind: &str, items: &[Json]) -> Json {
    json!({"reply": {"type": kind, "items": items}})
}

fn reply(value: Json) -> Json {
    json!({ "reply": value })
}

fn push(kind: &str, rest: &[Json]) -> Json {
    let items = [&[bulk(kind)], rest].concat();
    json!({"push": {"items": items, "kind": kind}})
}

async fn start() -> Option<Server> {
    let [program] = installed(["redis-server"], "redis-server")?;
    let server = Server::start(|directory, [port]| {
        let mut command = Command::new(&program);
        command
            .current_dir(directory.path())
            .args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
            .args(["--enable-debug-command", "yes"])
            .args(["--port", &port.to_string()]);
        command
    });
    Some(server.await)
}

#[tokio::test]
async fn the_second_version_of_the_protocol() {
    let Some(server) = start().await else {
        return;
    };
    let mut redis = Redis::connect(&server).await;
    assert_eq!(redis.ask("ping").await, simple("PONG"));
    assert_eq!(redis.ask("set k v").await, simple("OK"));
    assert_eq!(redis.ask("get k").await, reply(bulk("v")));
    assert_eq!(
        redis.ask("get none").await,
        reply(json!({"type": "null_bulk"}))
    );
    assert_eq!(redis.ask("rpush l a b c").await, reply(integer(3)));
    let items = [bulk("b"), bulk("c")];
    assert_eq!(redis.ask("lrange l 1 -1").await, aggregate("array", &items));
    assert_eq!(redis.ask("lrange none 0 -1").await, aggregate("array", &[]));
    assert_eq!(
        redis.ask("blpop none 0.001").await,
        reply(json!({"type": "null_array"}))
    );
    assert_eq!(redis.ask("hset h f 1").await, reply(integer(1)));
    let items = [bulk("f"), bulk("1")];
    assert_eq!(redis.ask("hgetall h").await, aggregate("array", &items));
    let wrong = "WRONGTYPE Operation against a key holding the wrong kind of value";
    let error = json!({"error": {"message": wrong, "code": "WRONGTYPE"}});
    assert_eq!(redis.ask("lpush h x").await, error);
    assert_eq!(redis.ask("nosuch x").await["error"]["code"], "ERR");
    redis.settle();
}

#[tokio::test]
async fn the_third_version_of_the_protocol() {
    let Some(server) = start().await else {
        return;
    };
    let mut redis = Redis::connect(&server).await;
    let hello = redis.ask("hello 3").await;
    assert_eq!(hello["reply"]["type"], "map");
    assert_eq!(hello["reply"]["items"][0], bulk("server"));
    assert_eq!(redis.ask("get none").await, reply(json!({"type": "null"})));
    redis.ask("hset h f 1 g 2").await;
    let items = [bulk("f"), bulk("1"), bulk("g"), bulk("2")];
    assert_eq!(redis.ask("hgetall h").await, aggregate("map", &items));
    redis.ask("sadd s a").await;
    assert_eq!(
        redis.ask("smembers s").await,
        aggregate("set", &[bulk("a")])
    );
    redis.ask("zadd z 1.5 a").await;
    let double = json!({"type": "double", "text": "1.5"});
    assert_eq!(redis.ask("zscore z a").await, reply(double));
    let verbatim = redis.ask("info clients").await;
    assert_eq!(verbatim["reply"]["type"], "verbatim");
    assert_eq!(verbatim["reply"]["text"], "txt");
    // Values of the types that only scripts and modules give.
    let boolean = json!({"type": "boolean", "number": 1});
    assert_eq!(redis.ask("debug protocol true").await, reply(boolean));
    let number = redis.ask("debug protocol bignum").await;
    assert_eq!(number["reply"]["type"], "big_number");
    let attribute = redis.ask("debug protocol attrib").await;
    let pairs = &attribute["reply"]["attributes"];
    assert_eq!(pairs[0], bulk("key-popularity"));
    redis.settle();
}

#[tokio::test]
async fn pipelines_and_transactions() {
    let Some(server) = start().await else {
        return;
    };
    let mut redis = Redis::connect(&server).await;
    let numbers: Vec<String> = (0..500).map(|n| format!("echo {n}")).collect();
    let lines: Vec<&str> = numbers.iter().map(String::as_str).collect();
    redis.send(&lines).await;
    for n in 0..500 {
        assert_eq!(redis.answer().await, reply(bulk(&n.to_string())));
    }
    redis.send(&["multi", "incr n", "lpush n x", "exec"]).await;
    assert_eq!(redis.answer().await, simple("OK"));
    assert_eq!(redis.answer().await, simple("QUEUED"));
    assert_eq!(redis.answer().await, simple("QUEUED"));
    let executed = redis.answer().await;
    assert_eq!(executed["reply"]["items"][0], integer(1));
    assert_eq!(executed["reply"]["items"][1]["type"], "error");
    redis.settle();
}

#[tokio::test]
async fn pushes_come_between_replies() {
    let Some(server) = start().await else {
        return;
    };
    let mut redis = Redis::connect(&server).await;
    let mut other = Redis::connect(&server).await;
    redis.ask("hello 3").await;
    redis.ask("client tracking on").await;
    redis.ask("get k").await;
    other.ask("set k v").await;
    let keys = json!({"type": "array", "items": [bulk("k")]});
    assert_eq!(redis.push().await, push("invalidate", &[keys]));
    redis.send(&["subscribe news"]).await;
    let subscribed = push("subscribe", &[bulk("news"), integer(1)]);
    assert_eq!(redis.push().await, subscribed);
    other.ask("publish news hello").await;
    assert_eq!(redis.ask("ping").await, simple("PONG"));
    let message = push("message", &[bulk("news"), bulk("hello")]);
    assert_eq!(redis.push().await, message);
    redis.settle();
    other.settle();
}

const IN_FRONT_OF_HTTP: &str = r#"
[admin]
http = "127.0.0.1:0"
[listeners.front]
bind = "tcp://127.0.0.1:0"
protocol = "resp"
[upstreams.back]
url = "mock:200?body=stored"
[[routes]]
name = "get"
from = "front"
operation = "get"
to = "back"
request.get = "/{hex(key)}"
reply = [{ on = "200", send = "reply", set = { type = "bulk", data = "{body}" } }, { on = "*" }]
"#;

/// redis' own client asks a gateway that has HTTP behind it; replies keep their order where some
/// are the gateway's own.
#[tokio::test]
async fn its_client_is_answered_over_http() {
    let Some([client]) = installed(["redis-cli"], "redis-tools") else {
        return;
    };
    let gateway = Gateway::start_text(IN_FRONT_OF_HTTP, &[]).await;
    let mut command = Command::new(client);
    command
        .args(["-h", "127.0.0.1", "-p", &gateway.front().port().to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true);
    let mut child = command.spawn().expect("redis-cli");
    let mut input = child.stdin.take().expect("a pipe");
    input
        .write_all(b"get k\nset k v\nget l\n")
        .await
        .expect("redis-cli");
    drop(input);
    let output = in_time("redis-cli", child.wait_with_output())
        .await
        .expect("redis-cli");
    let unrouted = "ERR gateway: no route takes this command";
    let shown = String::from_utf8(output.stdout).expect("text");
    assert_eq!(shown.trim_end(), format!("stored\n{unrouted}\n\nstored"));
}
