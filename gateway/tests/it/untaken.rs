//! Answers that cannot leave: their client takes none, or others are due before them. All of them together have as
//! much room as the configuration says, and in a full one those give way who hold it for too long.

use crate::support::backend::{Action, Answer, Backend};
use crate::support::gateway::Gateway;
use crate::support::http2_wire::{
    ACK, DATA, END_STREAM, HEADERS, PING, RST_STREAM, Raw, WINDOW_UPDATE, frame, get,
};
use crate::support::{in_time, raw};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

/// With the head of its answer, 64 KiB at most.
const BODY: usize = 63 << 10;
const ASKED: usize = 64;
/// What each client may leave lying.
const ITS_OWN: &str = "send-buffer = \"64KiB\"";
/// A client of HTTP/2 that says so takes nothing.
const NO_WINDOW: [u8; 6] = [0, 4, 0, 0, 0, 0];
/// So many answers have room.
const ROOM: usize = (1 << 20) / (64 << 10);

/// Answers to `/slow` once its gate is open.
async fn server(body: usize) -> Backend {
    let backend = Backend::scripted(move |asked| {
        let answer = Answer::status(200).body(vec![b'x'; body]);
        match &*asked.target {
            "/slow" => Action::AtGate(answer),
            _ => Action::Answer(answer),
        }
    });
    backend.start().await
}

/// In front of it. With rules, answers are read whole before they are passed on.
async fn gateway(backend: &Backend, rules: bool) -> Gateway {
    let rules = match rules {
        true => rules_with("{body}"),
        false => String::new(),
    };
    gateway_by(backend, &rules, ITS_OWN).await
}

/// Rules that make such a body of an answer.
fn rules_with(body: &str) -> String {
    format!(
        "operation = \"GET /{{name}}\"\nrequest.get = \"/{{path.name}}\"\nreply = [{{ on = \"2xx\", status = 200, body = \"{body}\" }}, {{ on = \"*\", status = 503 }}]"
    )
}

async fn gateway_by(backend: &Backend, rules: &str, limits: &str) -> Gateway {
    let text = format!(
        r#"
        [gateway]
        workers = 1
        in-flight = "1MiB"
        [admin]
        http = "127.0.0.1:0"
        [listeners.front]
        bind = "tcp://127.0.0.1:0"
        protocol = "http"
        limits = {{ in-flight = {ASKED}, {limits} }}
        [upstreams.backend]
        url = "{}"
        [[routes]]
        from = "front"
        to = "backend"
        {rules}
        "#,
        backend.url()
    );
    Gateway::start_text(&text, &[]).await
}

/// Somebody else gets a whole answer.
async fn assert_is_served(gateway: &Gateway, body: usize) {
    let mut other = raw::connect(gateway).await;
    let request = b"GET /a HTTP/1.1\r\nhost: a.example\r\nconnection: close\r\n\r\n";
    other.write_all(request).await.expect("taken");
    let mut answer = Vec::new();
    let read = in_time("an answer", other.read_to_end(&mut answer)).await;
    assert!(read.is_ok() && answer.starts_with(b"HTTP/1.1 200 "));
    assert!(answer.len() > body, "{}", answer.len());
}

/// Asks for more on one connection of HTTP/2 than there is room for, and opens no window.
async fn over_http2(rules: bool) {
    let backend = server(BODY).await;
    let gateway = gateway(&backend, rules).await;
    let mut raw = Raw::over(raw::connect(&gateway).await, &NO_WINDOW).await;
    let mut left = std::collections::BTreeSet::new();
    for stream in (1..).step_by(2).take(ASKED) {
        raw.send(&get(stream, &[])).await;
        left.insert(stream);
    }
    // One more has it in what each client may leave lying.
    while left.len() > ROOM + 1 {
        let (_, _, stream, _) = raw.next_of(RST_STREAM).await;
        assert!(left.remove(&stream));
    }
    // While the room for answers is full, requests of others have theirs.
    assert_is_served(&gateway, BODY).await;
    // The others are whole.
    let much = 0x7fff_0000_u32.to_be_bytes();
    for stream in left.iter().chain(&[0]) {
        raw.send(&frame(WINDOW_UPDATE, 0, *stream, &much)).await;
    }
    let mut whole = 0;
    while let Some(of) = left.first().copied() {
        let (kind, flags, stream, payload) = raw.next().await.expect("a frame");
        match kind {
            DATA => whole += payload.len(),
            RST_STREAM => assert!(left.remove(&stream), "{of}"),
            _ => {}
        }
        if kind == DATA && flags & END_STREAM != 0 {
            left.remove(&stream);
        }
    }
    assert!(whole >= BODY && whole % BODY == 0, "{whole}");
    // There is room again.
    let next = 2 * u32::try_from(ASKED).expect("few") + 1;
    raw.send(&get(next, &[])).await;
    assert_eq!(raw.next_of(HEADERS).await.2, next);
}

