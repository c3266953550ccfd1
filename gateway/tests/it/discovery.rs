//! Endpoints that are looked for by DNS, and come and go.

use crate::support::backend::Backend;
use crate::support::config::{Config, status};
use crate::support::gateway::{Directory, Gateway};
use crate::support::host::Host;
use crate::support::in_time;
use crate::support::name_server::{Mood, NameServer, loopback};
use crate::support::raw::{RawConfig, pair};
use crate::support::servers::{Server, installed};
use crate::support::teller::Teller;
use crate::support::wire::{AuthReq, AuthRsp};
use std::fmt::Write as _;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use tokio::net::TcpListener;
use tokio::process::Command;

const NAME: &str = "pay.test";
const SERVICE: &str = "_pay._tcp.pay.test";
const STATES: &str = "gatewright_upstream_endpoints";
const LOOKUPS: &str = "gatewright_upstream_lookups_total";
const FAILED: u8 = 96;
const UNREACHABLE: u8 = FAILED;

/// Asks a name server again after 20 ms, where its records do not hold for longer.
fn discovery(records: &str, server: SocketAddr) -> String {
    format!(r#"{{ records = "{records}", servers = "{server}", least = "20ms", most = "1h" }}"#)
}

fn forward(url: String, records: &str, server: SocketAddr) -> Config {
    Config::forward("pos", [url])
        .upstream_key("discovery", discovery(records, server))
        .upstream_key("slow-start", "\"0s\"")
        .upstream_key("balance", "\"round-robin\"")
}

/// Two hosts at one port of two addresses.
async fn hosts() -> [Teller; 2] {
    loop {
        let first = Teller::pos(|_| 0).await;
        let address = format!("127.0.0.2:{}", first.port());
        if TcpListener::bind(&address).await.is_ok() {
            return [first, Teller::pos_at(&address, |_| 0).await];
        }
    }
}

async fn ask(gateway: &Gateway, requests: u32) -> Vec<u8> {
    let mut client = gateway.client().await;
    let mut statuses = Vec::new();
    for seq in 0..requests {
        statuses.push(client.ask(AuthReq::new(seq)).await.status);
    }
    statuses
}

/// Asks until both hosts have had so many requests more, so that it is known who is used.
async fn until_asked(gateway: &Gateway, host: &Teller) {
    let before = host.log().len();
    let asked = async {
        while host.log().len() == before {
            ask(gateway, 1).await;
        }
    };
    in_time("a request at this host", asked).await;
}

/// Waits until so many endpoints are known, in both sets of connections.
async fn until_known(gateway: &Gateway, endpoints: f64) {
    let known = async { while gateway.metrics().await.sum(STATES, &[]) != 2.0 * endpoints {} };
    in_time(format!("{endpoints} endpoints"), known).await;
}

async fn until_looked(gateway: &Gateway, result: &str, more: f64) {
    let labels = [("result", result)];
    let before = gateway.metrics().await.sum(LOOKUPS, &labels);
    gateway.until_metric(LOOKUPS, &labels, before + more).await;
}

#[tokio::test]
async fn endpoints_come_and_go_with_their_addresses() {
    let [one, two] = hosts().await;
    let names = NameServer::start().await;
    names.zone().addresses(NAME, &[loopback(1)]);
    let url = format!("tcp://{NAME}:{}", one.port());
    let gateway = Gateway::start(&forward(url, "address", names.address())).await;
    assert_eq!(ask(&gateway, 10).await, [0; 10]);
    assert_eq!((one.log().len(), two.log().len()), (10, 0));

    names.zone().addresses(NAME, &[loopback(1), loopback(2)]);
    until_known(&gateway, 2.0).await;
    until_asked(&gateway, &two).await;
    until_asked(&gateway, &one).await;

    names.zone().addresses(NAME, &[loopback(2)]);
    until_known(&gateway, 1.0).await;
    let before = one.log().len();
    assert_eq!(ask(&gateway, 20).await, [0; 20]);
    assert_eq!(one.log().len(), before, "it is gone");

    names.zone().addresses(NAME, &[loopback(1)]);
    until_asked(&gateway, &one).await;
}

#[tokio::test]
async fn what_is_in_flight_where_an_endpoint_goes_is_finished() {
    let host = Host::start().await;
    let names = NameServer::start().await;
    names.zone().addresses(NAME, &[loopback(1)]);
    let url = format!("tcp://{NAME}:{}", host.address().port());
    let gateway = Gateway::start(&forward(url, "address", names.address())).await;
    let mut client = gateway.client().await;
    client.send([AuthReq::new(1)]).await;
    let mut leaving = host.accept().await;
    let frame = leaving.frame().await;
    let idle = gateway.client().await;
    // Nobody listens at the other address.
    names.zone().addresses(NAME, &[loopback(9)]);
    let (left, failed) = ("an endpoint is gone", [("upstream", "backend")]);
    gateway.until_told(left).await;
    assert_eq!(ask(&gateway, 1).await, [UNREACHABLE]);
    let reply = AuthRsp {
        seq: u32::from_be_bytes([frame[5], frame[6], frame[7], frame[8]]),
        status: 0,
        code: "LATE".to_owned(),
    };
    leaving.send(&reply.bytes()).await;
    assert_eq!(client.next().await.expect("a reply").code, "LATE  ");
    leaving.closed().await;
    let lost = "gatewright_upstream_connects_failed_total";
    assert!(gateway.metrics().await.sum(lost, &failed) >= 1.0);
    drop(idle);
}

#[tokio::test]
async fn a_name_server_that_fails_changes_nothing() {
    let [one, _] = hosts().await;
    let names = NameServer::start().await;
    names.zone().addresses(NAME, &[loopback(1)]);
    let url = format!("tcp://{NAME}:{}", one.port());
    let gateway = Gateway::start(&forward(url, "address", names.address())).await;
    assert_eq!(ask(&gateway, 2).await, [0; 2]);
    names.zone().mood = Mood::Failing;
    until_looked(&gateway, "failed", 2.0).await;
    assert_eq!(ask(&gateway, 2).await, [0; 2]);
    names.zone().mood = Mood::Well;
    // No such address, and then no such name.
    names.zone().addresses(NAME, &[]);
    until_looked(&gateway, "failed", 1.0).await;
    *names.zone() = Default::default();
    until_looked(&gateway, "failed", 1.0).await;
    assert_eq!(ask(&gateway, 2).await, [0; 2]);
    let log = gateway.stderr();
    assert!(log.contains("cannot look for endpoints") && log.contains("kept=1"));
}

#[tokio::test]
async fn a_family_that_cannot_be_looked_up_stays_and_the_other_is_followed() {
    let [one, two] = hosts().await;
    let names = NameServer::start().await;
    let v6 = IpAddr::V6(Ipv6Addr::LOCALHOST);
    names.zone().addresses(NAME, &[loopback(1), v6]);
    names.zone().addresses("a.test", &[loopback(1), v6]);
    let port = one.port();
    names.zone().service(SERVICE, &[(1, 1, port, "a.test")]);
    for (name, records) in [(NAME, "address"), (SERVICE, "service")] {
        let url = format!("tcp://{name}:{port}");
        let url = url.replace(&format!("{SERVICE}:{port}"), SERVICE);
        let gateway = Gateway::start(&forward(url, records, names.address())).await;
        until_known(&gateway, 2.0).await;
        {
            let zone = &mut *names.zone();
            zone.mood = Mood::FailingV6;
            for name in [NAME, "a.test"] {
                zone.addresses(name, &[loopback(1), loopback(2)]);
            }
        }
        until_known(&gateway, 3.0).await;
        until_asked(&gateway, &two).await;
        let zone = &mut *names.zone();
        zone.mood = Mood::Well;
        for name in [NAME, "a.test"] {
            zone.addresses(name, &[loopback(1), v6]);
        }
    }
}

#[tokio::test]
async fn a_start_waits_for_no_name_server_for_ever() {
    let [one, _] = hosts().await;
    let names = NameServer::start().await;
    names.zone().mood = Mood::Silent;
    names.zone().addresses(NAME, &[loopback(1)]);
    let url = format!("tcp://{NAME}:{}", one.port());
    let config = forward(url, "address", names.address()).upstream("connect", "\"100ms\"");
    let gateway = Gateway::start(&config).await;
    assert_eq!(ask(&gateway, 1).await, [UNREACHABLE]);
    names.zone().mood = Mood::Well;
    until_known(&gateway, 1.0).await;
    assert_eq!(ask(&gateway, 1).await, [0]);
}

#[tokio::test]
async fn records_are_asked_for_again_when_their_time_is_over() {
    let [one, _] = hosts().await;
    let names = NameServer::start().await;
    names.zone().addresses(NAME, &[loopback(1)]);
    names.zone().ttl = 3600;
    let url = format!("tcp://{NAME}:{}", one.port());
    let gateway = Gateway::start(&forward(url, "address", names.address())).await;
    ask(&gateway, 100).await;
    assert_eq!(names.zone().asked, 2, "one for A, one for AAAA");
}

#[tokio::test]
async fn a_service_has_ports_priorities_and_weights() {
    let (first, second, spare) = (
        Teller::pos(|_| 0).await,
        Teller::pos(|_| 0).await,
        Teller::pos(|_| 0).await,
    );
    let names = NameServer::start().await;
    let targets = |first_weight| {
        [
            (10, first_weight, first.port(), "a.pay.test"),
            (10, 1, second.port(), "b.pay.test"),
            (20, 1, spare.port(), "a.pay.test"),
        ]
    };
    names.zone().addresses("a.pay.test", &[loopback(1)]);
    names.zone().addresses("b.pay.test", &[loopback(1)]);
    names.zone().service(SERVICE, &targets(3));
    let url = format!("tcp://{SERVICE}");
    let gateway = Gateway::start(&forward(url, "service", names.address())).await;
    until_asked(&gateway, &first).await;
    until_asked(&gateway, &second).await;
    let before = (first.log().len(), second.log().len());
    ask(&gateway, 40).await;
    let after = (first.log().len(), second.log().len());
    assert_eq!((after.0 - before.0, after.1 - before.1), (30, 10));
    assert_eq!(spare.log().len(), 0);

    names.zone().service(SERVICE, &targets(0)[2..]);
    until_asked(&gateway, &spare).await;
    // A target without an address is none; one that cannot be looked up may be one.
    let lost = [(1, 1, first.port(), "nowhere.pay.test"), targets(0)[1]];
    names.zone().service(SERVICE, &lost);
    until_asked(&gateway, &second).await;
}

#[tokio::test]
async fn http_and_probes_go_to_what_was_found() {
    let backend = Backend::approving().await;
    let url = backend.url();
    let port = url.rsplit(':').next().expect("a port").to_owned();
    let names = NameServer::start().await;
    names.zone().addresses(NAME, &[loopback(1)]);
    let config = Config::pos([format!("h2c://{NAME}:{port}")])
        .upstream_key("discovery", discovery("address", names.address()))
        .upstream_key("health", r#"{ connect = true, every = "20ms" }"#);
    let gateway = Gateway::start(&config).await;
    assert_eq!(ask(&gateway, 5).await, [status::APPROVED; 5]);
    let probes = "gatewright_upstream_probes_total";
    let passed = [("endpoint", "0"), ("result", "passed")];
    gateway.until_metric(probes, &passed, 2.0).await;

    // Its probes end with it; another one in its place has its own.
    names.zone().addresses(NAME, &[loopback(9)]);
    let ejected = [("state", "ejected")];
    gateway.until_metric(STATES, &ejected, 1.0).await;
    names.zone().addresses(NAME, &[loopback(1)]);
    let healthy = [("state", "healthy")];
    gateway.until_metric(STATES, &healthy, 1.0).await;
    assert_eq!(ask(&gateway, 5).await, [status::APPROVED; 5]);
    assert_eq!(gateway.metrics().await.sum(STATES, &[]), 1.0);
}

#[tokio::test]
async fn relays_go_where_it_is_and_stay_where_they_are() {
    let one = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = one.local_addr().expect("an address").port();
    let names = NameServer::start().await;
    names.zone().addresses(NAME, &[loopback(1)]);
    let keys = format!("discovery = {}", discovery("address", names.address()));
    let urls = [format!("tcp://{NAME}:{port}")];
    let config = RawConfig::default().upstream("backend", &urls, &keys);
    let gateway = config.route("", "backend").start().await;
    let (mut client, mut server) = pair(&gateway, &one).await;
    names.zone().addresses(NAME, &[loopback(9)]);
    gateway.until_told("an endpoint is gone").await;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    client.write_all(b"still here").await.expect("a relay");
    let mut read = [0; 10];
    let read_all = in_time("bytes", server.read_exact(&mut read)).await;
    read_all.expect("bytes");
    assert_eq!(&read, b"still here");
}

/// BIND, whose zone changes while it runs.
struct Bind {
    server: Server,
    directory: Directory,
}

impl Bind {
    async fn start(records: &str) -> Option<Self> {
        let [named] = installed(["named"], "bind9")?;
        let zones = Directory::new();
        zones.write("zone", &zone(1, records));
        let server = Server::start(|directory, [port]: [u16; 1]| {
            let (own, zones) = (directory.path().display(), zones.path().display());
            let mut config = String::new();
            writeln!(
                config,
                "options {{ directory \"{own}\"; listen-on port {port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }}; \
                 recursion no; pid-file none; dnssec-validation no; session-keyfile \"{own}/key\"; }};\n\
                 controls {{ }};\n\
                 zone \"pay.test\" {{ type primary; file \"{zones}/zone\"; }};"
            )
            .expect("text");
            let config = directory.write("named.conf", &config);
            let mut command = Command::new(&named);
            command.args(["-g", "-c"]).arg(config);
            command
        })
        .await;
        Some(Self {
            server,
            directory: zones,
        })
    }

    /// SIGHUP has it read its zones again.
    async fn change(&self, serial: u32, records: &str) {
        self.directory.write("zone", &zone(serial, records));
        self.server.reload().await;
    }
}

fn zone(serial: u32, records: &str) -> String {
    format!(
        "$TTL 0\n@ SOA ns hostmaster {serial} 3600 600 86400 0\n@ NS ns\nns A 127.0.0.1\n{records}\n"
    )
}

#[tokio::test]
async fn a_real_name_server_is_followed() {
    let [one, two] = hosts().await;
    let port = one.port();
    let Some(bind) = Bind::start("@ A 127.0.0.1").await else {
        return;
    };
    let url = format!("tcp://{NAME}:{port}");
    let config = forward(url, "address", bind.server.address(0));
    let gateway = Gateway::start(&config).await;
    assert_eq!(ask(&gateway, 5).await, [0; 5]);
    bind.change(2, "@ A 127.0.0.1\n@ A 127.0.0.2").await;
    until_known(&gateway, 2.0).await;
    until_asked(&gateway, &two).await;
    bind.change(3, "@ A 127.0.0.2").await;
    until_known(&gateway, 1.0).await;
    let before = one.log().len();
    assert_eq!(ask(&gateway, 5).await, [0; 5]);
    assert_eq!(one.log().len(), before);

    let service =
        |target| format!("_pay._tcp SRV 1 1 {port} {target}\na A 127.0.0.1\nb A 127.0.0.2");
    bind.change(4, &service("a")).await;
    let url = format!("tcp://{SERVICE}");
    let config = forward(url, "service", bind.server.address(0));
    let gateway = Gateway::start(&config).await;
    until_asked(&gateway, &one).await;
    bind.change(5, &service("b")).await;
    until_asked(&gateway, &two).await;
}
