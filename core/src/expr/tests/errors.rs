//! What is wrong with expressions, at load and when they run.

use super::*;

/// The expression does not compile: `>>` and `<<` enclose the place of the error.
#[track_caller]
fn refused(marked: &str, code: &str, mentions: &str) {
    let start = marked.find('»').expect("a start");
    let text = marked.replacen('»', "", 1);
    let end = text.find('«').expect("an end");
    let text = text.replacen('«', "", 1);
    let error = compile(&text).1.expect_err(&text);
    let shown = format!(
        "{} / {}",
        error.message,
        error.help.as_deref().unwrap_or("no help")
    );
    assert_eq!(
        (error.code, error.span),
        (code, start..end),
        "{text}: {shown}"
    );
    assert!(shown.contains(mentions), "{text}: {shown}");
}

#[test]
fn syntax() {
    for (marked, mentions) in [
        ("»«", "a value, got the end"),
        ("1 +»«", "a value, got the end"),
        ("1 »2«", "an operator or the end, got `2`"),
        ("1 »)«", "got `)`"),
        ("(1»«", "`)` for this `(`"),
        ("[1 »2«]", "`]` for this `[`"),
        ("nums[1»«", "`]` for this `[`"),
        ("flag ? 1»«", "`:` for this `?`"),
        ("amount.»1«", "a name after the `.`"),
        ("kind::»«", "a label after the `::`"),
        ("1 + »not« flag", "got `not`"),
        ("flag »&&« flag", "write `and`"),
        ("flag »||« flag", "write `or`"),
        ("»!«flag", "write `not`"),
        ("amount »=« 1", "write `==`"),
        ("amount + »#«", "means nothing"),
        ("amount »é«", "means nothing"),
        ("'a'»(«1)", "an operator or the end"),
    ] {
        refused(marked, "GW2001", mentions);
    }
}

#[test]
fn literals() {
    for marked in ["»'abc«", "1 + »\"abc«", "»\"ab\\\"«"] {
        refused(marked, "GW2002", "no closing quote");
    }
    refused("\"a\\»q«\"", "GW2002", "no such escape");
    refused("\"a\\»u«12\"", "GW2002", "no such escape");
    for marked in [
        "»18446744073709551616«",
        "»0x«",
        "»0b2«",
        "»0777«",
        "»1e999«",
        "1 + »12abc«",
        "»0xfg«",
    ] {
        refused(marked, "GW2003", "");
    }
}

#[test]
fn names() {
    refused("»amout« > 1", "GW2004", "did you mean `amount`?");
    refused("1 + »zzz«", "GW2004", "no field `zzz`");
    refused("request.»foo«", "GW2004", "the request has no such field");
    refused("hdr.»lem«", "GW2004", "did you mean `len`?");
    refused("»amout«.to_s", "GW2004", "did you mean `amount`?");
    refused("»bass64«(raw)", "GW2005", "did you mean `base64`?");
    refused("»length«(name)", "GW2005", "write `x.length`");
    refused("name.»lenght«", "GW2005", "did you mean `length`?");
    refused("name.»upper«", "GW2005", "write `upper(x)`");
    refused("amount.»length«", "GW2005", "it has to_s");
    refused("raw.»reverse«", "GW2005", "bytes has no method");
    refused("»sort::a«", "GW2006", "no enum `sort`");
    refused("»kind::auth_rep«", "GW2006", "did you mean `auth_req`?");
}

#[test]
fn types() {
    refused("»1« + 'a'", "GW2007", "string(x)");
    refused("name + »raw«", "GW2007", "UTF-8");
    refused("»flag« + 1", "GW2007", "`+` does not take a truth value");
    refused("»kind« + 1", "GW2007", ".to_i");
    refused("amount - »name«", "GW2007", ".to_i");
    refused("»ratio« | 1", "GW2007", "a float");
    refused("1 << »ratio«", "GW2007", "`<<`");
    refused("~»ratio«", "GW2007", "`~`");
    refused("-»name«", "GW2007", "`-`");
    refused("»name['a']«", "GW2007", "an index is an integer");
    refused("»name[0]«", "GW2007", "only lists and bytes");
    refused("»amount == 'a'«", "GW2008", "int(x) or string(x)");
    refused("»kind == 1«", "GW2008", "name::label");
    refused(
        "»kind == colour::red«",
        "GW2008",
        "enum `kind` with enum `colour`",
    );
    refused("»kind == json.n«", "GW2008", ".to_i");
    refused("»kind < kind::auth_rsp«", "GW2008", "no order");
    refused("»raw == name«", "GW2008", "UTF-8");
    refused("»flag < true«", "GW2008", "");
    refused("»amount < null«", "GW2008", "null");
    refused("»hdr == hdr«", "GW2008", "structure `header`");
    refused("not »amount«", "GW2012", "!= 0");
    refused("flag and »name«", "GW2012", ".length > 0");
    refused("»amount« ? 1 : 2", "GW2012", "!= 0");
    refused("flag ? 1 : »'a'«", "GW2011", "the branches");
    refused("flag ? json.n : »kind«", "GW2011", "enum `kind`");
    refused("[1, »'a'«]", "GW2011", "the elements");
    refused("1 < 2 »<« 3", "GW2010", "a < b and b < c");
    refused("amount == 1 »==« true", "GW2010", "");
}

