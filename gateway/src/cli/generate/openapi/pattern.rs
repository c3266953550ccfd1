//! The paths of routes as OpenAPI writes them.

/// What a route takes: methods and a path. It was read before, and is good.
#[derive(Debug)]
pub(super) struct Pattern {
    /// As written; none if it takes all.
    methods: Vec<String>,
    /// With `{name}` for its parts.
    pub(super) path: String,
    /// Of the parts, in their order.
    pub(super) names: Vec<String>,
}

/// The methods that OpenAPI 3.1 knows, as it writes them.
pub(super) const METHODS: [&str; 8] = [
    "get", "put", "post", "delete", "options", "head", "patch", "trace",
];

impl Pattern {
    /// Reads `METHOD|METHOD /path/{name}`.
    pub(super) fn of(operation: &str) -> Option<Self> {
        let (methods, path) = operation.split_once(' ')?;
        let segments = path.trim_start_matches([' ', '/']).split('/');
        let mut pattern = Self {
            methods: Vec::new(),
            path: String::new(),
            names: Vec::new(),
        };
        if methods != "*" {
            pattern.methods = methods.split('|').map(str::to_ascii_lowercase).collect();
        }
        for segment in segments {
            pattern.segment(segment);
        }
        Some(pattern)
    }

    /// OpenAPI has no parts of several segments: what takes the rest is a part like any other.
    fn segment(&mut self, segment: &str) {
        let name = segment
            .strip_prefix('{')
            .and_then(|inner| inner.strip_suffix('}'));
        self.path.push('/');
        match name.map(|name| name.trim_end_matches('.')) {
            Some(name) => {
                self.path.push_str(&format!("{{{name}}}"));
                self.names.push(name.to_owned());
            }
            None => self.path.push_str(segment),
        }
    }

    /// Its methods that OpenAPI knows.
    pub(super) fn methods(&self) -> Vec<&'static str> {
        let takes =
            |known: &str| self.methods.is_empty() || self.methods.iter().any(|m| m == known);
        METHODS.into_iter().filter(|known| takes(known)).collect()
    }

    /// Its methods that OpenAPI does not know.
    pub(super) fn unknown_methods(&self) -> impl Iterator<Item = &str> {
        let methods = self.methods.iter().map(String::as_str);
        methods.filter(|method| !METHODS.contains(method))
    }

    /// The path without the names of its parts: OpenAPI takes two that differ in these for the
    /// same.
    pub(super) fn shape(&self) -> String {
        let named = |segment: &str| segment.starts_with('{');
        let segments = self.path.split('/');
        let segments: Vec<&str> = segments.map(|s| if named(s) { "{}" } else { s }).collect();
        segments.join("/")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_keep_their_names_and_lose_their_dots() {
        let pattern = Pattern::of("GET|PURGE  /caf%C3%A9/{a}/x/{rest...}").unwrap();
        assert_eq!(pattern.path, "/caf%C3%A9/{a}/x/{rest}");
        assert_eq!(pattern.names, ["a", "rest"]);
        assert_eq!(pattern.methods(), ["get"]);
        assert_eq!(pattern.unknown_methods().collect::<Vec<_>>(), ["purge"]);
        let other = Pattern::of("PUT /caf%C3%A9/{b}/x/{c}").unwrap();
        assert_eq!(pattern.shape(), other.shape());
    }

    #[test]
    fn a_star_is_every_method_that_there_is() {
        let pattern = Pattern::of("* /").unwrap();
        assert_eq!(
            (pattern.path.as_str(), pattern.methods().len()),
            ("/", METHODS.len())
        );
    }
}
