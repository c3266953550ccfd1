//! Text to tokens.

use super::{RuleError, Span, codes};
use bytestring::ByteString;
use nom::branch::alt;
use nom::bytes::complete::{is_not, tag, take_while, take_while_m_n, take_while1};
use nom::character::complete::{char, none_of, one_of, satisfy};
use nom::combinator::{cut, map, not, opt, recognize, value};
use nom::error::{ErrorKind, ParseError};
use nom::multi::fold_many0;
use nom::sequence::{preceded, terminated};
use nom::{Err, IResult, Parser};

/// One token. Keywords are names: the parser knows where a name is one.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token<'s> {
    Int(i128),
    Float(f64),
    Str(ByteString),
    Name(&'s str),
    Symbol(&'static str),
    /// `f"a{b}"`
    Format(Vec<Piece>),
}

/// A part of a text with expressions in it.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Piece {
    Text(ByteString),
    /// The place of an expression.
    Code(Span),
}

/// Longer ones first, so that none is read as the start of another.
const SYMBOLS: [&str; 26] = [
    "::", "<<", ">>", "<=", ">=", "==", "!=", "<", ">", "+", "-", "*", "/", "%", "&", "|", "^",
    "~", "?", ":", ".", ",", "(", ")", "[", "]",
];

/// What people bring along from other languages.
const FOREIGN: [(&str, &str); 4] = [
    ("&&", "write `and`"),
    ("||", "write `or`"),
    ("!", "write `not`"),
    ("=", "write `==` to compare"),
];

/// The largest integer literal: the largest value of any field.
const MAX_INT: u128 = u64::MAX as u128;

/// A fault at the start of `rest`; without a code nothing matched and others may try.
#[derive(Debug)]
struct Fault<'s> {
    rest: &'s str,
    len: usize,
    code: &'static str,
    message: &'static str,
    help: Option<&'static str>,
}

impl<'s> ParseError<&'s str> for Fault<'s> {
    fn from_error_kind(rest: &'s str, _: ErrorKind) -> Self {
        let len = rest.chars().next().map_or(0, char::len_utf8);
        Self {
            rest,
            len,
            code: codes::SYNTAX,
            message: "this character means nothing here",
            help: None,
        }
    }

    fn append(_: &'s str, _: ErrorKind, other: Self) -> Self {
        other
    }
}

type Lexed<'s, T> = IResult<&'s str, T, Fault<'s>>;

fn fail<'s, T>(
    rest: &'s str,
    len: usize,
    code: &'static str,
    message: &'static str,
    help: Option<&'static str>,
) -> Lexed<'s, T> {
    Err(Err::Failure(Fault {
        rest,
        len,
        code,
        message,
        help,
    }))
}

/// All tokens of `text`, with their places in it.
pub(super) fn tokens(text: &str) -> Result<Vec<(Token<'_>, Span)>, RuleError> {
    let mut all = Vec::new();
    let mut rest = blank(text);
    while !rest.is_empty() {
        let start = text.len() - rest.len();
        let of_value = rest.starts_with('.') && all.last().is_some_and(ends_value);
        let read = if of_value {
            map(symbol, Token::Symbol).parse(rest)
        } else {
            token(rest)
        };
        let (after, mut token) = read.map_err(|fault| error(text, fault))?;
        if let Token::Format(pieces) = &mut token {
            place(pieces, start);
        }
        all.push((token, start..text.len() - after.len()));
        rest = blank(after);
    }
    Ok(all)
}

/// What comes after blanks, which a backslash at the end of a line is, too.
fn blank(text: &str) -> &str {
    let mut rest = text.trim_start();
    while let Some(after) = rest.strip_prefix("\\\n") {
        rest = after.trim_start();
    }
    rest
}

