//! One route as an operation, or several of one path and method.

use super::asked::asked;
use super::part::{Part, Wanted};
use super::payload::Document;
use super::schema::{all_of, any_of, anything, present, text};
use super::told::{Response, Telling, together};
use gatewright_config::plan::RouteAction;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// What a path and a method stand for.
#[derive(Clone, Debug)]
pub(super) struct Operation {
    pub(super) id: String,
    parameters: BTreeMap<Place, Parameter>,
    body: Option<Payload>,
    responses: Vec<Response>,
}

/// Where a parameter stands, and its name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Path(String),
    Query(String),
    Header(String),
}

#[derive(Clone, Debug)]
struct Parameter {
    schema: Value,
    required: bool,
}

#[derive(Clone, Debug)]
struct Payload {
    media: &'static str,
    schema: Value,
    required: bool,
}

impl Operation {
    /// What a route makes of the path with the parts of these names.
    pub(super) fn of(telling: Telling<'_>, names: &[String]) -> Self {
        let mut parts = Parts::default();
        for name in names {
            parts.parameter(Place::Path(name.clone()), anything(), true);
        }
        for used in asked(telling.route) {
            parts.add(&used.part, &used.wanted, used.required);
        }
        let is_proxied = matches!(telling.route.action, RouteAction::Proxy(_));
        parts.has_body |= is_proxied;
        let body = parts.payload();
        let mut responses = Vec::new();
        if !is_proxied {
            responses.extend(telling.responses());
        }
        responses.extend(telling.problems());
        if is_proxied {
            // Payloads pass through, however long they are, and rules change header fields only.
            responses.push(Response::of_anything());
        } else if body.is_some() {
            responses.extend(telling.too_long());
        }
        Self {
            id: telling.route.name.to_string(),
            body,
            parameters: parts.parameters,
            responses,
        }
    }

    /// The same for the names that another route has for the parts of the same path.
    pub(super) fn renamed(mut self, own: &[String], others: &[String]) -> Self {
        let parameters = std::mem::take(&mut self.parameters).into_iter();
        let renamed = parameters.map(|(place, parameter)| {
            let at = own
                .iter()
                .position(|name| place == Place::Path(name.clone()));
            let other = at.and_then(|at| others.get(at));
            (other.map_or(place, |n| Place::Path(n.clone())), parameter)
        });
        self.parameters = renamed.collect();
        self
    }

    /// This route, or the next one for what it does not take.
    pub(super) fn or(&mut self, next: Self) {
        for (place, parameter) in &mut self.parameters {
            parameter.required &= next.parameters.get(place).is_some_and(|p| p.required);
        }
        for (place, parameter) in next.parameters {
            match self.parameters.get_mut(&place) {
                Some(own) => own.schema = any_of(vec![own.schema.clone(), parameter.schema]),
                None => {
                    let required = false;
                    self.parameters.insert(
                        place,
                        Parameter {
                            required,
                            ..parameter
                        },
                    );
                }
            }
        }
        self.body = match (self.body.take(), next.body) {
            (Some(own), Some(next)) => Some(own.or(next)),
            (body, None) | (None, body) => body.map(|body| Payload {
                required: false,
                ..body
            }),
        };
        self.responses.extend(next.responses);
    }

    /// It as OpenAPI writes it.
    pub(super) fn document(&self, method: &str) -> Value {
        let mut operation = json!({ "operationId": self.id });
        if !self.parameters.is_empty() {
            let parameters = self.parameters.iter();
            operation["parameters"] = parameters.map(|(place, p)| p.document(place)).collect();
        }
        // RFC 9110, section 9.3.8: a TRACE has no content.
        if let Some(body) = self.body.as_ref().filter(|_| method != "trace") {
            operation["requestBody"] = json!({
                "required": body.required,
                "content": { body.media: { "schema": body.schema } },
            });
        }
        operation["responses"] = self.responses();
        operation
    }

    fn responses(&self) -> Value {
        let mut by_status: BTreeMap<&str, Vec<&Response>> = BTreeMap::new();
        for response in &self.responses {
            by_status
                .entry(&response.status)
                .or_default()
                .push(response);
        }
        let all = by_status
            .into_iter()
            .map(|(status, responses)| (status.to_owned(), together(status, &responses)));
        Value::Object(all.collect())
    }
}

impl Parameter {
    fn document(&self, place: &Place) -> Value {
        let (place, name) = match place {
            Place::Path(name) => ("path", name),
            Place::Query(name) => ("query", name),
            Place::Header(name) => ("header", name),
        };
        let mut schema = self.schema.clone();
        if schema == anything() {
            schema = text();
        }
        json!({ "in": place, "name": name, "required": self.required, "schema": schema })
    }
}

impl Payload {
    fn or(self, next: Self) -> Self {
        if self.media != next.media {
            return Self {
                media: ANY_MEDIA,
                schema: anything(),
                required: self.required && next.required,
            };
        }
        Self {
            schema: any_of(vec![self.schema, next.schema]),
            required: self.required && next.required,
            ..self
        }
    }
}

const ANY_MEDIA: &str = "*/*";

/// The parts of a request as they are found.
#[derive(Debug, Default)]
struct Parts {
    parameters: BTreeMap<Place, Parameter>,
    json: Option<Document>,
    has_body: bool,
}

impl Parts {
    fn add(&mut self, part: &Part, wanted: &Wanted, required: bool) {
        match part {
            Part::Path(name) => {
                self.parameter(Place::Path(name.clone()), spelt(wanted.clone()), true)
            }
            Part::Query(name) => {
                self.parameter(Place::Query(name.clone()), spelt(wanted.clone()), required);
            }
            Part::Header(name) if IGNORED.contains(&&**name) => {}
            Part::Header(name) => {
                self.parameter(Place::Header(name.clone()), spelt(wanted.clone()), required);
            }
            Part::Json(path) => {
                let json = self.json.get_or_insert_default();
                json.add(path, wanted, required);
            }
            Part::Body => self.has_body = true,
        }
    }

    fn parameter(&mut self, place: Place, schema: Value, required: bool) {
        let parameter = self.parameters.entry(place).or_insert_with(|| Parameter {
            schema: anything(),
            required: false,
        });
        let plain = parameter.schema == text() && schema["type"] == "string";
        parameter.schema = match plain {
            true => schema,
            false if schema == text() => all_of(vec![parameter.schema.clone()]),
            false => all_of(vec![parameter.schema.clone(), schema]),
        };
        parameter.required |= required;
    }

    fn payload(&self) -> Option<Payload> {
        match &self.json {
            Some(json) => Some(Payload {
                media: "application/json",
                schema: json.schema(),
                required: json.required,
            }),
            None => self.has_body.then(|| Payload {
                media: ANY_MEDIA,
                schema: anything(),
                required: false,
            }),
        }
    }
}

/// What stands in a path, a query or a header is there, and is text, whatever it spells.
fn spelt(wanted: Wanted) -> Value {
    match wanted {
        Wanted::Digits(number) => number,
        Wanted::Value(schema) => {
            let schema = present(schema);
            if schema["type"] == "string" {
                schema
            } else {
                text()
            }
        }
    }
}

/// OpenAPI says these elsewhere, and takes no parameters of these names.
const IGNORED: [&str; 3] = ["accept", "content-type", "authorization"];
