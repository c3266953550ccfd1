//! Requests on a connection that is not for their host: RFC 9110, 15.5.20; RFC 9113, 9.1.2.

use crate::support::backend::{Action, Answer, Asked, Backend};
use crate::support::certificates::Authority;
use crate::support::gateway::{Directory, Gateway};
use crate::support::in_time;
use crate::support::secure_web::{SecureWeb, Version};
use crate::support::servers::installed;
use tokio::process::Command;
use tokio_rustls::rustls::DEFAULT_VERSIONS;

const ALPN: &str = r#"alpn = ["h2", "http/1.1"]"#;

fn served(_: &Asked) -> Action {
    Action::Answer(Answer::status(200).body("served"))
}

/// Passes requests for any host on. It has a certificate for a.example and shared.example, and one
/// for b.example, *.c.example and shared.example, or the first of these only.
async fn start(authority: &Authority, backend: &Backend, certificates: usize) -> Gateway {
    let names: [&[&str]; 2] = [
        &["a.example", "shared.example"],
        &["b.example", "*.c.example", "shared.example"],
    ];
    let mut files = Vec::new();
    let mut shown = Vec::new();
    for (place, names) in names.iter().take(certificates).enumerate() {
        let identity = authority.issue(names);
        let (cert, key) = identity.pem();
        files.push((format!("{place}.pem"), cert.to_owned()));
        files.push((format!("{place}.key"), key));
        shown.push(format!(
            r#"{{ cert = "{place}.pem", key = "{place}.key" }}"#
        ));
    }
    let text = format!(
        r#"
[gateway]
workers = 1
[admin]
http = "127.0.0.1:0"
[upstreams.backend]
url = "{}"
[listeners.front]
bind = "tcp://127.0.0.1:0"
protocol = "http"
tls = {{ certificates = [{}], {ALPN} }}
[[routes]]
from = ["front"]
to = "backend"
"#,
        backend.url(),
        shown.join(", ")
    );
    Gateway::start_text(&text, &files).await
}

#[tokio::test]
async fn a_host_of_another_certificate_is_refused_on_this_connection_and_served_on_its_own() {
    let authority = Authority::new();
    let backend = Backend::scripted(served).start().await;
    let gateway = start(&authority, &backend, 2).await;
    let mut expected = 0;
    for version in [Version::Http1, Version::Http2] {
        for (name, asked) in [
            (
                "a.example",
                &[
                    ("a.example", 200),
                    ("b.example", 421),
                    ("A.example:8443", 200),
                    ("x.c.example:1", 421),
                ][..],
            ),
            (
                "b.example",
                &[("a.example", 421), ("y.c.example", 200), ("B.EXAMPLE", 200)],
            ),
            // Of both certificates, and of none: that is for routes to say.
            (
                "b.example",
                &[
                    ("shared.example", 200),
                    ("d.example", 200),
                    ("x.y.c.example", 200),
                ],
            ),
        ] {
            let client = authority.bare_client(DEFAULT_VERSIONS, None);
            let mut client = SecureWeb::connect(gateway.front(), client, name, version).await;
            for (host, status) in asked {
                let told = client.get(host, "/").await;
                assert_eq!(told.status, *status, "{version:?} {name} {host}");
                match status {
                    421 => assert!(told.body.contains("Misdirected Request"), "{}", told.body),
                    _ => {
                        assert_eq!(told.body, "served");
                        expected += 1;
                    }
                }
            }
        }
    }
    assert_eq!(backend.log().asked.len(), expected);
}

#[tokio::test]
async fn one_certificate_stands_for_whatever_routes_take() {
    let authority = Authority::new();
    let backend = Backend::scripted(served).start().await;
    let gateway = start(&authority, &backend, 1).await;
    for version in [Version::Http1, Version::Http2] {
        let client = authority.bare_client(DEFAULT_VERSIONS, None);
        let mut client = SecureWeb::connect(gateway.front(), client, "a.example", version).await;
        for host in ["a.example", "b.example"] {
            assert_eq!(
                client.get(host, "/").await.status,
                200,
                "{version:?} {host}"
            );
        }
    }
}

/// Domain fronting: TLS asks for one name, the request for another.
#[tokio::test]
async fn curl_is_told_that_its_request_is_misdirected() {
    let Some([program]) = installed(["curl"], "curl") else {
        return;
    };
    let authority = Authority::new();
    let backend = Backend::scripted(served).start().await;
    let gateway = start(&authority, &backend, 2).await;
    let directory = Directory::new();
    let ca = directory.write("ca.pem", &authority.pem());
    let port = gateway.front().port();
    for version in ["--http1.1", "--http2"] {
        for (host, expected) in [("a.example", "200"), ("b.example", "421")] {
            let output = Command::new(&program)
                .args(["--silent", "--show-error", "--max-time", "20", version])
                .args(["--output", "/dev/null", "--write-out", "%{http_code}"])
                .args(["--connect-to", &format!("a.example:443:127.0.0.1:{port}")])
                .args(["--header", &format!("Host: {host}"), "--cacert"])
                .arg(&ca)
                .arg("https://a.example/")
                .output();
            let output = in_time("curl", output).await.expect("curl");
            let said = String::from_utf8_lossy(&output.stdout).into_owned();
            let errors = String::from_utf8_lossy(&output.stderr);
            assert_eq!(said, expected, "{version} {host}: {errors}");
        }
    }
}
