//! The same messages as HTTP/2 has them: a head without its version and what frames its body, and the body.

use super::message::Message;
use ::http::header::{CONTENT_LENGTH, HeaderMap};
use ::http::{Request, Response};

/// A request as a stream of HTTP/2 carries it, and its body.
pub(crate) struct Asked {
    pub(crate) head: Request<()>,
    pub(crate) body: Vec<u8>,
}

/// The request that is written in these bytes of HTTP/1.1. A body that came by its length says so.
pub(crate) fn request_of(bytes: &[u8]) -> Asked {
    let read = Message::read(bytes).expect("a request of ours");
    let (_, message) = read.expect("a whole request");
    let method = message.first.split(' ').next().unwrap_or_default();
    let uri = format!("http://audit{}", message.target());
    let mut head = Request::builder().method(method).uri(uri);
    if let Some(length) = message.field("content-length") {
        head = head.header(CONTENT_LENGTH, length);
    }
    Asked {
        head: head.body(()).expect("a request of ours"),
        body: message.body.into_owned(),
    }
}

/// The response as HTTP/1.1 has it, its body by its length.
pub(crate) fn response_in(response: &Response<()>, body: &[u8]) -> Vec<u8> {
    let mut bytes = format!("HTTP/1.1 {} \r\n", response.status().as_u16()).into_bytes();
    for (name, value) in fields(response.headers()) {
        bytes.extend([name.as_bytes(), b": ", value, b"\r\n"].concat());
    }
    bytes.extend(format!("content-length: {}\r\n\r\n", body.len()).as_bytes());
    bytes.extend_from_slice(body);
    bytes
}

fn fields(headers: &HeaderMap) -> impl Iterator<Item = (&str, &[u8])> {
    let all = headers.iter().filter(|(name, _)| *name != CONTENT_LENGTH);
    all.map(|(name, value)| (name.as_str(), value.as_bytes()))
}
