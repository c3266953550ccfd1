//! What a gateway tells about itself.

use super::in_time;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// One answer of the admin listener: its status and its body.
pub(crate) async fn get(admin: SocketAddr, path: &str) -> (u16, String) {
    let mut stream = in_time("the admin listener", TcpStream::connect(admin))
        .await
        .expect("an admin listener");
    let request = format!("GET {path} HTTP/1.1\r\nhost: {admin}\r\nconnection: close\r\n\r\n");
    stream
        .write_all(request.as_bytes())
        .await
        .expect("a request");
    let mut answer = String::new();
    in_time("its answer", stream.read_to_string(&mut answer))
        .await
        .expect("an answer");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok())
        .expect("a status");
    (status, body.to_owned())
}

/// One scrape.
#[derive(Clone, Debug)]
pub(crate) struct Metrics(BTreeMap<String, f64>);

impl Metrics {
    pub(crate) async fn scrape(admin: SocketAddr) -> Self {
        let (status, body) = get(admin, "/metrics").await;
        assert_eq!(status, 200, "{body}");
        let lines = body
            .lines()
            .filter(|line| !line.starts_with('#') && !line.is_empty());
        Self(
            lines
                .map(|line| sample(line).unwrap_or_else(|| panic!("not a sample: {line}")))
                .collect(),
        )
    }

    /// The sum over all series of `name` whose labels hold each of `labels`.
    pub(crate) fn sum(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        self.0
            .iter()
            .filter(|(series, _)| matches(series, name, labels))
            .map(|(_, value)| value)
            .sum()
    }
}

fn sample(line: &str) -> Option<(String, f64)> {
    let (series, value) = line.rsplit_once(' ')?;
    Some((series.to_owned(), value.parse().ok()?))
}

fn matches(series: &str, name: &str, labels: &[(&str, &str)]) -> bool {
    let (series_name, rest) = series.split_once('{').unwrap_or((series, ""));
    series_name == name
        && labels
            .iter()
            .all(|(key, value)| rest.contains(&format!("{key}=\"{value}\"")))
}