/// Whether a point after this token is that before a member's name, and does not begin a number.
const fn ends_value((token, _): &(Token<'_>, Span)) -> bool {
    match token {
        Token::Symbol(sign) => matches!(sign.as_bytes(), b")" | b"]"),
        Token::Int(_) | Token::Float(_) | Token::Str(_) | Token::Name(_) | Token::Format(_) => true,
    }
}

/// Moves the places of expressions from those in the literal to those in the whole text.
pub(super) fn place(pieces: &mut [Piece], start: usize) {
    for piece in pieces {
        if let Piece::Code(span) = piece {
            *span = span.start + start..span.end + start;
        }
    }
}

fn error(text: &str, fault: Err<Fault<'_>>) -> RuleError {
    let (Err::Error(fault) | Err::Failure(fault)) = fault else {
        return RuleError::new(codes::SYNTAX, 0..text.len(), "the expression is not whole");
    };
    let start = text.len() - fault.rest.len();
    let error = RuleError::new(fault.code, start..start + fault.len, fault.message);
    match fault.help {
        Some(help) => error.help(help),
        None => error,
    }
}

fn token(i: &str) -> Lexed<'_, Token<'_>> {
    alt((
        number,
        formatted,
        map(name, Token::Name),
        map(double_quoted, text),
        map(single_quoted, text),
        map(symbol, Token::Symbol),
    ))
    .parse(i)
}

fn text<'s>(text: String) -> Token<'s> {
    Token::Str(text.into())
}

fn symbol(i: &str) -> Lexed<'_, &'static str> {
    let foreign = FOREIGN
        .iter()
        .find(|(sign, _)| i.starts_with(sign) && !i.starts_with("==") && !i.starts_with("!="));
    if let Some((sign, help)) = foreign {
        return fail(
            i,
            sign.len(),
            codes::SYNTAX,
            "there is no such operator",
            Some(*help),
        );
    }
    match SYMBOLS.iter().find(|sign| i.starts_with(**sign)) {
        Some(sign) => value(*sign, tag(*sign)).parse(i),
        None => Err(Err::Error(Fault::from_error_kind(i, ErrorKind::Tag))),
    }
}

fn name(i: &str) -> Lexed<'_, &str> {
    recognize((
        satisfy(|c| c.is_ascii_alphabetic() || c == '_'),
        take_while(word),
    ))
    .parse(i)
}

const fn word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

fn digits(i: &str) -> Lexed<'_, &str> {
    recognize((
        satisfy(|c| c.is_ascii_digit()),
        take_while(|c: char| c.is_ascii_digit() || c == '_'),
    ))
    .parse(i)
}

fn number(i: &str) -> Lexed<'_, Token<'_>> {
    let (rest, written) = alt((prefixed, decimal)).parse(i)?;
    let all = i.len() - rest.len();
    if rest.starts_with(word) {
        let (_, tail) = take_while(word).parse(rest)?;
        return fail(
            i,
            all + tail.len(),
            codes::NUMBER,
            "this is neither a number nor a name",
            Some("text belongs in quotes"),
        );
    }
    match written {
        Some(token) => Ok((rest, token)),
        None => fail(
            i,
            all,
            codes::NUMBER,
            "this number is too large or not well-formed",
            Some("integers go up to 2^64 - 1; octal numbers start with `0o`"),
        ),
    }
}

fn prefixed(i: &str) -> Lexed<'_, Option<Token<'_>>> {
    let radix = alt((
        value(16, tag("0x")),
        value(16, tag("0X")),
        value(2, tag("0b")),
        value(2, tag("0B")),
        value(8, tag("0o")),
        value(8, tag("0O")),
    ));
    let (rest, (radix, digits)) = (radix, take_while1(word)).parse(i)?;
    Ok((rest, integer(digits, radix)))
}

fn integer<'s>(digits: &str, radix: u32) -> Option<Token<'s>> {
    let n = u128::from_str_radix(&digits.replace('_', ""), radix)
        .ok()
        .filter(|n| *n <= MAX_INT)?;
    i128::try_from(n).ok().map(Token::Int)
}

/// `.5`, `5.`, `5.5`, `5e5`. A point after which a name comes is not a number's.
fn float(i: &str) -> Lexed<'_, &str> {
    let exponent = || recognize((one_of("eE"), opt(one_of("+-")), digits));
    let fixed = alt((
        recognize((opt(digits), char('.'), digits)),
        recognize((digits, char('.'), not(named))),
    ));
    let whole = recognize((fixed, opt(exponent())));
    alt((whole, recognize((digits, exponent())))).parse(i)
}

fn named(i: &str) -> Lexed<'_, char> {
    satisfy(|c| c.is_ascii_alphabetic() || c == '_').parse(blank(i))
}

fn decimal(i: &str) -> Lexed<'_, Option<Token<'_>>> {
    if let Ok((rest, written)) = float(i) {
        let x: Option<f64> = written.replace('_', "").parse().ok();
        return Ok((rest, x.filter(|x| x.is_finite()).map(Token::Float)));
    }
    let (rest, whole) = digits(i)?;
    let octal_looking = whole.len() > 1 && whole.starts_with('0');
    Ok((rest, integer(whole, 10).filter(|_| !octal_looking)))
}

fn single_quoted(i: &str) -> Lexed<'_, String> {
    let (body, _) = char('\'').parse(i)?;
    let (rest, text) = terminated(take_while(|c| c != '\''), opt(char('\''))).parse(body)?;
    closed(i, rest, '\'', text.to_owned(), text.len() + 1)
}

/// A literal that starts at `i`, was read up to `rest` and so has `len` bytes before its
/// closing quote.
fn closed<'s>(
    i: &'s str,
    rest: &'s str,
    quote: char,
    text: String,
    len: usize,
) -> Lexed<'s, String> {
    if i.get(len..).is_some_and(|tail| tail.starts_with(quote)) {
        return Ok((rest, text));
    }
    fail(
        i,
        i.len(),
        codes::STRING,
        "this text has no closing quote",
        None,
    )
}

