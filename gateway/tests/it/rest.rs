//! curl asks hosts that speak binary protocols, as the recipes in config/examples say.

use crate::definitions::{recipe, run, said};
use crate::support::backend::{Action, Answer, Backend};
use crate::support::gateway::Gateway;
use crate::support::servers::installed;
use crate::support::teller::Teller;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::path::PathBuf;
use tokio::process::Command;

/// Both versions that a listener of HTTP speaks in the clear, and what curl calls them.
const VERSIONS: [(&str, &str); 2] = [("--http1.1", "1.1"), ("--http2-prior-knowledge", "2")];

struct Curl {
    program: PathBuf,
    at: SocketAddr,
    version: (&'static str, &'static str),
}

#[derive(Debug, PartialEq)]
struct Told {
    status: u16,
    media: String,
    allow: String,
    body: String,
}

impl Told {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Checks that it is a problem of the gateway's own.
    #[track_caller]
    fn is_problem(&self, status: u16) {
        assert_eq!(self.status, status, "{self:?}");
        assert_eq!(self.media, "application/problem+json", "{self:?}");
        assert_eq!(self.json()["status"], status, "{self:?}");
    }
}

impl Curl {
    fn find(at: SocketAddr) -> Option<Self> {
        let [program] = installed(["curl"], "curl")?;
        let version = VERSIONS[0];
        Some(Self {
            program,
            at,
            version,
        })
    }

    async fn post(&self, path: &str, body: &str) -> Told {
        self.ask(path, &["--json", body]).await
    }

    /// What it is told: everything that is not the body comes on lines behind it.
    async fn ask(&self, path: &str, arguments: &[&str]) -> Told {
        let mut command = Command::new(&self.program);
        command
            .args(["--silent", "--show-error", "--noproxy", "*", self.version.0])
            .args([
                "--write-out",
                "\n%{http_version}\n%{http_code}\n%{content_type}\n%header{allow}",
            ])
            .args(arguments)
            .arg(format!("http://{}{path}", self.at));
        let output = run(&mut command).await;
        assert!(output.status.success(), "{}", said(&output));
        let text = String::from_utf8(output.stdout).expect("text");
        let mut lines = text.rsplitn(5, '\n');
        let mut next = || lines.next().expect("a line").to_owned();
        let (allow, media, status, version, body) = (next(), next(), next(), next(), next());
        assert_eq!(version, self.version.1);
        let status = status.parse().expect("a status");
        Told {
            status,
            media,
            allow,
            body,
        }
    }
}

fn payment(pan: &str) -> String {
    json!({ "pan": pan, "amount_minor": 1250, "currency": 978 }).to_string()
}

#[tokio::test]
async fn a_host_of_payments_is_asked_over_both_versions() {
    let host = Teller::moody_pos(|asked| match asked.text.split(' ').next() {
        Some("M123") => Some(0),
        Some("POOR") => Some(51),
        _ => None,
    })
    .await;
    let shipped = "${HOST_URL:-tcp://127.0.0.1:7700}";
    let patience = ("\"800ms\"", "\"2s\"".to_owned());
    let gateway = recipe("rest-to-pos", &[(shipped, host.url()), patience]).await;
    let Some(mut curl) = Curl::find(gateway.front()) else {
        return;
    };
    let path = |merchant: &str| format!("/v1/merchants/{merchant}/authorisations");
    let good = payment("4111111111111111");
    for version in VERSIONS {
        curl.version = version;
        let approved = curl.post(&path("M123"), &good).await;
        assert_eq!(
            (approved.status, approved.media.as_str()),
            (201, "application/json")
        );
        assert_eq!(approved.json(), json!({ "approval_code": "TOLD  " }));
        let declined = curl.post(&path("POOR"), &good).await;
        assert_eq!(declined.status, 402);
        assert_eq!(declined.json(), json!({ "declined": 51 }));
        curl.post(&path("SLOW"), &good).await.is_problem(504);
        let asked = host.log().len();
        for bad in ["{\"pan\": ", "[]", &payment("41111111111111111111")] {
            curl.post(&path("M123"), bad).await.is_problem(400);
        }
        let other = curl.ask(&path("M123"), &["--request", "PUT"]).await;
        other.is_problem(405);
        assert_eq!(other.allow, "POST");
        curl.post("/v1/merchants/M123/refunds", &good)
            .await
            .is_problem(404);
        curl.post(&path("%2e%2e"), &good).await.is_problem(404);
        assert_eq!(
            host.log().len(),
            asked,
            "nothing of that is the host's business"
        );
    }
    assert_eq!(host.count("M123 1250"), 2);
}

