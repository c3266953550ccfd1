//! Configurations that can run, as facts about their plans.

mod definitions;
mod web;

use definitions::Stub;
use gatewright_config::plan::{
    Authority, Check, DefinitionPlan, Endpoint, LogFormat, MockPlan, Plan, Records,
};
use gatewright_config::{Loaded, Protocols, load, load_str, load_str_with};
use gatewright_core::balance::Policy;
use gatewright_core::health::ErrorReplies;
use gatewright_core::message::Value;
use gatewright_core::retry::Cause;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

fn protocols() -> Protocols {
    gatewright_codecs::BUILTIN
        .iter()
        .map(|builtin| (builtin.name, (builtin.protocol)()))
        .collect()
}

#[track_caller]
fn plan(text: &str) -> Plan {
    match load_str("gatewright.toml", text, &protocols()) {
        Ok(Loaded { plan, warnings, .. }) => {
            assert_eq!(warnings, []);
            plan
        }
        Err(found) => panic!("{found:#?}"),
    }
}

const SMALLEST: &str = r#"
[listeners.pos]
bind = "tcp://127.0.0.1:0"
protocol = "pos"

[upstreams.payments]
url = "mock:"

[[routes]]
from = "pos"
to = "payments"
request.post = "/"
reply = [ { on = "*", send = "auth_rsp", set = { status = 96 } } ]
"#;

fn authority(host: &str, port: u16) -> Authority {
    Authority {
        host: host.into(),
        port,
        address: None,
    }
}

fn h2c(host: &str, port: u16) -> Endpoint {
    Endpoint::H2c(authority(host, port))
}

#[test]
fn what_is_not_said_has_its_default() {
    let plan = plan(SMALLEST);
    assert_eq!(plan.workers, std::thread::available_parallelism().unwrap());
    assert_eq!(plan.drain.deadline, Duration::from_secs(30));
    assert_eq!(plan.drain.spread, Duration::from_secs(5));
    assert_eq!(
        (plan.log.filter.as_str(), plan.log.format, plan.log.messages),
        ("info", LogFormat::Text, false)
    );
    assert_eq!(plan.admin, None);
    let limits = plan.listeners[0].limits;
    assert_eq!(
        (limits.connections, limits.frame, limits.in_flight),
        (10_000, 64 << 10, 256)
    );
    assert_eq!(limits.send_buffer, 256 << 10);
    assert_eq!(limits.frame_time, Duration::from_secs(10));
    assert_eq!(limits.idle, Duration::from_secs(300));
    assert_eq!(limits.send_time, Duration::from_secs(30));
    let limits = plan.upstreams[0].limits;
    assert_eq!(
        (
            limits.connections,
            limits.streams,
            limits.queue,
            plan.upstreams[0].retry.attempts
        ),
        (4, 256, 1024, 3)
    );
    assert_eq!(limits.body, 1 << 20);
    assert_eq!(limits.queue_wait, Duration::from_secs(1));
    assert_eq!(limits.connect, Duration::from_secs(2));
    assert_eq!(limits.idle, Duration::from_secs(60));
    let route = &plan.listeners[0].routes[0];
    assert_eq!(
        (&*route.name, route.upstream, route.timeout),
        ("#1", 0, Duration::from_secs(10))
    );
}

const EVERYTHING: &str = r#"
[gateway]
workers = 3
drain = { deadline = "1m", spread = "0s" }

[log]
filter = "warn,gatewright=debug"
format = "json"
messages = true

[admin]
http = "[::1]:9901"

[protocols.tills]
codec = "pos"

[listeners.shop]
bind = "tcp://[::]:7700"
protocol = "tills"
limits = { connections = 0x10, frame = "1KiB", in-flight = 2, send-buffer = 2_048, frame-time = "1s", idle = "2m", send-time = "3h" }

[upstreams.spare]
url = "mock:503?delay=20ms&body=no"

[upstreams.payments]
url = ["h2c://pay-1:8080", "https://pay-2"]
timeout = "800ms"
tls = { server-name = "pay.internal" }
limits = { connections = 1, streams = 2, queue = 3, queue-wait = "4ms", body = "5KiB", connect = "6s", idle = "7s" }
retry = { attempts = 8, on = ["connect", "503", "5xx", "reset"], budget = "20%" }

[[routes]]
name = "large"
from = ["shop"]
operation = "auth_req"
when = "amount > 100"
to = "spare"
timeout = "5s"
request.put = "/large"
reply = [ { on = "*", send = "auth_rsp", set = { status = 96 } } ]

[[routes]]
from = "shop"
to = "payments"
request.get = "/"
reply = [ { on = "*", send = "auth_rsp", set = { status = 96 } } ]
"#;

