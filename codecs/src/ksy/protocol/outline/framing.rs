//! How frames are found, in words, and how long they can be.

use crate::framing::{
    ByteOrder, Counts, Framer, Length, LengthForm, LengthPlace, Number, Part, Parts, Term,
};
use crate::ksy::plan::Plan;
use crate::ksy::protocol::offsets::{Fixed, fixed};
use crate::ksy::section::plan::DirectionPlan;

/// How the frames of a direction are found.
pub(super) fn words(plan: &Plan, direction: &DirectionPlan) -> String {
    match &direction.framer {
        Framer::Length(length) => of_length(length),
        Framer::Parts(parts) => {
            let known = Known {
                plan,
                numbers: fixed(plan, direction.root),
            };
            known.parts(parts)
        }
        Framer::Delimiter(delimiter) => {
            let (start, end) = (hex(delimiter.start()), hex(delimiter.end()));
            let escaped = match delimiter.escapes().rows() {
                [] => "",
                _ => ", escaped in between",
            };
            match start.is_empty() {
                true => format!("up to 0x{end}{escaped}"),
                false => format!("from 0x{start} up to 0x{end}{escaped}"),
            }
        }
        Framer::Fixed(size) => format!("always {size} bytes"),
        Framer::Datagram => "a datagram each".to_owned(),
    }
}

fn of_length(length: &Length) -> String {
    let form = match &length.form {
        LengthForm::Number(number) => name(*number),
        LengthForm::Until(end) => format!("digits up to 0x{}", hex(end)),
    };
    let place = match &length.place {
        LengthPlace::At(at) => format!("at byte {at}"),
        LengthPlace::After(after) => format!("behind 0x{}", hex(after)),
    };
    let counts = match length.counts {
        Counts::Frame => "the frame",
        Counts::Rest => "what follows it",
    };
    let add = match length.add {
        0 => String::new(),
        more @ 1.. => format!(" but for {more} bytes"),
        less => format!(" and {} bytes more", less.unsigned_abs()),
    };
    format!("a length ({form}) {place} that counts {counts}{add}")
}

/// Numbers at fixed places, for their names.
struct Known<'k> {
    plan: &'k Plan,
    numbers: Vec<Fixed>,
}

impl Known<'_> {
    /// The proof that the framing follows from the definition.
    fn parts(&self, parts: &Parts) -> String {
        let rest: Vec<String> = parts.parts.iter().map(|part| self.part(part)).collect();
        format!(
            "by the definition: {} bytes that are always there, then {}",
            parts.prefix,
            rest.join(", then ")
        )
    }

    fn part(&self, part: &Part) -> String {
        let mut text = String::new();
        for term in &part.terms {
            let (sign, first) = match term.times < 0 {
                true => (" - ", "-"),
                false => (" + ", ""),
            };
            text.push_str(if text.is_empty() { first } else { sign });
            text.push_str(&self.term(term));
        }
        match (part.plus, text.is_empty()) {
            (plus, true) => format!("{plus}"),
            (0, false) => text,
            (plus @ 1.., false) => format!("{text} + {plus}"),
            (less, false) => format!("{text} - {}", less.unsigned_abs()),
        }
    }

    fn term(&self, term: &Term) -> String {
        let form = name(term.number);
        let at = term.at;
        let found = self.numbers.iter().find(|number| number.offset == at);
        let field = found.and_then(
            |Fixed {
                 key: (ty, slot), ..
             }| self.plan.ty(*ty).field(*slot),
        );
        let number = match field {
            Some(field) => format!("`{}` ({form} at byte {at})", field.name),
            None => format!("the {form} at byte {at}"),
        };
        match term.times.unsigned_abs() {
            1 => number,
            times => format!("{times} × {number}"),
        }
    }
}

/// A number as `-gateway` writes it.
fn name(number: Number) -> String {
    let ordered = |order| match order {
        ByteOrder::Big => "be",
        ByteOrder::Little => "le",
    };
    match number {
        Number::Binary { width: 1, .. } => "u1".to_owned(),
        Number::Binary { width: 3, order } => format!("b24{}", ordered(order)),
        Number::Binary { width, order } => format!("u{width}{}", ordered(order)),
        Number::Varint => "varint".to_owned(),
        Number::Ascii(digits) => format!("ascii({digits})"),
        Number::Bcd(bytes) => format!("bcd({bytes})"),
    }
}

/// The longest frame that lengths can say, in bytes; `None` if nothing bounds it.
pub(super) fn longest(framer: &Framer) -> Option<usize> {
    let bytes = match framer {
        Framer::Length(length) => of_longest(length)?,
        Framer::Parts(parts) => {
            let sizes = parts.parts.iter().map(most);
            sizes.fold(parts.prefix as i128, i128::saturating_add)
        }
        Framer::Fixed(size) => return Some(size.get()),
        Framer::Delimiter(_) | Framer::Datagram => return None,
    };
    usize::try_from(bytes).ok()
}

fn of_longest(length: &Length) -> Option<i128> {
    let (LengthPlace::At(at), LengthForm::Number(number)) = (&length.place, &length.form) else {
        return None;
    };
    let counted = match length.counts {
        Counts::Frame => 0,
        Counts::Rest => at.saturating_add(number.longest()) as i128,
    };
    let most = i128::from(number.most());
    Some(
        most.saturating_add(i128::from(length.add))
            .saturating_add(counted),
    )
}

fn most(part: &Part) -> i128 {
    let terms = part.terms.iter().filter(|term| term.times > 0);
    let sizes = terms.map(|Term { number, times, .. }| {
        i128::from(number.most()).saturating_mul(i128::from(*times))
    });
    sizes.fold(i128::from(part.plus), i128::saturating_add)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
