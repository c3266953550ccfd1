//! Numbers that stand at the same place in every message.

use crate::ksy::model::TypeId;
use crate::ksy::plan::{ByteOrder, Cut, Field, Form, Plan, Repeat, Size};
use crate::ksy::spec::Endian;
use gatewright_core::message::Value;

/// A number of whole bytes at a fixed place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fixed {
    pub(super) key: (TypeId, usize),
    /// The slots that lead to it.
    pub(super) path: Vec<usize>,
    /// From the first byte of the frame on.
    pub(super) offset: usize,
    /// In bytes.
    pub(super) width: u8,
    pub(super) order: Endian,
}

impl Fixed {
    /// Writes a number over the one that stands there. Says whether it fits.
    pub(super) fn patch(&self, frame: &mut [u8], number: u64) -> bool {
        let width = usize::from(self.width);
        let end = self.offset.saturating_add(width);
        let Some(place) = frame.get_mut(self.offset..end) else {
            return false;
        };
        let bits = width.saturating_mul(8);
        if bits < 64 && number >> bits != 0 {
            return false;
        }
        match self.order {
            Endian::Big => {
                let bytes = number.to_be_bytes();
                place.copy_from_slice(
                    bytes
                        .get(8_usize.saturating_sub(width)..)
                        .unwrap_or_default(),
                );
            }
            Endian::Little => {
                let bytes = number.to_le_bytes();
                place.copy_from_slice(bytes.get(..width).unwrap_or_default());
            }
        }
        true
    }
}

/// All numbers at fixed places in structures of type `root`.
pub(super) fn fixed(plan: &Plan, root: TypeId) -> Vec<Fixed> {
    let mut walk = Walk {
        plan,
        path: Vec::new(),
        numbers: Vec::new(),
    };
    walk.structure(root, 0, 16);
    walk.numbers
}

struct Walk<'p> {
    plan: &'p Plan,
    /// The slots that lead to where the walk is.
    path: Vec<usize>,
    numbers: Vec<Fixed>,
}

impl Walk<'_> {
    /// Where the structure ends, if everything in it has a fixed size.
    fn structure(&mut self, ty: TypeId, mut at: usize, depth: usize) -> Option<usize> {
        let depth = depth.checked_sub(1)?;
        let mut bits: usize = 0;
        for field in &self.plan.ty(ty).fields {
            if field.condition.is_some() || !matches!(field.repeat, Repeat::Once) {
                return None;
            }
            if let Form::Bits { width, .. } = field.form {
                bits = bits.checked_add(usize::from(width))?;
                continue;
            }
            at = at.checked_add(bits.div_ceil(8))?;
            bits = 0;
            self.path.push(field.slot);
            let end = self.place(ty, field, at, depth);
            self.path.pop();
            at = end?;
        }
        at.checked_add(bits.div_ceil(8))
    }

    fn place(&mut self, ty: TypeId, field: &Field, at: usize, depth: usize) -> Option<usize> {
        let size = |cut: &Cut| match &cut.size {
            Size::Of(code) => code
                .constant()
                .and_then(Value::as_int)
                .and_then(|size| usize::try_from(size).ok()),
            Size::Eos | Size::Terminated => None,
        };
        match &field.form {
            Form::Int { width, order, .. } => {
                if let ByteOrder::Fixed(order) = order {
                    self.numbers.push(Fixed {
                        key: (ty, field.slot),
                        path: self.path.clone(),
                        offset: at,
                        width: *width,
                        order: *order,
                    });
                }
                at.checked_add(usize::from(*width))
            }
            Form::Float { width, .. } => at.checked_add(usize::from(*width)),
            Form::Contents(bytes) => at.checked_add(bytes.len()),
            Form::Bytes(cut) | Form::Text(cut, _) => at.checked_add(size(cut)?),
            Form::Struct { ty, cut, .. } => {
                let processed = cut.as_ref().is_some_and(|cut| cut.process.is_some());
                if processed {
                    return None;
                }
                let end = self.structure(*ty, at, depth);
                match cut {
                    Some(cut) => at.checked_add(size(cut)?),
                    None => end,
                }
            }
            Form::Bits { .. } | Form::Switch(_) | Form::Value(_) => None,
        }
    }
}
