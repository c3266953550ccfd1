//! What is made of configurations: OpenAPI documents.

use crate::gatewright;
use insta::assert_snapshot;
use serde_json::{Value, json};
use std::path::Path;

fn document(arguments: &[&str]) -> Value {
    let run = gatewright(&[&["gen", "openapi"], arguments].concat());
    assert_eq!(run.code, Some(0), "{run}");
    serde_json::from_str(&run.stdout).unwrap()
}

#[test]
fn routes_are_operations() {
    assert_snapshot!(gatewright(&[
        "gen",
        "openapi",
        "-c",
        "openapi.toml",
        "--listener",
        "api"
    ]));
}

/// What OpenAPI 3.1 asks of all documents, and what generators of clients trip over.
#[test]
fn documents_are_whole() {
    let api = document(&["-c", "openapi.toml", "--listener", "api"]);
    let far = document(&["-c", "openapi.toml", "--listener", "far"]);
    let pos = document(&["-c", "../../../../config/examples/rest-to-pos"]);
    for document in [&api, &far, &pos] {
        assert_eq!(document["openapi"], "3.1.1");
        let mut ids = Vec::new();
        for (path, item) in document["paths"].as_object().unwrap() {
            for operation in item.as_object().unwrap().values() {
                ids.push(operation["operationId"].as_str().unwrap());
                assert!(!operation["responses"].as_object().unwrap().is_empty());
                check_parts(path, operation);
            }
        }
        let all = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), all, "an id stands twice");
    }
    assert!(far["paths"].as_object().unwrap().is_empty());
    assert_eq!(
        far.get("servers"),
        None,
        "nobody reaches an address that is none"
    );
}

#[test]
fn events_are_a_stream() {
    let document = document(&["-c", "../../../../config/examples/redis-to-events"]);
    let responses = &document["paths"]["/v1/channels/{channel}"]["get"]["responses"];
    let told = &responses["200"]["content"]["text/event-stream"]["schema"]["type"];
    assert_eq!(told, "string", "{responses}");
    assert!(responses["503"].is_object(), "{responses}");
}

/// Each part of the path is a parameter, which is required, and no other is one of the path.
fn check_parts(path: &str, operation: &Value) {
    let parts = path.split('/').filter_map(|segment| {
        segment
            .strip_prefix('{')
            .and_then(|segment| segment.strip_suffix('}'))
    });
    let mut parts: Vec<&str> = parts.collect();
    parts.sort_unstable();
    let parameters = operation["parameters"].as_array();
    let of_path = |parameter: &&Value| parameter["in"] == "path";
    let of_path: Vec<&Value> = parameters.into_iter().flatten().filter(of_path).collect();
    assert!(
        of_path
            .iter()
            .all(|parameter| parameter["required"] == true)
    );
    let names: Vec<&str> = of_path
        .iter()
        .map(|p| p["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, parts, "{path}");
}

#[test]
fn fields_of_the_upstream_type_what_is_said_in_json() {
    let document = document(&[
        "-c",
        "../../../../config/examples/rest-to-pos",
        "--title=Payments",
        "--api-version=2",
    ]);
    assert_eq!(document["info"]["title"], "Payments");
    assert_eq!(document["info"]["version"], "2");
    let operation = &document["paths"]["/v1/merchants/{merchant}/authorisations"]["post"];
    let asked = &operation["requestBody"]["content"]["application/json"]["schema"];
    assert_eq!(asked["properties"]["currency"]["maximum"], 999);
    assert_eq!(asked["properties"]["pan"]["maxLength"], 19);
    assert_eq!(
        asked["required"],
        json!(["amount_minor", "currency", "pan"])
    );
    let told = |status: &str| operation["responses"][status]["content"].clone();
    let code = &told("201")["application/json"]["schema"]["properties"]["approval_code"];
    assert_eq!(code["maxLength"], 6);
    for status in ["400", "404", "413", "502", "503", "504"] {
        let problem = &told(status)["application/problem+json"]["schema"];
        assert_eq!(problem["$ref"], "#/components/schemas/Problem", "{status}");
    }
}

/// Whatever is optional in a message is so in JSON, where it may be `null`; a part of a path is there.
#[test]
fn what_a_message_may_lack_may_be_left_out() {
    let document = document(&["-c", "../../../../config/examples/rest-to-iso8583"]);
    let operation = &document["paths"]["/v1/terminals/{terminal}/authorisations"]["post"];
    let terminal = &operation["parameters"][0];
    assert_eq!(terminal["schema"]["type"], "string");
    assert_eq!(terminal["schema"]["maxLength"], 8);
    assert_eq!(operation["parameters"][1]["required"], false);
    let asked = &operation["requestBody"]["content"]["application/json"]["schema"];
    let amount = &asked["properties"]["amount_minor"];
    assert_eq!(amount["type"], json!(["integer", "null"]));
    assert_eq!(amount["maximum"], 999_999_999_999_u64);
    assert_eq!(asked.get("required"), None);
}

#[test]
fn a_document_can_be_a_file() {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("openapi.json");
    let path = file.to_str().unwrap();
    let arguments = ["gen", "openapi", "-c", "openapi.toml", "--listener", "far"];
    let printed = gatewright(&arguments);
    let written = gatewright(&[&arguments[..], &["-o", path]].concat());
    assert_eq!((written.code, written.stdout.as_str()), (Some(0), ""));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), printed.stdout);
    let nowhere = gatewright(&[&arguments[..], &["-o", "no/such/folder/x.json"]].concat());
    assert_eq!(nowhere.code, Some(71), "{nowhere}");
}

#[test]
fn a_document_is_of_one_listener_that_speaks_http() {
    for (arguments, code, said) in [
        (
            &["-c", "openapi.toml"][..],
            2,
            "choose one with --listener (`api`, `far`)",
        ),
        (
            &["-c", "openapi.toml", "--listener", "terminals"],
            2,
            "no listener of that name speaks HTTP (`api`, `far`)",
        ),
        (&["-c", "forward.toml"], 2, "no listener speaks HTTP\n"),
        (&["-c", "five_errors.toml"], 78, "error["),
    ] {
        let run = gatewright(&[&["gen", "openapi"], arguments].concat());
        assert_eq!(run.code, Some(code), "{run}");
        assert_eq!(run.stdout, "", "{run}");
        assert!(run.stderr.contains(said), "{run}");
    }
}
