//! Picks the wanted values out of a document. The rest is checked to be JSON and skipped.
//!
//! A path that leads nowhere gives [`Value::Null`]. Where an object names a member twice, the
//! last one counts, as most readers have it (RFC 8259, section 4, leaves it open). Nesting is
//! bounded by serde_json's limit of 128 levels, for what is wanted and for what is skipped over
//! with bounded memory. Text is a slice of the answer's body unless it has escapes.

use super::flat;
use super::paths::{Node, Paths};
use super::spelling::has_wide_integer;
use crate::message::Value;
use bytes::Bytes;
use bytestring::ByteString;
use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor,
};
use serde_json::value::RawValue;
use smallvec::SmallVec;
use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;

/// The values of a route's paths, by their places. They are moved about: room for more of them
/// would cost as much as memory of their own.
pub(in crate::translate) type Picked = SmallVec<[Value; 2]>;

impl Paths {
    /// No value yet.
    pub(super) fn unset(&self) -> Picked {
        let mut picked = Picked::new();
        picked.resize_with(self.places(), Value::default);
        picked
    }
}

/// The body is not one JSON document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::translate) struct NotJson;

/// Reads one document.
pub(in crate::translate) fn extract(paths: &Paths, body: &Bytes) -> Result<Picked, NotJson> {
    let mut picked = paths.unset();
    if !flat::pick(paths, body, &mut picked) {
        picked.fill(Value::Null);
        extract_any(paths, body, &mut picked)?;
    }
    Ok(picked)
}

/// Reads any document.
pub(super) fn extract_any(
    paths: &Paths,
    body: &Bytes,
    picked: &mut [Value],
) -> Result<(), NotJson> {
    // RFC 8259, section 8.1: JSON is UTF-8. Checked once, each string is a slice of it.
    let text = ByteString::try_from(body.clone()).map_err(|_| NotJson)?;
    let is_doubtful = Cell::new(false);
    let whole = Whole {
        text: &text,
        is_doubtful: &is_doubtful,
    };
    read(paths, &text, Task::Build(whole), picked)?;
    if is_doubtful.get() {
        read(paths, &text, Task::Check, &mut [])?;
    }
    Ok(())
}

fn read(paths: &Paths, text: &str, task: Task<'_>, picked: &mut [Value]) -> Result<(), NotJson> {
    let mut json = serde_json::Deserializer::from_str(text);
    let node = paths.root();
    Pick { node, task, picked }
        .deserialize(&mut json)
        .and_then(|()| json.end())
        .map_err(|_| NotJson)
}

/// What is done with the values that are wanted.
#[derive(Clone, Copy)]
enum Task<'a> {
    /// They are built.
    Build(Whole<'a>),
    /// Their integers fit 64 bits, by their spelling, or they are refused. Only for documents with a float that may
    /// be such an integer: it takes a second reading, as the first one does not tell how a float is spelt.
    Check,
}

/// Picks what is wanted at one position and below.
struct Pick<'a> {
    node: &'a Node,
    task: Task<'a>,
    picked: &'a mut [Value],
}

impl Pick<'_> {
    fn below<'b>(&'b mut self, node: &'b Node) -> Pick<'b> {
        // An earlier member of the same name may have left values below. A value of its own is
        // put there anew.
        if !node.is_leaf() {
            node.places(&mut |place| put(self.picked, place, Value::Null));
        }
        Pick {
            node,
            task: self.task,
            picked: self.picked,
        }
    }

    fn whole(self, value: Value) {
        for (name, node) in &self.node.members {
            let member = member(&value, name).clone();
            Pick {
                node,
                task: self.task,
                picked: self.picked,
            }
            .whole(member);
        }
        for (index, node) in &self.node.items {
            let item = value.as_list().and_then(|items| items.get(*index)).cloned();
            Pick {
                node,
                task: self.task,
                picked: self.picked,
            }
            .whole(item.unwrap_or_default());
        }
        if let Some(place) = self.node.wanted {
            put(self.picked, place, value);
        }
    }
}

pub(super) fn put(picked: &mut [Value], place: usize, value: Value) {
    if let Some(slot) = picked.get_mut(place) {
        *slot = value;
    }
}

fn member<'v>(value: &'v Value, name: &str) -> &'v Value {
    match value {
        Value::Object(members) => members
            .iter()
            .find(|(key, _)| *key == name)
            .map_or(&Value::Null, |(_, value)| value),
        _ => &Value::Null,
    }
}

