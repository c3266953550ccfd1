//! What the rules of a route read of a request.

use super::part::{Called, Collector, Use, Wanted, any};
use super::schema::{Way, nullable, of_type, scalar};
use gatewright_config::plan::RoutePlan;
use gatewright_core::codec::{Descriptor, FieldDef, Presence, Schema, StructDef, Type};
use gatewright_core::expr::Source;
use gatewright_core::expr::syntax::{expressions, parse};
use gatewright_core::translate::{
    BodySpec, HeadersSpec, HttpSpec, JsonSpec, MessageSpec, ReplySpec, RequestSpec, ResponseSpec,
    RouteSpec, SetSpec,
};
use serde_json::Value;

/// All parts that a route's rules name, some of them several times.
pub(super) fn asked(route: &RoutePlan) -> Vec<Use> {
    let spec = &*route.spec;
    let mut reading = Reading(Collector {
        called: Called::Bare,
        uses: Vec::new(),
    });
    match &spec.request {
        Some(RequestSpec::Message(message)) => {
            let upstream = route
                .conversion()
                .map(|rules| rules.upstream().descriptor());
            reading.message(message, upstream.map(|descriptor| &**descriptor));
        }
        Some(RequestSpec::Http(request)) => reading.request(request),
        Some(RequestSpec::Amended(headers)) => reading.headers(headers),
        None => {}
    }
    reading.rest(spec);
    reading.0.uses
}

struct Reading(Collector);

/// What a value is for.
struct Target<'a> {
    ty: &'a Type,
    schema: &'a Schema,
    is_optional: bool,
    doc: &'a str,
}

impl<'a> Target<'a> {
    fn of(field: &'a FieldDef, schema: &'a Schema) -> Self {
        Self {
            ty: &field.ty,
            schema,
            is_optional: field.presence == Presence::Optional,
            doc: &field.doc,
        }
    }

    fn wanted(&self) -> Value {
        let mut wanted = of_type(self.ty, self.schema, Way::Asked);
        if self.is_optional {
            wanted = nullable(wanted);
        }
        if !self.doc.is_empty() {
            wanted["description"] = self.doc.into();
        }
        wanted
    }
}

impl Reading {
    fn template(&mut self, source: &Source, wanted: Wanted, required: bool) {
        let text = source.text();
        for expression in expressions(text) {
            // Braces around one expression and nothing else keep its type; a text needs all of its
            // parts.
            let is_all = text.len() == expression.len() + 2;
            let (wanted, required) = match is_all {
                true => (wanted.clone(), required),
                false => (
                    Wanted::Value(scalar()),
                    required || self.0.called == Called::Bare,
                ),
            };
            if let Ok(node) = parse(expression) {
                self.0.visit(&node, &wanted, required);
            }
        }
    }

    fn message(&mut self, message: &MessageSpec, upstream: Option<&Descriptor>) {
        let found = upstream.and_then(|descriptor| {
            let operation = descriptor.operation_named(message.send.text())?;
            Some((descriptor.record(operation), &descriptor.schema))
        });
        if let Some((record, schema)) = found {
            self.fields(&message.set, record, schema);
        }
    }

    fn fields(&mut self, set: &[(Source, SetSpec)], record: &StructDef, schema: &Schema) {
        for (name, value) in set {
            let steps: Vec<&str> = name.text().split('.').collect();
            if let Some(named) = record.named(&steps) {
                self.field(value, &Target::of(named.field, schema));
            }
        }
    }

    fn field(&mut self, value: &SetSpec, target: &Target<'_>) {
        match (value, target.ty) {
            (SetSpec::Template(source), _) => {
                let wanted = Wanted::Value(target.wanted());
                self.template(source, wanted, !target.is_optional);
            }
            (SetSpec::List(items, _), Type::List(item)) => {
                let element = Target {
                    ty: item,
                    is_optional: false,
                    ..*target
                };
                items.iter().for_each(|item| self.field(item, &element));
            }
            (SetSpec::Table(set, _), Type::Struct(id)) => {
                self.fields(set, target.schema.structure(*id), target.schema);
            }
            (SetSpec::List(..) | SetSpec::Table(..) | SetSpec::Text(..), _) => {}
            (SetSpec::Int(..) | SetSpec::Float(..) | SetSpec::Bool(..), _) => {}
        }
    }

    fn request(&mut self, request: &HttpSpec) {
        self.template(&request.target, Wanted::Value(scalar()), true);
        for (_, value) in &request.headers {
            self.template(value, Wanted::Value(scalar()), false);
        }
        self.body(&request.body);
    }

    /// Where a value is absent, a field is not sent.
    fn headers(&mut self, spec: &HeadersSpec) {
        let added = spec.amend.iter().flat_map(|amend| &amend.add);
        for (_, value) in spec.headers.iter().chain(added) {
            self.template(value, any(), false);
        }
    }

    fn body(&mut self, body: &BodySpec) {
        match body {
            BodySpec::Empty => {}
            BodySpec::Bytes(source) => self.template(source, any(), false),
            BodySpec::Json(json) => self.json(json),
        }
    }

    /// What is absent is `null` there.
    fn json(&mut self, json: &JsonSpec) {
        match json {
            JsonSpec::Object(members) => members.iter().for_each(|(_, member)| self.json(member)),
            JsonSpec::Array(items) => items.iter().for_each(|item| self.json(item)),
            JsonSpec::Template(source) => self.template(source, any(), false),
            JsonSpec::Int(_) | JsonSpec::Float(_) | JsonSpec::Bool(_) => {}
        }
    }

    /// What else looks at the request: without it, another route may take it, and another reply.
    fn rest(&mut self, spec: &RouteSpec) {
        self.condition(spec.when.as_ref());
        self.0.called = Called::OfRequest;
        for ReplySpec {
            when,
            response,
            amend,
            label,
            ..
        } in &spec.replies
        {
            self.condition(when.as_ref());
            let added = amend.iter().flat_map(|amend| &amend.add);
            for (_, value) in added {
                self.template(value, any(), false);
            }
            for called in label.event.iter().chain(&label.id) {
                self.template(called, any(), false);
            }
            if let Some(response) = response {
                self.response(response);
            }
        }
    }

    fn condition(&mut self, when: Option<&Source>) {
        if let Some(node) = when.and_then(|when| parse(when.text()).ok()) {
            self.0.visit(&node, &any(), false);
        }
    }

    fn response(&mut self, response: &ResponseSpec) {
        if let Some(SetSpec::Template(status)) = &response.status {
            self.template(status, any(), false);
        }
        for (_, value) in &response.headers {
            self.template(value, any(), false);
        }
        self.body(&response.body);
    }
}