#[test]
fn what_is_said_is_in_the_plan() {
    let plan = plan(EVERYTHING);
    assert_eq!(plan.workers.get(), 3);
    assert_eq!(
        (plan.drain.deadline, plan.drain.spread),
        (Duration::from_secs(60), Duration::ZERO)
    );
    assert_eq!(
        (plan.log.filter.as_str(), plan.log.format, plan.log.messages),
        ("warn,gatewright=debug", LogFormat::Json, true)
    );
    assert_eq!(plan.admin, Some("[::1]:9901".parse().unwrap()));

    let [shop] = plan.listeners.as_slice() else {
        panic!("one listener")
    };
    assert_eq!(
        (&*shop.name, shop.bind),
        ("shop", "[::]:7700".parse().unwrap())
    );
    assert_eq!(shop.protocol.descriptor().name, "pos");
    assert_eq!(
        (
            shop.limits.connections,
            shop.limits.frame,
            shop.limits.in_flight
        ),
        (16, 1024, 2)
    );
    assert_eq!(shop.limits.send_buffer, 2048);
    assert_eq!(shop.limits.frame_time, Duration::from_secs(1));
    assert_eq!(shop.limits.idle, Duration::from_secs(120));
    assert_eq!(shop.limits.send_time, Duration::from_secs(10_800));

    let routes: Vec<_> = shop
        .routes
        .iter()
        .map(|r| (&*r.name, r.upstream, r.timeout))
        .collect();
    assert_eq!(
        routes,
        [
            ("large", 0, Duration::from_secs(5)),
            ("#2", 1, Duration::from_millis(800))
        ]
    );

    let mock = MockPlan {
        status: 503,
        delay: Duration::from_millis(20),
        body: Some("no".into()),
    };
    assert_eq!(plan.upstreams[0].endpoints, [Endpoint::Mock(mock)]);
    let payments = &plan.upstreams[1];
    let https = Endpoint::Https(authority("pay-2", 443));
    assert_eq!(payments.endpoints, [h2c("pay-1", 8080), https]);
    assert_eq!(payments.tls.server_name.as_deref(), Some("pay.internal"));
    let limits = payments.limits;
    assert_eq!(
        (
            limits.connections,
            limits.streams,
            limits.queue,
            payments.retry.attempts
        ),
        (1, 2, 3, 8)
    );
    assert_eq!(limits.body, 5 << 10);
    assert_eq!(limits.queue_wait, Duration::from_millis(4));
    assert_eq!(limits.connect, Duration::from_secs(6));
    assert_eq!(limits.idle, Duration::from_secs(7));
}

#[test]
fn endpoints_have_ranks_and_upstreams_policies() {
    let plan = plan(&SMALLEST.replace(
        "url = \"mock:\"",
        r#"
        url = ["h2c://a", { url = "https://b", weight = 3, priority = 1 }]
        balance = "hash"
        balance-key = "{merchant}"
        panic = "0%"
        slow-start = "0s"
        eject = { failures = 7, share = "100%" }
        health = { path = "/healthz?deep=1", every = "500ms", fall = 4 }
        retry = { on = ["503", "5xx", "reset"], budget = "20%" }
        "#,
    ));
    let upstream = &plan.upstreams[0];
    let ranks: Vec<_> = (upstream.ranks.iter())
        .map(|rank| (rank.weight, rank.priority))
        .collect();
    assert_eq!((upstream.endpoints.len(), ranks), (2, vec![(1, 0), (3, 1)]));
    let policy = upstream.policy;
    assert_eq!((policy.balance, policy.panic), (Policy::Hash, 0));
    assert_eq!(policy.health.slow_start, Duration::ZERO);
    let eject = policy.health.eject;
    assert_eq!((eject.failures, eject.ratio, eject.share), (7, 50, 100));
    assert_eq!((policy.health.fall, policy.health.rise), (4, 2));
    let check = upstream.check.as_ref().unwrap();
    let path = "/healthz?deep=1";
    assert!(matches!(&check.check, Check::Get(get) if get == path));
    assert_eq!(check.every, Duration::from_millis(500));
    assert_eq!(check.timeout, Duration::from_secs(1));
    let retry = &upstream.retry;
    let causes = [Cause::Status(503), Cause::Class(5), Cause::Reset];
    assert_eq!((&retry.causes[..], retry.budget), (&causes[..], 20));
    assert!(plan.listeners[0].routes[0].balance_key.is_some());
}

#[test]
fn a_probe_without_a_path_connects() {
    let url = "url = \"mock:\"";
    let plan = plan(&SMALLEST.replace(url, "url = \"h2c://a\"\nhealth = {}"));
    let check = plan.upstreams[0].check.as_ref().unwrap();
    assert!(matches!(check.check, Check::Connect));
    assert_eq!(check.every, Duration::from_secs(2));
}

#[test]
fn endpoints_may_be_looked_for() {
    let of = |discovery: &str, url: &str| {
        let keys = format!("url = \"{url}\"\ndiscovery = {discovery}");
        let plan = plan(&SMALLEST.replace("url = \"mock:\"", &keys));
        let upstream = plan.upstreams[0].clone();
        (upstream.discovery.unwrap(), upstream.endpoints[0].clone())
    };
    let (plain, endpoint) = of("{}", "h2c://pay.test:8080");
    assert_eq!(plain.records, Records::Address);
    assert!(plain.servers.is_empty());
    let seconds = (plain.policy.least.as_secs(), plain.policy.most.as_secs());
    assert_eq!((seconds, plain.policy.endpoints), ((1, 60), 64));
    let address = "[2001:db8::1]:8080".parse().unwrap();
    let found = Authority {
        host: "pay.test".into(),
        port: 8080,
        address: Some(address),
    };
    assert_eq!(endpoint.found(address), Endpoint::H2c(found));

    let service =
        r#"{ records = "service", servers = "127.0.0.1:5353", least = "2m", endpoints = 3 }"#;
    let (service, endpoint) = of(service, "https://_pay._tcp.example.test");
    assert_eq!(service.records, Records::Service);
    assert_eq!(service.servers, ["127.0.0.1:5353".parse().unwrap()]);
    assert_eq!(service.policy.most, service.policy.least);
    let address = "10.0.0.1:99".parse().unwrap();
    let found = Authority {
        host: "example.test".into(),
        port: 99,
        address: Some(address),
    };
    assert_eq!(endpoint.found(address), Endpoint::Https(found));
}

