//! Expressions made up by a small generator: whatever they are, compiling and running them
//! ends, points into the text, and agrees with itself.

use super::*;

/// xorshift64*: the same sequence on every machine.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        usize::try_from(self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33).unwrap() % sides
    }

    fn pick<'a>(&mut self, all: &[&'a str]) -> &'a str {
        all[self.roll(all.len())]
    }
}

const TOKENS: [&str; 58] = [
    "amount",
    "minus",
    "ratio",
    "name",
    "raw",
    "flag",
    "kind",
    "hdr",
    "nums",
    "json",
    "json.list",
    "gone",
    "kind::auth_req",
    "1",
    "0",
    "255",
    "0xff",
    "1.5",
    "'a'",
    "\"b\\n\"",
    "true",
    "null",
    "+",
    "-",
    "*",
    "/",
    "%",
    "<<",
    ">>",
    "&",
    "|",
    "^",
    "~",
    "==",
    "!=",
    "<",
    "<=",
    ">",
    ">=",
    "and",
    "or",
    "not",
    "?",
    ":",
    ".",
    ",",
    "(",
    ")",
    "[",
    "]",
    ".to_s",
    ".length",
    ".first",
    ".to_i",
    "upper(",
    "base64(",
    "{",
    "é",
];

#[test]
fn any_tokens_are_read_or_refused_in_place() {
    let mut dice = Dice(7);
    let (mut compiled, mut ran) = (0, 0);
    for _ in 0..15_000 {
        let len = 1 + dice.roll(9);
        let text: Vec<_> = (0..len).map(|_| dice.pick(&TOKENS)).collect();
        let text = text.join([" ", ""][dice.roll(2)]);
        let (world, expr) = compile(&text);
        match expr {
            Ok(expr) => {
                compiled += 1;
                ran += usize::from(expr.eval(&world).is_ok());
                let _ = expr.test(&world);
            }
            Err(error) => {
                assert!(
                    text.get(error.span.clone()).is_some(),
                    "{text}: {error} at {:?}",
                    error.span
                );
                assert!(codes::find(error.code).is_some(), "{text}: {error}");
            }
        }
    }
    assert!(
        compiled > 400 && ran > 200,
        "{compiled} compiled and {ran} ran: the generator is worth nothing"
    );
}

/// An integer expression and its value computed apart, as text with brackets everywhere.
fn integer(dice: &mut Dice, depth: usize) -> (String, Option<i128>) {
    if depth == 0 {
        return match dice.roll(3) {
            0 => ("amount".into(), Some(1250)),
            1 => ("minus".into(), Some(-7)),
            _ => {
                let n = dice.roll(100);
                (n.to_string(), Some(n as i128))
            }
        };
    }
    let ((a, x), (b, y)) = (integer(dice, depth - 1), integer(dice, depth - 1));
    let sign = dice.pick(&["+", "-", "*", "&", "|", "^", "/", "%"]);
    let value = x.zip(y).and_then(|(x, y)| match sign {
        "+" => x.checked_add(y),
        "-" => x.checked_sub(y),
        "*" => x.checked_mul(y),
        "&" => Some(x & y),
        "|" => Some(x | y),
        "^" => Some(x ^ y),
        // Another way to round down than the one under test.
        "/" if y != 0 => Some((x - modulo(x, y)) / y),
        "%" if y != 0 => Some(modulo(x, y)),
        _ => None,
    });
    (format!("({a} {sign} {b})"), value)
}

fn modulo(x: i128, y: i128) -> i128 {
    let remainder = x.rem_euclid(y);
    if y < 0 && remainder != 0 {
        remainder + y
    } else {
        remainder
    }
}

#[test]
fn integers_agree_with_a_second_opinion() {
    let mut dice = Dice(11);
    for _ in 0..4_000 {
        let depth = dice.roll(4);
        let (text, expected) = integer(&mut dice, depth);
        let (world, expr) = compile(&text);
        let got = expr
            .ok()
            .and_then(|expr| expr.eval(&world).ok().and_then(|value| value.as_int()));
        assert_eq!(got, expected, "{text}");
    }
}

#[test]
fn any_template_is_read_or_refused_in_place() {
    let pieces = [
        "{", "}", "{{", "}}", "amount", ":", "08x", "::", "?", "'", "\"", "\\", "é", " ", "(", ")",
    ];
    let mut dice = Dice(3);
    for _ in 0..15_000 {
        let text: String = (0..dice.roll(10)).map(|_| dice.pick(&pieces)).collect();
        let mut world = world();
        match Template::compile(&Source::verbatim(text.as_str(), 0), &mut world) {
            Ok(template) => drop(template.eval(&world).map(Cow::into_owned)),
            Err(error) => assert!(
                text.get(error.span.clone()).is_some(),
                "{text}: {error} at {:?}",
                error.span
            ),
        }
    }
}
