//! Expressions and templates: any text is refused or runs, and what a tree means does not
//! depend on how it is written.

mod print;
mod tree;

use gatewright_core::expr::{Expr, Source, Template, codes};
use gatewright_core::message::Value;
use gatewright_proptests::cases;
use gatewright_proptests::world::{World, check_any_text};
use print::Style;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use tree::{Fields, Tree, boolean, fields, integer, text};

const TOKENS: &[&str] = &[
    "amount",
    "minus",
    "ratio",
    "name",
    "raw",
    "flag",
    "kind",
    "odd",
    "hdr",
    "hdr.len",
    "nums",
    "gone",
    "json",
    "json.list",
    "json[\"name\"]",
    "kind::auth_req",
    "::",
    "0",
    "1",
    "255",
    "0xff",
    "18446744073709551615",
    "1.5",
    "1e308",
    "'a'",
    "\"b\\n\"",
    "'",
    "\"",
    "\\",
    "true",
    "null",
    "+",
    "-",
    "*",
    "/",
    "%",
    "<<",
    ">>",
    "&",
    "|",
    "^",
    "~",
    "==",
    "!=",
    "<",
    "<=",
    ">",
    ">=",
    "and",
    "or",
    "not",
    "?",
    ":",
    ".",
    ",",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ":08x",
    ".to_s",
    ".to_i",
    ".length",
    ".size",
    ".first",
    ".reverse",
    ".substring(1, 2)",
    "upper(",
    "base64(",
    "unhex(",
    "string(",
    "int(",
    " ",
    "\n",
    "é",
    "\u{a0}",
    "\u{1f600}",
];

/// Texts that look like expressions more or less.
fn any_text() -> impl Strategy<Value = String> {
    let soup = vec(select(TOKENS), 0..24).prop_map(|tokens| tokens.concat());
    let spaced = vec(select(TOKENS), 0..24).prop_map(|tokens| tokens.join(" "));
    let template = (soup.clone(), any::<String>()).prop_map(|(a, b)| format!("{b}{{{a}}}{b}"));
    prop_oneof![any::<String>(), soup, spaced, template]
}

/// Compiles and runs; `None` if it fails either way.
fn run(
    written: &str,
    world: &mut World,
    may_fail_at_load: bool,
) -> Result<Option<Value>, TestCaseError> {
    match Expr::compile(&Source::verbatim(written, 0), world) {
        Ok(expr) => Ok(expr.eval(world).ok().map(std::borrow::Cow::into_owned)),
        Err(error) => {
            prop_assert!(
                may_fail_at_load && error.code == codes::ALWAYS_FAILS,
                "{written}: {error}"
            );
            Ok(None)
        }
    }
}

fn check(tree: &Tree, fields: &Fields, style: Style) -> Result<(), TestCaseError> {
    let written = print::expression(tree, style);
    prop_assume!(written.len() <= 4096);
    let broken = tree.has_broken_constant();
    let expected = tree.value(Some(fields)).filter(|_| !broken);
    prop_assert_eq!(
        run(&written, &mut fields.world(), broken)?,
        expected,
        "{}",
        written
    );
    Ok(())
}

proptest! {
    #![proptest_config(cases(250))]

    #[test]
    fn any_text_is_refused_or_runs(text in any_text()) {
        check_any_text(&text, &mut World::full());
    }

    #[test]
    fn a_tree_means_the_same_however_it_is_written(
        tree in prop_oneof![integer(), boolean(), text()],
        fields in fields(),
    ) {
        check(&tree, &fields, Style::FewBrackets)?;
        check(&tree, &fields, Style::AllBrackets)?;
    }

    #[test]
    fn a_template_is_its_texts_and_values_in_turn(
        pieces in vec((any::<String>(), prop_oneof![integer(), text()]), 0..3),
        fields in fields(),
    ) {
        let mut written = String::new();
        let mut expected = Some(String::new());
        for (literal, tree) in &pieces {
            written += &literal.replace('{', "{{").replace('}', "}}");
            written += &format!("{{{}}}", print::expression(tree, Style::FewBrackets));
            let value = tree.value(Some(&fields)).filter(|_| !tree.has_broken_constant());
            expected = expected.zip(value).map(|(text, value)| text + literal + &tree::plain(&value));
        }
        prop_assume!(pieces.iter().all(|(_, tree)| print::expression(tree, Style::FewBrackets).len() <= 4096));
        let world = &mut fields.world();
        let mut got = String::new();
        match Template::compile_text(&Source::verbatim(written.as_str(), 0), world) {
            Ok(template) => {
                let result = template.write_text(world, &mut got);
                prop_assert_eq!(result.ok().map(|()| got), expected, "{}", written);
            }
            Err(error) => {
                let broken = pieces.iter().any(|(_, tree)| tree.has_broken_constant());
                prop_assert!(broken && error.code == codes::ALWAYS_FAILS, "{}: {}", written, error);
            }
        }
    }
}
