//! Frames as hexadecimal digits and characters, 16 bytes a line, the names of the fields below.

use super::script::{Field, Shown};
use crate::cli::ink::{Ink, Tone};

const BYTES_A_LINE: usize = 16;

/// One byte and the field that it belongs to.
struct Cell {
    byte: u8,
    tone: Tone,
    shown: Shown,
}

impl Cell {
    fn digits(&self) -> String {
        match self.shown {
            Shown::Plainly => format!("{:02x}", self.byte),
            Shown::Masked => "**".to_owned(),
        }
    }

    fn character(&self) -> &'static str {
        const PRINTABLE: &str = " !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`\
                                 abcdefghijklmnopqrstuvwxyz{|}~";
        let place = usize::from(self.byte).checked_sub(0x20);
        match self.shown {
            Shown::Masked => "*",
            Shown::Plainly => place
                .and_then(|place| PRINTABLE.get(place..=place))
                .unwrap_or("."),
        }
    }
}

/// The lines of a dump, without indentation.
pub(super) fn lines(frame: &[u8], fields: &[Field], ink: Ink) -> Vec<String> {
    let owners = fields
        .iter()
        .enumerate()
        .flat_map(|(place, field)| {
            std::iter::repeat_n((Tone::Field(place), field.shown), field.width)
        })
        .chain(std::iter::repeat((Tone::Faint, Shown::Plainly)));
    let cells: Vec<Cell> = frame
        .iter()
        .zip(owners)
        .map(|(byte, (tone, shown))| Cell {
            byte: *byte,
            tone,
            shown,
        })
        .collect();
    let mut lines: Vec<String> = cells
        .chunks(BYTES_A_LINE)
        .enumerate()
        .map(|(row, cells)| line(row * BYTES_A_LINE, cells, ink))
        .collect();
    lines.push(legend(fields, ink));
    lines
}

fn line(offset: usize, cells: &[Cell], ink: Ink) -> String {
    let digits: Vec<String> = cells
        .iter()
        .map(|cell| ink.paint(cell.tone, &cell.digits()))
        .collect();
    let characters: String = cells
        .iter()
        .map(|cell| ink.paint(cell.tone, cell.character()))
        .collect();
    let gap = "   ".repeat(BYTES_A_LINE - cells.len());
    let offset = ink.paint(Tone::Faint, &format!("{offset:04x}"));
    format!("{offset}  {}{gap}  |{characters}|", digits.join(" "))
}

/// Each field with its width in bytes.
fn legend(fields: &[Field], ink: Ink) -> String {
    let names: Vec<String> = fields
        .iter()
        .enumerate()
        .map(|(place, field)| {
            ink.paint(
                Tone::Field(place),
                &format!("{}:{}", field.name, field.width),
            )
        })
        .collect();
    format!("      {}", names.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::demo::script;

    #[test]
    fn a_dump_shows_every_byte_but_the_secret_ones() {
        let frame = script::APPROVED;
        assert_eq!(
            lines(frame, script::fields(frame), Ink::PLAIN),
            [
                "0000  ac 4d 00 2d 01 00 00 00 07 4d 31 32 33 20 20 20  |.M.-.....M123   |",
                "0010  20 20 20 20 20 20 20 20 ** ** ** ** ** ** ** **  |        ********|",
                "0020  ** ** ** ** ** ** ** ** ** ** ** 00 00 04 e2 03  |***********.....|",
                "0030  d2                                               |.|",
                "      magic:2 len:2 kind:1 seq:4 merchant:15 pan:19 amount:4 currency:2",
            ]
        );
    }
}
