//! What expressions give.

use super::*;

fn bytes(bytes: &'static [u8]) -> Value {
    Value::Bytes(Bytes::from_static(bytes))
}

#[test]
fn literals() {
    check("978", 978);
    check("1_000_000", 1_000_000);
    check("0x3D2", 0x3d2);
    check("0b10_10", 10);
    check("0o17", 15);
    check("0xFFFF_FFFF_FFFF_FFFF", u64::MAX);
    check("-9223372036854775808", i64::MIN);
    check("1.5", Value::Float(1.5));
    check("1e3", Value::Float(1000.0));
    check("2.5e-1", Value::Float(0.25));
    check("true", true);
    check("null", Value::Null);
    check(
        r#""\a\b\t\n\v\f\r\e\"\'\\\0\101\u00e9""#,
        "\x07\x08\t\n\x0b\x0c\r\x1b\"'\\\0A\u{e9}",
    );
    check(r"'raw \n \'", r"raw \n \");
    check("''", "");
    check("[1, 0xff, 3,]", bytes(b"\x01\xff\x03"));
    check("[]", bytes(b""));
    check(
        "[1, 256]",
        Value::List(vec![Value::Int(1), Value::Int(256)]),
    );
    check(
        "[1, 2.5]",
        Value::List(vec![Value::Float(1.0), Value::Float(2.5)]),
    );
    check(
        "['a', name]",
        Value::List(vec![Value::from("a"), Value::from("Añb")]),
    );
}

#[test]
fn precedence() {
    for (text, meaning) in [
        ("1 + 2 * 3", "1 + (2 * 3)"),
        ("10 - 3 - 2", "(10 - 3) - 2"),
        ("100 / 7 * 7", "(100 / 7) * 7"),
        ("1 << 2 + 1", "1 << (2 + 1)"),
        ("6 & 3 << 1", "6 & (3 << 1)"),
        ("7 ^ 6 & 2", "7 ^ (6 & 2)"),
        ("8 | 1 ^ 3", "8 | (1 ^ 3)"),
        ("5 | 2 == 7", "(5 | 2) == 7"),
        ("not 1 == 2", "not (1 == 2)"),
        ("not false and false", "(not false) and false"),
        ("true or false and false", "true or (false and false)"),
        ("-2 + 1", "(-2) + 1"),
        ("~1 & 3", "(~1) & 3"),
        ("-name.length", "-(name.length)"),
        ("true ? 1 : false ? 2 : 3", "true ? 1 : (false ? 2 : 3)"),
        ("false ? 1 : true ? 2 : 3", "false ? 1 : (true ? 2 : 3)"),
        ("true or false ? 1 : 2", "(true or false) ? 1 : 2"),
        ("true ? false ? 1 : 2 : 3", "true ? (false ? 1 : 2) : 3"),
        ("- - 2", "-(-2)"),
        ("not not true", "not (not true)"),
        ("2 * -3", "2 * (-3)"),
        ("-7 / 2", "(-7) / 2"),
    ] {
        assert_eq!(run(text), run(meaning), "{text}");
    }
}

#[test]
fn integers_divide_towards_negative_infinity() {
    for (a, b, quotient, remainder) in [
        (7, 2, 3, 1),
        (-7, 2, -4, 1),
        (7, -2, -4, -1),
        (-7, -2, 3, -1),
        (6, 3, 2, 0),
        (-6, 3, -2, 0),
        (0, 5, 0, 0),
    ] {
        check(&format!("{a} / {b}"), quotient);
        check(&format!("{a} % {b}"), remainder);
    }
    check("minus / 2", -4);
    check("minus % 5", 3);
    check("-7.5 % 2", Value::Float(0.5));
    check("-7 / 2.0", Value::Float(-3.5));
}

#[test]
fn operators() {
    check("amount + 1", 1251);
    check("amount - minus", 1257);
    check("small * small", 40000);
    check("+minus", -7);
    check("-minus", 7);
    check("~small", -201);
    check("small & 0x0f", 8);
    check("small | 7", 207);
    check("small ^ 0xff", 55);
    check("1 << 64", Value::Int(1 << 64));
    check("minus >> 1", -4);
    check("ratio * 2", Value::Float(5.0));
    check("2 - ratio", Value::Float(-0.5));
    check("-ratio", Value::Float(-2.5));
    check("name + '/' + string(amount)", "Añb/1250");
    check("flag ? amount : minus", 1250);
    check("flag ? 1 : ratio", Value::Float(1.0));
    check("not flag", false);
    check("flag and amount > 0 and name != ''", true);
    check("flag or 1 / (amount - 1250) == 1", true);
    check("not flag and 1 / (amount - 1250) == 1", false);
    check("nums[1]", 1);
    check("nums[amount - 1250]", 3);
    check("raw[2]", 255);
    check("[5, 6][1]", 6);
    check("hdr.len", 77);
    check("hdr.length", 9);
    check("hdr.len + hdr.length", 86);
    check("headers[\"x-y\"].length", 3);
    check("request.length", 4);
}

#[test]
fn comparisons() {
    for holds in [
        "amount == 1250",
        "amount != 1",
        "minus < 0",
        "minus <= -7",
        "amount > 1249",
        "amount >= 1250",
        "1250 == amount",
        "0 > minus",
        "ratio > 2",
        "2 < ratio",
        "ratio == 2.5",
        "1 == 1.0",
        "name == 'Añb'",
        "'a' < 'b'",
        "'b' >= 'a'",
        "raw == [0x61, 0x62, 0xff]",
        "[1, 2] < [1, 3]",
        "nums == [3, 1, 2]",
        "nums != [3, 1]",
        "flag == true",
        "flag != false",
        "kind == kind::auth_req",
        "kind != kind::auth_rsp",
        "hdr.kind == kind::auth_rsp",
        "kind.to_i == 1",
        "kind == odd or odd.to_i == 66",
        "gone == null",
        "not (gone == 3)",
        "gone != 3",
        "amount != null",
        "null == null",
        "9007199254740993 > 9007199254740992.0",
        "18446744073709551615 < 1e30",
        "0xffffffffffffffff * 2 > 1e19",
    ] {
        check(holds, true);
    }
}

#[test]
fn methods() {
    check("amount.to_s", "1250");
    check("minus.to_s", "-7");
    check("12.to_s", "12");
    check("ratio.to_i", 2);
    check("(-2.9).to_i", -2);
    check("flag.to_i", 1);
    check("false.to_i", 0);
    check("kind.to_i + 1", 2);
    check("kind::auth_rsp.to_i", 129);
    check("name.length", 3);
    check("name.reverse", "bñA");
    check("name.substring(1, 3)", "ñb");
    check("name.substring(3, 3)", "");
    check("'-42'.to_i", -42);
    check("'ff'.to_i(16)", 255);
    check("'z'.to_i(36)", 35);
    check("raw.length", 3);
    check("raw.size", 3);
    check("raw.first", 0x61);
    check("raw.last", 0xff);
    check("raw.min", 0x61);
    check("raw.max", 0xff);
    check("[0x41, 0x42].to_s('ASCII')", "AB");
    check("[0xc3, 0xb1].to_s(\"UTF-8\")", "ñ");
    check("raw.to_s('iso-8859-1')", "abÿ");
    check("[0x41, 0, 0xf1, 0].to_s('UTF-16LE')", "Añ");
    check("[0, 0x41, 0xd8, 0x3d, 0xde, 0x00].to_s('UTF-16BE')", "A😀");
    check("nums.first", 3);
    check("nums.last", 2);
    check("nums.size", 3);
    check("nums.min", 1);
    check("nums.max", 3);
    check("words.min", "a");
    check("words.first.length", 1);
    check("[1.5, 0.5].min", Value::Float(0.5));
}

#[test]
fn functions() {
    check("base64(raw)", "YWL/");
    check("base64('a')", "YQ==");
    check("base64('')", "");
    check("unbase64('YWL/')", bytes(b"ab\xff"));
    check("unbase64('YQ==')", bytes(b"a"));
    check("unbase64('YWI')", bytes(b"ab"));
    check("unbase64('')", bytes(b""));
    check("hex(raw)", "6162ff");
    check("hex('é')", "c3a9");
    check("unhex('6162Ff')", bytes(b"ab\xff"));
    check("utf8('é')", bytes(b"\xc3\xa9"));
    check("utf8('')", bytes(b""));
    check("upper(name)", "AÑB");
    check("lower('ÀB')", "àb");
    check("trim('  a b\\t ')", "a b\\t");
    check("trim(\" a\\t\")", "a");
    check("string(amount)", "1250");
    check("string(ratio)", "2.5");
    check("string(3.0)", "3");
    check("string(1e300)", "1e300");
    check("string(flag)", "true");
    check("string(name)", "Añb");
    check("string(kind)", "auth_req");
    check("string(odd)", "66");
    check("int('12')", 12);
    check("int(ratio)", 2);
    check("int(flag)", 1);
    check("int(kind)", 1);
    check("int(small)", 200);
}

#[test]
fn json_is_checked_when_it_runs() {
    check("json.code", "A1");
    check("json.n + 1", 6);
    check("json.n * json.x", Value::Float(12.5));
    check("json.code + '!'", "A1!");
    check("json.code.length", 2);
    check("json[\"code\"]", "A1");
    check("json.list[1]", Value::Float(2.5));
    check("json.list[json.n - 4]", Value::Float(2.5));
    check("json.list.size", 3);
    check("json.list.first", 1);
    check("json.size", 7);
    check("json.first.name", "Ada");
    check("json.a.first.b", 1);
    check("json.a[1].b", "two");
    check("json.a[1]['b']", "two");
    check("json.missing", Value::Null);
    check("json.missing.deeper", Value::Null);
    check("json.nil == null", true);
    check("json.missing == null", true);
    check("json.n == null", false);
    check("json.n == 'A1'", false);
    check("json.code == 'A1'", true);
    check("json.yes and json.n > 4", true);
    check("not json.yes", false);
    check("json.n >= 5 ? json.code : 'none'", "A1");
    check("string(json.x)", "2.5");
    check("int(json.code.substring(1, 2))", 1);
    check("json.n.to_s", "5");
    check("json.n.to_i", 5);
    check("upper(json.code.reverse)", "1A");
    check("json.n | 2", 7);
    check("-json.x", Value::Float(-2.5));
}

#[test]
fn types() {
    let ty = |text| compile(text).1.unwrap().ty().clone();
    assert_eq!(ty("amount"), Type::U32);
    assert_eq!(ty("5"), Type::Int { min: 5, max: 5 });
    assert_eq!(ty("2 + 3"), Type::Int { min: 5, max: 5 });
    assert_eq!(ty("flag ? 1 : 7"), Type::Int { min: 1, max: 7 });
    assert_eq!(ty("amount + 1"), Type::INT);
    assert_eq!(ty("'ab' + 'c'"), Type::Str { max_len: 3 });
    assert_eq!(ty("[1, 2]"), Type::Bytes { max_len: 2 });
    assert_eq!(ty("hdr"), Type::Struct(StructId(0)));
    assert_eq!(ty("hdr.kind"), Type::Enum(EnumId(0)));
    assert_eq!(ty("kind::auth_req"), Type::Enum(EnumId(0)));
    assert_eq!(ty("nums"), Type::List(Box::new(Type::INT)));
    assert_eq!(ty("nums[0]"), Type::INT);
    assert_eq!(ty("json.a"), Type::Any);
    assert_eq!(ty("json.a == 1"), Type::Bool);
    assert_eq!(ty("ratio + amount"), Type::Float);
    assert_eq!(ty("flag ? kind : null"), Type::Enum(EnumId(0)));
}

#[test]
fn a_plain_field_is_one_load_and_no_copy() {
    for text in ["raw", "hdr.len", "flag ? nums[1] : 3"] {
        let (world, expr) = compile(text);
        let expr = expr.unwrap();
        assert!(matches!(expr.eval(&world), Ok(Cow::Borrowed(_))), "{text}");
    }
    let (world, expr) = compile("raw");
    assert!(expr.unwrap().eval(&world).is_ok());
    assert_eq!(world.loads.get(), 1);
}

#[test]
fn constants_are_computed_at_load() {
    for text in [
        "1 + 2 * 3",
        "base64('a')",
        "[1, 2].length > 1 and not false",
        "true ? 'a' : 'b'",
        "'abc'.substring(0, 1)",
        "[256, 2].max",
    ] {
        assert!(compile(text).1.unwrap().constant().is_some(), "{text}");
    }
    assert!(compile("amount").1.unwrap().constant().is_none());
    assert_eq!(compile("amount").1.unwrap().var(), Some(Var(0)));
}

#[test]
fn conditions_are_taken_apart() {
    let simple = |text: &str| {
        let expr = compile(text).1.unwrap();
        let conjuncts = expr.conjuncts();
        let parts: Vec<_> = conjuncts
            .simple
            .iter()
            .map(|s| format!("{} {} {:?}", s.var.0, s.op.sign(), s.constant))
            .collect();
        (parts.join(", "), conjuncts.whole)
    };
    assert_eq!(simple("amount > 0"), ("0 > Int(0)".into(), true));
    assert_eq!(
        simple("0 < amount and small == 1 + 1"),
        ("0 > Int(0), 1 == Int(2)".into(), true)
    );
    assert_eq!(
        simple("(0 < amount and kind == kind::auth_req) and true"),
        ("0 > Int(0), 7 == Int(1)".into(), true)
    );
    assert_eq!(simple("amount > small"), (String::new(), false));
    assert_eq!(
        simple("small == 3 and (amount == 1 or amount == 2)"),
        ("1 == Int(3)".into(), false)
    );
    assert_eq!(simple("flag"), (String::new(), false));
    assert_eq!(simple("false"), (String::new(), false));
    let expr = compile("amount == 1 or small <= 2").1.unwrap();
    let View::Any(all) = expr.view() else {
        panic!("an `or`")
    };
    assert!(matches!(
        all.as_slice(),
        [
            View::Simple(_),
            View::Simple(Simple {
                var: Var(1),
                op: Comparison::Le,
                ..
            })
        ]
    ));
}

#[test]
fn long_chains_do_not_nest() {
    let chain = vec!["amount == 1"; 200].join(" or ");
    check(&chain, false);
    check(&chain.replace("or", "and"), false);
}
