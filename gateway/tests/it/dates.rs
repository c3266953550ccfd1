//! When an answer was made: RFC 9110, 6.6.1.

use crate::support::gateway::Gateway;
use crate::support::in_time;
use crate::support::raw;
use http::Request;
use std::time::{Duration, SystemTime};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

const OLD: &str = "Sun, 06 Nov 1994 08:49:37 GMT";

async fn head(stream: &mut TcpStream) -> String {
    let mut read = Vec::new();
    while !read.ends_with(b"\r\n\r\n") {
        read.push(in_time("a head", stream.read_u8()).await.expect("a head"));
    }
    String::from_utf8(read).expect("text")
}

/// Answers with the old date where it is asked for one.
async fn serve(listener: TcpListener) {
    while let Ok((mut stream, _)) = listener.accept().await {
        tokio::spawn(async move {
            let asked = head(&mut stream).await;
            let date = match asked.starts_with("GET /dated ") {
                true => format!("dAtE: {OLD}\r\n"),
                false => String::new(),
            };
            let answer = format!(
                "HTTP/1.1 200 OK\r\nX-A: 1\r\n{date}Connection: close\r\nContent-Length: 0\r\n\r\n"
            );
            stream.write_all(answer.as_bytes()).await.expect("a client");
        });
    }
}

/// The values of `date` in what a client of HTTP/1.1 gets.
async fn by_http1(gateway: &Gateway, path: &str) -> Vec<String> {
    let mut stream = raw::connect(gateway).await;
    let request = format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n");
    stream
        .write_all(request.as_bytes())
        .await
        .expect("a gateway");
    let head = head(&mut stream).await;
    let fields = head.lines().filter_map(|line| line.split_once(": "));
    let dates = fields.filter(|(name, _)| name.eq_ignore_ascii_case("date"));
    dates.map(|(_, value)| value.to_owned()).collect()
}

/// The same of HTTP/2.
async fn by_http2(gateway: &Gateway, path: &str) -> Vec<String> {
    let stream = raw::connect(gateway).await;
    let (sender, connection) = in_time("HTTP/2", h2::client::handshake(stream))
        .await
        .expect("a handshake");
    tokio::spawn(connection);
    let mut sender = in_time("a stream", sender.ready())
        .await
        .expect("a gateway");
    let request = Request::get(format!("http://a{path}"))
        .body(())
        .expect("a request");
    let (response, _) = sender.send_request(request, true).expect("a stream");
    let response = in_time("a response", response).await.expect("a response");
    let dates = response.headers().get_all("date").iter();
    dates
        .map(|value| value.to_str().expect("text").to_owned())
        .collect()
}

#[tokio::test]
async fn answers_say_once_when_they_were_made() {
    let (listener, url) = raw::listener().await;
    tokio::spawn(serve(listener));
    let url = url.replace("tcp://", "http://");
    let gateway = Gateway::start_text(
        &format!(
            r#"
[gateway]
workers = 1
[admin]
http = "127.0.0.1:0"
[upstreams.real]
url = "{url}"
[upstreams.mock]
url = "mock:200"
[listeners.front]
bind = "tcp://127.0.0.1:0"
protocol = "http"
[[routes]]
from = ["front"]
operation = "GET /made"
to = "mock"
request.get = "/"
reply = [{{ on = "2xx", status = 200, headers = {{ date = "{OLD}" }} }}, {{ on = "*", status = 502 }}]
[[routes]]
from = ["front"]
operation = "GET /plain"
to = "mock"
request.get = "/"
reply = [{{ on = "*", status = 204 }}]
[[routes]]
from = ["front"]
operation = "* /dated"
to = "real"
[[routes]]
from = ["front"]
operation = "POST /undated"
to = "real"
[[routes]]
from = ["front"]
operation = "GET /undated"
to = "real"
"#
        ),
        &[],
    )
    .await;
    for path in ["/dated", "/made"] {
        assert_eq!(by_http1(&gateway, path).await, [OLD], "{path}");
        assert_eq!(by_http2(&gateway, path).await, [OLD], "{path}");
    }
    // A server's answer, a rule's, one for a path of nobody, and one for what cannot be read.
    for path in ["/undated", "/plain", "/nowhere", "/a%2"] {
        // What a date tells is the second that it is in.
        let before = SystemTime::now() - Duration::from_secs(1);
        let told = [
            by_http1(&gateway, path).await,
            by_http2(&gateway, path).await,
        ];
        let after = SystemTime::now();
        for dates in told {
            let [date] = dates.as_slice() else {
                panic!("{path}: {dates:?}")
            };
            let date = httpdate::parse_http_date(date).expect("a date");
            assert!(before < date && date <= after, "{path}: {date:?}");
        }
    }
}
