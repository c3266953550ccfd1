//! What a route's reply rules tell its clients.

use super::schema::{Way, any_of, anything, nullable, of_type, text};
use gatewright_config::plan::RoutePlan;
use gatewright_core::codec::{FieldDef, Presence, Protocol, Type};
use gatewright_core::expr::syntax::{Kind, Node, expressions, parse};
use gatewright_core::expr::{Source, Template};
use gatewright_core::translate::{
    BodySpec, JsonSpec, ReplySpec, ResponseSpec, SetSpec, told as compiled,
};
use serde_json::{Value, json};
use std::sync::Arc;

/// A response that a client may get.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Response {
    /// As OpenAPI writes it: `200`, `2XX` or `default`.
    pub(super) status: String,
    /// Names in lower case.
    pub(super) headers: Vec<String>,
    pub(super) content: Option<Content>,
}

impl Response {
    /// That of a server of which nothing is known.
    pub(super) fn of_anything() -> Self {
        Self {
            status: "default".to_owned(),
            headers: Vec::new(),
            content: Some(Content {
                media: "*/*".to_owned(),
                schema: anything(),
            }),
        }
    }
}

/// A payload.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Content {
    pub(super) media: String,
    pub(super) schema: Value,
}

/// One route, whose clients speak `protocol`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Telling<'a> {
    pub(super) route: &'a RoutePlan,
    pub(super) protocol: &'a Arc<dyn Protocol>,
}

impl Telling<'_> {
    /// What its rules say, rule by rule.
    pub(super) fn responses(self) -> Vec<Response> {
        let rules = self.route.spec.replies.iter();
        let responses = rules.filter_map(|rule| {
            let response = rule.response.as_ref()?;
            Some(self.response(rule, response))
        });
        responses.collect()
    }

    fn response(self, rule: &ReplySpec, response: &ResponseSpec) -> Response {
        if self.is_of_events(rule) {
            return Response {
                status: "200".to_owned(),
                headers: Vec::new(),
                content: Some(Content {
                    media: "text/event-stream".to_owned(),
                    schema: text(),
                }),
            };
        }
        let named = |name: &str| {
            let headers = response.headers.iter();
            let mut values = headers.filter(|(header, _)| header.text().eq_ignore_ascii_case(name));
            values.next().map(|(_, value)| value.text())
        };
        // A media type with a value in it says as little as none.
        let media = named("content-type").filter(|media| expressions(media).is_empty());
        let (usual, schema) = match &response.body {
            BodySpec::Empty => ("", None),
            BodySpec::Json(json) => ("application/json", Some(self.json(rule, json))),
            BodySpec::Bytes(source) => ("application/octet-stream", Some(self.bytes(rule, source))),
        };
        let headers = response.headers.iter();
        let headers = headers.map(|(name, _)| name.text().to_ascii_lowercase());
        Response {
            status: status(rule, response),
            headers: headers.filter(|name| name != "content-type").collect(),
            content: schema.map(|schema| Content {
                media: media.unwrap_or(usual).to_owned(),
                schema,
            }),
        }
    }

    /// Whether what it tells is part of a stream.
    fn is_of_events(self, rule: &ReplySpec) -> bool {
        let named = |upstream: &Arc<dyn Protocol>| {
            let descriptor = upstream.descriptor();
            descriptor.operation_named(rule.on.text()).is_some()
        };
        self.route.spec.events.is_some() && self.upstream().is_some_and(named)
    }

    fn json(self, rule: &ReplySpec, json: &JsonSpec) -> Value {
        match json {
            JsonSpec::Object(members) => {
                let names: Vec<&str> = members.iter().map(|(name, _)| name.text()).collect();
                let properties: serde_json::Map<String, Value> = members
                    .iter()
                    .map(|(name, member)| (name.text().to_owned(), self.json(rule, member)))
                    .collect();
                json!({ "type": "object", "properties": properties, "required": names })
            }
            JsonSpec::Array(items) => {
                let schemas: Vec<Value> = items.iter().map(|item| self.json(rule, item)).collect();
                let length = items.len();
                if schemas.is_empty() {
                    return json!({ "type": "array", "maxItems": 0 });
                }
                json!({ "type": "array", "prefixItems": schemas, "minItems": length, "maxItems": length })
            }
            JsonSpec::Template(source) => self.value(rule, source),
            JsonSpec::Int(n) => json!({ "type": "integer", "const": n }),
            JsonSpec::Float(x) => json!({ "type": "number", "const": x }),
            JsonSpec::Bool(truth) => json!({ "type": "boolean", "const": truth }),
        }
    }

    fn value(self, rule: &ReplySpec, source: &Source) -> Value {
        let Some(template) = self.template(rule, source) else {
            return anything();
        };
        if let Some(literal) = template.literal() {
            return json!({ "type": "string", "const": literal });
        }
        let Some(expr) = template.single() else {
            return text();
        };
        let home = expr
            .descriptor()
            .unwrap_or_else(|| self.protocol.descriptor());
        let mut schema = of_type(expr.ty(), &home.schema, Way::Told);
        if let Some(field) = self.field(rule, source) {
            if field.presence == Presence::Optional {
                schema = nullable(schema);
            }
            if !field.doc.is_empty() {
                schema["description"] = (&*field.doc).into();
            }
        }
        schema
    }

    /// Text, unless it is bytes.
    fn bytes(self, rule: &ReplySpec, source: &Source) -> Value {
        let template = self.template(rule, source);
        match template.as_ref().map(Template::ty) {
            Some(Type::Str { .. }) => text(),
            Some(_) | None => anything(),
        }
    }

    fn template(self, rule: &ReplySpec, source: &Source) -> Option<Template> {
        let upstream = self.upstream();
        compiled(source, &rule.on, &self.route.spec, self.protocol, upstream).ok()
    }

    fn upstream(&self) -> Option<&Arc<dyn Protocol>> {
        self.route.conversion().map(|rules| rules.upstream())
    }

    /// The field of the upstream's reply that a template is, if it is one and nothing else.
    fn field(&self, rule: &ReplySpec, source: &Source) -> Option<&FieldDef> {
        let descriptor = self.upstream()?.descriptor();
        let record = descriptor.record(descriptor.operation_named(rule.on.text())?);
        let [expression] = *expressions(source.text()) else {
            return None;
        };
        let node = parse(expression).ok()?;
        let path = names(&node)?;
        let named = record.named(&path)?;
        (named.used == path.len()).then_some(named.field)
    }
}