/// A value with a variable is taken as it is after that, whatever it holds.
#[test]
fn a_probe_may_ask_in_the_protocol_of_its_upstream() {
    let text = r#"
        [listeners.cache]
        bind = "tcp://127.0.0.1:0"
        protocol = "resp"

        [upstreams.cache]
        url = "tcp://cache:6379"
        protocol = "resp"
        health = { send = "auth", set = { args = ["${NAME}", "${NONE:-x}", "{unhex('00ff')}"] }, expect = "reply", when = "text == 'OK'" }
        eject.errors = "server"

        [[routes]]
        from = "cache"
        to = "cache"
    "#;
    let variables = |name: &str| (name == "NAME").then(|| "{a}${b}".to_owned());
    let loaded = load_str_with("a.toml", text, &protocols(), &variables).unwrap();
    assert!(loaded.warnings.is_empty(), "{:?}", loaded.warnings);
    let upstream = &loaded.plan.upstreams[0];
    assert_eq!(upstream.errors, ErrorReplies::Failures);
    let Some(Check::Ask(question)) = upstream.check.as_ref().map(|check| &check.check) else {
        panic!("a question")
    };
    let message = question.message(0);
    let args = [&b"{a}${b}"[..], b"x", b"\x00\xff"];
    let args = args.map(|arg| Value::Bytes(arg.to_vec().into()));
    assert_eq!(message.fields()[1].as_list(), Some(&args[..]));
    assert!(!format!("{:?}", loaded.plan).contains("{a}"));
}

#[test]
fn listeners_share_what_is_the_same_for_them() {
    let plan = plan(
        r#"
        [protocols.tills]
        codec = "pos"

        [listeners.b]
        bind = "tcp://127.0.0.1:0"
        protocol = "pos"

        [listeners.a]
        bind = "tcp://127.0.0.1:0"
        protocol = "tills"

        [upstreams.payments]
        url = "mock:"

        [[routes]]
        name = "both"
        from = ["a", "b"]
        operation = "auth_req"
        when = "amount > 100"
        to = "payments"
        request.post = "/"
        reply = [ { on = "*", send = "auth_rsp", set = { status = 96 } } ]

        [[routes]]
        name = "b-alone"
        from = "b"
        to = "payments"
        request.post = "/"
        reply = [ { on = "*", send = "auth_rsp", set = { status = 96 } } ]
        "#,
    );
    let names: Vec<&str> = plan
        .listeners
        .iter()
        .map(|listener| &*listener.name)
        .collect();
    assert_eq!(names, ["b", "a"], "the order of the file");
    let [b, a] = plan.listeners.as_slice() else {
        panic!("two listeners")
    };
    assert_eq!((b.routes.len(), a.routes.len()), (2, 1));
    assert!(Arc::ptr_eq(&a.routes[0], &b.routes[0]));
}

#[test]
fn a_route_is_unreachable_only_if_it_is_for_all_of_its_listeners() {
    plan(
        r#"
        [listeners.a]
        bind = "tcp://127.0.0.1:0"
        protocol = "pos"

        [listeners.b]
        bind = "tcp://127.0.0.1:0"
        protocol = "pos"

        [upstreams.payments]
        url = "mock:"

        [[routes]]
        from = "a"
        to = "payments"
        request.post = "/a"
        reply = [ { on = "*", send = "auth_rsp", set = { status = 96 } } ]

        [[routes]]
        from = ["a", "b"]
        to = "payments"
        request.post = "/both"
        reply = [ { on = "*", send = "auth_rsp", set = { status = 96 } } ]
        "#,
    );
}

#[test]
fn files_are_looked_for_beside_the_configuration() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tls");
    let loaded = load(&folder.join("gatewright.toml"), &protocols()).unwrap();
    let ca = loaded.plan.upstreams[0].tls.ca.as_ref();
    assert_eq!(ca.unwrap().path, folder.join("ca.pem"));
}

#[test]
fn a_file_that_cannot_be_read_is_said_to_be() {
    let found = load(Path::new("/no/such/gatewright.toml"), &protocols()).unwrap_err();
    let [one] = found.as_slice() else {
        panic!("{found:#?}")
    };
    assert_eq!((one.code, one.place.is_none()), ("GW4001", true));
    assert!(
        one.message.contains("/no/such/gatewright.toml"),
        "{}",
        one.message
    );
}

#[test]
fn a_refused_address_points_at_its_bind() {
    let loaded = load_str("gatewright.toml", SMALLEST, &protocols()).unwrap();
    let refused = loaded.not_bound(0, &std::io::ErrorKind::AddrInUse.into());
    assert_eq!(
        refused.to_string(),
        "gatewright.toml:3:8: error[GW4003]: cannot listen on 127.0.0.1:0: address in use"
    );

    let text = format!("[admin]\nhttp = \"127.0.0.1:9901\"\n{SMALLEST}");
    let loaded = load_str("gatewright.toml", &text, &protocols()).unwrap();
    let refused = loaded.admin_not_bound(&std::io::ErrorKind::AddrInUse.into());
    assert_eq!(
        refused.to_string(),
        "gatewright.toml:2:8: error[GW4003]: cannot listen on 127.0.0.1:9901: address in use"
    );
}

