//! BIND and dig, with the gateway in between: DNS over TCP in front, DNS over HTTP/2 behind.

use crate::support::config::Config;
use crate::support::gateway::{Directory, Gateway};
use crate::support::in_time;
use crate::support::servers::{Server, installed};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use tokio::process::Command;

const ZONE: &str = r#"$TTL 300
@        SOA   ns hostmaster 1 3600 600 86400 300
@        NS    ns
ns       A     192.0.2.1
www      A     192.0.2.80
www      A     192.0.2.81
www      AAAA  2001:db8::80
alias    CNAME www
@        MX    10 mail
@        MX    20 mail.elsewhere.test.
mail     A     192.0.2.25
text     TXT   "one" "two; three" "\"quoted\" and \009 a tab"
*.wild   A     192.0.2.99
srv      SRV   1 2 443 www
caa      CAA   0 issue "ca.example.test"
"#;

pub(crate) const QUESTIONS: [&[&str]; 13] = [
    &["www.example.test", "A"],
    &["www.example.test", "AAAA"],
    &["alias.example.test", "A"],
    &["example.test", "MX"],
    &["example.test", "SOA"],
    &["text.example.test", "TXT"],
    &["large.example.test", "TXT"],
    &["any.wild.example.test", "A"],
    &["srv.example.test", "SRV"],
    &["caa.example.test", "CAA"],
    &["missing.example.test", "A"],
    &["www.example.test", "MX"],
    &["elsewhere.invalid", "A"],
];

/// BIND 9.18 and dig, both programs as others built them.
pub(crate) struct Bind {
    server: Server,
    dig: PathBuf,
}

impl Bind {
    pub(crate) async fn start() -> Option<Self> {
        let [named, dig] = installed(["named", "dig"], "bind9 dnsutils")?;
        let server =
            Server::start(|directory, [tcp, http]| serve(&named, directory, tcp, http)).await;
        Some(Self { server, dig })
    }

    pub(crate) fn tcp(&self) -> SocketAddr {
        self.server.address(0)
    }

    fn url(&self) -> String {
        format!("h2c://{}", self.server.address(1))
    }

    /// What dig shows of these questions, asked over one connection, but for what differs each
    /// time: the message's number, and the time it took.
    pub(crate) async fn dig(&self, at: SocketAddr, arguments: &[&str]) -> String {
        let output = Command::new(&self.dig)
            .args([
                "+tcp",
                "+tries=1",
                "+time=20",
                "-p",
                &at.port().to_string(),
                &format!("@{}", at.ip()),
            ])
            .args([
                "+noall",
                "+comments",
                "+question",
                "+answer",
                "+authority",
                "+additional",
            ])
            .args(arguments)
            .output();
        let output = in_time("dig", output).await.expect("dig");
        let text = String::from_utf8(output.stdout).expect("text");
        assert!(output.status.success(), "{arguments:?}: {text}");
        without_ids(&text)
    }
}

/// The gateway as config/examples/dns-to-doh sets it up, but for the addresses.
async fn recipe(bind: &Bind) -> Gateway {
    let shipped = include_str!("../../../config/examples/dns-to-doh/gatewright.toml");
    let text = shipped
        .replace("tcp://127.0.0.1:5300", "tcp://127.0.0.1:0")
        .replace("h2c://127.0.0.1:8053", &bind.url());
    assert!(
        text.contains("127.0.0.1:0\"") && text.contains(&bind.url()),
        "{text}"
    );
    Gateway::start_text(&format!("{text}\n[admin]\nhttp = \"127.0.0.1:0\"\n"), &[]).await
}

fn without_ids(text: &str) -> String {
    let lines = text.lines().map(|line| match line.split_once(", id: ") {
        Some((head, _)) => head,
        None if line.starts_with("; COOKIE") => "; COOKIE",
        None => line,
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn serve(named: &Path, directory: &Directory, tcp: u16, http: u16) -> Command {
    let large: String = (0..4)
        .map(|n| {
            format!(
                "large TXT{}\n",
                format!(" \"{n}{}\"", "x".repeat(240)).repeat(60)
            )
        })
        .collect();
    directory.write("zone", &format!("{ZONE}{large}"));
    let config = format!(
        r#"options {{
    directory "{directory}";
    pid-file none;
    session-keyfile none;
    recursion no;
    rrset-order {{ order none; }};
    listen-on-v6 {{ none; }};
    listen-on port {tcp} {{ 127.0.0.1; }};
    listen-on port {http} tls none http local {{ 127.0.0.1; }};
}};
http local {{ endpoints {{ "/dns-query"; }}; }};
controls {{ }};
zone "example.test" {{ type primary; file "zone"; }};
"#,
        directory = directory.path().display(),
    );
    let config = directory.write("named.conf", &config);
    let mut command = Command::new(named);
    command.arg("-g").arg("-n").arg("1").arg("-c").arg(config);
    command
}

#[tokio::test]
async fn answers_are_those_that_bind_gives() {
    let Some(bind) = Bind::start().await else {
        return;
    };
    let gateway = recipe(&bind).await;
    for question in QUESTIONS {
        let direct = bind.dig(bind.tcp(), question).await;
        assert!(direct.contains("->>HEADER<<-"), "{question:?}: {direct}");
        assert_eq!(
            bind.dig(gateway.front(), question).await,
            direct,
            "{question:?}"
        );
    }
    let large = bind
        .dig(gateway.front(), &["large.example.test", "TXT"])
        .await;
    assert!(
        large.contains("ANSWER: 4") && large.len() > 50_000,
        "{large}"
    );
}

#[tokio::test]
async fn options_of_the_question_reach_bind() {
    let Some(bind) = Bind::start().await else {
        return;
    };
    let gateway = recipe(&bind).await;
    for options in [
        &["+noedns"][..],
        &["+dnssec"],
        &["+norecurse"],
        &["+cdflag"],
        &["+bufsize=512"],
        &["+nocookie"],
    ] {
        let question = [options, &["www.example.test", "A"]].concat();
        assert_eq!(
            bind.dig(gateway.front(), &question).await,
            bind.dig(bind.tcp(), &question).await,
            "{options:?}"
        );
    }
}

#[tokio::test]
async fn several_questions_on_one_connection() {
    let Some(bind) = Bind::start().await else {
        return;
    };
    let gateway = recipe(&bind).await;
    let mut questions = vec!["+keepopen"];
    questions.extend(QUESTIONS.iter().copied().flatten());
    let direct = bind.dig(bind.tcp(), &questions).await;
    assert_eq!(
        direct.matches("->>HEADER<<-").count(),
        QUESTIONS.len(),
        "{direct}"
    );
    assert_eq!(bind.dig(gateway.front(), &questions).await, direct);
}

#[tokio::test]
async fn without_bind_there_is_a_servfail() {
    let Some(mut bind) = Bind::start().await else {
        return;
    };
    // By a rule of the recipe, and by the protocol's own way to refuse.
    let gateways = [
        recipe(&bind).await,
        Gateway::start(&Config::dns([bind.url()])).await,
    ];
    let question = ["www.example.test", "A"];
    for gateway in &gateways {
        let answer = bind.dig(gateway.front(), &question).await;
        assert!(answer.contains("status: NOERROR"), "{answer}");
    }
    bind.server.kill().await;
    for gateway in &gateways {
        // dig takes an answer only if it bears the number of its question.
        let answer = bind.dig(gateway.front(), &question).await;
        assert!(answer.contains("status: SERVFAIL"), "{answer}");
        assert!(answer.contains("www.example.test.\t\tIN\tA"), "{answer}");
    }
}
