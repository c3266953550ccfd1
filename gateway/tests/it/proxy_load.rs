//! Many requests of HTTP/1.1 at a time, with programs of others on both sides: wrk and nginx.

use crate::definitions::{run, said};
use crate::support::config::Config;
use crate::support::gateway::{Directory, Gateway};
use crate::support::servers::{Server, installed};
use std::path::Path;
use tokio::process::Command;

fn nginx(program: &Path, directory: &Directory, port: u16) -> Command {
    let config = format!(
        r#"daemon off;
master_process off;
pid nginx.pid;
error_log stderr info;
events {{ }}
http {{
    access_log off;
    client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;
    keepalive_requests 100;
    server {{
        listen 127.0.0.1:{port};
        location = /small {{ return 200 'small'; }}
        location = /large {{ return 200 '{}'; }}
        location = /echo {{ client_body_in_single_buffer on; proxy_pass http://127.0.0.1:{port}/small; }}
        location / {{ return 404; }}
    }}
}}
"#,
        "large ".repeat(600)
    );
    directory.write("nginx.conf", &config);
    let mut command = Command::new(program);
    command
        .arg("-p")
        .arg(directory.path())
        .args(["-c", "nginx.conf", "-e", "stderr"]);
    command
}

/// Asks for both in turn, and posts now and then.
const SCRIPT: &str = r#"
local turn = 0
request = function()
  turn = turn + 1
  if turn % 8 == 0 then
    return wrk.format("POST", "/echo", nil, string.rep("x", 20000))
  end
  return wrk.format("GET", turn % 2 == 0 and "/small" or "/large")
end
"#;

#[tokio::test]
async fn a_crowd_of_requests_has_no_errors() {
    let Some([wrk]) = installed(["wrk"], "wrk") else {
        return;
    };
    let Some([program]) = installed(["nginx"], "nginx") else {
        return;
    };
    let server = Server::start(|directory, [port]| nginx(&program, directory, port)).await;
    let config = Config::proxy([format!("http://{}", server.address(0))]).workers(2);
    let gateway = Gateway::start(&config).await;
    let directory = Directory::new();
    let script = directory.write("mixed.lua", SCRIPT);
    let mut command = Command::new(wrk);
    command
        .args(["-t", "2", "-c", "32", "-d", "2s", "--timeout", "30s", "-s"])
        .arg(script)
        .arg(format!("http://{}/", gateway.front()));
    let output = run(&mut command).await;
    let text = said(&output);
    assert!(output.status.success(), "{text}");
    // It counts both only if there are any.
    assert!(!text.contains("Socket errors"), "{text}");
    assert!(!text.contains("Non-2xx"), "{text}");
    let done = text
        .lines()
        .find_map(|line| line.trim().split_once(" requests in "));
    let done: u64 = done.expect("a sum").0.parse().expect("a number");
    assert!(done > 100, "{text}");
    let labels = [("outcome", "reply")];
    let counted = gateway
        .metrics()
        .await
        .sum("gatewright_exchanges_total", &labels);
    assert!(counted >= done as f64, "{counted} for {done}");
}
