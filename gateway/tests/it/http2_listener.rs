//! Clients that speak HTTP/2.

use crate::support::backend::{Action, Answer, Asked, Backend};
use crate::support::certificates::Authority;
use crate::support::gateway::Directory;
use crate::support::http2_wire::{GOAWAY, HEADERS, Raw, SETTINGS, get, is_status};
use crate::support::in_time;
use crate::support::raw::noise;
use crate::support::servers::installed;
use crate::support::web::WebGateway;
use bytes::Bytes;
use h2::client::{ResponseFuture, SendRequest};
use h2::{Reason, SendStream};
use http::{Request, Response};
use std::path::Path;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::process::Command;
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;

fn echo(asked: &Asked) -> Action {
    Action::Answer(Answer::status(200).body(asked.body.clone()))
}

async fn start(limits: &str) -> (WebGateway, Backend) {
    let backend = Backend::scripted(echo).start().await;
    let gateway = WebGateway::start(&backend.url(), limits, "").await;
    (gateway, backend)
}

/// A client's connection, and how it ends.
struct Client {
    sender: SendRequest<Bytes>,
    end: JoinHandle<Result<(), h2::Error>>,
}

impl Client {
    async fn over(io: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) -> Self {
        let shaking_hands = h2::client::Builder::new()
            .initial_window_size(1 << 20)
            .initial_connection_window_size(1 << 24)
            .handshake(io);
        let (sender, connection) = in_time("a handshake", shaking_hands)
            .await
            .expect("a handshake");
        Self {
            sender,
            end: tokio::spawn(connection),
        }
    }

    async fn connect(gateway: &WebGateway) -> Self {
        let stream = TcpStream::connect(gateway.address())
            .await
            .expect("a gateway");
        Self::over(stream).await
    }

    async fn begin(&self, path: &str, whole: bool) -> (ResponseFuture, SendStream<Bytes>) {
        let request = Request::post(format!("http://a.example:80{path}"));
        self.begin_with(request.body(()).expect("a request"), whole)
            .await
    }

    async fn begin_with(
        &self,
        request: Request<()>,
        whole: bool,
    ) -> (ResponseFuture, SendStream<Bytes>) {
        let mut sender = in_time("a stream", self.sender.clone().ready())
            .await
            .expect("a connection");
        sender.send_request(request, whole).expect("a request")
    }

    async fn post(&self, path: &str, body: impl Into<Bytes>) -> (u16, Bytes) {
        let (response, stream) = self.begin(path, false).await;
        send(stream, body.into()).await;
        whole(response).await.expect("a response")
    }
}

async fn send(mut stream: SendStream<Bytes>, mut body: Bytes) {
    while !body.is_empty() {
        stream.reserve_capacity(body.len());
        let room = std::future::poll_fn(|cx| stream.poll_capacity(cx)).await;
        // A response that came first makes the rest of no interest.
        let Some(Ok(room)) = room else { return };
        let part = body.split_to(room.min(body.len()));
        if stream.send_data(part, false).is_err() {
            return;
        }
    }
    let _ = stream.send_data(Bytes::new(), true);
}

async fn whole(response: ResponseFuture) -> Result<(u16, Bytes), h2::Error> {
    let response: Response<_> = in_time("a response", response).await?;
    let status = response.status().as_u16();
    let mut stream = response.into_body();
    let mut body = Vec::new();
    while let Some(chunk) = in_time("a body", stream.data()).await {
        let chunk = chunk?;
        stream.flow_control().release_capacity(chunk.len())?;
        body.extend_from_slice(&chunk);
    }
    Ok((status, body.into()))
}

#[tokio::test]
async fn each_stream_gets_its_own_answer() {
    let (gateway, backend) = start("").await;
    let client = Client::connect(&gateway).await;
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..100_u64 {
        let sender = client.sender.clone();
        tasks.spawn(async move {
            let end = tokio::spawn(async { Ok(()) });
            let client = Client { sender, end };
            let body = noise(
                number,
                1 + usize::try_from(number * number * 7).expect("little"),
            );
            let answer = client.post(&format!("/{number}"), body.clone()).await;
            assert!(answer == (200, Bytes::from(body)), "{number}");
        });
    }
    in_time("all answers", tasks.join_all()).await;
    assert_eq!(backend.log().asked.len(), 100);
}

