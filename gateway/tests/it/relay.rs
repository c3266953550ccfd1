//! Raw listeners: what goes in comes out, whole, both ways, and ends as it ended.

use crate::support::gateway::{Directory, Gateway};
use crate::support::in_time;
use crate::support::raw::{
    RawConfig, accept, connect, dead_url, end, expect, listener, noise, pair, turned_away,
};
use std::io::ErrorKind;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket, TcpStream, UnixListener, UnixSocket};
use tokio::time::timeout;

const RESET: Result<(), ErrorKind> = Err(ErrorKind::ConnectionReset);
/// Long enough for a socket that is not read to be full: nothing is decided by it but when to
/// look.
const A_WHILE: Duration = Duration::from_millis(500);

#[tokio::test]
async fn bytes_arrive_as_they_were_sent_both_ways() {
    let (listener, url) = listener().await;
    let gateway = RawConfig::to(&[url]).start().await;
    let (mut client, mut server) = pair(&gateway, &listener).await;
    let mut total = 0;
    for size in [1, 2, 63, 4095, 65_535, 65_536, 65_537, 300_001, 3_000_017] {
        let (asked, answered) = (noise(size as u64, size), noise(!(size as u64), size));
        let (mut client_read, mut client_write) = client.split();
        let (mut server_read, mut server_write) = server.split();
        let all = async {
            tokio::join!(
                async { client_write.write_all(&asked).await.expect("a write") },
                async { server_write.write_all(&answered).await.expect("a write") },
                expect(&mut server_read, &asked),
                expect(&mut client_read, &answered),
            )
        };
        in_time(format!("{size} bytes"), all).await;
        total += size;
    }
    let metrics = gateway.metrics().await;
    for direction in ["up", "down"] {
        let labels = [("listener", "front"), ("direction", direction)];
        let bytes = metrics.sum("gatewright_relayed_bytes_total", &labels);
        assert_eq!(bytes, total as f64, "{direction}");
    }
}

/// Reads to the end, a few bytes at a time, and compares.
async fn read_slowly(mut stream: TcpStream, sent: &[u8]) {
    let mut buffer = vec![0; 3001];
    let mut at = 0;
    loop {
        let read = in_time("bytes", stream.read(&mut buffer))
            .await
            .expect("bytes");
        if read == 0 {
            break;
        }
        assert!(buffer[..read] == sent[at..at + read], "other bytes at {at}");
        at += read;
        tokio::task::yield_now().await;
    }
    assert_eq!(at, sent.len());
}

/// A socket with a small window.
async fn connect_with_little_room(gateway: &Gateway) -> TcpStream {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_recv_buffer_size(4096).expect("a buffer");
    let connected = socket.connect(gateway.front()).await;
    connected.expect("a gateway")
}

#[tokio::test]
async fn much_goes_through_to_a_slow_reader() {
    let (listener, url) = listener().await;
    let gateway = RawConfig::to(&[url]).start().await;
    let bytes = noise(7, 64 << 20);
    let (client, mut server) = tokio::join!(connect_with_little_room(&gateway), accept(&listener));
    let down = async {
        server.write_all(&bytes).await.expect("a write");
        drop(server);
    };
    tokio::join!(down, read_slowly(client, &bytes));

    let (mut client, server) = pair(&gateway, &listener).await;
    let up = async {
        client.write_all(&bytes).await.expect("a write");
        drop(client);
    };
    tokio::join!(up, read_slowly(server, &bytes));
}

#[tokio::test]
async fn a_server_may_speak_first() {
    let (listener, url) = listener().await;
    let gateway = RawConfig::to(&[url])
        .route("peer.port == 1", "backend")
        .start()
        .await;
    let (mut client, mut server) = pair(&gateway, &listener).await;
    server.write_all(b"220 welcome\r\n").await.expect("a write");
    expect(&mut client, b"220 welcome\r\n").await;
}

#[tokio::test]
async fn each_direction_ends_by_itself() {
    let (listener, url) = listener().await;
    let gateway = RawConfig::to(&[url]).start().await;
    for client_ends_first in [true, false] {
        let (client, server) = pair(&gateway, &listener).await;
        let (mut first, mut second) = match client_ends_first {
            true => (client, server),
            false => (server, client),
        };
        let question = noise(1, 100_000);
        first.write_all(&question).await.expect("a write");
        first.shutdown().await.expect("an end");
        expect(&mut second, &question).await;
        assert_eq!(end(&mut second).await, Ok(()));
        let answer = noise(2, 5_000_000);
        let (written, ()) = tokio::join!(second.write_all(&answer), expect(&mut first, &answer));
        written.expect("a write");
        second.shutdown().await.expect("an end");
        assert_eq!(end(&mut first).await, Ok(()));
    }
    gateway.until_closed("peer", 2).await;
}

