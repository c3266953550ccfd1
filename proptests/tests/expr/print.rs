//! A tree as text.

use crate::tree::Tree;

/// How much of a tree's shape is left to the order of precedence.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Style {
    /// As much as it can tell.
    FewBrackets,
    /// Nothing.
    AllBrackets,
}

// How tightly a tree holds together, as the documentation of `gatewright_core::expr` says.
const CHOOSE: u8 = 0;
const OR: u8 = 1;
const AND: u8 = 2;
const NOT: u8 = 3;
const COMPARE: u8 = 4;
const SIGN: u8 = 11;
const LEAF: u8 = 12;

pub(crate) fn expression(tree: &Tree, style: Style) -> String {
    write(tree, CHOOSE, style)
}

fn strength(tree: &Tree) -> u8 {
    match tree {
        Tree::Int(_) | Tree::Bool(_) | Tree::Text(_) | Tree::Field(_) => LEAF,
        Tree::Not(_) => NOT,
        Tree::Sign(..) => SIGN,
        Tree::All(_) => AND,
        Tree::Any(_) => OR,
        Tree::Compare(..) => COMPARE,
        Tree::Choose(_) => CHOOSE,
        Tree::Arith(sign, _) => match *sign {
            "|" => 5,
            "^" => 6,
            "&" => 7,
            "<<" | ">>" => 8,
            "+" | "-" => 9,
            _ => 10,
        },
    }
}

/// The tree in a place that takes whatever holds together at least so tightly.
fn write(tree: &Tree, least: u8, style: Style) -> String {
    let own = strength(tree);
    let of = |tree: &Tree, least| write(tree, least, style);
    let joined = |all: &[Tree], word: &str| {
        let all: Vec<String> = all.iter().map(|tree| of(tree, own + 1)).collect();
        all.join(word)
    };
    let plain = match tree {
        Tree::Int(n) => n.to_string(),
        Tree::Bool(truth) => truth.to_string(),
        Tree::Text(text) => literal(text),
        Tree::Field(name) => (*name).to_owned(),
        Tree::Not(inner) => format!("not {}", of(inner, NOT)),
        Tree::Sign(sign, inner) => format!("{sign}{}", of(inner, SIGN)),
        Tree::All(all) => joined(all, " and "),
        Tree::Any(all) => joined(all, " or "),
        Tree::Compare(sign, two) => {
            format!(
                "{} {sign} {}",
                of(&two[0], COMPARE + 1),
                of(&two[1], COMPARE + 1)
            )
        }
        Tree::Arith(sign, two) => format!("{}{sign}{}", of(&two[0], own), of(&two[1], own + 1)),
        Tree::Choose(three) => {
            format!(
                "{} ? {} : {}",
                of(&three[0], OR),
                of(&three[1], CHOOSE),
                of(&three[2], CHOOSE)
            )
        }
    };
    let inner = style == Style::AllBrackets && own < LEAF;
    if own < least || inner {
        format!("({plain})")
    } else {
        plain
    }
}

/// Single quotes where they can hold the text, double quotes with escapes elsewhere.
fn literal(text: &str) -> String {
    if !text.contains('\'') {
        return format!("'{text}'");
    }
    let escaped: String = text.chars().map(escaped).collect();
    format!("\"{escaped}\"")
}

fn escaped(c: char) -> String {
    match c {
        '"' | '\\' => format!("\\{c}"),
        c if u32::from(c) < 0x20 => format!("\\{:03o}", u32::from(c)),
        '\u{7f}'..='\u{ffff}' => format!("\\u{:04x}", u32::from(c)),
        c => c.to_string(),
    }
}
