//! What no built-in protocol has: one-way messages, replies in the order of requests, and a
//! codec that fails. The gateway is linked in, with a protocol of the test's own.

use crate::support::backend::{Action, Answer, Asked, Backend};
use crate::support::in_time;
use bytes::{BufMut as _, Bytes, BytesMut};
use gatewright::{Gateway, Running};
use gatewright_core::codec::{
    Admission, Capabilities, Cause, ConnCodec, CorrelationKind, DecodeError, Delimited, Descriptor,
    Drain, EncodeError, EncodeProblem, Event, FieldDef, HalfClose, Operation, Protocol, Rejected,
    ReplyOrder, Schema, Side, StructDef, StructId, Type, Unasked,
};
use gatewright_core::fault::Fault;
use gatewright_core::message::{Kind, Message, OperationId, Value};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const TELL: u8 = 0;
const ASK: u8 = 1;
const HURRY: u8 = 2;
const SAID: u8 = 3;
/// What a reply says.
const YES: u8 = 1;
const NO: u8 = 2;

/// Two bytes a frame: the operation and a number. Replies keep the order of the requests.
#[derive(Debug)]
struct Toy {
    descriptor: Arc<Descriptor>,
    /// Whether the next connection's codec cannot be made.
    trap: Arc<AtomicBool>,
}

impl Toy {
    fn new() -> Self {
        let operation = |name, kind| Operation::new(name, kind, StructId(0));
        let frame = StructDef {
            name: "frame".into(),
            fields: vec![FieldDef::new("number", Type::U8)],
        };
        let descriptor = Descriptor {
            name: "toy".into(),
            schema: Schema {
                structs: vec![frame],
                enums: Vec::new(),
            },
            operations: vec![
                operation("tell", Kind::Event),
                operation("ask", Kind::Request),
                operation("hurry", Kind::Request),
                operation("said", Kind::Reply),
            ],
            capabilities: Capabilities {
                correlation: CorrelationKind::Fifo,
                reply_order: ReplyOrder::OfRequests,
                half_close: HalfClose::FinishesReplies,
                drain: Drain::MessageBoundary,
                unasked: Unasked::Nothing,
                admission: Admission::AtOnce,
                max_frame: 2,
            },
            heartbeat: None,
            http: None,
        };
        Self {
            descriptor: Arc::new(descriptor),
            trap: Arc::default(),
        }
    }
}

impl Protocol for Toy {
    fn descriptor(&self) -> &Arc<Descriptor> {
        &self.descriptor
    }

    fn codec(self: Arc<Self>, _: Side, _: usize) -> Box<dyn ConnCodec> {
        assert!(
            !self.trap.swap(false, Ordering::Relaxed),
            "as the test wants it"
        );
        Box::new(ToyCodec(Arc::clone(&self.descriptor)))
    }

    fn reject(&self, _: &Rejected<'_>, _: &Fault) -> Option<Message> {
        None
    }
}

#[derive(Debug)]
struct ToyCodec(Arc<Descriptor>);

impl ConnCodec for ToyCodec {
    fn delimit(&mut self, buf: &[u8]) -> Result<Delimited, DecodeError> {
        const FRAME: NonZeroUsize = NonZeroUsize::new(2).expect("two bytes");
        Ok(Delimited::at(FRAME, buf.len()))
    }

    fn decode(&mut self, frame: Bytes) -> Result<Event, DecodeError> {
        let [operation @ TELL..=SAID, number] = frame[..] else {
            return Err(DecodeError::new(
                Cause::UnknownOperation,
                0,
                "0 to 3",
                "more",
            ));
        };
        let fields = vec![number.into()];
        let message = self.0.message(OperationId(operation.into()), fields);
        Ok(Event::Head(message.with_frame(frame)))
    }

    fn encode(&mut self, event: &Event, out: &mut BytesMut) -> Result<(), EncodeError> {
        let number = match event {
            Event::Head(message) => message.fields().first().and_then(Value::as_int),
            _ => None,
        };
        let number = number.and_then(|n| u8::try_from(n).ok());
        out.put_u8(SAID);
        out.put_u8(number.ok_or_else(|| EncodeError::new("number", EncodeProblem::OutOfRange))?);
        Ok(())
    }
}