/// A client and a server that know of each other: before that, a server's reset is one that
/// cannot be reached.
async fn talking(gateway: &Gateway, listener: &TcpListener) -> (TcpStream, TcpStream) {
    let (mut client, mut server) = pair(gateway, listener).await;
    client.write_all(b"x").await.expect("a write");
    expect(&mut server, b"x").await;
    (client, server)
}

#[tokio::test]
async fn a_reset_is_passed_on() {
    let (listener, url) = listener().await;
    let gateway = RawConfig::to(&[url]).start().await;
    let (mut client, server) = talking(&gateway, &listener).await;
    server.set_zero_linger().expect("a socket");
    drop(server);
    assert_eq!(end(&mut client).await, RESET);
    let (client, mut server) = talking(&gateway, &listener).await;
    client.set_zero_linger().expect("a socket");
    drop(client);
    assert_eq!(end(&mut server).await, RESET);
    gateway.until_closed("reset", 2).await;
}

#[tokio::test]
async fn a_reset_is_noticed_on_a_side_that_has_ended() {
    let (listener, url) = listener().await;
    let gateway = RawConfig::to(&[url]).start().await;
    let (mut client, mut server) = pair(&gateway, &listener).await;
    client.shutdown().await.expect("an end");
    assert_eq!(end(&mut server).await, Ok(()));
    client.set_zero_linger().expect("a socket");
    drop(client);
    gateway.until_closed("reset", 1).await;
    let error = server.write_all(b"x").await.err();
    assert!(error.is_some() || end(&mut server).await.is_err());
}

#[tokio::test]
async fn nobody_waits_for_an_upstream_that_is_down() {
    let dead = dead_url().await;
    let gateway = RawConfig::to(std::slice::from_ref(&dead)).start().await;
    assert_eq!(turned_away(&gateway).await, RESET);
    gateway.until_closed("unreachable", 1).await;
    gateway.until_told(&dead).await;
    let metrics = gateway.metrics().await;
    let labels = [("upstream", "backend")];
    let failed = metrics.sum("gatewright_upstream_connects_failed_total", &labels);
    assert_eq!(failed, 1.0);
    assert_eq!(metrics.sum("gatewright_upstream_connections", &labels), 0.0);
}

#[tokio::test]
async fn an_upstream_that_does_not_answer_has_a_time_limit() {
    // A queue of connections that is full answers nobody.
    let socket = TcpSocket::new_v4().expect("a socket");
    socket
        .bind("127.0.0.1:0".parse().expect("an address"))
        .expect("a port");
    let full = socket.listen(1).expect("a listener");
    let address = full.local_addr().expect("an address");
    let mut waiting = Vec::new();
    while let Ok(stream) = timeout(A_WHILE, TcpStream::connect(address)).await {
        waiting.push(stream);
    }
    let config = RawConfig::default().upstream(
        "backend",
        &[format!("tcp://{address}")],
        "limits = { connect = \"50ms\" }",
    );
    let gateway = config.route("", "backend").start().await;
    assert_eq!(turned_away(&gateway).await, RESET);
    gateway.until_closed("unreachable", 1).await;
}

#[tokio::test]
async fn the_next_endpoint_is_used_for_one_that_is_down() {
    let (first, first_url) = listener().await;
    let (second, second_url) = listener().await;
    let gateway = RawConfig::to(&[first_url, dead_url().await, second_url])
        .start()
        .await;
    let (mut from_first, mut from_second) = (0, 0);
    let mut open = Vec::new();
    for _ in 0..6 {
        let client = connect(&gateway).await;
        let server = in_time("a server", async {
            tokio::select! {
                server = accept(&first) => { from_first += 1; server }
                server = accept(&second) => { from_second += 1; server }
            }
        });
        open.push((server.await, client));
    }
    assert_eq!((from_first, from_second), (3, 3), "it is passed over");
}

#[tokio::test]
async fn an_upstream_may_be_a_unix_socket() {
    let directory = Directory::new();
    let path = directory.path().join("app.sock");
    let listener = UnixListener::bind(&path).expect("a socket");
    let gateway = RawConfig::to(&[format!("unix://{}", path.display())])
        .start()
        .await;
    let bytes = noise(3, 4 << 20);
    let (mut client, accepted) = tokio::join!(connect(&gateway), listener.accept());
    let (mut server, _) = accepted.expect("a connection");
    for _ in 0..2 {
        let (written, ()) = tokio::join!(client.write_all(&bytes), expect(&mut server, &bytes));
        written.expect("a write");
        let (written, ()) = tokio::join!(server.write_all(&bytes), expect(&mut client, &bytes));
        written.expect("a write");
    }
    client.shutdown().await.expect("an end");
    assert_eq!(end(&mut server).await, Ok(()));
    drop(server);
    assert_eq!(end(&mut client).await, Ok(()));
}

