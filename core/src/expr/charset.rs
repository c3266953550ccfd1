//! Character encodings: the names that Kaitai gives them, and both directions.

use bytes::Bytes;
use bytestring::ByteString;
use encoding_rs::{DecoderResult, EncoderResult, Encoding};

/// A character encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Charset {
    /// 7 bits.
    Ascii,
    /// UTF-8.
    Utf8,
    /// UTF-16, the low byte first.
    Utf16Le,
    /// UTF-16, the high byte first.
    Utf16Be,
    /// UTF-32, the low byte first.
    Utf32Le,
    /// UTF-32, the high byte first.
    Utf32Be,
    /// ISO 8859-1: bytes are code points. (The web's namesake is windows-1252.)
    Latin1,
    /// The character set of the first PCs.
    Ibm437,
    /// One of the encodings of the WHATWG Encoding Standard.
    Web(&'static Encoding),
}

/// Bytes that are not text in the encoding, or text that it cannot say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotInCharset;

/// Names as Kaitai spells them, and others that people use.
const NAMES: [(&str, Charset, &[&str]); 13] = [
    ("ASCII", Charset::Ascii, &["US-ASCII"]),
    ("UTF-8", Charset::Utf8, &["UTF8"]),
    ("UTF-16LE", Charset::Utf16Le, &["UTF16LE", "UTF-16-LE"]),
    ("UTF-16BE", Charset::Utf16Be, &["UTF16BE", "UTF-16-BE"]),
    ("UTF-32LE", Charset::Utf32Le, &["UTF32LE"]),
    ("UTF-32BE", Charset::Utf32Be, &["UTF32BE"]),
    (
        "ISO-8859-1",
        Charset::Latin1,
        &["ISO8859-1", "LATIN1", "LATIN-1"],
    ),
    ("IBM437", Charset::Ibm437, &["CP437"]),
    (
        "Shift_JIS",
        Charset::Web(encoding_rs::SHIFT_JIS),
        &["SJIS", "SHIFT-JIS", "S-JIS"],
    ),
    ("GB2312", Charset::Web(encoding_rs::GBK), &["EUC-CN", "GBK"]),
    ("GB18030", Charset::Web(encoding_rs::GB18030), &[]),
    ("EUC-KR", Charset::Web(encoding_rs::EUC_KR), &["EUCKR"]),
    ("Big5", Charset::Web(encoding_rs::BIG5), &["BIG-5"]),
];

/// Those whose name in the Encoding Standard is Kaitai's.
const WEB: [&str; 28] = [
    "EUC-JP",
    "ISO-8859-2",
    "ISO-8859-3",
    "ISO-8859-4",
    "ISO-8859-5",
    "ISO-8859-6",
    "ISO-8859-7",
    "ISO-8859-8",
    "ISO-8859-10",
    "ISO-8859-13",
    "ISO-8859-14",
    "ISO-8859-15",
    "ISO-8859-16",
    "IBM866",
    "KOI8-R",
    "KOI8-U",
    "macintosh",
    "windows-874",
    "windows-1250",
    "windows-1251",
    "windows-1252",
    "windows-1253",
    "windows-1254",
    "windows-1255",
    "windows-1256",
    "windows-1257",
    "windows-1258",
    "ISO-2022-JP",
];

impl Charset {
    /// The encoding of that name, in any case, and the name's usual spelling.
    #[must_use]
    pub fn named(name: &str) -> Option<(Self, &'static str)> {
        let same = |known: &&str| known.eq_ignore_ascii_case(name);
        let row = NAMES
            .iter()
            .find(|(known, _, others)| same(known) || others.iter().any(same));
        if let Some((known, charset, _)) = row {
            return Some((*charset, known));
        }
        let known = WEB.iter().find(|known| same(known))?;
        Encoding::for_label(known.as_bytes()).map(|encoding| (Self::Web(encoding), *known))
    }

