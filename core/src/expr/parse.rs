//! Tokens to a tree, by operator precedence. Each token is looked at once, and the depth is
//! bounded, so neither time nor stack depend on what the author wrote.

use super::ast::{Arith, Kind, Node, Unary};
use super::token::{Piece, Token, place, tokens};
use super::{Comparison, RuleError, Span, codes};
use bytestring::ByteString;

/// The longest expression, in bytes.
pub(super) const MAX_SOURCE: usize = 4096;
/// The deepest nesting, and so the deepest recursion of everything that walks the tree.
pub(super) const MAX_DEPTH: usize = 64;

// How tightly operators bind, Kaitai's (and Python's) order.
const OR: u8 = 1;
const AND: u8 = 2;
const NOT: u8 = 3;
const COMPARE: u8 = 4;
const UNARY: u8 = 11;

#[derive(Clone, Copy, PartialEq)]
enum Infix {
    Or,
    And,
    Compare(Comparison),
    Arith(Arith),
}

fn infix(token: &Token<'_>) -> Option<(Infix, u8)> {
    let (Token::Symbol(sign) | Token::Name(sign)) = token else {
        return None;
    };
    Some(match *sign {
        "or" => (Infix::Or, OR),
        "and" => (Infix::And, AND),
        "==" => (Infix::Compare(Comparison::Eq), COMPARE),
        "!=" => (Infix::Compare(Comparison::Ne), COMPARE),
        "<" => (Infix::Compare(Comparison::Lt), COMPARE),
        "<=" => (Infix::Compare(Comparison::Le), COMPARE),
        ">" => (Infix::Compare(Comparison::Gt), COMPARE),
        ">=" => (Infix::Compare(Comparison::Ge), COMPARE),
        "|" => (Infix::Arith(Arith::BitOr), 5),
        "^" => (Infix::Arith(Arith::BitXor), 6),
        "&" => (Infix::Arith(Arith::BitAnd), 7),
        "<<" => (Infix::Arith(Arith::Shl), 8),
        ">>" => (Infix::Arith(Arith::Shr), 8),
        "+" => (Infix::Arith(Arith::Add), 9),
        "-" => (Infix::Arith(Arith::Sub), 9),
        "*" => (Infix::Arith(Arith::Mul), 10),
        "/" => (Infix::Arith(Arith::Div), 10),
        "%" => (Infix::Arith(Arith::Rem), 10),
        _ => return None,
    })
}

/// Reads a whole expression. Places are those in `text`.
///
/// # Errors
/// With the first place that does not fit.
pub fn parse(text: &str) -> Result<Node<'_>, RuleError> {
    if text.len() > MAX_SOURCE {
        let message = format!(
            "the expression has {} bytes, and {MAX_SOURCE} are the most",
            text.len()
        );
        return Err(RuleError::new(codes::TOO_LARGE, 0..text.len(), message));
    }
    let mut parser = Parser {
        text,
        tokens: tokens(text)?,
        at: 0,
        depth: 0,
    };
    let node = parser.expression()?;
    match parser.peek() {
        None => Ok(node),
        Some(_) => Err(parser.unexpected("an operator or the end")),
    }
}

struct Parser<'s> {
    text: &'s str,
    tokens: Vec<(Token<'s>, Span)>,
    at: usize,
    depth: usize,
}

