//! Which fields follow from others, found once for a definition.

use super::{FieldKey, Rules};
use crate::ksy::model::{Ty, TypeId};
use crate::ksy::plan::{Code, Cut, Field, Form, Op, Plan, Repeat, Size, Valid};
use gatewright_core::expr::syntax::Arith;

/// How deep expressions are followed through instances.
const DEPTH: usize = 16;

impl Rules {
    /// What follows from the plan alone, without any `-gateway` keys.
    #[must_use]
    pub fn of(plan: &Plan) -> Self {
        let mut rules = Self::empty(plan);
        for (id, ty) in ids(plan) {
            for field in ty.fields.iter().chain(&ty.instances) {
                rules.note(plan, id, field);
            }
        }
        for shown in [true, false] {
            for (id, ty) in ids(plan) {
                for field in &ty.fields {
                    if let Some(condition) = &field.condition
                        && rules.is_visible(id, field) == shown
                    {
                        rules.show_flag(plan, id, condition, shown, DEPTH);
                    }
                }
            }
        }
        rules
    }

    /// Whether a message says that a field is there.
    fn is_visible(&self, id: TypeId, field: &Field) -> bool {
        !is_fixed(field) && !self.field((id, field.slot)).flag
    }

    /// A field that is there exactly if this is true can be seen, or cannot: then no flag of the
    /// same number may be hidden. Of several flags together its presence says too little.
    fn show_flag(&mut self, plan: &Plan, id: TypeId, code: &Code, shown: bool, depth: usize) {
        let Some(depth) = depth.checked_sub(1) else {
            return;
        };
        let key = match &code.op {
            Op::Own(slot) => (id, *slot),
            Op::Member(_, ty, slot) => (*ty, *slot),
            Op::Compare(_, two) => {
                let [left, _] = &**two;
                if let Op::Arith(Arith::BitAnd, masked) = &left.op {
                    for code in &**masked {
                        self.show_flag(plan, id, code, shown, depth);
                    }
                }
                return;
            }
            _ => return,
        };
        if let Some(Form::Value(code)) = plan.ty(key.0).field(key.1).map(|field| &field.form) {
            return self.show_flag(plan, key.0, code, shown, depth);
        }
        let field = plan.ty(key.0).field(key.1);
        let several = field.is_some_and(|field| field.ty == Ty::Int);
        if (shown || several)
            && let Some(rule) = self.field_mut(key)
        {
            rule.shown = shown;
        }
    }

    /// Whether a field follows from others, so that nobody need give it.
    #[must_use]
    pub fn follows(&self, plan: &Plan, key: FieldKey) -> bool {
        let field = plan.ty(key.0).field(key.1);
        let said = field.is_some_and(is_fixed);
        let rule = self.field(key);
        let solved = rule.solvable && (rule.always || rule.default.is_some());
        let flag = rule.flag && rule.shown;
        let counts = rule.counts && rule.codec.is_some();
        said || solved || counts || flag || rule.derived.is_some() || rule.check
    }

    fn note(&mut self, plan: &Plan, id: TypeId, field: &Field) {
        if let Some(condition) = &field.condition {
            self.note_flags(plan, id, condition, DEPTH);
        }
        if let Repeat::Count(count) = &field.repeat {
            self.note_solvable(plan, id, count, field.condition.as_ref(), DEPTH);
        }
        self.note_form(plan, id, &field.form, field.condition.as_ref());
    }

    fn note_form(&mut self, plan: &Plan, id: TypeId, form: &Form, condition: Option<&Code>) {
        let mut cut = |cut: &Cut| {
            if let Size::Of(size) = &cut.size {
                self.note_solvable(plan, id, size, condition, DEPTH);
            }
        };
        match form {
            Form::Bytes(of) | Form::Text(of, _) => cut(of),
            Form::Struct { cut: Some(of), .. } => cut(of),
            Form::Switch(switch) => {
                for (_, form) in &switch.cases {
                    self.note_form(plan, id, form, condition);
                }
                if let Some(form) = &switch.otherwise {
                    self.note_form(plan, id, form, condition);
                }
            }
            Form::Int { .. }
            | Form::Float { .. }
            | Form::Bits { .. }
            | Form::Contents(_)
            | Form::Struct { .. }
            | Form::Value(_) => {}
        }
    }

