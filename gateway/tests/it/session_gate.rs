//! Clients that have to open a session: nothing else of theirs passes before that has succeeded.

use crate::support::backend::{Action, Answer, Asked, Backend};
use crate::support::gateway::Gateway;
use crate::support::in_time;
use crate::support::raw::{accept, connect, end, expect, listener};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Frames of a kind, a number and a value. Anything may be refused; what is told has no answer.
const DEFINITION: &str = r#"
meta: {id: gated, endian: be}
-gateway:
  frame: {fixed: 3, max: 3}
  operation: kind
  kind: 'kind.to_i >= 0x80 ? "reply" : kind.to_i >= 0x40 ? "event" : "request"'
  id: tag
  error: kind == kind::refused
  REJECT
  session: {open: [login], close: [logout]}
seq:
  - {id: kind, type: u1, enum: kind, valid: {in-enum: true}}
  - {id: tag, type: u1}
  - {id: value, type: u1, -gateway: {default: 0}}
enums:
  kind:
    1: login
    2: {id: ask, -gateway: {timeout: 300ms}}
    0x41: {id: tell, -gateway: {one-way: true}}
    0x42: {id: logout, -gateway: {one-way: true}}
    0x81: welcome
    0x82: answer
    0x83: refused
"#;
const REJECT: &str = "reject: {operation: refused, set: {value: 9}}";
const LOGIN: &str = r#"
[[routes]]
from = "front"
operation = "login"
to = "service"
request.post = "/login/{value}"
reply = [
  { on = "2xx", send = "welcome" },
  { on = "*", send = "refused", set = { value = 1 } },
]
"#;
const REST: &str = r#"
[[routes]]
from = "front"
operation = "ask"
to = "service"
request.post = "/ask/{value}"
reply = [{ on = "2xx", send = "answer", set = { value = 5 } }, { on = "*" }]
[[routes]]
from = "front"
operation = "tell"
to = "service"
request.post = "/tell/{value}"
"#;

async fn gateway(reject: &str, upstream: &str, routes: &[&str]) -> Gateway {
    let routes = routes.concat();
    let text = format!(
        r#"
[gateway]
workers = 1
[admin]
http = "127.0.0.1:0"
[protocols.gated]
definition = "gated.ksy"
[listeners.front]
bind = "tcp://127.0.0.1:0"
protocol = "gated"
[upstreams.service]
{upstream}
{routes}
"#
    );
    let definition = DEFINITION.replace("REJECT", reject);
    Gateway::start_text(&text, &[("gated.ksy".to_owned(), definition)]).await
}

/// Who logs in with 7 is let in.
fn service(asked: &Asked) -> Action {
    if asked.target == "/ask/99" {
        return Action::Silence;
    }
    let refused = asked.target.starts_with("/login/") && asked.target != "/login/7";
    Action::Answer(Answer::status(if refused { 403 } else { 204 }))
}

async fn ask(client: &mut TcpStream, request: [u8; 3]) -> [u8; 3] {
    client.write_all(&request).await.expect("a gateway");
    let mut reply = [0; 3];
    let read = in_time("a reply", client.read_exact(&mut reply)).await;
    read.expect("a reply");
    reply
}

#[tokio::test]
async fn nothing_passes_before_a_session_is_open() {
    let backend = Backend::scripted(service).start().await;
    let url = format!("url = {:?}", backend.url());
    let gateway = gateway(REJECT, &url, &[LOGIN, REST]).await;
    let mut client = connect(&gateway).await;
    assert_eq!(ask(&mut client, [2, 1, 0]).await, [0x83, 1, 9]);
    client.write_all(&[0x41, 0, 3]).await.expect("a gateway");
    // One that is refused opens nothing.
    assert_eq!(ask(&mut client, [1, 2, 6]).await, [0x83, 2, 1]);
    assert_eq!(ask(&mut client, [2, 3, 0]).await, [0x83, 3, 9]);
    assert_eq!(ask(&mut client, [1, 4, 7]).await, [0x81, 4, 0]);
    assert_eq!(ask(&mut client, [2, 5, 0]).await, [0x82, 5, 5]);
    client.write_all(&[0x41, 0, 4]).await.expect("a gateway");
    let log = backend.until_asked(4).await;
    let targets: Vec<&str> = log
        .asked
        .iter()
        .map(|asked| asked.target.as_str())
        .collect();
    assert_eq!(targets, ["/login/6", "/login/7", "/ask/0", "/tell/4"]);
    // Each client opens its own.
    let mut other = connect(&gateway).await;
    assert_eq!(ask(&mut other, [2, 1, 0]).await, [0x83, 1, 9]);
    let unopened = "gatewright_unopened_total";
    let counted = gateway
        .metrics()
        .await
        .sum(unopened, &[("listener", "front")]);
    assert_eq!(counted, 4.0);
    // What ends a session ends the connection.
    client.write_all(&[0x42, 0, 0]).await.expect("a gateway");
    assert_eq!(end(&mut client).await, Ok(()));
}