impl<'de> DeserializeSeed<'de> for Pick<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        if self.node.wanted.is_some() {
            match self.task {
                Task::Build(whole) => {
                    let value = whole.deserialize(json)?;
                    self.whole(value);
                }
                Task::Check if has_wide_integer(<&RawValue>::deserialize(json)?.get()) => {
                    return Err(D::Error::custom("an integer beyond 64 bits"));
                }
                Task::Check => {}
            }
            return Ok(());
        }
        if self.node.is_leaf() {
            return json.deserialize_ignored_any(IgnoredAny).map(|_| ());
        }
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Pick<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        let node = self.node;
        while let Some(key) = map.next_key_seed(Text)? {
            match node.members.iter().find(|(name, _)| **name == *key) {
                Some((_, node)) => map.next_value_seed(self.below(node))?,
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut seq: A) -> Result<(), A::Error> {
        let node = self.node;
        for index in 0.. {
            let wanted = node.items.iter().find(|(i, _)| *i == index);
            let more = match wanted {
                Some((_, node)) => seq.next_element_seed(self.below(node))?.is_some(),
                None => seq.next_element::<IgnoredAny>()?.is_some(),
            };
            if !more {
                break;
            }
        }
        Ok(())
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }
}

/// A member's name, borrowed unless it has escapes.
struct Text;

impl<'de> DeserializeSeed<'de> for Text {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Self::Value, D::Error> {
        json.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Text {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(text.to_owned()))
    }
}

/// A value as a whole. Borrowed text is a slice of the given one.
#[derive(Clone, Copy)]
struct Whole<'a> {
    text: &'a ByteString,
    /// Set once a float may be what became of an integer beyond 64 bits.
    is_doubtful: &'a Cell<bool>,
}

