//! How a gateway starts, and how it ends.

use crate::support::backend::{Action, Backend, approved};
use crate::support::client::Ended;
use crate::support::config::{Config, status};
use crate::support::gateway::Gateway;
use crate::support::in_time;
use crate::support::wire::{AuthReq, approval_code};
use std::net::TcpListener;
use tokio::net::TcpStream;

/// Waits until nobody listens there any more.
async fn until_refused(gateway: &Gateway) {
    let refused = async {
        while TcpStream::connect(gateway.front()).await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    in_time("the listener to close", refused).await;
}

#[tokio::test]
async fn a_stop_finishes_what_is_in_flight() {
    let backend = Backend::scripted(|asked| Action::AtGate(approved(asked)))
        .start()
        .await;
    let mut gateway = Gateway::start(&Config::pos([backend.url()]).workers(2)).await;
    let (mut busy, mut idle) = (gateway.client().await, gateway.client().await);
    busy.send((0..10).map(AuthReq::new)).await;
    backend.until_asked(10).await;

    gateway.terminate().await;
    until_refused(&gateway).await;
    assert_eq!(
        idle.rest().await,
        (Vec::new(), Ended::Closed),
        "idle ones are let go"
    );
    backend.open_gate();
    let (mut replies, ended) = busy.rest().await;
    replies.sort_by_key(|reply| reply.seq);
    let codes: Vec<_> = replies
        .into_iter()
        .map(|reply| (reply.seq, reply.code))
        .collect();
    assert_eq!(
        codes,
        (0..10)
            .map(|seq| (seq, approval_code(seq, "M123", 1250)))
            .collect::<Vec<_>>()
    );
    assert_eq!(ended, Ended::Closed);
    assert_eq!(gateway.exit().await.code, Some(0));
}

#[tokio::test]
async fn a_stop_without_clients_is_quick() {
    let backend = Backend::approving().await;
    let mut gateway = Gateway::start(&Config::pos([backend.url()])).await;
    assert_eq!(
        gateway.client().await.ask(AuthReq::new(1)).await.status,
        status::APPROVED
    );
    gateway.terminate().await;
    assert_eq!(gateway.exit().await.code, Some(0));
}

#[tokio::test]
async fn a_stop_does_not_wait_for_ever() {
    let backend = Backend::scripted(|_| Action::Silence).start().await;
    let mut gateway = Gateway::start(&Config::pos([backend.url()]).drain_deadline("300ms")).await;
    let mut client = gateway.client().await;
    client.send([AuthReq::new(1)]).await;
    backend.until_asked(1).await;
    gateway.terminate().await;
    let (replies, _) = client.rest().await;
    assert!(
        replies
            .iter()
            .all(|reply| reply.seq == 1 && reply.status == status::FAILED),
        "{replies:?}"
    );
    assert_eq!(gateway.exit().await.code, Some(0));
}

#[tokio::test]
async fn a_second_signal_ends_the_wait() {
    let backend = Backend::scripted(|_| Action::Silence).start().await;
    let mut gateway = Gateway::start(&Config::pos([backend.url()]).drain_deadline("1h")).await;
    let mut client = gateway.client().await;
    client.send([AuthReq::new(1)]).await;
    backend.until_asked(1).await;
    gateway.terminate().await;
    until_refused(&gateway).await;
    gateway.terminate().await;
    assert!(gateway.exit().await.code.is_some(), "it ends by itself");
}

#[tokio::test]
async fn a_gateway_that_stops_is_not_ready() {
    let backend = Backend::scripted(|asked| Action::AtGate(approved(asked)))
        .start()
        .await;
    let mut gateway = Gateway::start(&Config::pos([backend.url()])).await;
    let mut client = gateway.client().await;
    client.send([AuthReq::new(1)]).await;
    backend.until_asked(1).await;
    assert_eq!(gateway.admin("/readyz").await.0, 200);
    gateway.terminate().await;
    until_refused(&gateway).await;
    assert_eq!(gateway.admin("/readyz").await.0, 503);
    assert_eq!(gateway.admin("/healthz").await.0, 200);
    backend.open_gate();
    assert_eq!(client.reply_to(1).await.status, status::APPROVED);
    assert_eq!(gateway.exit().await.code, Some(0));
}

#[tokio::test]
async fn stops_at_any_moment_lose_nothing() {
    const REQUESTS: u32 = 200;
    for round in 0..10 {
        let backend = Backend::scripted(|asked| Action::Shuffle(approved(asked)))
            .batch(7, round)
            .start()
            .await;
        let mut gateway = Gateway::start(&Config::pos([backend.url()])).await;
        let mut client = gateway.client().await;
        client.send((0..REQUESTS).map(AuthReq::new)).await;
        backend
            .until_asked(usize::try_from(round * 20).expect("a number"))
            .await;
        gateway.terminate().await;
        let (replies, _) = client.rest().await;
        drop(client);
        let asked = backend.log().asked.len();
        let approved = replies
            .iter()
            .filter(|reply| reply.status == status::APPROVED)
            .count();
        assert_eq!(approved, asked, "round {round}: what was sent is answered");
        for reply in replies
            .iter()
            .filter(|reply| reply.status == status::APPROVED)
        {
            assert_eq!(reply.code, approval_code(reply.seq, "M123", 1250));
        }
        assert_eq!(gateway.exit().await.code, Some(0));
    }
}

#[tokio::test]
async fn a_port_in_use_is_told() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address");
    let config = Config::pos(["h2c://127.0.0.1:1".to_owned()]).bind(address);
    let exit = Gateway::fail(&config.text()).await;
    assert_eq!(exit.code, Some(71), "{}", exit.stderr);
    assert!(
        exit.stderr
            .contains(&format!("{address}: Address already in use")),
        "{}",
        exit.stderr
    );
    assert!(!exit.stderr.contains("panicked"), "{}", exit.stderr);
}