const TILL: &str = "/v1/terminals/TERM0001/authorisations";

fn authorisation(stan: &str, pan: &str) -> String {
    json!({
        "stan": stan, "time": "1126174631", "pan": pan, "expiry": "2912", "amount_minor": 1250, "currency": "978",
    })
    .to_string()
}

/// A gateway from HTTP to ISO 8583, and another one from there to HTTP/2.
pub(crate) async fn chain(backend: &Backend) -> (Gateway, Gateway) {
    let service = backend.url();
    let shipped = "${SERVICE_URL:-h2c://127.0.0.1:8080}";
    // Nothing here is about time.
    let patient = ("timeout = \"2s\"", "timeout = \"30s\"".to_owned());
    let host = recipe("iso8583-to-rest", &[(shipped, service), patient.clone()]).await;
    let url = format!("tcp://{}", host.front());
    let replaced = [("${HOST_URL:-tcp://127.0.0.1:8583}", url), patient];
    (recipe("rest-to-iso8583", &replaced).await, host)
}

#[tokio::test]
async fn requests_become_messages_with_keys_and_requests_again() {
    let backend = Backend::scripted(|asked| {
        let json = asked.json();
        let code = format!("C{}", &json["stan"].as_str().expect("a number")[1..]);
        let approved = Answer::status(201).json(&json!({ "approval_code": code }));
        match json["pan"].as_str() {
            Some("4000000000000002") => Action::Answer(Answer::status(402)),
            Some("4000000000000119") => Action::Answer(Answer::status(500)),
            Some("4000000000000259") => Action::AtGate(approved),
            _ => Action::Answer(approved),
        }
    })
    .start()
    .await;
    let (tills, _host) = chain(&backend).await;
    let Some(curl) = Curl::find(tills.front()) else {
        return;
    };
    let told = curl
        .post(TILL, &authorisation("000123", "4111111111111111"))
        .await;
    assert_eq!(told.status, 201, "{told:?}");
    assert_eq!(
        told.json(),
        json!({ "approval_code": "C00123", "reference": null })
    );
    let told = curl
        .post(TILL, &authorisation("000124", "4000000000000002"))
        .await;
    assert_eq!(
        (told.status, told.json()),
        (402, json!({ "response_code": "51" }))
    );
    let told = curl
        .post(TILL, &authorisation("000125", "4000000000000119"))
        .await;
    assert_eq!(told.status, 503, "{told:?}");
    curl.post(TILL, &authorisation("126", "4111111111111111"))
        .await
        .is_problem(400);

    // While one waits, others pass it.
    let slow = authorisation("000127", "4000000000000259");
    let waiting = async {
        let told = curl.post(TILL, &slow).await;
        assert_eq!(told.json()["approval_code"], "C00127", "{told:?}");
    };
    let meanwhile = async {
        backend.until("the first", |log| log.asked.len() >= 4).await;
        let other = curl
            .post(TILL, &authorisation("000128", "4111111111111111"))
            .await;
        assert_eq!(other.json()["approval_code"], "C00128", "{other:?}");
        backend.open_gate();
    };
    tokio::join!(waiting, meanwhile);
}
