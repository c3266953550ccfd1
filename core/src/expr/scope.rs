//! What an expression can name, and where the values come from.

use super::EvalError;
use crate::codec::{Descriptor, EnumId, Type};
use crate::message::Value;
use std::borrow::Cow;
use std::sync::Arc;

/// One step of a path that is known at load: `json.a["b"][0]`, `headers["x"]`, `peer.ip`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step<'a> {
    /// A name, or `.name`.
    Name(&'a str),
    /// `["key"]`.
    Key(&'a str),
    /// `[0]`.
    Index(usize),
}

/// A place that holds a value when the expression runs. Its number means what the [`Scope`]
/// that handed it out says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Var(pub u32);

/// What a path stands for.
#[derive(Clone, Debug)]
pub struct Binding {
    /// Where its value comes from.
    pub var: Var,
    /// Its static type.
    pub ty: Type,
    /// Whose structures and enums the type names, if it names any.
    pub descriptor: Option<Arc<Descriptor>>,
    /// How many steps of the path are taken, at least one. The rest are fields, indexes and
    /// methods of the value.
    pub used: usize,
}

/// A path that stands for nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameError {
    /// The code that `explain` knows, [`codes::UNKNOWN_NAME`](super::codes::UNKNOWN_NAME) as a
    /// rule.
    pub code: &'static str,
    /// One sentence.
    pub message: String,
    /// The first step that is wrong, from zero.
    pub step: usize,
    /// A way out, such as the name that was probably meant.
    pub help: Option<String>,
}

/// The names that an expression can use, while it is compiled.
pub trait Scope {
    /// What the path stands for. A scope may take fewer steps than there are, and may hand out
    /// variables as it goes (it interns header names and JSON paths).
    ///
    /// A step that is spelled like a method (`json.items.size`) is tried as one first: the path
    /// is resolved up to it, and as a whole only if that fails.
    ///
    /// # Errors
    /// If there is no such name.
    fn resolve(&mut self, path: &[Step<'_>]) -> Result<Binding, NameError>;

    /// Whether a path stands for something though its last step is spelled like a method: then it is not tried
    /// as one.
    fn owns(&self, _path: &[Step<'_>]) -> bool {
        false
    }

    /// The enum of that name, for `name::label`.
    fn enumeration(&self, name: &str) -> Option<(Arc<Descriptor>, EnumId)>;
}

/// The values of the variables, while an expression runs.
pub trait Env {
    /// The value of a variable that the scope handed out; [`Value::Null`] if it is absent.
    /// Borrowed wherever it can be: this is on the path of every message.
    ///
    /// # Errors
    /// If the value cannot be had at all, such as a member of a body that is not JSON.
    fn load(&self, var: Var) -> Result<Cow<'_, Value>, EvalError>;
}
