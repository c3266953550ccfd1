//! Upstreams whose connections are their clients' own, from the first message on.

use crate::support::config::Config;
use crate::support::gateway::Gateway;
use crate::support::host::Host;
use crate::support::wire::{AuthReq, AuthRsp};

const FAILED: u8 = 96;

fn bound(host: &Host) -> Config {
    Config::forward("pos", [host.url()]).upstream_key("sharing", "\"bound\"")
}

fn reply(seq: u32, code: &str) -> AuthRsp {
    AuthRsp {
        seq,
        status: 0,
        code: code.to_owned(),
    }
}

#[tokio::test]
async fn each_client_has_a_connection_of_its_own_and_keeps_its_ids() {
    let host = Host::start().await;
    let gateway = Gateway::start(&bound(&host)).await;
    let (mut one, mut two) = (gateway.client().await, gateway.client().await);
    let requests = [AuthReq::new(7), AuthReq::new(8)];
    one.send(requests.clone()).await;
    let mut first = host.accept().await;
    for request in &requests {
        assert_eq!(first.frame().await, request.bytes());
    }
    two.send([AuthReq::new(7)]).await;
    let mut second = host.accept().await;
    assert_eq!(second.frame().await, AuthReq::new(7).bytes());
    second.send(&reply(7, "SECOND").bytes()).await;
    // What its client did not ask for is its client's as well.
    for seq in [8, 7, 99] {
        first.send(&reply(seq, "OTHERS").bytes()).await;
    }
    assert_eq!(two.next().await, Ok(reply(7, "SECOND")));
    for seq in [8, 7, 99] {
        assert_eq!(one.next().await, Ok(reply(seq, "OTHERS")));
    }
    drop(first);
    assert!(one.next().await.is_err(), "its connection has ended");
    two.send([AuthReq::new(9)]).await;
    assert_eq!(second.frame().await, AuthReq::new(9).bytes());
    two.abort();
    second.closed().await;
}

#[tokio::test]
async fn its_connection_begins_as_each_does() {
    let host = Host::start().await;
    let open = r#"{ send = "auth_req", set = { merchant = "HELLO", pan = "", amount = 1, currency = 1 } }"#;
    let gateway = Gateway::start(&bound(&host).upstream_key("session.open", open)).await;
    let mut client = gateway.client().await;
    client.send([AuthReq::new(7)]).await;
    let mut upstream = host.accept().await;
    let hello = upstream.frame().await;
    assert_eq!(&hello[9..14], b"HELLO");
    let id = u32::from_be_bytes([hello[5], hello[6], hello[7], hello[8]]);
    upstream.send(&reply(id, "HELLO").bytes()).await;
    assert_eq!(upstream.frame().await, AuthReq::new(7).bytes());
    upstream.send(&reply(7, "SECOND").bytes()).await;
    assert_eq!(client.next().await, Ok(reply(7, "SECOND")));
}

#[tokio::test]
async fn a_client_without_a_connection_is_told_and_asks_again() {
    let host = Host::start().await;
    let config = bound(&host);
    let address = host.address();
    drop(host);
    let gateway = Gateway::start(&config).await;
    let mut client = gateway.client().await;
    assert_eq!(client.ask(AuthReq::new(1)).await.status, FAILED);
    let host = Host::at(address).await;
    client.send([AuthReq::new(2)]).await;
    let mut upstream = host.accept().await;
    assert_eq!(upstream.frame().await, AuthReq::new(2).bytes());
}
