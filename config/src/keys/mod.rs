//! All keys of a configuration, one row each. Reading, suggestions, defaults and `explain` go by
//! these rows: a key that has none cannot be used.

#[cfg(test)]
mod agreement;
pub(crate) mod discovery;
pub(crate) mod endpoints;
pub(crate) mod forwarded;
pub(crate) mod gateway;
pub(crate) mod listener;
pub(crate) mod listener_tls;
pub(crate) mod route;
pub(crate) mod session;
pub(crate) mod upstream;
pub(crate) mod websocket;

use std::fmt::Write as _;
use std::ops::RangeInclusive;
use std::time::Duration;

/// One key.
#[derive(Debug)]
pub(crate) struct Key {
    /// Where it stands: segments with dots between them, `*` for a name of the user's choice,
    /// `[]` behind the name of a list of tables.
    pub(crate) path: &'static str,
    /// What it takes.
    pub(crate) kind: Kind,
    /// What holds without it.
    pub(crate) fallback: Fallback,
    /// What it means.
    pub(crate) doc: &'static str,
    /// For limits: what its worst case costs in memory.
    pub(crate) memory: Option<&'static str>,
}

/// What a key takes.
#[derive(Debug)]
pub(crate) enum Kind {
    /// A table with keys of its own.
    Table,
    /// A table whose keys are names, each with a table of its own.
    Named,
    /// A list of tables.
    Tables,
    /// A number.
    Count(RangeInclusive<u64>),
    /// A number of bytes.
    Size(RangeInclusive<u64>),
    /// A time.
    Duration(RangeInclusive<Duration>),
    /// A number of hundredths.
    Share(RangeInclusive<u64>),
    /// `true` or `false`.
    Flag,
    /// One of a few words.
    Choice(&'static [&'static str]),
    /// Text, in words what.
    Text(&'static str),
    /// One text or a list of them, in words what.
    Texts(&'static str),
    /// Text in which `${VARIABLE}` is replaced, in words what.
    Expanded(&'static str),
    /// One such text or a list of them, in words what.
    ExpandedTexts(&'static str),
    /// One such text, or a table with it and more, or a list of either; in words what.
    ExpandedTextsOrTables(&'static str),
    /// One table or a list of them, in words what.
    TableOrTables(&'static str),
    /// Anything of another form, in words what; what stands in it is not looked at here.
    Free(&'static str),
}

/// What holds without a key.
#[derive(Debug)]
pub(crate) enum Fallback {
    /// It must be there.
    Required,
    /// This value, as TOML writes it.
    Value(&'static str),
    /// Something that depends on the rest, in words.
    Derived(&'static str),
    /// Nothing.
    Absent,
}

/// Every row.
pub(crate) fn all() -> impl Iterator<Item = &'static Key> + Clone {
    [
        gateway::KEYS,
        listener::KEYS,
        listener_tls::KEYS,
        forwarded::KEYS,
        websocket::KEYS,
        upstream::KEYS,
        endpoints::KEYS,
        session::KEYS,
        discovery::KEYS,
        route::KEYS,
    ]
    .into_iter()
    .flatten()
    .copied()
}

/// The rows directly below a path; the outermost for an empty one.
pub(crate) fn below<'p>(path: &'p str) -> impl Iterator<Item = &'static Key> + Clone + 'p {
    all().filter(move |key| key.parent() == path)
}

/// The rows that somebody means by `typed`: a row's path, a path with real names in it, or the
/// last segments of either.
pub(crate) fn meant_by(typed: &str) -> Vec<&'static Key> {
    let typed: Vec<&str> = typed.split('.').collect();
    let exact: Vec<_> = all()
        .filter(|key| key.segments().len() == typed.len() && key.ends_like(&typed))
        .collect();
    if exact.is_empty() {
        all().filter(|key| key.ends_like(&typed)).collect()
    } else {
        exact
    }
}

impl Key {
    const fn table(path: &'static str, doc: &'static str) -> Self {
        Self {
            path,
            kind: Kind::Table,
            fallback: Fallback::Absent,
            doc,
            memory: None,
        }
    }

    const fn new(path: &'static str, kind: Kind, fallback: Fallback, doc: &'static str) -> Self {
        Self {
            path,
            kind,
            fallback,
            doc,
            memory: None,
        }
    }

    const fn memory(mut self, memory: &'static str) -> Self {
        self.memory = Some(memory);
        self
    }

    /// Its last segment: the key as it stands in its table.
    pub(crate) fn name(&self) -> &'static str {
        let last = self.path.rsplit('.').next().unwrap_or(self.path);
        last.strip_suffix("[]").unwrap_or(last)
    }

    /// The path of its table.
    pub(crate) fn parent(&self) -> &'static str {
        self.path.rsplit_once('.').map_or("", |(parent, _)| parent)
    }

    fn segments(&self) -> Vec<&'static str> {
        self.path.split('.').collect()
    }

    fn ends_like(&self, typed: &[&str]) -> bool {
        let segments = self.segments();
        typed.len() <= segments.len()
            && segments
                .iter()
                .rev()
                .zip(typed.iter().rev())
                .all(|(segment, word)| {
                    *segment == "*" || segment.trim_end_matches("[]") == word.trim_end_matches("[]")
                })
            && !(typed.len() == 1 && segments.last() == Some(&"*"))
    }

    /// What `explain` says.
    pub(crate) fn explain(&self) -> String {
        let mut text = format!(
            "{}\n\n  {}\n\n  takes    {}\n",
            self.path,
            self.doc,
            self.kind.describe()
        );
        if self.kind.is_expanded() {
            text.push_str("           ${VARIABLE} and ${VARIABLE:-default} are replaced in it\n");
        }
        let _ = writeln!(text, "  default  {}", self.fallback.describe());
        if let Some(memory) = self.memory {
            let _ = writeln!(text, "  memory   {memory}");
        }
        for (row, names) in self.names_within().chunks(6).enumerate() {
            let title = if row == 0 { "keys" } else { "" };
            let _ = writeln!(text, "  {title:8} {}", names.join(", "));
        }
        text
    }

    /// The keys of its table, or of each of its tables.
    fn names_within(&self) -> Vec<&'static str> {
        let each = format!("{}.*", self.path);
        let (own, of_each) = (below(self.path), below(&each));
        let names = own.chain(of_each).map(Self::name);
        names.filter(|name| *name != "*").collect()
    }
}

impl Fallback {
    fn describe(&self) -> &'static str {
        match self {
            Self::Required => "none: it must be given",
            Self::Value(text) | Self::Derived(text) => text,
            Self::Absent => "none",
        }
    }
}