#[test]
fn arguments() {
    refused("»upper()«", "GW2009", "one argument, not 0");
    refused("upper(»amount«)", "GW2009", "it takes text");
    refused("string(»raw«)", "GW2009", "hex(x) or base64(x)");
    refused("»name.substring(1)«", "GW2009", "");
    refused(
        "name.substring(1, »'a'«)",
        "GW2009",
        "an integer here, not text",
    );
    refused("raw.to_s(»'UFT-8'«)", "GW2009", "did you mean `UTF-8`?");
    refused("raw.to_s(»name«)", "GW2009", "written out");
    refused("[flag].»min«", "GW2009", "order");
    let condition = |text: &str| Expr::condition(&Source::verbatim(text, 100), &mut world());
    assert!(condition("amount > 1").is_ok() && condition("json.a").is_ok());
    let error = condition("  amount ").expect_err("a number");
    assert_eq!((error.code, error.span), ("GW2012", 102..108));
}

#[test]
fn constants_that_fail() {
    refused("1 + »2 / 0«", "GW2014", "division by zero");
    refused("»'x'.to_i«", "GW2014", "not an integer");
    refused("»null + 1«", "GW2014", "absent");
    // RFC 4648, 3.2 to 3.5: no foreign characters, all padding or none, no stray bits.
    for text in ["?", "Y", "YQ=", "YR==", "YR", "Y Q==", "YQ==YQ=="] {
        refused(&format!("»unbase64('{text}')«"), "GW2014", "base64");
    }
}

#[test]
fn limits() {
    let deep =
        |n: usize, open: &str, close: &str| format!("{}1{}", open.repeat(n), close.repeat(n));
    assert!(compile(&deep(60, "(", ")")).1.is_ok());
    for text in [
        deep(2000, "(", ")"),
        deep(2000, "[", "]"),
        deep(65, "-", ""),
        deep(4000, "~", ""),
        "1+".repeat(2000) + "1",
        "true?1:".repeat(500) + "1",
        "true?".repeat(800),
        format!("flag{}", ".a".repeat(100)),
        format!("nums{}", "[0]".repeat(100)),
        "not ".repeat(1000) + "flag",
        " ".repeat(4097),
        "'".to_owned() + &"a".repeat(5000) + "'",
        "upper(".repeat(600) + "name" + &")".repeat(600),
    ] {
        let error = compile(&text).1.expect_err("too large");
        assert_eq!(error.code, "GW2013", "{}…", &text[..40]);
    }
}

#[test]
fn places_are_those_of_the_file() {
    let error = |source: &Source| Expr::compile(source, &mut world()).expect_err("an unknown name");
    assert_eq!(error(&Source::verbatim("1 + amout", 500)).span, 504..509);
    assert_eq!(
        error(&Source::escaped("1 + amout", 500..512)).span,
        500..512
    );
}

#[track_caller]
fn fails(text: &str, problem: Problem, place: &str) {
    let error = run(text).expect_err(text);
    let start = text.find(place).expect("a part of the expression");
    assert_eq!(
        (error.problem(), error.span().cloned()),
        (problem, Some(start..start + place.len())),
        "{text}: {error}"
    );
    for secret in ["hunter", "1250", "A1", "200", "two"] {
        assert!(!error.to_string().contains(secret), "{text}: {error}");
    }
}

#[test]
fn when_it_runs() {
    fails(
        "1 + amount / (amount - 1250)",
        Problem::DivisionByZero,
        "amount / (amount - 1250)",
    );
    fails(
        "amount % (small - 200)",
        Problem::DivisionByZero,
        "amount % (small - 200)",
    );
    fails(
        "ratio / (small - 200)",
        Problem::DivisionByZero,
        "ratio / (small - 200)",
    );
    let big = "(amount << 100)";
    fails(
        &format!("{big} * 1024 * 1024"),
        Problem::Overflow,
        "(amount << 100) * 1024 * 1024",
    );
    fails("amount << 120", Problem::Overflow, "amount << 120");
    fails(
        "-((minus - 1) << 124)",
        Problem::Overflow,
        "-((minus - 1) << 124)",
    );
    fails(
        "((minus - 1) << 124) / (minus + 6)",
        Problem::Overflow,
        "((minus - 1) << 124) / (minus + 6)",
    );
    fails("1 << amount", Problem::OutOfRange, "1 << amount");
    fails("1 >> minus", Problem::OutOfRange, "1 >> minus");
    fails(
        "1e300 * ratio * 1e300",
        Problem::Overflow,
        "1e300 * ratio * 1e300",
    );
}

