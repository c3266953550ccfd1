//! What rules can name, and where the values are when they run.

mod answer;
mod facts;
mod http;
mod message;
mod places;
mod reply;
mod subject;

pub(in crate::translate) use answer::Answers;
pub(crate) use facts::Fact;
pub(crate) use message::{MessageEnv, MessageScope, ReadJson, requests};
pub(crate) use places::{Place, Places};
pub(in crate::translate) use reply::{ReplyEnv, ReplyPlace, ReplyScope};
pub(crate) use subject::Subject;

use crate::codec::Type;
use crate::expr::{Binding, NameError, Scope, Step, Var, codes};

/// A scope that tells whether secrets were named in it.
pub(in crate::translate) trait SecretScope: Scope {
    /// Whether a secret field was named since this was last asked.
    fn take_secret(&mut self) -> bool;
}

/// Gives each distinct place one number.
fn intern<P: PartialEq>(places: &mut Vec<P>, place: P) -> Var {
    let found = places.iter().position(|p| *p == place);
    let index = found.unwrap_or_else(|| {
        places.push(place);
        places.len() - 1
    });
    Var(u32::try_from(index).unwrap_or(u32::MAX))
}

fn place<P>(places: &[P], var: Var) -> Option<&P> {
    places.get(usize::try_from(var.0).ok()?)
}

/// A binding whose type names no structure or enum.
const fn plain(var: Var, ty: Type, used: usize) -> Binding {
    Binding {
        var,
        ty,
        descriptor: None,
        used,
    }
}

fn unknown(step: usize, message: String, help: Option<String>) -> NameError {
    NameError {
        code: codes::UNKNOWN_NAME,
        message,
        step,
        help,
    }
}

const fn name<'a>(step: Option<&Step<'a>>) -> Option<&'a str> {
    match step {
        Some(Step::Name(name)) => Some(name),
        Some(Step::Key(_) | Step::Index(_)) | None => None,
    }
}