#[tokio::test]
async fn large_bodies_go_through_both_ways() {
    let (gateway, _backend) = start("").await;
    let client = Client::connect(&gateway).await;
    let body = Bytes::from(noise(1, 1 << 20));
    let (status, answer) = client.post("/a", body.clone()).await;
    assert_eq!(status, 200);
    assert!(answer == body, "another body");
}

#[tokio::test]
async fn a_request_is_what_it_was() {
    let (gateway, backend) = start("").await;
    let client = Client::connect(&gateway).await;
    let request = Request::get("http://A.example:80/x/y?z=1")
        .header("cookie", "a=1")
        .header("cookie", "b=2");
    let request = request.body(()).expect("a request");
    let (response, _) = client.begin_with(request, true).await;
    assert_eq!(whole(response).await.expect("a response").0, 200);
    let log = backend.until_asked(1).await;
    let asked = &log.asked[0];
    assert_eq!(asked.target, "/up/y");
    assert_eq!(asked.header("x-cookie"), Some("a=1; b=2"));
    assert_eq!(asked.header("x-host"), Some("a.example"));
    let connect = Request::connect("a.example:80")
        .body(())
        .expect("a request");
    let (response, _) = client.begin_with(connect, true).await;
    assert_eq!(whole(response).await.expect("a response").0, 501);
    let unrouted = Request::options("*").header("host", "a.example");
    let unrouted = unrouted.body(()).expect("a request");
    let (response, _) = client.begin_with(unrouted, true).await;
    assert_eq!(whole(response).await.expect("a response").0, 404);
}

#[tokio::test]
async fn a_head_has_no_body() {
    let backend = Backend::scripted(|_| Action::Answer(Answer::status(200).body("body")))
        .start()
        .await;
    let gateway = WebGateway::start(&backend.url(), "", "").await;
    let client = Client::connect(&gateway).await;
    let head = Request::head("http://a/x").body(()).expect("a request");
    let (response, _) = client.begin_with(head, true).await;
    assert_eq!(
        whole(response).await.expect("a response"),
        (200, Bytes::new())
    );
}

#[tokio::test]
async fn a_body_above_the_limit_ends_its_stream_only() {
    let (gateway, backend) = start("body = \"100KiB\"").await;
    let client = Client::connect(&gateway).await;
    let much = noise(1, (100 << 10) + 1);
    assert_eq!(client.post("/a", much.clone()).await.0, 413);
    let fits = Bytes::from(much).slice(1..);
    let (status, answer) = client.post("/a", fits.clone()).await;
    assert_eq!(status, 200);
    assert!(answer == fits, "another body");
    assert_eq!(backend.log().asked.len(), 1);
}

#[tokio::test]
async fn bodies_that_are_not_whole_are_four_at_most() {
    const BODY: usize = 64 << 10;
    let (gateway, backend) = start("body = \"64KiB\"").await;
    let client = Client::connect(&gateway).await;
    let mut waiting = Vec::new();
    for _ in 0..4 {
        let (response, mut stream) = client.begin("/a", false).await;
        stream
            .send_data(vec![7; BODY - 10].into(), false)
            .expect("a window");
        waiting.push((response, stream));
    }
    // All of those before it have come once it is answered.
    assert_eq!(client.post("/b", "b").await, (200, "b".into()));
    let (response, stream) = client.begin("/c", false).await;
    send(stream, vec![8; 1000].into()).await;
    let error = whole(response).await.expect_err("no room for it");
    assert_eq!(error.reason(), Some(Reason::REFUSED_STREAM));
    for (response, mut stream) in waiting {
        stream
            .send_data(vec![7; 10].into(), true)
            .expect("a window");
        let (status, body) = whole(response).await.expect("a response");
        assert!(status == 200 && body.len() == BODY);
    }
    assert_eq!(backend.log().asked.len(), 5);
}

#[tokio::test]
async fn a_request_that_takes_too_long_is_answered_for() {
    let backend = Backend::scripted(|_| Action::Silence).start().await;
    let gateway = WebGateway::start(&backend.url(), "", "").await;
    let client = Client::connect(&gateway).await;
    assert_eq!(client.post("/slow", "x").await.0, 504);
    backend.until("a reset", |log| log.taken_back() == 1).await;
}

