//! Finds a command by the name that a client wrote, in any case of letters.

use super::commands::{COMMANDS, Command};

/// The table's rows by their names: a table of places that only our own names fill, four times
/// as many as there are names.
#[derive(Debug)]
pub(super) struct Names {
    places: Vec<u16>,
    heads: Vec<Head>,
}

/// The first bytes of a name in lower case, filled up with zeros.
type Head = [u64; 2];

const PLACES: usize = 1024;
const FREE: u16 = u16::MAX;
/// Sixteen bytes of a name are compared at once; few names are longer.
const HEAD: usize = 16;

impl Names {
    pub(super) fn new() -> Self {
        let mut names = Self {
            places: vec![FREE; PLACES],
            heads: Vec::new(),
        };
        for (row, command) in (0_u16..).zip(COMMANDS) {
            let head = head(command.name.as_bytes());
            names.heads.push(head);
            // Those are found by the command that they belong to.
            if command.words().count() > 1 {
                continue;
            }
            let free = names.probe(head).find(|at| names.at(*at) == FREE);
            if let Some(place) = free.and_then(|at| names.places.get_mut(at)) {
                *place = row;
            }
        }
        names
    }

    /// The row of that name and its index.
    pub(super) fn find(&self, name: &[u8]) -> Option<(u16, &'static Command)> {
        let head = head(name);
        let rows = self.probe(head).map(|at| self.at(at));
        for row in rows.take_while(|row| *row != FREE) {
            let index = usize::from(row);
            if self.heads.get(index) != Some(&head) {
                continue;
            }
            let command = COMMANDS.get(index)?;
            let known = command.name.as_bytes();
            if known.len() == name.len() && (name.len() <= HEAD || same(known, name)) {
                return Some((row, command));
            }
        }
        None
    }

    fn at(&self, place: usize) -> u16 {
        self.places.get(place).copied().unwrap_or(FREE)
    }

    /// Places to look at, one after the other.
    fn probe(&self, [a, b]: Head) -> impl Iterator<Item = usize> + use<> {
        const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
        let mixed = (a ^ b.rotate_left(29)).wrapping_mul(ODD).to_be_bytes();
        let start = usize::from(u16::from_be_bytes([mixed[0], mixed[1]]));
        (start..)
            .take(PLACES)
            .map(|place| place.wrapping_rem(PLACES))
    }
}

/// The row of a subcommand and its index, if it has one.
pub(super) fn subcommand(
    row: u16,
    command: &Command,
    word: &[u8],
) -> Option<(u16, &'static Command)> {
    let rows = (0..command.subcommands).map(|nth| row.saturating_add(nth).saturating_add(1));
    let mut rows = rows.filter_map(|row| Some((row, COMMANDS.get(usize::from(row))?)));
    rows.find(|(_, row)| row.words().nth(1).is_some_and(|known| same(known, word)))
}

fn same(known: &[u8], name: &[u8]) -> bool {
    known.eq_ignore_ascii_case(name)
}

#[inline]
fn head(name: &[u8]) -> Head {
    let (first, rest) = name.split_at_checked(WORD).unwrap_or((name, &[]));
    let rest = rest.get(..WORD).unwrap_or(rest);
    [lower(word(first)), lower(word(rest))]
}

const WORD: usize = size_of::<u64>();

/// Up to eight bytes, the first one lowest.
#[inline]
fn word(bytes: &[u8]) -> u64 {
    (bytes.iter().rev()).fold(0, |word, byte| word << 8 | u64::from(*byte))
}

/// Eight bytes with all capital letters of ASCII made small.
const fn lower(bytes: u64) -> u64 {
    const EACH: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = EACH << 7;
    // Sums of seven bits stay within their byte; the highest bit tells which ones reached it. `A`
    // lacks 0x3f of that, what follows `Z` 0x25.
    let low = bytes & !HIGH;
    let from_a = low.wrapping_add(EACH.wrapping_mul(0x3f));
    let above_z = low.wrapping_add(EACH.wrapping_mul(0x25));
    let capital = from_a & !above_z & !bytes & HIGH;
    bytes | (capital >> 2)
}

#[cfg(test)]
mod tests {
    use super::lower;

    #[test]
    fn eight_bytes_become_small_as_each_of_them_does() {
        for byte in 0..=u8::MAX {
            for place in 0..8 {
                let mut bytes = *b"aZ@[`{\x80\xff";
                bytes[place] = byte;
                let small = bytes.map(|byte| byte.to_ascii_lowercase());
                assert_eq!(lower(u64::from_le_bytes(bytes)).to_le_bytes(), small);
            }
        }
    }
}