#[test]
fn the_memory_is_a_sum_of_limits() {
    let text = SMALLEST
        .replace("[upstreams.payments]", "limits = { connections = 20, frame = \"1KiB\", in-flight = 5, send-buffer = \"2KiB\" }\n[upstreams.payments]")
        .replace("mock:\"", "h2c://a\"\nlimits = { connections = 2, streams = 3, queue = 4, body = \"1KiB\", window = \"64KiB\" }\n[gateway]\nworkers = 2");
    let memory = plan(&text).memory();
    let bytes: Vec<u64> = memory.lines.iter().map(|line| line.bytes).collect();
    let kib = 1 << 10;
    // Two workers take 2 × (2 × 3 + 4) = 20 requests, fewer than 20 connections could ask for.
    assert_eq!(
        bytes,
        [
            20 * (1 + 2 + 2) * kib,
            20 * 7 * kib,
            2 * 2 * (3 * (1 + 64) + 128) * kib,
            20 * 5 * kib,
        ]
    );
    assert_eq!(memory.total(), bytes.iter().sum::<u64>());
    // What its parts are, the sum, and what is most of it.
    assert_eq!(memory.to_string().lines().count(), 4 + 1 + 3);
    let largest: Vec<_> = (memory.largest.iter())
        .map(|largest| {
            (
                largest.line,
                largest.levers.first().map(|l| (&*l.key, l.saved)),
            )
        })
        .collect();
    assert_eq!(
        largest,
        [
            (
                2,
                Some((
                    "upstreams.payments.limits.connections",
                    2 * (3 * (1 + 64) + 128) * kib
                ))
            ),
            // 20 are taken of 100, so half of the streams is what counts: 2 × (2 × 2 + 4).
            (1, Some(("listeners.pos.limits.frame", 20 * 7 * kib / 2))),
            (0, Some(("listeners.pos.limits.connections", 10 * 5 * kib))),
        ]
    );
}

#[test]
fn requests_that_are_forwarded_are_as_many_as_clients_have_places() {
    let memory = |protocol: &str, sharing: &str, route: &str| {
        let text = format!(
            r#"
            [gateway]
            workers = 2
            [listeners.front]
            bind = "tcp://127.0.0.1:0"
            protocol = "{protocol}"
            limits = {{ connections = 1000, in-flight = 7, frame = "1KiB", send-buffer = "1KiB" }}
            [upstreams.host]
            url = "tcp://a:1"
            protocol = "{protocol}"
            sharing = "{sharing}"
            limits = {{ connections = 3, streams = 5, queue = 11, frame = "1KiB" }}
            [[routes]]
            from = "front"
            to = "host"
            {route}
            "#
        );
        let text = match sharing {
            "shared" => text.replace("queue = 11", "queue = 11, dedicated = 2"),
            _ => text,
        };
        plan(&text).memory().lines[1].clone()
    };
    // Clients with places on two workers: 3 × 5 shared and 2 of their own, with a queue each.
    let clients = 2 * (3 * 5 + 11 + 2 + 11);
    let shared = memory("pos", "shared", "");
    assert_eq!(shared.bytes, clients * 7 * 2 * 1024, "{}", shared.formula);
    let clients = 2 * (3 + 11);
    let exclusive = memory("pos", "exclusive", "");
    assert_eq!(
        exclusive.bytes,
        clients * 7 * 2 * 1024,
        "{}",
        exclusive.formula
    );
}

/// However many requests the limits allow, and however long they may be.
#[test]
fn requests_in_flight_hold_no_more_than_the_gateway_has_room_for() {
    let memory = |gateway: &str, frame: &str| {
        let text = SMALLEST
            .replace(
                "[upstreams.payments]",
                &format!(
                    "limits = {{ frame = \"{frame}\", in-flight = 5000 }}\n[upstreams.payments]"
                ),
            )
            .replace(
                "mock:\"",
                &format!(
                    "h2c://a\"\nlimits = {{ queue = 1_000_000 }}\n[gateway]\nworkers = 2\n{gateway}"
                ),
            );
        let plan = plan(&text);
        assert_eq!(plan.in_flight_of_each(), plan.in_flight / 2);
        plan.memory()
    };
    let mib = 1 << 20;
    let sum = memory("", "64KiB");
    assert_eq!(sum.lines[1].bytes, 1024 * 7 * mib);
    let levers = sum.largest.iter().find(|largest| largest.line == 1);
    let levers: Vec<_> = levers.unwrap().levers.iter().map(|l| &*l.key).collect();
    assert_eq!(levers, ["gateway.in-flight"]);
    let small = "in-flight = \"1MiB\"";
    assert_eq!(memory(small, "64KiB").lines[1].bytes, 7 * mib);
    // One of each worker has room whatever it holds.
    let text = memory("in-flight = \"1MiB\"", "64KiB").to_string();
    assert!(text.contains("1MiB in-flight of the gateway"), "{text}");
}

/// Whoever has asked and takes nothing is answered all the same, as long as there is room.
#[test]
fn each_request_of_a_client_may_have_its_answer_waiting() {
    let waiting = |keys: &str, in_flight: &str| {
        let text = format!(
            r#"
            [gateway]
            in-flight = "{in_flight}"
            [listeners.front]
            bind = "tcp://127.0.0.1:0"
            protocol = "http"
            limits = {{ connections = 10, in-flight = 100 }}
            [upstreams.host]
            url = "h2c://a"
            limits.body = "512KiB"
            [[routes]]
            from = "front"
            to = "host"
            {keys}
            "#
        );
        plan(&text).memory().lines.pop().unwrap().bytes >> 10
    };
    // What is on its way, and as much that was handed to the library.
    assert_eq!(waiting("", "1GiB"), 10 * 100 * (64 + 64));
    let rules =
        "operation = \"GET /\"\nrequest.get = \"/\"\nreply = [{ on = \"*\", status = 200 }]";
    assert_eq!(waiting(rules, "1GiB"), 10 * 100 * 512);
    assert_eq!(waiting(rules, "64MiB"), 64 << 10);
}

