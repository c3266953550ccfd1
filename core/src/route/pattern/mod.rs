//! Which HTTP requests a route takes: `POST /v1/merchants/{merchant}/authorisations`.
//!
//! ```text
//! GET|HEAD /files/{owner}/{path...}
//! methods  text    segment  the rest
//! ```
//!
//! A path is compared segment by segment, each percent-decoded by itself, so that an encoded slash
//! never ends a segment. Paths with a segment `.` or `..`, in whatever spelling, are nobody's:
//! servers resolve them against the path instead of looking them up. Nor does the rest of a path
//! have an empty segment before its end: where servers merge slashes, the path is another one.

mod parse;
mod path;
mod percent;

pub(crate) use path::Path;
pub(crate) use percent::form_decoded;

use http::Method;

/// The methods and paths that a route takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pattern {
    methods: Methods,
    segments: Box<[Segment]>,
    /// What takes all segments after these, if they may be followed by more.
    rest: Option<Box<str>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Methods {
    Any,
    /// These, in their order.
    Only(Box<[Method]>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Segment {
    /// This text, decoded.
    Text(Box<str>),
    /// Any that is not empty, by this name.
    Named(Box<str>),
}

/// Where the value of a name stands in a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Captured {
    /// It is this segment.
    Segment(usize),
    /// It is everything from this segment on.
    From(usize),
}

impl Pattern {
    /// Whether requests with this method are taken.
    pub(super) fn takes_method(&self, method: &str) -> bool {
        match &self.methods {
            Methods::Any => true,
            Methods::Only(methods) => methods.iter().any(|m| m.as_str() == method),
        }
    }

    /// Whether requests for this path are taken.
    pub(super) fn takes_path(&self, path: &Path<'_>) -> bool {
        let here = self.segments.len();
        let counts = match self.rest {
            None => path.segments().len() == here,
            Some(_) => path.segments().len() > here,
        };
        counts
            && (self.segments.iter().zip(path.segments())).all(|(s, raw)| s.takes(raw))
            && (self.rest.is_none() || takes_rest(path.segments().skip(here)))
    }

    /// The methods that it names; none if it takes all.
    pub(super) fn methods(&self) -> &[Method] {
        match &self.methods {
            Methods::Any => &[],
            Methods::Only(methods) => methods,
        }
    }

    /// Where the value of a name is.
    pub(crate) fn find(&self, name: &str) -> Option<Captured> {
        let named = |segment: &Segment| matches!(segment, Segment::Named(n) if **n == *name);
        let found = self.segments.iter().position(named);
        found.map(Captured::Segment).or_else(|| {
            let rest = self.rest.as_deref().filter(|rest| *rest == name);
            rest.map(|_| Captured::From(self.segments.len()))
        })
    }

    /// All names.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        let named = self.segments.iter().filter_map(|segment| match segment {
            Segment::Named(name) => Some(&**name),
            Segment::Text(_) => None,
        });
        named.chain(self.rest.as_deref())
    }

    /// Whether every request that the other takes is taken.
    pub(super) fn covers(&self, other: &Self) -> bool {
        let here = self.segments.len();
        let counts = match (&self.rest, &other.rest) {
            (None, None) => here == other.segments.len(),
            (None, Some(_)) => false,
            (Some(_), None) => here < other.segments.len(),
            (Some(_), Some(_)) => here <= other.segments.len(),
        };
        // What is named `{name...}` takes no encoded slash, and what comes there may have one.
        let last = other.segments.len() - usize::from(other.rest.is_none());
        let plain = |(at, segment): (usize, &Segment)| match segment {
            Segment::Text(text) => !text.contains('/') && (!text.is_empty() || at == last),
            Segment::Named(_) => false,
        };
        let mut beyond = other.segments.iter().enumerate().skip(here);
        self.methods.cover(&other.methods)
            && counts
            && (self.rest.is_none() || beyond.all(plain))
            && (self.segments.iter().zip(&other.segments)).all(|(own, other)| own.covers(other))
    }
}

/// Whether these can be the rest of a path.
fn takes_rest<'p>(mut segments: impl ExactSizeIterator<Item = &'p str>) -> bool {
    while let Some(segment) = segments.next() {
        let ends_early = segment.is_empty() && segments.len() > 0;
        if ends_early || percent::has_slash(segment) {
            return false;
        }
    }
    true
}

impl Methods {
    fn cover(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Any, _) => true,
            (Self::Only(_), Self::Any) => false,
            (Self::Only(own), Self::Only(other)) => other.iter().all(|m| own.contains(m)),
        }
    }
}

impl Segment {
    fn takes(&self, raw: &str) -> bool {
        match self {
            Self::Text(text) => percent::is(raw, text),
            Self::Named(_) => !raw.is_empty(),
        }
    }

    fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Text(own), Self::Text(other)) => own == other,
            (Self::Text(_), Self::Named(_)) => false,
            (Self::Named(_), Self::Text(text)) => !text.is_empty(),
            (Self::Named(_), Self::Named(_)) => true,
        }
    }
}
