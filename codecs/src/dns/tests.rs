use super::schema::{ID, NAME, OPCODE, QTYPE, QUESTIONS, RCODE};
use super::*;
use gatewright_core::codec::{Cause, EncodeProblem, Grade, Overlong, Recovery};
use gatewright_core::fault::FaultClass;
use gatewright_core::message::{Correlation, Kind, Record, Slot, Value};

const RD_SLOT: Slot = Slot(4);
const ANSWERS: Slot = Slot(10);

fn sample(name: &str) -> Vec<u8> {
    let sample = CORPUS
        .iter()
        .find(|sample| sample.name == format!("{name}.hex"));
    sample
        .and_then(Sample::bytes)
        .unwrap_or_else(|| panic!("no sample {name}"))
}

/// The first message of a sample.
fn read(name: &str, side: Side) -> Result<Message, DecodeError> {
    let dns = Dns::new();
    let bytes = Bytes::from(sample(name));
    let Delimited::Frame(len) = dns.delimit(&bytes, MAX_FRAME)? else {
        panic!("{name} is not whole")
    };
    dns.decode(bytes.slice(..len.get()), side)
}

fn encoded(operation: OperationId, fields: Record) -> Result<Vec<u8>, EncodeError> {
    let dns = Dns::new();
    let mut out = BytesMut::from(&b"before"[..]);
    let message = dns.descriptor.message(operation, fields);
    dns.encode(&message, &mut out).map(|()| out[6..].to_vec())
}

fn record(name: &str, rtype: u16, data: &[u8]) -> Value {
    Value::Record(vec![
        name.into(),
        rtype.into(),
        1_u16.into(),
        60_u32.into(),
        Bytes::copy_from_slice(data).into(),
    ])
}

/// A message without questions and records.
fn fields(id: u16) -> Record {
    let mut fields = vec![Value::Null; 15];
    fields[0] = id.into();
    fields[1] = 0_u8.into();
    fields[8] = 0_u8.into();
    fields
}

fn question(name: &str) -> Value {
    Value::List(vec![Value::Record(vec![
        name.into(),
        1_u16.into(),
        1_u16.into(),
    ])])
}

fn answers(message: &Message) -> Vec<(String, Vec<u8>)> {
    let records = message.field(ANSWERS).as_list().unwrap().iter();
    records
        .map(|record| {
            let fields = record.as_record().unwrap();
            (
                fields[0].as_str().unwrap().to_owned(),
                fields[4].as_bytes().unwrap().to_vec(),
            )
        })
        .collect()
}

#[test]
fn a_query_is_read() {
    let query = read("query_a_edns", Side::Server).unwrap();
    assert_eq!((query.kind(), query.operation()), (Kind::Request, QUERY));
    assert_eq!(query.correlation(), &Correlation::Id(0x1a2b));
    assert_eq!(query.field(NAME).as_str(), Some("www.example.com"));
    assert_eq!(query.field(QTYPE).as_int(), Some(1));
    assert_eq!(query.field(RD_SLOT), &Value::Bool(true));
    assert_eq!(query.field(Slot(12)).as_list().map(<[Value]>::len), Some(1));
}

#[test]
fn names_keep_case_and_escape_what_does_not_print() {
    let query = read("query_escapes", Side::Server).unwrap();
    assert_eq!(
        query.field(NAME).as_str(),
        Some(r"a\.b.c\\.\000\233.ExAmPlE")
    );
    assert_eq!(
        read("query_root", Side::Server)
            .unwrap()
            .field(NAME)
            .as_str(),
        Some(".")
    );
}

#[test]
fn compressed_names_are_followed() {
    let answer = read("answer_a_cname", Side::Client).unwrap();
    assert_eq!((answer.kind(), answer.operation()), (Kind::Reply, ANSWER));
    let expected = vec![
        (
            "www.example.com".to_owned(),
            b"\x04host\x07example\x03com\0".to_vec(),
        ),
        ("host.example.com".to_owned(), vec![192, 0, 2, 1]),
    ];
    assert_eq!(answers(&answer), expected);
}

