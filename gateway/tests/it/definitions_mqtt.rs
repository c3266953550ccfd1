//! MQTT by definition: mosquitto's clients publish and subscribe at mosquitto, and publish to a
//! service over HTTP/2.

use crate::definitions::{recipe, run, said};
use crate::support::backend::{Action, Answer, Asked, Backend};
use crate::support::gateway::{Directory, Gateway};
use crate::support::in_time;
use crate::support::servers::{Server, installed};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::process::Command;

fn clients() -> Option<[PathBuf; 2]> {
    installed(["mosquitto_pub", "mosquitto_sub"], "mosquitto-clients")
}

async fn broker() -> Option<Server> {
    let [program] = installed(["mosquitto"], "mosquitto")?;
    let start = |directory: &Directory, [port]: [u16; 1]| {
        let config = format!("listener {port} 127.0.0.1\nallow_anonymous true\n");
        let mut command = Command::new(&program);
        command
            .arg("-c")
            .arg(directory.write("mosquitto.conf", &config));
        command
    };
    Some(Server::start(start).await)
}

/// What a client is told, and whom it asks.
fn client(program: &Path, at: SocketAddr, arguments: &str) -> Command {
    let mut command = Command::new(program);
    command
        .args(["-h", &at.ip().to_string(), "-p", &at.port().to_string()])
        .args(arguments.split(' '));
    command
}

async fn publish(program: &Path, at: SocketAddr, arguments: &str) {
    let output = run(&mut client(program, at, arguments)).await;
    assert!(output.status.success(), "{arguments}: {}", said(&output));
}

#[tokio::test]
async fn a_broker_is_used_through_the_gateway() {
    let (Some([publisher, subscriber]), Some(broker)) = (clients(), broker().await) else {
        return;
    };
    let url = format!("tcp://{}", broker.address(0));
    let gateway = recipe("mqtt", &[("tcp://127.0.0.1:1883", url)]).await;
    let (through, direct) = (gateway.listener("broker"), broker.address(0));
    // The first is kept by the broker: who gets it is subscribed, so that the others reach it.
    publish(&publisher, through, "-q 1 -r -t plant/7 -m kept").await;
    let mut subscribed = client(&subscriber, through, "-q 2 -v -C 4 -t plant/#")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("a client");
    let mut lines = BufReader::new(subscribed.stdout.take().expect("a pipe")).lines();
    let mut next = async || in_time("a message", lines.next_line()).await.expect("text");
    assert_eq!(next().await.as_deref(), Some("plant/7 kept"));
    for (at, message) in [
        (through, "-q 2 -t plant/8 -m exactly-once"),
        (through, "-q 0 -t plant/8 -m at-most-once"),
        (direct, "-q 1 -t plant/9 -m at-least-once"),
    ] {
        publish(&publisher, at, message).await;
        let (_, text) = message.rsplit_once(' ').expect("a message");
        let got = next().await.expect("a message");
        assert!(got.ends_with(text), "{got}");
    }
    assert_eq!(next().await, None);
    let ended = in_time("its end", subscribed.wait()).await;
    assert!(ended.expect("an end").success());
}

/// A service that knows all clients but one.
fn service(asked: &Asked) -> Action {
    let known = asked.target != "/sessions" || asked.json()["user"] != "mallory";
    Action::Answer(Answer::status(if known { 204 } else { 401 }))
}

async fn ingest(backend: &Backend) -> Gateway {
    recipe("mqtt", &[("h2c://127.0.0.1:8080", backend.url())]).await
}

#[tokio::test]
async fn publications_reach_a_service() {
    let Some([publisher, _]) = clients() else {
        return;
    };
    let backend = Backend::scripted(service).start().await;
    let gateway = ingest(&backend).await;
    let at = gateway.listener("ingest");
    publish(&publisher, at, "-i meter -q 1 -t plant/7 -m 21.5").await;
    let log = backend.until_asked(2).await;
    assert_eq!(log.asked[0].target, "/sessions");
    assert_eq!(log.asked[0].json()["client"], "meter");
    assert_eq!(log.asked[1].target, "/topics/plant%2F7");
    assert_eq!(log.asked[1].body, b"21.5");
    // Nobody waits for an answer to this one: its client leaves at once.
    publish(&publisher, at, "-i meter -q 0 -t plant/8 -m 22").await;
    let log = backend.until_asked(4).await;
    assert_eq!(log.asked[3].target, "/topics/plant%2F8");
    let refused = client(&publisher, at, "-u mallory -P x -q 1 -t plant/7 -m 0");
    let refused = run(&mut { refused }).await;
    assert!(!refused.status.success());
    assert!(
        said(&refused).contains("not authorised"),
        "{}",
        said(&refused)
    );
    assert_eq!(backend.log().asked.len(), 5);
}

/// The definition's heartbeat is the gateway's business, not the service's.
#[tokio::test]
async fn a_sign_of_life_is_answered_here() {
    let backend = Backend::scripted(service).start().await;
    let gateway = ingest(&backend).await;
    let mut client = TcpStream::connect(gateway.listener("ingest"))
        .await
        .expect("a gateway");
    client
        .write_all(&[0xc0, 0])
        .await
        .expect("a gateway that reads");
    let mut answer = [0; 2];
    let read = client.read_exact(&mut answer);
    in_time("an answer", read).await.expect("an answer");
    assert_eq!(answer, [0xd0, 0]);
    assert_eq!(backend.log().asked.len(), 0);
}
