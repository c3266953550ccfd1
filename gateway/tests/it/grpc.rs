//! gRPC through the gateway: calls of all four kinds with grpcio on both sides, and what is made of faults and
//! time limits, field by field.

use crate::definitions::{run, said};
use crate::support::backend::{Action, Answer, Backend};
use crate::support::config::Config;
use crate::support::gateway::{Directory, Gateway};
use crate::support::in_time;
use crate::support::raw::dead_url;
use crate::support::servers::{Server, python_with};
use bytes::Bytes;
use h2::client::SendRequest;
use http::{HeaderMap, Request};
use std::path::PathBuf;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::process::Command;

/// A service without definitions: messages are bytes.
const SERVER: &str = r#"
import sys, threading, grpc
from concurrent import futures

def unary(request, context):
    if request == b"slow":
        done = threading.Event()
        context.add_callback(done.set)
        done.wait()
    if request == b"refused":
        context.abort(grpc.StatusCode.FAILED_PRECONDITION, "not 100 % so, Müller")
    context.set_trailing_metadata((("x-behind", "trailer"), ("y-bin", b"\x00\xff")))
    return b"unary " + request

def left(request, context):
    return str(context.time_remaining()).encode()

def down(request, context):
    for number in range(2000):
        yield request + str(number).encode()
    if request == b"cut":
        context.abort(grpc.StatusCode.DATA_LOSS, "cut")

def up(requests, context):
    return str(sum(len(request) for request in requests)).encode()

def both(requests, context):
    for request in requests:
        yield b"echo " + request

methods = {
    "Unary": grpc.unary_unary_rpc_method_handler(unary),
    "Left": grpc.unary_unary_rpc_method_handler(left),
    "Down": grpc.unary_stream_rpc_method_handler(down),
    "Up": grpc.stream_unary_rpc_method_handler(up),
    "Both": grpc.stream_stream_rpc_method_handler(both),
}
server = grpc.server(futures.ThreadPoolExecutor(max_workers=64))
server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("test.Echo", methods),))
server.add_insecure_port("127.0.0.1:" + sys.argv[1])
server.start()
server.wait_for_termination()
"#;

/// Calls it. The arguments are a gateway's address, and one before a server that is down.
const CLIENT: &str = r#"
import queue, sys, grpc
from grpc import StatusCode

OPTIONS = [("grpc.enable_http_proxy", 0)]

def failure(call):
    try:
        list(call()) if callable(call) else None
    except grpc.RpcError as error:
        return error.code(), error.details()
    raise AssertionError("no failure")

with grpc.insecure_channel(sys.argv[1], OPTIONS) as channel:
    unary = channel.unary_unary("/test.Echo/Unary")
    response, call = unary.with_call(b"hi", timeout=60, metadata=(("x-sent", "a"),))
    assert response == b"unary hi", response
    trailers = dict(call.trailing_metadata())
    assert (trailers["x-behind"], trailers["y-bin"]) == ("trailer", b"\x00\xff"), trailers
    futures = [unary.future(str(number).encode()) for number in range(200)]
    assert [future.result() for future in futures] == [b"unary " + str(number).encode() for number in range(200)]
    large = b"x" * 3_000_000
    assert unary(large) == b"unary " + large

    assert failure(lambda: [unary(b"refused")]) == (StatusCode.FAILED_PRECONDITION, "not 100 % so, Müller")
    assert failure(lambda: [unary(b"slow", timeout=0.3)])[0] == StatusCode.DEADLINE_EXCEEDED

    left = channel.unary_unary("/test.Echo/Left")
    remaining = float(left(b"", timeout=60))
    assert 50 < remaining < 61, remaining
    assert float(left(b"")) > 1e6

    down = channel.unary_stream("/test.Echo/Down")
    assert list(down(b"n")) == [b"n" + str(number).encode() for number in range(2000)]
    assert failure(lambda: down(b"cut")) == (StatusCode.DATA_LOSS, "cut")
    up = channel.stream_unary("/test.Echo/Up")
    assert up(iter([b"x" * 10_000] * 100)) == b"1000000"

    # Each message is sent once the answer to the one before is here.
    sent = queue.Queue()
    answers = channel.stream_stream("/test.Echo/Both")(iter(sent.get, None))
    for number in range(100):
        sent.put(str(number).encode())
        assert next(answers) == b"echo " + str(number).encode()
    sent.put(None)
    assert list(answers) == []

    other = channel.unary_unary("/test.Other/Unary")
    assert failure(lambda: [other(b"")]) == (StatusCode.UNIMPLEMENTED, "no route takes this request")

with grpc.insecure_channel(sys.argv[2], OPTIONS) as channel:
    for kind in (channel.unary_unary, channel.stream_unary):
        call = kind("/test.Echo/Unary")
        given = b"" if kind == channel.unary_unary else iter([b""])
        assert failure(lambda: [call(given)]) == (StatusCode.UNAVAILABLE, "no connection to the server")
print("all")
"#;

fn python() -> Option<PathBuf> {
    python_with(["grpc"], "python3-grpcio")
}

/// Calls of one service go on to these URLs.
fn config(url: &str) -> Config {
    Config::proxy([url.to_owned()]).route(
        "to = \"backend\"",
        "operation = \"POST /test.Echo/{method}\"\nto = \"backend\"",
    )
}