#[tokio::test]
async fn whole_answers_that_a_client_of_http2_does_not_take_are_bounded() {
    over_http2(true).await;
}

#[tokio::test]
async fn streams_that_a_client_of_http2_does_not_take_are_bounded() {
    over_http2(false).await;
}

#[tokio::test]
async fn a_client_that_leaves_more_lying_than_there_is_room_for_is_disconnected() {
    let backend = server(512 << 10).await;
    let gateway = gateway(&backend, true).await;
    let mut client = raw::connect(&gateway).await;
    let request = b"GET /a HTTP/1.1\r\nhost: a.example\r\n\r\n".repeat(ASKED);
    client.write_all(&request).await.expect("taken");
    gateway.until_closed("slow-reader", 1).await;
    assert_is_served(&gateway, 512 << 10).await;
}

/// Where it is not their client who keeps them waiting, those without room are refused, each in its place.
#[tokio::test]
async fn answers_behind_one_that_is_slow_are_refused_where_they_have_no_room() {
    as_many_have_room("{body}", ROOM).await;
}

/// What counts is what they have become: three times as much.
#[tokio::test]
async fn answers_that_rules_make_longer_take_more_room() {
    as_many_have_room("{hex(body)}{body.to_s('UTF-8')}", ROOM / 3).await;
}

async fn as_many_have_room(body: &str, room: usize) {
    let backend = server(BODY).await;
    let gateway = gateway_by(&backend, &rules_with(body), ITS_OWN).await;
    let mut client = raw::connect(&gateway).await;
    let ask = |path: &str| format!("GET {path} HTTP/1.1\r\nhost: a.example\r\n\r\n");
    let requests = ask("/slow") + &ask("/a").repeat(ASKED - 1);
    client.write_all(requests.as_bytes()).await.expect("taken");
    gateway
        .until_metric(
            "gatewright_exchanges_total",
            &[("route", "#1")],
            (ASKED - 1) as f64,
        )
        .await;
    backend.open_gate();
    client.shutdown().await.expect("open");
    let mut answers = String::new();
    let read = in_time("answers", client.read_to_string(&mut answers)).await;
    assert!(read.is_ok(), "{read:?}");
    let count = |status: &str| answers.matches(status).count();
    assert_eq!(count("HTTP/1.1 200 "), 1 + room);
    assert_eq!(count("HTTP/1.1 503 "), ASKED - 1 - room);
    assert!(
        answers.starts_with("HTTP/1.1 200 "),
        "the slow one is first"
    );
}

/// Clients have no room of their own for an answer, and take them slowly.
const ALL_IN_THE_ROOM: &str = "send-buffer = \"32KiB\", send-time = \"1s\"";

/// A client of HTTP/2 that leaves answers lying.
struct Leaving {
    raw: Raw,
    next: u32,
}

impl Leaving {
    async fn connect(gateway: &Gateway) -> Self {
        let raw = Raw::over(raw::connect(gateway).await, &NO_WINDOW).await;
        Self { raw, next: 1 }
    }

    /// Leaves as many as there is room for, and tells their streams.
    async fn fill(&mut self) -> Vec<u32> {
        let asked: Vec<_> = (1..).step_by(2).take(ASKED).collect();
        let requests: Vec<_> = asked.iter().flat_map(|stream| get(*stream, &[])).collect();
        self.raw.send(&requests).await;
        let mut left = asked;
        while left.len() > ROOM {
            let (_, _, stream, _) = self.raw.next_of(RST_STREAM).await;
            left.retain(|of| *of != stream);
        }
        left
    }

    /// Asks for one. Gives its stream, if there was room for the answer.
    async fn leave_one(&mut self) -> Option<u32> {
        let stream = self.next;
        self.next += 2;
        self.raw.send(&get(stream, &[])).await;
        loop {
            let (kind, _, of, _) = self.raw.next().await.expect("a frame");
            match kind {
                RST_STREAM if of == stream => return None,
                // Without room it is reset together with that.
                HEADERS if of == stream => {
                    return (!self.is_reset(stream).await).then_some(stream);
                }
                _ => {}
            }
        }
    }

    /// Whether that stream is reset by now.
    async fn is_reset(&mut self, stream: u32) -> bool {
        let mut is_reset = false;
        self.raw.send(&frame(PING, 0, 0, &[0; 8])).await;
        loop {
            match self.raw.next().await.expect("a frame") {
                (PING, flags, ..) if flags & ACK != 0 => return is_reset,
                (kind, _, of, _) => is_reset |= kind == RST_STREAM && of == stream,
            }
        }
    }

    async fn take_a_byte_of(&mut self, streams: &[u32]) {
        let one = 1_u32.to_be_bytes();
        let windows = streams
            .iter()
            .flat_map(|of| frame(WINDOW_UPDATE, 0, *of, &one));
        self.raw.send(&windows.collect::<Vec<_>>()).await;
        for _ in streams {
            let (_, _, _, byte) = self.raw.next_of(DATA).await;
            assert_eq!(byte.len(), 1);
        }
    }

