use super::*;
use gatewright_core::codec::{Cause, EncodeProblem, Grade, Recovery};
use gatewright_core::message::Record;

const AUTH_REQ: &str = "ac4d002d0100000007\
    4d3132332020202020202020202020\
    34313131313131313131313131313131202020\
    000004e203d2";
const AUTH_RSP: &str = "ac4d000c810000000700413142324333";

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<char> = hex.chars().filter(|c| !c.is_whitespace()).collect();
    digits
        .chunks(2)
        .map(|pair| u8::from_str_radix(&pair.iter().collect::<String>(), 16).unwrap())
        .collect()
}

fn request(merchant: &str, pan: &str, amount: i128, currency: i128) -> Record {
    vec![
        Value::Int(7),
        merchant.into(),
        pan.into(),
        Value::Int(amount),
        Value::Int(currency),
    ]
}

fn encoded(operation: u16, fields: Record) -> Result<Vec<u8>, EncodeError> {
    let pos = Pos::new();
    let mut out = BytesMut::new();
    let message = pos.descriptor.message(OperationId(operation), fields);
    pos.encode(&message, &mut out).map(|()| out.to_vec())
}

fn decoded(frame: Vec<u8>, side: Side) -> Result<Message, DecodeError> {
    Pos::new().decode(frame.into(), side)
}

#[test]
fn a_request_is_read() {
    let message = decoded(bytes(AUTH_REQ), Side::Server).unwrap();
    assert_eq!(message.kind(), Kind::Request);
    assert_eq!(message.correlation(), &Correlation::Id(7));
    assert_eq!(
        message.fields(),
        &request("M123", "4111111111111111", 1250, 978)
    );
}

#[test]
fn a_reply_is_read() {
    let message = decoded(bytes(AUTH_RSP), Side::Client).unwrap();
    assert_eq!(message.kind(), Kind::Reply);
    assert_eq!(message.correlation(), &Correlation::Id(7));
    assert_eq!(
        message.fields(),
        &vec![Value::Int(7), Value::Int(0), "A1B2C3".into()]
    );
}

#[test]
fn texts_are_slices_of_the_frame() {
    let frame = Bytes::from(bytes(AUTH_REQ));
    let range = frame.as_ptr_range();
    let message = Pos::new().decode(frame, Side::Server).unwrap();
    assert!(range.contains(&message.field(PAN).as_str().unwrap().as_ptr()));
}

#[test]
fn messages_are_written() {
    assert_eq!(
        encoded(0, request("M123", "4111111111111111", 1250, 978)).unwrap(),
        bytes(AUTH_REQ)
    );
    assert_eq!(
        encoded(1, vec![Value::Int(7), Value::Int(0), "A1B2C3".into()]).unwrap(),
        bytes(AUTH_RSP)
    );
    let declined = encoded(1, vec![Value::Int(7), Value::Int(51), Value::Null]).unwrap();
    assert_eq!(declined, bytes("ac4d000c8100000007332d2d2d2d2d2d"));
}

#[test]
fn what_does_not_fit_is_refused() {
    use EncodeProblem::{Charset, Missing, OutOfRange, WrongType};
    let check = |operation, fields, field: &str, problem| {
        assert_eq!(
            encoded(operation, fields),
            Err(EncodeError::new(field.to_owned(), problem))
        );
    };
    check(
        0,
        request("M234567890123456", "4", 1, 1),
        "merchant",
        OutOfRange,
    );
    check(0, request("Café", "4", 1, 1), "merchant", Charset);
    check(0, request("M123 ", "4", 1, 1), "merchant", Charset);
    check(
        0,
        request("M", "41111111111111111111", 1, 1),
        "pan",
        OutOfRange,
    );
    check(0, request("M", "4", -1, 1), "amount", OutOfRange);
    check(0, request("M", "4", 1 << 32, 1), "amount", OutOfRange);
    check(0, request("M", "4", 1, 0), "currency", OutOfRange);
    check(0, request("M", "4", 1, 1000), "currency", OutOfRange);
    check(0, request("M", "4", 1, 65537), "currency", OutOfRange);
    check(0, vec![Value::Int(1 << 32)], "seq", OutOfRange);
    check(0, vec![Value::Int(7), Value::Int(5)], "merchant", WrongType);
    check(0, vec![Value::Int(7)], "merchant", Missing);
    check(0, vec![], "seq", Missing);
    check(
        1,
        vec![Value::Int(7), Value::Int(0), "A1B2C".into()],
        "code",
        OutOfRange,
    );
    check(
        1,
        vec![Value::Int(7), Value::Int(256), "A1B2C3".into()],
        "status",
        OutOfRange,
    );
}

