use super::*;

fn with_u16(bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(bytes.len()).unwrap();
    [&length.to_be_bytes()[..], bytes].concat()
}

fn extension(kind: u16, data: &[u8]) -> Vec<u8> {
    [&kind.to_be_bytes()[..], &with_u16(data)].concat()
}

fn naming(name: &[u8]) -> Vec<u8> {
    extension(0, &with_u16(&[&[0][..], &with_u16(name)].concat()))
}

/// A ClientHello's body with these extensions.
fn hello(extensions: &[u8]) -> Vec<u8> {
    let mut hello = vec![3, 3];
    hello.extend([7; 32]);
    hello.extend([4, 1, 2, 3, 4]);
    hello.extend(with_u16(&[0x13, 1, 0x13, 2]));
    hello.extend([1, 0]);
    hello.extend(with_u16(extensions));
    hello
}

fn handshake(hello: &[u8]) -> Vec<u8> {
    let length = u32::try_from(hello.len()).unwrap().to_be_bytes();
    [&[1], &length[1..], hello].concat()
}

fn record(fragment: &[u8]) -> Vec<u8> {
    [&[22, 3, 1][..], &with_u16(fragment)].concat()
}

fn sent(extensions: &[u8]) -> Vec<u8> {
    record(&handshake(&hello(extensions)))
}

fn name(name: &str) -> Sni {
    Sni::Name(name.into())
}

#[test]
fn the_name_is_found_among_other_extensions() {
    let extensions = [
        extension(43, &[2, 3, 4]),
        naming(b"Www.A.example"),
        extension(0xff01, &[0]),
    ];
    let all = sent(&extensions.concat());
    assert_eq!(server_name(&all), Ok(name("www.a.example")));
    let more = [&all[..], b"what follows"].concat();
    assert_eq!(server_name(&more), Ok(name("www.a.example")));
}

#[test]
fn every_beginning_of_a_hello_needs_more() {
    let all = sent(&naming(b"a.example"));
    for end in 0..all.len() {
        assert_eq!(server_name(&all[..end]), Ok(Sni::Incomplete), "{end}");
    }
}

#[test]
fn a_hello_may_come_in_records_of_any_size() {
    let whole = handshake(&hello(&naming(b"a.example")));
    for size in 1..whole.len() {
        let records: Vec<u8> = whole.chunks(size).flat_map(record).collect();
        assert_eq!(server_name(&records), Ok(name("a.example")), "{size}");
        assert_eq!(
            server_name(&records[..records.len() - 1]),
            Ok(Sni::Incomplete)
        );
    }
}

#[test]
fn no_name_is_no_error() {
    let old = {
        let body = hello(&[]);
        record(&handshake(&body[..body.len() - 2]))
    };
    for bytes in [
        b"SSH-2.0-x\r\n".to_vec(),
        b"\x16\x02".to_vec(),
        sent(&[]),
        sent(&extension(43, &[])),
        old,
    ] {
        assert_eq!(server_name(&bytes), Ok(Sni::Absent), "{bytes:?}");
    }
}

#[test]
fn what_is_no_hello_is_refused() {
    let long = handshake(&vec![0; LONGEST_HELLO + 1]);
    let two = [naming(b"a"), naming(b"b")].concat();
    let list = [[0, 0, 1, b'a'], [0, 0, 1, b'b']].concat();
    let mut trailing = hello(&naming(b"a"));
    trailing.push(0);
    let mut longer_vector = hello(&[]);
    longer_vector[34] = 255;
    for (what, bytes) in [
        ("an empty record", record(&[])),
        ("a long record", vec![22, 3, 1, 0x40, 1]),
        ("a ServerHello", record(&[2, 0, 0, 0])),
        ("a long hello", record(&long[..LONGEST_HELLO])),
        (
            "an alert in between",
            [record(&[1, 0]), vec![21, 3, 3]].concat(),
        ),
        ("two lists", sent(&two)),
        ("two names", sent(&extension(0, &with_u16(&list)))),
        ("no name", sent(&extension(0, &with_u16(&[])))),
        ("an empty name", sent(&naming(b""))),
        ("a space", sent(&naming(b"a b"))),
        ("a dot at the end", sent(&naming(b"a."))),
        (
            "another type",
            sent(&extension(0, &with_u16(&[1, 0, 1, b'a']))),
        ),
        ("a cut extension", sent(&[0, 0, 0, 9, 1])),
        ("a byte too many", record(&handshake(&trailing))),
        (
            "a vector beyond the end",
            record(&handshake(&longer_vector)),
        ),
    ] {
        assert!(
            server_name(&bytes).is_err(),
            "{what}: {:?}",
            server_name(&bytes)
        );
    }
}

#[test]
fn patience_has_an_end() {
    let tiny = record(&[1, 0, 0x3f, 0xff]);
    let mut bytes = tiny;
    while bytes.len() < LONGEST_HELLO {
        assert_eq!(server_name(&bytes), Ok(Sni::Incomplete));
        bytes.extend(record(&[0; 64]));
    }
    let refused = server_name(&bytes).unwrap_err();
    assert_eq!(refused.cause(), Cause::TooLong);
}
