//! What endpoints say in their own protocol, asked or not, and what is thought of them for it.

use crate::support::config::Config;
use crate::support::gateway::Gateway;
use crate::support::teller::Teller;
use crate::support::wire::AuthReq;
use crate::support::{in_time, raw};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU16, Ordering};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

const STATES: &str = "gatewright_upstream_endpoints";
const PROBES: &str = "gatewright_upstream_probes_total";
/// Shared connections and those for requests that need one of their own are two pools.
const BOTH: f64 = 2.0;
/// A request of a client, as the host has it in its log.
const ASKED: &str = "M123 1250";
const EJECT_AT_ONCE: &str =
    r#"{ failures = 1, time = "1h", longest = "1h", share = "100%", errors = "server" }"#;

const fn state(state: &'static str) -> [(&'static str, &'static str); 2] {
    [("endpoint", "0"), ("state", state)]
}

async fn ask(gateway: &Gateway, requests: u32) -> Vec<u8> {
    let mut client = gateway.client().await;
    let mut statuses = Vec::new();
    for seq in 0..requests {
        statuses.push(client.ask(AuthReq::new(seq)).await.status);
    }
    statuses
}

/// A host whose probes, from merchant `PROBE`, are answered with that status.
async fn host(probes: &Arc<AtomicU8>) -> Teller {
    let probes = Arc::clone(probes);
    Teller::pos(move |asked| match asked.text.as_str() {
        "PROBE 7" => probes.load(Ordering::Relaxed),
        _ => 0,
    })
    .await
}

#[tokio::test]
async fn an_endpoint_is_out_while_its_reply_is_not_as_expected() {
    let (well, ill) = (Arc::default(), Arc::new(AtomicU8::new(51)));
    let (probed, other) = (host(&ill).await, host(&well).await);
    let health = r#"{ send = "auth_req", set = { merchant = "PROBE", pan = "${NONE:-}", amount = 7, currency = 978 }, expect = "auth_rsp", when = "status == 0", every = "20ms", fall = 2, rise = 2 }"#;
    let config = Config::forward("pos", [probed.url(), other.url()])
        .upstream_key("health", health)
        .upstream_key("slow-start", "\"0s\"")
        .upstream_key("balance", "\"round-robin\"");
    let gateway = Gateway::start(&config).await;
    gateway.until_metric(STATES, &state("ejected"), BOTH).await;
    ask(&gateway, 20).await;
    assert_eq!((probed.count(ASKED), other.count(ASKED)), (0, 20));
    let passed = [("endpoint", "1"), ("result", "passed")];
    gateway.until_metric(PROBES, &passed, 2.0).await;

    ill.store(0, Ordering::Relaxed);
    gateway.until_metric(STATES, &state("healthy"), BOTH).await;
    let asked = async {
        while probed.count(ASKED) == 0 {
            ask(&gateway, 2).await;
        }
    };
    in_time("its share of the requests", asked).await;
    let probing: Vec<_> = (probed.log().iter())
        .filter(|asked| asked.text == "PROBE 7")
        .map(|asked| asked.connection)
        .collect();
    let mut distinct = probing.clone();
    distinct.dedup();
    assert_eq!(probing, distinct, "each on a connection of its own");
}

#[tokio::test]
async fn no_reply_in_time_fails_a_probe() {
    let silent = Teller::resp(|_| None).await;
    let health = r#"{ send = "ping", every = "20ms", timeout = "20ms", fall = 2 }"#;
    let config = Config::forward("resp", [silent.url()]).upstream_key("health", health);
    let gateway = Gateway::start(&config).await;
    gateway.until_metric(STATES, &state("ejected"), BOTH).await;
}

/// Requests that pass unread, too: nobody asks this server anything but what clients do.
#[tokio::test]
async fn a_server_that_answers_nothing_in_time_is_ejected() {
    let silent = Teller::resp(|_| None).await;
    let config = Config::forward("resp", [silent.url()])
        .timeout("200ms")
        .upstream_key("eject", EJECT_AT_ONCE);
    let gateway = Gateway::start(&config).await;
    let mut client = raw::connect(&gateway).await;
    let ping = b"*1\r\n$4\r\nPING\r\n";
    client.write_all(ping).await.expect("taken");
    gateway.until_metric(STATES, &state("ejected"), 1.0).await;
}

/// Without an expectation, any reply that is no error does; an error is none.
#[tokio::test]
async fn an_error_is_no_answer_to_a_probe() {
    let loading = Arc::new(AtomicBool::new(true));
    let is_loading = Arc::clone(&loading);
    let redis = Teller::resp(move |_| {
        Some(match is_loading.load(Ordering::Relaxed) {
            true => b"-LOADING Redis is loading the dataset in memory\r\n".to_vec(),
            false => b"+PONG\r\n".to_vec(),
        })
    })
    .await;
    let health = r#"{ send = "ping", every = "20ms", fall = 2, rise = 2 }"#;
    let config = Config::forward("resp", [redis.url()]).upstream_key("health", health);
    let gateway = Gateway::start(&config).await;
    gateway.until_metric(STATES, &state("ejected"), BOTH).await;
    loading.store(false, Ordering::Relaxed);
    gateway.until_metric(STATES, &state("healthy"), BOTH).await;
}