/// What one listener holds of it, another one does not.
#[test]
fn listeners_share_the_rooms_of_the_gateway() {
    let text = r#"
        [gateway]
        workers = 1
        in-flight = "64MiB"
        [listeners.tills]
        bind = "tcp://127.0.0.1:0"
        protocol = "pos"
        limits = { connections = 100, in-flight = 2, frame = "64KiB" }
        [listeners.web]
        bind = "tcp://127.0.0.1:0"
        protocol = "http"
        [listeners.more]
        bind = "tcp://127.0.0.1:0"
        protocol = "http"
        [upstreams.host]
        url = "h2c://a"
        [[routes]]
        from = "tills"
        to = "host"
        request.post = "/"
        reply = [ { on = "*" } ]
        [[routes]]
        from = ["web", "more"]
        to = "host"
        when = "json.a == 1"
        "#;
    let memory = plan(text).memory();
    let mib = 1 << 20;
    let parts = |what: &str| -> Vec<u64> {
        let lines = memory
            .lines
            .iter()
            .filter(|line| line.what.starts_with(what));
        lines.map(|line| line.bytes / mib).collect()
    };
    // 200 × 64 KiB take 12.5 MiB of the room, as what holds most for each byte of it; the next has the rest.
    assert_eq!(parts("requests"), [175 / 2, 2 * 51 + 1, 0]);
    assert_eq!(parts("bodies"), [0, 0]);
    assert_eq!(parts("answers that wait"), [64, 0, 0]);
    let text = memory.to_string();
    assert!(
        text.contains("51.5 MiB left of in-flight of the gateway × 2"),
        "{text}"
    );
    // What another listener would have instead is saved by nobody.
    let levers = memory.largest.iter().flat_map(|largest| &largest.levers);
    let keys: Vec<_> = levers.map(|lever| &*lever.key).collect();
    assert!(!keys.contains(&"listeners.web.limits.body"), "{keys:?}");
}

/// Values of a list take many times the bytes that it has on the wire.
#[test]
fn lists_in_answers_are_values() {
    let memory = |protocol: &str, upstream: &str, rules: &str| {
        let text = format!(
            r#"
            [gateway]
            workers = 1
            in-flight = "1GiB"
            [listeners.front]
            bind = "tcp://127.0.0.1:0"
            protocol = "{protocol}"
            limits = {{ connections = 1, in-flight = 1, frame = "1KiB" }}
            [upstreams.behind]
            {upstream}
            [[routes]]
            from = "front"
            to = "behind"
            {rules}
            "#
        );
        let lines = plan(&text).memory().lines;
        let of = |what: &str| {
            let line = lines.iter().find(|line| line.what.contains(what));
            line.map_or(0, |line| line.bytes >> 10)
        };
        (of("a reply being read"), of("that wait"))
    };
    let value = size_of::<Value>() as u64;
    let resp = "url = \"tcp://a:1\"\nprotocol = \"resp\"\nlimits = { connections = 1, dedicated = 1, frame = \"1KiB\" }";
    let get = |reply: &str| {
        format!(
            "operation = \"GET /{{k}}\"\nrequest.send = \"lrange\"\nrequest.set = {{ args = [\"{{utf8(path.k)}}\"] }}\nreply = [{{ on = \"reply\", {reply} }}, {{ on = \"*\", status = 502 }}]"
        )
    };
    // An element has five fields, and is a byte on the wire at least.
    let with_values = 1 + 6 * value;
    let unread = memory("http", resp, &get("status = 200"));
    let read = memory(
        "http",
        resp,
        &get("status = 200, json = { n = \"{items.size}\" }"),
    );
    assert_eq!(read.0 - unread.0, 2 * (with_values - 1));
    assert_eq!((unread.1, read.1), (6, 6 * with_values));
    // Of JSON, with its fields, in two bytes.
    let rules = "operation = \"query\"\nrequest.get = \"/\"\nreply = [{ on = \"*\" }]";
    let json = "url = \"h2c://a\"\nlimits = { body = \"1KiB\" }";
    let made = memory("dns", json, rules);
    assert!(made.1 > value, "{made:?}");
}

#[test]
fn of_a_body_that_is_handed_on_there_is_little() {
    let memory = |keys: &str| {
        let text = format!(
            r#"
            [gateway]
            workers = 1
            [listeners.front]
            bind = "tcp://127.0.0.1:0"
            protocol = "http"
            limits = {{ frame = "1KiB", body = "1MiB" }}
            [upstreams.host]
            url = "h2c://a"
            limits = {{ connections = 1, streams = 5, queue = 5 }}
            [[routes]]
            from = "front"
            to = "host"
            {keys}
            "#
        );
        let lines = plan(&text).memory().lines;
        (lines[1].bytes >> 10, lines[2].bytes >> 10)
    };
    let handed_on = (10 * 2 * 65, 5 * (256 + 64) + 128);
    assert_eq!(memory(""), handed_on);
    assert_eq!(memory("when = \"headers['x'] == 'y'\""), handed_on);
    // That of the request is looked at, not that of the answer.
    assert_eq!(
        memory("when = \"json.a == 1\""),
        (10 * 2 * 1025, handed_on.1)
    );
    let rules =
        "operation = \"GET /\"\nrequest.get = \"/\"\nreply = [{ on = \"*\", status = 200 }]";
    assert_eq!(memory(rules).1, 5 * (256 + 1024) + 128);
}

