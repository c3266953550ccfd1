//! Messages that become messages of another protocol, or others of the same, and replies that
//! come back so.

use crate::support::config::Config;
use crate::support::gateway::Gateway;
use crate::support::host::{Host, HostConnection};
use crate::support::in_time;
use crate::support::wire::{AuthReq, AuthRsp};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// The rest of each list of reply rules: every outcome has a status of its own.
const FAULTS: &str = r#"
  { on = "timeout", send = "auth_rsp", set = { status = 91 } },
  { on = "unreachable", send = "auth_rsp", set = { status = 92 } },
  { on = "bad-reply", send = "auth_rsp", set = { status = 93 } },
  { on = "bad-request", send = "auth_rsp", set = { status = 94 } },
  { on = "*", send = "auth_rsp", set = { status = 96 } },
]"#;

const TO_DNS: &str = r#"
operation = "auth_req"
request.send = "query"
request.set = { rd = true, questions = [{ name = "{merchant}.a{amount}.test", type = "TXT" }] }
reply = [
  { on = "answer", when = "rcode == rcode::NOERROR", send = "auth_rsp", set = { status = 0, code = "{answers[0].data.to_s('ASCII').substring(1, 7)}" } },
  { on = "answer", when = "rcode == rcode::NXDOMAIN", send = "auth_rsp", set = { status = 51, code = "{upper(request.merchant)}--" } },"#;

const TO_POS: &str = r#"
operation = "auth_req"
request.send = "auth_req"
request.set = { merchant = "GW-{merchant}", pan = "{pan}", amount = "{amount * 2}", currency = 840 }
reply = [
  { on = "auth_rsp", when = "status == 0", send = "auth_rsp", set = { status = "{request.amount / 100}", code = "{lower(code)}" } },
  { on = "auth_rsp", send = "auth_rsp", set = { status = "{status + 100}" } },"#;

const TO_RESP: &str = r#"
operation = "auth_req"
request.send = "get"
request.set = { args = ["{utf8('code:' + merchant + ':' + string(amount))}"] }
reply = [
  { on = "reply", when = "type == type::bulk", send = "auth_rsp", set = { status = 0, code = "{data.to_s('ASCII')}" } },
  { on = "reply", send = "auth_rsp", set = { status = 51 } },
  { on = "error", send = "auth_rsp", set = { status = 52, code = "{(code + '------').substring(0, 6)}" } },"#;

fn config(upstream: &str, hosts: &[&Host], rules: &str) -> Config {
    let urls = hosts.iter().map(|host| host.url());
    let config = Config::convert("pos", upstream, urls, &format!("{rules}{FAULTS}"));
    config.upstream("connections", 1)
}

fn told(reply: &AuthRsp) -> (u32, u8, &str) {
    (reply.seq, reply.status, &reply.code)
}

/// The id of the next query, which must ask for that name.
async fn query(host: &mut HostConnection, labels: &[&str]) -> [u8; 2] {
    let mut expected = vec![0x01, 0x00, 0, 1, 0, 0, 0, 0, 0, 0];
    for label in labels {
        expected.push(u8::try_from(label.len()).expect("a label"));
        expected.extend(label.as_bytes());
    }
    expected.extend([0, 0, 16, 0, 1]);
    let frame = host.read(4 + expected.len()).await;
    assert_eq!(
        usize::from(u16::from_be_bytes([frame[0], frame[1]])),
        2 + expected.len()
    );
    assert_eq!(frame[4..], expected);
    [frame[2], frame[3]]
}

/// An answer with this code, and a TXT record of this text if there is one.
async fn answer(host: &mut HostConnection, id: [u8; 2], rcode: u8, text: Option<&str>) {
    let records = u8::from(text.is_some());
    let mut message = [&id[..], &[0x81, 0x80 | rcode, 0, 0, 0, records, 0, 0, 0, 0]].concat();
    if let Some(text) = text {
        let length = u8::try_from(text.len()).expect("a short text");
        message.extend([0, 0, 16, 0, 1, 0, 0, 0, 0, 0, length + 1, length]);
        message.extend(text.as_bytes());
    }
    let length = u16::try_from(message.len()).expect("a short message");
    host.send(&[&length.to_be_bytes()[..], &message].concat())
        .await;
}

#[tokio::test]
async fn terminals_ask_name_servers() {
    let host = Host::start().await;
    // Each message is one line of the log, with the reply's name in the other protocol.
    let text = config("dns", &[&host], TO_DNS).text();
    let text = format!("[log]\nmessages = true\n{text}");
    let gateway = Gateway::start_text(&text, &[]).await;
    let (mut one, mut two) = (gateway.client().await, gateway.client().await);
    one.send([AuthReq::new(7).amount(1)]).await;
    let mut upstream = host.accept().await;
    let first = query(&mut upstream, &["M123", "a1", "test"]).await;
    two.send([AuthReq::new(7).amount(2)]).await;
    let second = query(&mut upstream, &["M123", "a2", "test"]).await;
    assert_ne!(first, second, "ids are the connection's own");
    answer(&mut upstream, second, 0, Some("A1B2C3")).await;
    answer(&mut upstream, first, 3, None).await;
    assert_eq!(told(&two.reply_to(7).await), (7, 0, "A1B2C3"));
    assert_eq!(told(&one.reply_to(7).await), (7, 51, "M123--"));
    assert!(
        gateway.stderr().contains("reply=\"answer\""),
        "{}",
        gateway.stderr()
    );
}

#[tokio::test]
async fn what_cannot_be_said_upstream_is_not_sent() {
    let host = Host::start().await;
    let gateway = Gateway::start(&config("dns", &[&host], TO_DNS)).await;
    let mut client = gateway.client().await;
    // Two dots make an empty label, which no name has.
    let refused = client.ask(AuthReq::new(1).merchant("a..b")).await;
    assert_eq!(told(&refused), (1, 94, "------"));
    client.send([AuthReq::new(2)]).await;
    let mut upstream = host.accept().await;
    let id = query(&mut upstream, &["M123", "a1250", "test"]).await;
    answer(&mut upstream, id, 5, None).await;
    assert_eq!(told(&client.reply_to(2).await), (2, 96, "------"));
}

#[tokio::test]
async fn what_servers_say_is_translated_or_a_bad_reply() {
    let host = Host::start().await;
    let gateway = Gateway::start(&config("dns", &[&host], TO_DNS)).await;
    let mut client = gateway.client().await;
    client.send([1, 2].map(AuthReq::new)).await;
    let mut upstream = host.accept().await;
    // A text that is too short to have a code, and no text at all.
    for text in [Some("A"), None] {
        let id = query(&mut upstream, &["M123", "a1250", "test"]).await;
        answer(&mut upstream, id, 0, text).await;
    }
    for seq in [1, 2] {
        assert_eq!(told(&client.reply_to(seq).await), (seq, 93, "------"));
    }
}

async fn host_answers(host: &mut HostConnection, expected: AuthReq, status: u8) -> u32 {
    let frame = host.frame().await;
    let seq = u32::from_be_bytes([frame[5], frame[6], frame[7], frame[8]]);
    assert_eq!(frame, AuthReq { seq, ..expected }.bytes());
    let code = "DONE42".to_owned();
    host.send(&AuthRsp { seq, status, code }.bytes()).await;
    seq
}

fn changed(merchant: &str, amount: u32) -> AuthReq {
    AuthReq {
        currency: 840,
        ..AuthReq::new(0).merchant(merchant).amount(amount)
    }
}

#[tokio::test]
async fn messages_of_the_same_protocol_are_changed() {
    let host = Host::start().await;
    let gateway = Gateway::start(&config("pos", &[&host], TO_POS)).await;
    let (mut one, mut two) = (gateway.client().await, gateway.client().await);
    one.send([AuthReq::new(7).amount(500)]).await;
    let mut upstream = host.accept().await;
    let first = host_answers(&mut upstream, changed("GW-M123", 1000), 0).await;
    assert_eq!(told(&one.reply_to(7).await), (7, 5, "done42"));
    two.send([AuthReq::new(7)]).await;
    let second = host_answers(&mut upstream, changed("GW-M123", 2500), 5).await;
    assert_eq!(told(&two.reply_to(7).await), (7, 105, "------"));
    assert_ne!(first, second, "ids are the connection's own");
    // Doubled, it is no number of the field any more; prefixed, no text of it.
    let large = two.ask(AuthReq::new(8).amount(u32::MAX)).await;
    assert_eq!(told(&large), (8, 94, "------"));
    let long = two.ask(AuthReq::new(9).merchant("M23456789012345")).await;
    assert_eq!(told(&long), (9, 94, "------"));
    // A status that the client's field cannot hold.
    two.send([AuthReq::new(10)]).await;
    host_answers(&mut upstream, changed("GW-M123", 2500), 200).await;
    assert_eq!(told(&two.reply_to(10).await), (10, 93, "------"));
}

fn command(words: &[&str]) -> Vec<u8> {
    let words = words
        .iter()
        .map(|word| format!("${}\r\n{word}\r\n", word.len()));
    let words: Vec<_> = words.collect();
    format!("*{}\r\n{}", words.len(), words.concat()).into_bytes()
}

async fn expect(host: &mut HostConnection, bytes: &[u8]) {
    let read = host.read(bytes.len()).await;
    assert_eq!(
        read.escape_ascii().to_string(),
        bytes.escape_ascii().to_string()
    );
}

#[tokio::test]
async fn terminals_ask_a_cache() {
    let host = Host::start().await;
    let gateway = Gateway::start(&config("resp", &[&host], TO_RESP)).await;
    let mut client = gateway.client().await;
    let requests = [1, 2, 3, 4].map(|seq| AuthReq::new(seq).amount(seq));
    client.send(requests).await;
    let mut upstream = host.accept().await;
    for amount in 1..=4 {
        let key = format!("code:M123:{amount}");
        expect(&mut upstream, &command(&["get", &key])).await;
    }
    upstream
        .send(b"$6\r\nA1B2C3\r\n$-1\r\n-LOADING it\r\n$7\r\n1234567\r\n")
        .await;
    for (seq, status, code) in [
        (1, 0, "A1B2C3"),
        (2, 51, "------"),
        (3, 52, "LOADIN"),
        (4, 93, "------"),
    ] {
        assert_eq!(told(&client.reply_to(seq).await), (seq, status, code));
    }
}

/// What a client says is a word of the command, never its end.
#[tokio::test]
async fn nobody_can_break_out_of_a_field() {
    let host = Host::start().await;
    let gateway = Gateway::start(&config("resp", &[&host], TO_RESP)).await;
    let mut client = gateway.client().await;
    for (seq, merchant) in [(1, "\"x\" *2"), (2, "a $3"), (3, "}{pan}'")] {
        client.send([AuthReq::new(seq).merchant(merchant)]).await;
    }
    let mut upstream = host.accept().await;
    for merchant in ["\"x\" *2", "a $3", "}{pan}'"] {
        let key = format!("code:{merchant}:1250");
        expect(&mut upstream, &command(&["get", &key])).await;
        upstream.send(b"$-1\r\n").await;
    }
    for seq in 1..=3 {
        assert_eq!(client.reply_to(seq).await.status, 51);
    }
}

#[tokio::test]
async fn each_fault_has_its_rule() {
    let host = Host::start().await;
    let config = config("resp", &[&host], TO_RESP).timeout("50ms");
    let gateway = Gateway::start(&config).await;
    let mut client = gateway.client().await;
    client.send([AuthReq::new(1)]).await;
    let mut upstream = host.accept().await;
    assert_eq!(told(&client.reply_to(1).await), (1, 91, "------"));
    // The late reply is not the next one's.
    expect(&mut upstream, &command(&["get", "code:M123:1250"])).await;
    upstream.send(b"$4\r\nLATE\r\n").await;
    drop((upstream, client, gateway));

    let gateway = Gateway::start(&self::config("resp", &[&host], TO_RESP)).await;
    let mut client = gateway.client().await;
    client.send([AuthReq::new(2)]).await;
    let mut upstream = host.accept().await;
    upstream.send(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
    upstream.closed().await;
    assert_eq!(told(&client.reply_to(2).await), (2, 92, "------"));
    client.send([AuthReq::new(3)]).await;
    drop(host.accept().await);
    assert_eq!(told(&client.reply_to(3).await), (3, 92, "------"));
    drop(host);
    assert_eq!(told(&client.ask(AuthReq::new(4)).await), (4, 92, "------"));
}

/// `get` may be sent twice, an authorisation may not: what counts is what goes upstream.
#[tokio::test]
async fn what_is_idempotent_upstream_is_tried_again() {
    for (upstream, rules, again) in [("resp", TO_RESP, true), ("pos", TO_POS, false)] {
        let host = Host::start().await;
        let config = config(upstream, &[&host], rules)
            .upstream_key(
                "retry",
                r#"{ attempts = 2, on = ["reset"], budget = "100%" }"#,
            )
            .upstream_key("eject.share", "\"0%\"");
        let gateway = Gateway::start(&config).await;
        let mut client = gateway.client().await;
        client.send([AuthReq::new(1)]).await;
        let mut connection = host.accept().await;
        connection.read(30).await;
        drop(connection);
        if again {
            let mut connection = host.accept().await;
            expect(&mut connection, &command(&["get", "code:M123:1250"])).await;
            connection.send(b"$6\r\nSECOND\r\n").await;
            assert_eq!(told(&client.reply_to(1).await), (1, 0, "SECOND"));
        } else {
            assert_eq!(told(&client.reply_to(1).await), (1, 92, "------"));
        }
    }
}

const BLOCKING: &str = r#"
operation = "auth_req"
when = "amount == 1"
request.send = "blpop"
request.set = { args = ["{utf8(merchant)}", "{utf8('0')}"] }
reply = [
  { on = "reply", send = "auth_rsp", set = { status = 7 } },"#;

#[tokio::test]
async fn a_command_that_may_block_has_a_connection_of_its_own() {
    let host = Host::start().await;
    let blocking = config("resp", &[&host], BLOCKING).text();
    let other = format!("\n[[routes]]\nfrom = [\"front\"]\nto = \"backend\"{TO_RESP}{FAULTS}");
    let gateway = Gateway::start_text(&format!("{blocking}{other}"), &[]).await;
    let mut client = gateway.client().await;
    client.send([AuthReq::new(1).amount(1)]).await;
    let mut blocked = host.accept().await;
    expect(&mut blocked, &command(&["blpop", "M123", "0"])).await;
    client.send([AuthReq::new(2)]).await;
    let mut shared = host.accept().await;
    expect(&mut shared, &command(&["get", "code:M123:1250"])).await;
    shared.send(b"$6\r\nA1B2C3\r\n").await;
    assert_eq!(told(&client.reply_to(2).await), (2, 0, "A1B2C3"));
    blocked.send(b"*2\r\n$4\r\nM123\r\n$1\r\nx\r\n").await;
    assert_eq!(told(&client.reply_to(1).await), (1, 7, "------"));
}

const FROM_RESP: &str = r#"
operation = "subscribe"
request.send = "auth_req"
request.set = { merchant = "{args[0].to_s('ASCII')}", pan = "4111111111111111", amount = "{bytes.size}", currency = 978 }
reply = [
  { on = "auth_rsp", when = "status == 0", send = "reply", set = { type = "simple", text = "{code}" } },
  { on = "auth_rsp", send = "error", set = { message = "DECLINED {status}" } },
  { on = "*" },
]"#;

/// What ties a client of redis to its connection is nothing of the kind to a host.
#[tokio::test]
async fn what_a_command_means_at_home_is_of_no_matter() {
    let host = Host::start().await;
    let config = Config::convert("resp", "pos", [host.url()], FROM_RESP);
    let gateway = Gateway::start(&config.upstream("connections", 1)).await;
    let mut client = TcpStream::connect(gateway.front())
        .await
        .expect("a connection");
    let subscribe = command(&["SUBSCRIBE", "news"]);
    let size = u32::try_from(subscribe.len()).expect("a short command");
    let sent = AuthReq::new(0).merchant("news").amount(size);
    let mut upstream = None;
    for (status, expected) in [
        (0, "+DONE42\r\n"),
        (5, "-DECLINED 5\r\n"),
        (0, "+DONE42\r\n"),
    ] {
        client
            .write_all(&subscribe)
            .await
            .expect("a peer that reads");
        if upstream.is_none() {
            upstream = Some(host.accept().await);
        }
        let upstream = upstream.as_mut().expect("a connection");
        host_answers(upstream, sent.clone(), status).await;
        read(&mut client, expected).await;
    }
}

async fn read(client: &mut TcpStream, expected: &str) {
    let mut bytes = vec![0; expected.len()];
    let read = in_time("a reply", client.read_exact(&mut bytes)).await;
    read.expect("a reply");
    assert_eq!(
        bytes.escape_ascii().to_string(),
        expected.as_bytes().escape_ascii().to_string()
    );
}

#[tokio::test]
async fn a_client_that_leaves_takes_its_request_along() {
    let host = Host::start().await;
    let gateway = Gateway::start(&config("dns", &[&host], TO_DNS)).await;
    let mut leaving = gateway.client().await;
    leaving.send([AuthReq::new(1)]).await;
    let mut upstream = host.accept().await;
    let late = query(&mut upstream, &["M123", "a1250", "test"]).await;
    leaving.abort();
    gateway.until_closed("reset", 1).await;
    let mut client = gateway.client().await;
    client.send([AuthReq::new(1)]).await;
    let id = query(&mut upstream, &["M123", "a1250", "test"]).await;
    assert_ne!(id, late, "its place is taken until its reply came");
    answer(&mut upstream, late, 0, Some("LATE42")).await;
    answer(&mut upstream, id, 0, Some("RIGHT1")).await;
    assert_eq!(told(&client.reply_to(1).await), (1, 0, "RIGHT1"));
}