#[tokio::test]
async fn a_body_has_the_time_of_a_frame() {
    let (gateway, backend) = start("frame-time = \"300ms\"").await;
    let client = Client::connect(&gateway).await;
    let (response, _stream) = client.begin("/a", false).await;
    let error = whole(response).await.expect_err("no response");
    assert_eq!(error.reason(), Some(Reason::CANCEL));
    assert_eq!(client.post("/b", "b").await, (200, "b".into()));
    assert_eq!(backend.log().asked.len(), 1);
}

#[tokio::test]
async fn a_stream_that_is_given_up_is_taken_back_upstream() {
    let backend = Backend::scripted(|_| Action::Silence).start().await;
    let gateway = WebGateway::start(&backend.url(), "", "").await;
    let client = Client::connect(&gateway).await;
    let (response, mut stream) = client.begin("/a", true).await;
    backend.until_asked(1).await;
    stream.send_reset(Reason::CANCEL);
    backend.until("a reset", |log| log.taken_back() == 1).await;
    drop(response);
}

#[tokio::test]
async fn no_more_streams_than_requests_may_be_in_flight() {
    let backend = Backend::scripted(|_| Action::AtGate(Answer::status(200)))
        .start()
        .await;
    let gateway = WebGateway::start(&backend.url(), "in-flight = 3", "").await;
    let client = Client::connect(&gateway).await;
    let mut responses = Vec::new();
    for _ in 0..3 {
        responses.push(client.begin("/a", true).await.0);
    }
    backend.until_asked(3).await;
    assert_eq!(client.sender.current_max_send_streams(), 3);
    backend.open_gate();
    for response in responses {
        assert_eq!(whole(response).await.expect("a response").0, 200);
    }
}

#[tokio::test]
async fn an_idle_connection_is_told_and_closed() {
    let (gateway, _backend) = start("idle = \"300ms\"").await;
    let client = Client::connect(&gateway).await;
    assert_eq!(client.post("/a", "a").await, (200, "a".into()));
    let end = in_time("its end", client.end).await.expect("a task");
    assert!(end.is_ok(), "{end:?}");
    gateway.until_closed("idle").await;
}

#[tokio::test]
async fn a_drain_finishes_what_is_in_flight() {
    let backend = Backend::scripted(|_| Action::AtGate(Answer::status(200).body("late")))
        .start()
        .await;
    let mut gateway = WebGateway::start(&backend.url(), "", "").await;
    let client = Client::connect(&gateway).await;
    let mut idle = Client::connect(&gateway).await;
    let (response, _) = client.begin("/a", true).await;
    backend.until_asked(1).await;
    let finishing = async {
        let end = in_time("a GOAWAY", &mut idle.end).await.expect("a task");
        assert!(end.is_ok(), "{end:?}");
        backend.open_gate();
        assert_eq!(
            whole(response).await.expect("a response"),
            (200, "late".into())
        );
        let end = in_time("an end", client.end).await.expect("a task");
        assert!(end.is_ok(), "{end:?}");
    };
    let (outcome, ()) = tokio::join!(gateway.stop(), finishing);
    assert_eq!(outcome, gatewright::Outcome::Drained);
}

/// A client that is told to go may have asked by then, and gets its answer however long that takes.
#[tokio::test]
async fn what_was_on_its_way_when_a_drain_began_has_its_time() {
    // Longer than a connection without streams is left then.
    let late = Duration::from_millis(1_500);
    let answer = move |_: &Asked| Action::After(late, Answer::status(200));
    let backend = Backend::scripted(answer).start().await;
    let mut gateway = WebGateway::start(&backend.url(), "", "").await;
    let mut client = Raw::connect(&gateway, &[]).await;
    client.next_of(SETTINGS).await;
    let asking = async move {
        // It has not heard yet, as far as the gateway knows: the PING behind that is not answered.
        client.next_of(GOAWAY).await;
        client.send(&get(1, &[])).await;
        let (_, _, stream, block) = client.next_of(HEADERS).await;
        assert!(stream == 1 && is_status(&block, "200"), "{block:02x?}");
    };
    let (outcome, ()) = tokio::join!(gateway.stop(), asking);
    assert_eq!(outcome, gatewright::Outcome::Drained);
}

