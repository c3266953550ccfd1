//! A diagnostic for programs.

use super::Diagnostic;
use crate::source::LineColumn;
use serde_json::{Map, Value, json};

impl Diagnostic {
    /// One object: `code`, `severity`, `message`, then, where it has them, `file`, `line`, `column`,
    /// `end` (with `line` and `column`), `span` (`start` and `end` in bytes from 0), `path`, `label`
    /// and `help`. Lines and columns count from 1, columns in characters.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut object = Map::new();
        object.insert("code".into(), self.code.into());
        object.insert("severity".into(), self.severity.as_str().into());
        object.insert("message".into(), self.message.as_str().into());
        if let Some(place) = &self.place {
            let LineColumn { line, column } = place.start();
            let end = place.end();
            object.insert("file".into(), place.source.name().into());
            object.insert("line".into(), line.into());
            object.insert("column".into(), column.into());
            object.insert(
                "end".into(),
                json!({ "line": end.line, "column": end.column }),
            );
            let span = &place.span;
            object.insert(
                "span".into(),
                json!({ "start": span.start, "end": span.end }),
            );
        }
        let texts = [
            ("path", &self.path),
            ("label", &self.label),
            ("help", &self.help),
        ];
        for (name, text) in texts {
            if let Some(text) = text {
                object.insert(name.into(), text.as_str().into());
            }
        }
        Value::Object(object)
    }
}