#[tokio::test]
async fn a_wrong_configuration_is_told() {
    let good = Config::pos(["mock:".to_owned()]).text();
    let cases = [
        (
            "a key that is not known",
            good.replace("protocol = \"pos\"", "protocoll = \"pos\""),
            "protocoll",
        ),
        (
            "a field that is not known",
            good.replace("\"{amount}\"", "\"{amout}\""),
            "amout",
        ),
        (
            "an operation that is not known",
            good.replace("\"auth_req\"", "\"auth_rq\""),
            "auth_rq",
        ),
        ("not TOML", format!("{good}\n[["), "gatewright.toml"),
    ];
    for (name, text, mentioned) in cases {
        let exit = Gateway::fail(&text).await;
        assert_eq!(exit.code, Some(78), "{name}: {}", exit.stderr);
        assert!(exit.stderr.contains(mentioned), "{name}: {}", exit.stderr);
        assert!(
            exit.stderr.contains("gatewright.toml:"),
            "{name}: {}",
            exit.stderr
        );
    }
}

#[tokio::test]
async fn as_many_descriptors_are_used_as_the_system_allows() {
    let backend = Backend::approving().await;
    let config = Config::pos([backend.url()]).listener("connections", 300);
    let gateway = Gateway::start_with_descriptors(&config, 64, 400).await;
    let mut clients = Vec::new();
    for _ in 0..100 {
        clients.push(gateway.client().await);
    }
    for client in &mut clients {
        assert_eq!(client.ask(AuthReq::new(1)).await.status, status::APPROVED);
    }
    let warning = "more connections than the process may have descriptors";
    assert!(gateway.stderr().contains(warning), "{}", gateway.stderr());

    let config = Config::pos([backend.url()]).listener("connections", 100);
    let gateway = Gateway::start_with_descriptors(&config, 64, 400).await;
    assert!(!gateway.stderr().contains(warning), "{}", gateway.stderr());
}