#[test]
fn names_in_data_are_expanded() {
    let answer = read("answer_compressed_data", Side::Client).unwrap();
    let expected = vec![
        (
            "example.com".to_owned(),
            b"\0\x0a\x04mail\x07example\x03com\0".to_vec(),
        ),
        (
            "example.com".to_owned(),
            b"\0\x01\0\x02\x14\x95\x02im\x07example\x03com\0".to_vec(),
        ),
    ];
    assert_eq!(answers(&answer), expected);
}

#[test]
fn an_update_is_no_query() {
    let update = read("update_delete", Side::Server).unwrap();
    assert_eq!(update.operation(), UPDATE);
    assert_eq!(update.field(OPCODE).as_int(), Some(5));
}

#[test]
fn a_message_is_written_without_compression() {
    let mut message = fields(7);
    message[QUESTIONS.index()] = question(r"a\.b.\233");
    message[ANSWERS.index()] = Value::List(vec![record("b.", 1, &[1, 2, 3, 4])]);
    let expected = b"\0\x28\0\x07\x80\0\0\x01\0\x01\0\0\0\0\x03a.b\x01\xe9\0\0\x01\0\x01\x01b\0\0\x01\0\x01\0\0\0\x3c\0\x04\x01\x02\x03\x04";
    assert_eq!(encoded(ANSWER, message).unwrap(), expected);
}

