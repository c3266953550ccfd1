//! redis behind a gateway that shares its connections: redis' own clients see no difference.

use crate::support::config::Config;
use crate::support::gateway::Gateway;
use crate::support::in_time;
use crate::support::servers::{Server, installed};
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::process::Command;

/// A redis and a gateway in front of it.
struct Stage {
    gateway: Gateway,
    _redis: Server,
}

impl Stage {
    async fn start() -> Option<Self> {
        Self::start_with(&[], |config| config).await
    }

    /// redis with more arguments, the gateway with another configuration.
    async fn start_with(
        arguments: &'static [&'static str],
        configure: impl FnOnce(Config) -> Config,
    ) -> Option<Self> {
        let programs = ["redis-server", "redis-cli", "redis-benchmark"];
        let [program, ..] = installed(programs, "redis-server redis-tools")?;
        let redis = Server::start(|directory, [port]: [u16; 1]| {
            let mut command = Command::new(&program);
            command.args(["--port", &port.to_string(), "--bind", "127.0.0.1"]);
            command.args(["--save", "", "--appendonly", "no"]);
            command.args(arguments);
            command.current_dir(directory.path());
            command
        })
        .await;
        let url = format!("tcp://{}", redis.address(0));
        let config = Config::forward("resp", [url]).upstream("connections", 1);
        let gateway = Gateway::start(&configure(config)).await;
        Some(Self {
            gateway,
            _redis: redis,
        })
    }

    async fn client(&self) -> Client {
        let stream = TcpStream::connect(self.gateway.front()).await;
        Client(BufReader::new(stream.expect("a connection")))
    }

    /// Connections to redis by now: shared and bound ones.
    async fn connections(&self) -> f64 {
        let metrics = self.gateway.metrics().await;
        metrics.sum("gatewright_upstream_connections", &[])
    }

    /// Waits until redis says that so many clients of its own block.
    async fn until_blocked(&self, clients: usize) {
        let line = format!("blocked_clients:{clients}\r\n");
        let blocked = async {
            while !self
                .run("redis-cli", &["info", "clients"])
                .await
                .contains(&line)
            {}
        };
        in_time("a blocked client", blocked).await;
    }

    async fn run(&self, program: &str, arguments: &[&str]) -> String {
        let [program] = installed([program], "redis-tools").expect("it was there");
        let port = self.gateway.front().port().to_string();
        let ran = Command::new(program)
            .args(["-p", &port])
            .args(arguments)
            .stdin(Stdio::null())
            .output();
        let output = in_time("redis' own client", ran).await.expect("a program");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{text}");
        text
    }
}

/// Lines both ways.
struct Client(BufReader<TcpStream>);

impl Client {
    /// Sends commands, one a line, in one write.
    async fn send(&mut self, commands: &str) {
        let mut bytes = Vec::new();
        for line in commands.lines() {
            let words: Vec<&str> = line.split(' ').collect();
            bytes.extend(format!("*{}\r\n", words.len()).bytes());
            for word in words {
                bytes.extend(format!("${}\r\n{word}\r\n", word.len()).bytes());
            }
        }
        self.0.write_all(&bytes).await.expect("a peer that reads");
    }

    /// Expects these lines.
    async fn expect(&mut self, lines: &str) {
        for expected in lines.lines() {
            assert_eq!(self.line().await, expected);
        }
    }

    async fn line(&mut self) -> String {
        let mut line = String::new();
        let read = in_time("a line", self.0.read_line(&mut line)).await;
        read.expect("a line");
        line.trim_end().to_owned()
    }
}

#[tokio::test]
async fn redis_own_programs_see_no_difference() {
    let Some(stage) = Stage::start().await else {
        return;
    };
    assert_eq!(stage.run("redis-cli", &["set", "a", "1"]).await, "OK\n");
    assert_eq!(stage.run("redis-cli", &["incr", "a"]).await, "2\n");
    assert_eq!(
        stage.run("redis-cli", &["-3", "hset", "h", "f", "v"]).await,
        "1\n"
    );
    assert_eq!(
        stage.run("redis-cli", &["-3", "hgetall", "h"]).await,
        "f v\n"
    );
    for pipeline in ["1", "32"] {
        let tests = "ping,set,get,incr,lpush,lrange,mset";
        let arguments = ["-t", tests, "-n", "2000", "-c", "50", "-q", "-P", pipeline];
        let report = stage.run("redis-benchmark", &arguments).await;
        assert!(report.contains("MSET (10 keys): "), "{report}");
        assert!(!report.contains("rror"), "{report}");
    }
    let report = stage
        .run("redis-benchmark", &["-3", "-t", "get", "-n", "500", "-q"])
        .await;
    assert!(report.contains("GET: "), "{report}");
}

