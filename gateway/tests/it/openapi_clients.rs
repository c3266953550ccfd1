//! Documents of `gen openapi` hold for others: a validator takes them, a generator makes clients of them, and
//! those work with the gateway.

use crate::definitions::{recipe, run, said};
use crate::rest::chain;
use crate::support::backend::{Action, Answer, Backend};
use crate::support::gateway::{Directory, Gateway};
use crate::support::servers::openapi_programs;
use crate::support::teller::Teller;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use tokio::process::Command;

/// What each script begins with: `client` asks a gateway, and `tell` prints what it was answered with, once that
/// is what the document says.
const PRELUDE: &str = r#"
import json, sys
from openapi_schema_validator import OAS31Validator
from client import Client
from client.api.default import authorise
from client.models import AuthoriseBody

document = json.load(open("openapi.json"))
(path,) = document["paths"]
responses = document["paths"][path]["post"]["responses"]
# Nothing in the environment says how this machine is reached.
client = Client(base_url=sys.argv[1], timeout=30, raise_on_unexpected_status=True, httpx_args={"trust_env": False})

def tell(answer):
    media = answer.headers["content-type"]
    schema = responses[str(int(answer.status_code))]["content"][media]["schema"]
    schema = {"components": document["components"], **schema}
    OAS31Validator(schema).validate(json.loads(answer.content))
    told = answer.parsed
    print(json.dumps([int(answer.status_code), type(told).__name__, told.to_dict()]))
"#;

/// The programs, and the folder in which a client is made.
struct Workshop {
    programs: PathBuf,
    folder: Directory,
}

impl Workshop {
    /// `None` where the programs are not installed.
    fn open() -> Option<Self> {
        let programs = openapi_programs()?;
        let folder = Directory::new();
        Some(Self { programs, folder })
    }

    fn program(&self, name: &str) -> Command {
        let mut command = Command::new(self.programs.join(name));
        command.current_dir(self.folder.path()).env("NO_COLOR", "1");
        command
    }

    async fn succeed(command: &mut Command) -> String {
        let output = run(command).await;
        assert!(output.status.success(), "{}", said(&output));
        String::from_utf8(output.stdout).expect("text")
    }

    /// Writes the document of a configuration, which has to be valid.
    async fn document(&self, config: &Path, more: &[&str]) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gatewright"));
        command.args(["gen", "openapi", "-o", "openapi.json", "-c"]);
        command
            .arg(config)
            .args(more)
            .current_dir(self.folder.path());
        Self::succeed(&mut command).await;
        let mut validator = self.program("openapi-spec-validator");
        Self::succeed(validator.arg("openapi.json")).await;
    }

    /// Makes a client of the document, which has to be able to say all of it.
    async fn client(&self) {
        // What it makes is for nobody to read, so it need not be laid out.
        self.folder.write("generator.yaml", "post_hooks: []\n");
        let mut generator = self.program("openapi-python-client");
        generator.args([
            "generate",
            "--path",
            "openapi.json",
            "--output-path",
            "client",
        ]);
        generator.args([
            "--meta",
            "none",
            "--config",
            "generator.yaml",
            "--fail-on-warning",
        ]);
        Self::succeed(&mut generator).await;
    }

    /// Has the client do what a script says, and gives what it was told.
    async fn play(&self, gateway: &Gateway, script: &str) -> Vec<Value> {
        let mut python = self.program("python");
        python.args(["-c", &format!("{PRELUDE}{script}")]);
        python.arg(format!("http://{}", gateway.front()));
        let told = Self::succeed(&mut python).await;
        let lines = told.lines();
        lines
            .map(|line| serde_json::from_str(line).expect("JSON"))
            .collect()
    }
}

fn example(name: &str) -> PathBuf {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/examples");
    examples.join(name).join("gatewright.toml")
}

/// Checks a problem of the gateway's own, and takes it away.
#[track_caller]
fn take_problem(told: &mut Vec<Value>, status: u16) {
    let last = told.pop().expect("an answer");
    assert_eq!(last[0], status, "{last}");
    assert_eq!(
        (&last[1], &last[2]["status"]),
        (&json!("Problem"), &json!(status)),
        "{last}"
    );
}

#[tokio::test]
async fn a_generated_client_pays_at_a_host_of_payments() {
    let Some(workshop) = Workshop::open() else {
        return;
    };
    let host = Teller::moody_pos(|asked| match asked.text.split(' ').next() {
        Some("M123" | "a/b%?") => Some(0),
        Some("POOR") => Some(51),
        _ => None,
    })
    .await;
    let shipped = "${HOST_URL:-tcp://127.0.0.1:7700}";
    let patience = ("\"800ms\"", "\"2s\"".to_owned());
    let gateway = recipe("rest-to-pos", &[(shipped, host.url()), patience]).await;
    workshop.document(&example("rest-to-pos"), &[]).await;
    workshop.client().await;
    let script = r#"
def pay(merchant, pan="4111111111111111"):
    body = AuthoriseBody(pan=pan, amount_minor=1250, currency=978)
    tell(authorise.sync_detailed(merchant, client=client, body=body))

pay("M123")
pay("a/b%?")
pay("POOR")
pay("SLOW")
pay("M123", pan="41111111111111111111")
"#;
    let mut told = workshop.play(&gateway, script).await;
    take_problem(&mut told, 400);
    take_problem(&mut told, 504);
    let approved = json!([201, "AuthoriseResponse201", { "approval_code": "TOLD  " }]);
    let declined = json!([402, "AuthoriseResponse402", { "declined": 51 }]);
    assert_eq!(told, [approved.clone(), approved, declined]);
}

#[tokio::test]
async fn a_generated_client_pays_by_iso_8583() {
    let Some(workshop) = Workshop::open() else {
        return;
    };
    let backend = Backend::scripted(|asked| match asked.json()["pan"].as_str() {
        Some("4000000000000002") => Action::Answer(Answer::status(402)),
        _ => Action::Answer(Answer::status(201).json(&json!({ "approval_code": "C00123" }))),
    })
    .start()
    .await;
    let (tills, _host) = chain(&backend).await;
    workshop.document(&example("rest-to-iso8583"), &[]).await;
    workshop.client().await;
    let script = r#"
def pay(stan, pan):
    body = AuthoriseBody(stan=stan, time="1126174631", pan=pan, expiry="2912", amount_minor=1250, currency="978")
    tell(authorise.sync_detailed("TERM0001", client=client, body=body))

pay("000123", "4111111111111111")
pay("000124", "4000000000000002")
pay("125", "4111111111111111")
"#;
    let mut told = workshop.play(&tills, script).await;
    take_problem(&mut told, 400);
    let approved = json!({ "approval_code": "C00123", "reference": null });
    let approved = json!([201, "AuthoriseResponse201", approved]);
    let declined = json!([402, "AuthoriseResponse402", { "response_code": "51" }]);
    assert_eq!(told, [approved, declined]);
}

#[tokio::test]
async fn documents_are_valid() {
    let Some(workshop) = Workshop::open() else {
        return;
    };
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli/data/openapi.toml");
    workshop.document(&data, &["--listener", "api"]).await;
    workshop.document(&data, &["--listener", "far"]).await;
    workshop.document(&example("redis-to-events"), &[]).await;
    workshop.client().await;
}
