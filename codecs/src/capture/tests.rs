//! Captures made by hand, packet by packet.

use super::conversation::{Conversations, Gap, Opening, conversations};
use super::ip::{Content, content};
use super::link::{Carried, LinkType, unwrap};
use super::packets::{Packet, Packets, is_capture};
use bytes::Bytes;

/// An IPv4 packet from 10.0.0.`from` to 10.0.0.`to`.
fn ipv4(from: u8, to: u8, protocol: u8, fragment: u16, inner: &[u8]) -> Vec<u8> {
    let total = u16::try_from(20 + inner.len()).unwrap();
    let mut packet = vec![0x45, 0];
    packet.extend(total.to_be_bytes());
    packet.extend([0, 1]);
    packet.extend(fragment.to_be_bytes());
    packet.extend([64, protocol, 0, 0, 10, 0, 0, from, 10, 0, 0, to]);
    packet.extend(inner);
    packet
}

const SYN: u8 = 2;
const RST: u8 = 4;
const ACK: u8 = 16;

fn tcp(from: u16, to: u16, sequence: u32, flags: u8, payload: &[u8]) -> Vec<u8> {
    let mut segment = [from.to_be_bytes(), to.to_be_bytes()].concat();
    segment.extend(sequence.to_be_bytes());
    segment.extend([0, 0, 0, 0, 0x50, flags, 1, 0, 0, 0, 0, 0]);
    segment.extend(payload);
    segment
}

fn udp(from: u16, to: u16, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(8 + payload.len()).unwrap();
    let mut datagram = [from.to_be_bytes(), to.to_be_bytes(), length.to_be_bytes()].concat();
    datagram.extend([0, 0]);
    datagram.extend(payload);
    datagram
}

/// A packet of the client (10.0.0.1:4000) to the server (10.0.0.2:7700).
fn request(sequence: u32, flags: u8, payload: &[u8]) -> Vec<u8> {
    ipv4(1, 2, 6, 0, &tcp(4000, 7700, sequence, flags, payload))
}

fn reply(sequence: u32, flags: u8, payload: &[u8]) -> Vec<u8> {
    ipv4(2, 1, 6, 0, &tcp(7700, 4000, sequence, flags, payload))
}

/// What was said in these IP packets, the n-th of them after n nanoseconds.
fn said(packets: Vec<Vec<u8>>) -> Conversations {
    let packets = packets.into_iter().zip(1..).map(|(data, time)| Packet {
        time,
        link: LinkType::Ip,
        length: u32::try_from(data.len()).unwrap(),
        data: data.into(),
    });
    conversations(packets)
}

#[test]
fn segments_are_put_together_in_whatever_order_they_come() {
    let all = said(vec![
        request(u32::MAX - 2, SYN, b""),
        reply(70, SYN | ACK, b""),
        request(u32::MAX - 1, ACK, b"abc"),
        // The number has wrapped: 0xfffffffe + 3 is 1.
        request(6, ACK, b"ij"),
        request(1, ACK, b"defgh"),
        request(1, ACK, b"defgh"),
        // A keep-alive, and a retransmission of more than before.
        request(5, ACK, b"?"),
        request(6, ACK, b"ijkl"),
        reply(71, ACK, b"ok"),
    ]);
    let [there, back] = all.flows.as_slice() else {
        panic!("{all:?}");
    };
    assert_eq!(&there.bytes[..], b"abcdefghijkl");
    assert_eq!(there.from.to_string(), "10.0.0.1:4000");
    assert_eq!((there.opening, there.gap), (Opening::Seen, None));
    assert_eq!(there.client, Some(there.from));
    // `ij` came as the fourth packet, but can be read only since the fifth.
    assert_eq!([3, 8, 10, 12].map(|end| there.time(end)), [3, 5, 5, 8]);
    assert_eq!(&back.bytes[..], b"ok");
    assert_eq!(back.client, Some(there.from));
    assert_eq!(back.time(1), 9);
}

#[test]
fn what_was_not_captured_stops_its_direction_only() {
    let all = said(vec![
        request(0, SYN, b""),
        request(1, ACK, b"abc"),
        request(10, ACK, b"never read"),
        request(20, ACK, b"nor this"),
        reply(500, ACK, b"fine"),
    ]);
    let [there, back] = all.flows.as_slice() else {
        panic!("{all:?}");
    };
    assert_eq!(&there.bytes[..], b"abc");
    assert_eq!(there.gap, Some(Gap { at: 3, missing: 6 }));
    assert_eq!((&back.bytes[..], back.gap), (&b"fine"[..], None));
    assert_eq!(back.opening, Opening::Missed);
}