#[tokio::test]
async fn clients_share_a_connection_until_they_need_their_own() {
    let Some(stage) = Stage::start().await else {
        return;
    };
    let (mut one, mut two) = (stage.client().await, stage.client().await);
    one.send("set a 1\nget a").await;
    one.expect("+OK\n$1\n1").await;
    two.send("get a").await;
    two.expect("$1\n1").await;
    assert_eq!(stage.connections().await, 1.0);
    // What comes before a transaction and after it keeps its order.
    one.send("incr a\nmulti\nincr a\nincr a\nexec\nget a").await;
    two.send("incr b").await;
    two.expect(":1").await;
    one.expect(":2\n+OK\n+QUEUED\n+QUEUED\n*2\n:3\n:4\n$1\n4")
        .await;
    assert_eq!(stage.connections().await, 2.0);
    two.send("get a").await;
    two.expect("$1\n4").await;
}

/// What many libraries say when they connect, and what some say of scripts.
#[tokio::test]
async fn what_changes_nothing_for_others_binds_nobody() {
    let Some(stage) = Stage::start().await else {
        return;
    };
    let (mut one, mut two) = (stage.client().await, stage.client().await);
    // redis knows it since 7.2; before, that is all the answer.
    one.send("CLIENT SETINFO LIB-NAME x").await;
    let told = one.line().await;
    let unknown = "-ERR unknown subcommand 'SETINFO'. Try CLIENT HELP.";
    assert!([unknown, "+OK"].contains(&told.as_str()), "{told}");
    one.send("client unpause\nset a 1").await;
    one.expect("+OK\n+OK").await;
    two.send("script load return\nget a").await;
    two.expect("$40\n63143b6f8007b98c53ca2149822777b3566f9241\n$1\n1")
        .await;
    assert_eq!(stage.connections().await, 1.0);
    one.send("client setname x\nclient getname").await;
    one.expect("+OK\n$1\nx").await;
    assert_eq!(stage.connections().await, 2.0);
}

/// No reply is lost or swapped while connections retire under load.
#[tokio::test]
async fn connections_retire_under_load_and_nobody_notices() {
    let stage = Stage::start_with(&[], |config| config.upstream_key("max-requests", 100));
    let Some(stage) = stage.await else { return };
    for pipeline in ["1", "32"] {
        let tests = "set,get,incr,lpush,lrange_100";
        let arguments = ["-t", tests, "-n", "3000", "-c", "50", "-q", "-P", pipeline];
        let report = stage.run("redis-benchmark", &arguments).await;
        assert!(report.contains("LRANGE_100 "), "{report}");
        assert!(!report.contains("rror"), "{report}");
    }
    let mut client = stage.client().await;
    let commands = vec!["incr n"; 1000].join("\n");
    client.send(&commands).await;
    for n in 1..=1000 {
        client.expect(&format!(":{n}")).await;
    }
    let name = "gatewright_upstream_connects_failed_total";
    assert_eq!(stage.gateway.metrics().await.sum(name, &[]), 0.0);
    let stats = stage.run("redis-cli", &["info", "stats"]).await;
    let made = stats.lines().find_map(|line| {
        let count = line.strip_prefix("total_connections_received:")?;
        count.trim().parse::<u32>().ok()
    });
    assert!(made.is_some_and(|made| made > 20), "{stats}");
}

/// Each client has a connection to redis of its own, whatever it says.
#[tokio::test]
async fn with_bound_connections_redis_own_programs_see_no_difference() {
    let stage = Stage::start_with(&[], |config| config.upstream_key("sharing", "\"bound\""));
    let Some(stage) = stage.await else { return };
    for pipeline in ["1", "32"] {
        let tests = "set,get,incr";
        let arguments = ["-t", tests, "-n", "2000", "-c", "50", "-q", "-P", pipeline];
        let report = stage.run("redis-benchmark", &arguments).await;
        assert!(report.contains("INCR: "), "{report}");
        assert!(!report.contains("rror"), "{report}");
    }
    let (mut one, mut two) = (stage.client().await, stage.client().await);
    one.send("client setname one\nmulti\nset a 1\nincr a\nexec")
        .await;
    one.expect("+OK\n+OK\n+QUEUED\n+QUEUED\n*2\n+OK\n:2").await;
    two.send("subscribe news").await;
    two.expect("*3\n$9\nsubscribe\n$4\nnews\n:1").await;
    one.send("publish news x\nclient getname").await;
    one.expect(":1\n$3\none").await;
    two.expect("*3\n$7\nmessage\n$4\nnews\n$1\nx").await;
    assert_eq!(stage.connections().await, 2.0);
}

