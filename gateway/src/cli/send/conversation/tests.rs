//! Against a server that does as it is told.

use super::*;
use gatewright_core::codec::json::from_json;
use serde_json::json;
use tokio::net::TcpListener;

fn pos() -> Arc<dyn Protocol> {
    gatewright_codecs::BUILTIN
        .iter()
        .find(|row| row.name == "pos")
        .map(|row| (row.protocol)())
        .unwrap()
}

fn request(seq: u32) -> Message {
    let fields = json!({ "auth_req": {
        "seq": seq, "merchant": "M", "pan": "4", "amount": 1, "currency": 978,
    }});
    from_json(pos().descriptor(), &fields).unwrap()
}

/// The reply to `seq`, approved.
fn reply(seq: u8) -> Vec<u8> {
    let mut frame = b"\xac\x4d\x00\x0c\x81\x00\x00\x00\x00\x00A1B2C3".to_vec();
    frame[8] = seq;
    frame
}

/// What a server does once it has read all requests.
enum Server {
    Says(Vec<u8>),
    SaysAndCloses(Vec<u8>),
}

const REQUEST_LEN: usize = 49;

/// Sends requests of these ids: what was answered, in the order of the replies, and the end.
fn converse(ids: &[u32], server: Server, time: Duration) -> (Vec<Answered>, Result<(), Trouble>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let target = format!("tcp://{}", listener.local_addr().unwrap());
        let mut conversation = Conversation::new(&pos());
        let mut frames = BytesMut::new();
        for (index, id) in ids.iter().enumerate() {
            let message = request(*id);
            conversation.expect(index, &message).unwrap();
            frames.extend(messages::write(&pos(), &message).unwrap());
        }
        let length = ids.len() * REQUEST_LEN;
        let serve = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.read_exact(&mut vec![0; length]).await.unwrap();
            match server {
                Server::Says(bytes) => {
                    stream.write_all(&bytes).await.unwrap();
                    Some(stream)
                }
                Server::SaysAndCloses(bytes) => {
                    stream.write_all(&bytes).await.unwrap();
                    None
                }
            }
        });
        let mut answered = Vec::new();
        let mut watcher = |what: Answered, _: &Message| {
            answered.push(what);
            true
        };
        let reach = Reach::to(target.parse().unwrap());
        let held = conversation.hold(&reach, &frames, time, &mut watcher);
        let ended = held.await;
        drop(serve.await);
        (answered, ended)
    })
}

const LONG: Duration = Duration::from_secs(30);

#[test]
fn replies_find_their_requests_in_any_order() {
    let replies = [reply(9), reply(7), reply(8)].concat();
    let (answered, ended) = converse(&[7, 8, 9], Server::Says(replies), LONG);
    assert!(ended.is_ok(), "{ended:?}");
    let expected = [2, 0, 1].map(Answered::Request);
    assert_eq!(answered, expected);
}

#[test]
fn a_server_that_closes_leaves_requests_unanswered() {
    let (answered, ended) = converse(&[7, 8], Server::SaysAndCloses(reply(8)), LONG);
    assert_eq!(answered, [Answered::Request(1)]);
    assert!(
        matches!(&ended, Err(Trouble::Closed(numbers)) if *numbers == [1]),
        "{ended:?}"
    );
}

#[test]
fn a_silent_server_runs_out_of_time() {
    let time = Duration::from_millis(50);
    let (answered, ended) = converse(&[7, 8], Server::Says(Vec::new()), time);
    assert!(answered.is_empty());
    assert!(
        matches!(&ended, Err(Trouble::TimedOut(numbers)) if *numbers == [1, 2]),
        "{ended:?}"
    );
}

#[test]
fn a_reply_to_nothing_is_told() {
    let replies = [reply(3), reply(7)].concat();
    let (answered, ended) = converse(&[7], Server::Says(replies), LONG);
    assert_eq!(answered, [Answered::Nothing, Answered::Request(0)]);
    assert!(matches!(ended, Err(Trouble::Unasked(1))), "{ended:?}");
}

#[test]
fn garbage_ends_the_conversation() {
    let (answered, ended) = converse(&[7], Server::Says(b"HTTP/1.1 400".to_vec()), LONG);
    assert!(answered.is_empty());
    assert!(matches!(ended, Err(Trouble::Unreadable(_))), "{ended:?}");
}

#[test]
fn what_cannot_be_told_apart_is_not_sent() {
    let mut conversation = Conversation::new(&pos());
    assert!(conversation.expect(0, &request(7)).is_ok());
    assert!(matches!(
        conversation.expect(1, &request(7)),
        Err(Trouble::SameId)
    ));
    let reply = json!({ "auth_rsp": { "seq": 1, "status": 0 } });
    let reply = from_json(pos().descriptor(), &reply).unwrap();
    assert!(matches!(
        conversation.expect(2, &reply),
        Err(Trouble::NotARequest)
    ));
}