fn names<'n>(node: &Node<'n>) -> Option<Vec<&'n str>> {
    match &node.kind {
        Kind::Name(name) => Some(vec![name]),
        Kind::Attr(of, name) => {
            let mut path = names(of)?;
            path.push(name);
            Some(path)
        }
        _ => None,
    }
}

/// A status that is computed is that of the answer, as a rule; the rule says which it can be.
fn status(rule: &ReplySpec, response: &ResponseSpec) -> String {
    match (&response.status, rule.on.text().as_bytes()) {
        (Some(SetSpec::Int(status, _)), _) => status.to_string(),
        (Some(SetSpec::Template(status)), [b'2'..=b'5', ..])
            if status.text() == "{status}" && rule.on.text().len() == 3 =>
        {
            rule.on.text().to_ascii_uppercase()
        }
        (Some(_) | None, _) => "default".to_owned(),
    }
}

/// Responses with the same status as one.
pub(super) fn together(status: &str, responses: &[&Response]) -> Value {
    let mut content = serde_json::Map::new();
    let contents = responses.iter().filter_map(|r| r.content.as_ref());
    for Content { media, .. } in contents.clone() {
        let same = contents.clone().filter(|other| other.media == *media);
        let schemas = same.map(|content| content.schema.clone()).collect();
        content.insert(media.clone(), json!({ "schema": any_of(schemas) }));
    }
    let names = responses.iter().flat_map(|response| &response.headers);
    let headers: serde_json::Map<String, Value> = names
        .map(|name| (name.clone(), json!({ "schema": text() })))
        .collect();
    let mut told = json!({ "description": description(status) });
    for (key, map) in [("content", content), ("headers", headers)] {
        if !map.is_empty() {
            told[key] = map.into();
        }
    }
    told
}

fn description(status: &str) -> String {
    let known = http::StatusCode::from_bytes(status.as_bytes()).ok();
    if let Some(reason) = known.and_then(|status| status.canonical_reason()) {
        return reason.to_owned();
    }
    // RFC 9110, section 15, for the classes.
    match status {
        "2XX" => "Successful".to_owned(),
        "3XX" => "Redirection".to_owned(),
        "4XX" => "Client Error".to_owned(),
        "5XX" => "Server Error".to_owned(),
        "default" => "Any other answer".to_owned(),
        status => format!("Status {status}"),
    }
}