#[test]
fn a_new_connection_between_the_same_ends_is_another() {
    let all = said(vec![
        request(100, SYN, b""),
        request(101, ACK, b"first"),
        // Sent again, it is still the same.
        request(100, SYN, b""),
        request(106, ACK | RST, b"a text for people"),
        request(9000, SYN, b""),
        request(9001, ACK, b"second"),
    ]);
    let texts: Vec<_> = all.flows.iter().map(|flow| &flow.bytes[..]).collect();
    assert_eq!(texts, [&b"first"[..], b"second"]);
}

#[test]
fn what_is_in_no_conversation_is_counted() {
    let mut all = vec![
        ipv4(1, 2, 17, 0, &udp(53, 4000, b"datagram")),
        // The first fragment, and the last.
        ipv4(1, 2, 17, 0x2000, &udp(53, 4000, b"datagram")),
        ipv4(1, 2, 17, 0x0003, b"rest"),
        ipv4(1, 2, 1, 0, b"a ping"),
        b"\x45".to_vec(),
        b"\x95 no IP".to_vec(),
    ];
    let mut short = ipv4(1, 2, 17, 0, &udp(53, 4000, b"datagram"));
    short.truncate(30);
    all.push(short);
    let all = said(all);
    assert_eq!(all.datagrams.len(), 1);
    assert_eq!(&all.datagrams[0].payload[..], b"datagram");
    assert_eq!(all.datagrams[0].from.to_string(), "10.0.0.1:53");
    assert_eq!(all.datagrams[0].time, 1);
    let skipped = all.skipped;
    assert_eq!((skipped.fragments, skipped.cut_short), (2, 1));
    assert_eq!((skipped.others, skipped.unreadable), (1, 2));
}

#[test]
fn ipv6_is_looked_through_to_its_payload() {
    let datagram = udp(1, 2, b"x");
    let packet = |next: u8, extensions: &[u8]| {
        let inner = [extensions, &datagram].concat();
        let mut packet = vec![0x60, 0, 0, 0];
        packet.extend(u16::try_from(inner.len()).unwrap().to_be_bytes());
        packet.extend([next, 64]);
        packet.extend([0; 15].iter().chain(&[1]).chain(&[0; 15]).chain(&[2]));
        packet.extend(inner);
        // Padding, as Ethernet adds it.
        packet.extend([0; 6]);
        Bytes::from(packet)
    };
    let hop_by_hop = [60, 0, 1, 4, 0, 0, 0, 0];
    let destination = [17, 0, 1, 4, 0, 0, 0, 0];
    for (next, extensions) in [
        (17, vec![]),
        (0, [hop_by_hop, destination].concat()),
        // A fragment that is the whole packet.
        (44, vec![17, 0, 0, 0, 0, 0, 0, 9]),
    ] {
        match content(&packet(next, &extensions)) {
            Content::Datagram { from, payload, .. } => {
                assert_eq!(from.to_string(), "[::1]:1");
                assert_eq!(&payload[..], b"x");
            }
            other => panic!("{other:?}"),
        }
    }
    let fragment = packet(44, &[17, 0, 0, 1, 0, 0, 0, 9]);
    assert_eq!(content(&fragment), Content::Fragment);
    let endless = packet(60, &[60, 0, 1, 4, 0, 0, 0, 0].repeat(40));
    assert_eq!(content(&endless), Content::Other);
}

#[test]
fn links_are_taken_off() {
    let ip = b"\x45 an IP packet";
    let with = |head: &[u8]| Bytes::from([head, ip].concat());
    let macs = [1; 12];
    let tagged = [&macs[..], b"\x88\xa8\0\x01\x81\0\0\x02\x08\0"].concat();
    let cases = [
        (LinkType::of(1), [&macs[..], b"\x08\0"].concat()),
        (LinkType::of(1), tagged),
        (LinkType::of(113), [&[0; 14][..], b"\x86\xdd"].concat()),
        (LinkType::of(276), [&b"\x08\0"[..], &[0; 18]].concat()),
        (LinkType::of(0), vec![2, 0, 0, 0]),
        (LinkType::of(108), vec![0, 0, 0, 30]),
        (LinkType::of(101), vec![]),
    ];
    for (link, head) in cases {
        assert_eq!(
            unwrap(link, &with(&head)),
            Carried::Ip(Bytes::from_static(ip)),
            "{link:?}"
        );
    }
    let arp = with(&[&macs[..], b"\x08\x06"].concat());
    assert_eq!(unwrap(LinkType::Ethernet, &arp), Carried::Other);
    let short = Bytes::from_static(b"short");
    assert_eq!(unwrap(LinkType::Ethernet, &short), Carried::Unreadable);
    assert_eq!(unwrap(LinkType::of(147), &short), Carried::Unreadable);
}