#[tokio::test]
async fn a_unix_socket_with_a_full_queue_is_waited_for() {
    const CLIENTS: usize = 40;
    let directory = Directory::new();
    let path = directory.path().join("app.sock");
    let socket = UnixSocket::new_stream().expect("a socket");
    socket.bind(&path).expect("a path");
    let listener = socket.listen(1).expect("a listener");
    let gateway = RawConfig::to(&[format!("unix://{}", path.display())])
        .start()
        .await;
    let mut clients = Vec::new();
    for _ in 0..CLIENTS {
        clients.push(connect(&gateway).await);
    }
    let mut servers = Vec::new();
    for _ in 0..CLIENTS {
        let accepted = in_time("a connection", listener.accept()).await;
        servers.push(accepted.expect("a connection"));
    }
    let metrics = gateway.metrics().await;
    let failed = metrics.sum("gatewright_upstream_connects_failed_total", &[]);
    assert_eq!(failed, 0.0);
}

/// Writes until nothing has been taken for a while, and says how much was.
async fn flood(stream: &mut (impl AsyncWrite + Unpin), bytes: &[u8]) -> usize {
    let mut sent = 0;
    while let Some(rest @ [_, ..]) = bytes.get(sent..) {
        match timeout(A_WHILE, stream.write(rest)).await {
            Ok(written) => sent += written.expect("a write"),
            Err(_) => break,
        }
    }
    sent
}

#[tokio::test]
async fn who_does_not_read_stops_the_writer_and_costs_no_memory() {
    const PAIRS: usize = 40;
    const PLENTY: usize = 64 << 20;
    let (listener, url) = listener().await;
    let gateway = RawConfig::to(&[url]).start().await;
    let bytes = noise(4, PLENTY);
    let mut pairs = Vec::new();
    for _ in 0..PAIRS {
        pairs.push(pair(&gateway, &listener).await);
    }
    let before = gateway.memory();
    // More of them than there are pipes, so some are stuck with a copy.
    let floods = pairs.iter_mut().map(|(client, _)| flood(client, &bytes));
    let sent = futures_util::future::join_all(floods).await;
    assert!(sent.iter().all(|sent| *sent < PLENTY), "{sent:?}");
    let grown = gateway.memory().saturating_sub(before);
    assert!(grown < 8 << 20, "{grown} bytes for {PAIRS} pairs");
    for ((client, server), sent) in pairs.into_iter().zip(sent) {
        drop(client);
        read_slowly(server, &bytes[..sent]).await;
    }
}

#[tokio::test]
async fn who_takes_nothing_for_long_is_cut_off() {
    let (listener, url) = listener().await;
    let gateway = RawConfig::to(&[url])
        .limit("send-time", "\"1s\"")
        .start()
        .await;
    let (mut client, server) = pair(&gateway, &listener).await;
    let bytes = noise(5, 64 << 20);
    let error = in_time("an end", client.write_all(&bytes)).await;
    assert!(error.is_err());
    gateway.until_closed("send-time", 1).await;
    drop(server);
}

#[tokio::test]
async fn who_is_idle_for_long_is_let_go() {
    let (listener, url) = listener().await;
    let gateway = RawConfig::to(&[url])
        .limit("idle", "\"300ms\"")
        .start()
        .await;
    let (mut client, mut server) = talking(&gateway, &listener).await;
    assert_eq!(end(&mut client).await, Ok(()));
    assert_eq!(end(&mut server).await, Ok(()));
    gateway.until_closed("idle", 1).await;
}

#[tokio::test]
async fn a_stop_closes_who_is_quiet() {
    let (listener, url) = listener().await;
    let mut gateway = RawConfig::to(&[url]).start().await;
    let (mut client, mut server) = talking(&gateway, &listener).await;
    gateway.terminate().await;
    assert_eq!(end(&mut client).await, Ok(()));
    assert_eq!(end(&mut server).await, Ok(()));
    assert_eq!(gateway.exit().await.code, Some(0));
}

