//! An upstream that is away for a while.

use crate::support::config::{Config, status};
use crate::support::gateway::Gateway;
use crate::support::in_time;
use crate::support::wire::AuthReq;
use std::time::{Duration, Instant};
use tokio::net::TcpSocket;

/// It is found by the gateway itself: no request asks for it. Half a second is for the machine.
#[tokio::test]
async fn an_upstream_that_is_back_is_found_within_a_second_and_not_overrun() {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket
        .bind("127.0.0.1:0".parse().expect("an address"))
        .expect("a port");
    let url = format!("h2c://{}", socket.local_addr().expect("an address"));
    let gateway = Gateway::start(&Config::pos([url])).await;
    let mut client = gateway.client().await;
    for seq in 0..50 {
        assert_eq!(client.ask(AuthReq::new(seq)).await.status, status::FAILED);
    }
    // By then the pauses are as long as they get.
    let failures = "gatewright_upstream_connects_failed_total";
    gateway.until_metric(failures, &[], 7.0).await;

    let listener = socket.listen(64).expect("a listener");
    let back = Instant::now();
    let (stream, _) = in_time("the gateway", listener.accept()).await.expect("it");
    let took = back.elapsed();
    assert!(took <= Duration::from_millis(1_500), "{took:?}");

    let mut h2 = h2::server::handshake(stream).await.expect("HTTP/2");
    let served = tokio::spawn(async move {
        let mut requests = 0;
        while requests < 20 {
            let Some(Ok((_, mut respond))) = h2.accept().await else {
                break;
            };
            let answer = http::Response::builder()
                .status(402)
                .body(())
                .expect("an answer");
            respond.send_response(answer, true).expect("a stream");
            requests += 1;
        }
        // Whatever was written is flushed while it waits for the end.
        let _ = h2.accept().await;
    });
    let connected = [("upstream", "backend")];
    gateway
        .until_metric("gatewright_upstream_connections", &connected, 1.0)
        .await;
    client.send((100..120).map(AuthReq::new)).await;
    for seq in 100..120 {
        assert_eq!(client.reply_to(seq).await.status, status::DECLINED);
    }
    let more = tokio::time::timeout(Duration::ZERO, listener.accept()).await;
    assert!(more.is_err(), "a second connection for what one carries");
    served.abort();
}