/// Starts a gateway that sends each operation to the path of its name.
async fn start(toy: Toy, backend: &Backend, workers: usize) -> Running {
    let mut text = format!(
        "[gateway]\nworkers = {workers}\n[protocols.toy]\ncodec = \"toy\"\n\
         [listeners.front]\nbind = \"tcp://127.0.0.1:0\"\nprotocol = \"toy\"\n\
         [upstreams.backend]\nurl = \"{}\"\n",
        backend.url()
    );
    let replies = format!(
        "reply = [ {{ on = \"2xx\", send = \"said\", set = {{ number = {YES} }} }}, \
         {{ on = \"*\", send = \"said\", set = {{ number = {NO} }} }} ]\n"
    );
    for (operation, timeout, replies) in [
        ("tell", "400ms", ""),
        ("ask", "1h", &*replies),
        ("hurry", "200ms", &*replies),
    ] {
        text += &format!(
            "[[routes]]\nname = \"{operation}\"\nfrom = [\"front\"]\noperation = \"{operation}\"\n\
             to = \"backend\"\ntimeout = \"{timeout}\"\nrequest.post = \"/{operation}\"\n{replies}"
        );
    }
    let builder = Gateway::builder()
        .protocol("toy", toy)
        .config_text("toy.toml", text);
    let starting = tokio::task::spawn_blocking(move || {
        let gateway = builder.load().unwrap_or_else(|found| panic!("{found:#?}"));
        gateway.start().expect("a free port")
    });
    starting.await.expect("a gateway")
}

async fn connect(gateway: &Running) -> TcpStream {
    let address = gateway.address("front").expect("a listener");
    TcpStream::connect(address).await.expect("a connection")
}

async fn receive(client: &mut TcpStream) -> [u8; 2] {
    let mut reply = [0; 2];
    in_time("a reply", client.read_exact(&mut reply))
        .await
        .expect("a reply");
    reply
}

fn by_path(at: &'static str, action: Action) -> impl Fn(&Asked) -> Action + Send + Sync {
    move |asked| {
        if asked.target == at {
            return action.clone();
        }
        Action::AtGate(Answer::status(200))
    }
}

#[tokio::test]
async fn a_one_way_message_outlives_its_client() {
    let backend = Backend::scripted(by_path("", Action::Silence))
        .start()
        .await;
    let gateway = start(Toy::new(), &backend, 1).await;
    let mut client = connect(&gateway).await;
    client
        .write_all(&[TELL, 7])
        .await
        .expect("a gateway that reads");
    client.shutdown().await.expect("an open connection");
    backend.until_asked(1).await;
    backend.open_gate();
    assert_eq!(client.read(&mut [0]).await.expect("an end"), 0);
    let log = backend
        .until("its end", |log| log.answered + log.cancelled.len() > 0)
        .await;
    assert_eq!((log.answered, log.cancelled), (1, Vec::new()));
}

#[tokio::test]
async fn a_one_way_message_that_takes_too_long_gives_its_place_back() {
    let silent = |_: &Asked| Action::Silence;
    let backend = Backend::scripted(silent).start().await;
    let gateway = start(Toy::new(), &backend, 1).await;
    let mut client = connect(&gateway).await;
    client
        .write_all(&[TELL, 7, HURRY, 8])
        .await
        .expect("a gateway that reads");
    assert_eq!(receive(&mut client).await, [SAID, NO]);
    backend
        .until("both to be taken back", |log| log.taken_back() == 2)
        .await;
}

#[tokio::test]
async fn a_reply_that_waits_for_its_turn_holds_no_place_upstream() {
    let backend = Backend::scripted(by_path("/hurry", Action::Silence))
        .start()
        .await;
    let gateway = start(Toy::new(), &backend, 1).await;
    let mut client = connect(&gateway).await;
    client
        .write_all(&[ASK, 1, HURRY, 2])
        .await
        .expect("a gateway that reads");
    backend
        .until("the second to be taken back", |log| log.taken_back() == 1)
        .await;
    backend.open_gate();
    assert_eq!(receive(&mut client).await, [SAID, YES]);
    assert_eq!(receive(&mut client).await, [SAID, NO]);
}

#[tokio::test]
async fn a_worker_that_is_gone_gets_no_clients() {
    let backend = Backend::scripted(by_path("", Action::Silence))
        .start()
        .await;
    backend.open_gate();
    let toy = Toy::new();
    let trap = Arc::clone(&toy.trap);
    let gateway = start(toy, &backend, 2).await;
    trap.store(true, Ordering::Relaxed);
    let mut unlucky = connect(&gateway).await;
    let end = in_time("its end", unlucky.read(&mut [0])).await;
    assert!(matches!(end, Ok(0) | Err(_)), "{end:?}");
    let mut clients = Vec::new();
    let served = async {
        while clients.len() < 4 {
            let mut client = connect(&gateway).await;
            let mut reply = [0; 2];
            // Those that were on their way to the worker when it ended are lost.
            if client.write_all(&[ASK, 1]).await.is_ok()
                && client.read_exact(&mut reply).await.is_ok()
            {
                assert_eq!(reply, [SAID, YES]);
                clients.push(client);
            }
        }
    };
    in_time("four clients to be served", served).await;
}