    /// Takes what is left of an answer: so many bytes.
    async fn take(&mut self, stream: u32) -> usize {
        let much = 0x7fff_0000_u32.to_be_bytes();
        for of in [0, stream] {
            self.raw.send(&frame(WINDOW_UPDATE, 0, of, &much)).await;
        }
        let mut taken = 0;
        loop {
            let (kind, flags, of, payload) = self.raw.next().await.expect("a frame");
            assert!(of != stream || kind != RST_STREAM, "after {taken}");
            if kind == DATA && of == stream {
                taken += payload.len();
            }
            if kind == DATA && of == stream && flags & END_STREAM != 0 {
                return taken;
            }
        }
    }
}

#[tokio::test]
async fn who_takes_a_byte_now_and_then_gives_way_to_others() {
    let backend = server(BODY).await;
    let gateway = gateway_by(&backend, &rules_with("{body}"), ALL_IN_THE_ROOM).await;
    let mut trickling = Leaving::connect(&gateway).await;
    let mut left = trickling.fill().await;
    let mut other = Leaving::connect(&gateway).await;
    let (mut trickled, mut last) = (0, Instant::now());
    let until_there_is_room = async {
        loop {
            if let Some(stream) = other.leave_one().await {
                return stream;
            }
            if last.elapsed() > Duration::from_millis(200) {
                last = Instant::now();
                trickling.take_a_byte_of(&left).await;
                trickled += 1;
            }
        }
    };
    let of_other = in_time("room", until_there_is_room).await;
    assert!(trickled > 1, "{trickled}");
    // One of them was enough.
    let (_, _, stream, reason) = trickling.raw.next_of(RST_STREAM).await;
    left.retain(|of| *of != stream);
    assert_eq!(left.len(), ROOM - 1);
    let calm = u32::from(h2::Reason::ENHANCE_YOUR_CALM);
    assert_eq!(reason, calm.to_be_bytes());
    assert_eq!(other.take(of_other).await, BODY);
    assert_eq!(trickling.take(left[0]).await, BODY - trickled);
}

/// Though their client takes all that it gets.
#[tokio::test]
async fn who_has_answers_wait_for_a_slow_one_gives_way_to_others() {
    let backend = server(BODY).await;
    let gateway = gateway_by(&backend, &rules_with("{body}"), ALL_IN_THE_ROOM).await;
    let mut waiting = raw::connect(&gateway).await;
    let ask = |path: &str| format!("GET {path} HTTP/1.1\r\nhost: a.example\r\n\r\n");
    let requests = ask("/slow") + &ask("/a").repeat(ASKED - 1);
    waiting.write_all(requests.as_bytes()).await.expect("taken");
    let refused = [("route", "#1"), ("outcome", "internal")];
    let none = ASKED - 1 - ROOM;
    gateway
        .until_metric("gatewright_exchanges_total", &refused, none as f64)
        .await;
    let mut other = Leaving::connect(&gateway).await;
    assert_eq!(other.leave_one().await, None, "the room is full");
    let until_there_is_room = async {
        loop {
            if let Some(stream) = other.leave_one().await {
                return stream;
            }
        }
    };
    let of_other = in_time("room", until_there_is_room).await;
    gateway.until_closed("overload", 1).await;
    assert_eq!(other.take(of_other).await, BODY);
}

/// They keep what they refuse, which nobody else counts.
#[tokio::test]
async fn refusals_behind_an_answer_that_is_slow_are_bounded() {
    const REFUSED: usize = 20;
    let backend = server(BODY).await;
    let gateway = gateway(&backend, true).await;
    let mut client = raw::connect(&gateway).await;
    let slow = "GET /slow HTTP/1.1\r\nhost: a.example\r\n\r\n";
    let long = "x".repeat(63 << 10);
    let unrouted = format!("GET /no/route HTTP/1.1\r\nhost: a.example\r\nx: {long}\r\n\r\n");
    let requests = slow.to_owned() + &unrouted.repeat(REFUSED);
    client.write_all(requests.as_bytes()).await.expect("taken");
    // The first, those that have room, and one more.
    let read = (1 + ROOM + 1) as f64;
    let listener = [("listener", "front")];
    gateway
        .until_metric("gatewright_requests_total", &listener, read)
        .await;
    client.shutdown().await.expect("open");
    backend.open_gate();
    let mut answers = String::new();
    let read = in_time("answers", client.read_to_string(&mut answers)).await;
    assert!(read.is_ok(), "{read:?}");
    assert!(answers.starts_with("HTTP/1.1 200 "));
    assert_eq!(answers.matches("HTTP/1.1 404 ").count(), ROOM);
    gateway.until_closed("overload", 1).await;
}
