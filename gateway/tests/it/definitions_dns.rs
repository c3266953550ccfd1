//! DNS over TCP by definition: dig asks BIND, and a service over HTTP/2.

use crate::definitions::recipe;
use crate::dns_servers::{Bind, QUESTIONS};
use crate::support::backend::{Action, Answer, Asked, Backend};
use serde_json::json;

#[tokio::test]
async fn answers_are_those_that_bind_gives() {
    let Some(bind) = Bind::start().await else {
        return;
    };
    let url = format!("tcp://{}", bind.tcp());
    let gateway = recipe("dns-definition", &[("tcp://127.0.0.1:53}", url + "}")]).await;
    let names = gateway.listener("names");
    for question in QUESTIONS {
        let direct = bind.dig(bind.tcp(), question).await;
        assert!(direct.contains("->>HEADER<<-"), "{question:?}: {direct}");
        assert_eq!(bind.dig(names, question).await, direct, "{question:?}");
    }
    let mut all = vec!["+keepopen"];
    all.extend(QUESTIONS.iter().copied().flatten());
    let direct = bind.dig(bind.tcp(), &all).await;
    assert_eq!(bind.dig(names, &all).await, direct);
}

/// A service that knows one host.
fn hosts(asked: &Asked) -> Action {
    Action::Answer(match asked.target.as_str() {
        "/hosts/www.example.test" => {
            Answer::status(200).json(&json!({ "ttl": 77, "address": "c0000250" }))
        }
        "/hosts/broken.example.test" => Answer::status(500),
        _ => Answer::status(404),
    })
}

#[tokio::test]
async fn a_service_answers_as_a_name_server_would() {
    let Some(bind) = Bind::start().await else {
        return;
    };
    let backend = Backend::scripted(hosts).start().await;
    let upstreams = [("h2c://127.0.0.1:8080", backend.url())];
    let gateway = recipe("dns-definition", &upstreams).await;
    let hosts = gateway.listener("hosts");
    for (name, status, answer) in [
        (
            "www.example.test",
            "status: NOERROR",
            "www.example.test.\t77\tIN\tA\t192.0.2.80",
        ),
        ("missing.example.test", "status: NXDOMAIN", "ANSWER: 0"),
        ("broken.example.test", "status: SERVFAIL", "ANSWER: 0"),
    ] {
        // dig takes an answer only if its number and its question are those that it sent.
        let said = bind.dig(hosts, &[name, "A"]).await;
        assert!(said.contains(status) && said.contains(answer), "{said}");
    }
}
