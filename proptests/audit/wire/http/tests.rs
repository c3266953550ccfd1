use super::{Headed, Json, Whole};
use crate::request::{Class, Request};
use crate::rng::Rng;
use crate::wire::{Failure, What, Wire};

fn requests() -> impl Iterator<Item = Request> {
    let mut rng = Rng::seeded(3);
    (0..300).map(move |_| Request {
        id: 0,
        nonce: u128::from(rng.next()) << 64 | u128::from(rng.next()),
        class: match rng.once_in(2) {
            true => Class::Once,
            false => Class::Idempotent,
        },
    })
}

#[test]
fn what_is_written_is_read_and_no_beginning_of_it() {
    let wires: [&dyn Wire; 3] = [&Headed, &Json, &Whole];
    for wire in wires {
        for request in requests() {
            let (mut asked, mut told) = (Vec::new(), Vec::new());
            wire.write_request(&request, &mut asked);
            let (length, read) = wire.read_request(&asked).expect("good").expect("whole");
            assert_eq!((length, read.nonce), (asked.len(), request.nonce));
            assert_eq!(wire.begun(&asked[..50]), Some(request.nonce));
            wire.write_reply(&request, 5, request.nonce, &mut told);
            let (length, said) = wire.read_reply(&told).expect("good").expect("whole");
            let mut answer = Vec::new();
            wire.answer(request.nonce, 5, &mut answer);
            assert_eq!(length, told.len());
            assert!(matches!(said.what, What::Answer { server: 5, answer: a } if *a == answer));
            for cut in [1, 20, asked.len() / 2, asked.len() - 1] {
                assert!(wire.read_request(&asked[..cut]).expect("good").is_none());
            }
            for cut in [1, 20, told.len() / 2, told.len() - 1] {
                assert!(wire.read_reply(&told[..cut]).expect("good").is_none());
            }
        }
    }
}

#[test]
fn a_request_with_anothers_body_is_nobodys() {
    for request in requests() {
        let mut asked = Vec::new();
        Json.write_request(&request, &mut asked);
        let other = request.nonce ^ 1 << 70;
        let mut path = Vec::new();
        Json.write_request(
            &Request {
                nonce: other,
                ..request
            },
            &mut path,
        );
        let cut = path
            .windows(5)
            .position(|five| five == b" HTTP")
            .expect("a line");
        asked[..cut].copy_from_slice(&path[..cut]);
        let (_, read) = Json.read_request(&asked).expect("good").expect("whole");
        assert_eq!(read.nonce, !other);
    }
}

#[test]
fn problems_of_the_gateway_are_told_apart() {
    let cases = [
        ("504 Gateway Timeout", "", Failure::Timeout),
        (
            "502 Bad Gateway",
            "no connection to the server",
            Failure::Unreachable,
        ),
        (
            "502 Bad Gateway",
            "the server's answer makes no sense",
            Failure::BadReply,
        ),
        (
            "503 Service Unavailable",
            "too much in flight",
            Failure::Overload,
        ),
        ("503 Service Unavailable", "going away", Failure::Draining),
        ("404 Not Found", "", Failure::Refused),
    ];
    for (status, detail, failure) in cases {
        let length = detail.len();
        let told = format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\n\r\n{detail}");
        let (_, said) = Whole
            .read_reply(told.as_bytes())
            .expect("good")
            .expect("whole");
        assert!(
            matches!(said.what, What::Failed(found) if found == failure),
            "{status}"
        );
    }
}
