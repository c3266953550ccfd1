//! Which parts of a request an expression names, and what they have to be for it.

use super::schema::{anything, present, scalar, text};
use gatewright_core::expr::Step;
use gatewright_core::expr::semantics::methods;
use gatewright_core::expr::syntax::{Arith, Kind, Node};
use serde_json::{Value, json};

/// A part of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// `path.name`
    Path(String),
    /// `query.name`
    Query(String),
    /// `headers["name"]`, in lower case.
    Header(String),
    /// `json.a.b[0]`
    Json(Vec<Member>),
    /// `body`
    Body,
}

/// A step into a JSON document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Member {
    /// Of an object.
    Named(String),
    /// Of an array.
    At(usize),
}

/// What a part has to be.
#[derive(Clone, Debug)]
pub(super) enum Wanted {
    /// This.
    Value(Value),
    /// A number like this, or its digits.
    Digits(Value),
}

/// A part of a request that an expression names.
#[derive(Clone, Debug)]
pub(super) struct Use {
    pub(super) part: Part,
    pub(super) wanted: Wanted,
    /// Whether nothing comes of the request without it.
    pub(super) required: bool,
}

/// How an expression calls the parts of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Called {
    /// By their names.
    Bare,
    /// By `request.` and their names: a rule for replies.
    OfRequest,
}

/// Collects what expressions name.
#[derive(Debug)]
pub(super) struct Collector {
    pub(super) called: Called,
    pub(super) uses: Vec<Use>,
}

impl Collector {
    /// Adds what an expression names whose value has to be as wanted.
    pub(super) fn visit(&mut self, node: &Node<'_>, wanted: &Wanted, required: bool) {
        if let Some(found) = path(node).and_then(|steps| self.find(&steps, wanted)) {
            let (part, wanted) = found;
            self.uses.push(Use {
                part,
                wanted,
                required,
            });
            return;
        }
        match &node.kind {
            Kind::Choose(three) => {
                let [condition, then, otherwise] = &**three;
                self.visit(condition, &any(), false);
                self.visit(then, wanted, false);
                self.visit(otherwise, wanted, false);
            }
            Kind::Compare(_, two) => self.compare(two),
            Kind::Call(callee, arguments) => self.call(callee, arguments, wanted, required),
            Kind::Attr(of, name) => self.visit(of, &called_on(name, wanted), required),
            Kind::Arith(Arith::Add, _) => self.visit_all(node, &any(), required),
            Kind::Arith(..) | Kind::Unary(..) => self.visit_all(node, &number(), required),
            Kind::Format(_) => self.visit_all(node, &Wanted::Value(scalar()), required),
            Kind::All(_) | Kind::Any(_) | Kind::Not(_) => self.visit_all(node, &any(), false),
            Kind::List(_) | Kind::Index(_) | Kind::Cast(..) => {
                self.visit_all(node, &any(), required);
            }
            Kind::Null | Kind::Bool(_) | Kind::Int(_) | Kind::Float(_) | Kind::Str(_) => {}
            Kind::Name(_) | Kind::Label { .. } | Kind::SizeOf { .. } => {}
        }
    }

    fn visit_all(&mut self, node: &Node<'_>, wanted: &Wanted, required: bool) {
        for child in node.children() {
            self.visit(child, wanted, required);
        }
    }

    /// What is compared with a constant is of its type, or the comparison says nothing.
    fn compare(&mut self, two: &[Node<'_>; 2]) {
        let [left, right] = two;
        self.visit(left, &like(right), false);
        self.visit(right, &like(left), false);
    }

    fn call(&mut self, callee: &Node<'_>, arguments: &[Node<'_>], wanted: &Wanted, required: bool) {
        let mut taken = any();
        match &callee.kind {
            Kind::Attr(of, name) => self.visit(of, &called_on(name, wanted), required),
            Kind::Name(function) => taken = taken_by(function, wanted),
            _ => {}
        }
        for argument in arguments {
            self.visit(argument, &taken, required);
        }
    }