#[test]
fn what_does_not_fit_is_refused() {
    use EncodeProblem::{Charset, OutOfRange, WrongType};
    let check = |change: &dyn Fn(&mut Record), field: &str, problem| {
        let mut message = fields(7);
        change(&mut message);
        assert_eq!(
            encoded(QUERY, message),
            Err(EncodeError::new(field.to_owned(), problem))
        );
    };
    check(&|m| m[ID.index()] = 65536_u32.into(), "id", OutOfRange);
    check(&|m| m[OPCODE.index()] = 16_u8.into(), "opcode", OutOfRange);
    check(&|m| m[OPCODE.index()] = 5_u8.into(), "opcode", OutOfRange);
    check(&|m| m[RCODE.index()] = 16_u8.into(), "rcode", OutOfRange);
    check(&|m| m[RD_SLOT.index()] = 1_u8.into(), "rd", WrongType);
    check(&|m| m[NAME.index()] = "a".into(), "name", OutOfRange);
    check(
        &|m| m[ANSWERS.index()] = Value::List(vec!["a".into()]),
        "answers[0]",
        WrongType,
    );
    let two = |m: &mut Record| m[QUESTIONS.index()] = Value::List(vec![Value::Null; 2]);
    check(&two, "questions", OutOfRange);
    let many = |m: &mut Record| m[ANSWERS.index()] = Value::List(vec![Value::Null; 257]);
    check(&many, "answers", OutOfRange);
    let huge = |m: &mut Record| {
        m[ANSWERS.index()] = Value::List(vec![
            record("a", 1, &[0; 40000]),
            record("a", 1, &[0; 40000]),
        ])
    };
    check(&huge, "", OutOfRange);
    let long = |m: &mut Record| m[ANSWERS.index()] = Value::List(vec![record("a", 1, &[0; 65536])]);
    check(&long, "answers[0].data", OutOfRange);
    for (name, problem) in [
        ("", OutOfRange),
        ("..", OutOfRange),
        (".a", OutOfRange),
        ("a..b", OutOfRange),
        (&"a".repeat(64), OutOfRange),
        (&["a"; 128].join("."), OutOfRange),
        ("a b", Charset),
        ("é", Charset),
        (r"\256", Charset),
        (r"\25", Charset),
        (r"a\", Charset),
    ] {
        check(
            &|m| m[QUESTIONS.index()] = question(name),
            "questions[0].name",
            problem,
        );
    }
}

#[test]
fn the_longest_names_are_written() {
    let longest = ["a"; 127].join(".");
    for name in [
        longest.clone(),
        format!("{longest}."),
        vec!["a".repeat(63); 3].join("."),
    ] {
        let mut message = fields(7);
        message[QUESTIONS.index()] = question(&name);
        let frame = encoded(QUERY, message).unwrap();
        let read = Dns::new().decode(frame.into(), Side::Server).unwrap();
        assert_eq!(read.field(NAME).as_str(), Some(name.trim_end_matches('.')));
    }
}

#[test]
fn bad_messages_are_answered_with_their_id() {
    let check = |name: &str, side, id, cause, offset| {
        let error = read(name, side).unwrap_err();
        assert_eq!(
            (error.cause(), error.offset(), error.recovery()),
            (cause, offset, Recovery::Answer),
            "{name}: {error}"
        );
        assert_eq!(error.correlation(), &Correlation::Id(id), "{name}");
    };
    check("bad_count", Side::Server, 12, Cause::BadValue, 6);
    check("bad_data_name", Side::Client, 13, Cause::BadValue, 25);
    check("bad_label_type", Side::Server, 14, Cause::BadValue, 14);
    check("bad_long_name", Side::Server, 16, Cause::BadValue, 206);
    check("bad_pointer_forward", Side::Server, 17, Cause::BadValue, 14);
    check("bad_pointer_header", Side::Server, 18, Cause::BadValue, 16);
    check("bad_pointer_loop", Side::Server, 18, Cause::BadValue, 16);
    check(
        "bad_trailing_bytes",
        Side::Server,
        19,
        Cause::TrailingBytes,
        31,
    );
    check("bad_two_questions", Side::Server, 20, Cause::BadValue, 6);
}

#[test]
fn framing_errors_close() {
    let check = |bytes: &[u8], cause| {
        let error = Dns::new().delimit(bytes, MAX_FRAME).unwrap_err();
        assert_eq!(
            (error.cause(), error.recovery()),
            (cause, Recovery::Close),
            "{error}"
        );
    };
    check(&sample("bad_length"), Cause::TooShort);
    check(&sample("bad_http_get"), Cause::ForeignProtocol);
    check(&sample("bad_tls_hello"), Cause::ForeignProtocol);
    check(b"SSH-2.0-OpenSSH_9.2p1", Cause::ForeignProtocol);
    check(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", Cause::ForeignProtocol);
}

#[test]
fn a_length_that_looks_like_tls_is_a_length_if_its_message_can_be() {
    // 16 03 leaves 5623 bytes after the header: a question takes 5 of them, a record 11.
    let header = |records: u16| {
        let [high, low] = records.to_be_bytes();
        [0x16, 0x03, 0, 1, 0, 0, 0, 1, high, low, 0, 0, 0, 0]
    };
    let delimit = |records| Dns::new().delimit(&header(records), MAX_FRAME);
    assert_eq!(delimit(510), Ok(Delimited::need(5623)));
    assert_eq!(delimit(511).unwrap_err().cause(), Cause::ForeignProtocol);
}

#[test]
fn names_have_255_octets_at_most() {
    let named = |last: usize| {
        let mut message = b"\0\x01\0\0\0\x01\0\0\0\0\0\0".to_vec();
        for len in [63, 63, 63, last] {
            message.push(u8::try_from(len).unwrap());
            message.extend(vec![b'a'; len]);
        }
        message.extend(b"\0\0\x01\0\x01");
        let frame = Dns::new().framed(message.into()).unwrap();
        Dns::new().decode(frame, Side::Server)
    };
    assert!(named(61).is_ok());
    assert_eq!(
        named(62).unwrap_err().expected(),
        "a name of at most 255 octets"
    );
}

#[test]
fn the_header_is_no_name() {
    // Offset 10 is a zero: read as a name, the root.
    let error = decoded(b"\0\x01\x80\0\0\x01\0\0\0\0\0\0\xc0\x0a\0\x01\0\x01".to_vec());
    assert_eq!(
        error.unwrap_err().expected(),
        "a pointer to an earlier name"
    );
}

#[test]
fn data_has_the_layout_of_its_type() {
    let read = |rtype: u8, data: &[u8]| {
        let mut message = b"\0\x01\x80\0\0\0\0\x01\0\0\0\0\x01o\0\0".to_vec();
        message.push(rtype);
        message.extend(b"\0\x01\0\0\0\0");
        message.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
        message.extend(data);
        decoded(message).map(|answer| answers(&answer)[0].1.clone())
    };
    const NS: u8 = 2;
    const SIG: u8 = 24;
    const NXT: u8 = 30;
    const NAPTR: u8 = 35;
    assert_eq!(read(NS, b"\x01a\0"), Ok(b"\x01a\0".to_vec()));
    assert_eq!(read(NS, b""), Ok(Vec::new()));
    let sig = |signer: &[u8]| [&[7; 18], signer, b"signature"].concat();
    assert_eq!(read(SIG, &sig(b"\xc0\x0c")), Ok(sig(b"\x01o\0")));
    assert_eq!(read(NXT, b"\xc0\x0c\x62\0"), Ok(b"\x01o\0\x62\0".to_vec()));
    let naptr = |replacement: &[u8]| [b"\0\x01\0\x02\x01s\x02ab\0", replacement].concat();
    assert_eq!(read(NAPTR, &naptr(b"\xc0\x0c")), Ok(naptr(b"\x01o\0")));
    for (rtype, wrong) in [
        (NS, &b"\x01a\0x"[..]),
        (NS, b"\x01a"),
        (NS, b"\x05a\0"),
        (SIG, &[0; 18]),
        (NXT, b"\x01"),
        (NAPTR, b"\0\x01\0\x02\x09s"),
        (NAPTR, &naptr(b"\0x")),
    ] {
        assert_eq!(
            read(rtype, wrong).unwrap_err().recovery(),
            Recovery::Answer,
            "{rtype} {wrong:02x?}"
        );
    }
}

#[test]
fn a_rejection_repeats_rd_and_cd() {
    let mut asked = fields(7);
    asked[RD_SLOT.index()] = Value::Bool(true);
    asked[7] = Value::Bool(true);
    asked[2] = Value::Bool(true);
    let dns = Dns::new();
    let request = dns.descriptor.message(QUERY, asked);
    let reply = dns
        .reject(
            &Rejected::from(&request),
            &Fault::unsent(FaultClass::Internal, ""),
        )
        .unwrap();
    let mut out = BytesMut::new();
    dns.encode(&reply, &mut out).unwrap();
    assert_eq!(&out[4..6], b"\x81\x12");
}

#[test]
fn messages_for_the_other_side_close() {
    for (name, side) in [
        ("query_a_edns", Side::Client),
        ("answer_nxdomain", Side::Server),
    ] {
        let error = read(name, side).unwrap_err();
        assert_eq!(
            (error.cause(), error.recovery()),
            (Cause::WrongDirection, Recovery::Close)
        );
    }
}

fn decoded(message: Vec<u8>) -> Result<Message, DecodeError> {
    let frame = Dns::new().framed(message.into()).unwrap();
    Dns::new().decode(frame, Side::Client)
}

/// An answer whose second owner is reached through so many pointers.
fn chain(pointers: u16) -> Vec<u8> {
    const DATA: u16 = 23;
    let mut message = b"\0\x01\x80\0\0\0\0\x02\0\0\0\0\0\0\x10\0\x01\0\0\0\0".to_vec();
    message.extend((3 + 2 * (pointers - 1)).to_be_bytes());
    message.extend(b"\x01a\0");
    let mut target = DATA;
    for place in 0..pointers {
        if place == pointers - 1 {
            // The last pointer is the second record's owner, which follows the data.
            message.extend((0xc000 | target).to_be_bytes());
            break;
        }
        message.extend((0xc000 | target).to_be_bytes());
        target = DATA + 3 + 2 * place;
    }
    message.extend(b"\0\x01\0\x01\0\0\0\0\0\0");
    message
}

#[test]
fn pointer_chains_are_bounded() {
    let answer = decoded(chain(127)).unwrap();
    assert_eq!(answers(&answer)[1].0, "a");
    let error = decoded(chain(128)).unwrap_err();
    assert_eq!(
        (error.cause(), error.expected()),
        (Cause::BadValue, "a pointer to an earlier name")
    );
}

#[test]
fn what_pointers_stand_for_is_bounded() {
    let answer = |records: u16, owner: &[u8]| {
        let mut message = b"\0\x01\x80\0\0\x01".to_vec();
        message.extend(records.to_be_bytes());
        message.extend(b"\0\0\0\0");
        (0..127).for_each(|_| message.extend(b"\x01a"));
        message.extend(b"\0\0\x01\0\x01");
        for _ in 0..records {
            message.extend(owner);
            message.extend(b"\0\x10\0\x01\0\0\0\0\0\0");
        }
        decoded(message)
    };
    // Each is a label and a pointer to the rest.
    let labelled = b"\x01a\xc0\x0e";
    assert_eq!(answers(&answer(1000, labelled).unwrap()).len(), 1000);
    assert_eq!(
        answer(1024, labelled).unwrap_err().expected(),
        "names of 256 KiB at most, without compression"
    );
    // All are the question's name.
    let answer = answer(5000, b"\xc0\x0c").unwrap();
    let records = answer.field(ANSWERS).as_list().unwrap();
    let owner = |at: usize| records[at].as_record().unwrap()[0].as_str().unwrap();
    assert_eq!(owner(0).len(), 253);
    assert_eq!(owner(0).as_ptr(), owner(4999).as_ptr());
}

#[test]
fn a_forwarded_frame_keeps_all_but_its_id() {
    let dns = Dns::new();
    let mut answer = read("answer_compressed_data", Side::Client).unwrap();
    dns.descriptor
        .correlate(&mut answer, Correlation::Id(0xbeef));
    let mut out = BytesMut::new();
    dns.encode(&answer, &mut out).unwrap();
    let mut expected = sample("answer_compressed_data");
    expected[2..4].copy_from_slice(&[0xbe, 0xef]);
    assert_eq!(out.to_vec(), expected);
}

#[test]
fn framing_is_two_bytes() {
    let frame = Bytes::from(sample("query_a_edns"));
    let message = Dns::new().unframed(&frame);
    assert_eq!(message, frame.slice(2..));
    assert_eq!(Dns::new().framed(message).unwrap(), frame);
    assert!(Dns::new().framed(vec![0; 65536].into()).is_err());
}

#[test]
fn rejections_repeat_the_question() {
    let dns = Dns::new();
    let request = read("query_a_edns", Side::Server).unwrap();
    let check = |class, rcode: u8| {
        let reply = dns
            .reject(&Rejected::from(&request), &Fault::unsent(class, ""))
            .unwrap();
        let mut out = BytesMut::new();
        dns.encode(&reply, &mut out).unwrap();
        // With an OPT, as the request has one, and none of its options.
        let mut expected =
            b"\0\x2c\x1a\x2b\x81\0\0\x01\0\0\0\0\0\x01\x03www\x07example\x03com\0\0\x01\0\x01\
              \0\0\x29\x04\xd0\0\0\0\0\0\0"
                .to_vec();
        expected[5] |= rcode;
        assert_eq!(out.to_vec(), expected);
    };
    check(FaultClass::BadRequest, 1);
    check(FaultClass::Timeout, 2);
    check(FaultClass::Unreachable, 2);
    check(FaultClass::Unrouted, 5);
}

#[test]
fn a_rejection_has_one_opt_if_its_request_has_any() {
    let dns = Dns::new();
    let additionals = |opts: &[u32]| {
        let mut asked = fields(7);
        let opt = |ttl: &u32| {
            let mut record = vec![".".into(), 41_u16.into(), 4096_u16.into(), (*ttl).into()];
            record.push(Bytes::from_static(b"\0\x0a\0\0").into());
            Value::Record(record)
        };
        asked[12] = Value::List(opts.iter().map(opt).collect());
        let request = dns.descriptor.message(QUERY, asked);
        let fault = Fault::unsent(FaultClass::Internal, "");
        let reply = dns.reject(&Rejected::from(&request), &fault).unwrap();
        reply.field(Slot(12)).as_list().unwrap().to_vec()
    };
    assert_eq!(additionals(&[]), []);
    // The extended code, the version and unknown flags are not repeated, DO is.
    for (asked, answered) in [(&[0x0101_ffff, 0][..], 0x8000_u32), (&[0x7fff], 0)] {
        let opt = |record: &Value| record.as_record().unwrap()[1..].to_vec();
        let expected = vec![
            41_u16.into(),
            1232_u16.into(),
            answered.into(),
            Bytes::new().into(),
        ];
        assert_eq!(
            additionals(asked).iter().map(opt).collect::<Vec<_>>(),
            [expected]
        );
    }
}

#[test]
fn a_request_that_could_not_be_read_is_rejected_by_its_header() {
    let request = Rejected {
        operation: Some(UPDATE),
        correlation: Correlation::Id(9),
        message: None,
        error: None,
    };
    let dns = Dns::new();
    let reply = dns
        .reject(&request, &Fault::unsent(FaultClass::BadRequest, ""))
        .unwrap();
    let mut out = BytesMut::new();
    dns.encode(&reply, &mut out).unwrap();
    assert_eq!(out.to_vec(), b"\0\x0c\0\x09\xa8\x01\0\0\0\0\0\0\0\0");
}

/// A pointer in data that is written would lead somewhere else than where it came from.
#[test]
fn data_is_written_only_with_whole_names() {
    use super::rdata::may_be_written;
    const MX: u16 = 15;
    const NAPTR: u16 = 35;
    const SOA: u16 = 6;
    const TXT: u16 = 16;
    assert!(may_be_written(MX, b"\x00\x0a\x04mail\x02ex\x00"));
    assert!(may_be_written(MX, b""));
    assert!(may_be_written(NAPTR, b"\0\x01\0\x02\x01s\0\0\x02ex\0"));
    assert!(!may_be_written(NAPTR, b"\0\x01\0\x02\x01s\0\0\xc0\x0c"));
    assert!(!may_be_written(NAPTR, b"\0\x01\0\x02\x01s\0\x09"));
    assert!(may_be_written(TXT, b"\xc0\x0c"));
    assert!(may_be_written(
        SOA,
        &[&b"\x00\x01a\x00"[..], &[0; 20]].concat()
    ));
    for wrong in [
        &b"\x00\x0a\xc0\x0c"[..],
        b"\x00\x0a\x04mail\xc0\x0c",
        b"\x00\x0a\x04mail\x00more",
        b"\x00\x0a\x04mail",
        b"\x00\x0a\x40",
        b"\x00",
        &[&[0, 10][..], &[1, b'a'].repeat(128), &[0]].concat(),
    ] {
        assert!(!may_be_written(MX, wrong), "{}", wrong.escape_ascii());
    }
}

#[test]
fn what_is_not_there_is_no_error() {
    let dns = Dns::new();
    let grade = |rcode: u8| {
        let mut fields = fields(1);
        fields[RCODE.index()] = rcode.into();
        dns.descriptor
            .grade(&dns.descriptor.message(ANSWER, fields))
    };
    let grades = [0, 1, 2, 3, 5, 9].map(grade);
    use Grade::{Failed, Fine, Refused};
    assert_eq!(grades, [Fine, Refused, Failed, Fine, Refused, Refused]);
}

#[test]
fn an_answer_that_is_too_long_says_where_it_ends_and_whose_it_is() {
    let cause = delimit::delimit(b"\0\xf0\x12\x34", 100).map_err(|e| e.cause());
    assert_eq!(cause, Err(Cause::TooLong));
    let frame = Overlong::Frame {
        length: 242,
        correlation: Correlation::Id(0x1234),
    };
    assert_eq!(delimit::overlong(b"\0\xf0\x12\x34"), frame);
    assert_eq!(delimit::overlong(b"\0\xf0\x12"), Overlong::Need);
}