impl<'de> DeserializeSeed<'de> for Whole<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Value, D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Whole<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        if may_be_rounded(value) {
            self.is_doubtful.set(true);
        }
        Ok(Value::Float(value))
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Value, E> {
        Ok(Value::Str(self.text.slice_ref(text)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
        Ok(Value::from(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element_seed(self)? {
            items.push(item);
        }
        Ok(Value::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut members = Vec::new();
        while let Some(key) = map.next_key_seed(Text)? {
            let name = match key {
                Cow::Borrowed(name) => self.text.slice_ref(name),
                Cow::Owned(name) => name.into(),
            };
            members.push((name, map.next_value_seed(self)?));
        }
        keep_last(&mut members);
        Ok(Value::Object(members))
    }
}

/// Whether a float may be what became of an integer beyond 64 bits: its digits would be those of another one.
fn may_be_rounded(value: f64) -> bool {
    // 2^64 and -2^63 are the first floats that such integers become.
    const PAST: f64 = u64::MAX as f64;
    const LEAST: f64 = i64::MIN as f64;
    value >= PAST || value <= LEAST
}

/// Of members with the same name, keeps the last. Sorting bounds the work on a hostile answer.
fn keep_last(members: &mut Vec<(ByteString, Value)>) {
    let mut order: Vec<usize> = (0..members.len()).collect();
    let name = |index: &usize| members.get(*index).map(|(name, _)| name);
    order.sort_by(|a, b| name(a).cmp(&name(b)));
    let mut earlier: Vec<bool> = vec![false; members.len()];
    for pair in order.windows(2) {
        if let [a, b] = pair
            && name(a) == name(b)
            && let Some(earlier) = earlier.get_mut(*a)
        {
            *earlier = true;
        }
    }
    let mut drop = earlier.into_iter();
    members.retain(|_| !drop.next().unwrap_or(false));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expr::Step;

    fn check(body: &str, paths: &[&[Step<'_>]], expected: Result<&[Value], NotJson>) {
        let mut tree = Paths::default();
        let places: Vec<usize> = paths.iter().map(|path| tree.intern(path)).collect();
        let picked = extract(&tree, &Bytes::copy_from_slice(body.as_bytes()));
        let picked = picked.map(|p| places.iter().map(|at| p[*at].clone()).collect::<Vec<_>>());
        assert_eq!(picked.as_deref(), expected.as_deref(), "{body}");
    }

    const A: &[Step<'_>] = &[Step::Name("a")];
    const A_B: &[Step<'_>] = &[Step::Name("a"), Step::Key("b")];
    const A_1: &[Step<'_>] = &[Step::Name("a"), Step::Index(1)];

    #[test]
    fn picks_what_is_wanted_and_null_for_the_rest() {
        check(
            r#"{"x":[{}],"a":7}"#,
            &[A, A_B],
            Ok(&[Value::Int(7), Value::Null]),
        );
        check(r#"{"a":{"b":"x\ny"}}"#, &[A_B], Ok(&[Value::from("x\ny")]));
        check(r#"{"a":[1,2.5]}"#, &[A_1], Ok(&[Value::Float(2.5)]));
        check(r#"{"a":[1]}"#, &[A_1, A_B], Ok(&[Value::Null, Value::Null]));
        check(
            r#"{"\u0061":18446744073709551615}"#,
            &[A],
            Ok(&[Value::Int(u64::MAX.into())]),
        );
        check("[1,true]", &[&[Step::Index(1)]], Ok(&[Value::Bool(true)]));
        check("3", &[&[], A], Ok(&[Value::Int(3), Value::Null]));
    }

    #[test]
    fn no_integer_becomes_another_one() {
        for beyond in [
            "18446744073709551616",
            "99999999999999999999",
            "-9223372036854775809",
            "1234567890123456789012",
            "-1000000000000000000000000000000",
        ] {
            check(&format!(r#"{{"a":{beyond}}}"#), &[A], Err(NotJson));
            check(&format!(r#"{{"a":[{beyond}]}}"#), &[A], Err(NotJson));
            let unread = format!(r#"{{"b":{beyond},"a":{{"b":2e19}}}}"#);
            check(&unread, &[A_B], Ok(&[Value::Float(2e19)]));
        }
        for (float, expected) in [
            ("1e300", 1e300),
            ("-1e21", -1e21),
            ("2e19", 2e19),
            ("20000000000000000000.0", 2e19),
            ("-9223372036854775808e0", -9_223_372_036_854_775_808.0),
            ("9e18", 9e18),
            ("0.5", 0.5),
        ] {
            check(
                &format!(r#"{{"a":{float}}}"#),
                &[A],
                Ok(&[Value::Float(expected)]),
            );
        }
    }

    #[test]
    fn a_value_is_picked_whole_and_in_parts_at_once() {
        let b = Value::Object(vec![("b".into(), Value::Int(1))]);
        check(r#"{"a":{"b":1}}"#, &[A_B, A], Ok(&[Value::Int(1), b]));
        let list = Value::List(vec![Value::Int(1), Value::Int(2)]);
        check(r#"{"a":[1,2]}"#, &[A, A_1], Ok(&[list, Value::Int(2)]));
    }

    #[test]
    fn of_equal_names_the_last_counts() {
        check(r#"{"a":{"b":1},"a":{}}"#, &[A_B], Ok(&[Value::Null]));
        check(r#"{"a":1,"a":2}"#, &[A], Ok(&[Value::Int(2)]));
        let last = Value::Object(vec![
            ("c".into(), Value::Int(3)),
            ("b".into(), Value::Int(2)),
        ]);
        check(
            r#"{"a":{"b":1,"c":3,"b":2}}"#,
            &[A, A_B],
            Ok(&[last, Value::Int(2)]),
        );
    }

    #[test]
    fn what_is_not_one_document_is_refused() {
        let deep = "[".repeat(200) + &"]".repeat(200);
        for body in [
            "",
            "{",
            r#"{"a":1"#,
            r#"{"a":1}x"#,
            r#"{"a":01}"#,
            "nul",
            r#"{"z":1e}"#,
        ] {
            check(body, &[A], Err(NotJson));
        }
        check(&format!(r#"{{"a":{deep}}}"#), &[A], Err(NotJson));
        let mut tree = Paths::default();
        tree.intern(A);
        assert_eq!(
            extract(&tree, &Bytes::from_static(b"{\"z\":\"\xff\"}")),
            Err(NotJson)
        );
    }

    #[test]
    fn text_without_escapes_is_a_slice_of_the_body() {
        let mut tree = Paths::default();
        let at = tree.intern(A);
        let body = Bytes::from_static(br#"{"a":"slice"}"#);
        let picked = extract(&tree, &body).expect("JSON");
        let text = picked[at].as_str().expect("text");
        assert!(body.as_ptr_range().contains(&text.as_ptr()));
    }
}