impl Kind {
    /// What it takes, in words and with bounds.
    pub(crate) fn describe(&self) -> String {
        let list = |what: &str| format!("{what}, or a list of such");
        match self {
            Self::Table => "a table".to_owned(),
            Self::Named => "tables by name".to_owned(),
            Self::Tables => "a list of tables".to_owned(),
            Self::Count(range) => format!("an integer from {} to {}", range.start(), range.end()),
            Self::Size(range) => {
                let (least, most) = (size(*range.start()), size(*range.end()));
                format!("a size such as \"64KiB\", from {least} to {most}")
            }
            Self::Duration(range) => {
                let (least, most) = (time(*range.start()), time(*range.end()));
                format!("a duration such as \"800ms\" or \"5m\", from {least} to {most}")
            }
            Self::Share(range) => {
                let (least, most) = (range.start(), range.end());
                format!("a share such as \"10%\", from {least}% to {most}%")
            }
            Self::Flag => "true or false".to_owned(),
            Self::Choice(words) => {
                let words: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
                words.join(" or ")
            }
            Self::Text(what) | Self::Free(what) | Self::Expanded(what) => (*what).to_owned(),
            Self::Texts(what) | Self::ExpandedTexts(what) | Self::TableOrTables(what) => list(what),
            Self::ExpandedTextsOrTables(what) => {
                list(&format!("{what}, or a table with such a `url`"))
            }
        }
    }

    /// Whether `${VARIABLE}` is replaced in it.
    const fn is_expanded(&self) -> bool {
        matches!(
            self,
            Self::Expanded(_) | Self::ExpandedTexts(_) | Self::ExpandedTextsOrTables(_)
        )
    }
}