#[test]
fn a_forwarded_frame_keeps_all_but_its_id() {
    let pos = Pos::new();
    let mut message = decoded(bytes(AUTH_REQ), Side::Server).unwrap();
    pos.descriptor
        .correlate(&mut message, Correlation::Id(0xdead_beef));
    let mut out = BytesMut::new();
    pos.encode(&message, &mut out).unwrap();
    assert_eq!(
        out.to_vec(),
        bytes(&AUTH_REQ.replace("0100000007", "01deadbeef"))
    );
}

#[test]
fn framing_errors_show_at_the_first_byte_that_proves_them() {
    let check = |hex: &str, cause, offset| {
        let error = Pos::new().delimit(&bytes(hex), MAX_FRAME).unwrap_err();
        assert_eq!(
            (error.cause(), error.offset(), error.recovery()),
            (cause, offset, Recovery::Close),
            "{hex}: {error}"
        );
    };
    check("ad", Cause::BadMagic, 0);
    check("ac4e", Cause::BadMagic, 1);
    check("160301", Cause::ForeignProtocol, 0);
    check("474554202f", Cause::ForeignProtocol, 0);
    check("ac4d0004", Cause::TooShort, 2);
    check("ac4dfffd", Cause::TooLong, 2);
    check("ac4d002c01", Cause::TooShort, 2);
    check("ac4d002e01", Cause::TooLong, 2);
    check("ac4d002d81", Cause::TooLong, 2);
}

#[test]
fn an_unfinished_frame_needs_more() {
    let frame = bytes(AUTH_REQ);
    for have in 0..frame.len() {
        let Delimited::Need(more) = Pos::new().delimit(&frame[..have], MAX_FRAME).unwrap() else {
            panic!("a frame of {have}")
        };
        assert!(have + more.get() <= frame.len());
    }
}

#[test]
fn good_frames_with_bad_values_are_answered() {
    let check = |hex: &str, cause, offset, operation: Option<u16>| {
        let error = decoded(bytes(hex), Side::Server).unwrap_err();
        assert_eq!(
            (error.cause(), error.offset(), error.recovery()),
            (cause, offset, Recovery::Answer),
            "{error}"
        );
        assert_eq!(
            (error.correlation(), error.operation()),
            (&Correlation::Id(7), operation.map(OperationId))
        );
    };
    check(
        &AUTH_REQ.replace("03d2", "0000"),
        Cause::BadValue,
        47,
        Some(0),
    );
    check(
        &AUTH_REQ.replace("03d2", "03e8"),
        Cause::BadValue,
        47,
        Some(0),
    );
    check(
        &AUTH_REQ.replace("4d313233", "4d3132e9"),
        Cause::BadValue,
        12,
        Some(0),
    );
    check(
        &AUTH_REQ.replace("34313131", "34313180"),
        Cause::BadValue,
        27,
        Some(0),
    );
    check(
        &AUTH_REQ.replace("002d01", "002d42"),
        Cause::UnknownOperation,
        4,
        None,
    );
}

#[test]
fn frames_for_the_other_side_close() {
    let check = |hex, side| {
        let error = decoded(bytes(hex), side).unwrap_err();
        assert_eq!(
            (error.cause(), error.recovery()),
            (Cause::WrongDirection, Recovery::Close)
        );
    };
    check(AUTH_REQ, Side::Client);
    check(AUTH_RSP, Side::Server);
}

#[test]
fn a_secret_shows_in_no_error() {
    let error = decoded(
        bytes(&AUTH_REQ.replace("34313131", "34313180")),
        Side::Server,
    )
    .unwrap_err();
    assert!(!format!("{error} {error:?}").contains("41"), "{error:?}");
}

#[test]
fn rejections_carry_the_seq_and_a_status() {
    let pos = Pos::new();
    let check = |class, status: u8| {
        let request = Rejected {
            operation: None,
            correlation: Correlation::Id(7),
            message: None,
            error: None,
        };
        let reply = pos.reject(&request, &Fault::unsent(class, "")).unwrap();
        let mut out = BytesMut::new();
        pos.encode(&reply, &mut out).unwrap();
        assert_eq!(
            out.to_vec(),
            bytes(&format!("ac4d000c8100000007{status:02x}2d2d2d2d2d2d"))
        );
    };
    check(FaultClass::Timeout, 91);
    check(FaultClass::Unreachable, 96);
    check(FaultClass::Status(503), 96);
    let nobody = Rejected {
        operation: None,
        correlation: Correlation::None,
        message: None,
        error: None,
    };
    assert_eq!(
        pos.reject(&nobody, &Fault::unsent(FaultClass::Internal, "")),
        None
    );
}

#[test]
fn a_declined_payment_is_no_error() {
    let pos = Pos::new();
    let grade = |status: u8| {
        let fields = vec![7_u8.into(), status.into(), "------".into()];
        let reply = pos.descriptor.message(Body::AuthRsp.operation(), fields);
        pos.descriptor.grade(&reply)
    };
    use Grade::{Failed, Fine};
    assert_eq!([0, 51, 91, 96].map(grade), [Fine, Fine, Failed, Failed]);
}
