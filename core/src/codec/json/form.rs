//! Values in a form that their type does not say: [`Shown`].

use super::FieldError;
use crate::codec::{Form, Scale, Shown, Type};
use crate::message::Value;
use base64_simd::STANDARD;
use serde_json::{Number, Value as Json, json};
use std::fmt::Write as _;

/// More digits than any field has, with any scale.
const MAX_DIGITS: usize = 64;

/// The value in its form; `None` if its type says how it is shown.
pub(super) fn show(shown: Shown, value: &Value) -> Option<Json> {
    match (shown.form, value) {
        (Form::Hex, Value::Bytes(bytes)) => Some(Json::from(hex(bytes))),
        (Form::Text, Value::Bytes(bytes)) => Some(match std::str::from_utf8(bytes) {
            Ok(text) => Json::from(text),
            Err(_) => json!({ "base64": STANDARD.encode_to_string(bytes) }),
        }),
        (Form::Number, Value::Int(n)) => Number::from_i128(*n).map(Json::Number),
        (Form::String, Value::Int(n)) => Some(Json::from(match shown.scale {
            Some(scale) => scaled(*n, scale)?,
            None => n.to_string(),
        })),
        (_, Value::Int(n)) => number(*n, shown.scale?),
        _ => None,
    }
}

/// The value of JSON in that form; `None` if the type says how it is read.
pub(super) fn read(shown: Shown, ty: &Type, json: &Json) -> Option<Result<Value, FieldError>> {
    match (shown, ty) {
        (
            Shown {
                form: Form::Hex, ..
            },
            Type::Bytes { max_len },
        ) => Some(unhex(*max_len, json)),
        (
            Shown {
                form: Form::Text, ..
            },
            Type::Bytes { max_len },
        ) => Some(text(*max_len, json)),
        (Shown { form, scale }, Type::Int { min, max }) => {
            let plain = Scale {
                mantissa: 1,
                decimals: 0,
            };
            let scale = match form {
                Form::String => scale.unwrap_or(plain),
                Form::Usual | Form::Hex | Form::Text | Form::Number => scale?,
            };
            Some(integer(*min, *max, scale, json))
        }
        _ => None,
    }
}

/// A scaled integer as a number, if JSON's numbers have it exactly, else as text.
fn number(n: i128, scale: Scale) -> Option<Json> {
    let text = scaled(n, scale)?;
    let whole = text
        .split_once('.')
        .filter(|(_, rest)| rest.bytes().all(|b| b == b'0'));
    if let Ok(whole) = whole.map_or(text.as_str(), |(whole, _)| whole).parse() {
        let number = Number::from_i128(whole);
        return Some(number.map_or_else(|| Json::from(text.as_str()), Json::Number));
    }
    let float: f64 = text.parse().ok()?;
    let exact = unscaled(&float.to_string(), scale) == Some(n);
    Some(match Number::from_f64(float).filter(|_| exact) {
        Some(number) => Json::Number(number),
        None => Json::from(text),
    })
}

fn integer(min: i128, max: i128, scale: Scale, json: &Json) -> Result<Value, FieldError> {
    let text = match json {
        Json::String(text) => text.clone(),
        Json::Number(n) => match (n.as_i64(), n.as_u64(), n.as_f64()) {
            (Some(n), ..) => n.to_string(),
            (_, Some(n), _) => n.to_string(),
            // Unlike JSON's own text, this never has an exponent.
            (.., n) => n.unwrap_or(f64::NAN).to_string(),
        },
        _ => return Err(FieldError::new("expected a number or its digits as text")),
    };
    let Some(n) = unscaled(&text, scale) else {
        return Err(FieldError::new(match scaled(1, scale).as_deref() {
            Some("1") | None => "is no integer".to_owned(),
            Some(unit) => format!("is no multiple of {unit}"),
        }));
    };
    if n < min || n > max {
        let [min, max] = [min, max].map(|n| scaled(n, scale).unwrap_or_else(|| n.to_string()));
        return Err(FieldError::new(format!("must be from {min} to {max}")));
    }
    Ok(Value::Int(n))
}

