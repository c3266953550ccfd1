//! Text with expressions in it.

use super::*;

fn compile(text: &str) -> (World, Result<Template, RuleError>) {
    let mut world = world();
    let template = Template::compile(&Source::verbatim(text, 0), &mut world);
    (world, template)
}

#[track_caller]
fn check(text: &str, expected: impl Into<Value>) {
    let (world, template) = compile(text);
    let template = template.unwrap_or_else(|error| panic!("{text}: {error} at {:?}", error.span));
    assert_eq!(
        template.eval(&world).map(Cow::into_owned),
        Ok(expected.into()),
        "{text}"
    );
}

#[test]
fn text() {
    check("", "");
    check("plain", "plain");
    check("/v1/{name}/x-{amount:08x}", "/v1/Añb/x-000004e2");
    check("{{{amount}}}", "{1250}");
    check("a{{b}}c", "a{b}c");
    check(
        "{flag} {ratio} {minus} {kind} {odd}",
        "true 2.5 -7 auth_req 66",
    );
    check("{hdr.kind}!", "auth_rsp!");
    check("x{base64(raw)}", "xYWL/");
    check("x{json.code}{json.n}{json.x}", "xA152.5");
    check("{'a}b' + \"c\\\"}\"}!", "a}bc\"}!");
    check("é{'ü'}é", "éüé");
}

#[test]
fn one_expression_keeps_its_type() {
    check("{amount}", 1250);
    check("{ amount }", 1250);
    check("{raw}", Value::Bytes(Bytes::from_static(b"ab\xff")));
    check("{kind}", 1);
    check("{json.list[0]}", 1);
    check("{gone}", Value::Null);
    let (world, template) = compile("{kind}");
    let template = template.unwrap();
    assert!(matches!(template.eval(&world), Ok(Cow::Borrowed(_))));
    assert_eq!(template.ty(), &Type::Enum(EnumId(0)));
    assert_eq!(
        template.single().unwrap().label(&Value::Int(129)),
        Some("auth_rsp")
    );
    assert_eq!(compile("{amount:d}").1.unwrap().ty(), &Type::STR);
    assert_eq!(
        compile("{1}a{2:02}{'b'}{kind::auth_rsp}")
            .1
            .unwrap()
            .literal(),
        Some("1a02bauth_rsp")
    );
    assert_eq!(
        compile("{kind::auth_rsp:d}{''}").1.unwrap().literal(),
        Some("129")
    );
    assert_eq!(compile("a{{b").1.unwrap().literal(), Some("a{b"));
    let mut out = String::new();
    template.write_text(&world, &mut out).unwrap();
    assert_eq!(out, "auth_req");
}

#[test]
fn formats() {
    check("{amount:x}", "4e2");
    check("{amount:X}", "4E2");
    check("{amount:b}", "10011100010");
    check("{amount:o}", "2342");
    check("{amount:d}", "1250");
    check("{amount:6}|", "  1250|");
    check("{amount:<6}|", "1250  |");
    check("{amount:08}", "00001250");
    check("{amount:2}", "1250");
    check("{minus:04}", "-007");
    check("{minus:x}", "-7");
    check("{name:5}|", "Añb  |");
    check("{name:>5}|", "  Añb|");
    check("{name:<5}|", "Añb  |");
    check("{name:<2}|", "Añb|");
    check("{kind:>10}", "  auth_req");
    check("{kind:04d}", "0001");
    check("{odd:4}|", "  66|");
    check("{flag:6}|", "true  |");
    check("{json.n:03}", "005");
}

#[test]
fn colons() {
    check("{flag ? amount : 0}", 1250);
    check("{flag ? amount : 0:x}", "4e2");
    check("{flag ? kind::auth_req : kind::auth_rsp:d}", "1");
    check("{kind::auth_rsp:d}", "129");
    check("{(flag ? amount : 0):x}", "4e2");
    check("{nums[flag ? 0 : 1]:02}", "03");
    check("{'a:b' + 'c':>5}", " a:bc");
    check("{flag ? flag ? 1 : 2 : 3:02}", "01");
}

#[track_caller]
fn refused(text: &str, code: &str, span: Span, mentions: &str) {
    let error = compile(text).1.expect_err(text);
    let shown = format!(
        "{} / {}",
        error.message,
        error.help.as_deref().unwrap_or("no help")
    );
    assert_eq!((error.code, error.span), (code, span), "{text}: {shown}");
    assert!(shown.contains(mentions), "{text}: {shown}");
}

#[test]
fn errors() {
    refused("a{amount", codes::BRACE, 1..2, "`{{`");
    refused("a}b", codes::BRACE, 1..2, "`}}`");
    refused("{'a}", codes::BRACE, 0..1, "not closed");
    refused("a{}", codes::SYNTAX, 2..2, "a value, got the end");
    refused("a{amout}", codes::UNKNOWN_NAME, 2..7, "`amount`");
    refused("a{1 + }", codes::SYNTAX, 6..6, "a value, got the end");
    refused("a{null}", codes::ALWAYS_FAILS, 2..6, "absent");
    refused("a{raw}", codes::NOT_TEXT, 2..5, "hex(x) or base64(x)");
    refused("{raw:x}", codes::NOT_TEXT, 1..4, "hex(x) or base64(x)");
    refused("a{nums}", codes::NOT_TEXT, 2..6, ".first");
    refused("a{hdr}", codes::NOT_TEXT, 2..5, "fields");
    refused("{name:x}", codes::FORMAT, 1..5, "for integers, not text");
    refused("{amount:}", codes::FORMAT, 8..8, "no format");
    refused("{amount:y}", codes::FORMAT, 8..9, "08x");
    refused("{amount:2000}", codes::FORMAT, 8..12, "1024");
    refused("{amount:<08}", codes::FORMAT, 8..11, "zeros");
    refused("{amount:0x}", codes::FORMAT, 8..10, "width");
    refused("{name:é}", codes::FORMAT, 6..8, "08x");
    refused("x{{{amout}", codes::UNKNOWN_NAME, 4..9, "");
}

#[test]
fn a_place_for_text_takes_only_text() {
    let text = |text: &str| Template::compile_text(&Source::verbatim(text, 10), &mut world());
    assert!(text("{amount}").is_ok() && text("{hex(raw)}").is_ok() && text("a").is_ok());
    let error = text("{raw}").expect_err("bytes");
    assert_eq!((error.code, error.span), (codes::NOT_TEXT, 11..14));
}

#[test]
fn values_without_text_fail_when_it_runs() {
    for (text, problem) in [
        ("a{json.missing}", Problem::Absent),
        ("a{json.list}", Problem::WrongType),
        ("a{gone}", Problem::Absent),
        ("{json.code:x}", Problem::WrongType),
    ] {
        let (world, template) = compile(text);
        let error = template
            .unwrap()
            .eval(&world)
            .map(Cow::into_owned)
            .expect_err(text);
        assert_eq!(error.problem(), problem, "{text}");
        assert!(error.span().is_some(), "{text}");
    }
}