/// A gateway with TLS, and the authority to trust.
async fn start_tls(backend: &Backend, directory: &Directory) -> (WebGateway, Authority) {
    let authority = Authority::new();
    let identity = authority.issue(&["localhost"]);
    let (cert, key) = identity.pem();
    let cert = directory.write("a.pem", cert);
    let key = directory.write("a.key", &key);
    directory.write("ca.pem", &authority.pem());
    let tls = format!("tls = {{ cert = {cert:?}, key = {key:?} }}");
    let gateway = WebGateway::start(&backend.url(), "", &tls).await;
    (gateway, authority)
}

#[tokio::test]
async fn over_tls_alpn_tells() {
    let backend = Backend::scripted(echo).start().await;
    let directory = Directory::new();
    let (gateway, authority) = start_tls(&backend, &directory).await;
    let connector = TlsConnector::from(authority.client());
    let stream = TcpStream::connect(gateway.address())
        .await
        .expect("a gateway");
    let name = "localhost".try_into().expect("a name");
    let stream = connector.connect(name, stream).await.expect("a handshake");
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    let client = Client::over(stream).await;
    let body = Bytes::from(noise(1, 300_000));
    let (status, answer) = client.post("/a", body.clone()).await;
    assert_eq!(status, 200);
    assert!(answer == body, "another body");
}

/// What curl prints.
async fn curl(curl: &Path, arguments: &[&str]) -> String {
    let output = Command::new(curl)
        .args(["--silent", "--show-error", "--max-time", "20"])
        .args(["--write-out", " %{http_code} %{http_version}"])
        .args(arguments)
        .output();
    let output = in_time("curl", output).await.expect("curl");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {errors}");
    String::from_utf8(output.stdout).expect("text")
}

#[tokio::test]
async fn curl_speaks_all_of_it() {
    let Some([program]) = installed(["curl"], "curl") else {
        return;
    };
    let backend = Backend::scripted(echo).start().await;
    let (plain, directory) = (
        WebGateway::start(&backend.url(), "", "").await,
        Directory::new(),
    );
    let (tls, _) = start_tls(&backend, &directory).await;
    let url = format!("http://{}/a", plain.address());
    let secure = format!("https://localhost:{}/a", tls.address().port());
    let ca = directory.path().join("ca.pem");
    let trust = ["--cacert", ca.to_str().expect("a path"), &*secure];
    let data = ["--data-binary", "hello"];
    for (version, url, expected) in [
        ("--http1.1", &[&*url][..], "hello 200 1.1"),
        ("--http2-prior-knowledge", &[&*url], "hello 200 2"),
        ("--http1.1", &trust, "hello 200 1.1"),
        ("--http2", &trust, "hello 200 2"),
    ] {
        let arguments = [&[version][..], &data, url].concat();
        assert_eq!(curl(&program, &arguments).await, expected, "{arguments:?}");
    }
}

#[tokio::test]
async fn h2load_loses_nothing() {
    let Some([program]) = installed(["h2load"], "nghttp2-client") else {
        return;
    };
    let (gateway, backend) = start("").await;
    let url = format!("http://{}/a", gateway.address());
    let output = Command::new(program)
        .args(["-n", "3000", "-c", "5", "-m", "40", &url])
        .output();
    let output = in_time("h2load", output).await.expect("h2load");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        said.contains("3000 succeeded, 0 failed, 0 errored, 0 timeout"),
        "{said}"
    );
    assert_eq!(backend.log().asked.len(), 3000);
}

#[tokio::test]
async fn nghttp_is_served() {
    let Some([program]) = installed(["nghttp"], "nghttp2-client") else {
        return;
    };
    let (gateway, _backend) = start("").await;
    let directory = Directory::new();
    let body = directory.write("body", "from nghttp");
    let url = format!("http://{}/a", gateway.address());
    let output = Command::new(program)
        .arg("--data")
        .arg(body)
        .arg(url)
        .output();
    let output = in_time("nghttp", output).await.expect("nghttp");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "from nghttp");
}
