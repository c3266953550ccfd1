//! The routes of a listener as an OpenAPI document.

use super::operation::Operation;
use super::pattern::Pattern;
use super::problem;
use super::told::Telling;
use gatewright_config::plan::{ListenerPlan, RoutePlan};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A document in the making.
#[derive(Debug)]
pub(super) struct Document<'p> {
    listener: &'p ListenerPlan,
    paths: Vec<Path>,
    /// What of the routes OpenAPI has no words for.
    pub(super) left_out: Vec<String>,
}

#[derive(Debug)]
struct Path {
    pattern: Pattern,
    operations: BTreeMap<&'static str, Operation>,
}

impl<'p> Document<'p> {
    /// The routes of a listener whose protocol is HTTP.
    pub(super) fn of(listener: &'p ListenerPlan) -> Self {
        let mut document = Self {
            listener,
            paths: Vec::new(),
            left_out: Vec::new(),
        };
        for route in &listener.routes {
            document.add(route);
        }
        document
    }

    fn add(&mut self, route: &RoutePlan) {
        let name = &route.name;
        let operation = route.spec.operation.as_ref();
        let Some(pattern) = operation.and_then(|operation| Pattern::of(operation.text())) else {
            self.left_out
                .push(format!("route `{name}` takes whatever path there is"));
            return;
        };
        let unknown = pattern.unknown_methods();
        self.left_out.extend(unknown.map(|method| {
            let method = method.to_ascii_uppercase();
            format!("route `{name}` takes the method {method}, which OpenAPI 3.1 does not know")
        }));
        let telling = Telling {
            route,
            protocol: &self.listener.protocol,
        };
        let operation = Operation::of(telling, &pattern.names);
        self.insert(pattern, &operation);
    }

    fn insert(&mut self, pattern: Pattern, operation: &Operation) {
        let methods = pattern.methods();
        let shape = pattern.shape();
        let known = self.paths.iter().position(|p| p.pattern.shape() == shape);
        let names = pattern.names.clone();
        let path = match known.and_then(|at| self.paths.get_mut(at)) {
            Some(path) => path,
            None => self.paths.push_mut(Path {
                pattern,
                operations: BTreeMap::new(),
            }),
        };
        for method in &methods {
            let mut operation = operation.clone().renamed(&names, &path.pattern.names);
            if methods.len() > 1 {
                operation.id = format!("{}-{method}", operation.id);
            }
            match path.operations.get_mut(method) {
                Some(first) => first.or(operation),
                None => {
                    path.operations.insert(method, operation);
                }
            }
        }
    }

    /// It as JSON.
    pub(super) fn json(&self, title: Option<&str>, version: &str) -> Value {
        let paths: serde_json::Map<String, Value> = self.paths.iter().map(Path::document).collect();
        let mut document = json!({
            "openapi": "3.1.1",
            "info": {
                "title": title.unwrap_or(&self.listener.name),
                "version": version,
                "description": "Paths that are not listed are answered with 404, other methods of those that are with 405, \
                    each with a problem of RFC 9457.",
            },
        });
        if !self.listener.bind.ip().is_unspecified() {
            let scheme = self.listener.tls.as_ref().map_or("http", |_| "https");
            let url = format!("{scheme}://{}", self.listener.bind);
            document["servers"] = json!([{ "url": url }]);
        }
        document["paths"] = paths.into();
        document["components"] = json!({ "schemas": { "Problem": problem::schema() } });
        document
    }
}

impl Path {
    fn document(&self) -> (String, Value) {
        let operations = self.operations.iter();
        let operations: serde_json::Map<String, Value> = operations
            .map(|(method, operation)| ((*method).to_owned(), operation.document(method)))
            .collect();
        (self.pattern.path.clone(), Value::Object(operations))
    }
}
