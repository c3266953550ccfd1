//! HTTP/2 servers that others wrote: nghttpd and nginx, in the clear and over TLS.

use crate::support::certificates::Authority;
use crate::support::client::Client;
use crate::support::config::{Config, status};
use crate::support::gateway::{Directory, Gateway};
use crate::support::servers::{Server, installed};
use crate::support::wire::AuthReq;
use std::path::Path;
use tokio::process::Command;

const APPROVAL: &str = r#"{"approval_code":"REAL01"}"#;

/// Writes a server's certificate for `localhost`, and its key.
fn identify(authority: &Authority, directory: &Directory) {
    let identity = authority.issue(&["localhost"]);
    let (certificate, key) = identity.pem();
    directory.write("certificate.pem", certificate);
    directory.write("key.pem", &key);
}

fn nghttpd(program: &Path, directory: &Directory, port: u16) -> Command {
    let files = directory.path().join("files/v1/merchants/M123");
    std::fs::create_dir_all(&files).expect("a directory");
    std::fs::write(files.join("authorisations"), APPROVAL).expect("a file");
    let mut command = Command::new(program);
    command
        .current_dir(directory.path())
        .args(["--address=127.0.0.1", "--htdocs=files"])
        .arg(port.to_string());
    command
}

fn nginx(program: &Path, directory: &Directory, clear: u16, tls: u16) -> Command {
    let config = format!(
        r#"daemon off;
master_process off;
pid nginx.pid;
error_log stderr info;
events {{ }}
http {{
    access_log off;
    client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;
    http2_max_concurrent_streams 8;
    keepalive_requests 50;
    server {{
        listen 127.0.0.1:{clear} http2;
        listen 127.0.0.1:{tls} ssl http2;
        ssl_certificate certificate.pem;
        ssl_certificate_key key.pem;
        location = /v1/merchants/M123/authorisations {{ return 200 '{APPROVAL}'; }}
        location = /v1/merchants/POOR/authorisations {{ return 402; }}
        location / {{ return 404; }}
    }}
}}
"#
    );
    directory.write("nginx.conf", &config);
    let mut command = Command::new(program);
    command
        .arg("-p")
        .arg(directory.path())
        .args(["-c", "nginx.conf", "-e", "stderr"]);
    command
}

/// Sends many requests at a time, good ones and bad ones.
async fn exchange(client: &mut Client, requests: u32) {
    let known = |seq: u32| {
        if seq.is_multiple_of(4) {
            "NOBODY"
        } else {
            "M123"
        }
    };
    client
        .send((0..requests).map(|seq| AuthReq::new(seq).merchant(known(seq))))
        .await;
    for seq in 0..requests {
        let reply = client.reply_to(seq).await;
        match known(seq) {
            "M123" => assert_eq!(
                (reply.status, reply.code.as_str()),
                (status::APPROVED, "REAL01"),
                "request {seq}"
            ),
            _ => assert_eq!(reply.status, status::FAILED, "request {seq}"),
        }
    }
}

#[tokio::test]
async fn nghttpd_in_the_clear() {
    let Some([program]) = installed(["nghttpd"], "nghttp2-server") else {
        return;
    };
    let server = Server::start(|directory, [port]| {
        let mut command = nghttpd(&program, directory, port);
        command.arg("--no-tls");
        command
    })
    .await;
    let gateway = Gateway::start(&Config::pos([format!("h2c://{}", server.address(0))])).await;
    exchange(&mut gateway.client().await, 200).await;
}

#[tokio::test]
async fn nghttpd_over_tls() {
    let Some([program]) = installed(["nghttpd"], "nghttp2-server") else {
        return;
    };
    let authority = Authority::new();
    let server = Server::start(|directory, [port]| {
        identify(&authority, directory);
        let mut command = nghttpd(&program, directory, port);
        command.args(["key.pem", "certificate.pem"]);
        command
    })
    .await;
    let url = format!("https://localhost:{}", server.address(0).port());
    let gateway = Gateway::start(&Config::pos([url]).trusting(authority.pem())).await;
    exchange(&mut gateway.client().await, 200).await;
}

/// nginx closes a connection after so many requests: reconnecting must not show.
#[tokio::test]
async fn nginx_in_the_clear_and_over_tls() {
    let Some([program]) = installed(["nginx"], "nginx") else {
        return;
    };
    let authority = Authority::new();
    let server = Server::start(|directory, [clear, tls]| {
        identify(&authority, directory);
        nginx(&program, directory, clear, tls)
    })
    .await;
    let clear = format!("h2c://{}", server.address(0));
    let tls = format!("https://localhost:{}", server.address(1).port());
    for url in [clear, tls] {
        let config = Config::pos([url])
            .trusting(authority.pem())
            .upstream("queue-wait", "\"1h\"")
            .attempts(10);
        let gateway = Gateway::start(&config).await;
        let mut client = gateway.client().await;
        exchange(&mut client, 200).await;
        let poor = client.ask(AuthReq::new(1000).merchant("POOR")).await;
        assert_eq!(poor.status, status::DECLINED);
    }
}
