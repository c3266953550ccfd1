//! Messages that the gateway sends of its own accord, as the definitions of the library have them.

use crate::names::protocol;
use bytes::BytesMut;
use gatewright_codecs::ksy::Refused;
use gatewright_codecs::ksy::load::{Sources, Unreadable};
use gatewright_codecs::ksy::protocol::load;
use gatewright_core::codec::{Control, Drain, Event, Heartbeat, Protocol, Side, Unasked, Vigil};
use gatewright_core::message::Message;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

fn heartbeat(protocol: &dyn Protocol) -> &Heartbeat {
    let heartbeat = protocol.descriptor().heartbeat.as_ref();
    heartbeat.expect("it has a heartbeat")
}

fn written(protocol: &Arc<dyn Protocol>, side: Side, event: &Event) -> Vec<u8> {
    let mut out = BytesMut::new();
    let mut codec = Arc::clone(protocol).codec(side, 1 << 16);
    codec.encode(event, &mut out).expect("a message that fits");
    out.to_vec()
}

/// The bytes of the first sign of life.
fn sign(protocol: &Arc<dyn Protocol>, vigil: &Vigil, side: Side) -> Vec<u8> {
    let sign: Message = vigil.nth_sign(protocol.descriptor(), 0).expect("a sign");
    written(protocol, side, &Event::Head(sign))
}

fn seconds(vigil: &Vigil) -> (u64, Option<u64>) {
    (
        vigil.every.as_secs(),
        vigil.silence.as_ref().map(Duration::as_secs),
    )
}

#[test]
fn clients_of_mqtt_ping_and_servers_answer() {
    let mqtt = protocol("mqtt");
    let Heartbeat { clients, servers } = heartbeat(&*mqtt);
    assert_eq!(sign(&mqtt, servers, Side::Client), [0xc0, 0]);
    assert_eq!(seconds(servers), (30, Some(90)));
    // How long a client may be silent, it says itself (3.1.2.10).
    assert_eq!((&clients.sign, clients.silence), (&None, None));
}

#[test]
fn both_sides_of_soupbin_speak_of_their_own_accord() {
    let soupbin = protocol("soupbin");
    let Heartbeat { clients, servers } = heartbeat(&*soupbin);
    assert_eq!(sign(&soupbin, servers, Side::Client), b"\0\x01R");
    assert_eq!(sign(&soupbin, clients, Side::Server), b"\0\x01H");
    assert_eq!(
        (seconds(servers), seconds(clients)),
        ((1, Some(15)), (1, Some(15)))
    );
    let capabilities = soupbin.descriptor().capabilities;
    assert_eq!(capabilities.unasked, Unasked::Events);
    assert_eq!(capabilities.drain, Drain::Announced);
    let last = written(&soupbin, Side::Server, &Event::Control(Control::GoAway));
    assert_eq!(last, b"\0\x01Z");
    // What each hears of the other is no message of the application.
    for (side, bytes) in [(Side::Client, &b"\0\x01H"[..]), (Side::Server, b"\0\x01R")] {
        let mut codec = Arc::clone(&soupbin).codec(side, 1 << 16);
        let read = codec.decode(bytes.into()).expect("a packet");
        assert!(
            matches!(read, Event::Control(Control::Heartbeat(_))),
            "{side:?}"
        );
    }
}

#[test]
fn both_sides_of_smpp_ask_with_numbers_of_their_own() {
    let smpp = protocol("smpp");
    let Heartbeat { clients, servers } = heartbeat(&*smpp);
    let pdu =
        |command: u8, sequence: u8| [0, 0, 0, 16, 0, 0, 0, command, 0, 0, 0, 0, 0, 0, 0, sequence];
    assert_eq!(sign(&smpp, clients, Side::Server), pdu(0x15, 2));
    let second = clients.nth_sign(smpp.descriptor(), 1).expect("a sign");
    assert_eq!(
        written(&smpp, Side::Server, &Event::Head(second)),
        pdu(0x15, 3)
    );
    assert_eq!(sign(&smpp, servers, Side::Client), pdu(0x15, 2));
    assert_eq!(
        (seconds(servers), seconds(clients)),
        ((30, Some(90)), (30, Some(90)))
    );
    let last = written(&smpp, Side::Server, &Event::Control(Control::GoAway));
    assert_eq!(last, pdu(0x06, 1));
    // The answer to such a sign is for nobody behind the gateway.
    let answer = [0, 0, 0, 16, 0x80, 0, 0, 0x15, 0, 0, 0, 0, 0, 0, 0, 2];
    let mut codec = Arc::clone(&smpp).codec(Side::Server, 1 << 16);
    let read = codec.decode(answer.to_vec().into()).expect("a PDU");
    assert_eq!(read, Event::Control(Control::Heartbeat(None)));
}

#[test]
fn a_number_that_is_set_stays() {
    let inhouse = protocol("inhouse");
    let Heartbeat { clients, servers } = heartbeat(&*inhouse);
    assert_eq!(
        (&clients.sign, clients.silence),
        (&None, Some(Duration::from_secs(45)))
    );
    assert_eq!(seconds(servers), (15, Some(45)));
    let goodbye = written(&inhouse, Side::Server, &Event::Control(Control::GoAway));
    assert_eq!(
        goodbye[8..18],
        [0xff, 0xc0, 0, 0, 0, 0, 0, 0, 0, 0],
        "{goodbye:x?}"
    );
}

/// `answer: false`: a client's goes all the way, and so do its answers.
#[test]
fn memcached_is_asked_but_asks_nobody() {
    let memcached = protocol("memcached");
    let Heartbeat { clients, servers } = heartbeat(&*memcached);
    let noop = sign(&memcached, servers, Side::Client);
    assert_eq!((noop.len(), noop[1]), (24, 0x0a));
    assert_eq!(seconds(servers), (30, Some(90)));
    assert_eq!((&clients.sign, clients.silence), (&None, None));
    assert_eq!(
        memcached.descriptor().capabilities.drain,
        Drain::MessageBoundary
    );
}

const PLAIN: &str = r#"
meta: {id: d, endian: be}
-gateway:
  frame: {fixed: 3, max: 3}
  operation: kind
  kind: 'kind == kind::pong ? "reply" : "request"'
  order: fifo
  heartbeat: {operation: ping, every: 1s, answer: pong SET}
seq:
  - {id: kind, type: u1, enum: kind}
  - {id: origin, type: u2}
enums: {kind: {1: ping, 2: pong}}
"#;

/// The code of what is wrong with it, if anything is.
fn fault(set: &str) -> Option<&'static str> {
    let text = PLAIN.replace("SET", set);
    let Refused::Faulty { findings, .. } = load(Path::new("d.ksy"), &Text(text), &[]).err()? else {
        panic!("{set}: it cannot be read");
    };
    findings.all().last().map(|finding| finding.code)
}

/// A definition that is at hand as text.
pub(crate) struct Text(pub(crate) String);

impl Sources for Text {
    fn read(&self, _: &Path, _: usize) -> Result<String, Unreadable> {
        Ok(self.0.clone())
    }
}

#[test]
fn a_sign_that_could_not_be_sent_is_refused_with_its_definition() {
    assert_eq!(fault(", set: {origin: 7}"), None);
    assert_eq!(fault(""), Some("GW3093"), "nothing says its origin");
    assert_eq!(fault(", set: {origin: 65536}"), Some("GW3093"));
    assert_eq!(fault(", set: {origin: 7, colour: 1}"), Some("GW3093"));
}