/// The pause is what is tested: a pair that carries nothing is not kept for so long.
#[tokio::test]
async fn a_stop_waits_for_bytes_that_a_slow_reader_has_not_taken() {
    let (listener, url) = listener().await;
    let mut gateway = RawConfig::to(&[url]).start().await;
    let (mut client, mut server) = talking(&gateway, &listener).await;
    // More than all sockets on the way take.
    let bytes = noise(5, 32 << 20);
    let sending = async {
        server.write_all(&bytes).await.expect("a peer that reads");
        server.shutdown().await.expect("an open connection");
    };
    let reading = async {
        gateway.terminate().await;
        tokio::time::sleep(Duration::from_millis(2500)).await;
        expect(&mut client, &bytes).await;
        client.shutdown().await.expect("an open connection");
        assert_eq!(end(&mut client).await, Ok(()));
    };
    tokio::join!(sending, reading);
    assert_eq!(gateway.exit().await.code, Some(0));
}

#[tokio::test]
async fn a_stop_cuts_who_is_busy_at_the_deadline() {
    let (listener, url) = listener().await;
    let mut gateway = RawConfig::to(&[url]).drain_deadline("2s").start().await;
    let (mut client, mut server) = pair(&gateway, &listener).await;
    let talk = async {
        let mut rounds = 0_u32;
        loop {
            let sent = client.write_all(b"x").await;
            let mut byte = [0];
            if sent.is_err() || !matches!(server.read(&mut byte).await, Ok(1)) {
                return rounds;
            }
            rounds += 1;
        }
    };
    let (rounds, ()) = in_time("the deadline", async {
        tokio::join!(talk, gateway.terminate())
    })
    .await;
    assert!(rounds > 0);
    let exit = gateway.exit().await;
    assert!(
        exit.stderr.contains("ended before all was finished"),
        "{}",
        exit.stderr
    );
}

#[tokio::test]
async fn who_is_unrouted_is_told_at_once() {
    let (_listener, url) = listener().await;
    let config = RawConfig::default().upstream("backend", &[url], "");
    let gateway = config.route("peer.port == 1", "backend").start().await;
    assert_eq!(turned_away(&gateway).await, RESET);
    gateway.until_closed("unrouted", 1).await;
}

/// Which of two servers gets the next connection; both are kept open.
async fn next_of(gateway: &Gateway, servers: [&TcpListener; 2]) -> (usize, TcpStream, TcpStream) {
    let client = connect(gateway).await;
    tokio::select! {
        server = accept(servers[0]) => (0, client, server),
        server = accept(servers[1]) => (1, client, server),
    }
}

#[tokio::test]
async fn the_policy_chooses_an_endpoint() {
    let ((one, first), (two, second)) = (listener().await, listener().await);
    let urls = [first, second];
    let config = RawConfig::default().upstream("backend", &urls, "balance = \"hash\"");
    let gateway = config.route("", "backend").start().await;
    let (at, _client, _server) = next_of(&gateway, [&one, &two]).await;
    for _ in 0..5 {
        assert_eq!(next_of(&gateway, [&one, &two]).await.0, at);
    }

    let gateway = RawConfig::to(&urls).start().await;
    let held = next_of(&gateway, [&one, &two]).await;
    let other = next_of(&gateway, [&one, &two]).await;
    assert_ne!(held.0, other.0, "each has one");
    drop(held.1);
    assert_eq!(end(&mut { held.2 }).await, Ok(()));
    let name = "gatewright_upstream_connections";
    let left = async { while gateway.metrics().await.sum(name, &[]) > 1.0 {} };
    in_time("the end of a connection", left).await;
    assert_eq!(next_of(&gateway, [&one, &two]).await.0, held.0);
}

#[tokio::test]
async fn an_endpoint_that_was_not_reached_is_passed_over_and_found_again() {
    let (up, url) = listener().await;
    let dead = dead_url().await;
    let address = dead.strip_prefix("tcp://").expect("an address").to_owned();
    let keys = "balance = \"round-robin\"\nhealth = { every = \"20ms\", fall = 1, rise = 1 }\nslow-start = \"0s\"";
    let config = RawConfig::default().upstream("backend", &[dead, url], keys);
    let gateway = config.route("", "backend").start().await;
    let states = "gatewright_upstream_endpoints";
    let ejected = [("endpoint", "0"), ("state", "ejected")];
    gateway.until_metric(states, &ejected, 1.0).await;
    for _ in 0..5 {
        pair(&gateway, &up).await;
    }
    let failed = "gatewright_upstream_connects_failed_total";
    assert_eq!(gateway.metrics().await.sum(failed, &[]), 0.0);
    let back = TcpListener::bind(address).await.expect("its port");
    let healthy = [("endpoint", "0"), ("state", "healthy")];
    gateway.until_metric(states, &healthy, 1.0).await;
    let found = async { while next_of(&gateway, [&back, &up]).await.0 == 1 {} };
    in_time("the endpoint that is back", found).await;
}