#[tokio::test]
async fn replies_by_which_a_server_says_that_it_fails_eject_it() {
    let (good, bad) = (Teller::pos(|_| 0).await, Teller::pos(|_| 96).await);
    let config = Config::forward("pos", [bad.url(), good.url()])
        .upstream_key("balance", "\"round-robin\"")
        .upstream_key(
            "eject",
            r#"{ failures = 3, time = "1h", longest = "1h", errors = "server" }"#,
        );
    let gateway = Gateway::start(&config).await;
    let statuses = ask(&gateway, 40).await;
    let failed = statuses.iter().filter(|status| **status == 96).count();
    assert_eq!(failed, 3, "passed on as they came: {statuses:?}");
    assert_eq!(bad.log().len(), 3);
    gateway.until_metric(STATES, &state("ejected"), 1.0).await;
}

#[tokio::test]
async fn errors_of_requests_and_of_no_matter_eject_nobody() {
    let at_once = |errors: &str| EJECT_AT_ONCE.replace("\"server\"", errors);
    for (status, eject) in [
        (51, EJECT_AT_ONCE.to_owned()),
        (51, at_once("\"any\"")),
        (96, at_once("\"none\"")),
    ] {
        let host = Teller::pos(move |_| status).await;
        let config = Config::forward("pos", [host.url()])
            .upstream_key("panic", "\"0%\"")
            .upstream_key("eject", eject);
        let gateway = Gateway::start(&config).await;
        assert_eq!(ask(&gateway, 20).await, [status; 20]);
        assert_eq!(host.log().len(), 20);
    }
}

/// Sends commands at once and reads as many bytes as are expected.
async fn converse(gateway: &Gateway, commands: &[u8], expected: &[u8]) {
    let mut client = TcpStream::connect(gateway.front())
        .await
        .expect("a gateway");
    client.write_all(commands).await.expect("a peer that reads");
    let mut read = vec![0; expected.len()];
    let done = in_time("replies", client.read_exact(&mut read)).await;
    done.expect("replies");
    let text = |bytes: &[u8]| bytes.escape_ascii().to_string();
    assert_eq!(text(&read), text(expected));
}

/// Most replies of an ordered protocol are passed on without being read, but not errors.
#[tokio::test]
async fn an_error_among_replies_that_nobody_reads_is_seen() {
    let redis = Teller::resp(|asked| {
        Some(match asked.text.as_str() {
            "GET err" => b"-ERR no such thing\r\n".to_vec(),
            "GET busy" => b"-BUSY running a script\r\n".to_vec(),
            _ => b"$1\r\nv\r\n".to_vec(),
        })
    })
    .await;
    let config = Config::forward("resp", [redis.url()])
        .upstream_key("panic", "\"0%\"")
        .upstream_key("eject", EJECT_AT_ONCE);
    let gateway = Gateway::start(&config).await;
    let get = |key: &str| format!("*2\r\n$3\r\nGET\r\n${}\r\n{key}\r\n", key.len());
    let errors = [get("a"), get("err"), get("b")].concat();
    for _ in 0..3 {
        let replies = b"$1\r\nv\r\n-ERR no such thing\r\n$1\r\nv\r\n";
        converse(&gateway, errors.as_bytes(), replies).await;
    }
    let busy = [get("a"), get("busy"), get("b")].concat();
    let replies = b"$1\r\nv\r\n-BUSY running a script\r\n$1\r\nv\r\n";
    converse(&gateway, busy.as_bytes(), replies).await;
    gateway.until_metric(STATES, &state("ejected"), 1.0).await;
    converse(&gateway, get("a").as_bytes(), b"-UNREACHABLE").await;
}

/// A server of HTTP/1.1 that answers probes, which ask for `/healthz`, with that status, and all else with 503.
async fn web(probes: &Arc<AtomicU16>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let probes = Arc::clone(probes);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve_web(stream, Arc::clone(&probes)));
        }
    });
    url
}

async fn serve_web(stream: TcpStream, probes: Arc<AtomicU16>) {
    let host = format!("host: {}", stream.local_addr().expect("an address"));
    let mut stream = BufReader::new(stream);
    let mut head = Vec::new();
    let mut line = String::new();
    while stream.read_line(&mut line).await.is_ok_and(|read| read > 0) {
        if line != "\r\n" {
            head.push(line.trim_end().to_lowercase());
            line.clear();
            continue;
        }
        let is_probe = head[0] == "get /healthz http/1.1" && head.contains(&host);
        let status = match is_probe {
            true => probes.load(Ordering::Relaxed),
            false => 503,
        };
        let answer = format!("HTTP/1.1 {status} So\r\ncontent-length: 0\r\n\r\n");
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
        head.clear();
        line.clear();
    }
}

#[tokio::test]
async fn statuses_by_which_a_server_of_http1_says_that_it_fails_eject_it() {
    let config = Config::proxy([web(&Arc::default()).await])
        .upstream_key("panic", "\"0%\"")
        .upstream_key(
            "eject",
            r#"{ failures = 2, time = "1h", longest = "1h", share = "100%" }"#,
        );
    let gateway = Gateway::start(&config).await;
    let request = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n";
    for _ in 0..2 {
        converse(&gateway, request, b"HTTP/1.1 503").await;
    }
    gateway.until_metric(STATES, &state("ejected"), 1.0).await;
}

#[tokio::test]
async fn a_server_of_http1_is_probed_by_a_path() {
    let status = Arc::new(AtomicU16::new(404));
    let config = Config::proxy([web(&status).await]).upstream_key(
        "health",
        r#"{ path = "/healthz", every = "20ms", fall = 2, rise = 2 }"#,
    );
    let gateway = Gateway::start(&config).await;
    gateway.until_metric(STATES, &state("ejected"), 1.0).await;
    status.store(204, Ordering::Relaxed);
    gateway.until_metric(STATES, &state("healthy"), 1.0).await;
}
