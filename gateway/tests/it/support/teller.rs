//! Servers that answer each message by a script, on as many connections as come.

use super::wire::AuthRsp;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// A server that answers each request by a script; what it was asked is kept.
#[derive(Debug)]
pub(crate) struct Teller {
    address: SocketAddr,
    log: Arc<Mutex<Vec<Asked>>>,
    task: JoinHandle<()>,
}

/// One request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// The id of a request of the payment protocol.
    seq: u32,
    /// On which connection, counted from 0.
    pub(crate) connection: usize,
    /// The request: a frame of the payment protocol, or the words of a command.
    pub(crate) text: String,
}

/// What the request is answered with: bytes, nothing so far (`None`), or the end of the connection
/// (no bytes).
type Script = Arc<dyn Fn(&Asked) -> Option<Vec<u8>> + Send + Sync>;
/// Takes one whole request off the buffer: its text and its id.
type Take = fn(&mut Vec<u8>) -> Option<(String, u32)>;

impl Teller {
    /// A host of the payment protocol. A request's text is its merchant and amount; the script
    /// gives the status.
    pub(crate) async fn pos(status: impl Fn(&Asked) -> u8 + Send + Sync + 'static) -> Self {
        Self::pos_at("127.0.0.1:0", status).await
    }

    /// The same at an address.
    pub(crate) async fn pos_at(
        address: &str,
        status: impl Fn(&Asked) -> u8 + Send + Sync + 'static,
    ) -> Self {
        Self::pos_with(address, move |asked| Some(status(asked))).await
    }

    /// The same, but that it says nothing where the script does not.
    pub(crate) async fn moody_pos(
        status: impl Fn(&Asked) -> Option<u8> + Send + Sync + 'static,
    ) -> Self {
        Self::pos_with("127.0.0.1:0", status).await
    }

    async fn pos_with(
        address: &str,
        status: impl Fn(&Asked) -> Option<u8> + Send + Sync + 'static,
    ) -> Self {
        let answer = move |asked: &Asked| {
            let reply = AuthRsp {
                seq: asked.seq,
                status: status(asked)?,
                code: "TOLD".to_owned(),
            };
            Some(reply.bytes())
        };
        Self::start(address, take_payment, Arc::new(answer)).await
    }

    /// A server of redis' protocol. A request's text is its words with blanks between them; the
    /// script gives what is written.
    pub(crate) async fn resp(
        answer: impl Fn(&Asked) -> Option<Vec<u8>> + Send + Sync + 'static,
    ) -> Self {
        Self::start("127.0.0.1:0", take_command, Arc::new(answer)).await
    }

    async fn start(address: &str, take: Take, script: Script) -> Self {
        let listener = TcpListener::bind(address).await.expect("an address");
        let address = listener.local_addr().expect("an address");
        let log = Arc::default();
        let task = tokio::spawn(serve(listener, take, script, Arc::clone(&log)));
        Self { address, log, task }
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    pub(crate) fn url(&self) -> String {
        format!("tcp://{}", self.address)
    }

    pub(crate) fn log(&self) -> MutexGuard<'_, Vec<Asked>> {
        self.log.lock().expect("a log")
    }

    /// How many requests had such a text.
    pub(crate) fn count(&self, text: &str) -> usize {
        self.log().iter().filter(|asked| asked.text == text).count()
    }
}

impl Drop for Teller {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(listener: TcpListener, take: Take, script: Script, log: Arc<Mutex<Vec<Asked>>>) {
    for connection in 0.. {
        let Ok((stream, _)) = listener.accept().await else {
            return;
        };
        let (script, log) = (Arc::clone(&script), Arc::clone(&log));
        tokio::spawn(talk(stream, connection, take, script, log));
    }
}

async fn talk(
    mut stream: TcpStream,
    connection: usize,
    take: Take,
    script: Script,
    log: Arc<Mutex<Vec<Asked>>>,
) {
    let mut read = Vec::new();
    while stream.read_buf(&mut read).await.is_ok_and(|more| more > 0) {
        while let Some((text, seq)) = take(&mut read) {
            let asked = Asked {
                seq,
                connection,
                text,
            };
            log.lock().expect("a log").push(asked.clone());
            let written = match script(&asked) {
                None => Ok(()),
                Some(end) if end.is_empty() => return,
                Some(bytes) => stream.write_all(&bytes).await,
            };
            if written.is_err() {
                return;
            }
        }
    }
}

fn take_payment(read: &mut Vec<u8>) -> Option<(String, u32)> {
    const FRAME: usize = 49;
    let frame: Vec<u8> = (read.len() >= FRAME).then(|| read.drain(..FRAME).collect())?;
    let number = |at: usize| u32::from_be_bytes([0, 1, 2, 3].map(|i| frame[at + i]));
    let merchant = String::from_utf8_lossy(&frame[9..24]);
    Some((format!("{} {}", merchant.trim_end(), number(43)), number(5)))
}

fn take_command(read: &mut Vec<u8>) -> Option<(String, u32)> {
    let mut at = 0;
    let words = number(read, &mut at)?;
    let mut text = Vec::new();
    for _ in 0..words {
        let length = number(read, &mut at)?;
        let word = read.get(at..at + length)?;
        text.push(String::from_utf8_lossy(word).into_owned());
        at += length + 2;
    }
    (read.len() >= at).then(|| {
        read.drain(..at);
        (text.join(" "), 0)
    })
}

/// The number in a line such as `*2`, and the place behind it.
fn number(read: &[u8], at: &mut usize) -> Option<usize> {
    let rest = read.get(*at..)?;
    let end = rest.windows(2).position(|pair| pair == b"\r\n")?;
    let digits = std::str::from_utf8(&rest[1..end]).expect("digits");
    *at += end + 2;
    Some(digits.parse().expect("a number"))
}