/// A number of bytes as the configuration writes it.
pub(crate) fn size(bytes: u64) -> String {
    let units = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    match units
        .into_iter()
        .find(|(unit, _)| bytes >= *unit && bytes.is_multiple_of(*unit))
    {
        Some((unit, name)) => format!("{}{name}", bytes / unit),
        None => format!("{bytes}B"),
    }
}

/// A duration as the configuration writes it.
pub(crate) fn time(duration: Duration) -> String {
    let micros = duration.as_micros();
    let units = [
        (86_400_000_000, "d"),
        (3_600_000_000, "h"),
        (60_000_000, "m"),
        (1_000_000, "s"),
        (1000, "ms"),
    ];
    match units
        .into_iter()
        .find(|(unit, _)| micros >= *unit && micros.is_multiple_of(*unit))
    {
        Some((unit, name)) => format!("{}{name}", micros / unit),
        None => format!("{micros}us"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_row_is_there_once_below_a_table_and_says_what_it_means() {
        let mut paths: Vec<_> = all().map(|key| key.path).collect();
        paths.sort_unstable();
        assert!(
            paths.windows(2).all(|pair| pair[0] != pair[1]),
            "a key twice"
        );
        for key in all() {
            let above = all().any(|above| above.path == key.parent());
            assert!(
                key.parent().is_empty() || above,
                "{} hangs in the air",
                key.path
            );
            assert!(key.doc.ends_with('.'), "{}", key.path);
        }
    }

    #[test]
    fn a_table_names_its_keys() {
        let explain = |path| meant_by(path)[0].explain();
        for path in ["listeners", "listeners.shop"] {
            let said = explain(path);
            assert!(said.contains("\n  keys     "), "{said}");
            assert!(said.contains("protocol"), "{said}");
        }
        let said = explain("listeners.shop.websocket");
        assert!(
            said.ends_with("\n  keys     origins, subprotocols\n"),
            "{said}"
        );
        assert!(!explain("listeners.shop.protocol").contains("  keys"));
    }

    #[test]
    fn each_limit_has_a_bound_a_default_and_a_cost() {
        let limits: Vec<_> = all()
            .filter(|key| key.parent().ends_with(".limits"))
            .collect();
        assert!(limits.len() >= 14);
        for key in limits {
            let bound = match &key.kind {
                Kind::Count(range) | Kind::Size(range) => {
                    *range.end() <= 1 << 40 && *range.start() > 0
                }
                Kind::Duration(range) => {
                    *range.end() <= Duration::from_secs(86_400) && *range.start() > Duration::ZERO
                }
                _ => false,
            };
            assert!(bound, "{} has no bound", key.path);
            assert!(
                matches!(key.fallback, Fallback::Value(_)),
                "{} has no default",
                key.path
            );
            assert!(
                key.memory.is_some(),
                "{} does not say what it costs",
                key.path
            );
        }
        assert!(!all().any(|key| key.explain().contains("unlimited")));
    }

    #[test]
    fn a_key_is_found_as_people_type_it() {
        let path = |typed| {
            meant_by(typed)
                .iter()
                .map(|key| key.path)
                .collect::<Vec<_>>()
        };
        assert_eq!(
            path("listeners.*.limits.frame"),
            ["listeners.*.limits.frame"]
        );
        assert_eq!(
            path("listeners.pos-tls.limits.frame"),
            ["listeners.*.limits.frame"]
        );
        assert_eq!(
            path("limits.idle"),
            ["listeners.*.limits.idle", "upstreams.*.limits.idle"]
        );
        assert_eq!(path("routes.reply.on"), ["routes[].reply[].on"]);
        assert_eq!(path("listeners"), ["listeners"]);
        assert!(path("colour").is_empty());
    }

    #[test]
    fn numbers_are_shown_as_they_are_typed() {
        assert_eq!(
            [size(1), size(65536), size(3 << 20)],
            ["1B", "64KiB", "3MiB"]
        );
        assert_eq!(
            [
                time(Duration::from_millis(1500)),
                time(Duration::from_secs(300))
            ],
            ["1500ms", "5m"]
        );
    }
}
