//! How one element is read, in Lua: the body of a function with `o`, `i`, `s`, `tree`, `name` and
//! `put`.

use super::expression::quoted;
use super::proto_fields::Kind;
use super::refusal::{Refusal, Translated};
use super::structure::Structures;
use crate::ksy::model::{EnumIndex, Ty, TypeId};
use crate::ksy::plan::{ByteOrder, Cut, Field, Form, Parent, Process, Size, Switch};
use crate::ksy::spec::Endian;
use gatewright_core::expr::charset::Charset;
use std::fmt::Write as _;

/// Wider bit fields are beyond what Lua computes exactly.
const MAX_BITS: u8 = 53;

impl<'d> Structures<'d, '_> {
    pub(super) fn form(&mut self, id: TypeId, field: &'d Field, form: &'d Form) -> Translated {
        let labels = labels(&field.ty);
        match form {
            Form::Int {
                signed,
                width,
                order,
            } => {
                let kind = Kind::Int {
                    signed: *signed,
                    bits: width.saturating_mul(8),
                };
                let f = self.fields.of(id, field.slot, &field.name, kind, labels);
                let order = little(*order);
                Ok(format!(
                    "return int(s, tree, {f}, {width}, {signed}, {order})"
                ))
            }
            Form::Float { width, order } => {
                let kind = Kind::Float { width: *width };
                let f = self.fields.of(id, field.slot, &field.name, kind, None);
                Ok(format!(
                    "return float(s, tree, {f}, {width}, {})",
                    little(*order)
                ))
            }
            Form::Bits {
                width,
                order,
                truth,
            } => self.bits(id, field, *width, *order, *truth),
            Form::Contents(bytes) => {
                let f = self
                    .fields
                    .of(id, field.slot, &field.name, Kind::Bytes, None);
                Ok(format!("return contents(s, tree, {f}, {})", quoted(bytes)))
            }
            Form::Bytes(cut) => {
                let f = self
                    .fields
                    .of(id, field.slot, &field.name, Kind::Bytes, None);
                let (cut, size) = self.cut(id, cut)?;
                Ok(format!("return bytes(s, tree, {f}, {cut}, {size})"))
            }
            Form::Text(cut, charset) => {
                let encoding = encoding(*charset).map_err(|why| Refusal::new(&field.span, why))?;
                let f = self
                    .fields
                    .of(id, field.slot, &field.name, Kind::Text, None);
                let (cut, size) = self.cut(id, cut)?;
                Ok(format!(
                    "return string_of(s, tree, {f}, {cut}, {size}, {encoding})"
                ))
            }
            Form::Struct { .. } => self.inner(id, form),
            Form::Switch(switch) => self.switch(id, field, switch),
            Form::Value(code) => {
                let f = self.computed(id, field);
                let value = self.expressions(id).lua(code)?;
                Ok(format!("return computed(tree, {f}, {value})"))
            }
        }
    }

    fn bits(
        &mut self,
        id: TypeId,
        field: &Field,
        width: u8,
        order: Endian,
        truth: bool,
    ) -> Translated {
        if width > MAX_BITS {
            let reason = format!("Lua computes with {MAX_BITS} bits, and this field has {width}");
            return Err(Refusal::new(&field.span, reason));
        }
        let kind = match (truth, width) {
            (true, _) => Kind::Bool,
            (false, ..=32) => Kind::Int {
                signed: false,
                bits: 32,
            },
            (false, _) => Kind::Int {
                signed: false,
                bits: 64,
            },
        };
        let f = self
            .fields
            .of(id, field.slot, &field.name, kind, labels(&field.ty));
        let little = order == Endian::Little;
        Ok(format!(
            "return bits(s, tree, {f}, {width}, {little}, {truth})"
        ))
    }

    fn inner(&self, id: TypeId, form: &Form) -> Translated {
        let Form::Struct {
            ty,
            arguments,
            cut,
            parent,
            foreign,
        } = form
        else {
            return Ok(String::new());
        };
        let expressions = self.expressions(id);
        let arguments = arguments.iter().map(|code| expressions.lua(code));
        let arguments = arguments.collect::<Result<Vec<_>, _>>()?.join(", ");
        let parent = match parent {
            Parent::Owner => "o".to_owned(),
            Parent::None => "nil".to_owned(),
            Parent::Other(code) => expressions.lua(code)?,
        };
        let (cut, size) = match cut {
            Some(cut) => self.cut(id, cut)?,
            None => ("nil".to_owned(), "nil".to_owned()),
        };
        Ok(format!(
            "local made, start = inner(o, s, tree, name, T[{}], {{ {arguments} }}, \
             {{ parent = {parent}, foreign = {foreign} }}, {cut}, {size}) \
             put(made) return fill(made, start)",
            ty.index()
        ))
    }

    fn switch(&mut self, id: TypeId, field: &'d Field, switch: &'d Switch) -> Translated {
        let on = self.expressions(id).lua(&switch.on)?;
        let mut body = format!("local on = {on} ");
        for (at, (case, form)) in switch.cases.iter().enumerate() {
            let case = self.expressions(id).lua(case)?;
            let form = self.form(id, field, form)?;
            let word = if at == 0 { "if" } else { "elseif" };
            let _ = write!(body, "{word} on == {case} then {form} ");
        }
        if !switch.cases.is_empty() {
            body.push_str("end ");
        }
        match &switch.otherwise {
            Some(form) => body.push_str(&format!("do {} end", self.form(id, field, form)?)),
            None => body.push_str("do return ABSENT end"),
        }
        Ok(body)
    }

    /// How a value that is computed is shown: not at all if it is a structure or a list.
    fn computed(&mut self, id: TypeId, field: &Field) -> String {
        let (kind, more) = match &field.ty {
            Ty::Int | Ty::Enum(_) => (
                Kind::Int {
                    signed: true,
                    bits: 64,
                },
                ", wide = true",
            ),
            Ty::Bool => (Kind::Bool, ""),
            Ty::Float => (Kind::Float { width: 8 }, ""),
            Ty::Str => (Kind::Text, ""),
            Ty::Bytes => (Kind::Text, ", bytes = true"),
            Ty::Struct(_) | Ty::AnyStruct | Ty::List(_) | Ty::Stream | Ty::Any => {
                return "nil".to_owned();
            }
        };
        let f = self
            .fields
            .of(id, field.slot, &field.name, kind, labels(&field.ty));
        format!("{{ is = {f}{more} }}")
    }

    /// A cut and its size, as expressions.
    fn cut(&self, id: TypeId, cut: &Cut) -> Result<(String, String), Refusal> {
        let expressions = self.expressions(id);
        let (kind, size) = match &cut.size {
            Size::Of(code) => ("fixed", expressions.lua(code)?),
            Size::Eos => ("eos", "nil".to_owned()),
            Size::Terminated => ("terminated", "nil".to_owned()),
        };
        let mut table = format!("{{ size = \"{kind}\", unit = {}", cut.unit);
        if let Some(terminator) = &cut.terminator {
            let _ = write!(
                table,
                ", terminator = {}, include = {}, consume = {}, eos_error = {}",
                quoted(terminator),
                cut.include,
                cut.consume,
                cut.eos_error
            );
        }
        if let Some(pad) = cut.pad_right {
            let _ = write!(table, ", pad = {pad}");
        }
        let process = match &cut.process {
            None => None,
            Some(Process::Xor(key)) => Some(("xor", expressions.lua(key)?)),
            Some(Process::RotateLeft(by)) => Some(("rol", expressions.lua(by)?)),
            Some(Process::RotateRight(by)) => Some(("rol", format!("-({})", expressions.lua(by)?))),
            Some(Process::Zlib) => Some(("zlib", "nil".to_owned())),
        };
        if let Some((process, key)) = process {
            let _ = write!(table, ", process = \"{process}\", key = {key}");
        }
        Ok((table + " }", size))
    }
}

