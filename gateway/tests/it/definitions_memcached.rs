//! memcached's binary protocol by definition: libmemcached's programs ask memcached, and a service
//! over HTTP/2.

use crate::definitions::{patient_recipe, run, said};
use crate::support::backend::{Action, Answer, Asked, Backend};
use crate::support::gateway::Directory;
use crate::support::servers::{Server, installed};
use futures_util::future::join_all;
use std::net::SocketAddr;
use std::path::PathBuf;
use tokio::process::Command;

/// Programs of libmemcached, each of which does one thing by the name of its argument.
struct Clients([PathBuf; 4]);

/// What a program does.
#[derive(Clone, Copy)]
enum Do {
    Copy,
    Cat,
    Exist,
    Remove,
}

impl Clients {
    fn find() -> Option<Self> {
        let programs = ["memccp", "memccat", "memcexist", "memcrm"];
        installed(programs, "libmemcached-tools").map(Self)
    }

    /// Whether it went well, and what the program said.
    async fn ask(&self, at: SocketAddr, what: Do, argument: &str) -> (bool, String) {
        let mut command = Command::new(&self.0[what as usize]);
        command
            .args(["--binary", &format!("--servers={at}")])
            .arg(argument);
        let output = run(&mut command).await;
        (output.status.success(), said(&output).trim().to_owned())
    }
}

/// A cache that others wrote.
async fn cache() -> Option<Server> {
    let [program] = installed(["memcached"], "memcached")?;
    let start = |directory: &Directory, [port]: [u16; 1]| {
        let mut command = Command::new(&program);
        command.current_dir(directory.path());
        command.args(["-u", "root", "-l", "127.0.0.1", "-U", "0", "-p"]);
        command.arg(port.to_string());
        command
    };
    Some(Server::start(start).await)
}

/// A file by which a program names a key and its value.
fn file(directory: &Directory, key: &str, value: &str) -> String {
    directory.write(key, value).display().to_string()
}

#[tokio::test]
async fn a_cache_is_asked_through_the_gateway_as_without_it() {
    let (Some(clients), Some(cache)) = (Clients::find(), cache().await) else {
        return;
    };
    let url = format!("tcp://{}", cache.address(0));
    let gateway = patient_recipe("memcached", "tcp://127.0.0.1:11211", url).await;
    let (through, direct) = (gateway.listener("cache"), cache.address(0));
    let directory = Directory::new();
    let one = file(&directory, "one", "the first value");
    let good = |said: &str| (true, said.to_owned());
    assert_eq!(clients.ask(through, Do::Copy, &one).await, good(""));
    for at in [through, direct] {
        assert_eq!(
            clients.ask(at, Do::Cat, "one").await,
            good("the first value")
        );
        assert!(clients.ask(at, Do::Exist, "one").await.0);
    }
    let missing = clients.ask(direct, Do::Cat, "none").await;
    assert!(!missing.0);
    assert_eq!(clients.ask(through, Do::Cat, "none").await, missing);
    assert!(clients.ask(through, Do::Remove, "one").await.0);
    for at in [through, direct] {
        assert!(!clients.ask(at, Do::Exist, "one").await.0);
    }
    // One that is longer than what a read takes.
    let long = "0123456789".repeat(50_000);
    let large = file(&directory, "large", &long);
    assert!(clients.ask(through, Do::Copy, &large).await.0);
    assert_eq!(clients.ask(through, Do::Cat, "large").await, good(&long));
}

#[tokio::test]
async fn clients_share_a_connection_and_get_their_own_replies() {
    let (Some(clients), Some(cache)) = (Clients::find(), cache().await) else {
        return;
    };
    let url = format!("tcp://{}", cache.address(0));
    let gateway = patient_recipe("memcached", "tcp://127.0.0.1:11211", url).await;
    let through = gateway.listener("cache");
    let directory = Directory::new();
    let each = (0..16).map(|n| {
        let path = file(&directory, &format!("key-{n}"), &format!("value {n}"));
        let clients = &clients;
        async move {
            assert!(clients.ask(through, Do::Copy, &path).await.0);
            clients.ask(through, Do::Cat, &format!("key-{n}")).await
        }
    });
    for (n, got) in join_all(each).await.into_iter().enumerate() {
        assert_eq!(got, (true, format!("value {n}")));
    }
    let metrics = gateway.metrics().await;
    let connections = metrics.sum("gatewright_upstream_connections", &[]);
    let workers = std::thread::available_parallelism().expect("processors");
    assert!(connections <= workers.get() as f64, "{connections}");
}

/// A service that has one item and takes others if they are short.
fn items(asked: &Asked) -> Action {
    Action::Answer(match (asked.method.as_str(), asked.target.as_str()) {
        ("GET", "/items/known") => Answer::status(200).body("from a service"),
        ("GET", "/items/broken") => Answer::status(500),
        ("PUT", _) if asked.body.len() < 100 => Answer::status(204),
        ("PUT", _) => Answer::status(413),
        _ => Answer::status(404),
    })
}

#[tokio::test]
async fn a_service_answers_as_a_cache_would() {
    let Some(clients) = Clients::find() else {
        return;
    };
    let backend = Backend::scripted(items).start().await;
    let gateway = patient_recipe("memcached", "h2c://127.0.0.1:8080", backend.url()).await;
    let items = gateway.listener("items");
    let known = clients.ask(items, Do::Cat, "known").await;
    assert_eq!(known, (true, "from a service".to_owned()));
    for key in ["unknown", "broken"] {
        let (good, said) = clients.ask(items, Do::Cat, key).await;
        assert!(!good, "{key}: {said}");
    }
    let directory = Directory::new();
    let small = file(&directory, "small", "short");
    assert!(clients.ask(items, Do::Copy, &small).await.0);
    let large = file(&directory, "large", &"x".repeat(100));
    assert!(!clients.ask(items, Do::Copy, &large).await.0);
    // No route takes it: the client is told so.
    assert!(!clients.ask(items, Do::Remove, "known").await.0);
    let log = backend.log();
    let asked = log.asked.iter();
    let asked: Vec<_> = asked
        .map(|asked| format!("{} {}", asked.method, asked.target))
        .collect();
    let expected = [
        "GET /items/known",
        "GET /items/unknown",
        "GET /items/broken",
        "PUT /items/small",
        "PUT /items/large",
    ];
    assert_eq!(asked, expected);
    assert_eq!(log.asked[3].body, b"short");
}