#[test]
fn quic_costs_memory_by_stream_and_by_connection() {
    let text = r#"
        [gateway]
        workers = 2
        [listeners.db]
        bind = "tcp://127.0.0.1:0"
        protocol = "raw"
        limits = { connections = 10 }
        [upstreams.db]
        url = ["quic://a:1", "tls://b:1", "quic://c:1"]
        tls.alpn = "db"
        [[routes]]
        from = "db"
        to = "db"
    "#;
    let memory = plan(text).memory();
    let bytes: Vec<u64> = memory.lines.iter().map(|line| line.bytes).collect();
    let kib = 1 << 10;
    // A window of 256 KiB, two and a half times, beside two buffers; 8 MiB to be sent.
    let relays = 10 * (2 * 64 + 640 + 4) * kib;
    assert_eq!(bytes, [relays, 2 * 2 * (8 * 1024 + 128) * kib]);
}

#[test]
fn clients_with_connections_of_their_own_cost_as_much_as_relays() {
    let plan = |protocol: &str, sharing: &str, operation: &str| {
        let text = format!(
            r#"
            [gateway]
            workers = 2
            [listeners.front]
            bind = "tcp://127.0.0.1:0"
            protocol = "{protocol}"
            limits = {{ connections = 100, frame = "1KiB", send-buffer = "1KiB" }}
            [upstreams.host]
            url = "tls://a:1"
            protocol = "{protocol}"
            sharing = "{sharing}"
            limits = {{ connections = 3, frame = "1KiB" }}
            [[routes]]
            from = "front"
            to = "host"
            {operation}
            "#
        );
        plan(&text)
    };
    let kib = 1 << 10;
    let relayed = 100 * (2 * 64 + 128 + 4) * kib;
    let read = 100 * (1 + 1 + 1 + 2) * kib;
    for (protocol, sharing, operation, bytes, connections) in [
        ("resp", "bound", "", relayed, 200),
        ("resp", "shared", "", relayed, 200 + 2 * (3 + 64)),
        // Only some operations bind a client.
        (
            "resp",
            "shared",
            "operation = \"get\"",
            read,
            100 + 2 * (3 + 64),
        ),
        ("resp", "exclusive", "", read, 100 + 2 * 3),
        ("pos", "shared", "", read, 100 + 2 * (3 + 64)),
    ] {
        let plan = plan(protocol, sharing, operation);
        let lines = plan.memory().lines;
        assert_eq!(
            lines[0].bytes, bytes,
            "{sharing} {operation}: {}",
            lines[0].formula
        );
        assert_eq!(plan.most_sockets(), connections, "{sharing} {operation}");
        if sharing == "exclusive" {
            assert_eq!(
                lines[2].bytes,
                2 * 3 * (1 + 2 + 128) * kib,
                "{}",
                lines[2].formula
            );
        }
    }
}

#[test]
fn streams_of_quic_share_one_socket_of_each_worker() {
    let most = |urls: &str, keys: &str, protocol: &str| {
        let text = format!(
            r#"
            [gateway]
            workers = 2
            [listeners.db]
            bind = "tcp://127.0.0.1:0"
            protocol = "{protocol}"
            limits = {{ connections = 10 }}
            [upstreams.db]
            url = {urls}
            tls.alpn = "db"
            {keys}
            [[routes]]
            from = "db"
            to = "db"
            "#
        );
        plan(&text).most_sockets()
    };
    let health = "health = { connect = true }";
    let (quic, mixed) = (
        r#"["quic://a:1", "quic://b:1"]"#,
        r#"["quic://a:1", "tls://b:1"]"#,
    );
    assert_eq!(most(quic, health, "raw"), 10 + 2);
    assert_eq!(most(mixed, "", "raw"), 10 + 10 + 2);
    assert_eq!(most(mixed, health, "raw"), 10 + 10 + 2 + 2);
    let shared = "protocol = \"pos\"\nlimits = { connections = 3, dedicated = 4 }";
    assert_eq!(most(quic, shared, "pos"), 10 + 2);
    assert_eq!(most(mixed, shared, "pos"), 10 + 2 + 2 * 7);
    let found = format!("{shared}\ndiscovery.endpoints = 16");
    let [quic, tls] = ["quic", "tls"].map(|scheme| format!("\"{scheme}://a:1\""));
    assert_eq!(most(&quic, &found, "pos"), 10 + 2);
    assert_eq!(most(&tls, &found, "pos"), 10 + 2 * 7 * 16);
}

#[test]
fn each_event_stream_has_a_connection_upstream() {
    let text = r#"
        [gateway]
        workers = 2
        [listeners.web]
        bind = "tcp://127.0.0.1:0"
        protocol = "http"
        limits = { connections = 10, in-flight = 8 }
        [upstreams.cache]
        url = "tcp://a:1"
        protocol = "resp"
        limits = { connections = 3, dedicated = 4 }
        [[routes]]
        from = "web"
        operation = "GET /events/{channel}"
        to = "cache"
        request.send = "subscribe"
        request.set = { args = ["{utf8(path.channel)}"] }
        events = true
        reply = [{ on = "push", json = { kind = "{kind}" } }, { on = "*", status = 502 }]
        "#;
    assert_eq!(plan(text).most_sockets(), 10 * (1 + 8) + 2 * 7);
    let events = |text: &str| plan(text).memory().lines[2].bytes >> 10;
    assert_eq!(events(text), 10 * 8 * (68 + 1024 + 2));
    let encrypted = text.replace("tcp://a", "tls://a");
    assert_eq!(events(&encrypted), 10 * 8 * (68 + 1024 + 2 + 128));
}