/// The enum of a field or of its elements.
const fn labels(ty: &Ty) -> Option<EnumIndex> {
    match ty {
        Ty::Enum(id) => Some(*id),
        Ty::List(element) => match **element {
            Ty::Enum(id) => Some(id),
            _ => None,
        },
        _ => None,
    }
}

const fn little(order: ByteOrder) -> &'static str {
    match order {
        ByteOrder::Fixed(Endian::Little) => "true",
        ByteOrder::Fixed(Endian::Big) => "false",
        ByteOrder::OfStructure => "order(o)",
    }
}

/// Wireshark's name of an encoding; those that are parts of UTF-8 need none.
fn encoding(charset: Charset) -> Result<&'static str, String> {
    Ok(match charset {
        Charset::Ascii | Charset::Utf8 => "nil",
        Charset::Utf16Le => "ENC_UTF_16 + ENC_LITTLE_ENDIAN",
        Charset::Utf16Be => "ENC_UTF_16 + ENC_BIG_ENDIAN",
        Charset::Utf32Le => "ENC_UCS_4 + ENC_LITTLE_ENDIAN",
        Charset::Utf32Be => "ENC_UCS_4 + ENC_BIG_ENDIAN",
        Charset::Latin1 => "ENC_ISO_8859_1",
        Charset::Ibm437 => "ENC_CP437",
        Charset::Web(encoding) => match encoding.name() {
            "ISO-8859-2" => "ENC_ISO_8859_2",
            "ISO-8859-5" => "ENC_ISO_8859_5",
            "ISO-8859-7" => "ENC_ISO_8859_7",
            "ISO-8859-15" => "ENC_ISO_8859_15",
            "windows-1250" => "ENC_WINDOWS_1250",
            "windows-1251" => "ENC_WINDOWS_1251",
            "windows-1252" => "ENC_WINDOWS_1252",
            "IBM866" => "ENC_CP866",
            "EUC-KR" => "ENC_EUC_KR",
            // GB 18030 contains it.
            "GBK" | "gb18030" => "ENC_GB18030",
            other => return Err(format!("the encoding {other} has no name in Wireshark")),
        },
    })
}
