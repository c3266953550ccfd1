//! The recipes in config/examples between programs that others wrote, at addresses that are free.

use crate::support::gateway::Gateway;
use crate::support::in_time;
use std::path::Path;
use std::process::{Output, Stdio};
use tokio::process::Command;

/// A gateway as an example sets it up, but for the addresses: its listeners take free ports, its
/// upstreams are those of `upstreams`, by what stands in the example.
pub(crate) async fn recipe(example: &str, upstreams: &[(&str, String)]) -> Gateway {
    let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config");
    let path = config.join("examples").join(example);
    let text = std::fs::read_to_string(path.join("gatewright.toml")).expect("an example");
    let library = config.join("protocols").display().to_string();
    let mut text = text.replace("../../protocols", &library);
    for (shipped, url) in upstreams {
        text = replaced(text, shipped, url);
    }
    let lines = text.lines().map(|line| match line.strip_prefix("bind = ") {
        Some(_) => "bind = \"tcp://127.0.0.1:0\"",
        None => line,
    });
    let text: Vec<&str> = lines.collect();
    let text = format!("{}\n[admin]\nhttp = \"127.0.0.1:0\"\n", text.join("\n"));
    Gateway::start_text(&text, &[]).await
}

/// The same with a minute for answers instead of a second, for what is not about time: a machine may be busy.
pub(crate) async fn patient_recipe(example: &str, shipped: &str, url: String) -> Gateway {
    let patient = ("timeout = \"1s\"", "timeout = \"1m\"".to_owned());
    recipe(example, &[(shipped, url), patient]).await
}

fn replaced(text: String, shipped: &str, ours: &str) -> String {
    assert!(text.contains(shipped), "{shipped} is not in the example");
    text.replace(shipped, ours)
}

/// What a program that ends by itself says.
pub(crate) async fn run(command: &mut Command) -> Output {
    let name = format!("{:?}", command.as_std());
    let output = command.stdin(Stdio::null()).kill_on_drop(true).output();
    in_time(&name, output).await.expect("a program that runs")
}

/// All that it said, to people and to programs.
pub(crate) fn said(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    text(&output.stdout) + &text(&output.stderr)
}