fn pcap(big: bool, magic: u32, packets: &[&[u8]]) -> Vec<u8> {
    let number = |n: u32| {
        if big {
            n.to_be_bytes()
        } else {
            n.to_le_bytes()
        }
    };
    let mut file = [magic, 0x0002_0004, 0, 0, 65_535, 101].map(number).concat();
    for packet in packets {
        let length = u32::try_from(packet.len()).unwrap();
        file.extend(
            [1_700_000_000, 250_000, length, length + 1]
                .map(number)
                .concat(),
        );
        file.extend(*packet);
    }
    file
}

#[test]
fn pcap_is_read_in_both_orders_and_units() {
    for big in [true, false] {
        for (magic, time) in [(0xa1b2_c3d4, 250_000_000), (0xa1b2_3c4d, 250_000)] {
            let file = pcap(big, magic, &[b"one", b""]);
            assert!(is_capture(&file));
            let mut packets = Packets::new(file.into()).unwrap();
            let first = packets.next().unwrap();
            assert_eq!(first.time, 1_700_000_000_000_000_000 + time);
            assert_eq!((&first.data[..], first.length), (&b"one"[..], 4));
            assert_eq!(first.link, LinkType::Ip);
            assert_eq!(packets.next().unwrap().data, Bytes::new());
            assert!(packets.next().is_none() && packets.is_whole());
        }
    }
}

fn block(kind: u32, body: &[u8]) -> Vec<u8> {
    let padded = body.len().next_multiple_of(4);
    let length = u32::try_from(padded + 12).unwrap().to_le_bytes();
    let mut block = [&kind.to_le_bytes()[..], &length, body].concat();
    block.resize(padded + 8, 0);
    block.extend(length);
    block
}

/// A section, interfaces (one counts milliseconds, the other 1/1024 s an hour later), packets.
fn pcapng() -> Vec<u8> {
    let section = block(
        0x0a0d_0d0a,
        &[
            &0x1a2b_3c4d_u32.to_le_bytes()[..],
            &[1, 0, 0, 0],
            &[0xff; 8],
        ]
        .concat(),
    );
    let interface = |options: &[u8]| block(1, &[&[101, 0, 0, 0, 5, 0, 0, 0], options].concat());
    let packet = |interface: u32, time: u32, data: &[u8]| {
        let length = u32::try_from(data.len()).unwrap();
        let numbers = [interface, 0, time, length, length];
        block(6, &[&numbers.map(u32::to_le_bytes).concat(), data].concat())
    };
    [
        section.clone(),
        interface(&[
            2, 0, 3, 0, b'l', b'o', 0, 0, 9, 0, 1, 0, 3, 0, 0, 0, 0, 0, 0, 0,
        ]),
        interface(&[
            9, 0, 1, 0, 0x8a, 0, 0, 0, 14, 0, 8, 0, 0x10, 0x0e, 0, 0, 0, 0, 0, 0,
        ]),
        // Of a kind that nobody knows, and of an interface that is not there.
        block(0x8000_0001, b"who knows"),
        packet(7, 0, b"lost"),
        packet(0, 1_500, b"first"),
        packet(1, 512, b"second"),
        block(3, b"\x09\0\0\0third"),
        section,
        // Interfaces of another section are gone.
        packet(0, 0, b"lost"),
    ]
    .concat()
}

#[test]
fn pcapng_is_read_with_its_interfaces() {
    let file = pcapng();
    assert!(is_capture(&file));
    let mut packets = Packets::new(file.into()).unwrap();
    let all: Vec<_> = packets.by_ref().collect();
    let all: Vec<_> = all.iter().map(|p| (p.time, &p.data[..])).collect();
    let hour = 3_600_000_000_000;
    let expected: [(u64, &[u8]); 3] = [
        (1_500_000_000, b"first"),
        (hour + 500_000_000, b"second"),
        (0, b"third"),
    ];
    assert_eq!(all, expected);
    assert!(packets.is_whole());
}

#[test]
fn any_prefix_ends_without_more_packets_than_there_are() {
    for file in [pcap(true, 0xa1b2_c3d4, &[b"one", b"two"]), pcapng()] {
        let file = Bytes::from(file);
        let whole = Packets::new(file.clone()).unwrap().count();
        for end in 0..file.len() {
            let part = file.slice(..end);
            let Ok(mut packets) = Packets::new(part) else {
                assert!(end < 24);
                continue;
            };
            assert!(packets.by_ref().count() <= whole);
        }
    }
}

#[test]
fn other_files_are_no_captures() {
    let files: [&[u8]; 4] = [
        b"",
        b"\xa1\xb2",
        b"\n\r\r\n\0\0\0\x1c nothing",
        b"GET / HTTP/1.1\r\n",
    ];
    for file in files {
        assert!(!is_capture(file));
        assert!(Packets::new(Bytes::copy_from_slice(file)).is_err());
    }
}
