//! Reading a pattern, with the place of what is wrong in it.

use super::{Methods, Pattern, Segment, percent};
use crate::expr::{RuleError, Source};
use crate::route::codes::PATTERN;
use bytestring::ByteString;
use http::Method;
use std::ops::Range;

/// How it is written.
const FORM: &str = "a method and a path, such as `GET /v1/orders/{id}` or `* /files/{path...}`";

impl Pattern {
    /// Reads what a route calls its operation.
    pub(crate) fn parse(source: &Source) -> Result<Self, RuleError> {
        let text = source.text();
        let Some(space) = text.find(' ') else {
            let error = error(source, 0..text.len(), "this is not a method and a path");
            return Err(error.help(format!("it is {FORM}")));
        };
        let path = text.len() - text[space..].trim_start_matches(' ').len();
        let mut reader = Reader {
            source,
            segments: Vec::new(),
            rest: None,
        };
        let methods = methods(source, &text[..space])?;
        reader.path(path)?;
        Ok(Self {
            methods,
            segments: reader.segments.into(),
            rest: reader.rest,
        })
    }
}

fn error(source: &Source, part: Range<usize>, message: impl Into<String>) -> RuleError {
    RuleError::new(PATTERN, source.locate(part), message)
}

/// `*`, or tokens with `|` between (RFC 9110, section 9.1).
fn methods(source: &Source, text: &str) -> Result<Methods, RuleError> {
    if text == "*" {
        return Ok(Methods::Any);
    }
    let mut methods: Vec<Method> = Vec::new();
    let mut start = 0;
    for name in text.split('|') {
        let part = start..start + name.len();
        start = part.end + 1;
        let method = method(name).map_err(|help| {
            let message = format!("`{}` is no method that a route takes", name.escape_debug());
            error(source, part.clone(), message).help(help)
        })?;
        if methods.contains(&method) {
            return Err(error(source, part, format!("`{method}` is named twice")));
        }
        methods.push(method);
    }
    Ok(Methods::Only(methods.into()))
}

/// The method, or a way out.
fn method(name: &str) -> Result<Method, String> {
    let upper = name.to_ascii_uppercase();
    if upper == "CONNECT" {
        return Err("CONNECT asks a proxy for a tunnel and has no path".to_owned());
    }
    match Method::from_bytes(name.as_bytes()) {
        Ok(method) if upper == name => Ok(method),
        Ok(_) => Err(format!("methods tell upper from lower case: `{upper}`")),
        Err(_) => Err("such as `GET`, `GET|HEAD`, or `*` for all".to_owned()),
    }
}

/// Reads the path.
struct Reader<'s> {
    source: &'s Source,
    segments: Vec<Segment>,
    rest: Option<Box<str>>,
}

impl Reader<'_> {
    fn path(&mut self, start: usize) -> Result<(), RuleError> {
        let text = self.source.text();
        let Some(inner) = text.get(start..).and_then(|path| path.strip_prefix('/')) else {
            let first = text[start..].chars().next().map_or(0, char::len_utf8);
            let error = self.error(start..start + first, "the path does not start with `/`");
            return Err(error.help(format!("it is {FORM}")));
        };
        let mut at = start + 1;
        for segment in inner.split('/') {
            let place = at..at + segment.len();
            at = place.end + 1;
            if self.rest.is_some() {
                let message = "nothing can follow what takes the rest of the path";
                return Err(self.error(place, message));
            }
            self.segment(segment, place)?;
        }
        Ok(())
    }

    fn segment(&mut self, segment: &str, place: Range<usize>) -> Result<(), RuleError> {
        let inner = segment
            .strip_prefix('{')
            .and_then(|s| s.strip_suffix('}'))
            .filter(|inner| !inner.contains(['{', '}']));
        let Some(inner) = inner else {
            let text = self.text(segment, place)?;
            self.segments.push(Segment::Text(text));
            return Ok(());
        };
        match inner.strip_suffix("...") {
            Some(name) => self.rest = Some(self.name(name, place)?),
            None => {
                let name = self.name(inner, place)?;
                self.segments.push(Segment::Named(name));
            }
        }
        Ok(())
    }

    fn name(&self, name: &str, place: Range<usize>) -> Result<Box<str>, RuleError> {
        let mut chars = name.chars();
        let first = chars
            .next()
            .is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
        if !first || !chars.all(|c| c.is_ascii_alphanumeric() || c == '_') {
            let message = "this cannot be the name of a part of the path";
            let help = "letters, digits and `_`, such as `{merchant}`; `{path...}` takes the rest";
            return Err(self.error(place, message).help(help));
        }
        let named = |segment: &Segment| matches!(segment, Segment::Named(n) if **n == *name);
        if self.segments.iter().any(named) {
            return Err(self.error(place, format!("`{name}` is named twice")));
        }
        Ok(name.into())
    }

    /// A segment that is to be the same, decoded.
    fn text(&self, segment: &str, place: Range<usize>) -> Result<Box<str>, RuleError> {
        for (at, c) in segment.char_indices() {
            let here = place.start + at..place.start + at + c.len_utf8();
            let help = match c {
                '{' | '}' => "a name takes a whole segment: `/{name}/`",
                '?' | '#' => {
                    "a path ends here; of the query tells `when`, such as `query.x == '1'`"
                }
                c if c.is_control() || c == ' ' => "in a path it is percent-encoded",
                _ => continue,
            };
            return Err(self
                .error(here, "this cannot stand in the path of a route")
                .help(help));
        }
        if percent::has_dots(segment) {
            let message = "no request for a path with a segment `.` or `..` is taken";
            return Err(self.error(place, message));
        }
        let whole = ByteString::from(segment);
        let text = percent::decoded(&whole, &whole).ok_or_else(|| {
            self.error(place, "this is not percent-encoded text")
                .help("a percent sign itself is %25")
        })?;
        Ok((&*text).into())
    }

    fn error(&self, part: Range<usize>, message: impl Into<String>) -> RuleError {
        error(self.source, part, message)
    }
}