/// The digits of `n` times the scale, with all of its decimals.
fn scaled(n: i128, scale: Scale) -> Option<String> {
    let product = n.checked_mul(i128::from(scale.mantissa))?;
    let decimals = usize::from(scale.decimals);
    let digits = format!("{:0width$}", product.unsigned_abs(), width = decimals + 1);
    let (whole, rest) = digits.split_at(digits.len() - decimals);
    let sign = if product < 0 { "-" } else { "" };
    Some(match rest {
        "" => format!("{sign}{whole}"),
        rest => format!("{sign}{whole}.{rest}"),
    })
}

/// The integer that has these digits once it is scaled, if there is one.
fn unscaled(text: &str, scale: Scale) -> Option<i128> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text),
    };
    let (whole, rest) = digits.split_once('.').unwrap_or((digits, "0"));
    let rest = match rest.trim_end_matches('0') {
        _ if rest.is_empty() => return None,
        rest => rest,
    };
    let are_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !are_digits(whole) || !are_digits(rest) || text.len() > MAX_DIGITS {
        return None;
    }
    let missing = usize::from(scale.decimals).checked_sub(rest.len())?;
    let power = 10_i128.checked_pow(u32::try_from(missing).ok()?)?;
    let units: i128 = format!("{whole}{rest}").parse().ok()?;
    let units = units.checked_mul(power)?;
    let mantissa = i128::from(scale.mantissa);
    (units.checked_rem(mantissa)? == 0).then(|| sign * (units / mantissa))
}