/// A login that the gateway makes: clients need none, on no kind of connection, and probes neither.
#[tokio::test]
async fn each_connection_is_logged_in_before_it_is_used() {
    let open = r#"[{ send = "auth", set = { args = ["${NONE:-s3cr3t}"] }, expect = "reply", when = "text == 'OK'" }, { send = "select", set = { args = ["3"] } }]"#;
    let health = r#"{ send = "get", set = { args = ["a"] }, expect = "reply", every = "20ms" }"#;
    let stage = Stage::start_with(&["--requirepass", "s3cr3t"], |config| {
        config
            .upstream_key("session.open", open)
            .upstream_key("health", health)
    });
    let Some(stage) = stage.await else { return };
    let mut client = stage.client().await;
    client.send("set a 1\nmulti\nincr a\nexec").await;
    client.expect("+OK\n+OK\n+QUEUED\n*1\n:2").await;
    let mut other = stage.client().await;
    other.send("lpush q x\nblpop q 0\nget a").await;
    other.expect(":1\n*2\n$1\nq\n$1\nx\n$1\n2").await;
    let third = ["-n", "3", "get", "a"];
    assert_eq!(stage.run("redis-cli", &third).await, "2\n");
    let passed = [("result", "passed")];
    let probes = "gatewright_upstream_probes_total";
    stage.gateway.until_metric(probes, &passed, 3.0).await;
    let failed = [("result", "failed")];
    assert_eq!(stage.gateway.metrics().await.sum(probes, &failed), 0.0);
}

#[tokio::test]
async fn a_login_that_fails_is_no_connection_and_no_secret_is_told() {
    let open = r#"{ send = "auth", set = { args = ["wr0ng-s3cr3t"] } }"#;
    let stage = Stage::start_with(&["--requirepass", "other"], |config| {
        config.upstream_key("session.open", open)
    });
    let Some(stage) = stage.await else { return };
    let mut client = stage.client().await;
    client.send("get a").await;
    let refused = "-UNREACHABLE gateway: no connection to the server";
    client.expect(refused).await;
    client.send("multi").await;
    client.expect(refused).await;
    let log = stage.gateway.stderr();
    assert!(log.contains("the reply to `auth`"), "{log}");
    assert!(!log.contains("s3cr3t"), "{log}");
}

#[tokio::test]
async fn a_chosen_database_and_a_login_are_the_clients_own() {
    let Some(stage) = Stage::start().await else {
        return;
    };
    let (mut one, mut two) = (stage.client().await, stage.client().await);
    one.send("select 5\nset k five\nget k").await;
    one.expect("+OK\n+OK\n$4\nfive").await;
    two.send("get k").await;
    two.expect("$-1").await;
}

#[tokio::test]
async fn subscribers_get_what_is_published() {
    let Some(stage) = Stage::start().await else {
        return;
    };
    let (mut subscriber, mut publisher) = (stage.client().await, stage.client().await);
    subscriber.send("subscribe news sport").await;
    subscriber.expect("*3\n$9\nsubscribe\n$4\nnews\n:1").await;
    subscriber.expect("*3\n$9\nsubscribe\n$5\nsport\n:2").await;
    for n in 0..100 {
        publisher.send(&format!("publish news {n}")).await;
        publisher.expect(":1").await;
        let text = n.to_string();
        let message = format!("*3\n$7\nmessage\n$4\nnews\n${}\n{text}", text.len());
        subscriber.expect(&message).await;
    }
}

#[tokio::test]
async fn a_blocking_request_stalls_nobody() {
    let Some(stage) = Stage::start().await else {
        return;
    };
    let (mut blocked, mut other) = (stage.client().await, stage.client().await);
    // What comes after it waits for it, as it would on a connection to redis itself.
    blocked.send("set x 1\nblpop q 0\nget x\nping").await;
    blocked.expect("+OK").await;
    for n in 0..100 {
        other.send(&format!("set x {n}")).await;
        other.expect("+OK").await;
    }
    other.send("lpush q item").await;
    other.expect(":1").await;
    blocked.expect("*2\n$1\nq\n$4\nitem\n$2\n99\n+PONG").await;
    other.send("ping").await;
    other.expect("+PONG").await;
}

#[tokio::test]
async fn a_client_that_leaves_while_it_blocks_takes_nothing_along() {
    let Some(stage) = Stage::start().await else {
        return;
    };
    let (mut leaving, mut staying) = (stage.client().await, stage.client().await);
    leaving.send("blpop q 0").await;
    stage.until_blocked(1).await;
    drop(leaving);
    stage.until_blocked(0).await;
    staying.send("lpush q item\nlpop q").await;
    staying.expect(":1\n$4\nitem").await;
}