#[test]
fn an_answer_of_http1_is_a_head_and_what_there_is_of_its_body() {
    let text = r#"
        [gateway]
        workers = 2
        [listeners.web]
        bind = "tcp://127.0.0.1:0"
        protocol = "http"
        [upstreams.shop]
        url = "http://shop"
        limits = { connections = 5, frame = "16KiB" }
        [[routes]]
        from = "web"
        to = "shop"
        "#;
    let answers = plan(text).memory().lines.remove(2);
    let each = 16 + 2 + 64;
    assert_eq!(answers.bytes >> 10, 2 * 5 * each, "{}", answers.formula);
}

#[test]
fn tls_towards_upstreams_is_what_the_file_says() {
    let folder = std::env::temp_dir().join(format!("gatewright-tls-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    for name in ["gatewright.pem", "gatewright.key"] {
        std::fs::write(folder.join(name), "").unwrap();
    }
    let text = r#"
        [listeners.db]
        bind = "tcp://127.0.0.1:0"
        protocol = "raw"
        [upstreams.db]
        url = "tls://db:5432"
        tls = { cert = "gatewright.pem", key = "gatewright.key", alpn = ["postgresql", "x"] }
        [[routes]]
        from = "db"
        to = "db"
        "#;
    let name = folder.join("gatewright.toml").display().to_string();
    let loaded = load_str(&name, text, &protocols()).unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    assert_eq!(loaded.warnings, []);
    let tls = &loaded.plan.upstreams[0].tls;
    let identity = tls.identity.as_ref().unwrap();
    assert_eq!(identity.cert.path, folder.join("gatewright.pem"));
    assert_eq!(identity.key.path, folder.join("gatewright.key"));
    let alpn: Vec<&str> = tls.alpn.iter().map(|name| &**name).collect();
    assert_eq!(alpn, ["postgresql", "x"]);
}

#[test]
fn a_file_that_tls_cannot_use_is_shown_as_it_was_typed_and_where() {
    let variables = |name: &str| (name == "PEM").then(|| "ca.pem".to_owned());
    let text = SMALLEST.replace(
        "\"mock:\"",
        "\"https://pay\"\ntls = { cert = \"ca.pem\", key = \"${PEM}\" }",
    );
    let name = "tests/tls/gatewright.toml";
    let loaded = load_str_with(name, &text, &protocols(), &variables).unwrap();
    let identity = loaded.plan.upstreams[0].tls.identity.as_ref().unwrap();
    assert_eq!(identity.cert.path, identity.key.path);
    for (file, shown, typed) in [
        (&identity.cert, "tests/tls/ca.pem", "\"ca.pem\""),
        (&identity.key, "${PEM}", "\"${PEM}\""),
    ] {
        let finding = loaded.not_usable(file, "it holds no key");
        let message = format!("cannot use {shown}: it holds no key");
        assert_eq!(finding.message, message);
        let place = finding.place.unwrap();
        assert_eq!(place.source.slice(&place.span), typed);
    }
}

#[test]
fn a_codec_of_ones_own_may_not_be_called_raw() {
    let mut protocols = protocols();
    let pos = protocols.get("pos").unwrap().clone();
    protocols.insert("raw", pos);
    let found = load_str("a.toml", "", &protocols).unwrap_err();
    assert!(
        found.iter().any(|finding| finding.code == "GW1017"),
        "{found:#?}"
    );
}

/// What a configuration in `tests/bad` would say: paths in it start there.
fn load_with_definitions(text: &str, stub: &Arc<Stub>) -> Loaded {
    let definitions = Arc::clone(stub);
    let protocols = protocols().with_definitions(definitions);
    let variables = |name: &str| (name == "SHARED").then(|| "definitions/shared".to_owned());
    load_str_with("tests/bad/gatewright.toml", text, &protocols, &variables)
        .unwrap_or_else(|found| panic!("{found:#?}"))
}

const DEFINITIONS: &str = r#"
[listeners.pos]
bind = "tcp://127.0.0.1:0"
protocol = "till"

[listeners.old]
bind = "tcp://127.0.0.1:0"
protocol = "linked"

[protocols.till]
definition = "definitions/pos.ksy"
imports = ["${SHARED}", "definitions"]

[upstreams.host]
url = "tcp://127.0.0.1:1"
protocol = "host"

[protocols.linked]
codec = "pos"

[protocols.host]
definition = "./definitions/./pos.ksy"
imports = ["definitions/shared", "definitions"]

[protocols.alone]
definition = "definitions/pos.ksy"

[upstreams.alone]
url = "tcp://127.0.0.1:2"
protocol = "alone"

[[routes]]
from = "pos"
to = "host"

[[routes]]
from = "old"
to = "alone"
request.send = "auth_req"
request.set = { merchant = "{merchant}", pan = "{pan}", amount = "{amount}", currency = "{currency}" }
reply = [ { on = "*", send = "auth_rsp", set = { status = 96 } } ]
"#;

#[test]
fn definitions_are_protocols_wherever_one_is_named() {
    let stub = Arc::new(Stub::default());
    let Loaded { plan, warnings, .. } = load_with_definitions(DEFINITIONS, &stub);
    let warnings: Vec<_> = warnings.iter().map(ToString::to_string).collect();
    assert_eq!(
        warnings,
        ["tests/bad/definitions/pos.ksy:3:13: warning[GW3017]: an encoding under another name"]
    );
    let declared: Vec<_> = (plan.protocols.iter())
        .map(|declared| (&*declared.name, &declared.definition))
        .collect();
    let folder = Path::new("tests/bad/definitions");
    let written = |folders: &[PathBuf]| {
        Some(DefinitionPlan {
            file: folder.join("pos.ksy"),
            folders: folders.to_vec(),
        })
    };
    let folders = [folder.join("shared"), folder.to_owned()];
    assert_eq!(
        declared,
        [
            ("till", &written(&folders)),
            ("linked", &None),
            ("host", &written(&folders)),
            ("alone", &written(&[])),
        ]
    );
    let speaks = |upstream: usize| &plan.upstreams[upstream].speaks.as_ref().unwrap().protocol;
    let [till, linked, host, alone] = [0, 1, 2, 3].map(|index| &plan.protocols[index].protocol);
    assert!(Arc::ptr_eq(till, &plan.listeners[0].protocol));
    assert!(Arc::ptr_eq(linked, &plan.listeners[1].protocol));
    assert!(Arc::ptr_eq(host, speaks(0)));
    assert!(Arc::ptr_eq(alone, speaks(1)));
}

#[test]
fn each_definition_is_loaded_once_in_the_order_of_the_file() {
    let stub = Arc::new(Stub::default());
    let Loaded { plan, .. } = load_with_definitions(DEFINITIONS, &stub);
    let folder = Path::new("tests/bad/definitions");
    let file = folder.join("pos.ksy");
    let folders = vec![folder.join("shared"), folder.to_owned()];
    let asked = [(file.clone(), folders), (file, Vec::new())];
    assert_eq!(stub.asked(), asked);
    let [till, _, host, alone] = [0, 1, 2, 3].map(|index| &plan.protocols[index].protocol);
    assert!(Arc::ptr_eq(till, host));
    assert!(!Arc::ptr_eq(till, alone));

    // What changes on disk is looked at by the next load only.
    load_with_definitions(DEFINITIONS, &stub);
    assert_eq!(stub.asked(), [asked.clone(), asked].concat());
}

#[test]
fn requests_of_http_become_messages_by_method_and_path() {
    let text = r#"
[listeners.api]
bind = "tcp://127.0.0.1:0"
protocol = "web"

[upstreams.host]
url = "tcp://127.0.0.1:1"
protocol = "pos"

[[routes]]
from = "api"
operation = "POST /v1/merchants/{merchant}/authorisations"
when = "headers['x-tenant'] == 'a' and host == 'api.example.org'"
to = "host"
request.send = "auth_req"
request.set = { merchant = "{path.merchant}", pan = "{json.pan}", amount = "{json.amount_minor}", currency = "{query.currency.to_i}" }
reply = [
  { on = "auth_rsp", when = "status == 0", status = 201, headers = { location = "/x/{code}" }, json = { approval_code = "{code}" } },
  { on = "auth_rsp", status = 402, json = { reason = "{status}" } },
  { on = "timeout", status = 504 }, { on = "*", status = 502 },
]
"#;
    let mut protocols = protocols();
    protocols.insert("web", web::Web::shared());
    let loaded = load_str("gatewright.toml", text, &protocols).unwrap();
    assert_eq!(loaded.warnings, []);
    let route = &loaded.plan.listeners[0].routes[0];
    let rules = route.conversion().unwrap();
    assert_eq!(rules.operation().name, "auth_req");
}

#[test]
fn connections_of_http1_are_as_many_as_requests() {
    let of = |limits: &str| {
        let text = format!(
            r#"
            listeners.web = {{ bind = "tcp://127.0.0.1:0", protocol = "http" }}
            upstreams.shop = {{ url = "http://shop:8080", limits = {{ {limits} }} }}
            [[routes]]
            from = "web"
            to = "shop"
            "#
        );
        plan(&text).upstreams[0].limits.connections
    };
    assert_eq!(of(""), 256);
    assert_eq!(of("connections = 3"), 3);
}

#[test]
fn servers_of_http1_are_judged_and_probed_as_those_of_http2() {
    let of = |url: &str, keys: &str| {
        let text = format!(
            r#"
            listeners.web = {{ bind = "tcp://127.0.0.1:0", protocol = "http" }}
            [upstreams.shop]
            url = "{url}"
            health.path = "/healthz?deep"
            {keys}
            [[routes]]
            from = "web"
            to = "shop"
            "#
        );
        let upstream = plan(&text).upstreams.remove(0);
        let asks = matches!(upstream.check.unwrap().check, Check::Ask(_));
        (upstream.errors, asks)
    };
    let (none, failures) = (ErrorReplies::None, ErrorReplies::Failures);
    assert_eq!(of("http://shop", ""), (failures, true));
    assert_eq!(of("tls://shop:1", "protocol = \"http\""), (failures, true));
    assert_eq!(of("http://shop", "eject.errors = \"none\""), (none, true));
    // Of HTTP/2, statuses count whatever is said of errors.
    assert_eq!(of("h2c://shop", ""), (none, false));
}