    /// The usual spellings.
    pub fn names() -> impl Iterator<Item = &'static str> {
        NAMES.iter().map(|(name, ..)| *name).chain(WEB)
    }

    /// The bytes of one unit, which terminators and padding are multiples of.
    #[must_use]
    pub const fn unit(self) -> usize {
        match self {
            Self::Utf16Le | Self::Utf16Be => 2,
            Self::Utf32Le | Self::Utf32Be => 4,
            Self::Ascii | Self::Utf8 | Self::Latin1 | Self::Ibm437 | Self::Web(_) => 1,
        }
    }

    /// The longest text that `len` bytes can be, in bytes of UTF-8.
    #[must_use]
    pub const fn longest_text(self, len: usize) -> usize {
        match self {
            // No character takes more bytes of UTF-8.
            Self::Ascii | Self::Utf8 | Self::Utf32Le | Self::Utf32Be => len,
            Self::Utf16Le | Self::Utf16Be => len.saturating_add(len / 2),
            Self::Latin1 => len.saturating_mul(2),
            Self::Ibm437 | Self::Web(_) => len.saturating_mul(3),
        }
    }

    /// At most so many bytes of UTF-8 come of `len` bytes.
    #[must_use]
    pub const fn decoded_len(self, len: usize) -> usize {
        match self {
            // These share the bytes.
            Self::Ascii | Self::Utf8 => 0,
            _ => len.saturating_mul(3),
        }
    }

    /// The text that the bytes are. Shares them where the encoding is a part of UTF-8.
    ///
    /// # Errors
    /// If they are not text: nothing is replaced.
    pub fn decode(self, bytes: &Bytes) -> Result<ByteString, NotInCharset> {
        match self {
            Self::Ascii if !bytes.is_ascii() => Err(NotInCharset),
            Self::Ascii | Self::Utf8 => {
                ByteString::try_from(bytes.clone()).map_err(|_| NotInCharset)
            }
            Self::Utf16Le => utf16(bytes, u16::from_le_bytes),
            Self::Utf16Be => utf16(bytes, u16::from_be_bytes),
            Self::Utf32Le => utf32(bytes, u32::from_le_bytes),
            Self::Utf32Be => utf32(bytes, u32::from_be_bytes),
            Self::Latin1 => Ok(bytes
                .iter()
                .copied()
                .map(char::from)
                .collect::<String>()
                .into()),
            Self::Ibm437 => Ok(bytes
                .iter()
                .copied()
                .map(from_437)
                .collect::<String>()
                .into()),
            Self::Web(encoding) => web(encoding, bytes),
        }
    }

    /// Appends the bytes of `text`.
    ///
    /// # Errors
    /// If the encoding has no such character; `out` may have a part of the text then.
    pub fn encode(self, text: &str, out: &mut impl bytes::BufMut) -> Result<(), NotInCharset> {
        match self {
            Self::Ascii if !text.is_ascii() => Err(NotInCharset),
            Self::Ascii | Self::Utf8 => {
                out.put_slice(text.as_bytes());
                Ok(())
            }
            Self::Utf16Le => {
                text.encode_utf16().for_each(|unit| out.put_u16_le(unit));
                Ok(())
            }
            Self::Utf16Be => {
                text.encode_utf16().for_each(|unit| out.put_u16(unit));
                Ok(())
            }
            Self::Utf32Le => {
                text.chars().for_each(|c| out.put_u32_le(u32::from(c)));
                Ok(())
            }
            Self::Utf32Be => {
                text.chars().for_each(|c| out.put_u32(u32::from(c)));
                Ok(())
            }
            Self::Latin1 => each(text, out, |c| u8::try_from(u32::from(c)).ok()),
            Self::Ibm437 => each(text, out, to_437),
            Self::Web(encoding) => to_web(encoding, text, out),
        }
    }
}

fn each(
    text: &str,
    out: &mut impl bytes::BufMut,
    byte: impl Fn(char) -> Option<u8>,
) -> Result<(), NotInCharset> {
    for c in text.chars() {
        out.put_u8(byte(c).ok_or(NotInCharset)?);
    }
    Ok(())
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<ByteString, NotInCharset> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    let text: Result<String, _> =
        char::decode_utf16(pairs.iter().map(|pair| unit(*pair))).collect();
    let text = text.ok().filter(|_| rest.is_empty());
    text.map(ByteString::from).ok_or(NotInCharset)
}

fn utf32(bytes: &[u8], unit: fn([u8; 4]) -> u32) -> Result<ByteString, NotInCharset> {
    let (fours, rest) = bytes.as_chunks::<4>();
    let text: Option<String> = fours
        .iter()
        .map(|four| char::from_u32(unit(*four)))
        .collect();
    let text = text.filter(|_| rest.is_empty());
    text.map(ByteString::from).ok_or(NotInCharset)
}

fn web(encoding: &'static Encoding, bytes: &[u8]) -> Result<ByteString, NotInCharset> {
    let mut decoder = encoding.new_decoder_without_bom_handling();
    let most = decoder.max_utf8_buffer_length_without_replacement(bytes.len());
    let mut text = String::with_capacity(most.ok_or(NotInCharset)?);
    match decoder.decode_to_string_without_replacement(bytes, &mut text, true) {
        (DecoderResult::InputEmpty, _) => Ok(text.into()),
        (DecoderResult::OutputFull | DecoderResult::Malformed(..), _) => Err(NotInCharset),
    }
}

fn to_web(
    encoding: &'static Encoding,
    text: &str,
    out: &mut impl bytes::BufMut,
) -> Result<(), NotInCharset> {
    let mut encoder = encoding.new_encoder();
    let most = encoder.max_buffer_length_from_utf8_without_replacement(text.len());
    let mut bytes = Vec::with_capacity(most.ok_or(NotInCharset)?);
    match encoder.encode_from_utf8_to_vec_without_replacement(text, &mut bytes, true) {
        (EncoderResult::InputEmpty, _) => {
            out.put_slice(&bytes);
            Ok(())
        }
        (EncoderResult::OutputFull | EncoderResult::Unmappable(_), _) => Err(NotInCharset),
    }
}