#[tokio::test]
async fn calls_of_all_kinds_pass_between_programs_of_others() {
    let Some(python) = python() else { return };
    let start = |directory: &Directory, [port]: [u16; 1]| {
        let mut command = Command::new(&python);
        command.arg(directory.write("server.py", SERVER));
        command.arg(port.to_string());
        command
    };
    let server = Server::start(start).await;
    let gateway = Gateway::start(&config(&format!("h2c://{}", server.address(0)))).await;
    let dead = dead_url().await.replace("tcp", "h2c");
    let lonely = Gateway::start(&config(&dead)).await;
    let directory = Directory::new();
    let mut command = Command::new(&python);
    command
        .arg(directory.write("client.py", CLIENT))
        .args([gateway.front().to_string(), lonely.front().to_string()]);
    let output = run(&mut command).await;
    assert!(output.status.success(), "{}", said(&output));
    assert_eq!(output.stdout, b"all\n");
}

/// A client of HTTP/2.
struct Client(SendRequest<Bytes>);

/// An answer that is all head.
struct Head {
    status: u16,
    fields: HeaderMap,
    is_all: bool,
}

impl Head {
    #[track_caller]
    fn is(&self, code: &str) {
        assert_eq!(self.status, 200);
        assert_eq!(self.fields["grpc-status"], code, "{:?}", self.fields);
        assert_eq!(self.fields["content-type"], "application/grpc");
        assert!(!self.fields.contains_key("content-length"));
        assert!(self.is_all, "the head is the end");
    }
}

impl Client {
    async fn connect(gateway: &Gateway) -> Self {
        let stream = TcpStream::connect(gateway.front())
            .await
            .expect("a gateway");
        let (sender, connection) = h2::client::handshake(stream).await.expect("a gateway");
        tokio::spawn(connection);
        Self(sender)
    }

    async fn call(&self, method: &str, fields: &[(&str, &str)]) -> Head {
        let mut request =
            Request::post(format!("http://a.example{method}")).header("te", "trailers");
        for (name, value) in fields {
            request = request.header(*name, *value);
        }
        let mut sender = self.0.clone().ready().await.expect("a connection");
        let (response, mut body) = sender
            .send_request(request.body(()).expect("a request"), false)
            .expect("a request");
        body.send_data(Bytes::from_static(&[0; 5]), true)
            .expect("a stream");
        let response = in_time("a response", response).await.expect("a response");
        Head {
            status: response.status().as_u16(),
            fields: response.headers().clone(),
            is_all: response.body().is_end_stream(),
        }
    }
}

const GRPC: (&str, &str) = ("content-type", "application/grpc+proto");

#[tokio::test]
async fn faults_have_a_status_of_grpc() {
    let backend = Backend::scripted(|_| Action::Silence).start().await;
    let config = config(&backend.url())
        .upstream("connections", 1)
        .upstream("streams", 1)
        .upstream("queue", 1)
        .upstream("queue-wait", "\"1h\"");
    let gateway = Gateway::start(&config).await;
    let client = Client::connect(&gateway).await;
    client.call("/test.Other/Any", &[GRPC]).await.is("12");
    client
        .call("/test.Echo/Any", &[GRPC, ("grpc-timeout", "100m")])
        .await
        .is("4");
    let waits = || client.call("/test.Echo/Any", &[GRPC, ("grpc-timeout", "5S")]);
    let second = async {
        backend.until_asked(2).await;
        waits().await
    };
    let third = async {
        gateway
            .until_metric("gatewright_upstream_queue", &[], 1.0)
            .await;
        client.call("/test.Echo/Any", &[GRPC]).await
    };
    let (first, second, third) = tokio::join!(waits(), second, third);
    first.is("4");
    second.is("4");
    third.is("8");
    // Who is no client of gRPC is told as HTTP has it.
    let other = client.call("/test.Other/Any", &[]).await;
    assert_eq!(other.status, 404);
    let other = client
        .call(
            "/test.Other/Any",
            &[("content-type", "application/grpc-web")],
        )
        .await;
    assert_eq!(other.status, 404);
    let dead = dead_url().await.replace("tcp", "h2c");
    let lonely = Gateway::start(&self::config(&dead)).await;
    let client = Client::connect(&lonely).await;
    client.call("/test.Echo/Any", &[GRPC]).await.is("14");
}

#[tokio::test]
async fn what_is_left_of_a_time_limit_is_told_upstream() {
    let answer = || Answer::status(200).header("grpc-status", "0");
    let backend = Backend::scripted(move |_| Action::After(Duration::ZERO, answer()))
        .start()
        .await;
    let told = async |config: &Config, fields: &[(&str, &str)]| {
        let gateway = Gateway::start(config).await;
        let client = Client::connect(&gateway).await;
        client.call("/test.Echo/Any", fields).await;
        let log = backend.log();
        let asked = log.asked.last().expect("a request");
        assert_eq!(asked.header("te"), Some("trailers"));
        asked.header("grpc-timeout").map(ToOwned::to_owned)
    };
    let micros = |told: Option<String>| {
        let told = told.expect("a time limit");
        told.strip_suffix('u')
            .and_then(|told| told.parse::<u64>().ok())
            .expect("a time limit")
    };
    let config = config(&backend.url());
    let left = micros(told(&config, &[GRPC, ("grpc-timeout", "50S")]).await);
    assert!((20_000_000..50_000_000).contains(&left), "{left}");
    assert_eq!(told(&config, &[GRPC]).await, None);
    // What makes no sense is the server's to refuse.
    assert_eq!(
        told(&config, &[GRPC, ("grpc-timeout", "5s")])
            .await
            .as_deref(),
        Some("5s")
    );
    // The shorter of the two, where the upstream is to be told the gateway's own.
    let config = config
        .timeout("40s")
        .upstream_key("deadline-header", "\"grpc-timeout\"");
    for limit in ["50S", "1H"] {
        let left = micros(told(&config, &[GRPC, ("grpc-timeout", limit)]).await);
        assert!((10_000_000..40_000_000).contains(&left), "{left}");
    }
    let left = micros(told(&config, &[GRPC, ("grpc-timeout", "30S")]).await);
    assert!(left < 30_000_000, "{left}");
}
