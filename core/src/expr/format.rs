//! How a value becomes text.

/// How `{expr:FORMAT}` writes its value: `[<|>][0][width][d|x|X|b|o]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Format {
    /// On which side the value stands; numbers right and text left unless it is given.
    pub align: Option<Align>,
    /// The smallest number of characters. A longer value is never cut.
    pub width: u16,
    /// Whether zeros fill the width of a number.
    pub zero: bool,
    /// How an integer is written; given only for integers.
    pub radix: Option<Radix>,
}

/// On which side a value stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// `<`: spaces follow it.
    Left,
    /// `>`: spaces come first.
    Right,
}

/// How an integer is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Radix {
    /// `d`
    Decimal,
    /// `x`
    LowerHex,
    /// `X`
    UpperHex,
    /// `b`
    Binary,
    /// `o`
    Octal,
}
