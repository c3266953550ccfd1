//! The handshake from a client's side: RFC 6455, 4.1.

use super::called::Called;
use super::opening::{Fields, MAX_FIELDS, MAX_HEAD, accept};
use aws_lc_rs::rand;
use httparse::{EMPTY_HEADER, Response, Status};
use std::fmt::Write as _;
use std::io;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

/// What is asked of a server.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Call<'a> {
    /// The host and the port, as the URL has them.
    pub(crate) authority: &'a str,
    /// The path, with the query if there is one.
    pub(crate) target: &'a str,
    pub(crate) subprotocol: Option<&'a str>,
}

/// Has the server agree, and carries bytes from then on.
///
/// # Errors
/// What the connection did, or what the server says instead.
pub(crate) async fn call<S>(mut io: S, call: Call<'_>) -> io::Result<Called<S>>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let key = key()?;
    io.write_all(call.request(&key).as_bytes()).await?;
    io.flush().await?;
    let head = head(&mut io).await?;
    judge(&head, &accept(&key), call.subprotocol).map_err(io::Error::other)?;
    Ok(Called::new(io))
}

/// RFC 6455, 4.1: 16 bytes that nobody can guess, in base64.
fn key() -> io::Result<String> {
    let mut bytes = [0; 16];
    rand::fill(&mut bytes).map_err(io::Error::other)?;
    Ok(base64_simd::STANDARD.encode_to_string(bytes))
}

impl Call<'_> {
    fn request(&self, key: &str) -> String {
        let (target, host) = (self.target, self.authority);
        let mut request = format!(
            "GET {target} HTTP/1.1\r\nhost: {host}\r\nupgrade: websocket\r\nconnection: Upgrade\r\n\
             sec-websocket-key: {key}\r\nsec-websocket-version: 13\r\n"
        );
        if let Some(name) = self.subprotocol {
            // Writing to a string cannot fail.
            let _ = write!(request, "sec-websocket-protocol: {name}\r\n");
        }
        request.push_str("\r\n");
        request
    }
}

/// The head of the answer, and nothing of what is behind it: the first frames are not the handshake's.
async fn head(io: &mut (impl AsyncRead + Unpin)) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() >= MAX_HEAD {
            return Err(io::Error::other("the answer's head is too long"));
        }
        head.push(io.read_u8().await?);
    }
    Ok(head)
}

/// RFC 6455, 4.1: what an answer has to be.
fn judge(head: &[u8], accept: &str, subprotocol: Option<&str>) -> Result<(), String> {
    let mut fields = [EMPTY_HEADER; MAX_FIELDS];
    let mut response = Response::new(&mut fields);
    if !matches!(response.parse(head), Ok(Status::Complete(_))) {
        return Err("the answer is not HTTP".to_owned());
    }
    match response.code {
        Some(101) => {}
        Some(code) => return Err(format!("the answer is {code} instead of 101")),
        None => return Err("the answer has no status".to_owned()),
    }
    let fields = Fields(response.headers);
    if !fields.lists("connection", "upgrade") || !fields.lists("upgrade", "websocket") {
        return Err("the answer changes to another protocol".to_owned());
    }
    if fields.one("sec-websocket-accept") != Some(accept) {
        return Err("the answer is to another request".to_owned());
    }
    // No extension was offered, and of subprotocols one at most.
    if fields.one("sec-websocket-extensions").is_some()
        || fields.one("sec-websocket-protocol") != subprotocol
    {
        return Err("the answer agrees to what was not offered".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANSWER: &str = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\
        Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
    const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

    #[test]
    fn only_an_answer_to_what_was_asked_will_do() {
        assert_eq!(judge(ANSWER.as_bytes(), ACCEPT, None), Ok(()));
        let agreed = ANSWER.replacen("\r\n\r\n", "\r\nSec-WebSocket-Protocol: pos\r\n\r\n", 1);
        assert_eq!(judge(agreed.as_bytes(), ACCEPT, Some("pos")), Ok(()));
        for (from, to) in [
            ("HTTP/1.1 101", "101"),
            ("101", "200"),
            ("Upgrade: websocket", "Upgrade: h2c"),
            ("Connection: upgrade", "Connection: close"),
            ("s3pPL", "t3pPL"),
            ("\r\n\r\n", "\r\nSec-WebSocket-Protocol: pos\r\n\r\n"),
            ("\r\n\r\n", "\r\nSec-WebSocket-Extensions: x\r\n\r\n"),
        ] {
            let other = ANSWER.replacen(from, to, 1);
            assert!(judge(other.as_bytes(), ACCEPT, None).is_err(), "{other}");
        }
        assert!(judge(ANSWER.as_bytes(), ACCEPT, Some("pos")).is_err());
    }

    #[test]
    fn keys_are_of_16_bytes_and_differ() {
        let (one, other) = (key().unwrap(), key().unwrap());
        assert_ne!(one, other);
        assert_eq!(base64_simd::STANDARD.decode_to_vec(one).unwrap().len(), 16);
    }
}
