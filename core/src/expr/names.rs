//! Names, fields and indexes.

use super::ast::{Kind, Node};
use super::builtin::{Sort, is_property};
use super::check::{Checked, Checker, Typed};
use super::op::{Op, OpKind};
use super::scope::{Binding, NameError, Step};
use super::suggest::did_you_mean;
use super::{RuleError, Span, codes};
use crate::codec::{StructId, Type};
use crate::message::Value;

/// A path that is known at load, and for each step the node that ends with it.
pub(super) struct Path<'n, 's> {
    steps: Vec<Step<'n>>,
    nodes: Vec<&'n Node<'s>>,
}

impl<'n, 's> Path<'n, 's> {
    pub(super) fn root(name: &'n str, node: &'n Node<'s>) -> Self {
        Self {
            steps: vec![Step::Name(name)],
            nodes: vec![node],
        }
    }

    pub(super) fn of(node: &'n Node<'s>) -> Option<Self> {
        let (mut path, step) = match &node.kind {
            Kind::Name(name) => return Some(Self::root(name, node)),
            Kind::Attr(of, name) => (Self::of(of)?, Step::Name(name)),
            Kind::Index(two) => (Self::of(&two[0])?, index_step(&two[1])?),
            _ => return None,
        };
        path.steps.push(step);
        path.nodes.push(node);
        Some(path)
    }

    /// The place of the first `used` steps.
    fn span(&self, used: usize) -> Span {
        let node = self.nodes.get(used - 1).or_else(|| self.nodes.last());
        node.map_or(0..0, |node| node.span.clone())
    }

    fn error(&self, error: NameError) -> RuleError {
        let node = self.nodes.get(error.step).or_else(|| self.nodes.last());
        let span = node.map_or(0..0, |node| match &node.kind {
            Kind::Index(two) => two[1].span.clone(),
            _ => node.name_span(),
        });
        RuleError {
            code: error.code,
            message: error.message,
            span,
            help: error.help,
        }
    }
}

fn index_step<'n>(index: &'n Node<'_>) -> Option<Step<'n>> {
    match &index.kind {
        Kind::Str(key) => Some(Step::Key(key)),
        Kind::Int(n) => usize::try_from(*n).ok().map(Step::Index),
        _ => None,
    }
}

impl Checker<'_> {
    pub(super) fn path(&mut self, path: &Path<'_, '_>) -> Checked {
        let binding = self.resolve(path)?;
        let used = binding.used.max(1);
        let op = Op {
            kind: OpKind::Load(binding.var),
            at: self.source.locate(path.span(used)),
        };
        let mut value = Typed {
            op,
            ty: binding.ty,
            home: binding.descriptor,
        };
        for (step, node) in path.steps.iter().zip(&path.nodes).skip(used) {
            value = self.step(value, *step, node)?;
        }
        Ok(value)
    }

    /// `of[index]` where one of them is known only when it runs.
    pub(super) fn element(&mut self, two: &[Node<'_>; 2], node: &Node<'_>) -> Checked {
        let (of, index) = (self.check(&two[0])?, self.check(&two[1])?);
        self.index(of, index, node)
    }

    fn resolve(&mut self, path: &Path<'_, '_>) -> Result<Binding, RuleError> {
        // What is spelled like a method is one, unless what stands before it has no value, or the name is the scope's.
        let property = |step: &Step<'_>| matches!(step, Step::Name(name) if is_property(name));
        let cut = path.steps.iter().skip(1).position(property);
        let owned =
            |cut: &usize| (path.steps.get(..=cut + 1)).is_some_and(|steps| self.scope.owns(steps));
        let cut = cut.filter(|cut| !owned(cut));
        let before = cut
            .and_then(|cut| path.steps.get(..=cut))
            .and_then(|steps| self.scope.resolve(steps).ok());
        match before {
            Some(binding) => Ok(binding),
            None => self
                .scope
                .resolve(&path.steps)
                .map_err(|error| path.error(error)),
        }
    }

    fn step(&mut self, of: Typed, step: Step<'_>, node: &Node<'_>) -> Checked {
        let index = match step {
            Step::Name(name) => return self.attribute(of, name, node),
            Step::Key(key) => self.constant(key.into(), Type::STR, &node.span),
            Step::Index(n) => self.constant(Value::Int(n as i128), Type::INT, &node.span),
        };
        self.index(of, index, node)
    }

    pub(super) fn attribute(&mut self, of: Typed, name: &str, node: &Node<'_>) -> Checked {
        match of.ty {
            Type::Struct(id) => self.field(of, id, name, node),
            Type::Any if !is_property(name) => self.finish(
                OpKind::Member(Box::new(of.op), name.into()),
                Type::Any,
                None,
                &node.span,
            ),
            _ => self.method(of, name, &[], node, &node.span),
        }
    }

    fn field(&self, of: Typed, id: StructId, name: &str, node: &Node<'_>) -> Checked {
        let fields = of.home.as_ref().map(|home| home.schema.structure(id));
        let Some((slot, field)) = fields.and_then(|structure| structure.field(name)) else {
            let message = format!("{} has no field `{name}`", of.describe());
            let mut unknown = RuleError::new(codes::UNKNOWN_NAME, node.name_span(), message);
            unknown.help = fields.and_then(|structure| {
                did_you_mean(name, structure.fields.iter().map(|f| f.name.as_ref()))
            });
            return Err(unknown);
        };
        let ty = field.ty.clone();
        self.finish(
            OpKind::Field(Box::new(of.op), slot.index()),
            ty,
            of.home,
            &node.span,
        )
    }

    fn index(&self, of: Typed, index: Typed, node: &Node<'_>) -> Checked {
        let takes_text = of.sort() == Sort::Any;
        let fits = matches!(index.sort(), Sort::Int | Sort::Any)
            || takes_text && index.sort() == Sort::Str;
        if !fits {
            let message = format!("an index is an integer, not {}", index.describe());
            return Err(RuleError::new(codes::OPERAND, node.span.clone(), message));
        }
        let (ty, home) = match of.ty {
            Type::List(element) => (*element, of.home),
            Type::Bytes { .. } => (Type::U8, None),
            Type::Any => (Type::Any, None),
            _ => {
                let message = format!("only lists and bytes have elements, not {}", of.describe());
                return Err(RuleError::new(codes::OPERAND, node.span.clone(), message));
            }
        };
        self.finish(
            OpKind::Index(Box::new([of.op, index.op])),
            ty,
            home,
            &node.span,
        )
    }
}