fn double_quoted(i: &str) -> Lexed<'_, String> {
    let (body, _) = char('"').parse(i)?;
    let run = alt((
        map(is_not("\"\\"), Run::Plain),
        map(preceded(char('\\'), cut(escape)), Run::Char),
    ));
    let (rest, text) = fold_many0(run, String::new, Run::append).parse(body)?;
    let len = i.len() - rest.len();
    closed(i, rest.strip_prefix('"').unwrap_or(rest), '"', text, len)
}

/// A stretch of a literal.
enum Run<'s> {
    Plain(&'s str),
    Char(char),
}

impl Run<'_> {
    fn append(mut text: String, run: Self) -> String {
        match run {
            Self::Plain(plain) => text.push_str(plain),
            Self::Char(c) => text.push(c),
        }
        text
    }
}

/// `f"a{b}"`. An expression in it ends at its brace, those in texts within it aside.
fn formatted(i: &str) -> Lexed<'_, Token<'_>> {
    let (mut rest, _) = tag("f\"").parse(i)?;
    let mut pieces = Vec::new();
    loop {
        let run = alt((
            map(is_not("\"\\{"), Run::Plain),
            map(preceded(char('\\'), cut(escape)), Run::Char),
        ));
        let (after, text) = fold_many0(run, String::new, Run::append).parse(rest)?;
        if !text.is_empty() {
            pieces.push(Piece::Text(text.into()));
        }
        if let Some(after) = after.strip_prefix('"') {
            return Ok((after, Token::Format(pieces)));
        }
        let code = after.strip_prefix('{').unwrap_or_default();
        let Some(len) = code_len(code) else {
            let message = "this text has no closing quote, or an expression in it no closing brace";
            return fail(i, i.len(), codes::STRING, message, None);
        };
        let start = i.len() - code.len();
        pieces.push(Piece::Code(start..start + len));
        rest = code.get(len + 1..).unwrap_or_default();
    }
}

/// What the end of an embedded expression is looked for in.
#[derive(Clone, Copy, PartialEq)]
enum Within {
    Code,
    Single,
    Double,
    Format,
}

/// Where the brace is that closes an expression: texts in it, which may have expressions in them
/// themselves, are passed over.
fn code_len(code: &str) -> Option<usize> {
    let mut within = vec![Within::Code];
    let mut before = [' ', ' '];
    let mut chars = code.char_indices();
    while let Some((at, c)) = chars.next() {
        match (within.last()?, c) {
            (Within::Code, '}') => {
                within.pop();
                if within.is_empty() {
                    return Some(at);
                }
            }
            (Within::Code, '\'') => within.push(Within::Single),
            (Within::Code, '"') if before[1] == 'f' && !word(before[0]) => {
                within.push(Within::Format);
            }
            (Within::Code, '"') => within.push(Within::Double),
            (Within::Format, '{') => within.push(Within::Code),
            (Within::Single, '\'') | (Within::Double | Within::Format, '"') => {
                within.pop();
            }
            (Within::Double | Within::Format, '\\') => {
                chars.next()?;
            }
            _ => {}
        }
        before = [before[1], c];
    }
    None
}

/// What follows a backslash in double quotes.
fn escape(i: &str) -> Lexed<'_, char> {
    let short = |c| {
        Some(match c {
            'a' => '\x07',
            'b' => '\x08',
            't' => '\t',
            'n' => '\n',
            'v' => '\x0b',
            'f' => '\x0c',
            'r' => '\r',
            'e' => '\x1b',
            '"' | '\'' | '\\' => c,
            _ => return None,
        })
    };
    let octal = map(take_while1(|c: char| c.is_digit(8)), |digits| {
        code_point(digits, 8)
    });
    let unicode = preceded(
        char('u'),
        map(
            take_while_m_n(4, 4, |c: char| c.is_ascii_hexdigit()),
            |digits| code_point(digits, 16),
        ),
    );
    let read: Lexed<'_, Option<char>> = alt((octal, unicode, map(none_of(""), short))).parse(i);
    match read {
        Ok((rest, Some(c))) => Ok((rest, c)),
        Ok((rest, None)) => fail(
            i,
            i.len() - rest.len(),
            codes::STRING,
            "there is no such escape",
            Some("a backslash itself is written `\\\\`, or the text 'in single quotes'"),
        ),
        Err(_) => fail(
            i,
            0,
            codes::STRING,
            "this text ends in the middle of an escape",
            None,
        ),
    }
}

fn code_point(digits: &str, radix: u32) -> Option<char> {
    char::from_u32(u32::from_str_radix(digits, radix).ok()?)
}