impl<'s> Parser<'s> {
    fn peek(&self) -> Option<&Token<'s>> {
        self.tokens.get(self.at).map(|(token, _)| token)
    }

    fn at_symbol(&self, sign: &str) -> bool {
        matches!(self.peek(), Some(Token::Symbol(s)) if *s == sign)
    }

    fn eat(&mut self, sign: &str) -> bool {
        let here = self.at_symbol(sign);
        self.at += usize::from(here);
        here
    }

    /// The place of the next token, or the end.
    fn here(&self) -> Span {
        self.tokens
            .get(self.at)
            .map_or(self.text.len()..self.text.len(), |(_, span)| span.clone())
    }

    /// The end of the last token read.
    fn end(&self) -> usize {
        self.at
            .checked_sub(1)
            .and_then(|last| self.tokens.get(last))
            .map_or(0, |(_, span)| span.end)
    }

    fn unexpected(&self, expected: &str) -> RuleError {
        let span = self.here();
        let got = match self.text.get(span.clone()) {
            Some(got) if !got.is_empty() => format!("`{got}`"),
            _ => "the end".to_owned(),
        };
        RuleError::new(
            codes::SYNTAX,
            span,
            format!("expected {expected}, got {got}"),
        )
    }

    fn expect(&mut self, sign: &str, opened: &Span) -> Result<(), RuleError> {
        if self.eat(sign) {
            return Ok(());
        }
        let opener = self.text.get(opened.clone()).unwrap_or_default();
        Err(self.unexpected(&format!("`{sign}` for this `{opener}`")))
    }

    fn node(&self, kind: Kind<'s>, start: usize) -> Result<Node<'s>, RuleError> {
        let node = Node::new(kind, start..self.end());
        if node.height > MAX_DEPTH {
            return Err(too_deep(node.span));
        }
        Ok(node)
    }

    /// One level further in.
    fn deeper(&mut self) -> Result<(), RuleError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(too_deep(self.here()));
        }
        Ok(())
    }

    fn expression(&mut self) -> Result<Node<'s>, RuleError> {
        let condition = self.binary(OR)?;
        let question = self.here();
        if !self.eat("?") {
            return Ok(condition);
        }
        self.deeper()?;
        let then = self.expression()?;
        self.expect(":", &question)?;
        let otherwise = self.expression()?;
        self.depth -= 1;
        let start = condition.span.start;
        self.node(Kind::Choose(Box::new([condition, then, otherwise])), start)
    }

    /// An operand and all operators after it that bind at least as tightly as `min`.
    fn binary(&mut self, min: u8) -> Result<Node<'s>, RuleError> {
        self.deeper()?;
        let start = self.here().start;
        let mut left = self.prefix(min)?;
        let mut compared = false;
        while let Some((operator, power)) = self
            .peek()
            .and_then(infix)
            .filter(|(_, power)| *power >= min)
        {
            if compared && power == COMPARE {
                let help = "write `a < b and b < c`";
                return Err(RuleError::new(
                    codes::CHAINED,
                    self.here(),
                    "comparisons do not chain",
                )
                .help(help));
            }
            compared = power == COMPARE;
            self.at += 1;
            let right = self.binary(power + 1)?;
            left = self.join(operator, left, right, start)?;
        }
        self.depth -= 1;
        Ok(left)
    }

    fn join(
        &self,
        operator: Infix,
        mut left: Node<'s>,
        right: Node<'s>,
        start: usize,
    ) -> Result<Node<'s>, RuleError> {
        // Chains of `and` and of `or` become one node, however long, so that they do not nest.
        if let (Infix::And, Kind::All(all)) | (Infix::Or, Kind::Any(all)) =
            (operator, &mut left.kind)
        {
            left.height = left.height.max(right.height + 1);
            left.span = start..self.end();
            all.push(right);
            return if left.height > MAX_DEPTH {
                Err(too_deep(left.span))
            } else {
                Ok(left)
            };
        }
        let kind = match operator {
            Infix::And => Kind::All(vec![left, right]),
            Infix::Or => Kind::Any(vec![left, right]),
            Infix::Compare(op) => Kind::Compare(op, Box::new([left, right])),
            Infix::Arith(op) => Kind::Arith(op, Box::new([left, right])),
        };
        self.node(kind, start)
    }

    fn prefix(&mut self, min: u8) -> Result<Node<'s>, RuleError> {
        let start = self.here().start;
        let operator = match self.peek() {
            Some(Token::Name("not")) if min <= NOT => {
                self.at += 1;
                let operand = self.binary(NOT)?;
                return self.node(Kind::Not(Box::new(operand)), start);
            }
            Some(Token::Symbol("-")) => Unary::Negate,
            Some(Token::Symbol("+")) => Unary::Plus,
            Some(Token::Symbol("~")) => Unary::Invert,
            _ => return self.postfix(),
        };
        self.at += 1;
        let operand = self.binary(UNARY)?;
        self.node(Kind::Unary(operator, Box::new(operand)), start)
    }

    fn postfix(&mut self) -> Result<Node<'s>, RuleError> {
        let start = self.here().start;
        let mut node = self.primary()?;
        loop {
            let here = self.here();
            let kind = if self.eat(".") {
                let name = self.name("a name after the `.`")?;
                if name == "as" && self.at_symbol("<") {
                    Kind::Cast(Box::new(node), self.type_name()?)
                } else {
                    Kind::Attr(Box::new(node), name)
                }
            } else if self.eat("[") {
                let index = self.expression()?;
                self.expect("]", &here)?;
                Kind::Index(Box::new([node, index]))
            } else if self.at_symbol("(") && matches!(node.kind, Kind::Name(_) | Kind::Attr(..)) {
                self.at += 1;
                Kind::Call(Box::new(node), self.list(")", &here)?)
            } else {
                return Ok(node);
            };
            node = self.node(kind, start)?;
        }
    }

    /// `<type>`, as written between the brackets.
    fn type_name(&mut self) -> Result<&'s str, RuleError> {
        let opened = self.here();
        self.expect("<", &opened)?;
        self.eat("::");
        let start = self.here().start;
        self.name("the name of a type")?;
        while self.eat("::") {
            self.name("a name after the `::`")?;
        }
        if self.eat("[") {
            self.expect("]", &opened)?;
        }
        let end = self.end();
        self.expect(">", &opened)?;
        Ok(self.text.get(start..end).unwrap_or_default())
    }

    fn name(&mut self, expected: &str) -> Result<&'s str, RuleError> {
        let Some(Token::Name(name)) = self.peek() else {
            return Err(self.unexpected(expected));
        };
        let name = *name;
        self.at += 1;
        Ok(name)
    }

    /// The rest of a list in brackets whose opening one is read; a last comma is allowed.
    fn list(&mut self, close: &str, opened: &Span) -> Result<Vec<Node<'s>>, RuleError> {
        let mut all = Vec::new();
        while !self.at_symbol(close) {
            all.push(self.expression()?);
            if !self.eat(",") {
                break;
            }
        }
        self.expect(close, opened)?;
        Ok(all)
    }

    fn primary(&mut self) -> Result<Node<'s>, RuleError> {
        let here = self.here();
        let kind = match self.peek() {
            Some(Token::Int(n)) => Kind::Int(*n),
            Some(Token::Float(x)) => Kind::Float(*x),
            Some(Token::Str(_)) => return self.text(here.start),
            Some(Token::Name("true")) => Kind::Bool(true),
            Some(Token::Name("false")) => Kind::Bool(false),
            Some(Token::Name("null")) => Kind::Null,
            Some(Token::Name("sizeof")) if self.follows("<") => return self.size_of(false),
            Some(Token::Name("bitsizeof")) if self.follows("<") => return self.size_of(true),
            Some(Token::Format(parts)) => {
                let parts = parts.clone();
                self.at += 1;
                return self.format(&parts, here.start);
            }
            Some(Token::Name(name)) if !matches!(*name, "and" | "or" | "not") => {
                return self.named();
            }
            Some(Token::Symbol("::")) => return self.named(),
            Some(Token::Symbol("(")) => return self.bracketed(&here),
            Some(Token::Symbol("[")) => {
                self.at += 1;
                let all = self.list("]", &here)?;
                return self.node(Kind::List(all), here.start);
            }
            _ => return Err(self.unexpected("a value")),
        };
        self.at += 1;
        self.node(kind, here.start)
    }

    /// Texts that follow each other are one.
    fn text(&mut self, start: usize) -> Result<Node<'s>, RuleError> {
        let mut whole: Option<ByteString> = None;
        while let Some(Token::Str(text)) = self.peek() {
            whole = Some(match whole {
                Some(before) => format!("{before}{text}").into(),
                None => text.clone(),
            });
            self.at += 1;
        }
        self.node(Kind::Str(whole.unwrap_or_default()), start)
    }

    /// Whether the token after the next one is `sign`.
    fn follows(&self, sign: &str) -> bool {
        let after = self.tokens.get(self.at + 1);
        matches!(after, Some((Token::Symbol(s), _)) if *s == sign)
    }

    fn size_of(&mut self, bits: bool) -> Result<Node<'s>, RuleError> {
        let start = self.here().start;
        self.at += 1;
        let of = self.type_name()?;
        self.node(Kind::SizeOf { bits, of }, start)
    }

    /// The parts of a text with expressions in it, each of which is parsed on its own.
    fn format(&self, parts: &[Piece], start: usize) -> Result<Node<'s>, RuleError> {
        let mut nodes = Vec::new();
        for part in parts {
            nodes.push(match part {
                Piece::Text(text) => Node::new(Kind::Str(text.clone()), start..self.end()),
                Piece::Code(code) => self.embedded(code)?,
            });
        }
        self.node(Kind::Format(nodes), start)
    }

    fn embedded(&self, code: &Span) -> Result<Node<'s>, RuleError> {
        let shift = |span: &Span| span.start + code.start..span.end + code.start;
        let text = self.text.get(code.clone()).unwrap_or_default();
        let moved = |error: RuleError| RuleError {
            span: shift(&error.span),
            ..error
        };
        let mut tokens = tokens(text).map_err(moved)?;
        for (token, span) in &mut tokens {
            *span = shift(span);
            if let Token::Format(pieces) = token {
                place(pieces, code.start);
            }
        }
        let mut inner = Parser {
            text: self.text,
            tokens,
            at: 0,
            depth: self.depth + 1,
        };
        let node = inner.expression()?;
        match inner.peek() {
            None => Ok(node),
            Some(_) => Err(inner.unexpected("an operator or the closing brace")),
        }
    }

    fn bracketed(&mut self, here: &Span) -> Result<Node<'s>, RuleError> {
        self.at += 1;
        let inner = self.expression()?;
        self.expect(")", here)?;
        Ok(inner)
    }

    /// A name, or `enumeration::label` where the enumeration may be a path itself. A path that
    /// begins with `::` means what it means without.
    fn named(&mut self) -> Result<Node<'s>, RuleError> {
        let start = self.here().start;
        let from_top = self.eat("::");
        let path = self.here().start;
        let mut label = self.name("a name")?;
        let mut enumeration = None;
        while self.at_symbol("::") {
            enumeration = self.text.get(path..self.end());
            self.at += 1;
            label = self.name("a label after the `::`")?;
        }
        if from_top && enumeration.is_none() {
            return Err(self.unexpected("`::` and a label"));
        }
        let kind = match enumeration {
            Some(enumeration) => Kind::Label { enumeration, label },
            None => Kind::Name(label),
        };
        self.node(kind, start)
    }
}