/// The upper half of IBM437, from 0x80 (Unicode's mapping CP437.TXT).
const UPPER_437: [char; 128] = [
    'Ç', 'ü', 'é', 'â', 'ä', 'à', 'å', 'ç', 'ê', 'ë', 'è', 'ï', 'î', 'ì', 'Ä', 'Å', 'É', 'æ', 'Æ',
    'ô', 'ö', 'ò', 'û', 'ù', 'ÿ', 'Ö', 'Ü', '¢', '£', '¥', '₧', 'ƒ', 'á', 'í', 'ó', 'ú', 'ñ', 'Ñ',
    'ª', 'º', '¿', '⌐', '¬', '½', '¼', '¡', '«', '»', '░', '▒', '▓', '│', '┤', '╡', '╢', '╖', '╕',
    '╣', '║', '╗', '╝', '╜', '╛', '┐', '└', '┴', '┬', '├', '─', '┼', '╞', '╟', '╚', '╔', '╩', '╦',
    '╠', '═', '╬', '╧', '╨', '╤', '╥', '╙', '╘', '╒', '╓', '╫', '╪', '┘', '┌', '█', '▄', '▌', '▐',
    '▀', 'α', 'ß', 'Γ', 'π', 'Σ', 'σ', 'µ', 'τ', 'Φ', 'Θ', 'Ω', 'δ', '∞', 'φ', 'ε', '∩', '≡', '±',
    '≥', '≤', '⌠', '⌡', '÷', '≈', '°', '∙', '·', '√', 'ⁿ', '²', '■', '\u{a0}',
];

fn from_437(byte: u8) -> char {
    let upper = byte.checked_sub(0x80);
    let upper = upper.and_then(|at| UPPER_437.get(usize::from(at)));
    upper.copied().unwrap_or_else(|| char::from(byte))
}

fn to_437(c: char) -> Option<u8> {
    if c.is_ascii() {
        return u8::try_from(c).ok();
    }
    let at = UPPER_437.iter().position(|upper| *upper == c)?;
    u8::try_from(at).ok()?.checked_add(0x80)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_directions_agree() {
        for (name, text) in [
            ("ASCII", "plain"),
            ("utf-8", "Grüße"),
            ("UTF-16LE", "Grüße \u{1f600}"),
            ("UTF-16BE", "Grüße \u{1f600}"),
            ("UTF-32BE", "Grüße \u{1f600}"),
            ("ISO-8859-1", "Grüße \u{80}"),
            ("IBM437", "Grüße ░▒▓"),
            ("SJIS", "日本語"),
            ("windows-1252", "€"),
            ("EUC-JP", "日本"),
        ] {
            let (charset, _) = Charset::named(name).unwrap();
            let mut bytes = Vec::new();
            charset.encode(text, &mut bytes).unwrap();
            assert_eq!(charset.decode(&bytes.into()).unwrap(), text, "{name}");
        }
    }

    #[test]
    fn all_bytes_are_characters_of_ibm437() {
        let bytes: Bytes = (0..=u8::MAX).collect();
        let text = Charset::Ibm437.decode(&bytes).unwrap();
        assert!(text.ends_with("ⁿ²■\u{a0}"));
        let mut back = Vec::new();
        Charset::Ibm437.encode(&text, &mut back).unwrap();
        assert_eq!(back, bytes);
    }

    #[test]
    fn no_text_is_longer_than_its_bytes_can_say() {
        for (name, len, text) in [
            ("ASCII", 2, "ab"),
            ("UTF-8", 4, "\u{1f600}"),
            ("UTF-16LE", 4, "\u{ffff}\u{ffff}"),
            ("UTF-32BE", 4, "\u{1f600}"),
            ("ISO-8859-1", 2, "éé"),
            ("IBM437", 2, "░░"),
            ("windows-1252", 2, "€€"),
            ("SJIS", 2, "ｱｱ"),
        ] {
            let (charset, _) = Charset::named(name).unwrap();
            let mut bytes = Vec::new();
            charset.encode(text, &mut bytes).unwrap();
            assert_eq!(bytes.len(), len, "{name}");
            assert_eq!(charset.longest_text(len), text.len(), "{name}");
        }
    }

    #[test]
    fn nothing_is_replaced() {
        assert_eq!(
            Charset::Ascii.decode(&Bytes::from_static(b"\xe9")),
            Err(NotInCharset)
        );
        assert_eq!(
            Charset::Utf16Le.decode(&Bytes::from_static(b"\0\xd8")),
            Err(NotInCharset)
        );
        let sjis = Charset::Web(encoding_rs::SHIFT_JIS);
        assert_eq!(sjis.decode(&Bytes::from_static(b"\x81")), Err(NotInCharset));
        assert_eq!(sjis.encode("ü", &mut Vec::new()), Err(NotInCharset));
        assert_eq!(
            Charset::Ibm437.encode("€", &mut Vec::new()),
            Err(NotInCharset)
        );
        assert!(Charset::named("klingon").is_none());
    }
}
