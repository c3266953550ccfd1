//! Expressions as trees, and what they mean, told in another way than the core does.

use gatewright_core::codec::Type;
use gatewright_core::message::Value;
use gatewright_proptests::world::World;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

/// Nesting stays well below the core's 64 levels.
const DEPTH: u32 = 5;
const SIZE: u32 = 24;

#[derive(Clone, Debug)]
pub(crate) enum Tree {
    Int(u64),
    Bool(bool),
    Text(String),
    Field(&'static str),
    Not(Box<Self>),
    Sign(&'static str, Box<Self>),
    All(Vec<Self>),
    Any(Vec<Self>),
    Compare(&'static str, Box<[Self; 2]>),
    Arith(&'static str, Box<[Self; 2]>),
    Choose(Box<[Self; 3]>),
}

/// The values of the fields that trees name.
#[derive(Clone, Debug)]
pub(crate) struct Fields {
    integers: [i64; 2],
    boolean: bool,
    text: String,
}

impl Fields {
    pub(crate) fn world(&self) -> World {
        World::new(vec![
            ("a", Type::INT, self.of("a")),
            ("b", Type::INT, self.of("b")),
            ("p", Type::Bool, self.of("p")),
            ("s", Type::STR, self.of("s")),
        ])
    }

    fn of(&self, name: &str) -> Value {
        match name {
            "a" => self.integers[0].into(),
            "b" => self.integers[1].into(),
            "p" => self.boolean.into(),
            _ => self.text.as_str().into(),
        }
    }
}

pub(crate) fn fields() -> impl Strategy<Value = Fields> {
    let integer = prop_oneof![-9..9_i64, any::<i64>()];
    ([integer.clone(), integer], any::<bool>(), any::<String>()).prop_map(
        |(integers, boolean, text)| Fields {
            integers,
            boolean,
            text,
        },
    )
}

/// A value's usual text.
pub(crate) fn plain(value: &Value) -> String {
    match value {
        Value::Int(n) => n.to_string(),
        Value::Str(text) => text.to_string(),
        other => panic!("no text stands for {other:?}"),
    }
}

impl Tree {
    /// What the tree gives, or `None` if it fails; without fields, if it is not a constant.
    pub(crate) fn value(&self, fields: Option<&Fields>) -> Option<Value> {
        let int = |tree: &Self| tree.value(fields)?.as_int();
        let truth = |tree: &Self| match tree.value(fields)? {
            Value::Bool(truth) => Some(truth),
            _ => None,
        };
        Some(match self {
            Self::Int(n) => (*n).into(),
            Self::Bool(truth) => (*truth).into(),
            Self::Text(text) => text.as_str().into(),
            Self::Field(name) => fields?.of(name),
            Self::Not(of) => (!truth(of)?).into(),
            Self::Sign(sign, of) => Value::Int(match *sign {
                "-" => int(of)?.checked_neg()?,
                "+" => int(of)?,
                _ => -1 - int(of)?,
            }),
            Self::All(all) => decided(all.iter().map(truth), false)?.into(),
            Self::Any(all) => decided(all.iter().map(truth), true)?.into(),
            Self::Compare(sign, two) => {
                compare(sign, &two[0].value(fields)?, &two[1].value(fields)?)?.into()
            }
            Self::Arith(sign, two) => match (two[0].value(fields)?, two[1].value(fields)?) {
                (Value::Int(a), Value::Int(b)) => Value::Int(arith(sign, a, b)?),
                (a, b) => Value::Str(format!("{}{}", a.as_str()?, b.as_str()?).into()),
            },
            Self::Choose(three) => three[if truth(&three[0])? { 1 } else { 2 }].value(fields)?,
        })
    }

    /// Whether a part of it has no fields and fails: that is an error at load.
    pub(crate) fn has_broken_constant(&self) -> bool {
        let broken = self.is_constant() && self.value(None).is_none();
        broken
            || self
                .children()
                .iter()
                .any(|child| child.has_broken_constant())
    }

    fn is_constant(&self) -> bool {
        !matches!(self, Self::Field(_)) && self.children().iter().all(|child| child.is_constant())
    }

    fn children(&self) -> Vec<&Self> {
        match self {
            Self::Int(_) | Self::Bool(_) | Self::Text(_) | Self::Field(_) => Vec::new(),
            Self::Not(of) | Self::Sign(_, of) => vec![of],
            Self::All(all) | Self::Any(all) => all.iter().collect(),
            Self::Compare(_, two) | Self::Arith(_, two) => two.iter().collect(),
            Self::Choose(three) => three.iter().collect(),
        }
    }
}

/// The first that decides, or the other if none does; a failure before that is one.
fn decided(all: impl Iterator<Item = Option<bool>>, by: bool) -> Option<bool> {
    for truth in all {
        if truth? == by {
            return Some(by);
        }
    }
    Some(!by)
}

fn compare(sign: &str, a: &Value, b: &Value) -> Option<bool> {
    let order = match (a, b) {
        (Value::Int(a), Value::Int(b)) => a.cmp(b),
        (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
        // Texts are ordered by their code points.
        (a, b) => a.as_str()?.chars().cmp(b.as_str()?.chars()),
    };
    Some(match sign {
        "==" => order.is_eq(),
        "!=" => order.is_ne(),
        "<" => order.is_lt(),
        "<=" => order.is_le(),
        ">" => order.is_gt(),
        _ => order.is_ge(),
    })
}

fn arith(sign: &str, a: i128, b: i128) -> Option<i128> {
    // Kaitai's division goes down, and the remainder has the divisor's sign.
    let floor = || {
        let (quotient, remainder) = (a.checked_div_euclid(b)?, a.checked_rem_euclid(b)?);
        let down = i128::from(b < 0 && remainder != 0);
        Some((quotient - down, remainder + down * b))
    };
    let shift = || u32::try_from(b).ok().filter(|by| *by < 128);
    match sign {
        "+" => a.checked_add(b),
        "-" => a.checked_sub(b),
        "*" => a.checked_mul(b),
        "/" => floor().map(|(quotient, _)| quotient),
        "%" => floor().map(|(_, remainder)| remainder),
        "&" => Some(a & b),
        "|" => Some(a | b),
        "^" => Some(a ^ b),
        "<<" => (0..shift()?).try_fold(a, |n, _| n.checked_mul(2)),
        _ => Some((0..shift()?).fold(a, |n, _| n.div_euclid(2))),
    }
}

fn boxed(tree: Tree) -> Box<Tree> {
    Box::new(tree)
}

pub(crate) fn integer() -> BoxedStrategy<Tree> {
    integer_of(boolean_of(text_leaf()))
}

pub(crate) fn boolean() -> BoxedStrategy<Tree> {
    boolean_of(text())
}

pub(crate) fn text() -> BoxedStrategy<Tree> {
    let condition = boolean_of(text_leaf());
    text_leaf()
        .prop_recursive(DEPTH, SIZE, 3, move |inner| {
            let join = [inner.clone(), inner.clone()].prop_map(|two| Tree::Arith("+", two.into()));
            prop_oneof![join, choose(condition.clone(), inner)]
        })
        .boxed()
}

fn text_leaf() -> BoxedStrategy<Tree> {
    prop_oneof![
        any::<String>().prop_map(Tree::Text),
        "[a-c'\"\\\\{}:]{0,4}".prop_map(Tree::Text),
        Just(Tree::Field("s")),
    ]
    .boxed()
}

fn integer_leaf() -> BoxedStrategy<Tree> {
    prop_oneof![
        4 => (0..10_u64).prop_map(Tree::Int),
        1 => any::<u64>().prop_map(Tree::Int),
        5 => select(&["a", "b"][..]).prop_map(Tree::Field),
    ]
    .boxed()
}

fn integer_of(condition: BoxedStrategy<Tree>) -> BoxedStrategy<Tree> {
    let any = &["+", "-", "*", "/", "%", "&", "|", "^", "<<", ">>"][..];
    let bits = &["&", "|", "^"][..];
    let small = &["/", "%", "<<", ">>"][..];
    integer_leaf()
        .prop_recursive(DEPTH, SIZE, 3, move |inner| {
            let sign = (select(&["-", "+", "~"][..]), inner.clone().prop_map(boxed));
            let two = [inner.clone(), inner.clone()];
            let by = [inner.clone(), (1..8_u64).prop_map(Tree::Int).boxed()];
            prop_oneof![
                2 => sign.prop_map(|(sign, of)| Tree::Sign(sign, of)),
                3 => (select(bits), two.clone()).prop_map(|(sign, two)| Tree::Arith(sign, two.into())),
                3 => (select(any), two).prop_map(|(sign, two)| Tree::Arith(sign, two.into())),
                2 => (select(small), by).prop_map(|(sign, two)| Tree::Arith(sign, two.into())),
                1 => choose(condition.clone(), inner),
            ]
        })
        .boxed()
}

fn boolean_of(text: BoxedStrategy<Tree>) -> BoxedStrategy<Tree> {
    let orders = &["==", "!=", "<", "<=", ">", ">="][..];
    let number = integer_of(any::<bool>().prop_map(Tree::Bool).boxed());
    let compare = |of: BoxedStrategy<Tree>| {
        (select(orders), [of.clone(), of]).prop_map(|(sign, two)| Tree::Compare(sign, two.into()))
    };
    let leaf = prop_oneof![
        1 => any::<bool>().prop_map(Tree::Bool),
        1 => Just(Tree::Field("p")),
        2 => compare(number),
        1 => compare(text),
    ];
    leaf.prop_recursive(DEPTH, SIZE, 3, |inner| {
        let same = (select(&["==", "!="][..]), [inner.clone(), inner.clone()]);
        prop_oneof![
            inner.clone().prop_map(|of| Tree::Not(boxed(of))),
            vec(inner.clone(), 2..4).prop_map(Tree::All),
            vec(inner.clone(), 2..4).prop_map(Tree::Any),
            same.prop_map(|(sign, two)| Tree::Compare(sign, two.into())),
            choose(inner.clone().boxed(), inner),
        ]
    })
    .boxed()
}

fn choose(condition: BoxedStrategy<Tree>, of: BoxedStrategy<Tree>) -> BoxedStrategy<Tree> {
    (condition, of.clone(), of)
        .prop_map(|(condition, then, otherwise)| Tree::Choose([condition, then, otherwise].into()))
        .boxed()
}