fn too_deep(span: Span) -> RuleError {
    let message = format!("the expression nests more than {MAX_DEPTH} levels deep");
    RuleError::new(codes::TOO_LARGE, span, message).help("split the rule in two")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn format(text: &str) -> Vec<Kind<'_>> {
        match parse(text).unwrap().kind {
            Kind::Format(parts) => parts.into_iter().map(|part| part.kind).collect(),
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn text_with_expressions_in_it() {
        assert_eq!(format("f\"\""), []);
        assert_eq!(
            format(r#"f"a\n{b}""#),
            [Kind::Str("a\n".into()), Kind::Name("b")]
        );
        assert_eq!(format("f\"{'}'}\""), [Kind::Str("}".into())]);
        assert_eq!(format(r#"f"{"}\"}"}""#), [Kind::Str("}\"}".into())]);
        let inner = Kind::Format(vec![Node::new(Kind::Name("a"), 6..7)]);
        assert_eq!(format(r#"f"{f"{a}"}""#), [inner]);
        let node = parse("1 + f\"x{ foo }\"").unwrap();
        let Kind::Arith(_, two) = &node.kind else {
            panic!("{node:?}")
        };
        let Kind::Format(parts) = &two[1].kind else {
            panic!("{node:?}")
        };
        assert_eq!(parts[1].span, 9..12);
        for bad in [
            "f\"",
            "f\"{a",
            "f\"{a\"",
            "f\"{}\"",
            "f\"{a b}\"",
            "f\"{f\"x}\"",
        ] {
            parse(bad).expect_err(bad);
        }
    }

    #[test]
    fn literals_in_several_forms() {
        for (text, kind) in [
            (".5", Kind::Float(0.5)),
            ("5.", Kind::Float(5.0)),
            ("5 \\\n", Kind::Int(5)),
            ("5e-1", Kind::Float(0.5)),
            (r#""a" 'b' "\1012""#, Kind::Str("ab\u{20a}".into())),
        ] {
            assert_eq!(parse(text).unwrap().kind, kind, "{text}");
        }
        // The point before a member's name is not a number's, whatever stands before it.
        for text in ["5.to_s", "5 . to_s", "[5].size", "a > .5", "5.e"] {
            assert!(
                !matches!(parse(text).unwrap().kind, Kind::Float(_)),
                "{text}"
            );
        }
        parse("[5].5").expect_err("a number is no name");
    }

    #[test]
    fn casts_and_sizes() {
        let node = parse("a.b.as<x::y>.c").unwrap();
        let Kind::Attr(of, "c") = node.kind else {
            panic!("{node:?}")
        };
        assert!(matches!(of.kind, Kind::Cast(_, "x::y")), "{of:?}");
        assert!(matches!(
            parse("[1].as<u1[]>").unwrap().kind,
            Kind::Cast(_, "u1[]")
        ));
        let size = |bits, of| Kind::SizeOf { bits, of };
        assert_eq!(parse("sizeof<u4>").unwrap().kind, size(false, "u4"));
        assert_eq!(parse("bitsizeof<a::b>").unwrap().kind, size(true, "a::b"));
        // Names of fields as any others.
        assert_eq!(parse("sizeof").unwrap().kind, Kind::Name("sizeof"));
        assert!(matches!(parse("as < b").unwrap().kind, Kind::Compare(..)));
        for bad in ["a.as<", "a.as<>", "a.as<b", "sizeof<1>", "a.as<b::>"] {
            parse(bad).expect_err(bad);
        }
    }
}