#[test]
fn positions_and_texts_when_it_runs() {
    fails("nums[3]", Problem::OutOfRange, "nums[3]");
    fails("nums[minus]", Problem::OutOfRange, "nums[minus]");
    fails("raw[small]", Problem::OutOfRange, "raw[small]");
    fails(
        "name.substring(2, 1)",
        Problem::OutOfRange,
        "name.substring(2, 1)",
    );
    fails(
        "name.substring(0, 4)",
        Problem::OutOfRange,
        "name.substring(0, 4)",
    );
    fails(
        "name.substring(minus, 4)",
        Problem::OutOfRange,
        "name.substring(minus, 4)",
    );
    fails("pin.to_i", Problem::Unreadable, "pin.to_i");
    fails("name.to_i(small)", Problem::OutOfRange, "name.to_i(small)");
    fails("int(pin)", Problem::Unreadable, "int(pin)");
    fails("unhex(pin)", Problem::Unreadable, "unhex(pin)");
    fails(
        "unbase64(pin + '!')",
        Problem::Unreadable,
        "unbase64(pin + '!')",
    );
    fails(
        "raw.to_s('ASCII')",
        Problem::Unreadable,
        "raw.to_s('ASCII')",
    );
    fails(
        "raw.to_s('UTF-8')",
        Problem::Unreadable,
        "raw.to_s('UTF-8')",
    );
    fails(
        "raw.to_s('UTF-16LE')",
        Problem::Unreadable,
        "raw.to_s('UTF-16LE')",
    );
    fails("json.empty.first", Problem::OutOfRange, "json.empty.first");
    fails("json.empty.min", Problem::OutOfRange, "json.empty.min");
}

#[test]
fn absent_values_and_json_when_it_runs() {
    fails("gone > 3", Problem::Absent, "gone > 3");
    fails("gone + 3", Problem::Absent, "gone + 3");
    fails("gone.to_s", Problem::Absent, "gone.to_s");
    fails("json.code + 1", Problem::WrongType, "json.code + 1");
    fails(
        "json.n - json.code",
        Problem::WrongType,
        "json.n - json.code",
    );
    fails("json.code > 3", Problem::WrongType, "json.code > 3");
    fails("json.x | 1", Problem::WrongType, "json.x | 1");
    fails("not json.code", Problem::WrongType, "json.code");
    fails("json.n and true", Problem::WrongType, "json.n");
    fails("json.missing and true", Problem::Absent, "json.missing");
    fails("json.n.length", Problem::WrongType, "json.n.length");
    fails(
        "name.substring(json.code, 1)",
        Problem::WrongType,
        "name.substring(json.code, 1)",
    );
    fails(
        "name.to_i(json.missing)",
        Problem::Absent,
        "name.to_i(json.missing)",
    );
    fails("upper(json.n)", Problem::WrongType, "upper(json.n)");
    fails(
        "upper(json.missing)",
        Problem::Absent,
        "upper(json.missing)",
    );
    fails("json.list.max", Problem::WrongType, "json.list.max");
    fails("string(json.list)", Problem::WrongType, "string(json.list)");
}

#[test]
fn what_is_produced_is_bounded() {
    let mut world = world();
    world.values[4] = Value::from("x".repeat(4096).as_str());
    let text = format!("name{}", " + name".repeat(30));
    let expr = Expr::compile(&Source::verbatim(text, 0), &mut world).unwrap();
    let error = expr
        .eval(&world)
        .expect_err("1.9 MiB with its intermediate results");
    assert_eq!(error.problem(), Problem::TooMuch);
}

#[test]
fn every_code_is_explained() {
    for (at, row) in codes::ALL.iter().enumerate() {
        assert_eq!(row.code, format!("GW{}", 2001 + at));
        assert!(
            row.title.len() > 10 && row.explanation.len() > 60,
            "{}",
            row.code
        );
        assert_eq!(codes::find(&row.code.to_lowercase()), Some(row));
    }
}

#[test]
fn forms_of_definitions_are_not_for_rules() {
    for text in ["amount.as<u2>", "sizeof<hdr>", "f\"a{amount}b\""] {
        let error = Expr::compile(&Source::verbatim(text, 0), &mut world()).unwrap_err();
        assert_eq!(error.code, codes::DEFINITIONS_ONLY, "{text}");
    }
}