#[tokio::test]
async fn a_protocol_that_cannot_refuse_ends_the_connection() {
    let backend = Backend::scripted(service).start().await;
    let url = format!("url = {:?}", backend.url());
    let gateway = gateway("", &url, &[LOGIN, REST]).await;
    let mut client = connect(&gateway).await;
    client.write_all(&[2, 1, 0]).await.expect("a gateway");
    assert_eq!(end(&mut client).await, Ok(()));
    assert_eq!(backend.log().asked.len(), 0);
}

#[tokio::test]
async fn where_nothing_takes_a_login_none_is_needed() {
    let backend = Backend::scripted(service).start().await;
    let url = format!("url = {:?}", backend.url());
    let gateway = gateway(REJECT, &url, &[REST]).await;
    let mut client = connect(&gateway).await;
    assert_eq!(ask(&mut client, [2, 1, 0]).await, [0x82, 1, 5]);
    assert_eq!(ask(&mut client, [1, 2, 7]).await, [0x83, 2, 9]);
}

/// The route would wait for much longer.
#[tokio::test]
async fn a_request_has_the_time_that_its_definition_gives_it() {
    let backend = Backend::scripted(service).start().await;
    let upstream = format!("url = {:?}\ntimeout = \"10m\"", backend.url());
    let gateway = gateway(REJECT, &upstream, &[REST]).await;
    let mut client = connect(&gateway).await;
    assert_eq!(ask(&mut client, [2, 1, 99]).await, [0x83, 1, 9]);
    let outcome = [("listener", "front"), ("outcome", "timeout")];
    let timed_out = gateway
        .metrics()
        .await
        .sum("gatewright_exchanges_total", &outcome);
    assert_eq!(timed_out, 1.0);
}

/// A client's request that waits for the login which the gateway itself has just sent: the gateway, the client,
/// the server's end and that login.
async fn awaiting_login(sharing: &str) -> (Gateway, TcpStream, TcpStream, [u8; 3]) {
    let (host, url) = listener().await;
    let upstream = format!(
        "url = {url:?}\nprotocol = \"gated\"\n{sharing}session.open = {{ send = \"login\", set = {{ value = 8 }} }}"
    );
    let forward = "[[routes]]\nfrom = \"front\"\nto = \"service\"\n";
    let gateway = gateway(REJECT, &upstream, &[forward]).await;
    let mut client = connect(&gateway).await;
    client.write_all(&[2, 1, 0]).await.expect("a gateway");
    let mut upstream = accept(&host).await;
    let mut login = [0; 3];
    let read = in_time("a login", upstream.read_exact(&mut login)).await;
    assert_eq!((read.expect("a login"), login[0], login[2]), (3, 1, 8));
    (gateway, client, upstream, login)
}

/// The gateway logs in for all of them.
#[tokio::test]
async fn who_uses_a_session_of_the_gateway_need_not_open_one() {
    let (_gateway, mut client, mut upstream, mut frame) = awaiting_login("").await;
    upstream
        .write_all(&[0x81, frame[1], 0])
        .await
        .expect("a gateway");
    let read = in_time("a request", upstream.read_exact(&mut frame)).await;
    assert_eq!((read.expect("a request"), frame[0]), (3, 2));
    upstream
        .write_all(&[0x82, frame[1], 4])
        .await
        .expect("a gateway");
    let mut reply = [0; 3];
    let read = in_time("a reply", client.read_exact(&mut reply)).await;
    assert_eq!((read.expect("a reply"), reply), (3, [0x82, 1, 4]));
}

/// The same, but the server refuses: that is no connection, whatever the reply's operation.
#[tokio::test]
async fn a_login_that_a_server_refuses_is_a_connect_that_fails() {
    let (gateway, _client, mut upstream, frame) = awaiting_login("").await;
    upstream
        .write_all(&[0x83, frame[1], 0])
        .await
        .expect("a gateway");
    assert_eq!(end(&mut upstream).await, Ok(()));
    let failed = "gatewright_upstream_connects_failed_total";
    gateway
        .until_metric(failed, &[("upstream", "service")], 1.0)
        .await;
}

/// As one that sends data, or asks by itself, does right after a login.
#[tokio::test]
async fn what_a_server_says_right_after_a_login_is_for_the_client_that_is_bound_to_it() {
    let (_gateway, mut client, mut upstream, mut frame) =
        awaiting_login("sharing = \"bound\"\n").await;
    let said = [0x81, frame[1], 0, 0x41, 0, 1, 0x41, 0];
    upstream.write_all(&said).await.expect("a gateway");
    let read = in_time("a request", upstream.read_exact(&mut frame)).await;
    assert_eq!((read.expect("a request"), frame), (3, [2, 1, 0]));
    upstream.write_all(&[2]).await.expect("a gateway");
    expect(&mut client, &[0x41, 0, 1, 0x41, 0, 2]).await;
}
