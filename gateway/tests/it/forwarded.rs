//! What servers are told of where a request came from: by whom the gateway was asked, and what is believed of
//! what that one says.

use crate::support::backend::{Action, Answer, Asked, Backend};
use crate::support::gateway::Gateway;
use crate::support::in_time;
use crate::support::raw;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// The lines that are about it, sorted by name; those of one name in their order.
fn lines<'l>(all: impl Iterator<Item = (String, &'l str)>) -> String {
    let told = [
        "via",
        "forwarded",
        "x-forwarded-for",
        "x-forwarded-host",
        "x-forwarded-proto",
        "traceparent",
        "tracestate",
    ];
    let mut lines: Vec<_> = all
        .filter(|(name, _)| told.contains(&name.as_str()))
        .collect();
    lines.sort_by(|a, b| a.0.cmp(&b.0));
    let lines = lines
        .iter()
        .map(|(name, value)| format!("{name}: {value}\n"));
    lines.collect()
}

/// A server of HTTP/2 that answers with what it was told.
fn teller(asked: &Asked) -> Action {
    let all = asked.headers.iter();
    let all = all.map(|(name, value)| (name.to_string(), value.to_str().expect("text")));
    Action::Answer(Answer::status(200).body(lines(all)))
}

async fn head(stream: &mut TcpStream) -> String {
    let mut read = Vec::new();
    while !read.ends_with(b"\r\n\r\n") {
        read.push(in_time("a head", stream.read_u8()).await.expect("a head"));
    }
    String::from_utf8(read).expect("text")
}

/// The same in HTTP/1.1, as long as it is asked.
async fn tell(listener: TcpListener) {
    while let Ok((mut stream, _)) = listener.accept().await {
        tokio::spawn(async move {
            let head = head(&mut stream).await;
            let all = head.lines().filter_map(|line| line.split_once(": "));
            let told = lines(all.map(|(name, value)| (name.to_lowercase(), value)));
            let length = told.len();
            let answer = format!(
                "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{told}"
            );
            stream.write_all(answer.as_bytes()).await.expect("a client");
        });
    }
}

/// What the server behind a path is told of a request with these lines.
async fn ask(gateway: SocketAddr, path: &str, lines: &[&str]) -> String {
    let mut stream = TcpStream::connect(gateway).await.expect("a gateway");
    let lines = lines.join("\r\n");
    let request = format!("GET {path} HTTP/1.1\r\nHost: shop.example:81\r\n{lines}\r\n\r\n");
    stream
        .write_all(request.as_bytes())
        .await
        .expect("a gateway");
    let head = head(&mut stream).await;
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    let length = length.or_else(|| {
        head.lines()
            .find_map(|line| line.strip_prefix("Content-Length: "))
    });
    let mut body = vec![0; length.expect("a length").parse().expect("a number")];
    in_time("a body", stream.read_exact(&mut body))
        .await
        .expect("a body");
    String::from_utf8(body).expect("text")
}

const SAID: [&str; 10] = [
    "X-Forwarded-For: 192.0.2.1, 192.0.2.2",
    "x-forwarded-for: 192.0.2.3",
    "X-Forwarded-Proto: https",
    "X-Forwarded-Host: a.example",
    "Forwarded: for=192.0.2.1;proto=https",
    "forwarded: for=\"[2001:db8::1]:4711\"",
    "Via: 2 edge",
    "X-Forwarded-Port: 443",
    "Traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    "Tracestate: a=b",
];

/// What listeners say of whom they trust, by their names.
const LISTENERS: [(&str, &str); 7] = [
    ("plain", ""),
    (
        "strangers",
        "forwarded = { trusted = [\"10.0.0.0/8\", \"::1\", \"127.0.0.2\"] }",
    ),
    (
        "trusted",
        "forwarded = { trusted = [\"10.0.0.0/8\", \"127.0.0.0/8\"] }",
    ),
    (
        "rfc",
        "forwarded = { trusted = \"127.0.0.1\", fields = \"forwarded\" }",
    ),
    (
        "both",
        "forwarded = { trusted = \"127.0.0.1\", fields = \"both\" }",
    ),
    ("said", "forwarded.fields = \"forwarded\""),
    ("untold", "forwarded.fields = \"none\""),
];

/// All of them, in front of a server of either version, each at a path. Neither is told of traces.
fn config(http1: &str, http2: &str) -> String {
    let mut text = format!(
        "[gateway]\nworkers = 1\n[admin]\nhttp = \"127.0.0.1:0\"\n[upstreams.one]\nurl = \"{http1}\"\ntraceparent = false\n[upstreams.two]\nurl = \"{http2}\"\ntraceparent = false\n"
    );
    for (name, keys) in LISTENERS {
        text += &format!(
            "[listeners.{name}]\nbind = \"tcp://127.0.0.1:0\"\nprotocol = \"http\"\n{keys}\n"
        );
    }
    for upstream in ["one", "two"] {
        let names = LISTENERS.map(|(name, _)| name);
        text += &format!(
            "[[routes]]\nfrom = {names:?}\noperation = \"* /{upstream}\"\nto = \"{upstream}\"\n"
        );
    }
    text
}

#[tokio::test]
async fn trusted_proxies_are_added_to_and_others_are_not_believed() {
    let (listener, http1) = raw::listener().await;
    tokio::spawn(tell(listener));
    let http1 = http1.replace("tcp://", "http://");
    let http2 = Backend::scripted(teller).start().await;
    let gateway = Gateway::start_text(&config(&http1, &http2.url()), &[]).await;
    let via = "via: 1.1 gatewright\n";
    let chain = "via: 2 edge\nvia: 1.1 gatewright\n";
    let own =
        "x-forwarded-for: 127.0.0.1\nx-forwarded-host: shop.example:81\nx-forwarded-proto: http\n";
    let added = "x-forwarded-for: 192.0.2.1, 192.0.2.2, 192.0.2.3, 127.0.0.1\nx-forwarded-host: a.example\nx-forwarded-proto: https\n";
    let element = "for=127.0.0.1;host=\"shop.example:81\";proto=http";
    let own_element = format!("forwarded: {element}\n");
    let added_element =
        format!("forwarded: for=192.0.2.1;proto=https, for=\"[2001:db8::1]:4711\", {element}\n");
    for (name, said, expected) in [
        ("plain", &SAID[..], format!("{chain}{own}")),
        ("plain", &["Accept: *"], format!("{via}{own}")),
        ("strangers", &SAID, format!("{chain}{own}")),
        ("trusted", &SAID, format!("{chain}{added}")),
        // A proxy that says nothing is a client like any other.
        ("trusted", &["Accept: *"], format!("{via}{own}")),
        (
            "trusted",
            &["X-Forwarded-For:", "X-Forwarded-Host: b"],
            format!("{via}{}", own.replace("shop.example:81", "b")),
        ),
        ("rfc", &SAID, format!("{added_element}{chain}")),
        ("rfc", &["Accept: *"], format!("{own_element}{via}")),
        ("both", &SAID, format!("{added_element}{chain}{added}")),
        ("said", &SAID, format!("{own_element}{chain}")),
        ("untold", &SAID, chain.to_owned()),
        ("untold", &["Accept: *"], via.to_owned()),
        // What `Connection` names is between neighbours, whoever they are.
        (
            "trusted",
            &["Connection: x-forwarded-for", "X-Forwarded-For: 192.0.2.1"],
            format!("{via}{own}"),
        ),
    ] {
        for path in ["/one", "/two"] {
            let told = ask(gateway.listener(name), path, said).await;
            assert_eq!(told, expected, "{name} {path} {said:?}");
        }
    }
}