    /// The part that steps lead to, and what it has to be for what is behind it.
    fn find(&self, steps: &[Step<'_>], wanted: &Wanted) -> Option<(Part, Wanted)> {
        let steps = match (self.called, steps) {
            (Called::Bare, steps) => steps,
            (Called::OfRequest, [Step::Name("request"), steps @ ..]) => steps,
            (Called::OfRequest, _) => return None,
        };
        let (part, used) = match steps {
            [Step::Name("body"), ..] => (Part::Body, 1),
            [Step::Name("path"), Step::Name(name) | Step::Key(name), ..] => {
                (Part::Path((*name).to_owned()), 2)
            }
            [Step::Name("query"), Step::Name(name) | Step::Key(name), ..] => {
                (Part::Query((*name).to_owned()), 2)
            }
            [Step::Name("headers"), Step::Key(name), ..] => {
                (Part::Header(name.to_ascii_lowercase()), 2)
            }
            [Step::Name("json"), rest @ ..] => {
                let members: Vec<Member> = rest.iter().map_while(member).collect();
                let used = members.len() + 1;
                (Part::Json(members), used)
            }
            _ => return None,
        };
        let wanted = match steps.get(used) {
            None => wanted.clone(),
            Some(Step::Name(method)) => called_on(method, wanted),
            Some(Step::Key(_) | Step::Index(_)) => any(),
        };
        Some((part, wanted))
    }
}

/// A member of a document, unless the step is spelled like a method, which it is then.
fn member(step: &Step<'_>) -> Option<Member> {
    let is_method = |name: &str| methods(name).any(|method| method.params.is_empty());
    match step {
        Step::Name(name) if is_method(name) => None,
        Step::Name(name) | Step::Key(name) => Some(Member::Named((*name).to_owned())),
        Step::Index(at) => Some(Member::At(*at)),
    }
}

/// A path that is known at load.
fn path<'n>(node: &'n Node<'_>) -> Option<Vec<Step<'n>>> {
    let (of, step) = match &node.kind {
        Kind::Name(name) => return Some(vec![Step::Name(name)]),
        Kind::Attr(of, name) => (&**of, Step::Name(name)),
        Kind::Index(two) => {
            let [of, index] = &**two;
            let step = match &index.kind {
                Kind::Str(key) => Step::Key(key),
                Kind::Int(at) => Step::Index(usize::try_from(*at).ok()?),
                _ => return None,
            };
            (of, step)
        }
        _ => return None,
    };
    let mut steps = path(of)?;
    steps.push(step);
    Some(steps)
}

pub(super) fn any() -> Wanted {
    Wanted::Value(anything())
}

fn number() -> Wanted {
    Wanted::Value(json!({ "type": "number" }))
}

/// What a constant can be compared with.
fn like(constant: &Node<'_>) -> Wanted {
    match &constant.kind {
        Kind::Str(_) => Wanted::Value(text()),
        Kind::Int(_) | Kind::Float(_) => number(),
        Kind::Bool(_) => Wanted::Value(json!({ "type": "boolean" })),
        _ => any(),
    }
}

/// What a method is called on, if its value has to be as wanted.
fn called_on(method: &str, wanted: &Wanted) -> Wanted {
    match method {
        "to_i" => digits(wanted),
        "substring" | "reverse" | "length" => Wanted::Value(text()),
        "size" => Wanted::Value(json!({ "type": "array" })),
        _ => any(),
    }
}

/// What a function takes, if its value has to be as wanted.
fn taken_by(function: &str, wanted: &Wanted) -> Wanted {
    match function {
        "upper" | "lower" | "trim" | "utf8" | "unhex" | "unbase64" | "hex" | "base64" => {
            Wanted::Value(text())
        }
        "string" => Wanted::Value(scalar()),
        "int" => digits(wanted),
        _ => any(),
    }
}

fn digits(wanted: &Wanted) -> Wanted {
    if let Wanted::Value(number) = wanted {
        let number = present(number.clone());
        if number["type"] == "integer" {
            return Wanted::Digits(number);
        }
    }
    Wanted::Digits(json!({ "type": "integer" }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use gatewright_core::expr::syntax::parse;

    /// What an expression names that has to give a byte, a line each: the part, what it has to be,
    /// and an exclamation mark if it is required.
    fn used(called: Called, expression: &str) -> String {
        let uses = Vec::new();
        let mut collector = Collector { called, uses };
        let byte = Wanted::Value(json!({ "type": "integer", "maximum": 255 }));
        collector.visit(&parse(expression).unwrap(), &byte, true);
        let line = |used: &Use| {
            let wanted = match &used.wanted {
                Wanted::Value(schema) => format!("{schema}"),
                Wanted::Digits(schema) => format!("digits of {schema}"),
            };
            let mark = if used.required { "!" } else { "" };
            format!("{:?}{mark} {wanted}", used.part)
        };
        let lines: Vec<String> = collector.uses.iter().map(line).collect();
        lines.join("\n")
    }

    #[test]
    fn parts_are_found_where_they_are_named() {
        let byte = r#"{"type":"integer","maximum":255}"#;
        let a = r#"Json([Named("a")])"#;
        for (expression, expected) in [
            ("json.a", format!("{a}! {byte}")),
            ("json['a']", format!("{a}! {byte}")),
            (
                "json.a.b[1]",
                format!(r#"Json([Named("a"), Named("b"), At(1)])! {byte}"#),
            ),
            ("json", format!("Json([])! {byte}")),
            ("path.x", format!(r#"Path("x")! {byte}"#)),
            ("path", String::new()),
            (
                "headers['X-Y'].to_i",
                format!(r#"Header("x-y")! digits of {byte}"#),
            ),
            ("int(query.n)", format!(r#"Query("n")! digits of {byte}"#)),
            (
                "query.n.to_i(16)",
                format!(r#"Query("n")! digits of {byte}"#),
            ),
            ("json.a.size", format!(r#"{a}! {{"type":"array"}}"#)),
            (
                "json.a.substring(0, 1).to_i",
                format!(r#"{a}! {{"type":"string"}}"#),
            ),
            ("unhex(json.a)[0]", format!(r#"{a}! {{"type":"string"}}"#)),
            ("json.a * 2", format!(r#"{a}! {{"type":"number"}}"#)),
            ("json.a + 2", format!("{a}! {{}}")),
            (
                "json.a == null ? 1 : json.a",
                format!("{a} {{}}\n{a} {byte}"),
            ),
            (
                "json.a == 'x' ? 1 : 2",
                format!(r#"{a} {{"type":"string"}}"#),
            ),
            ("body[0]", "Body! {}".to_owned()),
            ("peer.port", String::new()),
        ] {
            assert_eq!(used(Called::Bare, expression), expected, "{expression}");
        }
    }

    #[test]
    fn rules_for_replies_name_the_request_first() {
        let used = |expression| used(Called::OfRequest, expression);
        assert_eq!(used("json.a"), "");
        assert!(used("request.query.a").starts_with(r#"Query("a")!"#));
    }
}