fn text(max_len: usize, json: &Json) -> Result<Value, FieldError> {
    if let Json::String(text) = json {
        super::read::fits(text.len(), max_len)?;
        return Ok(Value::Bytes(text.clone().into_bytes().into()));
    }
    let encoded = json.as_object().filter(|members| members.len() == 1);
    match encoded.and_then(|members| members.get("base64")) {
        Some(encoded) => super::read::bytes(max_len, encoded),
        None => Err(FieldError::new(
            "expected a string, or an object with `base64`",
        )),
    }
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

fn unhex(max_len: usize, json: &Json) -> Result<Value, FieldError> {
    let digits = json.as_str().map(str::as_bytes);
    let (pairs, []) = digits.unwrap_or(b"?").as_chunks::<2>() else {
        return Err(not_hex());
    };
    super::read::fits(pairs.len(), max_len)?;
    let digit = |byte: u8| {
        char::from(byte)
            .to_digit(16)
            .and_then(|n| u8::try_from(n).ok())
    };
    let byte = |[high, low]: &[u8; 2]| Some(digit(*high)? << 4 | digit(*low)?);
    let bytes: Option<Vec<u8>> = pairs.iter().map(byte).collect();
    bytes
        .map(|bytes| Value::Bytes(bytes.into()))
        .ok_or_else(not_hex)
}

fn not_hex() -> FieldError {
    FieldError::new("expected a string of hexadecimal digits, two a byte")
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    const BYTES: Type = Type::Bytes { max_len: 4 };
    const CENT: Scale = Scale {
        mantissa: 1,
        decimals: 2,
    };

    const fn in_form(form: Form) -> Shown {
        Shown { form, scale: None }
    }

    const fn times(scale: Scale) -> Shown {
        Shown {
            form: Form::Usual,
            scale: Some(scale),
        }
    }

    #[track_caller]
    fn both_ways(shown: Shown, ty: &Type, value: &Value, json: &Json) {
        assert_eq!(show(shown, value).as_ref(), Some(json));
        assert_eq!(read(shown, ty, json).unwrap().as_ref(), Ok(value));
    }

    #[track_caller]
    fn refused(shown: Shown, ty: &Type, json: &Json, expected: &str) {
        let error = read(shown, ty, json).unwrap().unwrap_err();
        assert_eq!(error.to_string(), expected);
    }

    #[test]
    fn bytes_are_digits_or_text() {
        let bytes = |bytes: &'static [u8]| Value::Bytes(Bytes::from_static(bytes));
        let hex = in_form(Form::Hex);
        both_ways(hex, &BYTES, &bytes(b"\x00\xfe"), &json!("00fe"));
        both_ways(hex, &BYTES, &bytes(b""), &json!(""));
        let upper = read(hex, &BYTES, &json!("FE")).unwrap();
        assert_eq!(upper, Ok(bytes(b"\xfe")));
        const NOT_HEX: &str = "expected a string of hexadecimal digits, two a byte";
        for bad in [
            json!("0"),
            json!("0g"),
            json!(" 0"),
            json!("é"),
            json!(12),
            json!(null),
        ] {
            refused(hex, &BYTES, &bad, NOT_HEX);
        }
        refused(hex, &BYTES, &json!("0011223344"), "is 5 bytes long, 4 fit");

        let text = in_form(Form::Text);
        both_ways(text, &BYTES, &bytes("né".as_bytes()), &json!("né"));
        both_ways(text, &BYTES, &bytes(b"\xff"), &json!({"base64": "/w=="}));
        const NO_TEXT: &str = "expected a string, or an object with `base64`";
        for bad in [json!(1), json!({"hex": ""}), json!({"base64": "", "a": 1})] {
            refused(text, &BYTES, &bad, NO_TEXT);
        }
        refused(text, &BYTES, &json!({"base64": "?"}), "is not base64");
        refused(text, &BYTES, &json!("12345"), "is 5 bytes long, 4 fit");
    }

    #[test]
    fn integers_are_text_where_that_is_said() {
        let string = in_form(Form::String);
        let most = Value::from(u64::MAX);
        both_ways(string, &Type::INT, &most, &json!("18446744073709551615"));
        both_ways(string, &Type::INT, &Value::Int(-1), &json!("-1"));
        let number = read(string, &Type::U8, &json!(255)).unwrap();
        assert_eq!(number, Ok(Value::Int(255)));
        refused(string, &Type::U8, &json!("256"), "must be from 0 to 255");
        for bad in ["", "-", "1.5", "1e3", "0x1", "+1", " 1", "１", "1."] {
            refused(string, &Type::U8, &json!(bad), "is no integer");
        }
        let number = in_form(Form::Number);
        assert_eq!(show(number, &Value::Int(7)), Some(json!(7)));
        // A label is read as well.
        assert_eq!(
            read(number, &Type::Enum(crate::codec::EnumId(0)), &json!(7)),
            None
        );
    }

    #[test]
    fn scaled_integers_stay_exact() {
        let cents = times(CENT);
        both_ways(cents, &Type::INT, &Value::Int(1250), &json!(12.5));
        both_ways(cents, &Type::INT, &Value::Int(1200), &json!(12));
        both_ways(cents, &Type::INT, &Value::Int(-5), &json!(-0.05));
        both_ways(cents, &Type::INT, &Value::Int(0), &json!(0));
        // No float is near enough.
        let most = Value::from(u64::MAX);
        both_ways(cents, &Type::INT, &most, &json!("184467440737095516.15"));
        for same in [
            json!(12.5),
            json!("12.50"),
            json!("12.5000"),
            json!("012.5"),
        ] {
            assert_eq!(
                read(cents, &Type::INT, &same).unwrap(),
                Ok(Value::Int(1250))
            );
        }
        refused(cents, &Type::INT, &json!(0.001), "is no multiple of 0.01");
        refused(cents, &Type::INT, &json!(1e300), "is no multiple of 0.01");
        refused(cents, &Type::U8, &json!(2.56), "must be from 0.00 to 2.55");
        refused(
            cents,
            &Type::U8,
            &json!(true),
            "expected a number or its digits as text",
        );

        // Nor has JSON's reader an integer beyond 64 bits.
        let hundreds = times(Scale {
            mantissa: 100,
            decimals: 0,
        });
        both_ways(hundreds, &Type::INT, &Value::Int(7), &json!(700));
        both_ways(
            hundreds,
            &Type::INT,
            &most,
            &json!("1844674407370955161500"),
        );

        let quarters = times(Scale {
            mantissa: 25,
            decimals: 1,
        });
        both_ways(quarters, &Type::U8, &Value::Int(3), &json!(7.5));
        refused(quarters, &Type::U8, &json!(7), "is no multiple of 2.5");

        let text = Shown {
            form: Form::String,
            ..cents
        };
        both_ways(text, &Type::INT, &Value::Int(1250), &json!("12.50"));
    }

    #[test]
    fn the_largest_scale_takes_the_largest_integers() {
        let largest = times(Scale {
            mantissa: 1_000_000_000_000_000_000,
            decimals: 18,
        });
        for n in [i128::from(u64::MAX), i128::from(i64::MIN), 1, 0] {
            let json = show(largest, &Value::Int(n)).unwrap();
            assert_eq!(read(largest, &Type::INT, &json).unwrap(), Ok(Value::Int(n)));
        }
    }
}
