//! The codes of errors in expressions and templates, for diagnostics and `explain`.

/// One code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Code {
    /// Such as `GW2004`.
    pub code: &'static str,
    /// What it says, in a few words.
    pub title: &'static str,
    /// What it means and the way out.
    pub explanation: &'static str,
}

macro_rules! codes {
    ($($name:ident = $code:literal, $title:literal, $explanation:literal;)*) => {
        $(#[doc = concat!("`", $code, "`: ", $title, ".")] pub const $name: &str = $code;)*

        /// All codes of this module, in order.
        pub const ALL: &[$crate::expr::codes::Code] = &[$($crate::expr::codes::Code { code: $code, title: $title, explanation: $explanation }),*];
    };
}

pub(crate) use codes;

codes! {
    SYNTAX = "GW2001", "the expression cannot be read",
        "Something stands where the expression language has no place for it: an operator without \
        an operand, a bracket that is not closed, a character that means nothing. The marked part \
        is the first that does not fit. Operators are those of Kaitai: `or and not`, \
        `== != < <= > >=`, `| ^ &`, `<< >>`, `+ -`, `* / %`, and `condition ? a : b`.";
    STRING = "GW2002", "the text literal cannot be read",
        "A literal in quotes has no closing quote, or \"double quotes\" hold an escape that does not \
        exist. Escapes are \\a \\b \\t \\n \\v \\f \\r \\e \\\" \\' \\\\, \\0 to \\377 in octal and \\u00e9. 'Single \
        quotes' know no escapes: a backslash in them is a backslash.";
    NUMBER = "GW2003", "the number cannot be read",
        "Numbers are written as 978, 1_000_000, 0x3d2, 0b1010, 0o17, 1.5 or 1e3; integers go up to \
        2^64 - 1. Text that only looks like a number belongs in quotes.";
    UNKNOWN_NAME = "GW2004", "there is no such name",
        "The message of this route, or what else is in scope there, has no field of that name. \
        In scope are the message's fields, peer, conn, listener, trace, of HTTP method, host, path, \
        query, headers, json and body; in a reply rule also status, error, request and body. Names are case-sensitive.";
    UNKNOWN_CALL = "GW2005", "there is no such function or method",
        "Functions are base64 unbase64 hex unhex utf8 upper lower trim string int. Methods depend on \
        the value: integers have to_s; floats, truth values and enums to_i; text length reverse substring \
        to_i; bytes length first last min max to_s; lists size first last min max.";
    UNKNOWN_ENUM = "GW2006", "there is no such enum or label",
        "`kind::auth_req` names the label auth_req of the protocol's enum kind. Either the protocol \
        has no enum of that name or the enum has no such label.";
    OPERAND = "GW2007", "the operator does not take this type",
        "Arithmetic takes integers and floats, `+` also joins text with text, bit operators and \
        shifts take integers, `and or not` take truth values. Nothing is converted silently: use \
        string(x), int(x), .to_i or .to_s.";
    COMPARISON = "GW2008", "these two cannot be compared",
        "Numbers compare with numbers, text with text, bytes with bytes, an enum with labels of the \
        same enum; only == and != for truth values and enums. Turn an enum into a number with .to_i, \
        bytes into text with .to_s(\"UTF-8\"). Anything can be tested with == null.";
    ARGUMENTS = "GW2009", "wrong arguments",
        "The function or method takes another number of arguments, or arguments of another type.";
    CHAINED = "GW2010", "comparisons do not chain",
        "`a < b < c` would compare a truth value with c. Write `a < b and b < c`.";
    MISMATCH = "GW2011", "the types do not agree",
        "Both branches of `condition ? a : b`, and all elements of `[a, b]`, need one type: whoever \
        takes the value must know what it gets. Convert one side, such as with string(x).";
    CONDITION = "GW2012", "a truth value is needed",
        "A condition is true or false; numbers and text are neither. Compare: `flags != 0`, \
        `name.length > 0`, `field != null`.";
    TOO_LARGE = "GW2013", "the expression is too large",
        "An expression has at most 4096 bytes and nests at most 64 levels deep, so that reading and \
        running it take bounded time and memory. Split the rule in two.";
    ALWAYS_FAILS = "GW2014", "this can only fail",
        "The marked part has no variables and fails every time, such as 1 / 0.";
    BRACE = "GW2015", "a brace without its partner",
        "In a template `{` starts an expression and `}` ends it. Write `{{` and `}}` for the \
        characters themselves.";
    FORMAT = "GW2016", "the format cannot be used",
        "After the `:` in `{x:08x}` come, each optional: `<` or `>` to align, `0` to fill with \
        zeros, a width up to 1024, and for integers one of d x X b o.";
    NOT_TEXT = "GW2017", "the value has no text form",
        "Text is needed here, and bytes, lists and structures have no one way to become text. Wrap \
        bytes in hex(x) or base64(x), or read them with .to_s(\"UTF-8\"); pick an element of a list \
        or a field of a structure.";
    DEFINITIONS_ONLY = "GW2018", "only definitions of protocols have this form",
        "`f\"text {x}\"`, `x.as<type>` and `sizeof<type>` are for the expressions of a definition. A \
        rule's text is a template already, its values have their types, and sizes are the codec's.";
}

/// The row of a code.
#[must_use]
pub fn find(code: &str) -> Option<&'static Code> {
    ALL.iter().find(|row| row.code.eq_ignore_ascii_case(code))
}