    fn note_solvable(
        &mut self,
        plan: &Plan,
        id: TypeId,
        code: &Code,
        condition: Option<&Code>,
        depth: usize,
    ) {
        let Some(depth) = depth.checked_sub(1) else {
            return;
        };
        match &code.op {
            Op::Own(slot) => self.note_solvable_field(plan, (id, *slot), condition, depth),
            Op::Member(of, ty, slot) => {
                self.note_counting(plan, id, of, condition);
                self.note_solvable_field(plan, (*ty, *slot), condition, depth);
            }
            Op::Arith(Arith::Add | Arith::Sub | Arith::Mul, two) => {
                for code in &**two {
                    self.note_solvable(plan, id, code, condition, depth);
                }
            }
            Op::Choose(three) => {
                let [_, then, otherwise] = &**three;
                self.note_solvable(plan, id, then, condition, depth);
                self.note_solvable(plan, id, otherwise, condition, depth);
            }
            Op::Cast(of, _) => self.note_solvable(plan, id, of, condition, depth),
            Op::Call(method, of) if method.name == "to_i" => {
                if let [of] = of.as_slice() {
                    self.note_solvable(plan, id, of, condition, depth);
                }
            }
            _ => {}
        }
    }

    /// A size or count names a member of the structure in a field.
    fn note_counting(&mut self, plan: &Plan, id: TypeId, of: &Code, condition: Option<&Code>) {
        let key = match &of.op {
            Op::Own(slot) => (id, *slot),
            Op::Member(_, ty, slot) => (*ty, *slot),
            _ => return,
        };
        let there = plan.ty(key.0).field(key.1).map(|field| &field.condition);
        let always = match (condition, there) {
            (None, Some(_)) => true,
            (Some(needed), Some(Some(own))) => needed.same(own),
            (Some(_), Some(None)) | (_, None) => false,
        };
        if let (true, Some(rule)) = (always, self.field_mut(key)) {
            rule.counts = true;
        }
    }

    fn note_solvable_field(
        &mut self,
        plan: &Plan,
        key: FieldKey,
        condition: Option<&Code>,
        depth: usize,
    ) {
        match plan.ty(key.0).field(key.1) {
            Some(Field {
                form: Form::Value(code),
                ..
            }) => self.note_solvable(plan, key.0, code, condition, depth),
            Some(field) if matches!(field.ty, Ty::Int | Ty::Str) => {
                // Where the one that needs it may be absent, it cannot tell for all messages.
                let always = match (condition, &field.condition) {
                    (None, _) => true,
                    (Some(needed), Some(own)) => needed.same(own),
                    (Some(_), None) => false,
                };
                if let Some(rule) = self.field_mut(key) {
                    rule.solvable = true;
                    rule.always |= always;
                }
            }
            _ => {}
        }
    }

    fn note_flags(&mut self, plan: &Plan, id: TypeId, code: &Code, depth: usize) {
        let Some(depth) = depth.checked_sub(1) else {
            return;
        };
        match &code.op {
            Op::Not(of) => self.note_flags(plan, id, of, depth),
            Op::All(all) | Op::Any(all) => {
                for code in all {
                    self.note_flags(plan, id, code, depth);
                }
            }
            Op::Compare(_, two) => {
                let [left, _] = &**two;
                if let Op::Arith(Arith::BitAnd, masked) = &left.op {
                    for code in &**masked {
                        self.note_flag(plan, id, code, Ty::Int, depth);
                    }
                }
            }
            _ => self.note_flag(plan, id, code, Ty::Bool, depth),
        }
    }

    fn note_flag(&mut self, plan: &Plan, id: TypeId, code: &Code, ty: Ty, depth: usize) {
        let key = match &code.op {
            Op::Own(slot) => (id, *slot),
            Op::Member(_, ty, slot) => (*ty, *slot),
            _ => return,
        };
        match plan.ty(key.0).field(key.1) {
            Some(Field {
                form: Form::Value(code),
                ..
            }) => self.note_flags(plan, key.0, code, depth),
            Some(field) if field.ty == ty => {
                if let Some(rule) = self.field_mut(key) {
                    rule.flag = true;
                }
            }
            _ => {}
        }
    }
}

/// Whether a field is always the same. Of a list, somebody must say how long it is.
const fn is_fixed(field: &Field) -> bool {
    let same = matches!(field.form, Form::Contents(_)) || matches!(field.valid, Some(Valid::Eq(_)));
    same && matches!(field.repeat, Repeat::Once)
}

/// All structures with their indexes.
fn ids(plan: &Plan) -> impl Iterator<Item = (TypeId, &crate::ksy::plan::TypePlan)> {
    let indexed = plan.types.iter().enumerate();
    indexed.filter_map(|(at, ty)| u16::try_from(at).ok().map(|at| (TypeId(at), ty)))
}
