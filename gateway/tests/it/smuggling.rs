//! What the codec refuses, sent to a gateway: nothing of a head that is refused goes upstream, of a body that
//! is refused no whole request does, and what hides behind either is nobody's request.

#[path = "../../../codecs/src/http1/tests/refused.rs"]
mod refused;

use crate::support::config::Config;
use crate::support::gateway::{Directory, Gateway};
use crate::support::in_time;
use crate::support::raw;
use crate::support::servers::{Server, installed};
use crate::support::web::find;
use refused::{HIDDEN, REFUSED};
use std::path::Path;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::Command;

const GOOD: &[u8] = b"GET /good HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

/// Each row with a path of its own.
fn rows() -> impl Iterator<Item = Vec<u8>> {
    let row = |(n, (fields, body)): (usize, &(&str, &str))| {
        format!("POST /row{n} HTTP/1.1\r\nHost: a\r\n{fields}\r\n\r\n{body}{HIDDEN}").into_bytes()
    };
    REFUSED.iter().enumerate().map(row)
}

/// What the gateway says to the bytes until it closes.
async fn told(gateway: &Gateway, bytes: &[u8]) -> String {
    let mut client = raw::connect(gateway).await;
    client.write_all(bytes).await.expect("a write");
    let mut said = Vec::new();
    // A reset is an end, too: what was said before it counts.
    let _ = in_time("an end", client.read_to_end(&mut said)).await;
    String::from_utf8(said).expect("text")
}

async fn all_are_refused(gateway: &Gateway) {
    for row in rows() {
        let said = told(gateway, &row).await;
        let row = row.escape_ascii();
        let refused = ["400", "413", "501"].contains(&said.get(9..12).unwrap_or_default());
        assert!(refused, "{row}: {said}");
        assert_eq!(said.matches("HTTP/1.1 ").count(), 1, "{row}: {said}");
    }
    let said = told(gateway, GOOD).await;
    assert!(said.starts_with("HTTP/1.1 200 "), "{said}");
}

/// All that came over each connection.
type Records = Arc<Mutex<Vec<Vec<u8>>>>;

/// A server that takes everything down, and answers the good request only.
async fn record(listener: TcpListener, records: Records) {
    while let Ok((stream, _)) = listener.accept().await {
        let at = {
            let mut records = records.lock().expect("records");
            records.push(Vec::new());
            records.len() - 1
        };
        tokio::spawn(record_one(stream, Arc::clone(&records), at));
    }
}

async fn record_one(mut stream: TcpStream, records: Records, at: usize) {
    let mut read = Vec::new();
    while stream.read_buf(&mut read).await.is_ok_and(|n| n > 0) {
        records.lock().expect("records")[at].clone_from(&read);
        if read.starts_with(b"GET /good ") && find(&read, b"\r\n\r\n").is_some() {
            let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
            stream.write_all(answer).await.expect("a write");
        }
    }
}

#[tokio::test]
async fn nothing_that_is_refused_is_a_request_upstream() {
    let (listener, url) = raw::listener().await;
    let records = Records::default();
    tokio::spawn(record(listener, Arc::clone(&records)));
    let gateway = Gateway::start(&Config::forward("http", [url])).await;
    all_are_refused(&gateway).await;
    let records = records.lock().expect("records");
    let good = |record: &&Vec<u8>| record.starts_with(b"GET /good ");
    assert_eq!(records.iter().filter(good).count(), 1);
    let begun = |record: &&Vec<u8>| !record.is_empty() && !good(record);
    for record in records.iter().filter(begun) {
        let text = String::from_utf8_lossy(record);
        assert_eq!(text.matches("HTTP/1.1\r\n").count(), 1, "{text}");
        // Its head was good, and its body has no end.
        assert!(text.contains("transfer-encoding: chunked\r\n"), "{text}");
        assert!(
            !text.contains("\r\n0\r\n") && !text.contains("hidden"),
            "{text}"
        );
    }
}

fn nginx(program: &Path, directory: &Directory, port: u16) -> Command {
    let config = format!(
        r#"daemon off;
master_process off;
pid nginx.pid;
error_log stderr crit;
events {{ }}
http {{
    log_format asked '$request $status';
    access_log asked.log asked;
    client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;
    server {{
        listen 127.0.0.1:{port};
        location / {{ return 200 'good'; }}
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

/// What nginx takes for requests, by its own account: the good one. Others were cut.
#[tokio::test]
async fn nginx_sees_no_request_in_what_is_refused() {
    let Some([program]) = installed(["nginx"], "nginx") else {
        return;
    };
    let server = Server::start(|directory, [port]| nginx(&program, directory, port)).await;
    let url = format!("http://{}", server.address(0));
    let gateway = Gateway::start(&Config::forward("http", [url])).await;
    all_are_refused(&gateway).await;
    let logged = async {
        loop {
            let log = server.read("asked.log");
            if log.contains("/good") {
                return log;
            }
            tokio::task::yield_now().await;
        }
    };
    let log = in_time("nginx to log it", logged).await;
    let good: Vec<_> = log.lines().filter(|line| line.ends_with(" 200")).collect();
    assert_eq!(good, ["GET /good HTTP/1.1 200"], "{log}");
    assert!(!log.contains("hidden"), "{log}");
}
