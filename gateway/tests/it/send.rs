//! The verb `send` against the gateway, by what carries the bytes.

use crate::support::backend::Backend;
use crate::support::certificates::Authority;
use crate::support::config::Config;
use crate::support::gateway::{Directory, Gateway};
use std::process::Output;
use tokio::process::Command;

const REQUEST: &str =
    r#"{"auth_req":{"seq":7,"merchant":"M","pan":"4111","amount":1,"currency":978}}"#;

async fn send(to: &str, options: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gatewright"));
    command
        .env_clear()
        .args(["send", "-p", "pos", "--format=json", "--timeout=30s"])
        .args(["--to", to, REQUEST])
        .args(options);
    command.output().await.expect("the program")
}

#[track_caller]
fn is_answered(output: &Output) {
    let (said, told) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{told}");
    assert!(
        said.starts_with(r#"{"auth_rsp":{"seq":7,"status":0,"#),
        "{said}"
    );
}

#[track_caller]
fn is_told(output: &Output, code: i32, what: &str) {
    let told = text(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{told}");
    assert!(told.contains(what), "{told}");
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[tokio::test]
async fn messages_are_sent_by_websocket() {
    let backend = Backend::approving().await;
    let config = Config::pos([backend.url()])
        .websocket()
        .listener_key("websocket", r#"{ subprotocols = ["pos"] }"#);
    let gateway = Gateway::start(&config).await;
    let front = gateway.front();
    let to = format!("ws://{front}/pos?token=1");
    is_answered(&send(&to, &["--subprotocol=pos"]).await);
    let refused = "the answer is 400 instead of 101";
    is_told(&send(&to, &["--subprotocol=other"]).await, 1, refused);
    is_told(&send(&to, &[]).await, 1, refused);
    let elsewhere = send(&format!("ws://{front}/other"), &["--subprotocol=pos"]).await;
    is_told(&elsewhere, 1, "the answer is 404 instead of 101");
}

#[tokio::test]
async fn messages_are_sent_over_tls_with_websocket_and_without() {
    let authority = Authority::new();
    let identity = authority.issue(&["127.0.0.1"]);
    let (cert, key) = identity.pem();
    let backend = Backend::approving().await;
    let directory = Directory::new();
    let ca = directory.write("ca.pem", &authority.pem());
    let ca = format!("--ca={}", ca.display());
    for (scheme, path) in [("wss", "/pos"), ("tls", "")] {
        let mut config = Config::pos([backend.url()])
            .listener_key("tls", r#"{ cert = "a.pem", key = "a.key" }"#)
            .file("a.pem", cert)
            .file("a.key", key.clone());
        if scheme == "wss" {
            config = config.websocket();
        }
        let gateway = Gateway::start(&config).await;
        let to = format!("{scheme}://{}{path}", gateway.front());
        is_answered(&send(&to, &[&ca]).await);
        let unknown = send(&to, &[]).await;
        is_told(&unknown, 1, "cannot connect to 127.0.0.1:");
    }
}

#[tokio::test]
async fn a_server_that_asks_for_a_certificate_is_shown_one() {
    let (servers, clients) = (Authority::new(), Authority::new());
    let (server, client) = (servers.issue(&["127.0.0.1"]), clients.issue(&["till"]));
    let backend = Backend::approving().await;
    let config = Config::pos([backend.url()])
        .listener_key(
            "tls",
            r#"{ cert = "a.pem", key = "a.key", client-ca = "ca.pem" }"#,
        )
        .file("a.pem", server.pem().0)
        .file("a.key", server.pem().1)
        .file("ca.pem", clients.pem());
    let gateway = Gateway::start(&config).await;
    let directory = Directory::new();
    let option = |name: &str, text: &str| {
        let file = directory.write(&format!("{name}.pem"), text);
        format!("--{name}={}", file.display())
    };
    let (cert, key) = client.pem();
    let (ca, cert, key) = (
        option("ca", &servers.pem()),
        option("cert", cert),
        option("key", &key),
    );
    let to = format!("tls://{}", gateway.front());
    is_answered(&send(&to, &[&ca, &cert, &key]).await);
    let nobody = send(&to, &[&ca]).await;
    assert_eq!(nobody.status.code(), Some(1), "{}", text(&nobody.stderr));
    is_told(&send(&to, &[&ca, &cert]).await, 2, "--key <FILE>");
}

#[tokio::test]
async fn options_that_would_do_nothing_are_refused() {
    let plain = "tcp://127.0.0.1:1";
    is_told(
        &send(plain, &["--ca=ca.pem"]).await,
        2,
        "`--ca` is for tls:// and wss://",
    );
    let known = send(plain, &["--cert=a.pem", "--key=a.key"]).await;
    is_told(&known, 2, "`--cert` is for tls:// and wss://");
    let named = send(plain, &["--subprotocol=pos"]).await;
    is_told(&named, 2, "`--subprotocol` is for ws:// and wss://");
}
