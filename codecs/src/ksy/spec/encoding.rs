//! Names of encodings.

use super::At;
use super::reader::{Fields, Reader};
use crate::ksy::codes;
use crate::ksy::yaml::shortened;
use gatewright_core::expr::RuleError;
use gatewright_core::expr::suggest::did_you_mean;

/// An encoding that Kaitai Struct tools know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Encoding {
    /// The name that all of them understand.
    pub name: &'static str,
    /// Names from the IANA registry and vendors, in small letters and digits only.
    aliases: &'static [&'static str],
}

macro_rules! encodings {
    ($($name:literal: $($alias:literal)*;)*) => {
        /// All encodings that the language names.
        pub const ENCODINGS: &[Encoding] = &[$(Encoding { name: $name, aliases: &[$($alias),*] }),*];
    };
}

encodings! {
    "ASCII": "usascii" "ibm367" "cp367" "csascii" "isoir6";
    "UTF-8": "cp65001" "csutf8" "iso10646utf8" "unicode11utf8" "unicode20utf8";
    "UTF-16BE": "csutf16be";
    "UTF-16LE": "csutf16le";
    "UTF-32BE": "csutf32be";
    "UTF-32LE": "csutf32le";
    "ISO-8859-1": "88591" "latin1" "l1" "csisolatin1" "isoir100" "ibm819" "cp819" "windows28591";
    "ISO-8859-2": "88592" "latin2" "l2" "csisolatin2" "isoir101" "ibm1111" "windows28592";
    "ISO-8859-3": "88593" "latin3" "l3" "csisolatin3" "isoir109" "windows28593";
    "ISO-8859-4": "88594" "latin4" "l4" "csisolatin4" "isoir110" "windows28594";
    "ISO-8859-5": "88595" "cyrillic" "csisolatincyrillic" "isoir144" "windows28595";
    "ISO-8859-6": "88596" "arabic" "csisolatinarabic" "isoir127" "windows28596" "ecma114" "asmo708";
    "ISO-8859-7": "88597" "greek" "greek8" "csisolatingreek" "isoir126" "windows28597" "ecma118" "elot928";
    "ISO-8859-8": "88598" "hebrew" "csisolatinhebrew" "isoir138" "windows28598";
    "ISO-8859-9": "88599" "latin5" "l5" "csisolatin5" "isoir148" "windows28599";
    "ISO-8859-10": "885910" "latin6" "l6" "csisolatin6" "isoir157";
    "ISO-8859-11": "885911" "thai" "cstis620" "tis620";
    "ISO-8859-13": "885913" "latin7" "l7" "csiso885913" "windows28603";
    "ISO-8859-14": "885914" "latin8" "l8" "csiso885914" "isoir199" "isoceltic";
    "ISO-8859-15": "885915" "latin9" "l9" "csiso885915" "windows28605";
    "ISO-8859-16": "885916" "latin10" "l10" "csiso885916";
    "windows-1250": "cp1250" "cswindows1250";
    "windows-1251": "cp1251" "cswindows1251";
    "windows-1252": "cp1252" "cswindows1252";
    "windows-1253": "cp1253" "cswindows1253";
    "windows-1254": "cp1254" "cswindows1254";
    "windows-1255": "cp1255" "cswindows1255";
    "windows-1256": "cp1256" "cswindows1256";
    "windows-1257": "cp1257" "cswindows1257";
    "windows-1258": "cp1258" "cswindows1258";
    "IBM437": "cp437" "437" "cspc8codepage437";
    "IBM866": "cp866" "866" "csibm866";
    "Shift_JIS": "sjis" "csshiftjis" "mskanji";
    "Big5": "csbig5";
    "EUC-KR": "cseuckr" "korean" "isoir149";
}

impl Encoding {
    /// The encoding of a name, whatever its case and punctuation.
    #[must_use]
    pub fn find(name: &str) -> Option<&'static Self> {
        let plain = plain(name);
        ENCODINGS.iter().find(|encoding| {
            self::plain(encoding.name) == plain || encoding.aliases.contains(&plain.as_str())
        })
    }
}

fn plain(name: &str) -> String {
    let kept = name.chars().filter(char::is_ascii_alphanumeric);
    kept.map(|c| c.to_ascii_lowercase()).collect()
}

impl<'n> Reader<'n, '_> {
    /// `encoding`, in the spelling of the table if it is there.
    pub(super) fn encoding(&mut self, fields: &Fields<'n>) -> Option<At<String>> {
        let At { value, span } = self.text(fields, "encoding")?;
        let shown = shortened(&value);
        let Some(encoding) = Encoding::find(&value) else {
            let message = format!("unrecognized encoding name `{shown}`");
            let mut warning = RuleError::new(codes::UNKNOWN_ENCODING, span.clone(), message);
            warning.help = did_you_mean(&value, ENCODINGS.iter().map(|known| known.name));
            self.warn(warning);
            return Some(At { value, span });
        };
        if encoding.name != value {
            let message = format!(
                "use canonical encoding name `{}` instead of `{shown}`",
                encoding.name
            );
            self.warn(RuleError::new(
                codes::ENCODING_SPELLING,
                span.clone(),
                message,
            ));
        }
        let value = encoding.name.to_owned();
        Some(At { value, span })
    }
}
